//! Unions that say that they had another name, compared with each other.
//!
//! Apart from the check of one union, since only together can two of them have had one name, or one still be there. What was
//! accepted before is not known here: whether a rename is possible at all is decided by `reconcile::accept`.

use std::collections::BTreeMap;

use super::load::Candidate;
use crate::diagnostic::{Code, Diagnostic, Note, Severity, Span};
use crate::names::UnionName;

/// The unions that cannot have had the name they say, each with the reason.
pub(super) fn renamed_twice(unions: &BTreeMap<String, Candidate>) -> Vec<(UnionName, Diagnostic)> {
    let renamed: Vec<(&UnionName, &UnionName, &Candidate)> = unions
        .values()
        .filter_map(|candidate| {
            let union = candidate.document.as_ref()?;
            Some((&union.name, union.spec.renamed_from.as_ref()?, candidate))
        })
        .collect();
    let told = renamed.iter().filter_map(|(name, former, candidate)| {
        let other = renamed.iter().find(|(other, had, _)| had == former && other != name);
        let (message, note) = match other {
            _ if unions.contains_key(former.as_str()) => {
                let span = Span::file(format!("unions/{former}/union.yaml"));
                let note = Note { span, message: "it is still there".into() };
                (format!("union `{name}` cannot have been `{former}`, which is still there"), note)
            }
            Some((other, _, candidate)) => {
                let note = Note { span: candidate.renamed_from()?.clone(), message: "the other one".into() };
                (format!("unions `{name}` and `{other}` cannot both have been `{former}`"), note)
            }
            None => return None,
        };
        let why = Diagnostic {
            span: candidate.renamed_from()?.clone(),
            code: Code::RenamedUnion,
            severity: Severity::Error,
            message,
            label: "another union's name".into(),
            notes: vec![note],
            hint: Some("leave `renamedFrom` out: without it this is a union of its own".into()),
        };
        Some(((*name).clone(), why))
    });
    told.collect()
}
