//! Signatures of a revision: what nobody vouches for is taken out of it before anything is decided.
//!
//! Judged by the `keyforge.yaml` accepted before (the first one by its own), below the trusted signers of the daemon. A
//! part is judged from the head before it began to wait, so a hold outlives a restart and any number of later revisions;
//! the history of a part that did not change is not read. Offline it is the same judgement, over a repository on this
//! machine.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::Parts;
use super::accept::Revision;
use super::failure::Failure;
use crate::desired::Life;
use crate::diagnostic::Diagnostic;
use crate::git::{self, Fetched, Objects, Since};
use crate::names::UnionName;
use crate::revision::ObjectId;
use crate::signing::{History, Judge, Part, Policy, Signers, Trust};
use crate::spec::{Loaded, Signatures};
use crate::store::{Head, IndexEntry};

/// What was accepted before.
#[derive(Debug, Clone, Copy)]
pub(super) struct Accepted<'a> {
    /// The revision; none before the first.
    pub head: Option<ObjectId>,
    /// The blob of its `keyforge.yaml`, if one ever was accepted.
    pub keyforge: Option<ObjectId>,
    /// The head before something of `keyforge.yaml` began to wait.
    pub keyforge_since: Option<ObjectId>,
    /// Its unions.
    pub unions: &'a BTreeMap<UnionName, IndexEntry>,
}

impl<'a> Accepted<'a> {
    /// As it is recorded.
    pub(super) fn at(head: Option<&Head>, unions: &'a BTreeMap<UnionName, IndexEntry>) -> Self {
        Self {
            head: head.map(|head| head.revision.commit),
            keyforge: head.and_then(|head| head.keyforge.as_ref()).map(|keyforge| keyforge.blob),
            keyforge_since: head.and_then(|head| head.keyforge_since),
            unions,
        }
    }
}

/// What is asked of commits, and when: signatures last for a time.
#[derive(Debug)]
pub(super) struct Standard {
    root: Option<Arc<Signers>>,
    policy: Option<Policy>,
    exempt: Option<ObjectId>,
    now: DateTime<Utc>,
}

impl Standard {
    /// Below a root outside of Git, by what a `keyforge.yaml` says.
    pub(super) fn new(
        root: Option<Arc<Signers>>,
        signatures: Option<&Signatures>,
        now: DateTime<Utc>,
    ) -> Self {
        let signatures = signatures.filter(|signatures| signatures.required);
        Self {
            root,
            policy: signatures.map(|signatures| signatures.policy().0),
            exempt: signatures.and_then(|signatures| signatures.since),
            now,
        }
    }

    /// Whose signatures count.
    pub(super) fn trust(&self) -> Trust<'_> {
        Trust { root: self.root.as_deref(), policy: self.policy.as_ref() }
    }

    /// Whether anybody has to sign for anything.
    fn asks(&self) -> bool {
        self.root.is_some() || self.policy.is_some()
    }

    fn since(&self, judged: Option<ObjectId>) -> Since {
        Since { judged, exempt: self.exempt }
    }

    fn judge(&self, history: &History, changed: Vec<Changed>) -> Vec<(Part, Vec<Diagnostic>)> {
        let judge = Judge::new(history, self.trust(), self.now);
        let found = changed.into_iter().map(|(part, content)| {
            let found = judge.part(&part, content);
            (part, found)
        });
        found.collect()
    }
}

/// Adds to each changed part what is in the way of accepting it.
pub(super) async fn judge(
    parts: &Parts,
    fetched: &Fetched,
    accepted: Accepted<'_>,
    standard: &Arc<Standard>,
    revision: &mut Revision,
) -> Result<(), Failure> {
    if !standard.asks() {
        return Ok(());
    }
    let mut found = BTreeMap::new();
    for (judged, changed) in changed(revision, accepted) {
        let history = parts.git.history(standard.since(judged), &fetched.revision);
        let history = parts.git_call("history", history).await?;
        let standard = Arc::clone(standard);
        let judging = tokio::task::spawn_blocking(move || standard.judge(&history, changed));
        found.extend(
            judging.await.map_err(|_| Failure::Internal { what: "the judge of signatures panicked" })?,
        );
    }
    refuse(revision, found);
    Ok(())
}

/// The same for a revision of a repository on this machine.
pub(super) fn judge_offline(
    objects: &Objects,
    to: ObjectId,
    accepted: Accepted<'_>,
    standard: &Standard,
    revision: &mut Revision,
) -> Result<(), git::Error> {
    if !standard.asks() {
        return Ok(());
    }
    let mut found = BTreeMap::new();
    for (judged, changed) in changed(revision, accepted) {
        let history = objects.history(standard.since(judged), to)?;
        found.extend(standard.judge(&history, changed));
    }
    refuse(revision, found);
    Ok(())
}

/// Adds to each part what is in the way of accepting it by a daemon that has accepted nothing yet: judged by the
/// revision's own `keyforge.yaml`, over all of its history.
///
/// # Errors
/// The repository cannot be read, or does not have all of that history.
pub fn judge_alone(
    objects: &Objects,
    commit: ObjectId,
    root: Option<Arc<Signers>>,
    now: DateTime<Utc>,
    loaded: &mut Loaded,
) -> Result<(), git::Error> {
    let Some(keyforge) = &loaded.keyforge else { return Ok(()) };
    let standard = Standard::new(root, keyforge.spec.signatures.as_ref(), now);
    if !standard.asks() {
        return Ok(());
    }
    let unions = loaded.unions.keys().cloned().map(Part::Union);
    let parts = std::iter::once(Part::Keyforge).chain(unions).map(|part| (part, None)).collect();
    let history = objects.history(standard.since(None), commit)?;
    for (part, found) in standard.judge(&history, parts) {
        match part {
            Part::Union(name) => {
                let candidate = loaded.unions.get_mut(&name);
                candidate
                    .into_iter()
                    .for_each(|candidate| found.iter().for_each(|found| candidate.add(found.clone())));
            }
            Part::Keyforge if !found.is_empty() => {
                loaded.keyforge = None;
                loaded.unions.values_mut().for_each(|candidate| candidate.document = None);
                loaded.diagnostics.extend(found);
            }
            Part::Keyforge => {}
        }
    }
    loaded.diagnostics.sort();
    Ok(())
}

/// A part, and the name of its content as it is accepted.
type Changed = (Part, Option<ObjectId>);

/// The parts whose content is not the accepted one, by the head up to which they were judged before.
fn changed(revision: &Revision, accepted: Accepted<'_>) -> BTreeMap<Option<ObjectId>, Vec<Changed>> {
    let mut changed: BTreeMap<Option<ObjectId>, Vec<Changed>> = BTreeMap::new();
    let Accepted { head: before, keyforge, keyforge_since, unions } = accepted;
    if let Some((_, blob)) = &revision.keyforge
        && keyforge != Some(*blob)
    {
        let judged = keyforge.and_then(|_| keyforge_since.or(before));
        changed.entry(judged).or_default().push((Part::Keyforge, keyforge));
    }

    let read = revision.unions.iter().filter(|(_, read)| read.candidate.is_some());
    let read = read.map(|(name, read)| (name, Some(read.tree)));
    let gone = unions.keys().filter(|name| !revision.unions.contains_key(*name));
    for (name, tree) in read.chain(gone.map(|name| (name, None))) {
        let entry = unions.get(name);
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
