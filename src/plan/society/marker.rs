//! How what we made is recognised inside of the vault although the database is lost.
//!
//! A password carries its [`Marker`] in a hidden field, a collection its [`CollectionMarker`] as `externalId`, a society that
//! is being founded a title of its first collection that nobody else could have given. All are tagged with our key for one
//! society: people see markers, and could write any text. Invariant: a marker without its tag proves nothing.

use std::collections::BTreeMap;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use serde::{Deserialize, Serialize};

use super::place::{Applied, FingerprintKey, Place, Slot};
use crate::ids::{MakingId, SocietyId};
use crate::names::{CollectionName, SocietyName, UnionName};

/// The name of the hidden field that holds a [`Marker`].
pub const MARKER_FIELD: &str = "keyforge-id";

/// What Keyforge wrote into an item: the value of its hidden field [`MARKER_FIELD`], as JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Marker {
    /// Which password it is.
    pub place: Place,
    /// What was written, slot by slot.
    pub slots: BTreeMap<Slot, Applied>,
    /// The making of the item. What a person clones has it too; what we made twice has two. `None`: a former version made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub making: Option<MakingId>,
}

/// A marker as it is written.
#[derive(Serialize, Deserialize)]
struct Tagged {
    #[serde(flatten)]
    marker: Marker,
    tag: Option<String>,
}

impl Marker {
    /// The text of the hidden field, for an item of this society.
    pub fn text(&self, key: &FingerprintKey, society: SocietyId) -> String {
        let tagged = Tagged { marker: self.clone(), tag: Some(self.tag(key, society)) };
        serde_json::to_string(&tagged).expect("texts and numbers are JSON")
    }

    /// Reads the hidden field back, and whether we wrote it for this society; `None`: it is not ours, or a newer program's.
    pub fn read(text: &str, key: &FingerprintKey, society: SocietyId) -> Option<(Self, bool)> {
        let Tagged { marker, tag } = serde_json::from_str(text).ok()?;
        let genuine = tag.is_some_and(|tag| is_same(&tag, &marker.tag(key, society)));
        Some((marker, genuine))
    }

    fn tag(&self, key: &FingerprintKey, society: SocietyId) -> String {
        let text = serde_json::to_string(self).expect("texts and numbers are JSON");
        short(key, [b"password", society.to_string().as_bytes(), text.as_bytes(), b""])
    }
}

/// Which collection of which society it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct CollectionMarker {
    /// Of which society.
    pub society: SocietyName,
    /// Which.
    pub collection: CollectionName,
}

const PREFIX: &str = "keyforge:";

impl CollectionMarker {
    /// The `externalId`, for a collection of this society: `keyforge:<society>/<collection>:<tag>`.
    pub fn text(&self, key: &FingerprintKey, society: SocietyId) -> String {
        format!("{PREFIX}{}/{}:{}", self.society, self.collection, self.tag(key, society))
    }

    /// Reads an `externalId` back; `None`: we did not write it for this society.
    pub fn read(text: &str, key: &FingerprintKey, society: SocietyId) -> Option<Self> {
        let (name, tag) = text.strip_prefix(PREFIX)?.rsplit_once(':')?;
        let (of, collection) = name.split_once('/')?;
        let marker = Self { society: of.parse().ok()?, collection: collection.parse().ok()? };
        is_same(tag, &marker.tag(key, society)).then_some(marker)
    }

    fn tag(&self, key: &FingerprintKey, society: SocietyId) -> String {
        let (of, collection) = (self.society.as_str().as_bytes(), self.collection.as_str().as_bytes());
        short(key, [b"collection", society.to_string().as_bytes(), of, collection])
    }
}

/// The title of the first collection of a society that is being founded, until the next look names and marks it: known to
/// nobody but our account, so a crash in between leaves what nobody else could have made.
pub(super) fn founding(key: &FingerprintKey, union: &UnionName, society: &SocietyName) -> String {
    let (union, society) = (union.as_str().as_bytes(), society.as_str().as_bytes());
    format!("{PREFIX}{}", short(key, [b"founding", union, society, b""]))
}

/// Half of a tag is long enough: who guesses has to ask us.
fn short(key: &FingerprintKey, parts: [&[u8]; 4]) -> String {
    hex::encode(&key.sign(parts).as_ref()[..16])
}

fn is_same(told: &str, tag: &str) -> bool {
    verify_slices_are_equal(told.as_bytes(), tag.as_bytes()).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::society::Origin;
    use crate::redacted::Redacted;

    fn key(byte: u8) -> FingerprintKey {
        FingerprintKey::new(&Redacted::new(vec![byte; 32]))
    }

    fn society(number: u128) -> SocietyId {
        SocietyId(uuid::Uuid::from_u128(number))
    }

    #[test]
    fn a_marker_is_read_back_as_it_is_written_in_its_own_society_alone() {
        let at = "2026-11-28T12:00:00Z".parse().expect("a time");
        let fingerprint = "1a2b3c4d".parse().expect("a fingerprint");
        let marker = Marker {
            place: "acme/chess/bank".parse().expect("a place"),
            slots: BTreeMap::from([
                (Slot::Value, Applied { fingerprint, origin: Origin::Generated { rotation: 2, at } }),
                (Slot::Field("sort code".into()), Applied { fingerprint, origin: Origin::Document }),
            ]),
            making: Some(MakingId(uuid::Uuid::from_u128(9))),
        };
        let text = marker.text(&key(7), society(1));
        let (told, tag) = text.split_once(",\"tag\":\"").expect("a tag");
        assert_eq!(
            told,
            r#"{"place":"acme/chess/bank","slots":{"value":{"fingerprint":"1a2b3c4d","from":"generated","rotation":2,"at":"2026-11-28T12:00:00Z"},"field:sort code":{"fingerprint":"1a2b3c4d","from":"document"}},"making":"00000000-0000-0000-0000-000000000009""#
        );
        assert_eq!(tag.len(), 34);
        let read = |text: &str, byte, of| Marker::read(text, &key(byte), society(of));
        assert_eq!(read(&text, 7, 1), Some((marker.clone(), true)));
        assert_eq!(read(&text, 7, 2), Some((marker.clone(), false)), "copied into another society");
        assert_eq!(read(&text, 8, 1), Some((marker.clone(), false)), "of somebody with another key");
        assert_eq!(read(&text.replace("bank", "mail"), 7, 1).map(|(_, genuine)| genuine), Some(false));
        assert_eq!(read(&format!("{told}}}"), 7, 1), Some((marker, false)), "without a tag");
        assert_eq!(read("chess", 7, 1), None);
    }

    #[test]
    fn the_marker_of_a_collection_is_read_in_its_own_society_alone() {
        let name = |text: &str| text.parse().expect("a name");
        let marker =
            CollectionMarker { society: name("chess"), collection: "treasury".parse().expect("a name") };
        let text = marker.text(&key(7), society(1));
        assert!(text.starts_with("keyforge:chess/treasury:"), "{text}");
        let read = |text: &str, byte, of| CollectionMarker::read(text, &key(byte), society(of));
        assert_eq!(read(&text, 7, 1), Some(marker));
        assert_eq!(read(&text, 7, 2), None);
        assert_eq!(read(&text, 8, 1), None);
        assert_eq!(read(&text.replace("treasury", "general"), 7, 1), None);
        assert_eq!(read("keyforge:chess/treasury", 7, 1), None);
    }
}
