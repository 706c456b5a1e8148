//! Diagnostics: what was found in the files of the newest revision.

use super::place::{List, Places};
use super::query::{Kind, Number, Parameter, Query};
use super::wire;
use super::{View, page, problem::Problem};
use crate::diagnostic::{Code, Severity};
use crate::store::{DiagnosticPlace, DiagnosticQuery, FoundDiagnostic};

/// What the list can be asked for.
pub(super) const PARAMETERS: &[Parameter] = &[
    Parameter::UNION,
    Parameter { name: "severity", about: "Only those of this severity.", kind: Kind::Word(Severity::WORDS) },
    Parameter { name: "code", about: "Only those of this code.", kind: Kind::Word(Code::WORDS) },
    Parameter {
        name: "file",
        about: "Only those in this file, by its path below the folder of `keyforge.yaml`.",
        kind: Kind::Text,
    },
    Parameter::AFTER,
    Number::LIMIT.parameter(),
];

/// Findings, those of the repo as a whole first.
pub(super) async fn list(view: View, (): (), query: Query) -> Result<wire::Page<wire::Diagnostic>, Problem> {
    let limit = query.number(Number::LIMIT)?;
    let wanted = DiagnosticQuery {
        union: query.value("union")?,
        severity: query.value("severity")?,
        code: query.value("code")?,
        file: query.text("file")?,
        after: after(&view.places, &query)?,
        limit: limit + 1,
    };
    let found = view.store.diagnostics(&wanted).await?;
    Ok(page(found, limit, |found| place(&view.places, &found.place), diagnostic))
}

/// A place in the list, `acme.17`: it is ordered by union.
fn place(places: &Places, DiagnosticPlace { union, id }: &DiagnosticPlace) -> String {
    format!("{union}.{}", places.show(List::Diagnostics, *id))
}

fn after(places: &Places, query: &Query) -> Result<Option<DiagnosticPlace>, Problem> {
    let Some(text) = query.text("after")? else { return Ok(None) };
    let read = || {
        let (union, id) = text.split_once('.')?;
        Some(DiagnosticPlace { union: union.to_owned(), id: places.read(List::Diagnostics, id)? })
    };
    let why = || "it is the `next` of an earlier answer".to_owned();
    read().map(Some).ok_or_else(|| Problem::InvalidParameter { name: "after", why: why() })
}

/// As it leaves the process.
pub(super) fn diagnostic(found: FoundDiagnostic) -> wire::Diagnostic {
    wire::Diagnostic::new(found.union.map(|union| union.to_string()), found.diagnostic)
}
