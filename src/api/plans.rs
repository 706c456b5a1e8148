//! Live plans: what would be done for a union now, as the server's dry-runs say it. Asking changes nothing.

use super::query::{Number, Parameter, Query};
use super::{View, page, problem::Problem, wire};
use crate::names::UnionName;
use crate::plan;
use crate::reconcile::live::LivePlan;
use crate::store::{UnionOrder, UnionQuery};

/// What the list can be asked for.
pub(super) const PARAMETERS: &[Parameter] = &[Parameter::AFTER, LIMIT.parameter()];

/// Plans of a page are few: each may take many calls of the API server.
const LIMIT: Number = Number { default: 20, most: 20, ..Number::LIMIT };

/// The plan of one union.
pub(super) async fn one(view: View, name: UnionName, _: Query) -> Result<wire::Plan, Problem> {
    let Some(found) = view.plans.of(&name).await? else {
        return Err(Problem::NotFound { what: format!("accepted state of union `{name}`") });
    };
    plan(&view, &found).await
}

/// The plans of all unions, by name. One of which nothing was accepted has none.
pub(super) async fn list(view: View, (): (), query: Query) -> Result<wire::Page<wire::Plan>, Problem> {
    let limit = query.number(LIMIT)?;
    let wanted = UnionQuery {
        order: UnionOrder::Name(query.value("after")?),
        limit: limit + 1,
        ..UnionQuery::default()
    };
    let unions = view.store.unions(&wanted).await?;
    let names = page(unions, limit, |union| union.name.to_string(), |union| union.name);
    let mut items = Vec::new();
    for name in names.items {
        if let Some(found) = view.plans.of(&name).await? {
            items.push(plan(&view, &found).await?);
        }
    }
    Ok(wire::Page { items, next: names.next })
}

async fn plan(view: &View, found: &LivePlan) -> Result<wire::Plan, Problem> {
    let (mut digest, mut changes, mut waits, mut awaited) = (None, Vec::new(), None, Vec::new());
    if let Ok(parted) = &found.planned {
        digest = Some(parted.now.desired().to_string());
        changes = parted.now.stages().iter().flat_map(stage).collect();
        awaited = parted.now.awaited().iter().map(wire::Resource::from).collect();
        waits = parted.waits.as_ref().zip(found.waits.clone()).map(|(waits, why)| wire::Waits {
            cause: waits.cause.as_str().to_owned(),
            until: waits.until,
            why,
            changes: waits.stages.iter().flat_map(stage).collect(),
        });
    }
    let refused = found.planned.as_ref().err();
    Ok(wire::Plan {
        name: found.union.to_string(),
        revision: found.revision.to_string(),
        digest,
        looked_at: found.at,
        changes,
        waits,
        awaited,
        refused: refused.map(|refused| refused.message.clone()),
        hint: refused.and_then(|refused| refused.hint.clone()),
        guards: view.store.awaiting(&found.union).await?.iter().map(super::unions::guard).collect(),
        findings: found.findings.clone(),
    })
}

/// What a stage changes; what stays is not told.
fn stage(stage: &plan::Stage) -> Vec<wire::PlannedChange> {
    let change = |change: &plan::Change| {
        let (fields, taken_over_from) = match change {
            plan::Change::Update { fields, takeover, .. } => (
                fields.iter().map(wire::FieldChange::from).collect(),
                takeover.iter().map(ToString::to_string).collect(),
            ),
            _ => (Vec::new(), Vec::new()),
        };
        wire::PlannedChange {
            change: change.word().to_owned(),
            stage: stage.name.to_string(),
            resource: change.id().into(),
            fields,
            taken_over_from,
            dry_run: matches!(change, plan::Change::Update { .. }),
            text: plan::line(change),
        }
    };
    stage.changes.iter().filter(|change| !change.is_keep()).map(change).collect()
}
