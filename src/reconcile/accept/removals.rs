//! Unions whose directory is gone: removed, waiting for a person, or only unread.
//!
//! Judged by what was accepted before. Invariant: what cannot be read is never taken for removed.

use std::collections::BTreeMap;

use super::{Before, Judged, Read, Revision, Weighed, held};
use crate::desired::Life;
use crate::diagnostic::{Diagnostic, Severity};
use crate::names::UnionName;
use crate::spec::DeletionPolicy;
use crate::store::{Decision, Removed, Verdict};

/// Why a union is held that only the cluster knows.
const ORPHAN: &str = "it is in the cluster and no document declares it, so nothing of it is changed or removed; declare it \
                      to go on with it, and remove it afterwards if it is to go";

/// Why a union's directory is not there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Gone {
    /// It is there but cannot be read, or another one wants to be it.
    Unclear {
        /// In words.
        why: String,
    },
    /// It never was accepted, so nothing was ever made for it, and nothing is lost with its row.
    Unborn,
    /// It never was accepted in this database, and the cluster has it: nobody knows whether somebody removed it.
    Orphan,
    /// A tombstone already; a return that waited, if there was one, is taken back.
    Tombstone,
    /// It was removed by this revision.
    Removed,
}

/// All unions that are known and have no directory any more. `renamed`: who took the name of which.
pub(super) fn gone(
    revision: &Revision,
    before: &Before<'_>,
    renamed: &BTreeMap<UnionName, UnionName>,
) -> BTreeMap<UnionName, Gone> {
    let absent = before.unions.iter().filter(|(name, _)| !revision.unions.contains_key(*name));
    let kinds = absent.filter_map(|(name, entry)| {
        let unread = revision.diagnostics.iter().find(|found| is_about(found, name));
        let gone = match (unread, renamed.get(name)) {
            (Some(unread), _) => Gone::Unclear { why: unread.message.clone() },
            (None, Some(new)) => Gone::Unclear { why: format!("renamed to `{new}`, which is not possible") },
            (None, None) if entry.is_orphan => Gone::Orphan,
            (None, None) if entry.accepted.is_none() => Gone::Unborn,
            (None, None) if entry.life == Life::Running => Gone::Removed,
            (None, None) if entry.waits => Gone::Tombstone,
            (None, None) => return None,
        };
        Some((name.clone(), gone))
    });
    kinds.collect()
}

/// Whether this is why a union's directory could not be read.
fn is_about(found: &Diagnostic, union: &UnionName) -> bool {
    let path = &found.span.path;
    found.severity == Severity::Error && (path == "unions" || *path == format!("unions/{union}"))
}

/// Whether a union is left to go on with. One that only newly appeared, and is not sound, is none.
pub(super) fn any_left(revision: &Revision, before: &Before<'_>) -> bool {
    revision.unions.iter().any(|(name, read): (&UnionName, &Read)| {
        let accepted = before.unions.get(name).is_some_and(|entry| entry.accepted.is_some());
        accepted || read.candidate.as_ref().is_some_and(|candidate| candidate.document.is_some())
    })
}

/// What becomes of it.
pub(super) fn verdict(
    name: &UnionName,
    gone: &Gone,
    before: &Before<'_>,
    weighed: &Weighed,
    judged: &Judged,
) -> Verdict {
    let awaiting = judged.waiting(weighed.of(name));
    let deletion = before.documents.get(name).map(|union| union.spec.deletion.clone()).unwrap_or_default();
    let decision = match gone {
        Gone::Unclear { why } => return held(name, Vec::new(), why.clone()),
        Gone::Orphan => return held(name, Vec::new(), ORPHAN.to_owned()),
        Gone::Unborn => Decision::Removed(Removed::Gone),
        Gone::Removed if !awaiting.is_empty() => Decision::Unchanged,
        Gone::Removed if deletion.policy == DeletionPolicy::Delete => Decision::Removed(Removed::Gone),
        Gone::Removed => Decision::Removed(Removed::Kept { days: deletion.days }),
        Gone::Tombstone => Decision::Unchanged,
    };
    Verdict { union: name.clone(), diagnostics: Vec::new(), decision, awaiting }
}
