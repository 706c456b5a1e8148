//! Texts of one union that tell of other ones, for whoever does not see those: the fact stays, names and numbers go.
//!
//! By what a text is about, never by looking for names in it: somebody who may write documents could ask so which names there
//! are. Invariant: what is not known to be about its own union alone is not told.

use super::Held;
use crate::diagnostic::{Code, Diagnostic};
use crate::names::UnionName;
use crate::plan::guards::{Guard, GuardKind};

/// Why a union is held, where that is not a mistake in its own documents.
pub(super) const HELD: &str =
    "it stays as it is accepted: its newer documents, or what holds for all unions, cannot be accepted";

/// Why the removal of a union waits.
pub(super) const REMOVED: &str = "it is removed, and that waits for an approval";

/// What the same begins with where it counts unions.
pub(super) const COUNTED: &str = "it is removed, %";

/// The findings that name other unions.
const ABOUT_OTHERS: [Code; 2] = [Code::DuplicateDomain, Code::RenamedUnion];

/// The words of these findings.
pub(super) fn codes() -> Vec<String> {
    ABOUT_OTHERS.iter().map(ToString::to_string).collect()
}

/// Why something of a union waits, without what that tells of others.
pub(super) fn awaiting(why: String) -> String {
    if why.starts_with(&COUNTED[..COUNTED.len() - 1]) { REMOVED.to_owned() } else { why }
}

/// Why a union is held, without what that tells of others: a mistake in its own documents alone is told.
pub(super) fn held(union: &UnionName, why: String, finding: Option<Diagnostic>) -> Held {
    let own = format!("unions/{union}/");
    match finding {
        Some(found) if found.span.path.starts_with(&own) => {
            let why = if ABOUT_OTHERS.contains(&found.code) { HELD.to_owned() } else { why };
            Held { why, finding: Some(self::finding(Some(union), found)) }
        }
        None if why.starts_with(&own) => Held { why, finding: None },
        _ => Held { why: HELD.to_owned(), finding: None },
    }
}

/// A guard of a union without what it tells of others.
pub(super) fn guard(guard: Guard) -> Guard {
    match guard.kind {
        GuardKind::UnionRemoved => Guard { why: REMOVED.to_owned(), ..guard },
        _ => guard,
    }
}

/// A finding in the files of this union without what it tells of others.
pub(super) fn finding(union: Option<&UnionName>, found: Diagnostic) -> Diagnostic {
    let own = union.map(|union| format!("unions/{union}/"));
    let mut found = found;
    found.notes.retain(|note| own.as_ref().is_some_and(|own| note.span.path.starts_with(own)));
    let (message, label) = match found.code {
        Code::DuplicateDomain => ("another union has this host", "claimed by another union"),
        Code::RenamedUnion => ("this union cannot have been that one", "not possible"),
        Code::AwaitingApproval if awaiting(found.message.clone()) == REMOVED => {
            (REMOVED, "waits for an approval")
        }
        _ => return found,
    };
    let hint = if found.code == Code::AwaitingApproval { found.hint } else { None };
    Diagnostic { message: message.to_owned(), label: label.to_owned(), hint, ..found }
}
