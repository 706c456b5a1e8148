//! What may be shown of a text that somebody else wrote.
//!
//! Two dangers, both met here and nowhere else: a secret that was written in plain where it does not belong, and text
//! that plays with the terminal or the reader's eye (control characters, reordering, invisible characters).

use std::borrow::Cow;

/// The longest text that a message quotes.
const MAX_SHOWN: usize = 80;

/// What stands for a value that could be a secret.
pub(super) const MASK: &str = "********";

/// Whether the value of a field with this name could be a secret.
///
/// By name, since the mistake that put the value there can be any. A value too many is masked rather than one too few.
pub fn is_secret_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let whole = ["value", "pin", "totp", "seed", "sealed", "plain", "plaintext", "database_url"];
    let part =
        ["password", "passwd", "passphrase", "secret", "token", "credential", "private", "apikey", "api_key"];
    // Names of things that hold secrets, and numbers of rotation, are no secrets.
    let harmless = ["secretname", "secretref", "admintoken", "passwords"];
    !harmless.contains(&name.as_str())
        && (whole.contains(&name.as_str()) || part.iter().any(|part| name.contains(part)))
}

/// A text as messages quote it: of bounded length.
pub fn shown(text: &str) -> Cow<'_, str> {
    match text.char_indices().nth(MAX_SHOWN) {
        Some((end, _)) => Cow::Owned(format!("{}…", &text[..end])),
        None => Cow::Borrowed(text),
    }
}

/// The first character that is not simply visible: controls, line ends, reordering and zero-width characters.
pub fn first_invisible(text: &str) -> Option<char> {
    text.chars().find(|c| is_invisible(*c))
}

fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
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
    if is_below_secret(lines, number) {
        return hidden_from(line, indent(line));
    }
    let mut start = 0;
    while let Some((name, value)) = next_field(line, start) {
        let rest = line[value..].trim_start();
        // A mapping is looked into field by field, a list of texts is not.
        let is_list = rest.starts_with('[') && !rest[1..].trim_start().starts_with('{');
        let is_opening = rest.is_empty() || rest.starts_with(['{', '[', '#', '|', '>']);
        if is_secret_name(name) && (is_list || !is_opening) {
            return hidden_from(line, line.len() - rest.len());
        }
        start = value;
    }
    (Cow::Borrowed(line), None)
}

fn hidden_from(line: &str, start: usize) -> (Cow<'_, str>, Option<usize>) {
    let closing = line[start..].trim_end_matches(['}', ']', ' ']).len();
    (Cow::Owned(format!("{}{MASK}{}", &line[..start], &line[start + closing..])), Some(start))
}

/// The name of the next field from byte `start` on, and where its value begins.
fn next_field(line: &str, start: usize) -> Option<(&str, usize)> {
    line[start..].match_indices(':').find_map(|(at, _)| {
        let at = start + at;
        let after = &line[at + 1..];
        if !(after.is_empty() || after.starts_with([' ', '\t', '{', '[', '"', '\''])) {
            return None;
        }
        let name = line[start..at].trim_end_matches(['"', '\'', ' ']);
        let word = name.rfind([' ', '{', ',', '[', '"', '\'', '\t']).map_or(0, |at| at + 1);
        Some((&name[word..], at + 1))
    })
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

/// Whether the line continues a value whose key stands above it.
fn is_below_secret(lines: &[&str], number: usize) -> bool {
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
    }

    #[test]
    fn other_lines_are_shown_as_they_are() {
        shows("email: ana@acme.example", "email: ana@acme.example");
        shows("credentials: {secretRef: {name: smtp}}", "credentials: {secretRef: {name: smtp}}");
        shows("passwords:\n  - name: bank\n    username: x", "passwords:\n  - name: bank\n    username: x");
        shows("rotation: {adminToken: 2}", "rotation: {adminToken: 2}");
    }

    #[test]
    fn text_that_plays_with_the_terminal_is_spelled_out() {
        assert_eq!(visible("a\u{1b}[31mb\u{202e}c"), "a\\u{1b}[31mb\\u{202e}c");
        assert_eq!(visible("Zoë\t🙂"), "Zoë\t🙂");
    }
}
