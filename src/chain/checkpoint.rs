//! Checkpoints: who has a key vouches for a chain up to a record, so that nobody else can make all of it anew.
//!
//! A checkpoint is HMAC-SHA-256 over the installation, its own number, the record's number and digest, and when it was made. Their
//! numbers have no gap, so that none can be taken out but the newest; the newest is kept where who can write to the database
//! cannot (`cluster::anchor`). Invariant: a key leaves this file as what it has made.

use aws_lc_rs::hmac;
use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};

use super::Head;
use crate::digest::Digest;
use crate::names::InstallationId;

/// What a code is of before all else: nothing that is made with the same key for another purpose is taken for one.
const PURPOSE: &str = "keyforge audit checkpoint 1";

/// The least length of a key. What people make up is shorter.
const LEAST: usize = 32;

/// That the chain was whole up to a record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Checkpoint {
    /// Its place among checkpoints, from 1 without a gap.
    pub number: i64,
    /// Up to the record of this number.
    pub record: i64,
    /// The digest of that record.
    pub digest: Digest,
    /// When it was made, to the microsecond.
    pub at: DateTime<Utc>,
    /// The code that only who has the key can make, in hexadecimal.
    pub code: String,
}

/// Keys: the first one makes checkpoints, all of them know those that they made. Without `Debug`.
pub struct Keys {
    first: hmac::Key,
    others: Vec<hmac::Key>,
}

/// The text holds no keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeysError {
    /// There is none.
    #[error("there is no key in it; `openssl rand -hex 32` makes one")]
    None,
    /// A line is too short to be one.
    #[error("the key in line {line} has fewer than {LEAST} characters; `openssl rand -hex 32` makes one")]
    Short {
        /// From 1.
        line: usize,
    },
}

impl Keys {
    /// One key a line, at least 32 characters each, as they stand; empty lines and those with `#` are none.
    ///
    /// # Errors
    /// There is none, or one is too short.
    pub fn parse(text: &str) -> Result<Self, KeysError> {
        let lines = text.lines().enumerate().map(|(at, line)| (at + 1, line.trim()));
        let lines = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
        let mut keys = lines.map(|(line, key)| match key.len() {
            0..LEAST => Err(KeysError::Short { line }),
            _ => Ok(hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes())),
        });
        Ok(Self { first: keys.next().ok_or(KeysError::None)??, others: keys.collect::<Result<_, _>>()? })
    }

    /// Vouches for the chain up to this record, after the checkpoint of the number before.
    pub fn vouch(
        &self,
        installation: &InstallationId,
        number: i64,
        head: Head,
        at: DateTime<Utc>,
    ) -> Checkpoint {
        let mut made =
            Checkpoint { number, record: head.number, digest: head.digest, at, code: String::new() };
        made.code = hex::encode(hmac::sign(&self.first, said(installation, &made).as_bytes()));
        made
    }

    /// Which of these keys made it, for this installation: 0 is the one that makes them now. None: it was none of them.
    pub fn maker(&self, installation: &InstallationId, checkpoint: &Checkpoint) -> Option<usize> {
        let code = hex::decode(&checkpoint.code).ok()?;
        let said = said(installation, checkpoint);
        let mut keys = std::iter::once(&self.first).chain(&self.others);
        keys.position(|key| hmac::verify(key, said.as_bytes(), &code).is_ok())
    }

    /// Whether one of these keys made it, for this installation.
    pub fn made(&self, installation: &InstallationId, checkpoint: &Checkpoint) -> bool {
        self.maker(installation, checkpoint).is_some()
    }
}

/// What the code is of: a line each, none of which can hold the end of a line.
fn said(installation: &InstallationId, checkpoint: &Checkpoint) -> String {
    let Checkpoint { number, record, digest, at, code: _ } = checkpoint;
    let at = at.to_rfc3339_opts(SecondsFormat::Micros, true);
    format!("{PURPOSE}\n{installation}\n{number}\n{record}\n{digest}\n{at}\n")
}

impl Checkpoint {
    /// The record that it is of.
    pub fn head(&self) -> Head {
        Head { number: self.record, digest: self.digest }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(text: &str) -> Keys {
        Keys::parse(text).unwrap_or_else(|error| panic!("{error}"))
    }

    fn installation() -> InstallationId {
        "main".parse().expect("a name")
    }

    #[test]
    fn a_checkpoint_is_what_other_programs_compute() {
        // printf '%s\n' 'keyforge audit checkpoint 1' main 2 7 sha256:ba78…15ad 2026-11-29T12:00:00.000001Z |
        //   openssl dgst -sha256 -hmac "$key"
        let head = Head { number: 7, digest: Digest::of("abc") };
        let at = "2026-11-29T12:00:00.000001Z".parse().expect("a moment");
        let made = keys("keyforge-keyforge-keyforge-keyfo\n").vouch(&installation(), 2, head, at);
        assert_eq!(made.code, "7fc243616124bd8af8819674bace611695a93d1f2014a519f58b85e8cff27c43");
        assert_eq!(made.head(), head);
    }

    #[test]
    fn a_checkpoint_counts_as_it_was_made_for_its_installation_by_one_of_the_keys() {
        let (old, new) = ("o".repeat(32), "n".repeat(32));
        let head = Head { number: 7, digest: Digest::of("abc") };
        let at = "2026-11-29T12:00:00Z".parse().expect("a moment");
        let made = keys(&old).vouch(&installation(), 2, head, at);
        let both = keys(&format!("# since today\n{new}\n\n{old}\n"));
        assert!(keys(&old).made(&installation(), &made) && both.made(&installation(), &made));
        assert!(!keys(&new).made(&installation(), &made));
        assert!(!both.made(&"other".parse().expect("a name"), &made));
        let changes: [fn(&mut Checkpoint); 6] = [
            |made| made.number += 1,
            |made| made.record += 1,
            |made| made.digest = Digest::of("abd"),
            |made| made.at += chrono::TimeDelta::microseconds(1),
            |made| made.code.replace_range(..2, "zz"),
            |made| made.code.clear(),
        ];
        for change in changes {
            let mut changed = made.clone();
            change(&mut changed);
            assert!(!both.made(&installation(), &changed), "{changed:?}");
        }
        let newer = both.vouch(&installation(), 3, head, at);
        assert!(keys(&new).made(&installation(), &newer), "the first one makes them");
    }

    #[test]
    fn what_is_no_key_is_told_by_its_line() {
        let why = |text: &str| Keys::parse(text).err().map(|error| error.to_string()).unwrap_or_default();
        let makes = "`openssl rand -hex 32` makes one";
        assert_eq!(why("# nothing\n"), format!("there is no key in it; {makes}"));
        let short = format!("{}\nhunter2\n", "a".repeat(32));
        assert_eq!(why(&short), format!("the key in line 2 has fewer than 32 characters; {makes}"));
    }
}
