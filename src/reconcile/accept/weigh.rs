//! The guards of a revision: what of it has to wait unless somebody approves it.
//!
//! Apart from `plan::guards`, which compares documents and knows no revision. Invariant: of what cannot be read nothing is
//! said, so that it neither waits nor is removed.

use std::collections::{BTreeMap, BTreeSet};

use super::removals::{self, Gone};
use super::{Before, Judged, Revision, conflicts, renames};
use crate::desired::Life;
use crate::digest::Digest;
use crate::names::UnionName;
use crate::plan::guards::{self, Bounds, Guard, Removals, Tightened};
use crate::revision::ObjectId;
use crate::spec::{self, Keyforge, Union};
use crate::store::{AcceptedKeyforge, Loss, Removal};

/// What was found by comparing a revision with what was accepted before.
#[derive(Debug, Default)]
pub(in super::super) struct Weighed {
    /// Unions whose directory is gone.
    pub(super) gone: BTreeMap<UnionName, Gone>,
    /// By union.
    unions: BTreeMap<UnionName, Vec<Guard>>,
    /// Of `keyforge.yaml`; `None` for the first one.
    policy: Option<Tightened>,
}

/// Compares. What cannot be because of what was accepted is refused here: a volume that shrinks, a union that takes the name
/// of another one, which is then not removed.
pub(in super::super) fn weigh(revision: &mut Revision, before: &Before<'_>) -> Weighed {
    let Some((keyforge, _)) = &revision.keyforge else { return Weighed::default() };
    let policy = before.keyforge.map(|was| guards::of_policy(&was.keyforge.spec, &keyforge.spec, before.now));
    let renamed = renames::refuse(&mut revision.unions, before);
    for (name, read) in &mut revision.unions {
        if let (Some(candidate), Some(was)) = (&mut read.candidate, documents(before, name)) {
            spec::check_succession(was, candidate).into_iter().for_each(|found| candidate.add(found));
        }
    }
    // Told at once, not only when the change of the host is approved.
    for (name, conflicts) in conflicts::conflicts(&revision.unions, before) {
        let candidate = revision.unions.get_mut(&name).and_then(|read| read.candidate.as_mut());
        candidate
            .into_iter()
            .for_each(|candidate| conflicts.iter().for_each(|found| candidate.add(found.clone())));
    }
    let gone = removals::gone(revision, before, &renamed);
    let waiting: BTreeSet<Digest> =
        before.unions.values().flat_map(|entry| &entry.awaiting).map(|guard| guard.digest).collect();

    let mut unions: BTreeMap<UnionName, Vec<Guard>> = BTreeMap::new();
    for (name, read) in &revision.unions {
        let wanted = read.candidate.as_ref().and_then(|candidate| candidate.document.as_ref());
        if let (Some(wanted), Some(was)) = (wanted, documents(before, name)) {
            let lately = before.removals.iter().filter(|removal| removal.union == *name);
            let bounds = Bounds {
                union: name,
                guards: &before.policy.guards,
                lately: &lately
                    .filter_map(Removal::member)
                    .map(|(society, member)| (society.clone(), member.clone()))
                    .collect(),
                waiting: &waiting,
                today: before.now.date_naive(),
            };
            unions.insert(name.clone(), guards::of_union(was, wanted, &bounds));
        }
    }
    let removals = Removals {
        gone: gone.iter().filter(|(_, gone)| **gone == Gone::Removed).map(|(name, _)| name).collect(),
        any_left: removals::any_left(revision, before),
        lately: &before
            .removals
            .iter()
            .filter(|removal| match removal.what {
                // Where nothing was lost a return undoes it.
                Loss::Union { kept } => !(kept && revision.unions.contains_key(&removal.union)),
                Loss::Member(..) => false,
            })
            .map(|removal| removal.union.clone())
            .collect(),
        budget: before.policy.guards.unions_removed_per_revision,
        waiting: &waiting,
    };
    for guard in guards::of_removals(&removals) {
        unions.entry(guard.union.clone().expect("a removal is of a union")).or_default().push(guard);
    }
    Weighed { gone, unions, policy }
}

/// The documents that a union goes on from. One of which nothing is kept begins anew.
fn documents<'a>(before: &Before<'a>, union: &UnionName) -> Option<&'a Union> {
    before.documents.get(union).filter(|_| before.unions[union].life != Life::Gone)
}

impl Weighed {
    /// The guards of a union.
    pub(super) fn of(&self, union: &UnionName) -> &[Guard] {
        self.unions.get(union).map_or(&[], Vec::as_slice)
    }

    /// The guard of `keyforge.yaml`.
    pub(super) fn of_policy(&self) -> Option<&Guard> {
        self.policy.as_ref()?.guard.as_ref()
    }

    /// All of them.
    pub(in super::super) fn guards(&self) -> impl Iterator<Item = &Guard> {
        self.of_policy().into_iter().chain(self.unions.values().flatten())
    }

    /// The wanted `keyforge.yaml` without what waits.
    pub(super) fn accepted_keyforge(
        &self,
        mut keyforge: Keyforge,
        blob: ObjectId,
        judged: &Judged,
    ) -> AcceptedKeyforge {
        let awaiting = self.of_policy().filter(|guard| !judged.grants(guard)).cloned();
        if let (Some(tightened), Some(_)) = (&self.policy, &awaiting) {
            keyforge.spec = tightened.spec.clone();
        }
        AcceptedKeyforge { keyforge, blob, awaiting }
    }
}
