//! What is believed of checkpoints: who made them, whether one is missing, and whether the anchor is one of them.
//!
//! Apart from `checkpoint`, which makes and knows one: this compares several. Invariant: what cannot be believed is told and
//! changes nothing.

use std::fmt;

use super::{Broken, Checkpoint, Head, Keys};
use crate::names::InstallationId;

/// Why nobody vouches for what there is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Doubt {
    /// Another key made it, or none.
    #[error(
        "{which} was not made by a key of `audit_key_file` for installation `{installation}` (after a change of keys the former ones stay in \
         that file, below the new one)"
    )]
    Foreign {
        /// Which checkpoint.
        which: Which,
        /// For whom it should have been made.
        installation: InstallationId,
    },
    /// Somebody used a key after its time.
    #[error(
        "checkpoint {0} was made by a former key of `audit_key_file`, when there was a newer one already"
    )]
    Former(i64),
    /// The anchor is of something that is not there any more.
    #[error(
        "checkpoint {number} of record {record} is anchored outside of the database, and in it there is none, or another one: records \
         were changed or taken out, or the database was put back to an older copy"
    )]
    NotAnchored {
        /// Of the checkpoint.
        number: i64,
        /// The record up to which it vouched.
        record: i64,
    },
    /// Checkpoints have no gap.
    #[error("checkpoint {0} was taken out")]
    Missing(i64),
    /// The chain was made anew.
    #[error("record {record} is another one than checkpoint {number} vouches for")]
    Other {
        /// Of the checkpoint.
        number: i64,
        /// Of the record.
        record: i64,
    },
    /// There are records and no checkpoint.
    #[error("no checkpoint vouches for it")]
    Nothing,
    /// The chain is broken after the newest checkpoint.
    #[error("the chain is broken at record {record}: {broken}")]
    Broken {
        /// Of the record.
        record: i64,
        /// How.
        broken: Broken,
    },
}

/// Which checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// One of the database.
    Kept(i64),
    /// The one outside of it.
    Anchor,
}

impl fmt::Display for Which {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kept(number) => write!(f, "checkpoint {number}"),
            Self::Anchor => f.write_str("the anchor"),
        }
    }
}

/// Whether checkpoints may be gone on with: the newest that is kept, the anchor, and the kept one of the anchor's number.
///
/// # Errors
/// One was made by somebody else, or what was anchored is not there any more.
pub fn trusted(
    keys: &Keys,
    installation: &InstallationId,
    kept: Option<&Checkpoint>,
    anchor: Option<&Checkpoint>,
    anchored: Option<&Checkpoint>,
) -> Result<(), Doubt> {
    if let Some(kept) = kept.filter(|kept| !keys.made(installation, kept)) {
        return Err(foreign(Which::Kept(kept.number), installation));
    }
    let Some(anchor) = anchor else { return Ok(()) };
    if !keys.made(installation, anchor) {
        return Err(foreign(Which::Anchor, installation));
    }
    if anchored == Some(anchor) { Ok(()) } else { Err(not_anchored(anchor)) }
}

fn foreign(which: Which, installation: &InstallationId) -> Doubt {
    Doubt::Foreign { which, installation: installation.clone() }
}

fn not_anchored(anchor: &Checkpoint) -> Doubt {
    Doubt::NotAnchored { number: anchor.number, record: anchor.record }
}

/// Checkpoints as they are met from the newest back, beside the records that they are of.
pub struct Trust<'k> {
    keys: &'k Keys,
    installation: &'k InstallationId,
    /// Which must be among them.
    anchor: Option<Checkpoint>,
    newest: Option<Checkpoint>,
    /// The number of the one that was met last.
    last: i64,
    /// Which key made that: an older one never makes a newer checkpoint, and the newest is by the key of now.
    key: usize,
}

impl<'k> Trust<'k> {
    /// That the anchor is among them, if there is one.
    pub fn new(keys: &'k Keys, installation: &'k InstallationId, anchor: Option<Checkpoint>) -> Self {
        Self { keys, installation, anchor, newest: None, last: 0, key: 0 }
    }

    /// The checkpoint of this record.
    ///
    /// # Errors
    /// It was not made for this record, or one that came after it is missing.
    pub fn meet(&mut self, record: Head, checkpoint: Checkpoint) -> Result<(), Doubt> {
        let number = checkpoint.number;
        let Some(key) = self.keys.maker(self.installation, &checkpoint) else {
            return Err(foreign(Which::Kept(number), self.installation));
        };
        if checkpoint.head() != record {
            return Err(Doubt::Other { number, record: record.number });
        }
        if self.newest.is_some() && number != self.last - 1 {
            return Err(Doubt::Missing(self.last - 1));
        }
        if key < self.key || (self.newest.is_none() && key > 0) {
            // Going back, the one that was met before this is the one whose key was old already.
            return Err(Doubt::Former(if self.newest.is_none() { number } else { self.last }));
        }
        (self.last, self.key) = (number, key);
        if let Some(anchor) = self.anchor.take_if(|anchor| anchor.number == number)
            && anchor != checkpoint
        {
            return Err(not_anchored(&anchor));
        }
        self.newest.get_or_insert(checkpoint);
        Ok(())
    }

    /// The newest of all, once all were met.
    ///
    /// # Errors
    /// There is none, the first one is missing, or the anchor is not among them.
    pub fn end(self) -> Result<Checkpoint, Doubt> {
        let Self { keys, installation, anchor, newest, last, key: _ } = self;
        if let Some(anchor) = anchor {
            let ours = keys.made(installation, &anchor);
            return Err(if ours { not_anchored(&anchor) } else { foreign(Which::Anchor, installation) });
        }
        let newest = newest.ok_or(Doubt::Nothing)?;
        if last == 1 { Ok(newest) } else { Err(Doubt::Missing(last - 1)) }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::chain;
    use super::*;

    const KEY: &str = "keyforge-keyforge-keyforge-keyfo";

    fn installation() -> InstallationId {
        "main".parse().expect("a name")
    }

    fn keys(text: &str) -> Keys {
        Keys::parse(text).unwrap_or_else(|error| panic!("{error}"))
    }

    /// Records with the checkpoints of the second, the third and the fifth.
    fn vouched() -> Vec<(Head, Option<Checkpoint>)> {
        let at = "2026-11-29T12:00:00Z".parse().expect("a moment");
        let keys = keys(KEY);
        let number = |record| [2, 3, 5].iter().position(|of| *of == record).map(|at| at as i64 + 1);
        let links = chain(6).into_iter().map(|link| link.head());
        links
            .map(|head| {
                (head, number(head.number).map(|number| keys.vouch(&installation(), number, head, at)))
            })
            .collect()
    }

    /// What is found, read from the newest back.
    fn found(records: &[(Head, Option<Checkpoint>)], anchor: Option<Checkpoint>) -> Result<i64, String> {
        let (keys, installation) = (keys(KEY), installation());
        let mut trust = Trust::new(&keys, &installation, anchor);
        for (head, checkpoint) in records.iter().rev() {
            if let Some(checkpoint) = checkpoint.clone() {
                trust.meet(*head, checkpoint).map_err(|doubt| doubt.to_string())?;
            }
        }
        trust.end().map(|newest| newest.number).map_err(|doubt| doubt.to_string())
    }

    #[test]
    fn checkpoints_are_whole_with_the_anchor_among_them() {
        let records = vouched();
        assert_eq!(found(&records, None), Ok(3));
        for (_, anchor) in &records {
            assert_eq!(found(&records, anchor.clone()), Ok(3));
        }
    }

    #[test]
    fn one_that_is_missing_changed_or_of_another_key_is_told() {
        let records = vouched();
        let taken_out = |at: usize| {
            let mut records = records.clone();
            records[at].1 = None;
            found(&records, None)
        };
        assert_eq!(taken_out(1), Err("checkpoint 1 was taken out".into()));
        assert_eq!(taken_out(2), Err("checkpoint 2 was taken out".into()));
        assert_eq!(taken_out(4), Ok(2), "only the anchor tells of the newest");
        let nobody: Vec<_> = records.iter().map(|(head, _)| (*head, None)).collect();
        assert_eq!(found(&nobody, None), Err("no checkpoint vouches for it".into()));

        let mut other = records.clone();
        other[2].0.digest = crate::digest::Digest::of("x");
        assert_eq!(found(&other, None), Err("record 3 is another one than checkpoint 2 vouches for".into()));
        let foreign = |checkpoint: &Checkpoint| {
            let head = Head { number: checkpoint.record, digest: checkpoint.digest };
            keys(&"x".repeat(32)).vouch(&installation(), checkpoint.number, head, checkpoint.at)
        };
        let mut forged = records.clone();
        forged[2].1 = forged[2].1.as_ref().map(foreign);
        let told = found(&forged, None).expect_err("forged");
        assert!(told.starts_with("checkpoint 2 was not made by a key of `audit_key_file`"), "{told}");
        let told = found(&records[..3], records[4].1.as_ref().map(foreign)).expect_err("forged");
        assert!(told.starts_with("the anchor was not made by a key"), "{told}");
    }

    #[test]
    fn what_was_anchored_and_is_gone_or_another_one_is_told() {
        let records = vouched();
        let anchor = records[4].1.clone();
        let told = found(&records[..3], anchor.clone()).expect_err("cut");
        assert!(told.starts_with("checkpoint 3 of record 5 is anchored outside of the database"), "{told}");
        let mut other = records.clone();
        let later = |at: chrono::DateTime<chrono::Utc>| at + chrono::TimeDelta::seconds(1);
        other[4].1 = records[4]
            .1
            .as_ref()
            .map(|made| keys(KEY).vouch(&installation(), 3, made.head(), later(made.at)));
        assert_eq!(found(&other, None), Ok(3));
        assert_eq!(found(&other, anchor), Err(told));
    }

    #[test]
    fn a_former_key_vouches_for_nothing_after_its_time() {
        let at = "2026-11-29T12:00:00Z".parse().expect("a moment");
        let (old, new) = ("o".repeat(32), "n".repeat(32));
        let both = keys(&format!("{new}\n{old}"));
        let heads: Vec<_> = chain(3).iter().map(super::super::Link::head).collect();
        let judged = |makers: [&str; 3]| {
            let installation = installation();
            let mut trust = Trust::new(&both, &installation, None);
            for (number, (head, maker)) in
                (1..).zip(heads.iter().zip(makers)).collect::<Vec<_>>().into_iter().rev()
            {
                trust.meet(*head, keys(maker).vouch(&installation, number, *head, at))?;
            }
            trust.end().map(|newest| newest.number)
        };
        assert_eq!(judged([&old, &old, &new]), Ok(3));
        assert_eq!(judged([&new, &new, &new]), Ok(3));
        assert_eq!(judged([&old, &new, &old]), Err(Doubt::Former(3)));
        assert_eq!(judged([&old, &old, &old]), Err(Doubt::Former(3)));
        assert_eq!(judged([&new, &old, &new]), Err(Doubt::Former(2)));
    }

    #[test]
    fn nothing_is_added_to_what_is_not_trusted() {
        let records = vouched();
        let [second, third] = [&records[2].1, &records[4].1];
        let judged = |kept: &Option<Checkpoint>,
                      anchor: &Option<Checkpoint>,
                      anchored: &Option<Checkpoint>,
                      key: &str| {
            trusted(&keys(key), &installation(), kept.as_ref(), anchor.as_ref(), anchored.as_ref())
        };
        assert_eq!(judged(&None, &None, &None, KEY), Ok(()));
        assert_eq!(judged(third, second, second, KEY), Ok(()), "the anchor is written after the checkpoint");
        let gone = Err(Doubt::NotAnchored { number: 3, record: 5 });
        assert_eq!(judged(second, third, &None, KEY), gone.clone());
        assert_eq!(judged(third, third, second, KEY), gone);
        let other = "x".repeat(32);
        assert_eq!(judged(third, &None, &None, &other), Err(foreign(Which::Kept(3), &installation())));
        assert_eq!(judged(&None, third, &None, &other), Err(foreign(Which::Anchor, &installation())));
    }
}
