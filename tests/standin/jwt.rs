//! The tokens that the server gives out: RS256, signed with `rsa_key.pem` of the data folder. A new key voids them all.

use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::Path;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, UnparsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use chrono::{TimeDelta, Utc};
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use serde_json::{Value, json};

/// What a clock may be off.
const LEEWAY: i64 = 30;

pub(crate) struct Signer {
    key: KeyPair,
    /// The origin of `DOMAIN` as it was at the start: a token of another one is void.
    origin: String,
}

/// Why a token does not count, in the words of its refusal.
pub(crate) const VOID: &str = "Token is invalid";

impl Signer {
    /// With the key of a data folder, which is drawn where there is none.
    pub(crate) fn open(folder: &Path, origin: String) -> io::Result<Self> {
        let path = folder.join("rsa_key.pem");
        match OpenOptions::new().write(true).create_new(true).open(&path) {
            Ok(mut file) => file.write_all(drawn()?.as_bytes())?,
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
        let unusable = || io::Error::other("rsa_key.pem holds no RSA key");
        let der = PrivateKeyDer::from_pem_slice(&fs::read(path)?).map_err(|_| unusable())?;
        let key = match &der {
            PrivateKeyDer::Pkcs1(der) => KeyPair::from_der(der.secret_pkcs1_der()),
            PrivateKeyDer::Pkcs8(der) => KeyPair::from_pkcs8(der.secret_pkcs8_der()),
            _ => return Err(unusable()),
        };
        Ok(Self { key: key.map_err(|_| unusable())?, origin })
    }

    /// A token for a purpose, that holds for a time.
    pub(crate) fn sign(&self, purpose: &str, lifetime: TimeDelta, mut claims: Value) -> String {
        let now = Utc::now();
        claims["iss"] = json!(self.issuer(purpose));
        claims["nbf"] = json!(now.timestamp());
        claims["exp"] = json!((now + lifetime).timestamp());
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let text = format!("{}.{}", part(&json!({"typ": "JWT", "alg": "RS256"})), part(&claims));
        let mut signature = vec![0; self.key.public_modulus_len()];
        self.key
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text.as_bytes(), &mut signature)
            .expect("an RSA key signs");
        format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    /// The claims of a token that we gave for this purpose and that still holds.
    pub(crate) fn verify(&self, purpose: &str, token: &str) -> Option<Value> {
        let (text, signature) = token.rsplit_once('.')?;
        let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, self.key.public_key().as_ref())
            .verify(text.as_bytes(), &signature)
            .ok()?;
        let claims = URL_SAFE_NO_PAD.decode(text.split_once('.')?.1).ok()?;
        let claims: Value = serde_json::from_slice(&claims).ok()?;
        let now = Utc::now().timestamp();
        let holds = claims["iss"] == self.issuer(purpose)
            && claims["nbf"].as_i64()? <= now + LEEWAY
            && claims["exp"].as_i64()? > now - LEEWAY;
        holds.then_some(claims)
    }

    fn issuer(&self, purpose: &str) -> String {
        format!("{}|{purpose}", self.origin)
    }
}

fn drawn() -> io::Result<String> {
    let key: Pkcs8V1Der<'_> = KeyPair::generate(KeySize::Rsa2048)
        .and_then(|pair| pair.as_der())
        .map_err(|_| io::Error::other("no RSA key could be drawn"))?;
    let text = STANDARD.encode(key.as_ref());
    let mut lines: Vec<&str> = vec!["-----BEGIN PRIVATE KEY-----"];
    // Base64 is ASCII, so any place is between two characters.
    lines.extend((0..text.len()).step_by(64).map(|at| &text[at..text.len().min(at + 64)]));
    lines.extend(["-----END PRIVATE KEY-----", ""]);
    Ok(lines.join("\n"))
}
