//! A union that says that it had another name.
//!
//! Its namespace, volume and credentials carry the name, and Kubernetes renames none of them. So neither a copy is made
//! nor is anything left behind: the newcomer is held, and the union that it names goes on as it was accepted.

use std::collections::BTreeMap;

use super::{Before, Read, finding};
use crate::desired::Life;
use crate::diagnostic::Span;
use crate::names::UnionName;

/// Holds newcomers that name another union as their past; gives those unions whose directory is gone with it, and who
/// took it.
pub(super) fn refuse(
    unions: &mut BTreeMap<UnionName, Read>,
    before: &Before<'_>,
) -> BTreeMap<UnionName, UnionName> {
    let exists = |name: &UnionName| {
        before.unions.get(name).is_some_and(|entry| entry.accepted.is_some() && entry.life != Life::Gone)
    };
    let mut renamed = BTreeMap::new();
    for (name, read) in unions.iter_mut() {
        let Some(candidate) = &mut read.candidate else { continue };
        let former = candidate.document.as_ref().and_then(|union| union.spec.renamed_from.clone());
        // What is left in a document of a union that is there already says nothing new.
        if let Some(former) = former.filter(|former| former != name && exists(former) && !exists(name)) {
            let file = || Span::file(format!("unions/{name}/union.yaml"));
            let span = candidate.renamed_from().cloned().unwrap_or_else(file);
            candidate.add(finding::renamed(name, &former, span));
            renamed.insert(former, name.clone());
        }
    }
    renamed.retain(|former, _| !unions.contains_key(former));
    renamed
}
