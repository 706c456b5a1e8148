//! The chain of the audit: what shows that a record of what was done was changed, or taken out.
//!
//! ```text
//! record ─its text→ digest, also of the digest before ─…→ head ─a key→ checkpoint ─out of the database→ anchor
//! ```
//!
//! Apart from `store`, which keeps it, since it is computed by two who do not believe what they read: the daemon before it
//! vouches for it, and whoever verifies it. Invariant: nothing here asks anybody.

mod checkpoint;
mod trust;

pub use checkpoint::{Checkpoint, Keys, KeysError};
pub use trust::{Doubt, Trust, trusted};

use crate::digest::Digest;

/// A record's place in the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// From 1 without a gap.
    pub number: i64,
    /// The digest of the record before; none for the first.
    pub previous: Option<Digest>,
    /// All of the record.
    pub text: String,
    /// Of the digest before and the text.
    pub digest: Digest,
}

/// The newest record of a chain, as far as it was looked at. It stands for all before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// Its place.
    pub number: i64,
    /// Its digest.
    pub digest: Digest,
}

/// How a chain is broken at a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// It is not the one that follows.
    #[error("a record between it and the next one is missing")]
    Gap,
    /// It follows something else.
    #[error("the next one was made after a record with another digest")]
    Other,
    /// It is a first one and is not the first, or the other way round.
    #[error("only the first record has none before it")]
    First,
    /// It was changed.
    #[error("its digest is not that of what it says")]
    Changed,
    /// What was known of it is not so any more.
    #[error("it is gone, or another one than it was")]
    Otherwise,
}

impl Link {
    /// This record as the newest.
    pub fn head(&self) -> Head {
        Head { number: self.number, digest: self.digest }
    }

    /// Whether it says what its digest is of.
    ///
    /// # Errors
    /// It was changed.
    pub fn sound(&self) -> Result<(), Broken> {
        if self.previous.is_none() != (self.number == 1) {
            return Err(Broken::First);
        }
        let mut bytes = self.previous.map(|digest| digest.as_bytes().to_vec()).unwrap_or_default();
        bytes.extend(self.text.as_bytes());
        if Digest::of(&bytes) == self.digest { Ok(()) } else { Err(Broken::Changed) }
    }

    /// Whether it is the one right after this.
    ///
    /// # Errors
    /// Another one is, or nothing that is known.
    pub fn follows(&self, before: Head) -> Result<(), Broken> {
        if self.number - 1 != before.number {
            Err(Broken::Gap)
        } else if self.previous != Some(before.digest) {
            Err(Broken::Other)
        } else {
            Ok(())
        }
    }
}

/// The newest of these records in their order, the first of which is `head`; without one they are from the first one on.
///
/// # Errors
/// The chain is broken, at the record of this number.
pub fn newest(head: Option<Head>, links: &[Link]) -> Result<Option<Head>, (i64, Broken)> {
    let links = match (head, links.split_first()) {
        (None, _) => links,
        (Some(head), Some((first, rest))) if first.head() == head => rest,
        (Some(head), _) => return Err((head.number, Broken::Otherwise)),
    };
    links.iter().try_fold(head, |head, link| {
        if let Some(before) = head {
            link.follows(before).map_err(|broken| (before.number, broken))?;
        } else if link.number != 1 {
            return Err((link.number, Broken::First));
        }
        link.sound().map_err(|broken| (link.number, broken))?;
        Ok(Some(link.head()))
    })
}

/// A chain as it is read from its newest record back.
#[derive(Debug, Default)]
pub struct Backwards {
    newest: Option<Head>,
    /// The one that was read last.
    last: Option<Link>,
}

impl Backwards {
    /// Takes the next older record.
    ///
    /// # Errors
    /// It is not the one that belongs there, or was changed.
    pub fn read(&mut self, link: Link) -> Result<(), Broken> {
        if let Some(next) = &self.last {
            next.follows(link.head())?;
        }
        link.sound()?;
        self.newest.get_or_insert(link.head());
        self.last = Some(link);
        Ok(())
    }

    /// The newest record; none: there is no record.
    pub fn newest(&self) -> Option<Head> {
        self.newest
    }

    /// What must come before the record of this number, if that is not the first.
    pub fn awaited(&self) -> Option<(i64, Digest)> {
        self.last.as_ref().and_then(|last| Some((last.number, last.previous?)))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A chain of so many records.
    pub(crate) fn chain(records: i64) -> Vec<Link> {
        let mut links: Vec<Link> = Vec::new();
        for number in 1..=records {
            let (previous, text) = (links.last().map(|last| last.digest), format!("[{number}]"));
            let mut bytes = previous.map(|digest: Digest| digest.as_bytes().to_vec()).unwrap_or_default();
            bytes.extend(text.as_bytes());
            links.push(Link { number, previous, digest: Digest::of(&bytes), text });
        }
        links
    }

    #[test]
    fn a_chain_goes_on_from_where_it_was_looked_at_to_its_newest_record() {
        let links = chain(4);
        let whole = newest(None, &links).expect("whole");
        assert_eq!(whole, Some(links[3].head()));
        assert_eq!(newest(Some(links[1].head()), &links[1..]), Ok(whole));
        assert_eq!(newest(whole, &links[3..]), Ok(whole));
        assert_eq!(newest(None, &[]), Ok(None));
        let mut backwards = Backwards::default();
        for link in links.iter().rev() {
            assert_eq!(backwards.read(link.clone()), Ok(()));
        }
        assert_eq!((backwards.newest(), backwards.awaited()), (whole, None));
    }

    #[test]
    fn whatever_is_done_to_a_record_breaks_the_chain_at_it_or_beside_it() {
        let links = chain(4);
        let broken = |change: fn(&mut Vec<Link>)| {
            let mut links = links.clone();
            change(&mut links);
            newest(None, &links).expect_err("broken")
        };
        assert_eq!(broken(|links| links[1].text.push('!')), (2, Broken::Changed));
        assert_eq!(broken(|links| links[1].digest = Digest::of("x")), (2, Broken::Changed));
        assert_eq!(broken(|links| drop(links.remove(1))), (1, Broken::Gap));
        assert_eq!(broken(|links| drop(links.remove(0))), (2, Broken::First));
        assert_eq!(broken(|links| links.swap(1, 2)), (1, Broken::Gap));
        assert_eq!(newest(Some(links[3].head()), &[]), Err((4, Broken::Otherwise)));
        assert_eq!(newest(Some(links[3].head()), &links[2..]), Err((4, Broken::Otherwise)));
        // Made anew with its digest: the next one was made after another one.
        let other = |links: &mut Vec<Link>| {
            links[1].text.push('!');
            let mut bytes = links[0].digest.as_bytes().to_vec();
            bytes.extend(links[1].text.as_bytes());
            links[1].digest = Digest::of(&bytes);
        };
        assert_eq!(broken(other), (2, Broken::Other));
    }
}
