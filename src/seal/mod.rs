//! Sealed values: secrets that may stand in Git, since only the daemon opens them, and only where they belong.
//!
//! ```text
//! value, place, now ─envelope→ plaintext of a padded length ─age, to each recipient→ Sealed (armored text)
//! Sealed, identities, place ─age→ envelope ─is it this place?→ Opened (value, since when)
//! ```
//!
//! Separate from `spec`, which knows where in a document such a text stands, and from whoever holds the keys. Invariants: a
//! value leaves as [`Redacted`] and no error quotes one; a text that was moved does not open; nothing
//! here reads a file or a clock.

mod envelope;
mod error;
mod keys;
mod place;
mod text;

pub use error::{KeyFileError, OpenError, SealError, SealedError};
pub use keys::{Opener, Recipient, RecipientError};
pub use place::{Place, PlaceError, Slot};
pub use text::Sealed;

use std::io::Write as _;

use age::armor::{ArmoredWriter, Format};
use chrono::{DateTime, SubsecRound as _, Utc};

use self::envelope::Envelope;
use crate::redacted::Redacted;

/// The longest value, in bytes: as much as VaultWarden takes as one encrypted field, with room to spare.
pub const MAX_VALUE: usize = 5000;

/// A value that was opened.
pub struct Opened {
    /// It.
    pub value: Redacted<String>,
    /// When it was sealed; re-sealing for other keys leaves that as it is.
    pub sealed_at: DateTime<Utc>,
    /// Where it was sealed for: the place that was asked about, or a former name of it.
    pub place: Place,
}

/// Seals a value, so that the holder of any of the keys can open it, for this place alone.
///
/// # Errors
/// The value is empty or too long, or there is nobody who could open it.
pub fn seal(
    value: Redacted<String>,
    place: &Place,
    sealed_at: DateTime<Utc>,
    recipients: &[Recipient],
) -> Result<Sealed, SealError> {
    match value.expose().len() {
        0 => return Err(SealError::Empty),
        length if length > MAX_VALUE => return Err(SealError::TooLong),
        _ if recipients.is_empty() => return Err(SealError::NoRecipient),
        _ => {}
    }
    let envelope = Envelope { place: place.clone(), sealed_at: sealed_at.trunc_subsecs(0), value };
    let keys: Vec<_> = recipients.iter().map(Recipient::key).collect();
    let encryptor = age::Encryptor::with_recipients(keys.iter().map(|key| key as &dyn age::Recipient))
        .expect("keys of one kind, and at least one");
    let written = || -> std::io::Result<Vec<u8>> {
        let armored = ArmoredWriter::wrap_output(Vec::new(), Format::AsciiArmor)?;
        let mut writer = encryptor.wrap_output(armored)?;
        writer.write_all(&envelope.to_bytes())?;
        writer.finish()?.finish()
    };
    let text = written().expect("writing to memory does not fail");
    let text = String::from_utf8(text).expect("armor is ASCII");
    Ok(text.parse().expect("what age wrote has the shape of what it reads"))
}

#[cfg(test)]
mod tests;
