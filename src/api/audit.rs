//! The audit: what was done to unions, each record with the digests that chain it to the one before.
//!
//! Who sees some unions only is shown the records of these, without their place in the chain: it is one for all unions, and its
//! numbers and digests tell of all of them.

use super::place::{List, Places};
use super::query::{Kind, Number, Parameter, Query};
use super::{View, page, problem::Problem, wire};
use crate::store::{AuditQuery, AuditRecord};

/// What it can be asked for.
pub(super) const PARAMETERS: &[Parameter] = &[
    Parameter::UNION,
    Parameter { name: "commit", about: "Only what this commit brought.", kind: Kind::Commit },
    Parameter::AFTER,
    Number::LIMIT.parameter(),
];

/// Records, newest first.
pub(super) async fn list(view: View, (): (), query: Query) -> Result<wire::Page<wire::AuditRecord>, Problem> {
    let limit = query.number(Number::LIMIT)?;
    let wanted = AuditQuery {
        union: query.value("union")?,
        revision: query.place("commit", "the 40 hexadecimal digits of a commit")?,
        before: view.places.after(List::Audit, &query)?,
        limit: limit + 1,
    };
    let found = view.store.audit(&wanted).await?;
    let is_all = view.store.sight().is_all();
    let place = |record: &AuditRecord| view.places.show(List::Audit, record.number);
    Ok(page(found, limit, place, |found| record(found, is_all, &view.places)))
}

fn record(record: AuditRecord, is_all: bool, places: &Places) -> wire::AuditRecord {
    let link = wire::AuditLink {
        number: record.number,
        text: record.text,
        previous: record.previous.map(|digest| digest.to_string()),
        digest: record.digest.to_string(),
        checkpoint: record.checkpoint.map(|checkpoint| wire::AuditCheckpoint {
            number: checkpoint.number,
            digest: checkpoint.digest.to_string(),
            at: checkpoint.at,
            code: checkpoint.code,
        }),
    };
    wire::AuditRecord {
        id: places.show(List::Audit, record.number),
        at: record.at,
        what: record.what,
        union: record.union.map(|union| union.to_string()),
        revision: record.revision.to_string(),
        author: record.author,
        signers: record.signers,
        approver: record.approver,
        deployment: record.deployment.map(|deployment| deployment.to_string()),
        detail: record.detail,
        link: is_all.then_some(link),
    }
}
