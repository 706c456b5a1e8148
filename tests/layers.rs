//! The floors of the house (src/lib.rs), held by reading the source.
//!
//! A module may name modules of lower floors only; siblings on the adapters' floor never name each other; the two lowest
//! floors name nothing of the outside world. Read as text, so that a broken floor is found without building it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Each top module and its floor. Within floor 1 the order is that of `CORE`.
const FLOORS: [(u8, &[&str]); 5] = [
    (
        0,
        &[
            "access",
            "diagnostic",
            "digest",
            "domain",
            "duration",
            "health",
            "ids",
            "names",
            "network",
            "outcome",
            "progress",
            "redacted",
            "revision",
            "schedule",
        ],
    ),
    (1, &CORE),
    (2, &["git", "forge", "cluster", "vaultwarden", "store", "messenger"]),
    (3, &["reconcile", "settings", "telemetry"]),
    (4, &["api", "cli"]),
];

/// Each may name those before it.
const CORE: [&str; 7] = ["chain", "seal", "signing", "spec", "desired", "plan", "notice"];

/// Pairs on one floor of which the first may name the second.
const ALLOWED: [(&str, &str); 4] =
    [("settings", "reconcile"), ("settings", "telemetry"), ("reconcile", "telemetry"), ("cli", "api")];

/// What floors 0 and 1 must not name: they compute, they do not look at the world.
const OUTSIDE: [&str; 15] = [
    "tokio",
    "sqlx",
    "git2",
    "warp",
    "kube",
    "k8s_openapi",
    "reqwest",
    "notify",
    "std::fs",
    "std::env",
    "std::net",
    "std::process",
    "SystemTime::now",
    "Instant::now",
    "Utc::now",
];

fn floor(module: &str) -> Option<u8> {
    FLOORS.iter().find(|(_, modules)| modules.contains(&module)).map(|(floor, _)| *floor)
}

/// Whether `from` may name `to`.
fn may_name(from: &str, to: &str) -> bool {
    let place = |module| CORE.iter().position(|name| *name == module);
    match (floor(from), floor(to)) {
        _ if from == to || ALLOWED.contains(&(from, to)) => true,
        (Some(1), Some(1)) => place(to) < place(from),
        // Vocabulary is one room: small types may be made of each other.
        (Some(0), Some(0)) => true,
        (Some(above), Some(below)) => below < above,
        _ => false,
    }
}

/// The modules that a source text names as `crate::x` or in `crate::{x, y::z}`.
fn named(source: &str) -> Vec<String> {
    let mut names = Vec::new();
    for (at, _) in source.match_indices("crate::") {
        let rest = &source[at + "crate::".len()..];
        if let Some(group) = rest.strip_prefix('{') {
            let mut depth = 1;
            let mut word = String::new();
            let mut in_head = true;
            for c in group.chars() {
                match c {
                    '{' => depth += 1,
                    '}' => depth -= 1,
                    ',' if depth == 1 => {
                        names.push(std::mem::take(&mut word));
                        in_head = true;
                        continue;
                    }
                    _ => {}
                }
                if depth == 0 {
                    names.push(word);
                    break;
                }
                in_head &= c.is_alphanumeric() || c == '_' || c.is_whitespace();
                if in_head && !c.is_whitespace() {
                    word.push(c);
                }
            }
        } else {
            names.push(rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect());
        }
    }
    names.retain(|name| !name.is_empty());
    names
}

/// Everything that breaks the floors under `root`, one line each, sorted.
fn broken(root: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for (path, source) in sources(root) {
        let module = path.split(['/', '.']).next().unwrap_or_default().to_owned();
        if matches!(module.as_str(), "lib" | "main") {
            continue;
        }
        let Some(own) = floor(&module) else {
            found.push(format!("{path}: `{module}` stands on no floor"));
            continue;
        };
        // Comments may name anything.
        let code: String = source
            .lines()
            .map(|line| if line.trim_start().starts_with("//") { "" } else { line })
            .collect::<Vec<_>>()
            .join("\n");
        for name in named(&code) {
            if floor(&name).is_some() && !may_name(&module, &name) {
                found.push(format!("{path}: `{module}` names `{name}`"));
            } else if floor(&name).is_none() {
                found.push(format!("{path}: `{name}` stands on no floor"));
            }
        }
        if own <= 1 {
            for word in OUTSIDE.iter().filter(|word| mentions(&code, word)) {
                found.push(format!("{path}: floor {own} names `{word}`"));
            }
        }
    }
    found.sort();
    found.dedup();
    found
}

/// Whether a path such as `tokio` or `std::fs` occurs as a path, not as a part of another word.
fn mentions(code: &str, word: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    code.match_indices(word).any(|(at, _)| {
        let before = code[..at].chars().next_back();
        let after = code[at + word.len()..].chars().next();
        !before.is_some_and(part) && (after == Some(':') || after.is_some_and(|c| "; (,}".contains(c)))
    })
}

/// Path below `root` and text of each Rust file.
fn sources(root: &Path) -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    let mut open: Vec<PathBuf> = vec![root.to_owned()];
    while let Some(dir) = open.pop() {
        for entry in std::fs::read_dir(&dir).expect("a readable folder") {
            let path = entry.expect("a readable entry").path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|end| end == "rs") {
                let name = path.strip_prefix(root).expect("below root").to_string_lossy().into_owned();
                files.insert(name, std::fs::read_to_string(&path).expect("readable text"));
            }
        }
    }
    files
}

fn here(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

#[test]
fn every_module_names_only_what_stands_below_it() {
    assert_eq!(broken(&here("src")), Vec::<String>::new());
}

#[test]
fn a_house_with_broken_floors_is_found_out() {
    let expected =
        std::fs::read_to_string(here("tests/cases/layers/expected.txt")).expect("the expected findings");
    assert_eq!(broken(&here("tests/cases/layers/src")).join("\n"), expected.trim_end());
}
