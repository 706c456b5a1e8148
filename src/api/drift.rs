//! Drift: what somebody else made of what a union owns, and what became of it.

use super::place::List;
use super::query::{Kind, Number, Parameter, Query};
use super::{View, page, problem::Problem, wire};
use crate::names::UnionName;
use crate::outcome::{Alteration, DriftOutcome};
use crate::store::{DriftQuery, DriftRecord};

/// What the list can be asked for.
pub(super) const PARAMETERS: &[Parameter] = &[
    Parameter { name: "since", about: "Only what was so at this moment or later.", kind: Kind::Moment },
    Parameter { name: "kind", about: "Only what is of this kind.", kind: Kind::Word(Alteration::WORDS) },
    Parameter {
        name: "outcome",
        about: "Only what was put back, or is kept.",
        kind: Kind::Word(DriftOutcome::WORDS),
    },
    Parameter::AFTER,
    Number::LIMIT.parameter(),
];

/// What somebody else made, the last first; it outlives the union.
pub(super) async fn list(
    view: View,
    union: UnionName,
    query: Query,
) -> Result<wire::Page<wire::Drift>, Problem> {
    let limit = query.number(Number::LIMIT)?;
    let wanted = DriftQuery {
        union: union.clone(),
        since: query.moment("since")?,
        kind: query.value("kind")?,
        outcome: query.value("outcome")?,
        after: view.places.after(List::Drift, &query)?,
        limit: limit + 1,
    };
    let found = view.store.drift(&wanted).await?;
    if found.is_empty() && view.store.union(&union).await?.is_none() {
        return Err(Problem::no_union(&union));
    }
    Ok(page(found, limit, |record| view.places.show(List::Drift, record.number), drift))
}

fn drift(record: DriftRecord) -> wire::Drift {
    let known = |text: String| Some(text).filter(|text| !text.is_empty());
    wire::Drift {
        kind: record.kind,
        resource: (&record.field.resource).into(),
        field: known(record.field.field),
        ours: record.field.ours,
        theirs: record.field.theirs,
        manager: known(record.field.manager),
        outcome: record.outcome,
        times: record.times,
        first_at: record.first_at,
        last_at: record.last_at,
        stands: record.stands,
        deployment: record.deployment.map(|deployment| deployment.to_string()),
    }
}
