//! Names that people choose by: two that nobody can tell apart are a mistake, or a trap.
//!
//! Compared by the skeleton of Unicode's confusables (UTS 39), so that `Сhess` with a Cyrillic letter is `Chess`.

use std::collections::HashMap;

use unicode_security::skeleton;

use crate::diagnostic::{Code, Diagnostic, Note, Severity, Span, shown};

/// A name as it is shown, and where it is written.
pub(super) type Shown<'a> = (&'a str, Span);

/// Those that look like one before them. `what` they are, in the plural.
pub(super) fn tell_apart(what: &str, names: &[Shown<'_>]) -> Vec<Diagnostic> {
    let mut seen: HashMap<String, &Shown<'_>> = HashMap::new();
    let mut found = Vec::new();
    for shown_name in names {
        let (name, span) = shown_name;
        let folded = fold(name);
        // Capitals have other doubles than small letters, so both are compared.
        let key: String = skeleton(&fold(&skeleton(&folded).collect::<String>())).collect();
        let Some((first, first_span)) = seen.get(&key) else {
            seen.insert(key, shown_name);
            continue;
        };
        let is_equal = fold(first) == folded;
        let (code, message) = if is_equal {
            (Code::DuplicateDisplayName, format!("two {what} are called `{}`", shown(name)))
        } else {
            let message = format!(
                "two {what} look alike: `{}` is written with {}",
                shown(name),
                difference(name, first)
            );
            (Code::ConfusableName, message)
        };
        found.push(Diagnostic {
            span: span.clone(),
            code,
            severity: Severity::Error,
            message,
            label: "the second one".into(),
            notes: vec![Note { span: first_span.clone(), message: "the first one".into() }],
            hint: None,
        });
    }
    found
}

/// Without case and with single blanks.
fn fold(name: &str) -> String {
    name.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

/// The first character of `name` that stands elsewhere in `other`, by its number: the eye does not see it.
fn difference(name: &str, other: &str) -> String {
    let mut pairs = name.chars().zip(other.chars());
    match pairs.find(|(one, two)| one != two) {
        Some((one, two)) => format!("U+{:04X} where the other has U+{:04X}", u32::from(one), u32::from(two)),
        None => "other characters at its end".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(names: &[&str]) -> Vec<Code> {
        let names: Vec<Shown<'_>> = names.iter().map(|name| (*name, Span::file("x"))).collect();
        tell_apart("societies", &names).into_iter().map(|found| found.code).collect()
    }

    #[test]
    fn names_that_look_alike_are_found() {
        assert_eq!(codes(&["Chess Society", "chess  society"]), [Code::DuplicateDisplayName]);
        // Cyrillic С, е, о; Greek omicron.
        assert_eq!(codes(&["Chess Society", "Сhess Society"]), [Code::ConfusableName]);
        assert_eq!(codes(&["Rowing", "R\u{3bf}wing"]), [Code::ConfusableName]);
        assert_eq!(codes(&["Chess", "Checkers", "Schach", "Шахматы"]), []);
    }
}
