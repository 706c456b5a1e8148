//! Deployments, what became of their changes, and their logs.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Resource;
use crate::outcome::{Done, Level, Outcome, Phase, Reason};

/// The record of one rollout of one union.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Deployment {
    /// Its identity.
    pub id: String,
    /// Of which union.
    pub union: String,
    /// Why it was started.
    pub reason: Reason,
    /// What it rolls out.
    pub revision: String,
    /// The desired state that it rolls out.
    pub digest: String,
    /// What was planned.
    pub changes: Changes,
    /// Where it is.
    pub phase: Phase,
    /// What is awaited, while its phase is `waiting`.
    pub awaited: Option<String>,
    /// Until when it is waited for.
    pub deadline: Option<DateTime<Utc>>,
    /// How it ended; `null` until it has.
    pub outcome: Option<Outcome>,
    /// Why it failed.
    pub failure: Option<Failure>,
    /// When it was opened.
    pub opened_at: DateTime<Utc>,
    /// When it was closed.
    pub closed_at: Option<DateTime<Utc>>,
}

/// A plan in numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Changes {
    /// What is made.
    pub create: u32,
    /// What is changed.
    pub update: u32,
    /// What is removed.
    pub delete: u32,
    /// What stays.
    pub keep: u32,
}

/// Why a deployment failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Failure {
    /// In which stage; `null` before the first and while its health was awaited.
    pub stage: Option<String>,
    /// In words for everybody.
    pub message: String,
}

/// What became of one change of a deployment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Event {
    /// When.
    pub at: DateTime<Utc>,
    /// Of which stage.
    pub stage: String,
    /// What was planned: `create`, `update`, `delete` or `keep`.
    pub change: String,
    /// Of which resource.
    pub resource: Resource,
    /// What became of it, in the past tense.
    pub event: Done,
    /// Why, where that is not plain.
    pub message: Option<String>,
}

/// A page of a deployment's log, oldest line first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LogPage {
    /// The lines.
    pub items: Vec<LogLine>,
    /// Which page this is, from 1; `null` where `after` was asked for.
    pub page: Option<u32>,
    /// How many lines a page has.
    pub limit: u32,
    /// How many lines all pages have; `null` where `after` was asked for.
    pub total: Option<u64>,
    /// The number of the page that follows; `null` at the end, and where `after` was asked for.
    pub next: Option<u64>,
    /// What to give as `after` for what follows; `null` at the end.
    pub after: Option<String>,
}

/// One line of a log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LogLine {
    /// Its place, from which `after` goes on.
    pub id: String,
    /// When.
    pub at: DateTime<Utc>,
    /// How much it matters.
    pub level: Level,
    /// Readable alone.
    pub message: String,
    /// Identifiers and numbers.
    pub fields: serde_json::Value,
}

/// The end of a log that is followed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LogEnd {
    /// How the deployment ended; `null` where it is not kept any more.
    pub outcome: Option<Outcome>,
}
