//! New passwords and seeds of one-time codes.

use std::collections::BTreeMap;

use keyforge::spec::Alphabet;
use keyforge::vaultwarden::crypto::{Totp, TotpError, generate};

/// Of 20,000 characters over an alphabet of at most 94, five standard deviations: a fair one fails once in a million runs.
fn assert_even(seen: &BTreeMap<char, u32>, drawn: u32) {
    let kinds = u32::try_from(seen.len()).expect("few");
    let mean = f64::from(drawn) / f64::from(kinds);
    for (character, count) in seen {
        let off = (f64::from(*count) - mean).abs();
        assert!(off < 5.0 * mean.sqrt(), "{character:?} came {count} times, {mean} were to be expected");
    }
}

fn count(alphabet: Alphabet, times: u32) -> BTreeMap<char, u32> {
    let mut seen = BTreeMap::new();
    for _ in 0..times {
        generate(alphabet).expose().chars().for_each(|c| *seen.entry(c).or_default() += 1);
    }
    seen
}

#[test]
fn each_character_is_as_likely_as_the_others() {
    for (alphabet, characters) in [
        (Alphabet::Safe { length: 200 }, 52),
        (Alphabet::All { length: 200 }, 94),
        (Alphabet::Digits { length: 200 }, 10),
    ] {
        let seen = count(alphabet, 100);
        assert_eq!(seen.len(), characters, "{alphabet:?}");
        assert_even(&seen, 20_000);
    }
}

#[test]
fn nobody_takes_a_safe_character_for_another_one() {
    let seen = count(Alphabet::Safe { length: 200 }, 100);
    for unclear in "0Oo1IilZSB".chars() {
        assert!(!seen.contains_key(&unclear), "{unclear}");
    }
}

#[test]
fn a_short_password_has_a_character_of_each_class_too() {
    for _ in 0..500 {
        let password = generate(Alphabet::All { length: 4 });
        let has = |class: fn(&char) -> bool| password.expose().chars().any(|c| class(&c));
        assert_eq!(password.expose().len(), 4);
        assert!(has(char::is_ascii_uppercase) && has(char::is_ascii_lowercase));
        assert!(has(char::is_ascii_digit) && has(char::is_ascii_punctuation));
        let password = generate(Alphabet::Safe { length: 4 });
        assert!(password.expose().chars().any(|c| c.is_ascii_digit()));
    }
    assert_eq!(generate(Alphabet::Safe { length: 2 }).expose().len(), 2, "no room for three classes");
}

#[test]
fn words_are_of_the_list_and_differ() {
    let words = generate(Alphabet::Words { count: 20 });
    let parts: Vec<&str> = words.expose().split('-').collect();
    // Four words of the list have a hyphen themselves.
    assert!((20..=24).contains(&parts.len()));
    assert!(parts.iter().all(|word| word.bytes().all(|b| b.is_ascii_lowercase())));
    assert_ne!(words.expose(), generate(Alphabet::Words { count: 20 }).expose());
}

#[test]
fn a_seed_is_taken_if_every_client_makes_codes_of_it() {
    for seed in [
        "JBSWY3DPEHPK3PXP",
        " jbsw y3dp ehpk 3pxp \n",
        "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ====",
        "steam://JBSWY3DPEHPK3PXP",
        "otpauth://totp/Bank:treasurer?secret=JBSWY3DPEHPK3PXP&issuer=Bank",
        "otpauth://totp/x?secret=jbswy3dpehpk3pxp&digits=8&period=60&algorithm=sha256",
    ] {
        let totp: Totp = seed.parse().unwrap_or_else(|error| panic!("{seed}: {error}"));
        assert_eq!(totp.value().expose(), seed.trim());
    }
    for (seed, why) in [
        ("", TotpError::TooShort),
        ("JBSWY3DP", TotpError::TooShort),
        ("JBSWY3DPEHPK3PX1", TotpError::NotBase32),
        ("hunter1 hunter1 hunter1", TotpError::NotBase32),
        ("https://bank.example/?secret=JBSWY3DPEHPK3PXP", TotpError::Url),
        ("otpauth://hotp/x?secret=JBSWY3DPEHPK3PXP&counter=1", TotpError::Url),
        ("otpauth://totp/x", TotpError::NoSecret),
        ("otpauth://totp/x?secret=JBSWY3DP", TotpError::TooShort),
        ("otpauth://totp/x?secret=JBSWY3DPEHPK3PXP&digits=5", TotpError::Parameter("digits")),
        ("otpauth://totp/x?secret=JBSWY3DPEHPK3PXP&period=0", TotpError::Parameter("period")),
        ("otpauth://totp/x?secret=JBSWY3DPEHPK3PXP&algorithm=md5", TotpError::Parameter("algorithm")),
        ("steam://", TotpError::TooShort),
    ] {
        assert_eq!(seed.parse::<Totp>().err(), Some(why), "{seed}");
    }
}
