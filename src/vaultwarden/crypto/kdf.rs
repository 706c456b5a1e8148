//! From address and password to keys, as clients derive them when a person logs in.
//!
//! Used for our own account alone, and only where the server asks for the password itself: registration, a new password,
//! and a log-in when nothing else is left.

use std::num::NonZeroU32;

use argon2::{Algorithm, Argon2, Params, Version};
use aws_lc_rs::{hkdf, pbkdf2};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::{Error, Key};
use crate::redacted::Redacted;

/// How a password becomes a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kdf {
    /// PBKDF2 with HMAC-SHA256.
    Pbkdf2 {
        /// Rounds.
        iterations: u32,
    },
    /// Argon2id, version 1.3. Ours never have it; people's accounts may, and the tests' people do.
    Argon2id {
        /// Passes.
        iterations: u32,
        /// In MiB.
        memory: u32,
        /// Lanes.
        parallelism: u32,
    },
}

impl Kdf {
    /// That of our own accounts, which is the clients' default: an operator may then log in with a genuine client.
    pub const OURS: Self = Self::Pbkdf2 { iterations: 600_000 };

    /// The master key of an account. Takes 70 to 100 ms of computing with what clients use.
    ///
    /// # Errors
    /// [`Error::Kdf`] outside of what both server and clients accept: with less, a client refuses to log in.
    pub fn master_key(self, address: &str, password: &Redacted<String>) -> Result<MasterKey, Error> {
        let salt = address.trim().to_lowercase();
        let password = password.expose().as_bytes();
        let mut key = Zeroizing::new([0; 32]);
        match self {
            Self::Pbkdf2 { iterations: rounds @ 5_000..=2_000_000 } => {
                let rounds = NonZeroU32::new(rounds).expect("at least 5,000");
                pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, rounds, salt.as_bytes(), password, &mut *key);
            }
            Self::Argon2id { iterations: 2..=10, memory: 16..=1024, parallelism: 1..=16 } => {
                let params = self.argon2().ok_or(Error::Kdf)?;
                let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
                let salt = Sha256::digest(salt);
                argon.hash_password_into(password, &salt, &mut *key).map_err(|_| Error::Kdf)?;
            }
            Self::Pbkdf2 { .. } | Self::Argon2id { .. } => return Err(Error::Kdf),
        }
        Ok(MasterKey(key))
    }

    fn argon2(self) -> Option<Params> {
        let Self::Argon2id { iterations, memory, parallelism } = self else { return None };
        Params::new(memory * 1024, iterations, parallelism, Some(32)).ok()
    }
}

/// What a password is stretched to. It opens nothing itself.
pub struct MasterKey(Zeroizing<[u8; 32]>);

impl MasterKey {
    /// What the server gets in place of the password.
    pub fn password_hash(&self, password: &Redacted<String>) -> Redacted<String> {
        let mut hash = Zeroizing::new([0; 32]);
        let salt = password.expose().as_bytes();
        pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, NonZeroU32::MIN, salt, &*self.0, &mut *hash);
        STANDARD.encode(*hash).into()
    }

    /// The key that encrypts the user's key.
    pub fn stretched(&self) -> Key {
        let halves = [expand(&*self.0, "enc"), expand(&*self.0, "mac")].map(|half| *half);
        Key::from_bytes(&Zeroizing::new(halves.concat())).expect("two halves of 32 bytes")
    }
}

/// HKDF-Expand with SHA-256 to 32 bytes, without the step before it.
pub(super) fn expand(key: &[u8], info: &str) -> Zeroizing<[u8; 32]> {
    let key = hkdf::Prk::new_less_safe(hkdf::HKDF_SHA256, key);
    let mut out = Zeroizing::new([0; 32]);
    key.expand(&[info.as_bytes()], hkdf::HKDF_SHA256)
        .and_then(|okm| okm.fill(&mut *out))
        .expect("32 bytes are no more than HKDF gives");
    out
}
