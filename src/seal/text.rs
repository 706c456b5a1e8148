//! The text of a sealed value: an armored age file, and what of it is known without a key.

use std::io::Read as _;
use std::str::FromStr;

use age::armor::ArmoredReader;
use serde::Serialize;
use serde_with::DeserializeFromStr;

use super::envelope;
use super::error::SealedError;

pub(super) const BEGIN: &str = "-----BEGIN AGE ENCRYPTED FILE-----";
pub(super) const END: &str = "-----END AGE ENCRYPTED FILE-----";

/// The longest text, in bytes: the longest value for as many recipients as `keyforge.yaml` may have.
const MAX_TEXT: usize = 65_536;

/// The first line of an age file.
const VERSION: &str = "age-encryption.org/v1";

/// How many letters 32 bytes are in it.
const KEY: usize = 43;

/// What follows the header: a nonce, the envelope, and the tag that makes it whole.
const NONCE_AND_TAG: usize = 16 + 16;

/// Text that `keyforge seal` made. Its shape is known, not what is in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, DeserializeFromStr)]
#[serde(transparent)]
pub struct Sealed(Box<str>);

impl Sealed {
    /// The armored text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// How many keys open it. Which ones, only their holders can tell.
    pub fn keys(&self) -> usize {
        self.bytes().ok().and_then(|bytes| Header::read(&bytes)).map_or(0, |header| header.keys)
    }

    /// A text that is whole, as far as that is seen without a key.
    ///
    /// # Errors
    /// It is no age file, was cut off, or is one that `keyforge seal` did not make.
    pub fn whole(text: &str) -> Result<Self, SealedError> {
        let text = text.trim();
        if !text.starts_with(BEGIN) {
            return Err(SealedError::Shape);
        }
        let bytes = decode(text)?;
        let header = Header::read(&bytes).ok_or(SealedError::Damaged)?;
        if header.keys == 0 {
            return Err(SealedError::Foreign);
        }
        // The lengths of envelopes are few, so most of what is cut off is seen without a key.
        match bytes.len().checked_sub(header.length + NONCE_AND_TAG) {
            Some(length) if envelope::is_length(length) => Ok(Self(text.into())),
            _ => Err(SealedError::Damaged),
        }
    }

    /// The age file in it.
    pub(super) fn bytes(&self) -> Result<Vec<u8>, SealedError> {
        decode(&self.0)
    }
}

/// As it is stored with what was accepted: armored text. A document is read by [`Sealed::whole`], which asks for more.
impl FromStr for Sealed {
    type Err = SealedError;

    fn from_str(text: &str) -> Result<Self, SealedError> {
        let text = text.trim();
        if text.starts_with(BEGIN) && text.ends_with(END) {
            Ok(Self(text.into()))
        } else {
            Err(SealedError::Shape)
        }
    }
}

fn decode(text: &str) -> Result<Vec<u8>, SealedError> {
    if text.len() > MAX_TEXT || !text.ends_with(END) {
        return Err(SealedError::Damaged);
    }
    let mut bytes = Vec::new();
    ArmoredReader::new(text.as_bytes()).read_to_end(&mut bytes).map_err(|_| SealedError::Damaged)?;
    Ok(bytes)
}

/// What an age file says in front of what is encrypted.
struct Header {
    /// In bytes, with the line end.
    length: usize,
    /// Recipients with a key of age.
    keys: usize,
}

impl Header {
    fn read(bytes: &[u8]) -> Option<Self> {
        let mut header = Self { length: 0, keys: 0 };
        let mut inside_key = false;
        loop {
            let rest = &bytes[header.length..];
            let end = rest.iter().position(|byte| *byte == b'\n')?;
            let line = std::str::from_utf8(&rest[..end]).ok()?;
            let is_start = header.length == 0;
            header.length += end + 1;
            // 32 bytes each: the key of the file, sealed for one recipient; the share that opens it; the header's own seal.
            let sound = match (line.split_once(' '), inside_key) {
                _ if is_start => line == VERSION,
                (_, true) => line.len() == KEY,
                (Some(("---", seal)), false) if seal.len() == KEY => return Some(header),
                (Some(("->", stanza)), false) if stanza.starts_with("X25519 ") => {
                    header.keys += 1;
                    stanza.len() == "X25519 ".len() + KEY
                }
                _ => true,
            };
            if !sound {
                return None;
            }
            inside_key = line.starts_with("-> X25519 ");
        }
    }
}
