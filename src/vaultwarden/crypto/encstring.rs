//! Encrypted values as the server keeps them: `2.<IV>|<ciphertext>|<MAC>` and its kin, parsed strictly.
//!
//! Separate from the keys: what is well-formed is known without any. Invariant: `parse` then `to_string` gives the very
//! same text, so nothing that passes is read differently by anybody else.

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Of AES.
pub(super) const BLOCK: usize = 16;
/// Of a 2048-bit RSA key: the size that all clients make.
pub(super) const RSA_BYTES: usize = 256;

/// One encrypted value.
#[derive(Clone, PartialEq, Eq)]
pub enum EncString {
    /// Type 0: AES-256-CBC without a MAC, from the first years. Known, so that it is not taken for rubbish; opened by
    /// nobody, since whoever stores it could change what it says.
    AesCbc {
        /// Initialisation vector.
        iv: [u8; BLOCK],
        /// Whole blocks, at least one.
        data: Vec<u8>,
    },
    /// Type 2: AES-256-CBC with HMAC-SHA256 over IV and ciphertext.
    AesCbcHmac {
        /// Initialisation vector.
        iv: [u8; BLOCK],
        /// Whole blocks, at least one.
        data: Vec<u8>,
        /// What authenticates both.
        mac: [u8; 32],
    },
    /// Type 4: RSA-OAEP with SHA-1, for a key of 2048 bits.
    RsaOaep {
        /// The wrapped key.
        data: Box<[u8; RSA_BYTES]>,
    },
}

/// Why a text is no encrypted value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// Not `<number>.<…>`.
    #[error("it does not begin with a type such as `2.`")]
    NoType,
    /// A type that clients do not write for this server.
    #[error("its type is none of 0, 2 and 4")]
    UnknownType,
    /// Too many or too few parts.
    #[error("it has not as many parts as its type demands")]
    Parts,
    /// Not Base64 with padding, or one of its other spellings.
    #[error("a part of it is not Base64")]
    Base64,
    /// A part that is too long or too short.
    #[error("a part of it has not the length that its type demands")]
    Length,
}

impl EncString {
    /// The number before the dot.
    pub fn number(&self) -> u8 {
        match self {
            Self::AesCbc { .. } => 0,
            Self::AesCbcHmac { .. } => 2,
            Self::RsaOaep { .. } => 4,
        }
    }
}

impl FromStr for EncString {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let (number, rest) = text.split_once('.').ok_or(Malformed::NoType)?;
        let parts: Vec<&str> = rest.split('|').collect();
        match (number, parts.as_slice()) {
            ("0", [iv, data]) => Ok(Self::AesCbc { iv: exactly(iv)?, data: blocks(data)? }),
            ("2", [iv, data, mac]) => {
                Ok(Self::AesCbcHmac { iv: exactly(iv)?, data: blocks(data)?, mac: exactly(mac)? })
            }
            ("4", [data]) => Ok(Self::RsaOaep { data: Box::new(exactly(data)?) }),
            ("0" | "2" | "4", _) => Err(Malformed::Parts),
            (number, _) if number.parse::<u8>().is_ok() => Err(Malformed::UnknownType),
            _ => Err(Malformed::NoType),
        }
    }
}

impl fmt::Display for EncString {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.", self.number())?;
        match self {
            Self::AesCbc { iv, data } => write!(f, "{}|{}", STANDARD.encode(iv), STANDARD.encode(data)),
            Self::AesCbcHmac { iv, data, mac } => {
                write!(f, "{}|{}|{}", STANDARD.encode(iv), STANDARD.encode(data), STANDARD.encode(mac))
            }
            Self::RsaOaep { data } => f.write_str(&STANDARD.encode(data.as_slice())),
        }
    }
}

impl fmt::Debug for EncString {
    /// Its type alone: nobody is helped by the rest.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EncString({}.…)", self.number())
    }
}

/// The engine takes one spelling only: with padding, and no bit set that is not read.
fn decode(text: &str) -> Result<Vec<u8>, Malformed> {
    STANDARD.decode(text).map_err(|_| Malformed::Base64)
}

fn exactly<const BYTES: usize>(text: &str) -> Result<[u8; BYTES], Malformed> {
    decode(text)?.try_into().map_err(|_| Malformed::Length)
}

fn blocks(text: &str) -> Result<Vec<u8>, Malformed> {
    let data = decode(text)?;
    if data.is_empty() || data.len() % BLOCK != 0 { Err(Malformed::Length) } else { Ok(data) }
}
