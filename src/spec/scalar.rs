//! What unquoted text means: YAML as people mean it.
//!
//! Readers of YAML disagree: `on` is true for some and text for others, `012` is twelve, ten or text. What all agree
//! on is read; what they do not is doubtful, and a diagnostic asks for quotes. Quoted text is always text.

use serde_json::{Number, Value as Json};

/// A scalar as it was written, and what it is.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Scalar {
    pub text: Box<str>,
    pub reading: Reading,
}

/// What a scalar is.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Reading {
    Text,
    Null,
    Bool(bool),
    Number(Number),
    /// Text for us, something else for other readers.
    Doubtful(Doubt),
}

/// What other readers would take the text for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Doubt {
    Bool,
    Number,
    Date,
}

impl Doubt {
    /// For messages.
    pub(super) fn noun(self) -> &'static str {
        match self {
            Self::Bool => "a truth value",
            Self::Number => "a number",
            Self::Date => "a date",
        }
    }
}

impl Scalar {
    /// A quoted text or a block of text.
    pub(super) fn quoted(text: &str) -> Self {
        Self { text: text.into(), reading: Reading::Text }
    }

    /// Unquoted text.
    pub(super) fn plain(text: &str) -> Self {
        Self { text: text.into(), reading: read(text) }
    }

    /// From JSON that is neither a list nor an object.
    pub(super) fn from_json(json: Json) -> Self {
        match json {
            Json::String(text) => Self::quoted(&text),
            Json::Bool(value) => Self { text: json.to_string().into(), reading: Reading::Bool(value) },
            Json::Number(number) => {
                Self { text: number.to_string().into(), reading: Reading::Number(number) }
            }
            other => Self { text: other.to_string().into(), reading: Reading::Null },
        }
    }

    pub(super) fn is_null(&self) -> bool {
        self.reading == Reading::Null
    }

    pub(super) fn to_json(&self) -> Json {
        match &self.reading {
            Reading::Text | Reading::Doubtful(_) => Json::String(self.text.to_string()),
            Reading::Null => Json::Null,
            Reading::Bool(value) => Json::Bool(*value),
            Reading::Number(number) => Json::Number(number.clone()),
        }
    }
}

fn read(text: &str) -> Reading {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Reading::Null,
        "true" | "True" | "TRUE" => return Reading::Bool(true),
        "false" | "False" | "FALSE" => return Reading::Bool(false),
        _ => {}
    }
    if ["y", "n", "yes", "no", "on", "off"].iter().any(|word| text.eq_ignore_ascii_case(word)) {
        return Reading::Doubtful(Doubt::Bool);
    }
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    if unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        if is_date(text) {
            return Reading::Doubtful(Doubt::Date);
        }
        if let Some(number) = number(text, unsigned) {
            return Reading::Number(number);
        }
        if is_numeric_elsewhere(unsigned) {
            return Reading::Doubtful(Doubt::Number);
        }
    }
    Reading::Text
}

/// Decimal digits without a leading zero, with at most one point between digits: a number for every reader.
fn number(text: &str, unsigned: &str) -> Option<Number> {
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole) || !digits(fraction) || (whole.len() > 1 && whole.starts_with('0')) {
        return None;
    }
    if fraction.bytes().all(|b| b == b'0') {
        let sign = if text.starts_with('-') { "-" } else { "" };
        if let Ok(number) = format!("{sign}{whole}").parse::<i64>() {
            return Some(number.into());
        }
    }
    text.parse().ok().and_then(Number::from_f64)
}

/// Octal, hexadecimal and binary numbers, digit groups, exponents, base 60, infinity: numbers for some readers.
fn is_numeric_elsewhere(unsigned: &str) -> bool {
    let all = |text: &str, allowed: fn(u8) -> bool| !text.is_empty() && text.bytes().all(allowed);
    if let Some(rest) = unsigned.strip_prefix("0x").or_else(|| unsigned.strip_prefix("0X")) {
        return all(rest, |b| b.is_ascii_hexdigit() || b == b'_');
    }
    if let Some(rest) = unsigned.strip_prefix("0o").or_else(|| unsigned.strip_prefix("0b")) {
        return all(rest, |b| matches!(b, b'0'..=b'7' | b'_'));
    }
    if [".inf", ".nan"].iter().any(|word| unsigned.eq_ignore_ascii_case(word)) {
        return true;
    }
    if unsigned.contains(':') {
        return unsigned.split(':').all(|part| all(part, |b| b.is_ascii_digit() || b == b'_'));
    }
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.strip_prefix(['-', '+']).unwrap_or(exponent)),
        None => (unsigned, "0"),
    };
    all(exponent, |b| b.is_ascii_digit())
        && mantissa.bytes().filter(|b| *b == b'.').count() <= 1
        && mantissa.bytes().any(|b| b.is_ascii_digit())
        && all(mantissa, |b| b.is_ascii_digit() || matches!(b, b'_' | b'.'))
}

/// `2026-01-01`, also with a time after it.
fn is_date(text: &str) -> bool {
    let date = text.split(['T', 't', ' ']).next().unwrap_or(text);
    let parts: Vec<_> = date.split('-').collect();
    let digits = |part: &str, lengths: &[usize]| {
        lengths.contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit())
    };
    matches!(parts[..], [year, month, day]
        if digits(year, &[4]) && digits(month, &[1, 2]) && digits(day, &[1, 2]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_all_readers_agree_on_is_read() {
        assert_eq!(read("null"), Reading::Null);
        assert_eq!(read("true"), Reading::Bool(true));
        assert_eq!(read("-12"), Reading::Number((-12).into()));
        assert_eq!(read("3.0"), Reading::Number(3.into()));
        assert_eq!(Some(read("0.5")), Number::from_f64(0.5).map(Reading::Number));
        for text in ["1.37.2", "acme", "1Gi", "50m", "a:b", "2026-W01", "-", "...", "192.0.2.1", "12-34-56"] {
            assert_eq!(read(text), Reading::Text, "{text}");
        }
    }

    #[test]
    fn what_readers_disagree_on_is_doubtful() {
        for text in ["on", "Yes", "NO", "y"] {
            assert_eq!(read(text), Reading::Doubtful(Doubt::Bool), "{text}");
        }
        for text in ["012", "1_000", "0x1f", "0o14", "0b1", "1e3", "1.5E-3", "12:30", ".inf", "-.5", "1."] {
            assert_eq!(read(text), Reading::Doubtful(Doubt::Number), "{text}");
        }
        for text in ["2026-01-01", "2026-1-1", "2026-01-01T10:00:00Z"] {
            assert_eq!(read(text), Reading::Doubtful(Doubt::Date), "{text}");
        }
    }
}
