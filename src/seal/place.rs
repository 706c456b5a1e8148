//! The place that a value is sealed for: printed `acme/chess/bank#value`.
//!
//! It stands inside what is encrypted, so that a text that is copied to another password, society or union does not open
//! there. The slot is part of it: a one-time seed is no password, and a field no other field.

use std::fmt;
use std::str::FromStr;

use crate::names::{Line, NameError, PasswordName, SocietyName, UnionName};

/// One value of one password.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// Whose directory it is in.
    pub union: UnionName,
    /// Whose document.
    pub society: SocietyName,
    /// Which password.
    pub password: PasswordName,
    /// Which of its values.
    pub slot: Slot,
}

/// Which of a password's values.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Slot {
    /// The password itself.
    Value,
    /// The seed of its one-time codes.
    Totp,
    /// A further field, by the name that people see.
    Field(Line),
}

/// The text names no place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlaceError {
    /// It has not these parts.
    #[error("a place looks like `acme/chess/bank#value`, with `#value`, `#totp` or `#field:<name>`")]
    Shape,
    /// One of them cannot be a name.
    #[error(transparent)]
    Name(#[from] NameError),
}

impl Place {
    /// The command that seals a value for it, in the folder of the config repo.
    pub fn command(&self) -> String {
        let Self { union, society, password, slot } = self;
        let slot = match slot {
            Slot::Value => String::new(),
            Slot::Totp => " --totp".to_owned(),
            Slot::Field(name) => format!(" --field={}", word(name.as_str())),
        };
        format!("keyforge seal --union {union} --society {society} --name {password}{slot}")
    }
}

/// A text as one word of a shell.
fn word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@+".contains(c);
    if text.chars().all(plain) { text.to_owned() } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { union, society, password, slot } = self;
        write!(f, "{union}/{society}/{password}#{slot}")
    }
}

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value => f.write_str("value"),
            Self::Totp => f.write_str("totp"),
            Self::Field(name) => write!(f, "field:{name}"),
        }
    }
}

impl FromStr for Place {
    type Err = PlaceError;

    fn from_str(text: &str) -> Result<Self, PlaceError> {
        // The name of a field may have any of the signs, so it is what is left.
        let (names, slot) = text.split_once('#').ok_or(PlaceError::Shape)?;
        let [union, society, password] = names.split('/').collect::<Vec<_>>()[..] else {
            return Err(PlaceError::Shape);
        };
        let slot = match slot {
            "value" => Slot::Value,
            "totp" => Slot::Totp,
            other => Slot::Field(other.strip_prefix("field:").ok_or(PlaceError::Shape)?.parse()?),
        };
        Ok(Self { union: union.parse()?, society: society.parse()?, password: password.parse()?, slot })
    }
}
