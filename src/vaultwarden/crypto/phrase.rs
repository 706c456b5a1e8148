//! The fingerprint phrase of an account: five words by which a person recognises a public key.
//!
//! Computed here only to be compared with what stands in a document, and never shown: whoever could read it here would
//! copy it from the server that it is to be checked against (decisions.md 3).

use sha2::{Digest as _, Sha256};

use super::PublicKey;
use super::kdf::expand;
use super::words::WORDS;
use crate::spec::Fingerprint;

const COUNT: usize = 5;

/// The phrase of a user's key. `user` is their id as the server writes it.
pub fn phrase(user: &str, key: &PublicKey) -> Fingerprint {
    let mut number = *expand(&Sha256::digest(key.as_der()), user);
    let words: Vec<&str> = (0..COUNT).map(|_| WORDS[divide(&mut number)]).collect();
    words.join("-").parse().expect("five words of the list are a phrase")
}

/// Divides a big-endian number by the length of the list, in place: the remainder.
fn divide(number: &mut [u8]) -> usize {
    number.iter_mut().fold(0, |rest, digit| {
        let value = (rest << 8) | usize::from(*digit);
        *digit = u8::try_from(value / WORDS.len()).expect("the rest was smaller than the divisor");
        value % WORDS.len()
    })
}
