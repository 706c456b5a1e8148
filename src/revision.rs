//! Names of Git objects: a revision of the config repo, the tree of a union.
//!
//! Only names: reading the objects is `git`'s. A revision is printed `main@sha1:<40 hex>` everywhere.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use serde_with::{DeserializeFromStr, SerializeDisplay};

/// The name of a Git object: SHA-1, printed as 40 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, DeserializeFromStr, SerializeDisplay)]
pub struct ObjectId([u8; 20]);

/// The text is not 40 lower-case hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the name of a Git object has 40 hexadecimal digits")]
pub struct ObjectIdError;

impl ObjectId {
    /// The 20 bytes.
    pub fn as_bytes(&self) -> &[u8; 20] {
        &self.0
    }

    /// The first 12 hexadecimal digits, for people.
    pub fn short(&self) -> String {
        hex::encode(&self.0[..6])
    }
}

impl From<[u8; 20]> for ObjectId {
    fn from(bytes: [u8; 20]) -> Self {
        Self(bytes)
    }
}

impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl FromStr for ObjectId {
    type Err = ObjectIdError;

    fn from_str(text: &str) -> Result<Self, ObjectIdError> {
        let mut bytes = [0; 20];
        hex::decode_to_slice(text, &mut bytes).map_err(|_| ObjectIdError)?;
        Ok(Self(bytes))
    }
}

/// The beginning of a commit's name, as people copy it: 7 to 40 hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShortId(String);

/// The text is not the beginning of a commit's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the name of a commit begins with 7 to 40 hexadecimal digits")]
pub struct ShortIdError;

impl ShortId {
    /// The first and the last name that begin so.
    pub fn range(&self) -> (ObjectId, ObjectId) {
        let end = |digit: &str| {
            let whole = format!("{}{}", self.0, digit.repeat(40 - self.0.len()));
            whole.parse().expect("these are 40 digits")
        };
        (end("0"), end("f"))
    }
}

impl fmt::Display for ShortId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for ShortId {
    type Err = ShortIdError;

    fn from_str(text: &str) -> Result<Self, ShortIdError> {
        let sound = (7..=40).contains(&text.len()) && text.bytes().all(|c| c.is_ascii_hexdigit());
        sound.then(|| Self(text.to_ascii_lowercase())).ok_or(ShortIdError)
    }
}

/// A commit of the followed branch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revision {
    /// The followed branch, without `refs/heads/`.
    pub branch: String,
    /// The commit.
    pub commit: ObjectId,
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@sha1:{}", self.branch, self.commit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_revision_names_branch_and_commit() {
        let commit: ObjectId = "0123456789abcdef0123456789abcdef01234567".parse().expect("40 digits");
        let revision = Revision { branch: "main".into(), commit };
        assert_eq!(revision.to_string(), "main@sha1:0123456789abcdef0123456789abcdef01234567");
        assert_eq!("0123".parse::<ObjectId>(), Err(ObjectIdError));
    }

    #[test]
    fn seven_digits_or_more_begin_the_name_of_a_commit() {
        let short: ShortId = "0123ABC".parse().expect("digits");
        let (first, last) = short.range();
        assert_eq!(first.to_string(), format!("0123abc{}", "0".repeat(33)));
        assert_eq!(last.to_string(), format!("0123abc{}", "f".repeat(33)));
        for other in ["0123ab", "0123abg", &"0".repeat(41), "acme"] {
            assert_eq!(other.parse::<ShortId>(), Err(ShortIdError), "{other}");
        }
    }
}
