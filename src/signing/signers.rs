//! A set of keys that may sign, and who of them signed a commit.

use chrono::{DateTime, Utc};
use pgp::composed::SignedPublicKey;

use super::allowed_signers::{self, AllowedKey, LineError};
use super::commit::{Commit, Signature};
use super::openpgp::{self, KeyError};
use super::signer::{Signer, Unverified};
use super::ssh;

/// The keys that may sign.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Signers {
    ssh: Vec<AllowedKey>,
    openpgp: Vec<SignedPublicKey>,
}

/// A key that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignersError {
    /// A line of the list of OpenSSH keys.
    #[error(transparent)]
    Line(#[from] LineError),
    /// One of the OpenPGP keys.
    #[error("key {number} {why}")]
    OpenPgp {
        /// Which one, from 0.
        number: usize,
        /// What is wrong with it.
        why: KeyError,
    },
}

impl Signers {
    /// From a list in the format of ssh-keygen(1), "ALLOWED SIGNERS", and armored OpenPGP keys; with all that is wrong.
    pub fn read(allowed_signers: &str, openpgp: &[String]) -> (Self, Vec<SignersError>) {
        let (ssh, mistakes) = allowed_signers::parse(allowed_signers);
        let mut mistakes: Vec<SignersError> = mistakes.into_iter().map(SignersError::Line).collect();
        let mut keys = Vec::new();
        for (number, armor) in openpgp.iter().enumerate() {
            match openpgp::parse(armor) {
                Ok(read) => keys.extend(read),
                Err(why) => mistakes.push(SignersError::OpenPgp { number, why }),
            }
        }
        (Self { ssh, openpgp: keys }, mistakes)
    }

    /// From one text that has both: armored blocks may stand between the lines.
    pub fn read_file(text: &str) -> (Self, Vec<SignersError>) {
        let mut lines = String::new();
        let mut armored: Vec<String> = Vec::new();
        let mut inside = false;
        for line in text.lines() {
            if line.starts_with("-----BEGIN PGP") {
                inside = true;
                armored.push(String::new());
            }
            match armored.last_mut().filter(|_| inside) {
                Some(block) => {
                    block.push_str(line);
                    block.push('\n');
                }
                None => lines.push_str(line),
            }
            inside &= !line.starts_with("-----END PGP");
            // Also for a line of a block, so that the numbers of the others hold.
            lines.push('\n');
        }
        Self::read(&lines, &armored)
    }

    /// Whether nobody may sign.
    pub fn is_empty(&self) -> bool {
        self.ssh.is_empty() && self.openpgp.is_empty()
    }

    /// Whose keys count now.
    pub(super) fn valid(&self, now: DateTime<Utc>) -> impl Iterator<Item = Signer> {
        let ssh = self.ssh.iter().filter_map(move |line| ssh::signer(line, now));
        ssh.chain(self.openpgp.iter().filter_map(move |key| openpgp::signer(key, now)))
    }

    /// Who signed a commit, which is not believed to be older than `oldest`.
    pub fn signer_of(
        &self,
        commit: &Commit,
        oldest: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> Result<Signer, Unverified> {
        let oldest = oldest.unwrap_or(DateTime::<Utc>::MIN_UTC);
        let (armor, payload) = match &commit.signature {
            Signature::Present { armor, payload } => (armor.trim(), payload),
            Signature::Missing => return Err(Unverified::Unsigned),
            Signature::Oversized => return Err(Unverified::Oversized),
        };
        if armor.starts_with("-----BEGIN SSH SIGNATURE-----") {
            // An OpenSSH signature has no date. That of the commit is only claimed, but never later than now.
            ssh::verify(armor, payload, &self.ssh, commit.committed_at.max(oldest).min(now))
        } else if armor.starts_with("-----BEGIN PGP SIGNATURE-----") {
            openpgp::verify(armor, payload, &self.openpgp, oldest, now)
        } else {
            Err(Unverified::UnknownFormat)
        }
    }
}
