//! What the pods of a union in trouble have said, and what the cluster says of them: read when somebody asks, and kept nowhere.

use chrono::{DateTime, Utc};

use super::query::Query;
use super::{View, problem::Problem, wire};
use crate::health::Health;
use crate::names::UnionName;
use crate::outcome::UnionState;
use crate::reconcile::trouble::Log;

/// The last lines of the newest pods.
pub(super) async fn logs(
    view: View,
    union: UnionName,
    _: Query,
) -> Result<wire::Page<wire::PodLog>, Problem> {
    in_trouble(&view, &union).await?;
    let logs = view.troubles.logs(&union).await?;
    Ok(wire::Page { items: logs.into_iter().map(log).collect(), next: None })
}

/// What the cluster says, the newest first.
pub(super) async fn events(
    view: View,
    union: UnionName,
    _: Query,
) -> Result<wire::Page<wire::ClusterEvent>, Problem> {
    in_trouble(&view, &union).await?;
    let told = view.troubles.events(&union).await?;
    let items = told.into_iter().map(|told| wire::ClusterEvent {
        at: told.at,
        resource: (&told.id).into(),
        kind: told.kind,
        reason: told.reason,
        message: told.message,
        times: told.times,
    });
    Ok(wire::Page { items: items.collect(), next: None })
}

/// A union that is as it should be is nobody's matter.
async fn in_trouble(view: &View, union: &UnionName) -> Result<(), Problem> {
    let Some(found) = view.store.union(union).await? else { return Err(Problem::no_union(union)) };
    let goes_on = matches!(found.state, UnionState::Failed | UnionState::InProgress);
    if goes_on || found.health != Health::Current { Ok(()) } else { Err(Problem::NotInTrouble) }
}

fn log(log: Log) -> wire::PodLog {
    let (lines, reason) = match log.lines {
        Ok(lines) => (lines, None),
        Err(failure) => (Vec::new(), Some(failure.message())),
    };
    let items = lines.into_iter().map(line).collect();
    wire::PodLog { pod: log.pod, container: log.container, previous: log.previous, items, reason }
}

/// Its moment stands before each line.
fn line(text: String) -> wire::PodLine {
    let parted = text.split_once(' ').and_then(|(at, message)| Some((moment(at)?, message.to_owned())));
    match parted {
        Some((at, message)) => wire::PodLine { at: Some(at), message },
        None => wire::PodLine { at: None, message: text },
    }
}

fn moment(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(text).ok().map(|at| at.to_utc())
}
