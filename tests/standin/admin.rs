//! The token of the admin interface: a login with it shows that the token is what one thinks.

use argon2::Argon2;
use argon2::password_hash::PasswordVerifier;
use argon2::password_hash::phc::{Error, PasswordHash};

/// What `ADMIN_TOKEN` means.
#[derive(Clone)]
pub(crate) enum Admin {
    /// Not set: no admin interface.
    Disabled,
    /// The token's Argon2 hash.
    Hash(String),
    /// Anything else is the token itself.
    Plain(String),
}

impl Admin {
    pub(crate) fn read(text: &str) -> Result<Self, Error> {
        if text.trim().is_empty() {
            Ok(Self::Disabled)
        } else if text.starts_with("$argon2") {
            PasswordHash::new(text).map(|_| Self::Hash(text.to_owned()))
        } else {
            Ok(Self::Plain(text.trim().to_owned()))
        }
    }

    pub(crate) fn is_plain(&self) -> bool {
        matches!(self, Self::Plain(_))
    }

    pub(crate) fn is_disabled(&self) -> bool {
        matches!(self, Self::Disabled)
    }

    pub(crate) fn accepts(&self, token: &str) -> bool {
        let token = token.trim();
        match self {
            Self::Disabled => false,
            Self::Plain(expected) => token == expected,
            Self::Hash(hash) => PasswordHash::new(hash)
                .is_ok_and(|hash| Argon2::default().verify_password(token.as_bytes(), &hash).is_ok()),
        }
    }
}
