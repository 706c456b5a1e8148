//! A key of 64 bytes: of a user, a society or an item. One half encrypts, the other authenticates.
//!
//! Invariant: `decrypt` verifies the MAC over IV and ciphertext before it decrypts anything.

use aws_lc_rs::cipher::{
    AES_256, DecryptionContext, PaddedBlockDecryptingKey, PaddedBlockEncryptingKey, UnboundCipherKey,
};
use aws_lc_rs::{hmac, rand};
use zeroize::{Zeroize, Zeroizing};

use super::encstring::{BLOCK, EncString};
use super::{Error, PrivateKey};
use crate::digest::Digest;
use crate::redacted::Redacted;

const HALF: usize = 32;

/// AES-256-CBC with HMAC-SHA256.
pub struct Key(Zeroizing<[u8; 2 * HALF]>);

impl Key {
    /// A new one.
    pub fn random() -> Self {
        let mut bytes = Zeroizing::new([0; 2 * HALF]);
        rand::fill(&mut *bytes).expect("the operating system has randomness");
        Self(bytes)
    }

    /// From its 64 bytes.
    ///
    /// # Errors
    /// [`Error::Key`] for another length.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        let bytes = bytes.try_into().map_err(|_| Error::Key("key of 64 bytes"))?;
        Ok(Self(Zeroizing::new(bytes)))
    }

    /// Its 64 bytes, for the place where it is kept.
    pub fn to_bytes(&self) -> Redacted<Vec<u8>> {
        self.0.to_vec().into()
    }

    /// Tells it from others, and nothing of it: it is random as a whole.
    pub fn digest(&self) -> Digest {
        Digest::of_parts([b"key".as_slice(), self.as_bytes()])
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &*self.0
    }

    /// The text in an encrypted value.
    ///
    /// # Errors
    /// [`Error::Tampered`], [`Error::NotText`], and [`Error::Type`] where the value carries no MAC: genuine clients
    /// refuse that under such a key too.
    pub fn decrypt(&self, value: &EncString) -> Result<Redacted<String>, Error> {
        let bytes = self.decrypt_bytes(value)?;
        String::from_utf8(bytes.expose().clone()).map(Redacted::new).map_err(|error| {
            error.into_bytes().zeroize();
            Error::NotText
        })
    }

    /// The key in an encrypted value: an item's own, or a user's under the stretched master key.
    ///
    /// # Errors
    /// As [`Self::decrypt`], and [`Error::Key`].
    pub fn decrypt_key(&self, value: &EncString) -> Result<Self, Error> {
        Self::from_bytes(self.decrypt_bytes(value)?.expose())
    }

    /// The private key in an encrypted value, as a client gets it. Ours is in the controller's Secret: only tests need this.
    ///
    /// # Errors
    /// As [`Self::decrypt`], and [`Error::Key`].
    pub fn decrypt_private_key(&self, value: &EncString) -> Result<PrivateKey, Error> {
        PrivateKey::from_pkcs8(self.decrypt_bytes(value)?.expose())
    }

    pub(super) fn decrypt_bytes(&self, value: &EncString) -> Result<Redacted<Vec<u8>>, Error> {
        let EncString::AesCbcHmac { iv, data, mac } = value else {
            return Err(Error::Type { found: value.number(), wanted: 2 });
        };
        let signed = [iv.as_slice(), data].concat();
        hmac::verify(&self.authentication(), &signed, mac).map_err(|_| Error::Tampered)?;
        let cipher = PaddedBlockDecryptingKey::cbc_pkcs7(self.encryption()).expect("AES has this mode");
        let mut data = Zeroizing::new(data.clone());
        let plain = cipher.decrypt(&mut data, DecryptionContext::Iv128(iv.into()));
        // Whoever made the MAC has the key, and padded it wrongly.
        plain.map(|plain| plain.to_vec().into()).map_err(|_| Error::Tampered)
    }

    /// Encrypts under a fresh random IV. Only [`super::Checked`] calls it.
    pub(super) fn encrypt_bytes(&self, plain: &[u8]) -> EncString {
        // With room for the padding: a vector that grows leaves its former content behind.
        let mut data = Vec::with_capacity(plain.len() + BLOCK);
        data.extend_from_slice(plain);
        let cipher = PaddedBlockEncryptingKey::cbc_pkcs7(self.encryption()).expect("AES has this mode");
        let context = cipher.encrypt(&mut data).expect("AES encrypts whatever fits into memory");
        let DecryptionContext::Iv128(iv) = context else { unreachable!("CBC of AES has an IV of 16 bytes") };
        let iv = *iv.as_ref();
        let mac = hmac::sign(&self.authentication(), &[iv.as_slice(), &data].concat());
        let mac = mac.as_ref().try_into().expect("a SHA-256 has 32 bytes");
        EncString::AesCbcHmac { iv, data, mac }
    }

    fn encryption(&self) -> UnboundCipherKey {
        UnboundCipherKey::new(&AES_256, &self.0[..HALF]).expect("32 bytes are a key of AES-256")
    }

    fn authentication(&self) -> hmac::Key {
        hmac::Key::new(hmac::HMAC_SHA256, &self.0[HALF..])
    }
}
