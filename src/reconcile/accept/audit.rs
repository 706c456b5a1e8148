//! What is remembered of guards: for the audit, for budgets, and so that an approval counts once.

use std::collections::BTreeSet;

use super::{Before, Judged, Weighed};
use crate::desired::Life;
use crate::digest::Digest;
use crate::plan::guards::{self, Destructive, Guard};
use crate::store::{
    AcceptedKeyforge, Became, Decision, GuardEvent, Loss, Removal, RenamedSociety, UsedApproval, Verdict,
};

/// What is remembered.
#[derive(Debug, Default)]
pub(in super::super) struct Record {
    /// Guards that began to wait, or do not wait any more.
    pub guards: Vec<GuardEvent>,
    /// Approvals that let something through.
    pub approvals: BTreeSet<UsedApproval>,
    /// What was found in cluster and vaults and may go.
    pub forgiven: Vec<Guard>,
    /// What is removed without one.
    pub removals: BTreeSet<Removal>,
    /// Societies that go on under another name, with what was removed from them.
    pub renamed: Vec<RenamedSociety>,
}

/// Compares what waited with what waits. What is held for another reason is told when that is over.
pub(super) fn record(
    before: &Before<'_>,
    weighed: &Weighed,
    judged: &Judged,
    verdicts: &[Verdict],
    keyforge: &AcceptedKeyforge,
) -> Record {
    let mut record = Record::default();
    let policy = before.keyforge.and_then(|was| was.awaiting.as_ref());
    record.compare(policy, weighed.of_policy(), keyforge.awaiting.as_ref(), judged);
    for verdict in verdicts {
        let entry = before.unions.get(&verdict.union);
        if !matches!(verdict.decision, Decision::Held { .. }) {
            let waited = entry.map(|entry| &entry.awaiting);
            record.compare(
                waited.into_iter().flatten(),
                weighed.of(&verdict.union),
                &verdict.awaiting,
                judged,
            );
        }
        record.removals.extend(removals(before, weighed, verdict));
        record.renamed.extend(renamed(before, verdict));
    }
    for guard in before.missed.iter().filter(|guard| judged.grants(guard)) {
        record.compare([guard], [guard], [], judged);
        record.forgiven.push(guard.clone());
    }
    record
}

impl Record {
    fn compare<'g>(
        &mut self,
        waited: impl IntoIterator<Item = &'g Guard>,
        found: impl IntoIterator<Item = &'g Guard>,
        waits: impl IntoIterator<Item = &'g Guard>,
        judged: &Judged,
    ) {
        let waited: Vec<&Guard> = waited.into_iter().collect();
        let found: Vec<&Guard> = found.into_iter().collect();
        let known: BTreeSet<Digest> = waited.iter().map(|guard| guard.digest).collect();
        let asked: BTreeSet<Digest> = found.iter().map(|guard| guard.digest).collect();
        let mut tell = |guard: &Guard, became| self.guards.push(GuardEvent { guard: guard.clone(), became });
        waits
            .into_iter()
            .filter(|guard| !known.contains(&guard.digest))
            .for_each(|guard| tell(guard, Became::HeldBack));
        for guard in found {
            if let Some([grant, ..]) = judged.granted.get(&guard.digest).map(Vec::as_slice) {
                tell(guard, Became::Approved(grant.by.clone()));
            }
            let granted = judged.granted.get(&guard.digest).into_iter().flatten();
            self.approvals.extend(granted.map(|grant| grant.approval));
        }
        let released = waited.into_iter().filter(|guard| !asked.contains(&guard.digest));
        released.for_each(|guard| tell(guard, Became::Released));
    }
}

/// What a verdict takes away although nobody approved it, since a budget allows it.
fn removals(before: &Before<'_>, weighed: &Weighed, verdict: &Verdict) -> BTreeSet<Removal> {
    let union = &verdict.union;
    let guarded: Vec<&Destructive> = weighed.of(union).iter().flat_map(|guard| &guard.changes).collect();
    let removal = |what| Removal { union: union.clone(), what };
    match (&verdict.decision, before.documents.get(union)) {
        (Decision::Removed(removed), Some(_)) if guarded.is_empty() => {
            BTreeSet::from([removal(Loss::Union { kept: removed.life() == Life::Retained })])
        }
        (Decision::Accepted(new), Some(was)) if before.unions[union].life != Life::Gone => {
            let gone = guards::members_removed(was, &new.union, before.now.date_naive());
            let unapproved = gone.into_iter().filter(|(society, member)| {
                let change = Destructive::Member { society: society.clone(), member: member.clone() };
                !guarded.contains(&&change)
            });
            unapproved.map(|(society, member)| removal(Loss::Member(society, member))).collect()
        }
        _ => BTreeSet::new(),
    }
}

/// A name more is no way out of a budget.
fn renamed(before: &Before<'_>, verdict: &Verdict) -> Vec<RenamedSociety> {
    let (Decision::Accepted(new), Some(was)) = (&verdict.decision, before.documents.get(&verdict.union))
    else {
        return Vec::new();
    };
    let renamed = guards::renamed(was, &new.union);
    let renamed = renamed.map(|(from, to)| (from.clone(), to.clone()));
    renamed.map(|(from, to)| RenamedSociety { union: verdict.union.clone(), from, to }).collect()
}
