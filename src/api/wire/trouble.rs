//! What the pods of a union have said, and what the cluster says of them.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Resource;

/// What one container has said last. What looks like a secret is masked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PodLog {
    /// Its pod.
    pub pod: String,
    /// Its name.
    pub container: String,
    /// Whether this is what it said before it was started again.
    pub previous: bool,
    /// Its last lines, the oldest first.
    pub items: Vec<PodLine>,
    /// Why there are none; `null` where they could be read.
    pub reason: Option<String>,
}

/// One line of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PodLine {
    /// When it was written; `null` where that is not known.
    pub at: Option<DateTime<Utc>>,
    /// What was written.
    pub message: String,
}

/// What the cluster says of an object in a union's namespace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClusterEvent {
    /// When it was said last; `null` where that is not known.
    pub at: Option<DateTime<Utc>>,
    /// Of which object.
    pub resource: Resource,
    /// `Normal` or `Warning`.
    pub kind: String,
    /// In one word, such as `FailedScheduling`.
    pub reason: String,
    /// In a sentence.
    pub message: String,
    /// How often.
    pub times: u64,
}
