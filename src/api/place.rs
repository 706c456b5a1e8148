//! Places in lists that many unions share: the number of a row, hidden from whom it would tell how much happens in unions that
//! they do not see.
//!
//! One block of AES, so that a place is the same text each time and on every replica, and nobody who does not have the key
//! makes one up: half of the block says which list it is of. Invariant: who sees everything has plain numbers.

use std::sync::Arc;

use aws_lc_rs::cipher::{AES_128, DecryptingKey, DecryptionContext, EncryptingKey, UnboundCipherKey};

use super::problem::Problem;
use super::query::Query;
use crate::redacted::Redacted;

/// What a place is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum List {
    /// The stream of events.
    Happenings = 1,
    /// The events of a deployment.
    Events = 2,
    /// The resources of a union.
    Resources = 3,
    /// The findings in files.
    Diagnostics = 4,
    /// The lines of a deployment's log.
    Lines = 5,
    /// The records of the audit.
    Audit = 6,
    /// What others made of what a union owns.
    Drift = 7,
    /// What happened to a union.
    Moments = 8,
}

/// How somebody is told places.
#[derive(Clone)]
pub(super) enum Places {
    /// As they are.
    Plain,
    /// Hidden by this key.
    Hidden(Arc<Redacted<[u8; 16]>>),
}

impl Places {
    /// The place of this row.
    pub(super) fn show(&self, list: List, number: i64) -> String {
        let Self::Hidden(key) = self else { return number.to_string() };
        let mut block = [(list as u64).to_be_bytes(), number.to_be_bytes()].concat();
        let cipher = cipher(key);
        let cipher = EncryptingKey::ecb(cipher).expect("AES has this mode");
        cipher.encrypt(&mut block).expect("it is one block");
        hex::encode(block)
    }

    /// The row of this place; none for what is no place in this list.
    pub(super) fn read(&self, list: List, text: &str) -> Option<i64> {
        let Self::Hidden(key) = self else { return text.parse().ok() };
        let mut block = [0; 16];
        hex::decode_to_slice(text, &mut block).ok()?;
        let cipher = DecryptingKey::ecb(cipher(key)).expect("AES has this mode");
        cipher.decrypt(&mut block, DecryptionContext::None).expect("it is one block");
        let (of, number) = block.split_first_chunk::<8>()?;
        (u64::from_be_bytes(*of) == list as u64).then_some(i64::from_be_bytes(number.try_into().ok()?))
    }

    /// The row after which a page begins, as `after` says it.
    ///
    /// # Errors
    /// What is said is no place in this list.
    pub(super) fn after(&self, list: List, query: &Query) -> Result<Option<i64>, Problem> {
        let Some(text) = query.text("after")? else { return Ok(None) };
        let why = || "it is a place that an earlier answer gave as `next`".to_owned();
        self.read(list, &text)
            .map(Some)
            .ok_or_else(|| Problem::InvalidParameter { name: "after", why: why() })
    }
}

fn cipher(key: &Redacted<[u8; 16]>) -> UnboundCipherKey {
    UnboundCipherKey::new(&AES_128, key.expose()).expect("it has the length of this cipher's keys")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hidden_place_is_found_again_in_its_list_with_its_key_and_tells_nothing() {
        let places = |byte| Places::Hidden(Arc::new(Redacted::new([byte; 16])));
        let (ours, theirs) = (places(1), places(2));
        let place = ours.show(List::Events, 17);
        assert_eq!(place, ours.show(List::Events, 17));
        assert_eq!(ours.read(List::Events, &place), Some(17));
        assert_eq!(ours.read(List::Resources, &place), None);
        assert_eq!(theirs.read(List::Events, &place), None);
        for other in ["17", "", "zz", &place[..30], &place.replace(|c: char| c.is_ascii_digit(), "f")] {
            assert_eq!(ours.read(List::Events, other), None, "{other}");
        }
        assert_eq!(Places::Plain.show(List::Events, 17), "17");
    }
}
