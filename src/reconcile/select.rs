//! Which unions of the config repo an installation takes, by the labels of their documents: one repo may serve several.
//!
//! Pure. Invariant: nothing is removed because it is not selected; what was taken once is held, not dropped.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

/// All of these hold for a union that is taken.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selector(Vec<Term>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Term {
    Is(String, String),
    IsNot(String, String),
    Has(String),
    HasNot(String),
}

/// The text selects nothing that can be told.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is none of `label=value`, `label!=value`, `label`, `!label`, of which several are parted by commas"
)]
pub struct SelectorError(String);

impl Selector {
    /// Whether a union with these labels is taken.
    pub(super) fn takes(&self, labels: &BTreeMap<String, String>) -> bool {
        self.0.iter().all(|term| match term {
            Term::Is(label, value) => labels.get(label) == Some(value),
            Term::IsNot(label, value) => labels.get(label) != Some(value),
            Term::Has(label) => labels.contains_key(label),
            Term::HasNot(label) => !labels.contains_key(label),
        })
    }
}

impl FromStr for Selector {
    type Err = SelectorError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.is_empty() {
            return Ok(Self::default());
        }
        text.split(',').map(str::parse).collect::<Result<_, _>>().map(Self)
    }
}

impl FromStr for Term {
    type Err = SelectorError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || SelectorError(text.to_owned());
        // As Kubernetes has it, but for its blanks and sets.
        let word = |word: &str| {
            let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/');
            if word.chars().all(fits) { Ok(word.to_owned()) } else { Err(wrong()) }
        };
        let label =
            |text: &str| word(text).and_then(|label| if label.is_empty() { Err(wrong()) } else { Ok(label) });
        if let Some(absent) = text.strip_prefix('!') {
            return label(absent).map(Self::HasNot);
        }
        if let Some((name, value)) = text.split_once("!=") {
            return Ok(Self::IsNot(label(name)?, word(value)?));
        }
        match text.split_once('=') {
            Some((name, value)) => Ok(Self::Is(label(name)?, word(value)?)),
            None => label(text).map(Self::Has),
        }
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, term) in self.0.iter().enumerate() {
            f.write_str(if number > 0 { "," } else { "" })?;
            match term {
                Term::Is(label, value) => write!(f, "{label}={value}")?,
                Term::IsNot(label, value) => write!(f, "{label}!={value}")?,
                Term::Has(label) => f.write_str(label)?,
                Term::HasNot(label) => write!(f, "!{label}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_terms_hold_for_who_is_taken() {
        let labels = BTreeMap::from([("stage".to_owned(), "prod".to_owned())]);
        let takes = |text: &str| text.parse::<Selector>().expect("a selector").takes(&labels);
        assert!(["", "stage=prod", "stage", "stage!=test,!trial", "trial!=yes"].into_iter().all(takes));
        assert!(!["stage=test", "!stage", "trial", "stage=prod,trial"].into_iter().any(takes));
    }

    #[test]
    fn a_selector_is_read_as_it_is_printed_and_nothing_else_is_one() {
        for text in ["", "a=b", "a!=b,c,!d", "a="] {
            assert_eq!(text.parse::<Selector>().expect("a selector").to_string(), text);
        }
        for text in ["=b", "!", "a in (b)", "a,,b", "a==b"] {
            assert!(text.parse::<Selector>().is_err(), "{text}");
        }
    }
}
