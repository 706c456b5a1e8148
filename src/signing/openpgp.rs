//! Signatures of OpenPGP, as `git commit -S` makes them by default.
//!
//! The library checks the mathematics only. What makes a signature count is checked here: that hash and key cannot be
//! forged, that the key certifies itself, that a subkey belongs to it in both directions and may sign, that nothing was
//! revoked, and that the signature was made while the key was valid. A revoked key counts for nothing, also not for what it
//! signed before: who has stolen it can date a signature as they like.

use chrono::{DateTime, TimeDelta, Utc};
use pgp::composed::{Deserializable as _, DetachedSignature, SignedPublicKey, SignedPublicSubKey};
use pgp::crypto::hash::HashAlgorithm;
use pgp::packet::{Signature, SignatureType, SignatureVersion, SubpacketData};
use pgp::ser::Serialize as _;
use pgp::types::{Duration, Fingerprint, KeyDetails, PublicParams, SignedUser, Tag, Timestamp};

use super::signer::{Identity, Signer, Unverified};

/// Below this a modulus can be factored, or soon will be.
const MIN_RSA_BITS: u16 = 2048;

/// How far clocks may be apart.
const CLOCKS: TimeDelta = TimeDelta::minutes(10);

/// A text is no list of public keys.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Something else.
    #[error("is no armored OpenPGP public key, which begins with `-----BEGIN PGP PUBLIC KEY BLOCK-----`")]
    NotArmored,
    /// A private key, which is now known to all who can read this.
    #[error("is a private key: it is not secret any more")]
    Private,
    /// It is one, and broken.
    #[error("is an OpenPGP public key that cannot be read")]
    Broken,
}

/// Reads the public keys of an armored block.
pub(super) fn parse(armor: &str) -> Result<Vec<SignedPublicKey>, KeyError> {
    let armor = armor.trim();
    if armor.starts_with("-----BEGIN PGP PRIVATE KEY BLOCK-----") {
        return Err(KeyError::Private);
    }
    if !armor.starts_with("-----BEGIN PGP PUBLIC KEY BLOCK-----") {
        return Err(KeyError::NotArmored);
    }
    let (keys, _) = SignedPublicKey::from_string_many(armor).map_err(|_| KeyError::Broken)?;
    let keys = keys.collect::<Result<Vec<_>, _>>().map_err(|_| KeyError::Broken)?;
    if keys.is_empty() { Err(KeyError::Broken) } else { Ok(keys) }
}

/// Who made a signature.
pub(super) fn verify(
    armor: &str,
    payload: &[u8],
    keys: &[SignedPublicKey],
    oldest: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<Signer, Unverified> {
    let signature = only(armor).ok_or(Unverified::Malformed)?;
    if signature.typ() != Some(SignatureType::Binary) {
        return Err(Unverified::Malformed);
    }
    let hash = signature.hash_alg().unwrap_or(HashAlgorithm::None);
    if !is_strong(hash) {
        return Err(Unverified::WeakHash { hash: hash.to_string() });
    }
    let made = signature.created().map(time).ok_or(Unverified::Malformed)?;
    if made > now + CLOCKS {
        return Err(Unverified::Future { at: made });
    }
    if let Some(until) = signature.signature_expiration_time().and_then(|lasts| end(made, lasts))
        && until <= now
    {
        return Err(Unverified::Lapsed { until });
    }
    if !is_sound(&signature, now) {
        return Err(Unverified::Malformed);
    }

    let (key, maker) = keys
        .iter()
        .find_map(|key| Some((key, Maker::of(&signature, key)?)))
        .ok_or_else(|| Unverified::UnknownKey { key: issuer(&signature) })?;
    let name = format!("{:X}", key.fingerprint());
    let fits = match maker {
        Maker::Primary => signature.verify(&key.primary_key, payload),
        Maker::Subkey(subkey) => signature.verify(&subkey.key, payload),
    };
    fits.map_err(|_| Unverified::Forged { key: name.clone() })?;

    let holder = Holder { key, name: &name, made: made.max(oldest.min(now)), now };
    holder.check(&maker)?;
    Ok(Signer::new(name.clone(), holder.addresses().map(Identity::Address).collect()))
}

/// For whom a key may sign now.
pub(super) fn signer(key: &SignedPublicKey, now: DateTime<Utc>) -> Option<Signer> {
    let name = format!("{:X}", key.fingerprint());
    let holder = Holder { key, name: &name, made: now, now };
    let mut makers = std::iter::once(Maker::Primary).chain(key.public_subkeys.iter().map(Maker::Subkey));
    let identities = || holder.addresses().map(Identity::Address).collect();
    makers.any(|maker| holder.check(&maker).is_ok()).then(|| Signer::new(name.clone(), identities()))
}

/// The one signature in an armored block; a second one would be a choice that somebody else makes.
fn only(armor: &str) -> Option<Signature> {
    let (mut signatures, _) = DetachedSignature::from_string_many(armor).ok()?;
    let first = signatures.next()?.ok()?;
    signatures.next().is_none().then_some(first.signature)
}

/// Which part of a key made a signature.
enum Maker<'k> {
    Primary,
    Subkey(&'k SignedPublicSubKey),
}

impl<'k> Maker<'k> {
    /// By what the signature says; whether that is true is for the mathematics to tell.
    fn of(signature: &Signature, key: &'k SignedPublicKey) -> Option<Self> {
        let (ids, fingerprints) = (signature.issuer_key_id(), signature.issuer_fingerprint());
        let named = |fingerprint: Fingerprint, id| {
            if fingerprints.is_empty() { ids.contains(&&id) } else { fingerprints.contains(&&fingerprint) }
        };
        if named(key.primary_key.fingerprint(), key.primary_key.legacy_key_id()) {
            return Some(Self::Primary);
        }
        let mut subkeys = key.public_subkeys.iter();
        subkeys.find(|subkey| named(subkey.fingerprint(), subkey.legacy_key_id())).map(Self::Subkey)
    }
}

/// A key at the time of a signature.
struct Holder<'k> {
    key: &'k SignedPublicKey,
    name: &'k str,
    made: DateTime<Utc>,
    now: DateTime<Utc>,
}

impl<'k> Holder<'k> {
    /// Whether the key, and the part of it that signed, may have signed then.
    fn check(&self, maker: &Maker<'k>) -> Result<(), Unverified> {
        let key = || self.name.to_owned();
        let primary = &self.key.primary_key;
        let is_revoked = self.key.details.revocation_signatures.iter().any(|signature| {
            signature.typ() == Some(SignatureType::KeyRevocation) && signature.verify_key(primary).is_ok()
        });
        if is_revoked {
            return Err(Unverified::Revoked { key: key() });
        }
        let own = self.own_signature().ok_or_else(|| Unverified::Uncertified { key: key() })?;
        self.check_part(primary, own)?;
        let says = match maker {
            Maker::Primary => own,
            Maker::Subkey(subkey) => self.binding(subkey)?,
        };
        if !says.key_flags().sign() {
            return Err(Unverified::NotForGit { key: key() });
        }
        Ok(())
    }

    /// Whether a part of the key is of a safe kind and was valid when the signature was made, by what was `said` of it.
    fn check_part(&self, part: &impl KeyDetails, said: &Signature) -> Result<(), Unverified> {
        let key = || self.name.to_owned();
        if !is_safe(part.public_params()) {
            return Err(Unverified::WeakKey { key: key() });
        }
        let since = time(part.created_at());
        if self.made < since {
            return Err(Unverified::NotYetValid { key: key(), since });
        }
        match said.key_expiration_time().and_then(|lasts| end(since, lasts)) {
            Some(until) if self.made >= until => Err(Unverified::Expired { key: key(), until }),
            _ => Ok(()),
        }
    }

    /// What the key says of itself: the newest sound signature over itself or one of its addresses.
    fn own_signature(&self) -> Option<&'k Signature> {
        let primary = &self.key.primary_key;
        let direct = self.key.details.direct_signatures.iter().filter(|signature| {
            signature.typ() == Some(SignatureType::Key) && signature.verify_key(primary).is_ok()
        });
        direct
            .chain(self.key.details.users.iter().filter_map(|user| self.certification(user)))
            .filter(|signature| is_sound(signature, self.now))
            .max_by_key(|signature| signature.created())
    }

    /// The newest certification of an address by the key itself; none if it was revoked since.
    fn certification(&self, user: &'k SignedUser) -> Option<&'k Signature> {
        let own = user.signatures.iter().filter(|signature| {
            signature.verify_certification(&self.key.primary_key, Tag::UserId, &user.id).is_ok()
        });
        let newest = own
            .filter(|signature| {
                signature.typ() == Some(SignatureType::CertRevocation) || is_sound(signature, self.now)
            })
            .max_by_key(|signature| {
                (signature.created(), signature.typ() == Some(SignatureType::CertRevocation))
            })?;
        (newest.typ() != Some(SignatureType::CertRevocation)).then_some(newest)
    }

    /// What binds a subkey to the key, in both directions.
    fn binding(&self, subkey: &'k SignedPublicSubKey) -> Result<&'k Signature, Unverified> {
        let primary = &self.key.primary_key;
        let bound =
            || subkey.signatures.iter().filter(|by| by.verify_subkey_binding(primary, &subkey.key).is_ok());
        if bound().any(|signature| signature.typ() == Some(SignatureType::SubkeyRevocation)) {
            return Err(Unverified::Revoked { key: self.name.to_owned() });
        }
        let binding = bound()
            .filter(|signature| is_sound(signature, self.now))
            .max_by_key(|signature| signature.created())
            .ok_or_else(|| Unverified::Uncertified { key: self.name.to_owned() })?;
        // Without it, somebody could take another one's signing key for a subkey of theirs.
        let back = binding.embedded_signature().filter(|back| {
            is_sound(back, self.now) && back.verify_primary_key_binding(&subkey.key, primary).is_ok()
        });
        if binding.key_flags().sign() && back.is_none() {
            return Err(Unverified::Uncertified { key: self.name.to_owned() });
        }
        self.check_part(subkey, binding)?;
        Ok(binding)
    }

    /// The addresses that the key certifies.
    fn addresses(&self) -> impl Iterator<Item = String> {
        let users = self.key.details.users.iter().filter(|user| self.certification(user).is_some());
        users.filter_map(|user| {
            let id = user.id.as_str()?;
            let address = id.rsplit_once('<').and_then(|(_, rest)| rest.strip_suffix('>')).unwrap_or(id);
            (!address.is_empty()).then(|| address.to_owned())
        })
    }
}

/// Whether a signature may count at all: its form and hash are of today, it is not from the future, has not expired, and
/// demands nothing that is unknown here.
fn is_sound(signature: &Signature, now: DateTime<Utc>) -> bool {
    let Some(made) = signature.created().map(time) else { return false };
    let ended = |lasts| end(made, lasts).is_some_and(|until| until <= now);
    let unknown = |data: &SubpacketData| {
        matches!(
            data,
            SubpacketData::Experimental(..) | SubpacketData::Other(..) | SubpacketData::Notation(_)
        )
    };
    matches!(signature.version(), SignatureVersion::V4 | SignatureVersion::V6)
        && signature.hash_alg().is_some_and(is_strong)
        && made <= now + CLOCKS
        && !signature.signature_expiration_time().is_some_and(ended)
        && signature.config().is_some_and(|config| {
            !config.hashed_subpackets().any(|packet| packet.is_critical && unknown(&packet.data))
        })
}

fn is_strong(hash: HashAlgorithm) -> bool {
    use HashAlgorithm::{Sha3_256, Sha3_512, Sha224, Sha256, Sha384, Sha512};
    matches!(hash, Sha224 | Sha256 | Sha384 | Sha512 | Sha3_256 | Sha3_512)
}

fn is_safe(key: &PublicParams) -> bool {
    match key {
        PublicParams::RSA(rsa) => {
            // The modulus comes first, with the number of its bits before it.
            let written = rsa.to_bytes().unwrap_or_default();
            written.first_chunk().is_some_and(|bits| u16::from_be_bytes(*bits) >= MIN_RSA_BITS)
        }
        PublicParams::ECDSA(_)
        | PublicParams::EdDSALegacy(_)
        | PublicParams::Ed25519(_)
        | PublicParams::Ed448(_) => true,
        _ => false,
    }
}

/// The key that a signature claims to be of.
fn issuer(signature: &Signature) -> String {
    let fingerprint = signature.issuer_fingerprint().first().map(|fingerprint| format!("{fingerprint:X}"));
    let id = || signature.issuer_key_id().first().map(|id| id.to_string().to_uppercase());
    fingerprint.or_else(id).unwrap_or_else(|| "an OpenPGP key".to_owned())
}

fn time(at: Timestamp) -> DateTime<Utc> {
    DateTime::from_timestamp(i64::from(at.as_secs()), 0).unwrap_or_default()
}

/// When something ends that lasts so long; zero is for ever.
fn end(since: DateTime<Utc>, lasts: Duration) -> Option<DateTime<Utc>> {
    (lasts.as_secs() > 0).then(|| since + TimeDelta::seconds(i64::from(lasts.as_secs())))
}
