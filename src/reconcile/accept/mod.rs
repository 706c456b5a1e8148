//! Acceptance: what each union of a new revision becomes, decided from what was accepted before.
//!
//! Pure. The rules, per union (design.md 3, decisions.md 1.3, 1.4, 1.9):
//! - Its documents have an error, or it claims a host that another union holds → held at its last accepted state.
//! - `keyforge.yaml` has an error → every union is held; no removal counts.
//! - Its directory is gone → removed, judged by what was accepted before: its own `deletion`, and the budget of the
//!   *previous* `keyforge.yaml`. Over budget, or nothing left at all → it waits for an approval, and nothing is lost.
//! - Otherwise accepted; if its input is the one accepted before, nothing changes.
//!
//! Invariant: an error in one union changes no other union's verdict. A hold never deletes.

mod conflicts;
mod removals;

use std::collections::BTreeMap;

use crate::desired::Life;
use crate::diagnostic::{Diagnostic, Severity};
use crate::names::UnionName;
use crate::revision::ObjectId;
use crate::spec::{Candidate, DeletionPolicy, File, Guards};
use crate::store::{Decision, IndexEntry, NewlyAccepted, Verdict};
use conflicts::conflicts;
use removals::removals;

/// What was accepted before this revision.
#[derive(Debug)]
pub(super) struct Before<'a> {
    /// Of every union that is known.
    pub unions: &'a BTreeMap<UnionName, IndexEntry>,
    /// What was to happen at the removal of those whose directory is gone now.
    pub deletion: &'a BTreeMap<UnionName, DeletionPolicy>,
    /// The guards in force.
    pub guards: &'a Guards,
}

/// One union's directory in the new revision.
#[derive(Debug)]
pub(super) struct Read {
    /// The directory's tree.
    pub tree: ObjectId,
    /// Its files; none where they were left unread.
    pub files: Vec<File>,
    /// What the files say; `None`: left unread, since tree and defaults are those accepted before.
    pub candidate: Option<Candidate>,
}

/// The verdicts of a revision; a union without one stays as it is. `broken` is what is wrong with `keyforge.yaml`,
/// `findings` what was found outside the directories that could be read.
pub(super) fn accept(
    unions: BTreeMap<UnionName, Read>,
    before: &Before<'_>,
    broken: Option<&Diagnostic>,
    findings: &[Diagnostic],
) -> Vec<Verdict> {
    if let Some(broken) = broken {
        // What was removed is no union any more that could be held.
        let live =
            before.unions.iter().filter(|(_, entry)| entry.accepted.is_none() || entry.life == Life::Running);
        let mut names: Vec<&UnionName> = live.map(|(name, _)| name).chain(unions.keys()).collect();
        names.sort();
        names.dedup();
        let why = format!("{}: {}", broken.span.path, broken.message);
        return names.into_iter().map(|name| held(name, Vec::new(), why.clone())).collect();
    }
    let mut verdicts = removals(&unions, before, findings);
    let mut conflicts = conflicts(&unions, before);
    for (name, read) in unions {
        let Some(mut candidate) = read.candidate else { continue };
        conflicts.remove(&name).into_iter().flatten().for_each(|conflict| candidate.add(conflict));
        verdicts.extend(judge(&name, candidate, read.tree, read.files, before.unions.get(&name)));
    }
    verdicts.sort_by(|a, b| a.union.cmp(&b.union));
    verdicts
}

/// The verdict on a union whose directory is there.
fn judge(
    name: &UnionName,
    candidate: Candidate,
    tree: ObjectId,
    files: Vec<File>,
    before: Option<&IndexEntry>,
) -> Option<Verdict> {
    let errors = || candidate.diagnostics.iter().filter(|diagnostic| diagnostic.severity == Severity::Error);
    let union = match (candidate.document, errors().next()) {
        (Some(union), None) => union,
        (_, Some(first)) => {
            let more = match errors().count() - 1 {
                0 => String::new(),
                more => format!(" (and {more} more)"),
            };
            let why = format!("{}:{}: {}{more}", first.span.path, first.span.line, first.message);
            return Some(held(name, candidate.diagnostics, why));
        }
        (None, None) => {
            return Some(held(name, candidate.diagnostics, "its documents cannot be read".to_owned()));
        }
    };
    let accepted = before.and_then(|before| before.accepted.as_ref());
    let runs = before.is_some_and(|before| before.life == Life::Running);
    let decision = if runs && accepted.is_some_and(|accepted| accepted.input == candidate.input) {
        Decision::Released
    } else {
        Decision::Accepted(Box::new(NewlyAccepted { union, tree, input: candidate.input, documents: files }))
    };
    Some(Verdict { union: name.clone(), diagnostics: candidate.diagnostics, decision })
}

fn held(name: &UnionName, diagnostics: Vec<Diagnostic>, why: String) -> Verdict {
    Verdict { union: name.clone(), diagnostics, decision: Decision::Held { why } }
}

fn verdict(name: &UnionName, decision: Decision) -> Verdict {
    Verdict { union: name.clone(), diagnostics: Vec::new(), decision }
}

#[cfg(test)]
mod tests;
