//! Signatures in the format of OpenSSH (`ssh-keygen -Y sign`), as `git commit -S` makes them with `gpg.format=ssh`.

use chrono::{DateTime, Utc};
use ssh_key::public::KeyData;
use ssh_key::{Algorithm, HashAlg, PublicKey, SshSig};

use super::allowed_signers::AllowedKey;
use super::signer::{Identity, Signer, Unverified};

/// What Git signs for. A signature for anything else says nothing about a commit.
const NAMESPACE: &str = "git";

/// Below this a modulus can be factored, or soon will be.
const MIN_RSA_BITS: usize = 2048;

/// Set by a security key when a person touched it.
const USER_PRESENT: u8 = 1;

/// A key whose signatures say nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WeakKey {
    /// Too short.
    #[error("the RSA key has {bits} bits; at least {MIN_RSA_BITS} are asked for")]
    Short {
        /// What it has.
        bits: usize,
    },
    /// Of a kind that is not verified.
    #[error(
        "a key of kind `{kind}` is not supported; allowed are `ssh-ed25519`, `ecdsa-sha2-*`, `ssh-rsa`, `sk-*`"
    )]
    Kind {
        /// As OpenSSH calls it.
        kind: String,
    },
}

/// Whether signatures of a key are worth anything.
pub(super) fn check(key: &KeyData) -> Result<(), WeakKey> {
    match key {
        KeyData::Rsa(rsa) => {
            let bytes = rsa.n.as_positive_bytes().unwrap_or_default();
            let bits = bytes.first().map_or(0, |first| bytes.len() * 8 - first.leading_zeros() as usize);
            if bits < MIN_RSA_BITS { Err(WeakKey::Short { bits }) } else { Ok(()) }
        }
        KeyData::Ed25519(_) | KeyData::Ecdsa(_) | KeyData::SkEd25519(_) | KeyData::SkEcdsaSha2NistP256(_) => {
            Ok(())
        }
        other => Err(WeakKey::Kind { kind: other.algorithm().to_string() }),
    }
}

/// Who made a signature over a commit that was made at `at`.
pub(super) fn verify(
    armor: &str,
    payload: &[u8],
    allowed: &[AllowedKey],
    at: DateTime<Utc>,
) -> Result<Signer, Unverified> {
    // Signatures over SHA-1 do not even parse.
    let signature = SshSig::from_pem(armor).map_err(|_| Unverified::Malformed)?;
    if signature.version() != SshSig::VERSION {
        return Err(Unverified::Malformed);
    }
    if signature.namespace() != NAMESPACE {
        return Err(Unverified::Namespace { found: signature.namespace().to_owned() });
    }
    let key = signature.public_key();
    let fingerprint = key.fingerprint(HashAlg::Sha256).to_string();
    let listed: Vec<&AllowedKey> = allowed.iter().filter(|allowed| allowed.key == *key).collect();
    if listed.is_empty() {
        return Err(Unverified::UnknownKey { key: fingerprint });
    }
    PublicKey::from(key.clone())
        .verify(NAMESPACE, payload, &signature)
        .map_err(|_| Unverified::Forged { key: fingerprint.clone() })?;
    if matches!(signature.algorithm(), Algorithm::SkEd25519 | Algorithm::SkEcdsaSha2NistP256) {
        let flags = signature.signature_bytes().iter().rev().nth(4).copied().unwrap_or_default();
        if flags & USER_PRESENT == 0 {
            return Err(Unverified::Untouched { key: fingerprint });
        }
    }

    let mut refused = None;
    let valid = listed.into_iter().filter(|line| match counts(line, at, &fingerprint) {
        Ok(()) => true,
        Err(why) => {
            refused.get_or_insert(why);
            false
        }
    });
    let identities: Vec<Identity> = valid.map(|line| Identity::Patterns(line.principals.clone())).collect();
    match refused {
        Some(why) if identities.is_empty() => Err(why),
        _ => Ok(Signer::new(fingerprint, identities)),
    }
}

/// For whom a line lets its key sign now.
pub(super) fn signer(line: &AllowedKey, now: DateTime<Utc>) -> Option<Signer> {
    let fingerprint = line.key.fingerprint(HashAlg::Sha256).to_string();
    counts(line, now, &fingerprint).ok()?;
    Some(Signer::new(fingerprint, vec![Identity::Patterns(line.principals.clone())]))
}

/// Whether a line lets its key sign commits at this time.
fn counts(line: &AllowedKey, at: DateTime<Utc>, key: &str) -> Result<(), Unverified> {
    let key = || key.to_owned();
    if line.namespaces.as_ref().is_some_and(|namespaces| !namespaces.fit(NAMESPACE)) {
        return Err(Unverified::NotForGit { key: key() });
    }
    if let Some(since) = line.valid_after.filter(|since| at < *since) {
        return Err(Unverified::NotYetValid { key: key(), since });
    }
    if let Some(until) = line.valid_before.filter(|until| at > *until) {
        return Err(Unverified::Expired { key: key(), until });
    }
    Ok(())
}
