//! Lists of patterns as OpenSSH has them: who is meant by `*@acme.example,!guest@acme.example`.

use std::fmt;

/// Patterns with commas between them; `*` is any text, `?` any character, and one with `!` before it takes back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Patterns(String);

impl Patterns {
    pub(super) fn new(list: &str) -> Self {
        Self(list.to_owned())
    }

    /// Each of them.
    pub(super) fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.split(',')
    }

    /// Whether `text` is meant: one pattern fits, and none that takes back.
    pub(super) fn fit(&self, text: &str) -> bool {
        let mut fits = false;
        for pattern in self.iter() {
            match pattern.strip_prefix('!') {
                Some(pattern) if matches(pattern, text) => return false,
                None if matches(pattern, text) => fits = true,
                _ => {}
            }
        }
        fits
    }
}

impl fmt::Display for Patterns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether one pattern fits the whole text.
pub(super) fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut at, mut read) = (0, 0);
    // Where the last `*` stands, and where what follows it was tried last: no other one need ever be tried again.
    let mut star = None;
    while read < text.len() {
        match pattern.get(at) {
            Some('*') => {
                star = Some((at, read));
                at += 1;
            }
            Some(c) if *c == '?' || *c == text[read] => {
                at += 1;
                read += 1;
            }
            _ => {
                let Some((stood, tried)) = star else { return false };
                star = Some((stood, tried + 1));
                (at, read) = (stood + 1, tried + 1);
            }
        }
    }
    pattern[at..].iter().all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_means_whom_a_pattern_fits_and_none_takes_back() {
        for (list, text, meant) in [
            ("ana@acme.example", "ana@acme.example", true),
            ("ana@acme.example", "Ana@acme.example", false),
            ("*@acme.example", "ana@acme.example", true),
            ("*@acme.example", "ana@acme.example.org", false),
            ("?na@*.example", "ana@acme.example", true),
            ("a*b*c", "aXbYbZc", true),
            ("a*b*c", "aXcYb", false),
            ("*@acme.example,!guest@acme.example", "guest@acme.example", false),
            ("!guest@acme.example,*@acme.example", "ana@acme.example", true),
            ("!guest@acme.example", "ana@acme.example", false),
            ("bo@b.example,ana@acme.example", "ana@acme.example", true),
            ("*", "", true),
            ("", "ana@acme.example", false),
        ] {
            assert_eq!(Patterns::new(list).fit(text), meant, "`{list}` and `{text}`");
        }
    }
}
