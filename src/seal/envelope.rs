//! What is encrypted: the place, when it was sealed, the value, and as many zeros as hide its length.
//!
//! ```text
//! keyforge-sealed/1
//! place: acme/chess/bank#value
//! sealedAt: 2026-11-28T19:30:00Z
//! bytes: 7
//!
//! hunter2␀␀␀␀…
//! ```
//!
//! Text, so that `age --decrypt` shows a person what a value is for when Keyforge is gone. Invariant: one envelope has one
//! spelling; what is spelled otherwise is not ours.

use chrono::{DateTime, SecondsFormat, Utc};
use zeroize::Zeroizing;

use super::error::OpenError;
use super::place::Place;
use crate::redacted::Redacted;

/// The first line up to the version.
const NAME: &str = "keyforge-sealed/";
const VERSION: u32 = 1;

/// What it is padded to: the first of these that it fits into. So of a value of up to about 150 bytes nobody learns the length.
const LENGTHS: [usize; 6] = [256, 512, 1024, 2048, 4096, 8192];

pub(super) struct Envelope {
    pub place: Place,
    /// In whole seconds.
    pub sealed_at: DateTime<Utc>,
    pub value: Redacted<String>,
}

/// Whether an envelope can have so many bytes.
pub(super) fn is_length(bytes: usize) -> bool {
    LENGTHS.contains(&bytes)
}

/// The most bytes of an envelope.
pub(super) const MAX: usize = LENGTHS[LENGTHS.len() - 1];

impl Envelope {
    /// Its one spelling.
    pub(super) fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let Self { place, sealed_at, value } = self;
        let sealed_at = sealed_at.to_rfc3339_opts(SecondsFormat::Secs, true);
        let value = value.expose().as_bytes();
        let head =
            format!("{NAME}{VERSION}\nplace: {place}\nsealedAt: {sealed_at}\nbytes: {}\n\n", value.len());
        let used = head.len() + value.len();
        let padded = LENGTHS.into_iter().find(|length| used <= *length);
        // Made in one piece: a vector that grows leaves copies behind.
        let mut bytes = Zeroizing::new(Vec::with_capacity(padded.unwrap_or(used)));
        bytes.extend_from_slice(head.as_bytes());
        bytes.extend_from_slice(value);
        bytes.resize(padded.unwrap_or(used), 0);
        bytes
    }

    pub(super) fn read(bytes: &[u8]) -> Result<Self, OpenError> {
        let (name, _) = line(bytes).ok_or(OpenError::Foreign)?;
        let version = name.strip_prefix(NAME).and_then(|version| version.parse::<u32>().ok());
        match version {
            Some(VERSION) => {}
            Some(version) => return Err(OpenError::Version { version }),
            None => return Err(OpenError::Foreign),
        }
        let envelope = Self::fields(bytes).ok_or(OpenError::Foreign)?;
        if *envelope.to_bytes() == bytes { Ok(envelope) } else { Err(OpenError::Foreign) }
    }

    fn fields(bytes: &[u8]) -> Option<Self> {
        let (_, rest) = line(bytes)?;
        let (place, rest) = line(rest)?;
        let (sealed_at, rest) = line(rest)?;
        let (length, rest) = line(rest)?;
        let (_, rest) = line(rest)?;
        let length: usize = length.strip_prefix("bytes: ")?.parse().ok()?;
        let value = std::str::from_utf8(rest.get(..length)?).ok()?;
        let sealed_at = DateTime::parse_from_rfc3339(sealed_at.strip_prefix("sealedAt: ")?).ok()?;
        Some(Self {
            place: place.strip_prefix("place: ")?.parse().ok()?,
            sealed_at: sealed_at.to_utc(),
            value: Redacted::new(value.to_owned()),
        })
    }
}

/// The first line, and what follows its end.
fn line(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    Some((std::str::from_utf8(&bytes[..end]).ok()?, &bytes[end + 1..]))
}
