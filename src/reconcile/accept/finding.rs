//! The words of what acceptance finds: what waits and how it goes on, why an approval does not count.
//!
//! Warnings: none of them holds a union by itself.

use crate::diagnostic::{Code, Diagnostic, Severity, Span, shown, visible};
use crate::names::UnionName;
use crate::plan::guards::{self, Destructive, Guard, TRAILER};
use crate::signing::{Commit, Refusal};
use crate::spec::{KEYFORGE, KeyforgeSpec};

/// Changes are named up to this number.
const NAMED: usize = 3;

/// What a guard keeps waiting, and what to do about it.
pub(super) fn awaiting(guard: &Guard, policy: &KeyforgeSpec) -> Diagnostic {
    let changes: Vec<String> = guard.changes.iter().take(NAMED).map(ToString::to_string).collect();
    let more = match guard.changes.len() - changes.len() {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let by = if policy.guards.approval.second_person {
        " by somebody else than its authors (whom an unsigned commit only claims)"
    } else {
        ""
    };
    Diagnostic {
        span: Span::file(path(guard)),
        code: Code::AwaitingApproval,
        severity: Severity::Warning,
        message: format!("{}; waiting for an approval: {}{more}", guard.why, changes.join(", ")),
        label: "waits for an approval".into(),
        notes: Vec::new(),
        hint: Some(format!(
            "if it is meant, push a commit{by} whose message ends with `{}`",
            guard.trailer()
        )),
    }
}

/// That one approval can let through everything that waits, if that is more than one guard.
pub(super) fn all_awaiting(guards: &[Guard]) -> Option<Diagnostic> {
    (guards.len() > 1).then(|| Diagnostic {
        span: Span::file(KEYFORGE),
        code: Code::AwaitingApproval,
        severity: Severity::Warning,
        message: format!("{} guards of the revision wait for an approval", guards.len()),
        label: "waits for an approval".into(),
        notes: Vec::new(),
        hint: Some(format!(
            "if all of it is meant, one commit can approve it together, with `{}`",
            guards::trailer(&guards::combined(guards))
        )),
    })
}

/// What cannot stand beside what waits to be removed.
pub(super) fn clashes(found: Diagnostic, waiting: &[Guard]) -> Diagnostic {
    let trailers: Vec<String> = waiting.iter().map(|guard| format!("`{}`", guard.trailer())).collect();
    Diagnostic {
        hint: Some(format!(
            "what is removed stays until somebody approves it, with {}; choose another name until then",
            trailers.join(", ")
        )),
        ..found
    }
}

/// Why an approval does not count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Refused {
    /// It is not the digest of anything.
    NoDigest,
    /// Nothing of this digest waits.
    Nothing,
    /// It has counted already.
    Used,
    /// It is more than seven days old.
    Old,
    /// It claims to be from the future.
    Early,
    /// There are more commits than are read.
    TooMany,
    /// Nobody who may sign for what it approves stands behind it.
    NotVouched(Refusal),
    /// It is one of the commits that it approves.
    Itself,
    /// What it approves was changed after it.
    Stale {
        /// The commit that did.
        newer: String,
    },
    /// Nobody is known who could be somebody else than who approves.
    Nobody {
        /// The commit that nobody stands behind.
        change: String,
    },
    /// It is by an author of what it approves.
    SamePerson {
        /// Who.
        who: String,
    },
}

/// Tells why an approval does not count; `guard` is what it would let through.
pub(super) fn refused(commit: &Commit, guard: Option<&Guard>, why: &Refused) -> Diagnostic {
    let cause = match why {
        Refused::NoDigest => "names no digest of the form `sha256:<64 hexadecimal digits>`".to_owned(),
        Refused::Nothing => "approves a change of which nothing waits".to_owned(),
        Refused::Used => "was used before, and an approval counts once".to_owned(),
        Refused::Old => "is more than 7 days old".to_owned(),
        Refused::Early => "claims to be from the future".to_owned(),
        Refused::TooMany => "cannot be judged: too many commits are new".to_owned(),
        Refused::NotVouched(why) => format!("does not count, since it {why}"),
        Refused::Itself => "makes the change itself, and nobody approves their own commit".to_owned(),
        Refused::Stale { newer } => format!("does not come after {newer}, which it would approve too"),
        Refused::SamePerson { who } => format!(
            "is by `{}`, who stands behind what it approves, and `guards.approval.secondPerson` asks for somebody else",
            visible(&shown(who))
        ),
        Refused::Nobody { change } => format!(
            "cannot be told from the word of who made {change}, which no person has signed or vouched for, and \
             `guards.approval.secondPerson` asks for somebody else"
        ),
    };
    let hint = guard.map(|guard| {
        let by = if matches!(why, Refused::SamePerson { .. }) { "let somebody else " } else { "" };
        format!("{by}push a new commit whose message ends with `{}`", guard.trailer())
    });
    Diagnostic {
        span: Span::file(guard.map_or_else(|| KEYFORGE.to_owned(), path)),
        code: Code::RefusedApproval,
        severity: Severity::Warning,
        message: format!("the `{TRAILER}` of {} {cause}", commit.description()),
        label: "still waits".into(),
        notes: Vec::new(),
        hint,
    }
}

/// A union that wants to be another one, as it says at this place.
pub(super) fn renamed(name: &UnionName, former: &UnionName, span: Span) -> Diagnostic {
    Diagnostic {
        span,
        code: Code::RenamedUnion,
        severity: Severity::Error,
        message: format!(
            "union `{former}` cannot become `{name}`: its namespace and its volume carry its name, and Kubernetes \
             renames neither"
        ),
        label: "not possible".into(),
        notes: Vec::new(),
        hint: Some(format!(
            "keep the directory `unions/{former}` and change `displayName` and `domain`; without `renamedFrom`, \
             `{name}` is a new union with an empty vault"
        )),
    }
}

/// The document that a guard is about.
fn path(guard: &Guard) -> String {
    let Some(union) = &guard.union else { return KEYFORGE.to_owned() };
    let society = guard.changes.iter().find_map(|change| match change {
        Destructive::Society { society }
        | Destructive::Member { society, .. }
        | Destructive::Role { society, .. }
        | Destructive::Items { society, .. } => Some(society),
        Destructive::Union {}
        | Destructive::Owner { .. }
        | Destructive::Lost { .. }
        | Destructive::Field { .. } => None,
    });
    match society {
        Some(society) => format!("unions/{union}/societies/{society}.yaml"),
        None => format!("unions/{union}/union.yaml"),
    }
}
