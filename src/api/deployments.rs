//! Deployments: what was rolled out, change by change, line by line.

use super::place::{List, Places};
use super::query::{Kind, Number, Parameter, Query};
use super::wire;
use super::{View, page, problem::Problem};
use crate::ids::DeploymentId;
use crate::names::UnionName;
use crate::outcome::{Level, Outcome, Phase, Reason};
use crate::store::{DeploymentQuery, DeploymentRecord, EventRecord, Failure, LogFrom, LogQuery, LogRecord};

/// What a list can be asked for.
pub(super) const PARAMETERS: &[Parameter] =
    &[Parameter::UNION, OUTCOME, REASON, SINCE, Parameter::AFTER, Number::LIMIT.parameter()];
/// What the list of one union can be asked for.
pub(super) const UNION_PARAMETERS: &[Parameter] =
    &[OUTCOME, REASON, SINCE, Parameter::AFTER, Number::LIMIT.parameter()];
/// What events can be asked for.
pub(super) const EVENT_PARAMETERS: &[Parameter] = &[Parameter::AFTER, Number::LIMIT.parameter()];
/// What a log can be asked for.
pub(super) const LOG_PARAMETERS: &[Parameter] = &[
    Parameter { name: "level", about: "Only lines of this level and above.", kind: Kind::Word(Level::WORDS) },
    Parameter { name: "since", about: "Only lines from this moment on.", kind: Kind::Moment },
    PAGE.parameter(),
    Parameter {
        name: "after",
        about: "Only what follows on the line of this id: pages that cost the same however far back they are.",
        kind: Kind::Place,
    },
    LINES.parameter(),
];

/// How it ended.
const OUTCOME: Parameter =
    Parameter { name: "outcome", about: "Only those that ended so.", kind: Kind::Word(Outcome::WORDS) };

/// Why it was started.
const REASON: Parameter = Parameter {
    name: "reason",
    about: "Only those that were started for this.",
    kind: Kind::Word(Reason::WORDS),
};

/// When it was opened.
const SINCE: Parameter = Parameter {
    name: "since",
    about: "Only those that were opened at this moment or later.",
    kind: Kind::Moment,
};

/// How many lines of a log a page has.
const LINES: Number = Number { about: "How many lines a page has.", most: 1_000, ..Number::LIMIT };

/// Which page of a log. There is a last one: finding a page costs as much as all before it.
const PAGE: Number = Number { name: "page", about: "Which page.", default: 1, most: 10_000 };

/// Deployments, newest first.
pub(super) async fn list(view: View, (): (), query: Query) -> Result<wire::Page<wire::Deployment>, Problem> {
    read(&view, query.value("union")?, &query).await
}

/// The deployments of one union, newest first; they outlive it.
pub(super) async fn of_union(
    view: View,
    union: UnionName,
    query: Query,
) -> Result<wire::Page<wire::Deployment>, Problem> {
    let found = read(&view, Some(union.clone()), &query).await?;
    if found.items.is_empty() && view.store.union(&union).await?.is_none() {
        return Err(Problem::no_union(&union));
    }
    Ok(found)
}

async fn read(
    view: &View,
    union: Option<UnionName>,
    query: &Query,
) -> Result<wire::Page<wire::Deployment>, Problem> {
    let limit = query.number(Number::LIMIT)?;
    // One more than asked tells whether others follow.
    let wanted = DeploymentQuery {
        union,
        outcome: query.value("outcome")?,
        reason: query.value("reason")?,
        since: query.moment("since")?,
        after: query.place("after", "the id of a deployment")?,
        limit: limit + 1,
    };
    let deployments = view.store.deployments(&wanted).await?;
    Ok(page(deployments, limit, |deployment| deployment.id.to_string(), deployment))
}

/// One deployment.
pub(super) async fn one(view: View, id: DeploymentId, _: Query) -> Result<wire::Deployment, Problem> {
    found(id, &view).await.map(deployment)
}

/// What became of its changes, oldest first.
pub(super) async fn events(
    view: View,
    id: DeploymentId,
    query: Query,
) -> Result<wire::Page<wire::Event>, Problem> {
    let limit = query.number(Number::LIMIT)?;
    let after = view.places.after(List::Events, &query)?.unwrap_or_default();
    let of = found(id, &view).await?;
    let events = view.store.events(&of, after, limit + 1).await?;
    Ok(page(events, limit, |event| view.places.show(List::Events, event.number), event))
}

/// A page of its log, oldest line first: by number, or what follows on a line.
pub(super) async fn logs(view: View, id: DeploymentId, query: Query) -> Result<wire::LogPage, Problem> {
    let (level, since) = (query.value("level")?.unwrap_or(Level::Debug), query.moment("since")?);
    let (page, limit) = (query.number(PAGE)?, query.number(LINES)?);
    let after = view.places.after(List::Lines, &query)?;
    if after.is_some() && query.has(PAGE.name) {
        let why = "it and `page` are two ways to ask for a part of a log; one of them is enough".to_owned();
        return Err(Problem::InvalidParameter { name: "after", why });
    }
    let from = after.map_or(LogFrom::Page(page), LogFrom::After);
    let of = found(id, &view).await?;
    // One more than asked tells whether others follow.
    let wanted = LogQuery { level, since, from, limit };
    let mut lines = view.store.log_lines(&of, &wanted, limit + 1).await?;
    let more = lines.len() > limit as usize;
    lines.truncate(limit as usize);
    let by_number = after.is_none();
    let total = if by_number { Some(view.store.log_length(&of, &wanted).await?) } else { None };
    let last = lines.last().filter(|_| more).map(|last| view.places.show(List::Lines, last.number));
    Ok(wire::LogPage {
        items: lines.into_iter().map(|record| line(record, &view.places)).collect(),
        page: by_number.then_some(page),
        limit,
        total,
        next: (by_number && more).then(|| u64::from(page) + 1),
        after: last,
    })
}

pub(super) async fn found(id: DeploymentId, view: &View) -> Result<DeploymentRecord, Problem> {
    let found = view.store.deployment(id).await?;
    found.ok_or_else(|| Problem::NotFound { what: format!("deployment {id}") })
}

fn deployment(record: DeploymentRecord) -> wire::Deployment {
    wire::Deployment {
        id: record.id.to_string(),
        union: record.union.to_string(),
        reason: record.reason,
        revision: record.revision.to_string(),
        digest: record.desired.to_string(),
        changes: wire::Changes {
            create: record.counts.creates,
            update: record.counts.updates,
            delete: record.counts.deletes,
            keep: record.counts.keeps,
        },
        phase: record.phase,
        awaited: record.awaited.filter(|_| record.phase == Phase::Waiting),
        deadline: record.deadline.filter(|_| record.phase == Phase::Waiting),
        outcome: record.outcome,
        failure: record.failure.map(failure),
        opened_at: record.opened_at,
        closed_at: record.closed_at,
    }
}

/// What is for everybody; the chain of causes is the operator's, who finds it in the log.
fn failure(failure: Failure) -> wire::Failure {
    let Failure { stage, message, detail: _ } = failure;
    wire::Failure { stage: stage.map(|stage| stage.to_string()), message }
}

fn event(record: EventRecord) -> wire::Event {
    wire::Event {
        at: record.at,
        stage: record.stage.to_string(),
        change: record.change,
        resource: (&record.resource).into(),
        event: record.done,
        message: record.message,
    }
}

pub(super) fn line(record: LogRecord, places: &Places) -> wire::LogLine {
    let LogRecord { number, at, level, message, fields } = record;
    wire::LogLine { id: places.show(List::Lines, number), at, level, message, fields }
}
