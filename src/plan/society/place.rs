//! Where a value belongs, and what was written there.
//!
//! Apart from the markers, which say both inside of the vault. Invariant: a value is known here by its keyed fingerprint only.

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::hmac;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_with::{DeserializeFromStr, SerializeDisplay};

use crate::names::{NameError, PasswordName, SocietyName, UnionName};
use crate::redacted::Redacted;

/// The text is no place, slot or fingerprint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlaceError {
    /// Not so many parts.
    #[error("a place has the form `<union>/<society>/<password>`")]
    Parts,
    /// One part is no name.
    #[error(transparent)]
    Name(#[from] NameError),
    /// Not a slot.
    #[error("a slot is `title`, `username`, `uris`, `notes`, `value`, `totp` or `field:<name>`")]
    Slot,
    /// Not a fingerprint.
    #[error("a fingerprint has 8 hexadecimal digits")]
    Fingerprint,
}

/// One password of one society of one union, printed `acme/chess/bank`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, DeserializeFromStr, SerializeDisplay)]
pub struct Place {
    /// Of which union.
    pub union: UnionName,
    /// Of which society.
    pub society: SocietyName,
    /// Which.
    pub password: PasswordName,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.union, self.society, self.password)
    }
}

impl FromStr for Place {
    type Err = PlaceError;

    fn from_str(text: &str) -> Result<Self, PlaceError> {
        let mut parts = text.split('/');
        let (Some(union), Some(society), Some(password), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(PlaceError::Parts);
        };
        Ok(Self { union: union.parse()?, society: society.parse()?, password: password.parse()? })
    }
}

/// One text of a password.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, DeserializeFromStr, SerializeDisplay)]
pub enum Slot {
    /// As people see it.
    Title,
    /// Who logs in.
    Username,
    /// Where it is used: one address per line.
    Uris,
    /// For people.
    Notes,
    /// The secret itself.
    Value,
    /// The seed of one-time codes.
    Totp,
    /// A further field, by the name that people see.
    Field(String),
}

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Title => "title",
            Self::Username => "username",
            Self::Uris => "uris",
            Self::Notes => "notes",
            Self::Value => "value",
            Self::Totp => "totp",
            Self::Field(name) => return write!(f, "field:{name}"),
        })
    }
}

impl FromStr for Slot {
    type Err = PlaceError;

    fn from_str(text: &str) -> Result<Self, PlaceError> {
        Ok(match text {
            "title" => Self::Title,
            "username" => Self::Username,
            "uris" => Self::Uris,
            "notes" => Self::Notes,
            "value" => Self::Value,
            "totp" => Self::Totp,
            other => Self::Field(other.strip_prefix("field:").ok_or(PlaceError::Slot)?.to_owned()),
        })
    }
}

/// What two parties compare instead of a secret value: HMAC of place, slot and value, 8 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, DeserializeFromStr, SerializeDisplay)]
pub struct Fingerprint([u8; 4]);

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl FromStr for Fingerprint {
    type Err = PlaceError;

    fn from_str(text: &str) -> Result<Self, PlaceError> {
        let mut bytes = [0; 4];
        hex::decode_to_slice(text, &mut bytes).map_err(|_| PlaceError::Fingerprint)?;
        Ok(Self(bytes))
    }
}

/// The key of all fingerprints and markers. No `Debug`.
pub struct FingerprintKey(hmac::Key);

impl FingerprintKey {
    /// From at least 32 random bytes.
    pub fn new(key: &Redacted<Vec<u8>>) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, key.expose()))
    }

    /// The fingerprint of a value: the same one in another place or slot has another.
    pub fn fingerprint(&self, place: &Place, slot: &Slot, value: &str) -> Fingerprint {
        self.tag([place.to_string().as_bytes(), slot.to_string().as_bytes(), value.as_bytes()])
    }

    /// What stands for a person's address where it must not, the same in any letter case: `member-1f2e3d4c`.
    pub fn pseudonym(&self, address: &str) -> String {
        format!("member-{}", self.tag([b"address".as_slice(), address.to_lowercase().as_bytes()]))
    }

    fn tag<const PARTS: usize>(&self, parts: [&[u8]; PARTS]) -> Fingerprint {
        let tag = self.sign(parts);
        let [a, b, c, d, ..] = *tag.as_ref() else { unreachable!("a tag of SHA-256 has 32 bytes") };
        Fingerprint([a, b, c, d])
    }

    /// The tag of some parts, whose number says what they are of.
    pub(super) fn sign<const N: usize>(&self, parts: [&[u8]; N]) -> hmac::Tag {
        let mut context = hmac::Context::with_key(&self.0);
        for part in parts {
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part);
        }
        context.sign()
    }
}

/// What was written into one slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Applied {
    /// Of the value.
    pub fingerprint: Fingerprint,
    /// Where it came from.
    #[serde(flatten)]
    pub origin: Origin,
}

/// Where a written value came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "from", rename_all = "kebab-case")]
pub enum Origin {
    /// Stands in the document.
    Document,
    /// Was sealed.
    Sealed {
        /// When.
        at: DateTime<Utc>,
    },
    /// Was drawn.
    Generated {
        /// Its number.
        rotation: u32,
        /// When.
        at: DateTime<Utc>,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_of_place_slot_and_value() {
        let key = FingerprintKey::new(&Redacted::new(vec![7; 32]));
        let (bank, mail): (Place, Place) =
            ("acme/chess/bank".parse().expect("a place"), "acme/chess/mail".parse().expect("a place"));
        let of = |place, slot, value| key.fingerprint(place, &slot, value);
        assert_eq!(of(&bank, Slot::Value, "x"), of(&bank, Slot::Value, "x"));
        assert_ne!(of(&bank, Slot::Value, "x"), of(&bank, Slot::Value, "y"));
        assert_ne!(of(&bank, Slot::Value, "x"), of(&bank, Slot::Totp, "x"));
        assert_ne!(of(&bank, Slot::Value, "x"), of(&mail, Slot::Value, "x"));
    }
}
