use proptest::prelude::*;

use super::*;

const KEY: &str = "AGE-SECRET-KEY-1LPC773ERPLLE4496E5F8R2FF258M2GACEM32MXE656JEXS4W9ACSZGLU6D";
const RECIPIENT: &str = "age1rl53gc3hrrjlhfark2clxtxpvlqggf8pq5uq4w6rtfxp0pdk59cqjlfaxp";
const OTHER_KEY: &str = "AGE-SECRET-KEY-15L8PSDPZFQZD4WS7W9V4XN47TGGSDMKHXYTC8ULK0PXE0Y9FPV9S4H0SH9";

/// Made by age 1.1.1 (`age --armor --recipient …`) from an envelope that was written by hand: `hunter2` for
/// `acme/chess/bank#value`.
const BY_AGE: &str = "\
-----BEGIN AGE ENCRYPTED FILE-----
YWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IFgyNTUxOSBVSHh1QWxhaitRUTZ4WHRF
eUlSU0pKckJFUVVpbkphajFjd1JMUzFlTFgwCkFaU0V5eEdpd25XUzc0ZDJ3QXo3
QXpnaVE3UVIxQlZaaC92Z3hBS29YencKLS0tIG5JVXFkaUgxc0luSDJlTlgwL3Zr
TS96L3lGT1hRZ0hUS1dZQmlhaHhINGsKLtXHXW9DkYNzEHHffldwMVfYcMXPeEbd
yHZHHw+wa3QP5HpOeENk0Gn2FkwNO/bYlnju4rGR77Zxu6RASq7C43vRN5YjVQfT
CbVWAOUaDBM5Od1sQslNRoz6xr4pretgGjXyEpRF+TvBIqZDuDXi6TYCleL78Lwa
aJvddRrbBTwFiJehnJlkaIid4t/5HXvftYcN7zsHYf7p6KxsmJ0RI27xq089ifqx
Bi92HwmiWv9aaM29zhoCd7f7RxhJyXMnFp+oGVOXe7VSEL2lEiK7aIF3BPju/giK
ul0+CE7fw8FsovkiOOfJopOg+yMwtiQPSOH/IZdkH2uBwBFTEUuP58bu7giTVnfi
OM1BetHS8toddc3nVmpCO1Fx8QyTfaZX
-----END AGE ENCRYPTED FILE-----";

fn opener(key: &str) -> Opener {
    Opener::parse(key).expect("a key")
}

fn place(text: &str) -> Place {
    text.parse().expect("a place")
}

fn sealed(value: &str, at: &str, keys: &[&str]) -> Sealed {
    let recipients: Vec<_> = keys.iter().flat_map(|key| opener(key).recipients()).collect();
    seal(Redacted::new(value.to_owned()), &place(at), now(), &recipients).expect("a value that can be sealed")
}

fn now() -> DateTime<Utc> {
    "2026-11-28T19:30:00.5Z".parse().expect("a time")
}

/// Opens at a place that never had another name.
fn open(sealed: &Sealed, at: &str, key: &str) -> Result<Opened, OpenError> {
    opener(key).open(sealed, &place(at), &[])
}

#[track_caller]
fn refused(sealed: &Sealed, at: &str, key: &str) -> OpenError {
    open(sealed, at, key).err().expect("it does not open")
}

#[test]
fn what_age_itself_encrypted_opens() {
    let opened = open(&BY_AGE.parse().expect("sealed"), "acme/chess/bank#value", KEY).expect("opened");
    assert_eq!(opened.value.expose(), "hunter2");
    assert_eq!(opened.sealed_at.to_rfc3339(), "2026-11-28T19:30:00+00:00");
    assert_eq!(opener(KEY).recipients(), [RECIPIENT.parse().expect("a recipient")]);
}

#[test]
fn each_of_several_keys_opens_and_no_other() {
    let both = sealed("hunter2", "acme/chess/bank#totp", &[KEY, OTHER_KEY]);
    assert_eq!(both.keys(), 2);
    for key in [KEY, OTHER_KEY] {
        let opened = open(&both, "acme/chess/bank#totp", key).expect("opened");
        assert_eq!(opened.value.expose(), "hunter2");
        assert_eq!(opened.sealed_at.to_rfc3339(), "2026-11-28T19:30:00+00:00");
    }
    let one = sealed("hunter2", "acme/chess/bank#totp", &[KEY]);
    assert_eq!(refused(&one, "acme/chess/bank#totp", OTHER_KEY), OpenError::WrongKey);
    // Of a file with several identities any may be the right one.
    let ring = format!("# old\n{OTHER_KEY}\n\n# new\n{KEY}\n");
    assert!(open(&one, "acme/chess/bank#totp", &ring).is_ok());
}

#[test]
fn a_text_that_was_moved_does_not_open() {
    let bank = sealed("hunter2", "acme/chess/bank#value", &[KEY]);
    for elsewhere in [
        "northside/chess/bank#value",
        "acme/rowing/bank#value",
        "acme/chess/forum#value",
        "acme/chess/bank#totp",
        "acme/chess/bank#field:value",
    ] {
        let sealed_for = place("acme/chess/bank#value");
        assert_eq!(refused(&bank, elsewhere, KEY), OpenError::WrongPlace { sealed_for }, "{elsewhere}");
    }
}

#[test]
fn what_was_renamed_opens_under_its_former_name() {
    let bank = sealed("hunter2", "acme/chess/bank#value", &[KEY]);
    let renamed = place("acme/chess/savings-bank#value");
    let former = [place("acme/chess/bank#value")];
    let opened = opener(KEY).open(&bank, &renamed, &former).expect("opened");
    assert_eq!(opened.place, former[0]);
}

#[test]
fn of_a_short_value_not_even_the_length_is_seen() {
    let envelope = |value: &str| Envelope {
        place: place("acme/chess/bank#value"),
        sealed_at: now().trunc_subsecs(0),
        value: Redacted::new(value.to_owned()),
    };
    assert_eq!(envelope("1").to_bytes().len(), envelope(&"x".repeat(140)).to_bytes().len());
}

#[test]
fn what_cannot_be_a_value_is_refused() {
    let recipients = opener(KEY).recipients();
    let place = place("acme/chess/bank#value");
    let refused = |value: &str, recipients: &[Recipient]| {
        seal(Redacted::new(value.to_owned()), &place, now(), recipients).expect_err("refused")
    };
    assert_eq!(refused("", &recipients), SealError::Empty);
    assert_eq!(refused(&"x".repeat(5001), &recipients), SealError::TooLong);
    assert_eq!(refused("hunter2", &[]), SealError::NoRecipient);
    let longest = sealed(&"x".repeat(5000), "acme/chess/bank#value", &[KEY; 20]);
    assert!(open(&longest, "acme/chess/bank#value", KEY).is_ok());
}

#[test]
fn what_was_cut_off_is_seen_without_a_key() {
    let whole = sealed("hunter2", "acme/chess/bank#value", &[KEY]);
    let lines: Vec<&str> = whole.as_str().lines().collect();
    // Of what age adds in front for programs of another time a line may be missing, which its own seal tells with a key.
    for without in lines.len() - 6..lines.len() - 1 {
        let mut cut = lines.clone();
        cut.remove(without);
        assert_eq!(Sealed::whole(&cut.join("\n")), Err(SealedError::Damaged), "line {without}");
    }
    let mut cut = lines.clone();
    cut.pop();
    assert_eq!(Sealed::whole(&cut.join("\n")), Err(SealedError::Damaged));
    assert_eq!(Sealed::whole(&lines[1..].join("\n")), Err(SealedError::Shape));
    assert_eq!(Sealed::whole("hunter2"), Err(SealedError::Shape));
}

/// Encrypts what is no envelope of ours.
fn armored(plaintext: &[u8], recipient: &dyn age::Recipient) -> String {
    let encryptor = age::Encryptor::with_recipients(std::iter::once(recipient)).expect("one recipient");
    let armor = ArmoredWriter::wrap_output(Vec::new(), Format::AsciiArmor).expect("in memory");
    let mut writer = encryptor.wrap_output(armor).expect("in memory");
    writer.write_all(plaintext).expect("in memory");
    String::from_utf8(writer.finish().and_then(ArmoredWriter::finish).expect("in memory")).expect("ASCII")
}

#[test]
fn an_age_file_of_something_else_is_none_of_ours() {
    let to_key = |text: &[u8]| armored(text, &opener(KEY).recipients()[0].key());
    assert_eq!(Sealed::whole(&to_key(b"hunter2")), Err(SealedError::Damaged));
    let mut padded = b"hunter2".to_vec();
    padded.resize(256, 0);
    let refused = |padded: &[u8]| {
        refused(&to_key(padded).parse().expect("the right length"), "acme/chess/bank#value", KEY)
    };
    assert_eq!(refused(&padded), OpenError::Foreign);
    let mut newer = b"keyforge-sealed/2\n".to_vec();
    newer.resize(256, 0);
    assert_eq!(refused(&newer), OpenError::Version { version: 2 });

    let passphrase = age::scrypt::Recipient::new("hunter2".to_owned().into());
    assert_eq!(Sealed::whole(&armored(&padded, &passphrase)), Err(SealedError::Foreign));
}

#[test]
fn an_envelope_has_one_spelling() {
    let envelope = |head: &str| {
        let mut bytes = head.as_bytes().to_vec();
        bytes.resize(256, 0);
        Envelope::read(&bytes).err()
    };
    let sound = "keyforge-sealed/1\nplace: acme/chess/bank#value\nsealedAt: 2026-11-28T19:30:00Z\nbytes: 7\n\nhunter2";
    assert_eq!(envelope(sound), None);
    for (from, to) in [
        ("bytes: 7", "bytes: 6"),
        ("bytes: 7", "bytes: 07"),
        ("bytes: 7", "bytes: 4000"),
        ("19:30:00Z", "19:30:00.5Z"),
        ("19:30:00Z", "19:30:00+00:00"),
        ("/1", "/01"),
        ("\n\n", "\nx: y\n"),
        ("acme/", "Acme/"),
    ] {
        assert_eq!(envelope(&sound.replace(from, to)), Some(OpenError::Foreign), "{from} as {to}");
    }
}

#[test]
fn a_file_of_keys_is_told_by_its_line_and_never_quoted() {
    let error = |text: &str| Opener::parse(text).err().map(|error| error.to_string()).unwrap_or_default();
    assert_eq!(
        error(&format!("# mine\n{KEY}\nhunter2\n")),
        "line 3 is no identity of age; one starts with `AGE-SECRET-KEY-1`"
    );
    assert_eq!(error("# nothing\n"), "it has no identity; `age-keygen` makes one");
    assert_eq!(error(BY_AGE), "it is encrypted itself; decrypt it with `age --decrypt` first");
}

#[test]
fn a_recipient_is_checked_to_its_last_letter() {
    assert_eq!(RECIPIENT.parse::<Recipient>().map(|key| key.to_string()), Ok(RECIPIENT.to_owned()));
    let mistyped = RECIPIENT.replace("jlfaxp", "jlfaxq");
    assert_eq!(mistyped.parse::<Recipient>(), Err(RecipientError::Checksum));
    assert_eq!("age1qqq".parse::<Recipient>(), Err(RecipientError::Shape));
    assert_eq!(KEY.parse::<Recipient>(), Err(RecipientError::Secret));
}

#[test]
fn the_command_of_a_place_is_understood_by_a_shell() {
    let command = |text: &str| place(text).command();
    assert_eq!(command("acme/chess/bank#value"), "keyforge seal --union acme --society chess --name bank");
    assert_eq!(
        command("acme/chess/bank#totp"),
        "keyforge seal --union acme --society chess --name bank --totp"
    );
    assert!(command("acme/chess/bank#field:pin").ends_with(" --name bank --field=pin"));
    assert!(command("acme/chess/bank#field:Ana's $PIN").ends_with(r" --field='Ana'\''s $PIN'"));
}

#[test]
fn places_are_read_as_they_are_printed() {
    for text in ["acme/chess/bank#value", "acme/chess/bank#totp", "acme/chess/bank#field:PIN #2 / new"] {
        assert_eq!(place(text).to_string(), text);
    }
    for text in ["acme/chess/bank", "acme/chess#value", "acme/chess/bank/x#value", "acme/chess/bank#pin"] {
        assert_eq!(text.parse::<Place>(), Err(PlaceError::Shape), "{text}");
    }
    assert!(matches!("acme/chess/bank#field:".parse::<Place>(), Err(PlaceError::Name(_))));
}

proptest! {
    #[test]
    fn every_value_comes_back_as_it_was(value in "\\PC{1,200}|[\\x00-\\x7f]{1,300}", field in "[a-z#:/]{1,20}") {
        let at = format!("acme/chess/bank#field:{field}");
        let opened = open(&sealed(&value, &at, &[KEY]), &at, KEY).expect("opened");
        prop_assert_eq!(opened.value.expose(), &value);
    }

    #[test]
    fn a_text_with_one_other_letter_never_opens(at in 0_usize..1000, letter in "[A-Za-z0-9+/]") {
        let body = text::BEGIN.len() + 1..BY_AGE.len() - text::END.len() - 1;
        let at = body.start + at % body.len();
        let mut changed = BY_AGE.to_owned();
        changed.replace_range(at..=at, &letter);
        if let Ok(sealed) = Sealed::whole(&changed)
            && changed != BY_AGE
        {
            let error = refused(&sealed, "acme/chess/bank#value", KEY);
            prop_assert!(matches!(error, OpenError::Damaged | OpenError::WrongKey), "{error}");
        }
    }

    #[test]
    fn no_text_is_too_odd_to_be_refused(text in "(-----BEGIN AGE ENCRYPTED FILE-----)?\\PC{0,80}(\n-----END AGE ENCRYPTED FILE-----)?") {
        prop_assert!(Sealed::whole(&text).is_err());
        prop_assert!(text.parse::<Place>().is_err());
        prop_assert!(Envelope::read(text.as_bytes()).is_err());
    }
}
