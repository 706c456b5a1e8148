//! RSA pairs: by them a society's key reaches each of its members.
//!
//! OAEP with SHA-1 is what every client reads; its weakness as a hash is none here. Invariant: 2048 bits, as all clients
//! make them, so that no server slips in a weak key or one that only costs time.

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rsa::{
    KeySize, OAEP_SHA1_MGF1SHA1, OaepPrivateDecryptingKey, OaepPublicEncryptingKey, PrivateDecryptingKey,
    PublicEncryptingKey,
};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::encstring::RSA_BYTES;
use super::{EncString, Error, Key};
use crate::redacted::Redacted;

const PAIR: Error = Error::Key("RSA key of 2048 bits in PKCS#8");
const PUBLIC: Error = Error::Key("public RSA key of 2048 bits");

/// Both halves.
pub struct PrivateKey {
    key: OaepPrivateDecryptingKey,
    pkcs8: Zeroizing<Vec<u8>>,
    public: PublicKey,
}

impl PrivateKey {
    /// A new pair. Takes some 50 ms of computing.
    pub fn generate() -> Self {
        let key = PrivateDecryptingKey::generate(KeySize::Rsa2048).expect("a size that can be made");
        let der: Pkcs8V1Der<'_> = key.as_der().expect("a key that was made has this form");
        Self::from_pkcs8(der.as_ref()).expect("a key that was made is sound")
    }

    /// From PKCS#8.
    ///
    /// # Errors
    /// [`Error::Key`].
    pub fn from_pkcs8(der: &[u8]) -> Result<Self, Error> {
        let key = PrivateDecryptingKey::from_pkcs8(der).map_err(|_| PAIR)?;
        let spki: PublicKeyX509Der<'_> = key.public_key().as_der().map_err(|_| PAIR)?;
        let public = PublicKey::from_der(spki.as_ref()).map_err(|_| PAIR)?;
        let key = OaepPrivateDecryptingKey::new(key).map_err(|_| PAIR)?;
        Ok(Self { key, pkcs8: Zeroizing::new(der.to_vec()), public })
    }

    /// In PKCS#8, for the place where it is kept.
    pub fn to_pkcs8(&self) -> Redacted<Vec<u8>> {
        self.pkcs8.to_vec().into()
    }

    pub(super) fn as_pkcs8(&self) -> &[u8] {
        &self.pkcs8
    }

    /// The half for others.
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// The society's key that was wrapped for us.
    ///
    /// # Errors
    /// [`Error::Tampered`] where it was wrapped for somebody else, [`Error::Type`], [`Error::Key`].
    pub fn unwrap(&self, value: &EncString) -> Result<Key, Error> {
        let EncString::RsaOaep { data } = value else {
            return Err(Error::Type { found: value.number(), wanted: 4 });
        };
        let mut room = Zeroizing::new(vec![0; self.key.min_output_size()]);
        let plain = self.key.decrypt(&OAEP_SHA1_MGF1SHA1, data.as_slice(), &mut room, None);
        Key::from_bytes(plain.map_err(|_| Error::Tampered)?)
    }
}

/// The half for others.
pub struct PublicKey {
    key: OaepPublicEncryptingKey,
    der: Box<[u8]>,
}

impl PublicKey {
    /// From SubjectPublicKeyInfo.
    ///
    /// # Errors
    /// [`Error::Key`].
    pub fn from_der(der: &[u8]) -> Result<Self, Error> {
        let key = PublicEncryptingKey::from_der(der).map_err(|_| PUBLIC)?;
        // One spelling: a phrase and a pin are of these bytes.
        let spki: PublicKeyX509Der<'_> = key.as_der().map_err(|_| PUBLIC)?;
        if key.key_size_bytes() != RSA_BYTES || spki.as_ref() != der {
            return Err(PUBLIC);
        }
        Ok(Self { key: OaepPublicEncryptingKey::new(key).map_err(|_| PUBLIC)?, der: der.into() })
    }

    /// From what the server hands out.
    ///
    /// # Errors
    /// [`Error::Key`].
    pub fn from_base64(text: &str) -> Result<Self, Error> {
        Self::from_der(&STANDARD.decode(text).map_err(|_| PUBLIC)?)
    }

    /// As the server wants it.
    pub fn to_base64(&self) -> String {
        STANDARD.encode(&self.der)
    }

    /// SubjectPublicKeyInfo: what a phrase and a pin are made of.
    pub fn as_der(&self) -> &[u8] {
        &self.der
    }

    /// A society's key for the owner of this one. Only [`super::Checked`] calls it.
    pub(super) fn wrap(&self, key: &Key) -> EncString {
        let mut data = Box::new([0; RSA_BYTES]);
        self.key
            .encrypt(&OAEP_SHA1_MGF1SHA1, key.as_bytes(), &mut *data, None)
            .expect("64 bytes fit into 2048 bits");
        EncString::RsaOaep { data }
    }
}
