//! Acceptance: what `keyforge.yaml` and each union become with a new revision, decided from what was accepted before.
//!
//! ```text
//! Revision, Before ─weigh→ guards ─approvals→ those that still wait ─accept→ Accepted: verdicts, audit, findings
//!     removals   directories that are gone      renames  a union cannot get another name
//!     conflicts  hosts that are taken           finding  the words      audit  what is remembered of guards
//! ```
//!
//! Pure. The rules, per union (design.md 3, decisions.md 1.3, 1.4, 1.9, 1.10):
//! - Its documents have an error, or it claims a host that another union holds → held at its last accepted state.
//! - `keyforge.yaml` has an error → every union is held; no removal counts.
//! - Its directory is gone → removed, judged by what was accepted before: its own `deletion`, the budget of the *previous*
//!   `keyforge.yaml`.
//! - Otherwise accepted, but for what a guard keeps waiting: that stays as it was until an approval comes. If nothing
//!   differs from what is accepted, nothing changes.
//!
//! Invariants: an error in one union changes no other union's verdict. A hold never deletes. What an approval lets through
//! is what its digest names.

mod approvals;
mod audit;
mod conflicts;
mod finding;
mod removals;
mod renames;
mod weigh;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use crate::desired::Life;
use crate::diagnostic::{Diagnostic, Severity};
use crate::digest::Digest;
use crate::names::UnionName;
use crate::plan::guards::{self, Guard};
use crate::revision::ObjectId;
use crate::spec::{self, Candidate, File, Keyforge, KeyforgeSpec, Union};
use crate::store::{AcceptedKeyforge, Decision, IndexEntry, NewlyAccepted, Removal, Verdict};

pub(super) use approvals::{Court, Hearing, Judged, approve, approving, touching};
pub(super) use weigh::{Weighed, weigh};

/// Why a union is held that was taken once.
const UNSELECTED: &str = "its labels are none of those that this installation takes (`select`); it stays as it was accepted \
                          until they are, or until its directory is removed";

/// What was accepted before this revision.
#[derive(Debug)]
pub(super) struct Before<'a> {
    /// Of every union that is known.
    pub unions: &'a BTreeMap<UnionName, IndexEntry>,
    /// The documents of those that were read, and of those whose directory is gone.
    pub documents: &'a BTreeMap<UnionName, Union>,
    /// `keyforge.yaml`, if one ever was.
    pub keyforge: Option<&'a AcceptedKeyforge>,
    /// What judges this revision: of the `keyforge.yaml` before it, and of its own only if it is the first.
    pub policy: &'a KeyforgeSpec,
    /// What was found in cluster and vaults, waits, and nobody approved yet.
    pub missed: &'a [Guard],
    /// What was removed in the last 24 hours without an approval.
    pub removals: &'a BTreeSet<Removal>,
    /// By the database's clock.
    pub now: DateTime<Utc>,
}

/// A new revision, as it was read.
#[derive(Debug)]
pub(super) struct Revision {
    /// `keyforge.yaml` and its blob, if it is sound.
    pub keyforge: Option<(Keyforge, ObjectId)>,
    /// By directory.
    pub unions: BTreeMap<UnionName, Read>,
    /// What was found outside the directories that could be read.
    pub diagnostics: Vec<Diagnostic>,
}

/// One union's directory in the new revision.
#[derive(Debug)]
pub(super) struct Read {
    /// The directory's tree.
    pub tree: ObjectId,
    /// Its files; none where they were left unread.
    pub files: Vec<File>,
    /// What the files say; `None`: left unread, since tree and defaults are those accepted before, or it is not selected.
    pub candidate: Option<Candidate>,
    /// Whether this installation does not take it by the labels that it has now.
    pub unselected: bool,
}

/// What a revision becomes.
#[derive(Debug)]
pub(super) struct Accepted {
    /// `None`: the last one stays.
    pub keyforge: Option<AcceptedKeyforge>,
    /// By union; one without a verdict stays as it is.
    pub verdicts: Vec<Verdict>,
    /// What is remembered of guards.
    pub record: audit::Record,
    /// About `keyforge.yaml` and the repo as a whole.
    pub diagnostics: Vec<Diagnostic>,
}

/// Decides. `weighed` was computed from the same revision, `judged` from its guards.
pub(super) fn accept(
    revision: Revision,
    before: &Before<'_>,
    weighed: &Weighed,
    judged: &Judged,
) -> Accepted {
    let Revision { keyforge, mut unions, mut diagnostics } = revision;
    let Some((keyforge, blob)) = keyforge else {
        let verdicts = hold_all(&unions, before, &diagnostics);
        return Accepted { keyforge: None, verdicts, record: audit::Record::default(), diagnostics };
    };
    for (name, read) in &mut unions {
        if let (Some(candidate), Some(was)) = (&mut read.candidate, before.documents.get(name)) {
            let waiting = judged.waiting(weighed.of(name));
            let wanted = candidate.document.take();
            candidate.document = wanted.map(|wanted| guards::hold_back(was, &wanted, &waiting));
            let kept = candidate.document.as_ref().filter(|_| !waiting.is_empty());
            let clashes = kept.map(spec::check_societies).unwrap_or_default();
            clashes.into_iter().for_each(|found| candidate.add(finding::clashes(found, &waiting)));
        }
    }
    // A host whose change waits is not free yet.
    let mut taken = conflicts::conflicts(&unions, before);
    let gone = weighed.gone.iter().map(|(name, gone)| removals::verdict(name, gone, before, weighed, judged));
    let mut verdicts: Vec<Verdict> = gone.collect();
    for (name, read) in unions {
        let entry = before.unions.get(&name);
        if read.unselected {
            verdicts.push(held(&name, Vec::new(), UNSELECTED.to_owned()));
            continue;
        }
        let Some(mut candidate) = read.candidate else {
            // No verdict means that nothing is new, and the next revision is judged from here.
            if !is_accepted(entry, read.tree) {
                verdicts.push(held(&name, Vec::new(), "its documents were not read".to_owned()));
            }
            continue;
        };
        taken.remove(&name).into_iter().flatten().for_each(|conflict| candidate.add(conflict));
        let waiting = judged.waiting(weighed.of(&name));
        verdicts.push(judge(&name, candidate, read.tree, read.files, entry, waiting));
    }
    verdicts.sort_by(|a, b| a.union.cmp(&b.union));

    let keyforge = weighed.accepted_keyforge(keyforge, blob, judged);
    diagnostics.extend(keyforge.awaiting.iter().map(|guard| finding::awaiting(guard, before.policy)));
    for (union, refused) in &judged.refused {
        let verdict = verdicts.iter_mut().find(|verdict| Some(&verdict.union) == union.as_ref());
        verdict.map_or(&mut diagnostics, |verdict| &mut verdict.diagnostics).push(refused.clone());
    }
    for verdict in &mut verdicts {
        verdict
            .diagnostics
            .extend(verdict.awaiting.iter().map(|guard| finding::awaiting(guard, before.policy)));
    }
    diagnostics.extend(finding::all_awaiting(&judged.waiting(weighed.guards())));
    let record = audit::record(before, weighed, judged, &verdicts, &keyforge);
    Accepted { keyforge: Some(keyforge), verdicts, record, diagnostics }
}

/// Whether a directory is as it is accepted, and nothing waits.
fn is_accepted(entry: Option<&IndexEntry>, tree: ObjectId) -> bool {
    entry.is_some_and(|entry| {
        let accepted = entry.accepted.as_ref();
        entry.life == Life::Running && !entry.waits && accepted.is_some_and(|state| state.tree == tree)
    })
}

/// Nothing can be said of any union while it is unknown what holds for all.
fn hold_all(
    unions: &BTreeMap<UnionName, Read>,
    before: &Before<'_>,
    diagnostics: &[Diagnostic],
) -> Vec<Verdict> {
    let why = diagnostics
        .iter()
        .find(|found| found.severity == Severity::Error)
        .map_or_else(String::new, |broken| format!("{}: {}", broken.span.path, broken.message));
    // What was removed is no union any more that could be held.
    let live =
        before.unions.iter().filter(|(_, entry)| entry.accepted.is_none() || entry.life == Life::Running);
    let names: BTreeSet<&UnionName> = live.map(|(name, _)| name).chain(unions.keys()).collect();
    names.into_iter().map(|name| held(name, Vec::new(), why.clone())).collect()
}

/// The verdict on a union whose directory is there.
fn judge(
    name: &UnionName,
    candidate: Candidate,
    tree: ObjectId,
    files: Vec<File>,
    before: Option<&IndexEntry>,
    awaiting: Vec<Guard>,
) -> Verdict {
    let errors = || candidate.diagnostics.iter().filter(|diagnostic| diagnostic.severity == Severity::Error);
    let union = match (candidate.document, errors().next()) {
        (Some(union), None) => union,
        (_, Some(first)) => {
            let more = match errors().count() - 1 {
                0 => String::new(),
                more => format!(" (and {more} more)"),
            };
            let why = format!("{}:{}: {}{more}", first.span.path, first.span.line, first.message);
            return held(name, candidate.diagnostics, why);
        }
        (None, None) => {
            return held(name, candidate.diagnostics, "its documents cannot be read".to_owned());
        }
    };
    // What waits is no part of what is accepted, so its end has to be a change.
    let input = match awaiting.as_slice() {
        [] => candidate.input,
        guards => Digest::of_parts(
            [candidate.input.as_bytes(), guards::combined(guards).as_bytes()].map(|b| &b[..]),
        ),
    };
    let accepted = before.and_then(|before| before.accepted.as_ref());
    let runs = before.is_some_and(|before| before.life == Life::Running);
    let decision = if runs && accepted.is_some_and(|accepted| accepted.input == input) {
        Decision::Unchanged
    } else {
        Decision::Accepted(Box::new(NewlyAccepted {
            union,
            tree,
            input,
            documents: files,
            suspended_by: None,
        }))
    };
    Verdict { union: name.clone(), diagnostics: candidate.diagnostics, decision, awaiting }
}

fn held(name: &UnionName, diagnostics: Vec<Diagnostic>, why: String) -> Verdict {
    Verdict { union: name.clone(), diagnostics, decision: Decision::Held { why }, awaiting: Vec::new() }
}

#[cfg(test)]
mod tests;
