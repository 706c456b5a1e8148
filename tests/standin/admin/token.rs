//! The token of the admin interface: a login with it shows that the token is what one thinks.
//!
//! What begins as an Argon2 text is a hash, anything else is the token itself.

use argon2::Argon2;
use argon2::password_hash::PasswordVerifier;
use argon2::password_hash::phc::{Error, PasswordHash};

/// Whether the server starts with this `ADMIN_TOKEN`.
pub(crate) fn check(expected: &str) -> Result<(), Error> {
    if is_hash(expected) { PasswordHash::new(expected).map(|_| ()) } else { Ok(()) }
}

/// Blank means that there is no admin interface.
pub(crate) fn is_set(expected: &str) -> bool {
    !expected.trim().is_empty()
}

pub(crate) fn is_plain(expected: &str) -> bool {
    is_set(expected) && !is_hash(expected)
}

pub(crate) fn accepts(expected: &str, token: &str) -> bool {
    let token = token.trim();
    if is_hash(expected) {
        PasswordHash::new(expected)
            .is_ok_and(|hash| Argon2::default().verify_password(token.as_bytes(), &hash).is_ok())
    } else {
        is_set(expected) && token == expected.trim()
    }
}

fn is_hash(expected: &str) -> bool {
    expected.starts_with("$argon2")
}
