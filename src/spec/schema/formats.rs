//! The formats that the schemas name: rules that a pattern cannot hold, or not explain.
//!
//! A format is decided by the type that reads the value later, so that a document that passes can be read; its words are
//! that type's words.

use std::fmt::Display;
use std::str::FromStr;

use crate::diagnostic::first_invisible;
use crate::domain::Domain;
use crate::names::{Email, SocietyName};
use crate::spec::image::ImageReference;
use crate::spec::quantity::Quantity;

/// Why a text does not have the format, or nothing.
pub(super) type Check = fn(&str) -> Option<String>;

/// All formats by name. `email` is stricter than the standard's.
pub(super) const ALL: [(&str, Check); 8] = [
    ("email", of::<Email>),
    ("keyforge-domain", of::<Domain>),
    ("keyforge-image", of::<ImageReference>),
    ("keyforge-label-name", label_name),
    ("keyforge-label-value", label_value),
    ("keyforge-line", line),
    ("keyforge-name", of::<SocietyName>),
    ("keyforge-quantity", of::<Quantity>),
];

/// Why a text does not have the format of this name.
pub(super) fn error(format: &str, text: &str) -> Option<String> {
    ALL.iter().find(|(name, _)| *name == format).and_then(|(_, check)| check(text))
}

fn of<T: FromStr<Err: Display>>(text: &str) -> Option<String> {
    text.parse::<T>().err().map(|error| error.to_string())
}

fn line(text: &str) -> Option<String> {
    if text.trim() != text {
        return Some("a name neither starts nor ends with a blank".to_owned());
    }
    first_invisible(text)
        .map(|found| format!("a name is one line of visible text, without U+{:04X}", u32::from(found)))
}

/// What may follow `keyforge.dev/label-` in the name of a Kubernetes label.
fn label_name(text: &str) -> Option<String> {
    const MOST: usize = 57;
    (text.is_empty() || !is_label(text) || text.len() > MOST).then(|| {
        format!(
            "the name of a label has at most {MOST} of `A` to `Z`, `a` to `z`, `0` to `9`, `-`, `_` and `.`, \
             the first and last a letter or digit"
        )
    })
}

fn label_value(text: &str) -> Option<String> {
    const MOST: usize = 63;
    (!is_label(text) || text.len() > MOST).then(|| {
        format!(
            "the value of a label has at most {MOST} of `A` to `Z`, `a` to `z`, `0` to `9`, `-`, `_` and `.`, \
             the first and last a letter or digit"
        )
    })
}

fn is_label(text: &str) -> bool {
    let edge = |c: Option<char>| c.is_none_or(|c| c.is_ascii_alphanumeric());
    edge(text.chars().next())
        && edge(text.chars().next_back())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
}
