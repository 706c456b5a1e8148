//! The list of OpenSSH keys that may sign, in the format of ssh-keygen(1), "ALLOWED SIGNERS".
//!
//! Read in full before anything is believed: a line that ssh-keygen would pass over in silence is a mistake here, since who
//! wrote it meant somebody. One difference is meant: a time without `Z` is UTC, for there is no zone of ours to read it in.

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use ssh_key::PublicKey;
use ssh_key::public::KeyData;

use super::pattern::Patterns;
use super::ssh;

/// A line: a key, and for whom, for what and when it counts.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct AllowedKey {
    pub principals: Patterns,
    pub key: KeyData,
    /// Without it: all.
    pub namespaces: Option<Patterns>,
    /// At or after it.
    pub valid_after: Option<DateTime<Utc>>,
    /// At or before it.
    pub valid_before: Option<DateTime<Utc>>,
}

/// A line that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {why}")]
pub struct LineError {
    /// From 1.
    pub line: u32,
    /// What is wrong with it.
    pub why: Mistake,
}

/// What is wrong with a line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Mistake {
    /// A quote that begins and does not end.
    #[error("a quote is not closed")]
    Quote,
    /// There is no key after the principals and options.
    #[error("no public key, such as `ssh-ed25519 AAAA…`, follows `{after}`")]
    NoKey {
        /// What stands before where it should be.
        after: String,
    },
    /// The key is broken.
    #[error("the `{kind}` key cannot be read")]
    Key {
        /// As it is written.
        kind: String,
    },
    /// A key of a kind, or a size, that is not safe any more.
    #[error(transparent)]
    Weak(#[from] ssh::WeakKey),
    /// An option that does not exist.
    #[error("`{option}` is not an option; allowed are `namespaces`, `valid-after`, `valid-before`")]
    Option {
        /// As it is written.
        option: String,
    },
    /// An option twice.
    #[error("`{option}` is there twice")]
    Twice {
        /// Which one.
        option: &'static str,
    },
    /// An option without its value in quotes.
    #[error("`{option}` has a value in quotes, such as `{option}=\"{example}\"`")]
    Value {
        /// Which one.
        option: &'static str,
        /// What could stand there.
        example: &'static str,
    },
    /// Certificates.
    #[error("`cert-authority` is not supported: keys are listed themselves, one a line")]
    Authority,
    /// A time in another form.
    #[error(
        "`{text}` is no time; it is written `YYYYMMDD` or `YYYYMMDDHHMM[SS]`, with `Z` or without in UTC"
    )]
    Time {
        /// As it is written.
        text: String,
    },
    /// A key that is never valid.
    #[error("`valid-after` is not before `valid-before`, so that the key is never valid")]
    Never,
}

/// Reads the whole list: the keys, and what is wrong with the other lines.
pub(super) fn parse(text: &str) -> (Vec<AllowedKey>, Vec<LineError>) {
    let mut keys = Vec::new();
    let mut mistakes = Vec::new();
    for (line, number) in text.lines().zip(1..) {
        let line = line.trim_matches([' ', '\t', '\r']);
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        match parse_line(line) {
            Ok(key) => keys.push(key),
            Err(why) => mistakes.push(LineError { line: number, why }),
        }
    }
    (keys, mistakes)
}

fn parse_line(line: &str) -> Result<AllowedKey, Mistake> {
    let (principals, rest) = match line.strip_prefix('"') {
        Some(quoted) => quoted.split_once('"').ok_or(Mistake::Quote)?,
        None => line.split_once([' ', '\t']).unwrap_or((line, "")),
    };
    let (options, key) = match key(rest) {
        Some(key) => (Options::default(), key?),
        None => {
            let (text, after) = word(rest)?;
            let missing = |after: &str| Mistake::NoKey { after: after.to_owned() };
            if text.is_empty() || text.starts_with("AAAA") {
                return Err(missing(principals));
            }
            let key = key(after);
            // Without a key, what is an option in no way is rather the beginning of one.
            if key.is_none() && !text.contains('=') && !text.contains('"') {
                return Err(missing(text));
            }
            (Options::parse(text)?, key.ok_or_else(|| missing(text))??)
        }
    };
    let Options { namespaces, valid_after, valid_before } = options;
    if valid_after.zip(valid_before).is_some_and(|(after, before)| after >= before) {
        return Err(Mistake::Never);
    }
    Ok(AllowedKey { principals: Patterns::new(principals), key, namespaces, valid_after, valid_before })
}

/// The key that a text begins with; none if it begins with something else.
fn key(text: &str) -> Option<Result<KeyData, Mistake>> {
    let mut words = text.split_ascii_whitespace();
    let (kind, data) = (words.next()?, words.next()?);
    // Every key in this form begins with the length of its kind's name, three bytes of which are zero.
    if kind.contains(['=', '"', ',']) || !data.starts_with("AAAA") {
        return None;
    }
    let read = PublicKey::from_openssh(&format!("{kind} {data}"));
    let key = read.map_err(|_| Mistake::Key { kind: kind.to_owned() });
    Some(key.and_then(|key| {
        ssh::check(key.key_data())?;
        Ok(key.key_data().clone())
    }))
}

/// Splits a text after its first word; a blank inside of quotes ends none.
fn word(text: &str) -> Result<(&str, &str), Mistake> {
    let text = text.trim_start_matches([' ', '\t']);
    let mut quoted = false;
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            '"' if !escaped => quoted = !quoted,
            ' ' | '\t' if !quoted => return Ok(text.split_at(at)),
            _ => {}
        }
        escaped = c == '\\' && !escaped;
    }
    if quoted { Err(Mistake::Quote) } else { Ok((text, "")) }
}

#[derive(Default)]
struct Options {
    namespaces: Option<Patterns>,
    valid_after: Option<DateTime<Utc>>,
    valid_before: Option<DateTime<Utc>>,
}

impl Options {
    fn parse(mut text: &str) -> Result<Self, Mistake> {
        let mut options = Self::default();
        loop {
            let end = text.find([',', '=']).unwrap_or(text.len());
            let (name, rest) = text.split_at(end);
            let rest = match name.to_ascii_lowercase().as_str() {
                "namespaces" => {
                    let (value, rest) = value(rest, "namespaces", "git")?;
                    set(&mut options.namespaces, "namespaces", Patterns::new(&value))?;
                    rest
                }
                "valid-after" => {
                    let (value, rest) = value(rest, "valid-after", "20260101")?;
                    set(&mut options.valid_after, "valid-after", time(&value)?)?;
                    rest
                }
                "valid-before" => {
                    let (value, rest) = value(rest, "valid-before", "20261231")?;
                    set(&mut options.valid_before, "valid-before", time(&value)?)?;
                    rest
                }
                "cert-authority" => return Err(Mistake::Authority),
                _ => return Err(Mistake::Option { option: name.to_owned() }),
            };
            match rest.strip_prefix(',') {
                Some(rest) => text = rest,
                None if rest.is_empty() => return Ok(options),
                None => return Err(Mistake::Option { option: rest.to_owned() }),
            }
        }
    }
}

fn set<T>(option: &mut Option<T>, name: &'static str, value: T) -> Result<(), Mistake> {
    match option.replace(value) {
        None => Ok(()),
        Some(_) => Err(Mistake::Twice { option: name }),
    }
}

/// The value in `="…"`, and what follows it.
fn value<'t>(
    text: &'t str,
    option: &'static str,
    example: &'static str,
) -> Result<(String, &'t str), Mistake> {
    let quoted = text.strip_prefix("=\"").ok_or(Mistake::Value { option, example })?;
    let mut value = String::new();
    let mut characters = quoted.char_indices();
    while let Some((at, c)) = characters.next() {
        match c {
            '"' => return Ok((value, &quoted[at + 1..])),
            '\\' if quoted[at + 1..].starts_with('"') => {
                characters.next();
                value.push('"');
            }
            c => value.push(c),
        }
    }
    Err(Mistake::Quote)
}

fn time(text: &str) -> Result<DateTime<Utc>, Mistake> {
    let digits = text.strip_suffix(['Z', 'z']).unwrap_or(text);
    let parsed = match digits.len() {
        8 => NaiveDate::parse_from_str(digits, "%Y%m%d").ok().and_then(|day| day.and_hms_opt(0, 0, 0)),
        12 => NaiveDateTime::parse_from_str(&format!("{digits}00"), "%Y%m%d%H%M%S").ok(),
        14 => NaiveDateTime::parse_from_str(digits, "%Y%m%d%H%M%S").ok(),
        _ => None,
    };
    let parsed = parsed.filter(|_| digits.bytes().all(|byte| byte.is_ascii_digit()));
    parsed.map(|time| time.and_utc()).ok_or_else(|| Mistake::Time { text: text.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGsRpONU26KxAXSYZBZPf8rYiqhZTzIGIR0Wv2CsBbtm";

    /// What a list says, one line for each of its own.
    fn read(text: &str) -> String {
        let (keys, mistakes) = parse(&text.replace("KEY", KEY));
        let mut said: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
        said.extend(keys.iter().map(|key| {
            let time = |time: Option<DateTime<Utc>>| {
                time.map_or_else(String::new, |time| time.format("%Y-%m-%dT%H:%M:%S").to_string())
            };
            let namespaces = key.namespaces.as_ref().map_or_else(String::new, ToString::to_string);
            let (after, before) = (time(key.valid_after), time(key.valid_before));
            format!("{} [{namespaces}] [{after}..{before}]", key.principals)
        }));
        said.join("\n")
    }

    #[test]
    fn a_list_is_read_as_ssh_keygen_reads_it() {
        let text = "# officers\n\nana@acme.example KEY Ana's laptop\n  \t\"bo b@acme.example\"\tKEY\n\
                    *@acme.example,!guest@acme.example namespaces=\"git,file\" KEY\n\
                    eve@acme.example NAMESPACES=\"git\",valid-after=\"20250101\",valid-before=\"202612312359Z\" KEY x\n\
                    z@acme.example valid-before=\"20261231235958\" KEY\r\n";
        let expected = "ana@acme.example [] [..]\nbo b@acme.example [] [..]\n\
                        *@acme.example,!guest@acme.example [git,file] [..]\n\
                        eve@acme.example [git] [2025-01-01T00:00:00..2026-12-31T23:59:00]\n\
                        z@acme.example [] [..2026-12-31T23:59:58]";
        assert_eq!(read(text), expected);
    }

    #[test]
    fn each_line_that_cannot_be_meant_is_told() {
        for (line, expected) in [
            ("ana@acme.example", "no public key, such as `ssh-ed25519 AAAA…`, follows `ana@acme.example`"),
            (
                "ana@acme.example namespaces=\"git\"",
                "no public key, such as `ssh-ed25519 AAAA…`, follows `namespaces=\"git\"`",
            ),
            (
                "ana@acme.example AAAAC3NzaC1lZDI1NTE5AAAA",
                "no public key, such as `ssh-ed25519 AAAA…`, follows `ana@acme.example`",
            ),
            ("ana@acme.example ssh-ed25519 AAAAC3Nz", "the `ssh-ed25519` key cannot be read"),
            ("\"ana@acme.example KEY", "a quote is not closed"),
            ("ana@acme.example namespaces=\"git KEY", "a quote is not closed"),
            (
                "ana@acme.example namespaces=git KEY",
                "`namespaces` has a value in quotes, such as `namespaces=\"git\"`",
            ),
            (
                "ana@acme.example namespace=\"git\" KEY",
                "`namespace` is not an option; allowed are `namespaces`, `valid-after`, `valid-before`",
            ),
            (
                "ana@acme.example valid-after=\"20250101\",valid-after=\"20250102\" KEY",
                "`valid-after` is there twice",
            ),
            (
                "ana@acme.example valid-after=\"2025-01-01\" KEY",
                "`2025-01-01` is no time; it is written `YYYYMMDD` or `YYYYMMDDHHMM[SS]`, with `Z` or without in UTC",
            ),
            (
                "ana@acme.example valid-after=\"20260101\",valid-before=\"20260101\" KEY",
                "`valid-after` is not before `valid-before`, so that the key is never valid",
            ),
            (
                "*@acme.example cert-authority KEY",
                "`cert-authority` is not supported: keys are listed themselves, one a line",
            ),
        ] {
            assert_eq!(read(&format!("# first\n{line}")), format!("line 2: {expected}"));
        }
    }
}
