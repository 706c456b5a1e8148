//! The audit: what was done to unions, each record with the digests that chain it to the one before.

use super::query::{Kind, Number, Parameter, Query};
use super::{State, page, problem::Problem, wire};
use crate::store::{AuditQuery, AuditRecord};

/// What it can be asked for.
pub(super) const PARAMETERS: &[Parameter] = &[
    Parameter::UNION,
    Parameter { name: "commit", about: "Only what this commit brought.", kind: Kind::Name },
    Parameter::AFTER,
    Number::LIMIT.parameter(),
];

/// Records, newest first.
pub(super) async fn list(
    state: State,
    (): (),
    query: Query,
) -> Result<wire::Page<wire::AuditRecord>, Problem> {
    let limit = query.number(Number::LIMIT)?;
    let wanted = AuditQuery {
        union: query.value("union")?,
        revision: query.place("commit", "the 40 hexadecimal digits of a commit")?,
        before: query.place("after", "the number of a record")?,
        limit: limit + 1,
    };
    let found = state.store.audit(&wanted).await?;
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
