//! The first page: whether anything is broken, whose turn it is, and how far the newest commits are.
//!
//! One answer in the place of six questions, each of which is answered elsewhere in full.

use super::query::Query;
use super::{View, health, problem::Problem, revisions, unions, wire};
use crate::outcome::{Reason, UnionState};
use crate::store::{RevisionQuery, UnionQuery};

/// Which unions go on only when somebody acts, the worst first.
const NEEDS_A_PERSON: [UnionState; 3] = [UnionState::Failed, UnionState::Held, UnionState::AwaitingApproval];

/// How many of these are told; the list of unions has them all.
const MOST: u32 = 50;

/// How many of the newest commits are told.
const REVISIONS: u32 = 5;

/// What is told of all that the caller sees.
pub(super) async fn one(view: View, (): (), _: Query) -> Result<wire::Overview, Problem> {
    let newest = RevisionQuery { after: None, limit: REVISIONS };
    let (counts, accepted, stopped, source, drift_today, newest) = tokio::try_join!(
        view.store.union_counts(),
        view.store.accepted_revision(),
        view.store.stopped(),
        view.store.source(),
        view.store.deployments_of_today(Reason::Drift),
        view.store.revisions(&newest)
    )?;
    let mut needs_person = Vec::new();
    for state in NEEDS_A_PERSON {
        let rest = MOST.saturating_sub(u32::try_from(needs_person.len()).unwrap_or(MOST));
        if rest > 0 && counts.by_state.contains_key(&state) {
            let wanted = UnionQuery { state: Some(state), limit: rest, ..UnionQuery::default() };
            needs_person.extend(view.store.unions(&wanted).await?.into_iter().map(unions::union));
        }
    }
    let mut revisions = Vec::new();
    for revision in newest {
        revisions.push(revisions::detail(&view, revision).await?);
    }
    Ok(wire::Overview {
        total: counts.by_state.values().sum(),
        counts_by_state: counts.by_state,
        counts_by_health: counts.by_health,
        needs_person,
        revisions,
        drift_today,
        revision: accepted.map(|revision| revision.to_string()),
        source: source.map(health::source),
        stopped: stopped.map(unions::stop),
    })
}
