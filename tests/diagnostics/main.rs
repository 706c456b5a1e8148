//! Diagnostics as a user interface: every code is explained by examples that are true, every printer says the same.

mod codes;
mod example;
mod invariants;
mod loader;
mod printers;

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use keyforge::spec::Schemas;

static SCHEMAS: LazyLock<Schemas> = LazyLock::new(Schemas::new);

fn here(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn cases() -> Vec<PathBuf> {
    let entries = std::fs::read_dir(here("tests/cases/spec")).expect("the folder of cases");
    let mut cases: Vec<_> = entries.map(|entry| entry.expect("a readable entry").path()).collect();
    cases.sort();
    cases
}
