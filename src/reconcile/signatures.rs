//! Signatures of a revision: what nobody vouches for is taken out of it before anything is decided.
//!
//! Judged by the `keyforge.yaml` accepted before (the first one by its own), below the trusted signers of the daemon. A
//! part is judged from the head before it began to wait, so a hold outlives a restart and any number of later revisions;
//! the history of a part that did not change is not read.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::Parts;
use super::accept::Revision;
use super::failure::Failure;
use crate::desired::Life;
use crate::diagnostic::Diagnostic;
use crate::git::{Fetched, Since};
use crate::names::UnionName;
use crate::revision::ObjectId;
use crate::signing::{Judge, Part, Trust};
use crate::spec::Signatures;
use crate::store::{Head, IndexEntry};

/// What was accepted before.
pub(super) struct Accepted<'a> {
    /// The revision; none before the first.
    pub head: Option<&'a Head>,
    /// Its unions.
    pub unions: &'a BTreeMap<UnionName, IndexEntry>,
    /// Who may sign by it.
    pub signatures: Option<&'a Signatures>,
}

/// Adds to each changed part what is in the way of accepting it.
pub(super) async fn judge(
    parts: &Parts,
    fetched: &Fetched,
    accepted: &Accepted<'_>,
    now: DateTime<Utc>,
    revision: &mut Revision,
) -> Result<(), Failure> {
    let signatures = accepted.signatures.filter(|signatures| signatures.required);
    if signatures.is_none() && parts.trusted_signers.is_none() {
        return Ok(());
    }
    let exempt = signatures.and_then(|signatures| signatures.since);
    let mut found = BTreeMap::new();
    for (judged, changed) in changed(revision, accepted) {
        let since = Since { judged, exempt };
        let history = parts.git_call("history", parts.git.history(since, &fetched.revision)).await?;
        let (root, signatures) = (parts.trusted_signers.clone(), signatures.cloned());
        let judging = tokio::task::spawn_blocking(move || {
            let policy = signatures.map(|signatures| signatures.policy().0);
            let trust = Trust { root: root.as_deref(), policy: policy.as_ref() };
            let judge = Judge::new(&history, trust, now);
            let judged = changed.into_iter().map(|(part, content)| (judge.part(&part, content), part));
            judged.map(|(found, part)| (part, found)).collect::<Vec<_>>()
        });
        found.extend(
            judging.await.map_err(|_| Failure::Internal { what: "the judge of signatures panicked" })?,
        );
    }
    refuse(revision, found);
    Ok(())
}

/// A part, and the name of its content as it is accepted.
type Changed = (Part, Option<ObjectId>);

/// The parts whose content is not the accepted one, by the head up to which they were judged before.
fn changed(revision: &Revision, accepted: &Accepted<'_>) -> BTreeMap<Option<ObjectId>, Vec<Changed>> {
    let mut changed: BTreeMap<Option<ObjectId>, Vec<Changed>> = BTreeMap::new();
    let before = accepted.head.map(|head| head.revision.commit);

    let keyforge = accepted.head.and_then(|head| head.keyforge.as_ref());
    if let Some((_, blob)) = &revision.keyforge
        && keyforge.is_none_or(|keyforge| keyforge.blob != *blob)
    {
        let waits_since = accepted.head.and_then(|head| head.keyforge_since);
        let judged = keyforge.and_then(|_| waits_since.or(before));
        changed.entry(judged).or_default().push((Part::Keyforge, keyforge.map(|keyforge| keyforge.blob)));
    }

    let read = revision.unions.iter().filter(|(_, read)| read.candidate.is_some());
    let read = read.map(|(name, read)| (name, Some(read.tree)));
    let gone = accepted.unions.keys().filter(|name| !revision.unions.contains_key(*name));
    for (name, tree) in read.chain(gone.map(|name| (name, None))) {
        let entry = accepted.unions.get(name);
        let state =
            entry.filter(|entry| entry.life == Life::Running).and_then(|entry| entry.accepted.as_ref());
        let content = state.map(|state| state.tree);
        if content != tree {
            // What waits since the first revision was never judged.
            let judged = match entry {
                Some(entry) if entry.waits => entry.since,
                _ => before,
            };
            changed.entry(judged).or_default().push((Part::from(name), content));
        }
    }
    changed
}

/// What nobody vouches for is not accepted: a union is held, and without `keyforge.yaml` all are.
fn refuse(revision: &mut Revision, found: BTreeMap<Part, Vec<Diagnostic>>) {
    for (part, found) in found.into_iter().filter(|(_, found)| !found.is_empty()) {
        let union = match &part {
            Part::Keyforge => None,
            Part::Union(name) => name.parse::<UnionName>().ok(),
        };
        let candidate =
            union.and_then(|union| revision.unions.get_mut(&union)).and_then(|read| read.candidate.as_mut());
        match candidate {
            Some(candidate) => found.into_iter().for_each(|found| candidate.add(found)),
            // A directory that is gone is then held, not removed, as one that cannot be read.
            None => revision.diagnostics.extend(found),
        }
        if part == Part::Keyforge {
            revision.keyforge = None;
        }
    }
}
