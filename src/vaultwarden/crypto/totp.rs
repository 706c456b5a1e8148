//! Seeds of one-time codes, checked before they are stored: a client shows no code for one that it cannot read, and
//! says nothing about why.
//!
//! Invariant: a value of this type makes codes in every Bitwarden client.

use std::str::FromStr;

use url::Url;

use crate::redacted::Redacted;

/// The shortest seed, in characters of Base32: 80 bits, the least that services hand out.
const SHORTEST: usize = 16;

/// A seed in Base32, or an `otpauth://totp/` or `steam://` URL with one.
pub struct Totp(Redacted<String>);

/// Why clients would make no code of it. No variant holds a part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TotpError {
    /// Other characters than Base32 has.
    #[error("the seed is not Base32: it has only `A` to `Z` and `2` to `7`")]
    NotBase32,
    /// Fewer than 80 bits.
    #[error("the seed is shorter than {SHORTEST} characters")]
    TooShort,
    /// Not a URL that clients know.
    #[error("the URL is neither `otpauth://totp/…` nor `steam://…`")]
    Url,
    /// No `secret`.
    #[error("the URL has no `secret`")]
    NoSecret,
    /// A parameter with a value that clients do not know.
    #[error("the URL's `{0}` is none that clients know")]
    Parameter(&'static str),
}

impl Totp {
    /// What is encrypted and stored.
    pub fn value(&self) -> &Redacted<String> {
        &self.0
    }
}

impl FromStr for Totp {
    type Err = TotpError;

    fn from_str(text: &str) -> Result<Self, TotpError> {
        let text = text.trim();
        if let Some(seed) = text.strip_prefix("steam://") {
            base32(seed)?;
        } else if text.contains("://") {
            url(text)?;
        } else {
            base32(text)?;
        }
        Ok(Self(text.to_owned().into()))
    }
}

/// Blanks and case are people's, padding is nobody's.
fn base32(seed: &str) -> Result<(), TotpError> {
    let seed = seed.trim_end_matches('=');
    let digits = || seed.chars().filter(|c| !matches!(c, ' ' | '-'));
    if !digits().all(|c| matches!(c.to_ascii_uppercase(), 'A'..='Z' | '2'..='7')) {
        return Err(TotpError::NotBase32);
    }
    if digits().count() < SHORTEST { Err(TotpError::TooShort) } else { Ok(()) }
}

fn url(text: &str) -> Result<(), TotpError> {
    let url = Url::parse(text).map_err(|_| TotpError::Url)?;
    if url.scheme() != "otpauth" || url.host_str() != Some("totp") {
        return Err(TotpError::Url);
    }
    let mut secret = None;
    for (name, value) in url.query_pairs() {
        let within = |low: u32, high| value.parse().is_ok_and(|number| (low..=high).contains(&number));
        match name.as_ref() {
            "secret" => secret = Some(value.into_owned()),
            "digits" if !within(6, 10) => return Err(TotpError::Parameter("digits")),
            "period" if !within(1, 3600) => return Err(TotpError::Parameter("period")),
            "algorithm" if !matches!(&*value.to_ascii_uppercase(), "SHA1" | "SHA256" | "SHA512") => {
                return Err(TotpError::Parameter("algorithm"));
            }
            _ => {}
        }
    }
    base32(&secret.ok_or(TotpError::NoSecret)?)
}
