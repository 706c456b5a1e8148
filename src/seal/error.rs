//! What goes wrong with sealed values. Of a value itself nothing is told, not even how long it is.

use super::MAX_VALUE;
use super::place::Place;
use super::text::{BEGIN, END};

/// The text is nothing that was sealed; found without a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealedError {
    /// No armored age file.
    #[error("a sealed value is what `keyforge seal` prints, from `{BEGIN}` to `{END}`")]
    Shape,
    /// An age file that lost a part, or was changed.
    #[error("the sealed text is damaged or cut off; it is whole from `{BEGIN}` to `{END}`")]
    Damaged,
    /// An age file for a passphrase, for nobody with a key of age, or of another program.
    #[error("an age file that `keyforge seal` did not make, so that it names no place")]
    Foreign,
}

/// A sealed value does not open here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// It was sealed for another place, and copied or renamed.
    #[error("sealed for `{sealed_for}`, and opens there alone")]
    WrongPlace {
        /// Where it opens.
        sealed_for: Place,
    },
    /// For keys that are not ours.
    #[error("sealed for other keys than those held here")]
    WrongKey,
    /// Changed after it was sealed.
    #[error("the sealed text is damaged")]
    Damaged,
    /// An age file that holds something else.
    #[error("an age file that `keyforge seal` did not make, so that it names no place")]
    Foreign,
    /// By a newer release.
    #[error("sealed by a newer release of Keyforge, in version {version} of its form")]
    Version {
        /// Of the envelope.
        version: u32,
    },
}

/// A value cannot be sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// There is none.
    #[error("the value is empty")]
    Empty,
    /// VaultWarden would not take it.
    #[error("the value has more than {MAX_VALUE} bytes")]
    TooLong,
    /// Nobody could open it.
    #[error("there is no recipient who could open it")]
    NoRecipient,
}

/// A file of identities cannot be used. Nothing of its content is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyFileError {
    /// A line is no identity.
    #[error("line {line} is no identity of age; one starts with `AGE-SECRET-KEY-1`")]
    Line {
        /// From 1.
        line: usize,
    },
    /// It needs a passphrase, which nobody is there to type.
    #[error("it is encrypted itself; decrypt it with `age --decrypt` first")]
    Encrypted,
    /// It has none.
    #[error("it has no identity; `age-keygen` makes one")]
    Empty,
}
