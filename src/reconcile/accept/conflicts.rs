//! Who may have which host: newcomers to one that is taken.
//!
//! The only part of acceptance that looks across unions. Invariant: a holder loses nothing by what others claim.

use std::collections::BTreeMap;

use super::{Before, Read};
use crate::desired::Life;
use crate::diagnostic::Diagnostic;
use crate::names::UnionName;
use crate::spec::{Claims, check_claims};

/// Newcomers to a host that is taken. A removed union keeps its claim for as long as its data is kept.
pub(super) fn conflicts(
    unions: &BTreeMap<UnionName, Read>,
    before: &Before<'_>,
) -> BTreeMap<UnionName, Vec<Diagnostic>> {
    let holders: Claims = before
        .unions
        .iter()
        .filter(|(_, entry)| entry.life != Life::Gone)
        .filter_map(|(name, entry)| Some((entry.accepted.as_ref()?.host.clone(), name.clone())))
        .collect();
    let claims = unions.values().filter_map(|read| read.candidate.as_ref()?.claim());
    let mut found: BTreeMap<UnionName, Vec<Diagnostic>> = BTreeMap::new();
    for (name, diagnostic) in check_claims(claims, &holders) {
        found.entry(name).or_default().push(diagnostic);
    }
    found
}
