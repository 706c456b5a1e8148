//! `Society.spec.passwords`: shared login items. Plaintext has no variant.

use serde::{Deserialize, Serialize};

use crate::names::{CollectionName, PasswordName};
use crate::seal::Sealed;

/// One shared login item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Password {
    /// By which history and sealed values refer to it.
    pub name: PasswordName,
    /// Shown in VaultWarden; absent: the name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The collection that it is in; absent: `general`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collection: Option<CollectionName>,
    /// Who logs in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// Where it is used.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub uris: Vec<String>,
    /// Made by Keyforge, or sealed.
    #[serde(flatten)]
    pub value: PasswordValue,
    /// For people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notes: Option<String>,
    /// The seed of one-time codes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub totp: Option<Totp>,
    /// Further fields.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<Field>,
    /// The name that this password had.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub renamed_from: Option<PasswordName>,
}

impl Password {
    /// As VaultWarden shows it.
    pub fn shown(&self) -> &str {
        self.title.as_deref().unwrap_or(self.name.as_str())
    }

    /// The name of the collection that it is in.
    pub fn in_collection(&self) -> &str {
        self.collection.as_ref().map_or(super::GENERAL, CollectionName::as_str)
    }
}

/// Where a password's value comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum PasswordValue {
    /// Keyforge makes it, and a new one for each raised number.
    Generate(Generate),
    /// From `keyforge seal`; only the daemon opens it.
    Sealed(Sealed),
}

/// How a value is made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Written", into = "Written")]
pub struct Generate {
    /// Of what.
    pub alphabet: Alphabet,
    /// Raised for a new value.
    pub rotation: u32,
}

/// What a value is made of, and how much of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alphabet {
    /// Letters and digits that nobody takes for each other.
    Safe {
        /// So many characters.
        length: u16,
    },
    /// All printable characters.
    All {
        /// So many characters.
        length: u16,
    },
    /// Digits.
    Digits {
        /// So many characters.
        length: u16,
    },
    /// Words of a list.
    Words {
        /// So many words.
        count: u16,
    },
}

/// `generate` as documents write it.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Written {
    #[serde(default)]
    alphabet: Kind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    length: Option<u16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    count: Option<u16>,
    #[serde(default = "first")]
    rotation: u32,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Kind {
    #[default]
    Safe,
    All,
    Digits,
    Words,
}

fn first() -> u32 {
    1
}

const DEFAULT_LENGTH: u16 = 20;
const DEFAULT_COUNT: u16 = 6;

impl From<Written> for Generate {
    fn from(written: Written) -> Self {
        let length = written.length.unwrap_or(DEFAULT_LENGTH);
        let alphabet = match written.alphabet {
            Kind::Safe => Alphabet::Safe { length },
            Kind::All => Alphabet::All { length },
            Kind::Digits => Alphabet::Digits { length },
            Kind::Words => Alphabet::Words { count: written.count.unwrap_or(DEFAULT_COUNT) },
        };
        Self { alphabet, rotation: written.rotation }
    }
}

impl From<Generate> for Written {
    fn from(generate: Generate) -> Self {
        let (alphabet, length, count) = match generate.alphabet {
            Alphabet::Safe { length } => (Kind::Safe, Some(length), None),
            Alphabet::All { length } => (Kind::All, Some(length), None),
            Alphabet::Digits { length } => (Kind::Digits, Some(length), None),
            Alphabet::Words { count } => (Kind::Words, None, Some(count)),
        };
        Self { alphabet, length, count, rotation: generate.rotation }
    }
}

/// `totp` of a password.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Totp {
    /// The seed or `otpauth://` URL.
    pub sealed: Sealed,
}

/// One of a password's further fields.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Field {
    /// Shown to people.
    pub name: String,
    /// Shown, or sealed and hidden.
    #[serde(flatten)]
    pub value: FieldValue,
}

/// What a field holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum FieldValue {
    /// What is no secret.
    Value(String),
    /// A secret.
    Sealed(Sealed),
}
