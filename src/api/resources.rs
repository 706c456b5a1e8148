//! Resources: what a union owns in the cluster, and what became of each last.

use super::query::{Number, Parameter, Query};
use super::{State, page, problem::Problem, wire};
use crate::names::UnionName;
use crate::store::{Disputed, LastChange, ResourceQuery, ResourceRecord};

/// What the list can be asked for.
pub(super) const PARAMETERS: &[Parameter] = &[Parameter::AFTER, Number::LIMIT.parameter()];

/// The resources of a union, in the order in which they were made.
pub(super) async fn list(
    state: State,
    union: UnionName,
    query: Query,
) -> Result<wire::Page<wire::OwnedResource>, Problem> {
    let limit = query.number(Number::LIMIT)?;
    let after = query.place("after", "a place that an earlier answer gave as `next`")?.unwrap_or_default();
    let found =
        state.store.resources(&ResourceQuery { union: union.clone(), after, limit: limit + 1 }).await?;
    if found.is_empty() && state.store.union(&union).await?.is_none() {
        return Err(Problem::NotFound { what: format!("union `{union}`") });
    }
    Ok(page(found, limit, |resource| resource.number.to_string(), resource))
}

fn resource(record: ResourceRecord) -> wire::OwnedResource {
    let last = |LastChange { done, at, deployment, message }: LastChange| wire::LastChange {
        event: done,
        at,
        deployment: deployment.to_string(),
        message,
    };
    let dispute = |disputed: Disputed| wire::Dispute {
        field: Some(disputed.field.field).filter(|field| !field.is_empty()),
        manager: disputed.field.manager,
        times: disputed.times,
        last_at: disputed.last_at,
    };
    wire::OwnedResource {
        resource: (&record.resource).into(),
        api_version: record.resource.api_version,
        entered_at: record.entered_at,
        made: record.is_made,
        last_change: record.last.map(last),
        disputes: record.disputes.into_iter().map(dispute).collect(),
    }
}
