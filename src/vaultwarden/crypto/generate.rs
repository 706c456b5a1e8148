//! New passwords, from the operating system's randomness.
//!
//! Invariant: every password that has a character of each class is as likely as any other one. A number is drawn again
//! where taking its remainder would prefer some, and a password where a class is missing.

use aws_lc_rs::rand;
use zeroize::Zeroizing;

use super::words::WORDS;
use crate::redacted::Redacted;
use crate::spec::Alphabet;

/// Letters and digits that nobody takes for each other: without `0 O o`, `1 I i l`, `2 Z`, `5 S`, `8 B`'s letters.
const SAFE: [&str; 3] = ["ACDEFGHJKLMNPQRTUVWXY", "abcdefghjkmnpqrstuvwxyz", "23456789"];

/// All that a keyboard has but the blank.
const ALL: [&str; 4] = [
    "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "abcdefghijklmnopqrstuvwxyz",
    "0123456789",
    "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~",
];

const DIGITS: [&str; 1] = ["0123456789"];

/// A new password of this kind.
pub fn generate(alphabet: Alphabet) -> Redacted<String> {
    match alphabet {
        Alphabet::Safe { length } => characters(&SAFE, length),
        Alphabet::All { length } => characters(&ALL, length),
        Alphabet::Digits { length } => characters(&DIGITS, length),
        Alphabet::Words { count } => {
            let words: Vec<&str> = (0..count).map(|_| WORDS[below(WORDS.len())]).collect();
            words.join("-").into()
        }
    }
}

/// So many characters, with one of each class where there is room.
fn characters(classes: &[&str], length: u16) -> Redacted<String> {
    let length = usize::from(length);
    let alphabet = Zeroizing::new(classes.concat());
    loop {
        // With its final size at once: a text that grows leaves its former content behind.
        let mut drawn = Zeroizing::new(String::with_capacity(length));
        (0..length).for_each(|_| drawn.push(char::from(alphabet.as_bytes()[below(alphabet.len())])));
        let has = |class: &&str| drawn.contains(|c| class.contains(c));
        if length < classes.len() || classes.iter().all(has) {
            return std::mem::take(&mut *drawn).into();
        }
    }
}

/// A number below `end`, each as likely as the others.
fn below(end: usize) -> usize {
    let end = u16::try_from(end).expect("no alphabet is larger");
    // The largest multiple of `end` that two bytes hold: what lies above would come out too often.
    let fair = u16::MAX - u16::MAX % end;
    loop {
        let mut bytes = [0; 2];
        rand::fill(&mut bytes).expect("the operating system has randomness");
        let number = u16::from_ne_bytes(bytes);
        if number < fair {
            return usize::from(number % end);
        }
    }
}
