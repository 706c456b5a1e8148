//! Who can open: public keys in `keyforge.yaml`, secret ones with the daemon.

use std::fmt;
use std::io::Read as _;
use std::str::FromStr;

use age::DecryptError;
use age::x25519;
use serde_with::{DeserializeFromStr, SerializeDisplay};
use zeroize::Zeroizing;

use super::envelope::{self, Envelope};
use super::error::{KeyFileError, OpenError};
use super::place::Place;
use super::{Opened, Sealed};

/// A public key of age, as `age-keygen -y` prints it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, DeserializeFromStr, SerializeDisplay)]
pub struct Recipient(Box<str>);

/// The text is no public key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RecipientError {
    /// It does not look like one.
    #[error("a recipient is a public key of age, `age1` and 58 more characters")]
    Shape,
    /// It does, but its checksum is wrong.
    #[error("the checksum of the key is wrong: it was not copied as a whole, or mistyped")]
    Checksum,
    /// Somebody was about to publish it.
    #[error("this is a secret key; a recipient is the public one, which `age-keygen -y` prints")]
    Secret,
}

impl Recipient {
    pub(super) fn key(&self) -> x25519::Recipient {
        self.0.parse().expect("it was parsed before")
    }
}

impl FromStr for Recipient {
    type Err = RecipientError;

    fn from_str(text: &str) -> Result<Self, RecipientError> {
        if text.trim_start().get(..SECRET.len()).is_some_and(|start| start.eq_ignore_ascii_case(SECRET)) {
            return Err(RecipientError::Secret);
        }
        let digits = text.strip_prefix("age1").ok_or(RecipientError::Shape)?;
        if digits.len() != 58 || !digits.bytes().all(|b| b"qpzry9x8gf2tvdw0s3jn54khce6mua7l".contains(&b)) {
            return Err(RecipientError::Shape);
        }
        let _: x25519::Recipient = text.parse().map_err(|_| RecipientError::Checksum)?;
        Ok(Self(text.into()))
    }
}

impl fmt::Display for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How a secret key starts.
const SECRET: &str = "AGE-SECRET-KEY-";

/// Holds the secret keys of one or more recipients. Without `Debug`.
#[derive(Clone)]
pub struct Opener(Vec<x25519::Identity>);

impl Opener {
    /// Reads what `age-keygen` writes: one identity per line, comments between them.
    ///
    /// # Errors
    /// A line is no identity, or there is none.
    pub fn parse(text: &str) -> Result<Self, KeyFileError> {
        if text.trim_start().starts_with(super::text::BEGIN) {
            return Err(KeyFileError::Encrypted);
        }
        let mut identities = Vec::new();
        for (at, line) in text.lines().enumerate() {
            let line = line.trim();
            if !line.is_empty() && !line.starts_with('#') {
                identities.push(line.parse().map_err(|_| KeyFileError::Line { line: at + 1 })?);
            }
        }
        if identities.is_empty() { Err(KeyFileError::Empty) } else { Ok(Self(identities)) }
    }

    /// For whom it opens, in the order of the file.
    pub fn recipients(&self) -> Vec<Recipient> {
        self.0.iter().map(|identity| Recipient(identity.to_public().to_string().into())).collect()
    }

    /// Opens a value, if it was sealed for this place or for one of its former names.
    ///
    /// # Errors
    /// It was sealed for another place or other keys, is damaged, or of a newer release.
    pub fn open(&self, sealed: &Sealed, place: &Place, former: &[Place]) -> Result<Opened, OpenError> {
        let bytes = sealed.bytes().map_err(|_| OpenError::Damaged)?;
        let decryptor = age::Decryptor::new_buffered(&bytes[..]).map_err(|error| cause(&error))?;
        let identities = self.0.iter().map(|identity| identity as &dyn age::Identity);
        let reader = decryptor.decrypt(identities).map_err(|error| cause(&error))?;
        let mut plaintext = Zeroizing::new(Vec::with_capacity(envelope::MAX + 1));
        let read = reader.take(envelope::MAX as u64 + 1).read_to_end(&mut plaintext);
        read.map_err(|_| OpenError::Damaged)?;
        let Envelope { place: sealed_for, sealed_at, value } = Envelope::read(&plaintext)?;
        if sealed_for != *place && !former.contains(&sealed_for) {
            return Err(OpenError::WrongPlace { sealed_for });
        }
        Ok(Opened { value, sealed_at, place: sealed_for })
    }
}

fn cause(error: &DecryptError) -> OpenError {
    match error {
        DecryptError::NoMatchingKeys => OpenError::WrongKey,
        _ => OpenError::Damaged,
    }
}
