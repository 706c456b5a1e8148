//! Approvals: commits that let through what a guard keeps waiting (decisions.md 1.10).
//!
//! A commit approves by a line `Keyforge-Approve: <digest>` at the end of its message: the digest of a guard, or the one of
//! all guards of the revision. It counts if it is new, comes after every commit that it approves, is at most seven days
//! old, was not used before, and is by somebody who may approve: where signatures are asked for its signer, else its author
//! as it claims. Where a second person is asked for, nobody who stands behind the change is one. Invariants: an approval is
//! judged once, with the revision that brings it; what is refused is told, with the reason.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};

use super::finding::{self, Refused};
use crate::diagnostic::Diagnostic;
use crate::digest::Digest;
use crate::names::UnionName;
use crate::plan::guards::{self, Destructive, Guard, TRAILER};
use crate::revision::ObjectId;
use crate::signing::{Accepted, Commit, History, Part, Signer, Trust, Voucher};
use crate::store::UsedApproval;

/// How old an approval may be.
const LIFETIME: TimeDelta = TimeDelta::days(7);

/// How far a clock may be ahead of the database's.
const AHEAD: TimeDelta = TimeDelta::minutes(5);

/// So many approvals of one commit are read: one digest can be of everything that waits.
const MAX_TRAILERS: usize = 16;

/// So many that do not count are told.
const MAX_TOLD: usize = 20;

/// By what approvals are judged.
pub(in super::super) struct Court<'a> {
    /// Approvals that have counted already.
    pub used: &'a BTreeSet<UsedApproval>,
    /// Whose signatures count.
    pub trust: Trust<'a>,
    /// Whether somebody else than who made the change has to approve.
    pub second_person: bool,
    /// By the database's clock.
    pub now: DateTime<Utc>,
}

/// Guards whose parts were judged at the same head before.
pub(in super::super) struct Hearing {
    /// What waits.
    pub guards: Vec<Guard>,
    /// The commits since then.
    pub history: History,
}

/// The parts that guards are about, so that a history knows who touched them.
pub(in super::super) fn touching(guards: &[Guard]) -> BTreeMap<Part, Accepted> {
    let own = guards.iter().map(|guard| guard.union.as_ref().map_or(Part::Keyforge, Part::from));
    let all = own.chain(guards.iter().any(is_of_defaults).then_some(Part::Keyforge));
    all.map(|part| (part, Accepted::default())).collect()
}

/// Whether what waits may come from the defaults.
fn is_of_defaults(guard: &Guard) -> bool {
    let is_field =
        |change: &Destructive| matches!(change, Destructive::Field { .. } | Destructive::Owner { .. });
    guard.changes.iter().any(is_field)
}

/// An approval that counts.
#[derive(Debug, Clone)]
pub(super) struct Grant {
    /// What is used by it.
    pub(super) approval: UsedApproval,
    /// Who gave it.
    pub(super) by: Voucher,
}

/// Which guards are let through, and which approvals are not.
#[derive(Debug, Default)]
pub(in super::super) struct Judged {
    /// By digest of the guard: each that counts, since each counts once.
    pub(super) granted: BTreeMap<Digest, Vec<Grant>>,
    /// With the union that they are about.
    pub(super) refused: Vec<(Option<UnionName>, Diagnostic)>,
}

impl Judged {
    /// Whether somebody approved it.
    pub(super) fn grants(&self, guard: &Guard) -> bool {
        self.granted.contains_key(&guard.digest)
    }

    /// Those that nobody approved.
    pub(super) fn waiting<'g>(&self, guards: impl IntoIterator<Item = &'g Guard>) -> Vec<Guard> {
        guards.into_iter().filter(|guard| !self.grants(guard)).cloned().collect()
    }
}

/// The commits of a history that approve something and were not judged before.
pub(in super::super) fn approving(history: &History) -> impl Iterator<Item = &Commit> {
    let is_new = |commit: &&Commit| !history.known.contains(&commit.id);
    history.commits.iter().filter(is_new).filter(|commit| texts(commit).next().is_some())
}

/// What a commit approves, each once. The name of a commit approves its signature, which is judged elsewhere.
fn texts(commit: &Commit) -> impl Iterator<Item = &str> {
    let texts: BTreeSet<&str> = commit.trailer(TRAILER).collect();
    texts.into_iter().filter(|text| text.parse::<ObjectId>().is_err()).take(MAX_TRAILERS)
}

/// Judges every new approval. The guards of all hearings are all of the revision.
pub(in super::super) fn approve(hearings: &[Hearing], court: &Court<'_>) -> Judged {
    let guards: Vec<&Guard> = hearings.iter().flat_map(|hearing| &hearing.guards).collect();
    // What was found in cluster or vault is approved for itself, never in passing with a change of documents.
    let all = guards::combined(guards.iter().copied().filter(|guard| !guard.kind.is_found()));
    let named =
        |digest: Digest, guard: &Guard| guard.digest == digest || all == digest && !guard.kind.is_found();
    let mut judged = Judged::default();
    let mut told = BTreeSet::new();
    for (hearing, commit) in
        hearings.iter().flat_map(|hearing| approving(&hearing.history).map(move |commit| (hearing, commit)))
    {
        let before = hearing.history.reached(commit.id);
        for text in texts(commit) {
            let Ok(digest) = text.parse::<Digest>() else {
                if told.insert((commit.id, text)) {
                    judged.refused.push((None, finding::refused(commit, None, &Refused::NoDigest)));
                }
                continue;
            };
            if !guards.iter().any(|guard| named(digest, guard)) && told.insert((commit.id, text)) {
                judged.refused.push((None, finding::refused(commit, None, &Refused::Nothing)));
            }
            for guard in hearing.guards.iter().filter(|guard| named(digest, guard)) {
                let approval = UsedApproval { commit: commit.id, digest };
                match court.judge(&hearing.history, commit, &before, &approval, guard) {
                    Ok(by) => judged.granted.entry(guard.digest).or_default().push(Grant { approval, by }),
                    Err(why) => {
                        let told = finding::refused(commit, Some(guard), &why);
                        judged.refused.push((guard.union.clone(), told));
                    }
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
    judged.refused.truncate(MAX_TOLD);
    judged
}

impl Court<'_> {
    /// Who lets the guard through by a commit, which comes after those `before` it.
    fn judge(
        &self,
        history: &History,
        commit: &Commit,
        before: &BTreeSet<ObjectId>,
        approval: &UsedApproval,
        guard: &Guard,
    ) -> Result<Voucher, Refused> {
        let part = guard.union.as_ref().map_or(Part::Keyforge, Part::from);
        if self.used.contains(approval) {
            return Err(Refused::Used);
        }
        if history.is_cut(&part) {
            return Err(Refused::TooMany);
        }
        match self.now - commit.committed_at {
            age if age > LIFETIME => return Err(Refused::Old),
            age if age < -AHEAD => return Err(Refused::Early),
            _ => {}
        }
        let approved = approved(history, guard, &part);
        for change in &approved {
            if change.id == commit.id {
                return Err(Refused::Itself);
            }
            if !before.contains(&change.id) {
                return Err(Refused::Stale { newer: change.description() });
            }
        }
        let approver = self.trust.approver(commit, &part, self.now).map_err(Refused::NotVouched)?;
        let by = match &approver {
            Some(signer) => signer.voucher(commit.id),
            None => Voucher { commit: commit.id, key: None, name: author(commit) },
        };
        if !self.second_person {
            return Ok(by);
        }
        let who = &by.name;
        approved.into_iter().try_for_each(|change| match &approver {
            // Who wrote is only claimed; where signatures are asked for, who signed is known.
            None if author(change) == author(commit) => Err(Refused::SamePerson { who: who.clone() }),
            None => Ok(()),
            Some(approver) => {
                let behind = self.behind(history, change);
                let is_same = behind.iter().any(|person| person.is_same_person(approver));
                if is_same || approver.is(&change.author.email) {
                    Err(Refused::SamePerson { who: who.clone() })
                } else if behind.is_empty() {
                    Err(Refused::Nobody { change: change.description() })
                } else {
                    Ok(())
                }
            }
        })?;
        Ok(by)
    }

    /// The people who stand behind a change: who signed it, and who vouched for it.
    fn behind(&self, history: &History, change: &Commit) -> Vec<Signer> {
        let name = change.id.to_string();
        let vouching =
            history.commits.iter().filter(|commit| commit.trailer(TRAILER).any(|text| text == name));
        let signed = std::iter::once(change).chain(vouching);
        let signers = signed.filter_map(|commit| self.trust.signer_of(commit, self.now).ok());
        signers.filter(|signer| !signer.is_forge()).collect()
    }
}

/// The commits that decide about what waits.
fn approved<'h>(history: &'h History, guard: &Guard, part: &Part) -> Vec<&'h Commit> {
    let touching = |part: &Part| -> Vec<&'h Commit> {
        history.commits.iter().filter(|commit| commit.touches.contains_key(part)).collect()
    };
    let mut commits = touching(part);
    if commits.is_empty() || is_of_defaults(guard) {
        commits.extend(touching(&Part::Keyforge));
    }
    commits
}

/// Who wrote a commit, as it claims.
fn author(commit: &Commit) -> String {
    commit.author.email.to_lowercase()
}
