//! Resources: what a union owns in the cluster, and what became of each last.

use super::place::List;
use super::query::{Number, Parameter, Query};
use super::{View, page, problem::Problem, wire};
use crate::names::UnionName;
use crate::store::{Disputed, LastChange, ResourceQuery, ResourceRecord};

/// What the list can be asked for.
pub(super) const PARAMETERS: &[Parameter] = &[Parameter::AFTER, Number::LIMIT.parameter()];

/// The resources of a union, in the order in which they were made.
pub(super) async fn list(
    view: View,
    union: UnionName,
    query: Query,
) -> Result<wire::Page<wire::OwnedResource>, Problem> {
    let limit = query.number(Number::LIMIT)?;
    let after = view.places.after(List::Resources, &query)?.unwrap_or_default();
    let found =
        view.store.resources(&ResourceQuery { union: union.clone(), after, limit: limit + 1 }).await?;
    if found.is_empty() && view.store.union(&union).await?.is_none() {
        return Err(Problem::no_union(&union));
    }
    Ok(page(found, limit, |resource| view.places.show(List::Resources, resource.number), resource))
}

fn resource(record: ResourceRecord) -> wire::OwnedResource {
    let last = |LastChange { done, at, deployment, message }: LastChange| wire::LastChange {
        event: done,
        at,
        deployment: deployment.to_string(),
        message,
    };
    let dispute = |disputed: Disputed| wire::Dispute {
        field: Some(disputed.field).filter(|field| !field.is_empty()),
        manager: disputed.manager,
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
