//! The first page: whether anything is broken, whose turn it is, and how far the newest commits are.
//!
//! One answer in the place of six questions, each of which is answered elsewhere in full.

use super::query::Query;
use super::{View, health, problem::Problem, revisions, unions, wire};
use crate::outcome::{Reason, UnionState};
use crate::store::{RevisionQuery, UnionOrder, UnionQuery};

/// Which unions go on only when somebody acts, the worst first.
const NEEDS_A_PERSON: [UnionState; 3] = [UnionState::Failed, UnionState::Held, UnionState::AwaitingApproval];

/// How many of these are told; the list of unions has them all.
const MOST: u32 = 50;

/// How many unions are named whose members cannot log in.
const ACCESS_DOWN: u32 = 10;

/// How many of the newest commits are told.
const REVISIONS: u32 = 5;

/// What is told of all that the caller sees.
pub(super) async fn one(view: View, (): (), _: Query) -> Result<wire::Overview, Problem> {
    let newest = RevisionQuery { limit: REVISIONS, ..RevisionQuery::default() };
    let (counts, accepted, stopped, source, drift_today, newest, access_down) = tokio::try_join!(
        view.store.union_counts(),
        view.store.accepted_revision(),
        view.store.stopped(),
        view.store.source(),
        view.store.deployments_of_today(Reason::Drift),
        view.store.revisions(&newest),
        view.store.ill_unions(ACCESS_DOWN)
    )?;
    let worst = UnionQuery { order: UnionOrder::Worst(None), limit: MOST, ..UnionQuery::default() };
    let needs_person = match NEEDS_A_PERSON.iter().any(|state| counts.by_state.contains_key(state)) {
        true => view.store.unions(&worst).await?,
        false => Vec::new(),
    };
    let needs_person = needs_person.into_iter().filter(|union| NEEDS_A_PERSON.contains(&union.state));
    let mut revisions = Vec::new();
    for revision in newest {
        revisions.push(revisions::detail(&view, revision).await?);
    }
    Ok(wire::Overview {
        total: counts.by_state.values().sum(),
        counts_by_state: counts.by_state,
        counts_by_health: counts.by_health,
        needs_person: needs_person.map(unions::union).collect(),
        access_down: access_down.iter().map(ToString::to_string).collect(),
        revisions,
        drift_today,
        revision: accepted.map(|revision| revision.to_string()),
        source: source.map(health::source),
        stopped: stopped.map(unions::stop),
    })
}
