//! Text that is a secret by its looks, whatever field or comment it stands in.
//!
//! Two kinds of rules. Shapes that nothing else has hold everywhere: what is printed of a file is masked by them, and a document
//! that has one is refused. Prose is only asked where people write prose, since a random text is a secret in a note and a digest
//! elsewhere. Better one missed than a document refused for what is none: who seals is safe either way.

use std::fmt;
use std::ops::Range;

/// What a text looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Secret {
    /// The beginning of a block with a private key.
    PrivateKey,
    /// A token, by its beginning; whose.
    Token(&'static str),
    /// `otpauth://…` with its seed.
    OneTimeSeed,
    /// `https://name:password@host`.
    UrlWithPassword,
    /// `password: …`.
    Named,
    /// Letters and digits in no order of a language.
    Random,
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PrivateKey => f.write_str("a private key"),
            Self::Token(whose) => write!(f, "a token of {whose}"),
            Self::OneTimeSeed => f.write_str("the seed of one-time codes"),
            Self::UrlWithPassword => f.write_str("a URL with a password in it"),
            Self::Named => f.write_str("a secret after its name"),
            Self::Random => f.write_str("a random text, as tokens and passwords are"),
        }
    }
}

/// How tokens begin, how many characters follow at least, and whose they are.
const TOKENS: [(&str, usize, &str); 27] = [
    ("ghp_", 36, "GitHub"),
    ("gho_", 36, "GitHub"),
    ("ghu_", 36, "GitHub"),
    ("ghs_", 36, "GitHub"),
    ("ghr_", 36, "GitHub"),
    ("github_pat_", 40, "GitHub"),
    ("glpat-", 20, "GitLab"),
    ("gldt-", 20, "GitLab"),
    ("glrt-", 20, "GitLab"),
    ("AKIA", 16, "Amazon"),
    ("ASIA", 16, "Amazon"),
    ("AIza", 35, "Google"),
    ("GOCSPX-", 24, "Google"),
    ("xoxb-", 20, "Slack"),
    ("xoxp-", 20, "Slack"),
    ("xapp-", 20, "Slack"),
    ("sk_live_", 20, "Stripe"),
    ("rk_live_", 20, "Stripe"),
    ("sk-ant-", 20, "Anthropic"),
    ("sk-proj-", 20, "OpenAI"),
    ("npm_", 36, "npm"),
    ("pypi-", 50, "PyPI"),
    ("hf_", 30, "Hugging Face"),
    ("dop_v1_", 60, "DigitalOcean"),
    ("hvs.", 20, "Vault"),
    ("tskey-", 20, "Tailscale"),
    ("AGE-SECRET-KEY-1", 58, "age"),
];

/// The first text of a line that has the shape of a secret, and where it stands, in bytes.
pub fn secret_shape(line: &str) -> Option<(Range<usize>, Secret)> {
    let block = line.find("-----BEGIN ").filter(|at| line[*at..].contains("PRIVATE KEY"));
    let block = block.map(|at| (at..line.trim_end().len(), Secret::PrivateKey));
    block.or_else(|| in_url(line)).or_else(|| token(line))
}

fn in_url(line: &str) -> Option<(Range<usize>, Secret)> {
    line.match_indices("://").find_map(|(at, sign)| {
        let start = line[..at].rfind(|c: char| !c.is_ascii_alphanumeric() && !"+-.".contains(c));
        let start =
            start.map_or(0, |before| before + line[before..].chars().next().map_or(1, char::len_utf8));
        let rest = &line[at + sign.len()..];
        let end = |stops: &[char]| {
            rest.find(|c: char| c.is_whitespace() || "\"'`<>".contains(c) || stops.contains(&c))
                .unwrap_or(rest.len())
        };
        let whole = end(&[]);
        let scheme = &line[start..at];
        if scheme.eq_ignore_ascii_case("otpauth") && rest[..whole].to_ascii_lowercase().contains("secret=") {
            return Some((start..at + sign.len() + whole, Secret::OneTimeSeed));
        }
        let (who, _) = rest[..end(&['/', '?', '#'])].rsplit_once('@')?;
        let (_, password) = who.split_once(':')?;
        // What stands for a password in an example or a template.
        let is_none = password.is_empty()
            || password.starts_with(['$', '{', '*', '%'])
            || ["password", "pass", "xxx", "secret"].iter().any(|word| password.eq_ignore_ascii_case(word));
        (!is_none && !scheme.is_empty()).then(|| (start..at + sign.len() + whole, Secret::UrlWithPassword))
    })
}

fn token(line: &str) -> Option<(Range<usize>, Secret)> {
    let is_part = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
    let bytes = line.as_bytes();
    let starts = (0..bytes.len()).filter(|at| is_part(bytes[*at]) && (*at == 0 || !is_part(bytes[at - 1])));
    starts.into_iter().find_map(|start| {
        let rest = &line[start..];
        let run = |from: usize| bytes[from..].iter().take_while(|b| is_part(**b)).count();
        for (begin, least, whose) in TOKENS {
            if rest.starts_with(begin) {
                let length = run(start + begin.len());
                if length >= least {
                    return Some((start..start + begin.len() + length, Secret::Token(whose)));
                }
            }
        }
        // A JSON Web Token: two objects and a signature.
        let parts: Vec<&str> = rest.splitn(3, '.').collect();
        let [head, body, _] = parts[..] else { return None };
        let signature = start + head.len() + body.len() + 2;
        let length = run(signature);
        let is_token = head.starts_with("eyJ")
            && body.starts_with("eyJ")
            && head.bytes().chain(body.bytes()).all(is_part)
            && length >= 20;
        is_token.then(|| (start..signature + length, Secret::Token("a web service (JWT)")))
    })
}

/// After which words a secret follows, in what people write.
const NAMES: [&str; 16] = [
    "password",
    "passwort",
    "kennwort",
    "passwd",
    "pwd",
    "passphrase",
    "passcode",
    "pin",
    "puk",
    "secret",
    "token",
    "apikey",
    "api key",
    "api-key",
    "recovery code",
    "backup code",
];

/// Whether this is the name of something secret: `PIN`, `door password`, but not `token lifetime`.
pub fn names_a_secret(name: &str) -> bool {
    let name = name.to_lowercase();
    NAMES.iter().any(|secret| {
        name.strip_suffix(secret).is_some_and(|before| !before.ends_with(|c: char| c.is_alphanumeric()))
    })
}

/// The first secret in a line of prose, and where it stands, in bytes.
pub fn secret_in_prose(line: &str) -> Option<(Range<usize>, Secret)> {
    named(line).or_else(|| random(line))
}

fn named(line: &str) -> Option<(Range<usize>, Secret)> {
    line.match_indices([':', '=']).find_map(|(at, _)| {
        let before = line[..at].trim_end().trim_end_matches(['"', '\'', '*', '`']);
        let before =
            [" is", " was", " now"].iter().find_map(|verb| before.strip_suffix(verb)).unwrap_or(before);
        if !names_a_secret(before) {
            return None;
        }
        let range = first_word(line, at + 1)?;
        let word = &line[range.clone()];
        let is_address = word.contains("://") || word.parse::<crate::names::Email>().is_ok();
        let is_secret = word.chars().count() >= 4 && word.chars().any(|c| !c.is_alphabetic()) && !is_address;
        is_secret.then_some((range, Secret::Named))
    })
}

/// The word at or after a byte, without the signs around it.
fn first_word(line: &str, from: usize) -> Option<Range<usize>> {
    let start = from + line[from..].find(|c: char| !c.is_whitespace() && !"\"'`*".contains(c))?;
    let length = line[start..].find(char::is_whitespace).unwrap_or(line.len() - start);
    let word = line[start..start + length].trim_end_matches(['"', '\'', '`', '*', '.', ',', ';', ')']);
    Some(start..start + word.len())
}

fn random(line: &str) -> Option<(Range<usize>, Secret)> {
    let mut from = 0;
    while let Some(range) = line.get(from..).and_then(|_| first_word(line, from)) {
        let word = &line[range.clone()];
        if is_random(word) {
            return Some((range, Secret::Random));
        }
        from = range.end.max(from + 1);
        while !line.is_char_boundary(from) {
            from += 1;
        }
    }
    None
}

/// Long, of one piece, and in no order that people give to letters.
fn is_random(word: &str) -> bool {
    const LEAST: usize = 20;
    if word.len() < LEAST || !word.is_ascii() || word.contains("://") || word.contains(':') {
        return false;
    }
    let is_hex = word.bytes().all(|b| b.is_ascii_hexdigit());
    let has = |class: fn(&u8) -> bool| word.as_bytes().iter().any(&class);
    if is_hex {
        return word.len() >= 32 && has(u8::is_ascii_digit) && has(u8::is_ascii_alphabetic);
    }
    // Parts between signs are words of names, paths and identities; a random text has long ones.
    let is_part = |c: char| c.is_ascii_alphanumeric() || "+=".contains(c);
    word.split(|c| !is_part(c)).any(|part| {
        let bytes = part.as_bytes();
        let class = |b: u8| match b {
            b'a'..=b'z' => 0,
            b'A'..=b'Z' => 1,
            _ => 2,
        };
        let changes = bytes.windows(2).filter(|pair| class(pair[0]) != class(pair[1])).count();
        let has = |class: fn(&u8) -> bool| bytes.iter().any(&class);
        part.len() >= LEAST
            && has(u8::is_ascii_lowercase)
            && has(u8::is_ascii_uppercase)
            && has(u8::is_ascii_digit)
            && changes * 5 >= part.len() * 2
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn shape(line: &str) -> Option<(&str, Secret)> {
        secret_shape(line).map(|(range, secret)| (&line[range], secret))
    }

    #[track_caller]
    fn prose(line: &str) -> Option<(&str, Secret)> {
        secret_in_prose(line).map(|(range, secret)| (&line[range], secret))
    }

    /// Put together here, so that no tool takes this file for one that leaks.
    fn token(parts: [&str; 2], length: usize) -> String {
        let tail: String = "a1B2c3D4".chars().cycle().take(length).collect();
        format!("{}{}{tail}", parts[0], parts[1])
    }

    #[test]
    fn tokens_are_known_by_their_beginning() {
        for (parts, length, whose) in [
            (["gh", "p_"], 36, "GitHub"),
            (["gl", "pat-"], 20, "GitLab"),
            (["AK", "IA"], 16, "Amazon"),
            (["xo", "xb-"], 24, "Slack"),
            (["sk_", "live_"], 24, "Stripe"),
            (["AGE-SECRET-", "KEY-1"], 58, "age"),
        ] {
            let token = token(parts, length);
            let line = format!("  notes: \"use {token}, please\"");
            assert_eq!(shape(&line), Some((token.as_str(), Secret::Token(whose))));
            // A part of it, or of another word, is none.
            assert_eq!(shape(&line[..line.len() - 20]), None);
            assert_eq!(shape(&line.replace(&token, &format!("x{token}"))), None);
        }
        let jwt = ["eyJhbGciOiJIUzI1NiJ9", "eyJzdWIiOiJrZXlmb3JnZSJ9", &token(["", ""], 43)].join(".");
        assert_eq!(shape(&format!("# {jwt}")).map(|(text, _)| text), Some(jwt.as_str()));
    }

    #[test]
    fn urls_and_blocks_are_known_by_what_is_in_them() {
        assert_eq!(
            shape("uris: [\"https://ana:hunter2@host.example/a\"]"),
            Some(("https://ana:hunter2@host.example/a", Secret::UrlWithPassword))
        );
        assert_eq!(
            shape("x otpauth://totp/Acme?issuer=Acme&secret=JBSWY3DP y"),
            Some(("otpauth://totp/Acme?issuer=Acme&secret=JBSWY3DP", Secret::OneTimeSeed))
        );
        assert_eq!(
            shape("  -----BEGIN OPENSSH PRIVATE KEY-----"),
            Some(("-----BEGIN OPENSSH PRIVATE KEY-----", Secret::PrivateKey))
        );
        for line in [
            "https://host.example:8443/a?b=c@d",
            "https://ana@host.example",
            "postgresql://vaultwarden:$(DATABASE_PASSWORD)@postgres:5432",
            "postgresql://user:password@host/name",
            "-----BEGIN PGP PUBLIC KEY BLOCK-----",
            "-----BEGIN AGE ENCRYPTED FILE-----",
            "otpauth://totp/Acme",
        ] {
            assert_eq!(shape(line), None, "{line}");
        }
    }

    #[test]
    fn what_follows_a_name_of_secrets_is_one_if_it_is_no_word() {
        assert_eq!(prose("The password: hunter2."), Some(("hunter2", Secret::Named)));
        assert_eq!(prose("the password was: hunter2"), Some(("hunter2", Secret::Named)));
        assert_eq!(prose("door PIN = 4711, back door"), Some(("4711", Secret::Named)));
        assert_eq!(prose("**API key**: `k-1234`"), Some(("k-1234", Secret::Named)));
        for line in [
            "Password: ask the treasurer",
            "PIN: see the safe",
            "password rotates every 90 days",
            "token: https://forum.example/settings/token",
            "password reset: it@acme.example",
            "opening hours: 10:00",
            "Spin: 1234",
        ] {
            assert_eq!(prose(line), None, "{line}");
        }
    }

    #[test]
    fn a_long_text_without_the_order_of_a_language_is_random() {
        let random = "kX9vQ2mLp4Rt7Wz1Yb3N";
        assert_eq!(prose(&format!("use {random} there")), Some((random, Secret::Random)));
        let hex = "8efb4da0c1297e35aa90b1d2c3e4f506";
        assert_eq!(prose(hex), Some((hex, Secret::Random)));
        for line in [
            "Two signatories needed above 500.",
            "DE89370400440532013000",
            "0b7f3a52-91c4-4e0e-a1de-3f5a8d2b6c10",
            "https://docs.example/d/1BxiMVs0XRA5nFMdKvBdBZjgmUUqptlbs74OgvE2upms",
            "TheTreasurersOfTheChessSociety2026",
            "unions/acme/societies/chess.yaml",
            "SHA256:kX9vQ2mLp4Rt7Wz1Yb3NkX9vQ2mLp4Rt7Wz1Yb3N",
            "Donaudampfschifffahrtsgesellschaft",
        ] {
            assert_eq!(prose(line), None, "{line}");
        }
    }
}
