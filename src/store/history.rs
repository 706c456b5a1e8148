//! Reading the history: deployments, their events, their logs, in pages.
//!
//! Apart from `deployment`, which writes it: readers need no lease and serve people. A page goes on after the last item
//! of the one before, so it costs the same however far back it is; logs also have numbered pages, as asked of them.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::{Error, Failure, PlanCounts, RowError, Shown, row};
use crate::digest::Digest;
use crate::ids::{DeploymentId, ResourceId};
use crate::names::UnionName;
use crate::outcome::{Done, Level, Outcome, Phase, Reason, Step};
use crate::plan::StageName;
use crate::revision::Revision;

/// Which deployments.
#[derive(Debug, Clone, Default)]
pub struct DeploymentQuery {
    /// Of one union, or of all.
    pub union: Option<UnionName>,
    /// Only those that ended so.
    pub outcome: Option<Outcome>,
    /// Only those that were started for this.
    pub reason: Option<Reason>,
    /// Only those that were opened at this moment or later.
    pub since: Option<DateTime<Utc>>,
    /// Only those older than this one.
    pub after: Option<DeploymentId>,
    /// How many at most.
    pub limit: u32,
}

/// One deployment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeploymentRecord {
    /// Which.
    pub id: DeploymentId,
    /// Of which union.
    pub union: UnionName,
    /// Why it was started.
    pub reason: Reason,
    /// What it rolls out.
    pub revision: Revision,
    /// Of the desired state.
    pub desired: Digest,
    /// The plan in numbers.
    pub counts: PlanCounts,
    /// Where it is.
    pub phase: Phase,
    /// What is awaited.
    pub awaited: Option<String>,
    /// Until when it is waited for.
    pub deadline: Option<DateTime<Utc>>,
    /// How it ended.
    pub outcome: Option<Outcome>,
    /// Why it failed.
    pub failure: Option<Failure>,
    /// When it was opened.
    pub opened_at: DateTime<Utc>,
    /// When it was closed.
    pub closed_at: Option<DateTime<Utc>>,
}

/// A part of a deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Part {
    /// A stage of its plan.
    Stage(StageName),
    /// A step inside of the vault.
    Step(Step),
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stage(stage) => stage.fmt(f),
            Self::Step(step) => step.fmt(f),
        }
    }
}

/// What became of one change, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventRecord {
    /// Grows with time; the place to go on after.
    pub number: i64,
    /// When.
    pub at: DateTime<Utc>,
    /// Of which part of it.
    pub stage: Part,
    /// The plan's word: create, update, delete or keep.
    pub change: String,
    /// Of which resource.
    pub resource: ResourceId,
    /// What became of it.
    pub done: Done,
    /// Why, where that is not plain.
    pub message: Option<String>,
}

/// Which log lines.
#[derive(Debug, Clone)]
pub struct LogQuery {
    /// The least level.
    pub level: Level,
    /// Only from this moment on.
    pub since: Option<DateTime<Utc>>,
    /// Which of these.
    pub from: LogFrom,
    /// How many a page has.
    pub limit: u32,
}

/// Where in a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFrom {
    /// The page of this number, from 1.
    Page(u32),
    /// After the line of this number: costs the same wherever that is.
    After(i64),
}

/// One log line, and when it was written.
#[derive(Debug, Clone, PartialEq)]
pub struct LogRecord {
    /// Grows with time.
    pub number: i64,
    /// When.
    pub at: DateTime<Utc>,
    /// How much it matters.
    pub level: Level,
    /// Readable alone.
    pub message: String,
    /// Identifiers and numbers.
    pub fields: serde_json::Value,
}

struct DeploymentRow {
    deployment_id: uuid::Uuid,
    union_name: String,
    reason: String,
    branch: String,
    revision_id: Vec<u8>,
    desired: Vec<u8>,
    creates: i32,
    updates: i32,
    deletes: i32,
    keeps: i32,
    phase: String,
    health_why: Option<String>,
    deadline_at: Option<DateTime<Utc>>,
    outcome: Option<String>,
    failure_stage: Option<String>,
    failure_message: Option<String>,
    failure_detail: Option<String>,
    created_at: DateTime<Utc>,
    closed_at: Option<DateTime<Utc>>,
}

impl TryFrom<DeploymentRow> for DeploymentRecord {
    type Error = RowError;

    fn try_from(row: DeploymentRow) -> Result<Self, RowError> {
        let count = |number: i32| u32::try_from(number).unwrap_or_default();
        let failure = match row.failure_message {
            Some(message) => Some(Failure {
                stage: row.failure_stage.map(row::kebab).transpose()?,
                message,
                detail: row.failure_detail,
            }),
            None => None,
        };
        Ok(Self {
            id: DeploymentId(row.deployment_id),
            union: row::union_name(&row.union_name)?,
            reason: row::word(&row.reason)?,
            revision: Revision { branch: row.branch, commit: row::object_id(&row.revision_id)? },
            desired: row::digest(&row.desired)?,
            counts: PlanCounts {
                creates: count(row.creates),
                updates: count(row.updates),
                deletes: count(row.deletes),
                keeps: count(row.keeps),
            },
            phase: row::word(&row.phase)?,
            awaited: row.health_why,
            deadline: row.deadline_at,
            outcome: row.outcome.as_deref().map(row::word).transpose()?,
            failure,
            opened_at: row.created_at,
            closed_at: row.closed_at,
        })
    }
}

impl Shown {
    /// Deployments, newest first.
    ///
    /// # Errors
    /// The database is away, or a row is a newer program's.
    pub async fn deployments(&self, query: &DeploymentQuery) -> Result<Vec<DeploymentRecord>, Error> {
        let rows = sqlx::query_as!(
            DeploymentRow,
            "select deployment_id, union_name, reason, branch, revision_id, desired,
                creates, updates, deletes, keeps, phase, health_why, deadline_at,
                outcome, failure_stage, failure_message, failure_detail, deployment.created_at, closed_at
            from deployment join revision using (revision_id)
            where ($1::text is null or union_name = $1)
                and ($5::text[] is null or union_name = any($5))
                and ($6::text is null or outcome = $6)
                and ($7::text is null or reason = $7)
                and ($8::timestamptz is null or deployment.created_at >= $8)
                -- The first condition for the index, the second for those that were opened at the same moment.
                and ($2::uuid is null or (
                    deployment.created_at <= coalesce((
                        select created_at from deployment
                        where deployment_id = $2 and ($5::text[] is null or union_name = any($5))
                    ), $4)
                    and (deployment.created_at, deployment_id) < (coalesce((
                        select created_at from deployment
                        where deployment_id = $2 and ($5::text[] is null or union_name = any($5))
                    ), $4), $2)
                ))
            order by deployment.created_at desc, deployment_id desc
            limit $3",
            query.union.as_ref().map(UnionName::as_str),
            query.after.map(|id| id.0),
            i64::from(query.limit),
            query.after.and_then(DeploymentId::made_at),
            self.names(),
            query.outcome.map(Outcome::as_str),
            query.reason.map(Reason::as_str),
            query.since
        )
        .fetch_all(self.pool())
        .await?;
        Ok(rows.into_iter().map(TryInto::try_into).collect::<Result<_, RowError>>()?)
    }

    /// One deployment.
    ///
    /// # Errors
    /// The database is away, or the row is a newer program's.
    pub async fn deployment(&self, id: DeploymentId) -> Result<Option<DeploymentRecord>, Error> {
        let found = sqlx::query_as!(
            DeploymentRow,
            "select deployment_id, union_name, reason, branch, revision_id, desired,
                creates, updates, deletes, keeps, phase, health_why, deadline_at,
                outcome, failure_stage, failure_message, failure_detail, deployment.created_at, closed_at
            from deployment join revision using (revision_id)
            where deployment_id = $1 and ($2::text[] is null or union_name = any($2))",
            id.0,
            self.names()
        )
        .fetch_optional(self.pool())
        .await?;
        Ok(found.map(TryInto::try_into).transpose()?)
    }

    /// The events of a deployment that was found, oldest first, after the one of this number.
    ///
    /// # Errors
    /// The database is away, or a row is a newer program's.
    pub async fn events(
        &self,
        of: &DeploymentRecord,
        after: i64,
        limit: u32,
    ) -> Result<Vec<EventRecord>, Error> {
        let rows = sqlx::query!(
            "select deployment_event_id, created_at, stage, change, resource, done, message
            from deployment_event
            where deployment_id = $1 and deployment_event_id > $2
            order by deployment_event_id
            limit $3",
            of.id.0,
            after,
            i64::from(limit)
        )
        .fetch_all(self.pool())
        .await?;
        let events = rows.into_iter().map(|row| {
            Ok(EventRecord {
                number: row.deployment_event_id,
                at: row.created_at,
                stage: row::kebab(row.stage)?,
                change: row.change,
                resource: serde_json::from_value(row.resource)?,
                done: row::word(&row.done)?,
                message: row.message,
            })
        });
        Ok(events.collect::<Result<_, RowError>>()?)
    }

    /// Lines of the log of a deployment that was found, oldest first, so many of them at most.
    ///
    /// # Errors
    /// The database is away, or a row is a newer program's.
    pub async fn log_lines(
        &self,
        of: &DeploymentRecord,
        query: &LogQuery,
        most: u32,
    ) -> Result<Vec<LogRecord>, Error> {
        let (after, before) = match query.from {
            LogFrom::Page(page) => (0, i64::from(page.saturating_sub(1)) * i64::from(query.limit)),
            LogFrom::After(after) => (after, 0),
        };
        let rows = sqlx::query!(
            "select deployment_log_id, created_at, level, message, fields
            from deployment_log
            where deployment_id = $1 and deployment_log_id > $2
                and level = any($3) and ($4::timestamptz is null or created_at >= $4)
            order by deployment_log_id
            limit $5 offset $6",
            of.id.0,
            after,
            &levels(query.level),
            query.since,
            i64::from(most),
            before
        )
        .fetch_all(self.pool())
        .await?;
        let lines = rows.into_iter().map(|row| {
            Ok(LogRecord {
                number: row.deployment_log_id,
                at: row.created_at,
                level: row::word(&row.level)?,
                message: row.message,
                fields: row.fields,
            })
        });
        Ok(lines.collect::<Result<_, RowError>>()?)
    }

    /// How many lines of it there are on all pages.
    ///
    /// # Errors
    /// The database is away.
    pub async fn log_length(&self, of: &DeploymentRecord, query: &LogQuery) -> Result<u64, Error> {
        let length = sqlx::query_scalar!(
            r#"select count(*) as "length!" from deployment_log
            where deployment_id = $1 and level = any($2) and ($3::timestamptz is null or created_at >= $3)"#,
            of.id.0,
            &levels(query.level),
            query.since
        )
        .fetch_one(self.pool())
        .await?;
        Ok(u64::try_from(length).unwrap_or_default())
    }
}

/// The words of this level and those above.
fn levels(least: Level) -> Vec<String> {
    Level::ALL.iter().filter(|level| **level >= least).map(ToString::to_string).collect()
}
