//! Who may have which host: newcomers to one that is taken.
//!
//! The only part of acceptance that looks across unions. Invariant: a holder loses nothing by what others claim.

use std::collections::BTreeMap;

use super::{Before, Read};
use crate::desired::Life;
use crate::diagnostic::Diagnostic;
use crate::names::UnionName;
use crate::spec::{Candidate, Claims, check_claims};

/// Newcomers to a host that is taken. A removed union keeps its claim until nothing of it is left.
pub(super) fn conflicts(
    unions: &BTreeMap<UnionName, Read>,
    before: &Before<'_>,
) -> BTreeMap<UnionName, Vec<Diagnostic>> {
    let holders: Claims = before
        .unions
        .iter()
        .filter_map(|(name, entry)| Some((entry.accepted.as_ref()?.host.clone(), name.clone())))
        .collect();
    let claims = unions.values().filter_map(|read| read.candidate.as_ref()?.claim());
    let mut found: BTreeMap<UnionName, Vec<Diagnostic>> = BTreeMap::new();
    for (name, mut diagnostic) in check_claims(claims, &holders) {
        let claim = unions[&name].candidate.as_ref().and_then(Candidate::claim);
        let holder = claim.and_then(|claim| holders.holder(claim.domain.host()));
        if let Some(removed) = holder.filter(|holder| before.unions[*holder].life != Life::Running) {
            let hint = format!(
                "choose another `domain`; union `{removed}` was removed and keeps it until its data is deleted"
            );
            diagnostic.hint = Some(hint);
        }
        found.entry(name).or_default().push(diagnostic);
    }
    found
}
