//! What may be sent: encrypted values that our own strict parser reads and the key opens again to the same bytes.
//!
//! Separate from the keys, since this is the only door: the wire types hold [`Checked`] where the server wants an
//! encrypted value, and nothing else makes one. The server would store anything, and one string that is none makes
//! every member's client fail (`vaultwarden-protocol.md` 1.1).

use serde::{Serialize, Serializer};

use super::{EncString, Error, Key, PrivateKey, PublicKey};

/// The most bytes of a text. Documents are checked against the same number.
pub(super) const LONGEST: usize = crate::spec::LONGEST;

/// An encrypted value that was tried.
#[derive(Clone, PartialEq, Eq)]
pub struct Checked(Box<str>);

impl Checked {
    /// A text under a society's key, or an item's own.
    ///
    /// # Errors
    /// [`Error::TooLong`], and [`Error::NotTheSame`], which nobody has ever seen.
    pub fn text(key: &Key, text: &str) -> Result<Self, Error> {
        if text.len() > LONGEST {
            return Err(Error::TooLong { bytes: text.len() });
        }
        Self::bytes(key, text.as_bytes())
    }

    /// A key under another one: a user's under the stretched master key.
    ///
    /// # Errors
    /// [`Error::NotTheSame`].
    pub fn key(key: &Key, inner: &Key) -> Result<Self, Error> {
        Self::bytes(key, inner.as_bytes())
    }

    /// A private key under the key of its owner.
    ///
    /// # Errors
    /// [`Error::NotTheSame`].
    pub fn private_key(key: &Key, pair: &PrivateKey) -> Result<Self, Error> {
        Self::bytes(key, pair.as_pkcs8())
    }

    /// A society's key for one of its members. Only they could open it again, so this is parsed back alone.
    ///
    /// # Errors
    /// [`Error::NotTheSame`].
    pub fn wrapped(member: &PublicKey, society: &Key) -> Result<Self, Error> {
        Self::read_back(&member.wrap(society)).map(|(_, checked)| checked)
    }

    /// The same for ourselves, opened again too.
    ///
    /// # Errors
    /// [`Error::NotTheSame`].
    pub fn wrapped_for_us(pair: &PrivateKey, society: &Key) -> Result<Self, Error> {
        let (value, checked) = Self::read_back(&pair.public().wrap(society))?;
        let same = pair.unwrap(&value).is_ok_and(|opened| opened.as_bytes() == society.as_bytes());
        if same { Ok(checked) } else { Err(Error::NotTheSame) }
    }

    /// A value that the server holds and that goes back as it is, beside one that changes.
    ///
    /// # Errors
    /// As [`Key::decrypt`]: what nobody can open is not sent again.
    pub fn again(key: &Key, value: &EncString) -> Result<Self, Error> {
        key.decrypt_bytes(value).map(|_| Self(value.to_string().into()))
    }

    fn bytes(key: &Key, plain: &[u8]) -> Result<Self, Error> {
        let (value, checked) = Self::read_back(&key.encrypt_bytes(plain))?;
        let same = key.decrypt_bytes(&value).is_ok_and(|opened| opened.expose() == plain);
        if same { Ok(checked) } else { Err(Error::NotTheSame) }
    }

    fn read_back(value: &EncString) -> Result<(EncString, Self), Error> {
        let text = value.to_string();
        let read = text.parse().map_err(|_| Error::NotTheSame)?;
        Ok((read, Self(text.into())))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Serialize for Checked {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}
