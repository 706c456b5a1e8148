//! Keys, encrypted texts and phrases: known answers of other implementations (`cases/vaultwarden/vectors.py` made them),
//! properties, and what a tampered value does.

use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use keyforge::redacted::Redacted;
use keyforge::vaultwarden::crypto::{
    Checked, EncString, Error, Kdf, Key, Malformed, PrivateKey, PublicKey, checksum, phrase,
};
use proptest::prelude::*;
use serde_json::Value;

static VECTORS: LazyLock<Value> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../cases/vaultwarden/vectors.json")).expect("vectors are JSON")
});

fn text(value: &Value) -> &str {
    value.as_str().expect("text")
}

fn bytes(value: &Value) -> Vec<u8> {
    STANDARD.decode(text(value)).expect("Base64")
}

fn list(value: &Value) -> &[Value] {
    value.as_array().expect("a list")
}

fn value(text: &str) -> EncString {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn key() -> Key {
    Key::from_bytes(&bytes(&VECTORS["societyKey"])).expect("64 bytes")
}

fn pair() -> PrivateKey {
    PrivateKey::from_pkcs8(&bytes(&VECTORS["pair"]["privateKey"])).expect("a pair")
}

fn kdf(value: &Value) -> Kdf {
    let number = |at: usize| u32::try_from(value[at].as_u64().expect("a number")).expect("a small one");
    match text(&value[0]) {
        "pbkdf2" => Kdf::Pbkdf2 { iterations: number(1) },
        _ => Kdf::Argon2id { iterations: number(1), memory: number(2), parallelism: number(3) },
    }
}

/// What went wrong; a value that opens has no `Debug`.
fn refusal<T>(result: Result<T, Error>) -> Error {
    result.err().expect("it is refused")
}

#[test]
fn an_account_derives_what_other_implementations_derive() {
    for account in list(&VECTORS["accounts"]) {
        let password = Redacted::new(text(&account["password"]).to_owned());
        let master =
            kdf(&account["kdf"]).master_key(text(&account["address"]), &password).expect("in bounds");
        assert_eq!(master.password_hash(&password).expose(), text(&account["passwordHash"]));
        let user = master.stretched().decrypt_key(&value(text(&account["wrappedUserKey"]))).expect("opens");
        assert_eq!(*user.to_bytes().expose(), bytes(&account["userKey"]));
    }
}

#[test]
fn the_published_answers_of_bitwarden_are_ours() {
    let published = &VECTORS["published"]["passwordHash"];
    let password = Redacted::new(text(&published["password"]).to_owned());
    let master =
        kdf(&published["kdf"]).master_key(text(&published["address"]), &password).expect("in bounds");
    assert_eq!(master.password_hash(&password).expose(), text(&published["passwordHash"]));
    let published = &VECTORS["published"]["phrase"];
    let key = PublicKey::from_base64(text(&published["publicKey"])).expect("a key");
    assert_eq!(phrase(text(&published["user"]), &key).as_str(), text(&published["phrase"]));
}

#[test]
fn a_derivation_that_no_genuine_client_accepts_is_refused() {
    let password = Redacted::new("p".to_owned());
    for weak in [
        Kdf::Pbkdf2 { iterations: 4_999 },
        Kdf::Pbkdf2 { iterations: 2_000_001 },
        Kdf::Argon2id { iterations: 1, memory: 64, parallelism: 4 },
        Kdf::Argon2id { iterations: 3, memory: 15, parallelism: 4 },
        Kdf::Argon2id { iterations: 3, memory: 1025, parallelism: 4 },
        Kdf::Argon2id { iterations: 3, memory: 64, parallelism: 0 },
    ] {
        assert_eq!(refusal(weak.master_key("a@b.example", &password)), Error::Kdf, "{weak:?}");
    }
}

#[test]
fn texts_that_others_encrypted_open() {
    for vector in list(&VECTORS["texts"]) {
        let opened = key().decrypt(&value(text(&vector["encrypted"]))).expect("opens");
        assert_eq!(opened.expose(), text(&vector["text"]));
    }
    let no_text = value(text(&VECTORS["bytes"]["encrypted"]));
    assert_eq!(refusal(key().decrypt(&no_text)), Error::NotText);
    assert_eq!(refusal(key().decrypt_key(&no_text)), Error::Key("key of 64 bytes"));
}

#[test]
fn a_pair_that_others_made_opens_what_they_wrapped() {
    let vector = &VECTORS["pair"];
    let owner = Key::from_bytes(&bytes(&vector["owner"])).expect("64 bytes");
    let pair = owner.decrypt_private_key(&value(text(&vector["encryptedPrivateKey"]))).expect("opens");
    assert_eq!(*pair.to_pkcs8().expose(), bytes(&vector["privateKey"]));
    assert_eq!(pair.public().to_base64(), text(&vector["publicKey"]));
    let society = pair.unwrap(&value(text(&vector["wrappedSocietyKey"]))).expect("opens");
    assert_eq!(*society.to_bytes().expose(), bytes(&VECTORS["societyKey"]));
}

#[test]
fn phrases_and_checksums_are_those_of_others() {
    for vector in list(&VECTORS["phrases"]) {
        let key = PublicKey::from_base64(text(&vector["publicKey"])).expect("a key");
        assert_eq!(phrase(text(&vector["user"]), &key).as_str(), text(&vector["phrase"]));
    }
    for vector in list(&VECTORS["uris"]) {
        assert_eq!(checksum(text(&vector["uri"])), text(&vector["checksum"]));
    }
}

#[test]
fn only_keys_of_the_size_that_clients_make_are_taken() {
    for other in list(&VECTORS["otherSizes"]) {
        assert_eq!(refusal(PublicKey::from_base64(text(other))), Error::Key("public RSA key of 2048 bits"));
    }
    let mut spki = bytes(&VECTORS["pair"]["publicKey"]);
    spki.push(0);
    assert!(PublicKey::from_der(&spki).is_err(), "something follows the key");
    assert!(PublicKey::from_base64("").is_err());
    assert!(PrivateKey::from_pkcs8(&spki).is_err());
    assert!(Key::from_bytes(&[0; 32]).is_err(), "the first years' keys had one half");
}

#[test]
fn a_new_pair_unwraps_what_was_wrapped_for_it_and_nobody_else_does() {
    let (mine, society) = (PrivateKey::generate(), Key::random());
    let wrapped = Checked::wrapped_for_us(&mine, &society).expect("opens again");
    assert_eq!(wrapped.as_str().len(), 346);
    let opened = mine.unwrap(&value(wrapped.as_str())).expect("opens");
    assert_eq!(opened.to_bytes().expose(), society.to_bytes().expose());
    assert_eq!(refusal(pair().unwrap(&value(wrapped.as_str()))), Error::Tampered);
    let for_member = Checked::wrapped(pair().public(), &society).expect("is well-formed");
    assert!(pair().unwrap(&value(for_member.as_str())).is_ok());
    let again = PrivateKey::from_pkcs8(mine.to_pkcs8().expose()).expect("what was kept is a pair");
    assert!(again.unwrap(&value(wrapped.as_str())).is_ok());
}

#[test]
fn what_is_stored_has_the_length_that_clients_give_it() {
    let society = Key::random();
    for (plain, length) in [("", 96), ("x".repeat(15).as_str(), 96), ("x".repeat(16).as_str(), 116)] {
        assert_eq!(Checked::text(&society, plain).expect("fits").as_str().len(), length);
    }
    assert_eq!(Checked::key(&society, &Key::random()).expect("fits").as_str().len(), 180);
    assert_eq!(Checked::private_key(&society, &pair()).expect("fits").as_str().len(), 1716);
    let longest = Checked::text(&society, &"x".repeat(7400)).expect("fits");
    assert!(longest.as_str().len() <= 10_000);
    assert_eq!(refusal(Checked::text(&society, &"x".repeat(7401))), Error::TooLong { bytes: 7401 });
}

#[test]
fn a_changed_value_is_refused_before_it_is_decrypted() {
    let society = Key::random();
    let sealed = value(Checked::text(&society, "hunter2, sixteen and more").expect("fits").as_str());
    let EncString::AesCbcHmac { iv, data, mac } = sealed else { panic!("type 2") };
    let changed = |change: fn(&mut [u8; 16], &mut Vec<u8>, &mut [u8; 32])| {
        let (mut iv, mut data, mut mac) = (iv, data.clone(), mac);
        change(&mut iv, &mut data, &mut mac);
        refusal(society.decrypt(&EncString::AesCbcHmac { iv, data, mac }))
    };
    assert_eq!(changed(|iv, _, _| iv[0] ^= 1), Error::Tampered);
    assert_eq!(changed(|_, data, _| data[0] ^= 1), Error::Tampered);
    assert_eq!(changed(|_, data, _| *data.last_mut().unwrap() ^= 1), Error::Tampered);
    assert_eq!(changed(|_, data, _| data.truncate(16)), Error::Tampered);
    assert_eq!(changed(|_, _, mac| mac[31] ^= 128), Error::Tampered);
    // The same bytes, cut elsewhere: the MAC alone would not tell.
    assert_eq!(changed(|_, data, _| data.rotate_left(16)), Error::Tampered);
    let whole = EncString::AesCbcHmac { iv, data: data.clone(), mac };
    assert_eq!(refusal(Key::random().decrypt(&whole)), Error::Tampered);
    let without_mac = EncString::AesCbc { iv, data };
    assert_eq!(refusal(society.decrypt(&without_mac)), Error::Type { found: 0, wanted: 2 });
}

#[test]
fn what_the_server_holds_goes_back_only_if_it_opens() {
    let society = Key::random();
    let held = value(Checked::text(&society, "kept").expect("fits").as_str());
    assert_eq!(Checked::again(&society, &held).expect("opens").as_str(), held.to_string());
    assert_eq!(refusal(Checked::again(&Key::random(), &held).map(|_| ())), Error::Tampered);
}

#[test]
fn the_parser_says_what_is_wrong() {
    let (iv, block, mac) = (STANDARD.encode([0; 16]), STANDARD.encode([0; 16]), STANDARD.encode([0; 32]));
    let no_bits = format!("{}B==", &iv[..21]);
    for (text, why) in [
        (String::new(), Malformed::NoType),
        ("hunter2".into(), Malformed::NoType),
        (format!("{iv}|{block}|{mac}"), Malformed::NoType),
        (format!("two.{iv}|{block}|{mac}"), Malformed::NoType),
        (format!("+2.{iv}|{block}|{mac}"), Malformed::UnknownType),
        (format!("02.{iv}|{block}|{mac}"), Malformed::UnknownType),
        (format!("1.{iv}|{block}|{mac}"), Malformed::UnknownType),
        (format!("6.{iv}|{block}"), Malformed::UnknownType),
        (format!("2.{iv}|{block}"), Malformed::Parts),
        (format!("2.{iv}|{block}|{mac}|"), Malformed::Parts),
        (format!("0.{iv}|{block}|{mac}"), Malformed::Parts),
        (format!("2.{iv}||{mac}"), Malformed::Length),
        (format!("2.{}|{block}|{mac}", STANDARD.encode([0; 15])), Malformed::Length),
        (format!("2.{iv}|{}|{mac}", STANDARD.encode([0; 17])), Malformed::Length),
        (format!("2.{iv}|{block}|{}", STANDARD.encode([0; 31])), Malformed::Length),
        (format!("4.{}", STANDARD.encode([0; 255])), Malformed::Length),
        (format!("2.{iv}|{block}|{mac} "), Malformed::Base64),
        (format!("2.{iv}|{}|{mac}", &block[..22]), Malformed::Base64),
        (format!("2.{no_bits}|{block}|{mac}"), Malformed::Base64),
        (format!("2.{iv}|{block}|{}", mac.replace('A', "-")), Malformed::Base64),
    ] {
        assert_eq!(text.parse::<EncString>().err(), Some(why), "{text}");
    }
    assert!(format!("0.{iv}|{block}").parse::<EncString>().is_ok());
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_opens_to_itself_and_never_looks_the_same_twice(plain in ".{0,300}") {
        let society = key();
        let (once, twice) = (Checked::text(&society, &plain).unwrap(), Checked::text(&society, &plain).unwrap());
        prop_assert_ne!(once.as_str(), twice.as_str());
        let opened = society.decrypt(&value(once.as_str())).unwrap();
        prop_assert_eq!(opened.expose(), &plain);
    }

    #[test]
    fn what_parses_prints_as_it_was_written(text in "[0246]\\.[A-Za-z0-9+/=|]{20,120}") {
        if let Ok(read) = text.parse::<EncString>() {
            prop_assert_eq!(read.to_string(), text);
        }
    }

    #[test]
    fn one_wrong_character_never_opens(at in any::<prop::sample::Index>(), other in "[A-Za-z0-9+/=|.]") {
        let society = key();
        let mut text = Checked::text(&society, "something of thirty bytes ....").unwrap().as_str().to_owned();
        let at = at.index(text.len());
        prop_assume!(text[at..=at] != other);
        text.replace_range(at..=at, &other);
        prop_assert!(text.parse::<EncString>().is_err() || society.decrypt(&value(&text)).is_err());
    }
}
