//! Who signed, and why a signature is none.

use std::fmt;

use chrono::{DateTime, Utc};

use super::pattern::Patterns;
use crate::revision::ObjectId;

/// Whom the keys of forges speak for, which sign what was made on their pages, whoever did it there: for example
/// `noreply@github.com`, GitHub's "web-flow".
const FORGES: [&str; 3] = ["noreply@", "no-reply@", "web-flow@"];

/// Who signed a commit: the holder of a key that the trust names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signer {
    /// The key's fingerprint.
    key: String,
    identities: Vec<Identity>,
}

/// Whom a key speaks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Identity {
    /// Everybody whom the list of allowed signers means by this.
    Patterns(Patterns),
    /// One address. Its holder wrote it into the key, so `*` in it is no pattern.
    Address(String),
}

impl Signer {
    pub(super) fn new(key: String, identities: Vec<Identity>) -> Self {
        Self { key, identities }
    }

    /// As whoever stands behind this commit.
    pub fn voucher(&self, commit: ObjectId) -> Voucher {
        Voucher { commit, key: Some(self.key.clone()), name: self.to_string() }
    }

    /// Whether the key speaks for somebody: an address, or the fingerprint of the key.
    pub fn is(&self, who: &str) -> bool {
        let fits = |identity: &Identity| match identity {
            Identity::Patterns(patterns) => patterns.fit(who),
            Identity::Address(address) => address.eq_ignore_ascii_case(who),
        };
        self.key.eq_ignore_ascii_case(who) || self.identities.iter().any(fits)
    }

    /// Whether it is the key of a forge, which signs for whoever used its pages: it proves where a commit was made, not who
    /// stands behind it, and is nobody's second person.
    pub fn is_forge(&self) -> bool {
        let is_forge = |address: &str| FORGES.iter().any(|forge| address.starts_with(forge));
        self.identities.iter().any(|identity| match identity {
            Identity::Patterns(patterns) => patterns.iter().any(is_forge),
            Identity::Address(address) => is_forge(address),
        })
    }

    /// Whether two signatures are of one person: by one key, or by two that are listed for the same.
    pub fn is_same_person(&self, other: &Self) -> bool {
        self.key == other.key || self.identities.iter().any(|identity| other.identities.contains(identity))
    }
}

/// For whom the key speaks, for people.
impl fmt::Display for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.identities.first() {
            Some(Identity::Patterns(patterns)) => write!(f, "{patterns}"),
            Some(Identity::Address(address)) => f.write_str(address),
            None => f.write_str(&self.key),
        }
    }
}

/// Who stands behind a commit, as it is recorded.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Voucher {
    /// Which commit.
    pub commit: ObjectId,
    /// The fingerprint of the key that signed for it; none: nobody has to sign, and the name is only claimed.
    pub key: Option<String>,
    /// For whom that key speaks, or who wrote the commit.
    pub name: String,
}

/// Why nobody vouches for a commit. Reads on after "commit 0123 …".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unverified {
    /// It has no signature.
    #[error("is not signed")]
    Unsigned,
    /// It is too large to be read.
    #[error("is larger than any that a person makes, so that its signature was not read")]
    Oversized,
    /// A signature of another kind.
    #[error("has a signature that is neither of OpenSSH nor of OpenPGP")]
    UnknownFormat,
    /// The signature cannot be read.
    #[error("has a signature that cannot be read, or is made with SHA-1")]
    Malformed,
    /// For something else than Git.
    #[error("has a signature for `{found}`, not for `git`")]
    Namespace {
        /// What for.
        found: String,
    },
    /// By a key that nobody named.
    #[error("is signed by {key}, which is not among the allowed signers")]
    UnknownKey {
        /// Its fingerprint, or what the signature says of it.
        key: String,
    },
    /// The mathematics are wrong: the commit is not what was signed.
    #[error("has a signature of {key} that does not fit its content")]
    Forged {
        /// The key that the signature claims.
        key: String,
    },
    /// A hash that can be made to collide.
    #[error("is signed over the hash {hash}, which can be forged")]
    WeakHash {
        /// Which one.
        hash: String,
    },
    /// A key that can be broken.
    #[error("is signed by {key}, an old or short kind of key that can be broken")]
    WeakKey {
        /// Which one.
        key: String,
    },
    /// Nobody touched the security key.
    #[error("is signed by the security key {key} without its touch")]
    Untouched {
        /// Which one.
        key: String,
    },
    /// A key for other purposes.
    #[error("is signed by {key}, which is not meant for signing commits")]
    NotForGit {
        /// Which one.
        key: String,
    },
    /// Before the key was valid.
    #[error("is signed by {key}, which was valid only from {since}", since = since.format("%Y-%m-%d %H:%M UTC"))]
    NotYetValid {
        /// Which one.
        key: String,
        /// From when on.
        since: DateTime<Utc>,
    },
    /// After the key's end.
    #[error("is signed by {key}, which was valid only until {until}", until = until.format("%Y-%m-%d %H:%M UTC"))]
    Expired {
        /// Which one.
        key: String,
        /// Until when.
        until: DateTime<Utc>,
    },
    /// The key was taken back.
    #[error("is signed by {key}, which was revoked")]
    Revoked {
        /// Which one.
        key: String,
    },
    /// The key does not say of itself that it is one.
    #[error("is signed by {key}, whose own certification is missing or not sound")]
    Uncertified {
        /// Which one.
        key: String,
    },
    /// The signature itself was made for a time only.
    #[error("has a signature that was valid only until {until}", until = until.format("%Y-%m-%d %H:%M UTC"))]
    Lapsed {
        /// Until when.
        until: DateTime<Utc>,
    },
    /// The signature is from the future.
    #[error("has a signature that is dated in the future, {at}", at = at.format("%Y-%m-%d %H:%M UTC"))]
    Future {
        /// When it claims to be made.
        at: DateTime<Utc>,
    },
}
