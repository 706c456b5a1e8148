//! What may be shown of a text that somebody else wrote.
//!
//! Two dangers, both met here and nowhere else: a secret that was written in plain where it does not belong, and text
//! that plays with the terminal or the reader's eye (control characters, reordering, invisible characters).

use std::borrow::Cow;

use super::people::without_addresses;
use super::secret::secret_shape;

/// The longest text that a message quotes.
const MAX_SHOWN: usize = 80;

/// What stands for a value that could be a secret.
pub(super) const MASK: &str = "********";

/// Whether the value of a field with this name could be a secret.
///
/// By name, since the mistake that put the value there can be any: also one in the name. A value too many is masked rather
/// than one too few.
pub fn is_secret_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let whole = ["value", "pin", "totp", "seed", "sealed", "plain", "plaintext", "database_url"];
    let is_nearly = |word: &str| word.len() > 3 && strsim::osa_distance(&name, word) <= 1;
    let part =
        ["password", "passwd", "passphrase", "secret", "token", "credential", "private", "apikey", "api_key"];
    // Names of things that hold secrets, numbers of rotation, and settings about passwords are no secrets.
    let harmless = [
        "secretname",
        "secretref",
        "admintoken",
        "passwords",
        "password_iterations",
        "password_hints_allowed",
        "show_password_hint",
    ];
    !harmless.contains(&name.as_str())
        && (whole.contains(&name.as_str())
            || part.iter().any(|part| name.contains(part))
            || ["value", "totp", "sealed"].iter().any(|word| name.starts_with(word))
            || whole.iter().chain(&part).any(|word| is_nearly(word)))
}

/// Fields of a password whose values are no secret. `notes` is none of them: people write anything there.
const KNOWN: [&str; 10] = [
    "name",
    "title",
    "collection",
    "username",
    "uris",
    "renamedFrom",
    "alphabet",
    "length",
    "count",
    "rotation",
];

/// Whether the value at these steps of a document could be a secret: by a name, or since it belongs to a password and is not
/// known to be none.
pub fn is_secret_place(steps: &[String]) -> bool {
    let named = || steps.iter().filter(|step| step.parse::<usize>().is_err());
    let is_reference = steps.iter().any(|step| step == "secretRef");
    let is_password = steps.iter().any(|step| is_passwords(step));
    (steps.iter().any(|step| is_secret_name(step)) && !is_reference)
        || (is_password && named().next_back().is_none_or(|last| !KNOWN.contains(&last.as_str())))
}

/// `passwords`, also mistyped.
fn is_passwords(name: &str) -> bool {
    strsim::osa_distance(name, "passwords") <= 1
}

/// A text as messages quote it: of bounded length, and without the secrets of lines that it swallowed, as a text does whose
/// closing quote is missing.
pub fn shown(text: &str) -> Cow<'_, str> {
    let end = text.char_indices().nth(MAX_SHOWN).map(|(end, _)| end);
    // Cut at first: what follows is not looked at, however much it is.
    let text = &text[..end.unwrap_or(text.len())];
    let text = if text.contains([':', '=', '\'', '"']) || secret_shape(text).is_some() {
        let lines: Vec<&str> = text.split('\n').collect();
        let masked: Vec<_> = (0..lines.len()).map(|at| masked_line(&lines, at).0).collect();
        Cow::Owned(masked.join("\n"))
    } else {
        Cow::Borrowed(text)
    };
    if end.is_some() { Cow::Owned(format!("{text}…")) } else { text }
}

/// The first character that is not simply visible: controls, line ends, reordering, zero-width and blank characters.
pub fn first_invisible(text: &str) -> Option<char> {
    text.chars().find(|c| is_invisible(*c))
}

fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c,
            // `Default_Ignorable_Code_Point` of Unicode: also variation selectors and the fillers of Hangul.
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
            | '\u{fff0}'..='\u{fff8}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}'
            // Line ends, notes between lines, and the one pattern of Braille without a dot.
            | '\u{2028}'..='\u{2029}' | '\u{fff9}'..='\u{fffb}' | '\u{2800}')
}

/// The text with a visible `\u{…}` in place of each invisible character. A tab stays.
pub fn visible(text: &str) -> Cow<'_, str> {
    if text.chars().all(|c| c == '\t' || !is_invisible(c)) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if c == '\t' || !is_invisible(c) {
            out.push(c);
        } else {
            out.extend(c.escape_unicode());
        }
    }
    Cow::Owned(out)
}

/// The numbered line of a file with every value masked that could be a secret, and the byte where that begins.
///
/// From the first such value to the end of the line nothing is shown: a value that is wrong YAML has no known end.
pub(super) fn masked_line<'a>(lines: &[&'a str], number: usize) -> (Cow<'a, str>, Option<usize>) {
    let line = lines[number];
    if is_below_secret(lines, number) || is_in_private_key(lines, number) {
        return hidden_from(line, indent(line));
    }
    if let Some((range, _)) = secret_shape(line) {
        let (masked, hidden) = masked_by_name(lines, number);
        return if hidden.is_some_and(|hidden| hidden <= range.start) {
            (masked, hidden)
        } else {
            hidden_from(line, range.start)
        };
    }
    masked_by_name(lines, number)
}

/// The lines of a log that somebody else's program wrote, each with addresses of people and what could be a secret masked. Unlike in a file a line says
/// nothing of the next one, but for the block of a private key.
pub fn masked_log(text: &str) -> Vec<String> {
    let lines: Vec<&str> = text.lines().collect();
    let mut is_key = false;
    let mask = |line: &&str| {
        if line.contains("-----BEGIN") && line.contains("PRIVATE KEY") {
            is_key = true;
        }
        let masked = if is_key { hidden_from(line, indent(line)).0 } else { masked_line(&[line], 0).0 };
        is_key &= !line.contains("-----END");
        without_addresses(&masked).into_owned()
    };
    lines.iter().map(mask).collect()
}

/// The same with all hidden from a character on.
pub(super) fn masked_from<'a>(
    lines: &[&'a str],
    number: usize,
    start: usize,
) -> (Cow<'a, str>, Option<usize>) {
    let line = lines[number];
    let byte = line.char_indices().nth(start).map_or(line.len(), |(byte, _)| byte);
    match masked_line(lines, number) {
        (masked, Some(hidden)) if hidden <= byte => (masked, Some(hidden)),
        _ => hidden_from(line, byte),
    }
}

/// Whether the line lies in a block that begins above it.
fn is_in_private_key(lines: &[&str], number: usize) -> bool {
    let fence =
        lines[..number].iter().rev().find(|line| line.contains("-----BEGIN") || line.contains("-----END"));
    fence.is_some_and(|line| line.contains("-----BEGIN") && line.contains("PRIVATE KEY"))
}

fn masked_by_name<'a>(lines: &[&'a str], number: usize) -> (Cow<'a, str>, Option<usize>) {
    let line = lines[number];
    let mut start = 0;
    let mut inside = is_in_passwords(lines, number);
    while let Some((name, value)) = next_field(line, start) {
        let rest = line[value..].trim_start();
        inside |= is_passwords(name);
        let is_secret = is_secret_name(name) || (inside && !KNOWN.contains(&name));
        if is_secret && !is_opening(rest) {
            return hidden_from(line, line.len() - rest.len());
        }
        start = value;
    }
    // An item that is no field, but for those of `uris`.
    let item = line.trim_start_matches([' ', '-', '[', ']', '{', '}', ',']);
    if start == 0 && inside && !item.is_empty() && field_above(lines, number) != Some("uris") {
        return hidden_from(line, line.len() - item.len());
    }
    // A field that lost its colon.
    let words = line.trim_start_matches([' ', '-']);
    if start == 0
        && let Some((name, value)) = words.split_once(' ')
        && is_secret_name(name)
    {
        return hidden_from(line, line.len() - value.trim_start().len());
    }
    (Cow::Borrowed(line), None)
}

/// Whether the value of a field begins here and goes on elsewhere: below, or in fields of its own. A mapping is looked into
/// field by field, a list of texts is not.
fn is_opening(rest: &str) -> bool {
    let block = rest.strip_prefix(['|', '>']).map(|header| header.trim_start_matches(['+', '-']));
    let block = block.map(|header| header.trim_start_matches(|c: char| c.is_ascii_digit()).trim_start());
    let inside = rest.strip_prefix('[').unwrap_or(rest).trim_start();
    rest.is_empty()
        || matches!(rest.trim_end_matches([' ', ',', '}', ']']), "{" | "[")
        || block.is_some_and(|header| header.is_empty() || header.starts_with('#'))
        || (inside.starts_with('{') && next_field(inside, 0).is_some())
        || rest == "[{"
}

fn hidden_from(line: &str, start: usize) -> (Cow<'_, str>, Option<usize>) {
    let closing = line[start..].trim_end_matches(['}', ']', ' ']).len();
    (Cow::Owned(format!("{}{MASK}{}", &line[..start], &line[start + closing..])), Some(start))
}

/// The name of the next field from byte `start` on, and where its value begins.
///
/// Where the blank or the colon is missing it is no field, and yet a secret stands there.
fn next_field(line: &str, start: usize) -> Option<(&str, usize)> {
    line[start..].match_indices([':', '=', '\'', '"']).find_map(|(at, sign)| {
        let (at, after) = (start + at, &line[start + at + 1..]);
        let name = last_word(&line[start..at]);
        let is_field = match sign {
            ":" => {
                after.is_empty()
                    || after.starts_with([' ', '\t', '{', '[', '"', '\''])
                    || is_secret_name(name)
            }
            _ => is_secret_name(name) && !after.is_empty() && !after.starts_with([':', ',', ' ', '}', ']']),
        };
        is_field.then_some((name, at + 1))
    })
}

/// The last name in a text, whatever stands behind it.
fn last_word(text: &str) -> &str {
    let text = text.trim_end_matches(|c: char| !c.is_alphanumeric());
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
    text.trim_start_matches(|c| !is_part(c)).rsplit(|c| !is_part(c)).next().unwrap_or_default()
}

/// All fields of a line.
fn fields(line: &str) -> impl Iterator<Item = (&str, usize)> {
    std::iter::successors(next_field(line, 0), |(_, value)| next_field(line, *value))
}

/// The last field above a line that has none.
fn field_above<'a>(lines: &[&'a str], number: usize) -> Option<&'a str> {
    lines[..number].iter().rev().find_map(|line| fields(line).last()).map(|(name, _)| name)
}

/// Whether the line lies in a list of passwords. Where the end of the list is not sure, it does.
fn is_in_passwords(lines: &[&str], number: usize) -> bool {
    let list = |line: &str| fields(line).find(|(name, _)| is_passwords(name)).map(|(_, value)| value);
    let Some((at, value)) = (0..number).rev().find_map(|at| Some((at, list(lines[at])?))) else {
        return false;
    };
    let opening = std::iter::once(&lines[at][value..]).chain(lines[at + 1..number].iter().copied());
    let count = |signs: [char; 2]| opening.clone().map(|text| text.matches(signs).count()).sum::<usize>();
    let level = indent(lines[at]);
    let ends = |line: &&str| {
        indent(line) <= level && !line.trim_start().starts_with('-') && next_field(line, 0).is_some()
    };
    count(['[', '{']) > count([']', '}']) || !lines[at + 1..=number].iter().any(ends)
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

/// Whether a line has a field that could be a secret, or ends where one begins.
fn names_secret(line: &str) -> bool {
    is_secret_name(last_word(line)) || fields(line).map(|(name, _)| name).any(is_secret_name)
}

/// Whether the line continues a value whose key stands above it.
fn is_below_secret(lines: &[&str], number: usize) -> bool {
    // What goes on from a secret, on a line of its own that lost its indentation.
    let is_field = |line: &str| next_field(line, 0).is_some_and(|(name, _)| !name.is_empty());
    let mut before = lines[..number].iter().rev().filter(|line| !line.trim().is_empty());
    if !is_field(lines[number])
        && before.find(|line| is_field(line) || names_secret(line)).is_some_and(|line| names_secret(line))
    {
        return true;
    }
    // What belongs to a name that lost its colon at the end of a line.
    let before =
        lines[..number].iter().rev().find(|line| !line.trim().is_empty()).map(|line| line.trim_end());
    let bare = before
        .and_then(|line| line.strip_suffix(last_word(line)).map(|rest| (rest.trim_end(), last_word(line))));
    if bare.is_some_and(|(rest, word)| {
        is_secret_name(word) && (rest.is_empty() || rest.ends_with([',', '{', '-']))
    }) {
        return true;
    }
    let mut level = indent(lines[number]);
    for line in lines[..number].iter().rev().filter(|line| !line.trim().is_empty()) {
        if indent(line) < level {
            level = indent(line);
            if let Some((_, value)) = next_field(line, 0).filter(|(name, _)| is_secret_name(name)) {
                return !line[value..].trim().is_empty() || next_field(lines[number], 0).is_none();
            }
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn shows(text: &str, expected: &str) {
        let lines: Vec<_> = text.lines().collect();
        let masked: Vec<_> = (0..lines.len()).map(|at| masked_line(&lines, at).0.into_owned()).collect();
        assert_eq!(masked.join("\n"), expected);
    }

    #[test]
    fn values_that_could_be_secret_are_masked() {
        shows("value: hunter2, really", "value: ********");
        shows("- {name: pin, value: \"1234\", totp: 'x'}", "- {name: pin, value: ********}");
        shows("\"password\": 'a: b'", "\"password\": ********");
        shows("SMTP_PASSWORD: x # old", "SMTP_PASSWORD: ********");
        shows(
            "value: |\n  one: 1\n    two\n  three\nname: x",
            "value: |\n  ********\n    ********\n  ********\nname: x",
        );
        shows("secret:\n  hunter2", "secret:\n  ********");
        shows("{tokens: [one, two]}", "{tokens: ********]}");
        shows("secret:\n& hunter2", "secret:\n********");
        shows("[{pin:\n: hunter2}]", "[{pin:\n********}]");
        shows("value:hunter2", "value:********");
        shows("secret:> hunter2", "secret:********");
        shows("  secret:a\nb\n hunter2\nname: x", "  secret:********\n********\n ********\nname: x");
        shows("secret: {hunter2}", "secret: ********}");
        shows("- value hunter2", "- value ********");
        shows("{name: code, value\na: hunter2}", "{name: code, value\n********}");
        shows("{value:'hunter2'}", "{value:********}");
        shows("{value'hunter2'}", "{value'********}");
        shows("password[: \"hunter2\"", "password[: ********");
        shows("{name: code, value\n: hunter2}", "{name: code, value\n********}");
        shows("valeu: hunter2", "valeu: ********");
    }

    #[test]
    fn other_lines_are_shown_as_they_are() {
        shows("email: ana@acme.example", "email: ana@acme.example");
        shows("credentials: {secretRef: {name: smtp}}", "credentials: {secretRef: {name: smtp}}");
        shows("passwords:\n  - name: bank\n    username: x", "passwords:\n  - name: bank\n    username: x");
        shows("rotation: {adminToken: 2}", "rotation: {adminToken: 2}");
    }

    #[test]
    fn of_a_password_only_what_is_known_is_shown() {
        shows(
            "passwords:\n- name: bank\n  pw: hunter2\n  genrate: hunter2\n  generate: hunter2\n  notes: [hunter2]\n- hunter2",
            "passwords:\n- name: bank\n  pw: ********\n  genrate: ********\n  generate: ********\n  notes: ********]\n- ********",
        );
        shows(
            "  passwords:\n    - uris:\n        - https://a.example\n      generate: {length: 20}\n      pass hunter2\n  policies: {a: b}",
            "  passwords:\n    - uris:\n        - https://a.example\n      generate: {length: 20}\n      ********\n  policies: {a: b}",
        );
        shows(
            "  passwords: [{name: a, pwd: hunter2},\n{name: b,\npass: hunter2}]\n  policies: x",
            "  passwords: [{name: a, pwd: ********\n{name: b,\npass: ********}]\n  policies: x",
        );
        shows("passwords: hunter2\n  hunter2", "passwords: ********\n  ********");
        shows("passwrods: [{pw: hunter2}]", "passwrods: [{pw: ********}]");
    }

    #[test]
    fn a_place_is_secret_by_its_names_or_in_a_password() {
        let secret = |path: &str| is_secret_place(&path.split('.').map(str::to_owned).collect::<Vec<_>>());
        for path in [
            "spec.adminPassword",
            "spec.passwords.0.pw",
            "spec.passwords.0.notes",
            "spec.passwords.0",
            "spec.passwords",
        ] {
            assert!(secret(path), "{path}");
        }
        for path in [
            "spec.passwords.0.name",
            "spec.passwords.0.uris.1",
            "spec.passwords.0.generate.length",
            "spec.vaultwarden.settings.PASSWORD_ITERATIONS",
            "spec.vaultwarden.smtp.credentials.secretRef.name",
        ] {
            assert!(!secret(path), "{path}");
        }
    }

    #[test]
    fn a_text_that_swallowed_a_secret_is_quoted_without_it() {
        assert_eq!(shown("Chess Society\nvalue: hunter2"), "Chess Society\nvalue: ********");
        assert_eq!(shown("Chess Society value: hunter2"), "Chess Society value: ********");
        assert_eq!(shown("spec.fields[1].value:'hunter2'"), "spec.fields[1].value:********");
        assert_eq!(shown("https://vault.acme.example"), "https://vault.acme.example");
    }

    #[test]
    fn a_log_is_masked_line_by_line() {
        let log = "2026-11-29T08:00:00Z Starting\n2026-11-29T08:00:01Z smtp password=hunter2 refused\n\
                   2026-11-29T08:00:02Z connected to postgres://vault:hunter2@db/vault\n\
                   2026-11-29T08:00:03Z invalid token:\n2026-11-29T08:00:04Z Listening on 0.0.0.0:8080\n\
                   -----BEGIN RSA PRIVATE KEY-----\nhunter2\n-----END RSA PRIVATE KEY-----\nReady";
        assert_eq!(
            masked_log(log).join("\n"),
            "2026-11-29T08:00:00Z Starting\n2026-11-29T08:00:01Z smtp password=********\n\
             2026-11-29T08:00:02Z connected to ********\n\
             2026-11-29T08:00:03Z invalid token:\n2026-11-29T08:00:04Z Listening on 0.0.0.0:8080\n\
             ********\n********\n********\nReady"
        );
    }

    #[test]
    fn text_that_plays_with_the_terminal_is_spelled_out() {
        assert_eq!(visible("a\u{1b}[31mb\u{202e}c"), "a\\u{1b}[31mb\\u{202e}c");
        assert_eq!(visible("Zoë\t🙂"), "Zoë\t🙂");
        for c in ['\u{3164}', '\u{115f}', '\u{1160}', '\u{ffa0}', '\u{2800}', '\u{fe0f}', '\u{e0100}'] {
            assert_eq!(first_invisible(&format!("a{c}")), Some(c));
        }
    }
}
