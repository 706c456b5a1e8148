//! Unions whose directory is gone: removed, waiting for a person, or only unread.
//!
//! Judged by what was accepted before. Invariant: what cannot be read is never taken for removed.

use std::collections::BTreeMap;

use super::{Before, Read, held, verdict};
use crate::desired::Life;
use crate::diagnostic::{Diagnostic, Severity};
use crate::names::UnionName;
use crate::spec::DeletionPolicy;
use crate::store::{Decision, Verdict};

/// What becomes of the unions whose directory is gone. One that is there but could not be read is held, not removed.
pub(super) fn removals(
    unions: &BTreeMap<UnionName, Read>,
    before: &Before<'_>,
    findings: &[Diagnostic],
) -> Vec<Verdict> {
    let unread = |name: &UnionName| {
        let directory = format!("unions/{name}");
        findings.iter().find(|finding| {
            let path = &finding.span.path;
            finding.severity == Severity::Error && (*path == directory || path == "unions")
        })
    };
    let (held_back, gone): (Vec<_>, Vec<_>) = before
        .unions
        .iter()
        .filter(|(name, _)| !unions.contains_key(*name))
        .partition(|(name, _)| unread(name).is_some());
    let mut verdicts: Vec<Verdict> = held_back
        .into_iter()
        .filter_map(|(name, _)| Some(held(name, Vec::new(), unread(name)?.message.clone())))
        .collect();
    let absent = || gone.iter().copied();
    // Never accepted: nothing was ever made for it, so nothing is lost with its row.
    let unborn = absent().filter(|(_, entry)| entry.accepted.is_none());
    verdicts.extend(unborn.map(|(name, _)| verdict(name, Decision::Removed(Life::Gone))));

    // A tombstone whose return was held, and is taken back: nothing waits any more.
    let returning = absent().filter(|(_, entry)| entry.life != Life::Running && entry.waits);
    verdicts.extend(returning.map(|(name, _)| verdict(name, Decision::Released)));

    let running: Vec<&UnionName> = absent()
        .filter(|(_, entry)| entry.accepted.is_some() && entry.life == Life::Running)
        .map(|(name, _)| name)
        .collect();
    let budget = before.guards.unions_removed_per_revision;
    // One that only newly appeared, and is not sound, is none to go on with.
    let goes_on = |(name, read): (&UnionName, &Read)| {
        let accepted = before.unions.get(name).is_some_and(|entry| entry.accepted.is_some());
        accepted || read.candidate.as_ref().is_some_and(|candidate| candidate.document.is_some())
    };
    let waits = if !unions.iter().any(goes_on) {
        Some("removed, and no union is left in the config repo".to_owned())
    } else if running.len() > budget as usize {
        Some(format!(
            "removed together with others: {}; `guards.unionsRemovedPerRevision` allows {budget}",
            running.len()
        ))
    } else {
        None
    };
    verdicts.extend(running.into_iter().map(|name| match (&waits, before.deletion.get(name)) {
        (Some(why), _) => verdict(name, Decision::Awaiting { why: why.clone() }),
        (None, Some(DeletionPolicy::Delete)) => verdict(name, Decision::Removed(Life::Gone)),
        (None, _) => verdict(name, Decision::Removed(Life::Retained)),
    }));
    verdicts
}
