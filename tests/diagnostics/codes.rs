//! What is said about codes is true: each is provoked by a test, and its examples have it and have it not.

use std::collections::BTreeSet;
use std::path::Path;

use keyforge::diagnostic::{Code, Severity, print::explanation};
use keyforge::git::directory;
use keyforge::spec::{self, Kind};

use super::{SCHEMAS, cases, example, here};

/// Codes of what is no content of a plain file, with the tests that provoke them instead of a case folder.
const ELSEWHERE: [(&str, &[Code]); 6] = [
    ("tests/spec.rs", &FILES),
    ("tests/git/snapshot.rs", &[Code::Submodule]),
    ("tests/signing/judge.rs", &COMMITS),
    ("src/reconcile/accept/tests.rs", &ACCEPTED),
    ("tests/cli/seal.rs", &[Code::SealedElsewhere, Code::SealedForOthers]),
    ("tests/daemon/reload.rs", &[Code::UnheldRecipient]),
];

/// Codes of odd files, and of what one revision of a union says after another.
const FILES: [Code; 5] =
    [Code::Symlink, Code::SpecialFile, Code::UnreadablePath, Code::ShrunkVolume, Code::LoweredRotation];

/// Codes of commits.
const COMMITS: [Code; 4] =
    [Code::UnsignedCommit, Code::UntrustedSignature, Code::RewrittenHistory, Code::LongHistory];

/// Codes of what needs something that was accepted before.
const ACCEPTED: [Code; 3] = [Code::RenamedUnion, Code::AwaitingApproval, Code::RefusedApproval];

/// Codes whose examples no small file can show: they describe, as those of commits do.
const DESCRIBED: [Code; 11] = [
    Code::Symlink,
    Code::Submodule,
    Code::SpecialFile,
    Code::UnreadablePath,
    Code::SizeLimit,
    Code::ShrunkVolume,
    Code::LoweredRotation,
    Code::SealedElsewhere,
    Code::SealedForOthers,
    Code::OutdatedSeal,
    Code::UnheldRecipient,
];

/// The codes found in a directory, and whether one of the findings is an error.
fn found(root: &Path) -> (BTreeSet<Code>, bool) {
    let snapshot = directory::read(root).expect("a readable directory");
    let loaded = spec::load(&SCHEMAS, &snapshot);
    let all = loaded.all_diagnostics();
    (all.iter().map(|one| one.code).collect(), all.iter().any(|one| one.severity == Severity::Error))
}

#[test]
fn every_code_is_provoked_by_a_test() {
    let provoked: BTreeSet<Code> = cases().iter().flat_map(|case| found(case).0).collect();
    for code in Code::ALL {
        let elsewhere = ELSEWHERE.iter().find(|(_, codes)| codes.contains(code));
        if let Some((test, _)) = elsewhere {
            let Ok(text) = std::fs::read_to_string(here(test)) else { continue };
            let name = format!("{code:?}");
            assert!(text.contains(code.as_str()) || text.contains(&name), "{test} does not name {code}");
        }
        assert!(elsewhere.is_some() || provoked.contains(code), "no case below tests/cases/spec has {code}");
    }
}

#[test]
fn a_bad_example_has_its_code_and_a_good_one_has_no_error() {
    let mut wrong = Vec::new();
    for code in Code::ALL {
        let folder = tempfile::tempdir().expect("a folder");
        let (bad, good) = (folder.path().join("bad"), folder.path().join("good"));
        let tried = !COMMITS.contains(code)
            && !ACCEPTED.contains(code)
            && example::write(code.bad(), &bad)
            && example::write(code.good(), &good);
        if !tried {
            // Its comment lines have to name files, or somebody has to say why they cannot.
            assert!(
                DESCRIBED.contains(code) || COMMITS.contains(code) || ACCEPTED.contains(code),
                "the examples of {code} do not say which file they are in"
            );
            continue;
        }
        let codes = found(&bad).0;
        if codes != BTreeSet::from([*code]) {
            wrong.push(format!("bad example of {code}: {codes:?}"));
        }
        let (codes, is_error) = found(&good);
        if is_error {
            wrong.push(format!("good example of {code}: {codes:?}"));
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn every_code_is_explained_in_sentences() {
    for code in Code::ALL {
        for sentence in [code.meaning(), code.remedy()] {
            assert!(sentence.ends_with('.') && !sentence.contains("  "), "{code}: {sentence:?}");
        }
        assert_eq!(serde_json::json!(code), code.as_str());
    }
}

/// All descriptions of a schema.
fn descriptions<'s>(schema: &'s serde_json::Value, into: &mut Vec<&'s str>) {
    into.extend(schema["description"].as_str());
    let below: Vec<&serde_json::Value> = match schema {
        serde_json::Value::Object(fields) => fields.values().collect(),
        serde_json::Value::Array(items) => items.iter().collect(),
        _ => Vec::new(),
    };
    below.into_iter().for_each(|below| descriptions(below, into));
}

#[test]
fn an_editor_explains_every_code_where_it_describes_the_field() {
    let schemas = [Kind::Keyforge, Kind::Union, Kind::Society].map(spec::bundled);
    let mut told = Vec::new();
    schemas.iter().for_each(|schema| descriptions(schema, &mut told));
    for code in Code::ALL {
        let explained = explanation::text(*code);
        assert!(told.iter().any(|text| text.contains(explained.trim_end())), "no field tells of {code}");
    }
    assert_eq!(
        schemas[2]["properties"]["spec"]["properties"]["passwords"]["description"],
        "\
What is shared.

duplicate-name

  Two collections or passwords of a society with one name, so that nobody knows which is
  meant.

Bad:

  # unions/acme/societies/chess.yaml
  passwords:
    - {name: bank, generate: {length: 20}}
    - {name: bank, generate: {length: 30}}

Good:

  # unions/acme/societies/chess.yaml
  passwords:
    - {name: bank, generate: {length: 20}}
    - {name: bank-2, generate: {length: 30}}

What to do:

  Give one of them another name, or remove it."
    );
}

#[test]
fn an_explanation_tells_meaning_examples_and_remedy() {
    assert_eq!(
        explanation::text(Code::DuplicateMember),
        "\
duplicate-member

  One person twice in a society.

Bad:

  # unions/acme/societies/chess.yaml
  members:
    - {email: ana@acme.example, role: owner}
    - {email: Ana@acme.example, role: member}

Good:

  # unions/acme/societies/chess.yaml
  members:
    - {email: ana@acme.example, role: owner}

What to do:

  Keep one of them, with the role that is meant. Addresses are compared without case.
"
    );
}
