//! Diagnostics for programs: the contract of `validate --output json`.

use std::collections::BTreeMap;

use serde::Serialize;

use super::super::Diagnostic;

/// What became of a union.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// Its documents are sound.
    Accepted,
    /// It stays at its last accepted state.
    Held,
}

#[derive(Serialize)]
struct Report<'a> {
    diagnostics: &'a [&'a Diagnostic],
    unions: &'a BTreeMap<&'a str, Standing>,
}

/// `{"diagnostics":[…],"unions":{"acme":"held"}}`
pub fn json(diagnostics: &[&Diagnostic], unions: &BTreeMap<&str, Standing>) -> String {
    serde_json::to_string_pretty(&Report { diagnostics, unions }).expect("strings and numbers are JSON")
}
