//! Any input keeps the invariants, and no mistake around a secret shows it.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use super::{cases, invariants};

const CASES: u32 = 500;

/// All documents of all cases.
static DOCUMENTS: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let read = |path| std::fs::read(path).expect("a file");
    cases().iter().flat_map(|case| files(case)).map(read).collect()
});

fn files(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        match path.extension().and_then(|extension| extension.to_str()) {
            _ if path.is_dir() => found.extend(files(&path)),
            Some("yaml") => found.push(path),
            _ => {}
        }
    }
    found.sort();
    found
}

/// A society with a secret in every place that may hold one, or that somebody takes for one.
const SECRETS: &str = "\
apiVersion: keyforge.dev/v1
kind: Society
metadata:
  name: chess
spec:
  displayName: \"Chess Society\"
  members:
    - {email: magnus@acme.example, role: owner}
  passwords:
    - name: bank
      username: \"30114287\"
      value: hunter2
      notes: 'a ''note'' of ours'
      password: \"hunter2\"
      totp:
        secret: hunter2
      fields: [{name: pin, value: \"hunter2\"}, {name: sort code, value: 'hunter2'}]
";

/// How often each name of a secret stands in a text as the name of a field, with or without its colon.
fn names(text: &str) -> [usize; 4] {
    let is_name = |at: usize, name: &str| {
        text[..at].ends_with([' ', '{', ',', '\n'])
            && text[at + name.len()..].starts_with([':', ' ', '\n', '\'', '"'])
    };
    ["value", "password", "secret", "totp"]
        .map(|name| text.match_indices(name).filter(|(at, _)| is_name(*at, name)).count())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: CASES, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_keep_the_invariants(input in proptest::collection::vec(any::<u8>(), 0..400)) {
        invariants::hold(&input);
    }

    #[test]
    fn what_looks_like_yaml_keeps_the_invariants(
        input in "([ \\t\\n\\r:\\-?,\\[\\]{}&*!|>'\"%@`#<~a-c0-9é東\u{feff}\u{202e}]|spec|kind|Union|name|---\\n|=====\\n|\\n  ){0,120}",
    ) {
        invariants::hold(input.as_bytes());
    }

    #[test]
    fn a_document_of_a_case_with_a_piece_of_another_keeps_the_invariants(
        first in any::<prop::sample::Index>(),
        second in any::<prop::sample::Index>(),
        at in any::<prop::sample::Index>(),
        from in any::<prop::sample::Index>(),
        cut in 0..40_usize,
        length in 0..200_usize,
    ) {
        let mut input = first.get(&DOCUMENTS).clone();
        let other = second.get(&DOCUMENTS);
        let piece = if other.is_empty() { &[][..] } else { &other[from.index(other.len())..] };
        let start = at.index(input.len() + 1);
        let end = (start + cut).min(input.len());
        input.splice(start..end, piece[..length.min(piece.len())].iter().copied());
        invariants::hold(&input);
    }
}

proptest! {
    // Always the same mistakes: that no other shows a secret is what masking aims at, and a text has no end of them.
    #![proptest_config(ProptestConfig {
        cases: CASES,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(1),
        ..ProptestConfig::default()
    })]

    #[test]
    fn no_mistake_around_a_secret_shows_it(
        at in any::<prop::sample::Index>(),
        cut in 0..8_usize,
        piece in "[ \\n:\\-\\[\\]{}'\"a-z0-9~|>#&*!]{0,6}",
    ) {
        let start = at.index(SECRETS.len() + 1);
        let mut text = SECRETS.to_owned();
        text.replace_range(start..(start + cut).min(SECRETS.len()), &piece);
        // The names are what makes a value a secret: they stay.
        prop_assume!(names(&text) == names(SECRETS));
        let files = BTreeMap::from([
            ("keyforge.yaml", &include_bytes!("../cases/spec/sound/keyforge.yaml")[..]),
            ("unions/acme/union.yaml", &include_bytes!("../cases/spec/sound/unions/acme/union.yaml")[..]),
            ("unions/acme/societies/chess.yaml", text.as_bytes()),
        ]);
        let printed = invariants::check(&files);
        prop_assert!(!printed.contains("hunter2"), "{text}\n{printed}");
    }
}
