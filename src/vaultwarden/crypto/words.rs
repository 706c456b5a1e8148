//! The long word list of the EFF: 7,776 English words, the list of all Bitwarden clients.
//!
//! Separate, since two things that must not change for each other's sake use it: phrases and new passwords.

pub(super) use diceware_wordlists::EFF_LONG_WORDLIST as WORDS;
