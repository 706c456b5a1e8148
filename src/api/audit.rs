//! The audit: what was done to unions, each record with the digests that chain it to the one before.

use http::Method;

use super::access::Audience;
use super::query::{Kind, Number, Parameter, Query};
use super::route::{self, Described, Form, Route};
use super::{State, View, page, problem::Problem, wire};
use crate::store::{AuditQuery, AuditRecord};

/// What it can be asked for.
const PARAMETERS: &[Parameter] = &[
    Parameter::UNION,
    Parameter { name: "commit", about: "Only what this commit brought.", kind: Kind::Name },
    Parameter::AFTER,
    Number::LIMIT.parameter(),
];

/// The record of all unions: it is one chain, and its numbers and digests tell of all of them.
pub(super) fn route(state: &State) -> Route {
    let described = Described {
        path: "/api/v1/audit",
        method: Method::GET,
        about: "What was done to unions, newest first, in a chain of digests.",
        parameters: PARAMETERS,
        audience: Audience::Fleet,
        form: Form::json::<wire::Page<wire::AuditRecord>>().tagged(),
    };
    Route::new(described, state, |view, (): (), asked| async move {
        route::json(&list(view, asked.query).await, &asked.headers)
    })
}

/// Records, newest first.
async fn list(view: View, query: Query) -> Result<wire::Page<wire::AuditRecord>, Problem> {
    let limit = query.number(Number::LIMIT)?;
    let wanted = AuditQuery {
        union: query.value("union")?,
        revision: query.place("commit", "the 40 hexadecimal digits of a commit")?,
        before: query.place("after", "the number of a record")?,
        limit: limit + 1,
    };
    let found = view.store.audit(&wanted).await?;
    Ok(page(found, limit, |record| record.number.to_string(), record))
}

fn record(record: AuditRecord) -> wire::AuditRecord {
    wire::AuditRecord {
        number: record.number,
        at: record.at,
        what: record.what,
        union: record.union.map(|union| union.to_string()),
        revision: record.revision.to_string(),
        author: record.author,
        deployment: record.deployment.map(|deployment| deployment.to_string()),
        detail: record.detail,
        text: record.text,
        previous: record.previous.map(|digest| digest.to_string()),
        digest: record.digest.to_string(),
    }
}
