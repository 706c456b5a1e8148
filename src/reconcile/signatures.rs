//! Signatures of a revision: what nobody vouches for is taken out of it before anything is decided.
//!
//! Judged by the `keyforge.yaml` accepted before (the first one by its own), below the trusted signers of the daemon. A
//! part is judged from the head at which all of it was accepted last, so a hold outlives a restart and any number of later
//! revisions; the history of a part that did not change is not read. Offline it is the same judgement, over a repository
//! on this machine.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use super::Parts;
use super::accept::Revision;
use super::failure::Failure;
use crate::desired::Life;
use crate::git::{self, Fetched, Objects, Since};
use crate::names::UnionName;
use crate::revision::ObjectId;
use crate::signing::{self, History, Judge, Judgement, Part, Policy, Signers, Trust, Voucher};
use crate::spec::{Loaded, Signatures};
use crate::store::{Head, IndexEntry};

/// A new commit is not believed to be older than what was judged by more than this: people sign before they push.
const BACKDATED: TimeDelta = TimeDelta::days(7);

/// What was accepted before.
#[derive(Debug, Clone, Copy)]
pub(super) struct Accepted<'a> {
    /// The revision; none before the first.
    pub head: Option<ObjectId>,
    /// `keyforge.yaml`.
    pub keyforge: signing::Accepted,
    /// The newest head of which all of `keyforge.yaml` was accepted, and every union could be read.
    pub settled: Option<ObjectId>,
    /// Its unions.
    pub unions: &'a BTreeMap<UnionName, IndexEntry>,
}

impl<'a> Accepted<'a> {
    /// As it is recorded.
    pub(super) fn at(head: Option<&Head>, unions: &'a BTreeMap<UnionName, IndexEntry>) -> Self {
        Self {
            head: head.map(|head| head.revision.commit),
            keyforge: signing::Accepted {
                content: head.and_then(|head| head.keyforge.as_ref()).map(|keyforge| keyforge.blob),
                at: head.and_then(|head| head.keyforge_revision),
            },
            settled: head.and_then(|head| head.settled),
            unions,
        }
    }

    /// The head at which all of a union, or of `keyforge.yaml`, was accepted as it was there: the commits after it decide
    /// about what is not accepted yet, be it held, waiting, or new. None: it was never judged.
    pub(super) fn judged_at(&self, union: Option<&UnionName>) -> Option<ObjectId> {
        let Some(union) = union else { return self.settled };
        match self.unions.get(union) {
            Some(entry) if entry.waits => entry.since,
            Some(_) => self.head,
            // It was not there when all unions could be read last.
            None => self.settled,
        }
    }

    /// A union as it is accepted. One that is new was accepted not to be there.
    fn union(&self, union: &UnionName) -> signing::Accepted {
        let entry = self.unions.get(union);
        let state = entry.and_then(|entry| entry.accepted.as_ref());
        let running = state.filter(|_| entry.is_some_and(|entry| entry.life == Life::Running));
        signing::Accepted {
            content: running.map(|state| state.tree),
            at: entry.map_or(self.settled, |_| state.map(|state| state.revision)),
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
        Trust { root: self.root.as_deref(), policy: self.policy.as_ref(), oldest: None }
    }

    /// Whose signatures count for what came after a head that was accepted then.
    pub(super) fn trust_after(&self, accepted_at: Option<DateTime<Utc>>) -> Trust<'_> {
        Trust { oldest: accepted_at.map(|at| at - BACKDATED), ..self.trust() }
    }

    /// Whether anybody has to sign for anything.
    fn asks(&self) -> bool {
        self.root.is_some() || self.policy.is_some()
    }

    fn since(&self, judged: Option<ObjectId>, parts: Changed) -> Since {
        Since { judged, exempt: self.exempt, former: None, parts }
    }

    fn judge(&self, history: &History, changed: Changed, trust: Trust<'_>) -> Vec<(Part, Judgement)> {
        let judge = Judge::new(history, trust, self.now);
        changed.into_iter().map(|(part, accepted)| (part.clone(), judge.part(&part, accepted))).collect()
    }
}

/// Adds to each changed part what is in the way of accepting it; tells who vouches for the changes of unions.
pub(super) async fn judge(
    parts: &Parts,
    fetched: &Fetched,
    accepted: Accepted<'_>,
    standard: &Arc<Standard>,
    revision: &mut Revision,
) -> Result<Vouched, Failure> {
    // Without it all unions are held anyway.
    if !standard.asks() || revision.keyforge.is_none() {
        return Ok(Vouched::default());
    }
    let mut found = BTreeMap::new();
    for (judged, changed) in changed(revision, accepted) {
        let history = parts.git.history(standard.since(judged, changed.clone()), &fetched.revision);
        let history = parts.git_call("history", history).await?;
        let accepted_at = match judged {
            Some(judged) => parts.database(parts.store.revision(judged)).await?.map(|found| found.fetched_at),
            None => None,
        };
        let standard = Arc::clone(standard);
        let judging = tokio::task::spawn_blocking(move || {
            standard.judge(&history, changed, standard.trust_after(accepted_at))
        });
        found.extend(
            judging.await.map_err(|_| Failure::Internal { what: "the judge of signatures panicked" })?,
        );
    }
    Ok(refuse(revision, found))
}

/// The same for a revision of a repository on this machine.
pub(super) fn judge_offline(
    objects: &Objects,
    to: ObjectId,
    accepted: Accepted<'_>,
    standard: &Standard,
    revision: &mut Revision,
) -> Result<(), git::Error> {
    if !standard.asks() || revision.keyforge.is_none() {
        return Ok(());
    }
    let mut found = BTreeMap::new();
    for (judged, changed) in changed(revision, accepted) {
        let history = objects.history(&standard.since(judged, changed.clone()), to)?;
        found.extend(standard.judge(&history, changed, standard.trust()));
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
    let never = signing::Accepted::default();
    let parts: Changed = std::iter::once(Part::Keyforge).chain(unions).map(|part| (part, never)).collect();
    let history = objects.history(&standard.since(None, parts.clone()), commit)?;
    for (part, Judgement { refused: found, vouched: _ }) in standard.judge(&history, parts, standard.trust())
    {
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

/// Who vouches for what the commits made of each union.
pub(super) type Vouched = BTreeMap<UnionName, BTreeSet<Voucher>>;

/// Parts, as they are accepted.
type Changed = BTreeMap<Part, signing::Accepted>;

/// The parts whose content is not the accepted one, by the head up to which they were judged before.
fn changed(revision: &Revision, accepted: Accepted<'_>) -> BTreeMap<Option<ObjectId>, Changed> {
    let mut changed: BTreeMap<Option<ObjectId>, Changed> = BTreeMap::new();
    let mut compare = |union: Option<&UnionName>, content: Option<ObjectId>| {
        let was = union.map_or(accepted.keyforge, |union| accepted.union(union));
        if was.content != content {
            let part = union.map_or(Part::Keyforge, Part::from);
            changed.entry(accepted.judged_at(union)).or_default().insert(part, was);
        }
    };
    compare(None, revision.keyforge.as_ref().map(|(_, blob)| *blob));
    let read = revision.unions.iter().filter(|(_, read)| read.candidate.is_some());
    read.for_each(|(name, read)| compare(Some(name), Some(read.tree)));
    let gone = accepted.unions.keys().filter(|name| !revision.unions.contains_key(*name));
    gone.for_each(|name| compare(Some(name), None));
    changed
}

/// What nobody vouches for is not accepted: a union is held, and without `keyforge.yaml` all are. Who vouches for the rest.
fn refuse(revision: &mut Revision, found: BTreeMap<Part, Judgement>) -> Vouched {
    let mut all_vouched = Vouched::default();
    for (part, Judgement { refused: found, vouched }) in found {
        let union = match &part {
            Part::Keyforge => None,
            Part::Union(name) => name.parse::<UnionName>().ok(),
        };
        if let (Some(union), true) = (&union, found.is_empty()) {
            all_vouched.insert(union.clone(), vouched);
        }
        if found.is_empty() {
            continue;
        }
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
    all_vouched
}
