//! Diagnostics: what was found in the files of the newest revision.

use super::query::{Number, Parameter, Query};
use super::wire;
use super::{State, page, problem::Problem};
use crate::store::{DiagnosticQuery, FoundDiagnostic};

/// What the list can be asked for.
pub(super) const PARAMETERS: &[Parameter] = &[Parameter::UNION, Parameter::AFTER, Number::LIMIT.parameter()];

/// Findings, those of the repo as a whole first.
pub(super) async fn list(
    state: State,
    (): (),
    query: Query,
) -> Result<wire::Page<wire::Diagnostic>, Problem> {
    let limit = query.number(Number::LIMIT)?;
    let wanted = DiagnosticQuery {
        union: query.value("union")?,
        after: query.place("after", "the `next` of an earlier answer")?,
        limit: limit + 1,
    };
    let found = state.store.diagnostics(&wanted).await?;
    Ok(page(found, limit, |found| found.place.to_string(), diagnostic))
}

/// As it leaves the process.
pub(super) fn diagnostic(found: FoundDiagnostic) -> wire::Diagnostic {
    wire::Diagnostic::new(found.union.map(|union| union.to_string()), found.diagnostic)
}
