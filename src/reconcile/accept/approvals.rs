//! Approvals: commits that let through what a guard keeps waiting (decisions.md 1.10).
//!
//! A commit approves by a line `Keyforge-Approve: <digest>` at the end of its message: the digest of a guard, or the one of
//! all guards of the revision. It counts if it comes after every commit that it approves, is at most seven days old, was
//! not used before, and is by somebody who may approve: where signatures are asked for, its signer, else its author. Invariant: what is refused is told, with the reason.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};

use super::finding::{self, Refused};
use crate::diagnostic::Diagnostic;
use crate::digest::Digest;
use crate::names::UnionName;
use crate::plan::guards::{self, Destructive, Guard, TRAILER};
use crate::revision::ObjectId;
use crate::signing::{Commit, History, Part, Signer, Trust};
use crate::store::UsedApproval;

/// How old an approval may be.
const LIFETIME: TimeDelta = TimeDelta::days(7);

/// How far a clock may be ahead of the database's.
const AHEAD: TimeDelta = TimeDelta::minutes(5);

/// By what approvals are judged.
pub(in super::super) struct Court<'a> {
    /// The commits since nothing waited.
    pub history: &'a History,
    /// The head that was accepted before: what is new comes after it.
    pub head: ObjectId,
    /// The head before something of a part began to wait; none: the head that was accepted before.
    pub since: &'a BTreeMap<Part, ObjectId>,
    /// Approvals that have counted already.
    pub used: &'a BTreeSet<UsedApproval>,
    /// Whose signatures count.
    pub trust: Trust<'a>,
    /// Whether somebody else than the authors has to approve.
    pub second_person: bool,
    /// By the database's clock.
    pub now: DateTime<Utc>,
}

/// Which guards are let through, and which approvals are not.
#[derive(Debug, Default)]
pub(in super::super) struct Judged {
    /// By digest of the guard.
    pub(super) granted: BTreeMap<Digest, Grant>,
    /// With the union that they are about.
    pub(super) refused: Vec<(Option<UnionName>, Diagnostic)>,
}

/// An approval that counts.
#[derive(Debug, Clone)]
pub(super) struct Grant {
    /// Which.
    pub(super) approval: UsedApproval,
    /// Who gave it.
    pub(super) by: String,
}

impl Judged {
    /// Whether somebody approved it.
    pub(super) fn grants(&self, guard: &Guard) -> bool {
        self.granted.contains_key(&guard.digest)
    }

    /// Those that nobody approved.
    pub(super) fn waiting(&self, guards: &[Guard]) -> Vec<Guard> {
        guards.iter().filter(|guard| !self.grants(guard)).cloned().collect()
    }
}

/// Judges every approval of the history.
pub(in super::super) fn approve<'g>(guards: impl Iterator<Item = &'g Guard>, court: &Court<'_>) -> Judged {
    let guards: Vec<&Guard> = guards.collect();
    // What is missed in the cluster is approved for itself, never in passing with a change of documents.
    let all = guards::combined(guards.iter().copied().filter(|guard| !guard.kind.is_loss()));
    let known = court.reached(court.head);
    let mut judged = Judged::default();
    for commit in &court.history.commits {
        for text in commit.trailer(TRAILER) {
            // The name of a commit approves its signature, which is judged elsewhere.
            if text.parse::<ObjectId>().is_ok() {
                continue;
            }
            let digest = text.parse::<Digest>();
            let names = |guard: &&&Guard| {
                digest.is_ok_and(|digest| guard.digest == digest || all == digest && !guard.kind.is_loss())
            };
            let named: Vec<&Guard> = guards.iter().filter(names).copied().collect();
            // Told once, with the revision that brings it.
            if named.is_empty() && !known.contains(&commit.id) {
                let refused = if digest.is_ok() { Refused::Nothing } else { Refused::NoDigest };
                judged.refused.push((None, finding::refused(commit, None, &refused)));
            }
            for guard in named {
                let approval = UsedApproval { commit: commit.id, digest: digest.unwrap_or(all) };
                match court.judge(commit, &approval, guard) {
                    Ok(by) => drop(judged.granted.insert(guard.digest, Grant { approval, by })),
                    Err(why) => judged
                        .refused
                        .push((guard.union.clone(), finding::refused(commit, Some(guard), &why))),
                }
            }
        }
    }
    // Another one counted: then why this one does not is nobody's concern.
    let granted = &judged.granted;
    let open = |union: &Option<UnionName>| {
        guards.iter().any(|guard| guard.union == *union && !granted.contains_key(&guard.digest))
    };
    judged.refused.retain(|(union, _)| union.is_none() || open(union));
    judged
}

impl Court<'_> {
    /// Who lets the guard through.
    fn judge(&self, commit: &Commit, approval: &UsedApproval, guard: &Guard) -> Result<String, Refused> {
        if self.used.contains(approval) {
            return Err(Refused::Used);
        }
        if self.history.is_cut {
            return Err(Refused::TooMany);
        }
        match self.now - commit.committed_at {
            age if age > LIFETIME => return Err(Refused::Old),
            age if age < -AHEAD => return Err(Refused::Early),
            _ => {}
        }
        let approved = self.approved(guard);
        let before = self.reached(commit.id);
        for change in &approved {
            let is_merge = commit.parents.len() > 1;
            if change.id == commit.id && !is_merge {
                return Err(Refused::Itself);
            }
            if !before.contains(&change.id) {
                return Err(Refused::Stale { newer: change.description() });
            }
        }
        let part = guard.union.as_ref().map_or(Part::Keyforge, Part::from);
        let signer = self.trust.approver(commit, &part, self.now).map_err(Refused::NotVouched)?;
        let by = signer.as_ref().map_or_else(|| author(commit), ToString::to_string);
        if self.second_person && approved.iter().any(|change| self.is_by_same_person(change, commit, &signer))
        {
            return Err(Refused::SamePerson { who: by });
        }
        Ok(by)
    }

    /// Whether a change is by who approves it. Who signed is known, who wrote is only claimed.
    fn is_by_same_person(&self, change: &Commit, approval: &Commit, approver: &Option<Signer>) -> bool {
        let Some(approver) = approver else { return author(change) == author(approval) };
        match self.trust.signer_of(change, self.now) {
            Ok(signer) if !signer.is_forge() => signer.is_same_person(approver),
            _ => approver.is(&change.author.email) || author(change) == author(approval),
        }
    }

    /// The commits that decide about what waits.
    fn approved(&self, guard: &Guard) -> Vec<&Commit> {
        let Some(union) = &guard.union else { return self.touching(&Part::Keyforge) };
        let mut commits = self.touching(&Part::from(union));
        // A field may come from the defaults.
        let is_field =
            |change: &Destructive| matches!(change, Destructive::Field { .. } | Destructive::Owner { .. });
        if commits.is_empty() || guard.changes.iter().any(is_field) {
            commits.extend(self.touching(&Part::Keyforge));
        }
        commits
    }

    fn touching(&self, part: &Part) -> Vec<&Commit> {
        let known = self.reached(self.since.get(part).copied().unwrap_or(self.head));
        let is_new = |commit: &&Commit| commit.touches.contains_key(part) && !known.contains(&commit.id);
        self.history.commits.iter().filter(is_new).collect()
    }

    /// A commit of the history with all that it descends from, as far as the history knows them.
    fn reached(&self, from: ObjectId) -> BTreeSet<ObjectId> {
        let mut reached = BTreeSet::new();
        let mut next = vec![from];
        while let Some(id) = next.pop() {
            if let Some(parents) = self.history.graph.get(&id)
                && reached.insert(id)
            {
                next.extend(parents);
            }
        }
        reached
    }
}

/// Who wrote a commit, as it claims.
fn author(commit: &Commit) -> String {
    commit.author.email.to_lowercase()
}
