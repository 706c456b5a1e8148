//! What probes are told: what is needed, and whether it answers.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Diagnostic;

/// What a probe is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Readiness {
    /// Whether work is done, and with everything that it needs.
    pub status: ReadinessStatus,
    /// The version of this program.
    pub version: String,
    /// By name, everything that it needs.
    pub dependencies: BTreeMap<String, Dependency>,
    /// How the config repo was found; `null` before the first look, and while the database does not tell.
    pub source: Option<Source>,
    /// What was found in `keyforge.yaml` and in the config repo as a whole, the first of it.
    pub diagnostics: Vec<Diagnostic>,
}

/// How ready the daemon is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ReadinessStatus {
    /// Everything answers.
    Ready,
    /// Something does not; the rest goes on.
    Degraded,
    /// Start-up is not complete.
    Starting,
    /// Asked to end; what was begun is being recorded.
    Stopping,
}

/// Something that the daemon needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Dependency {
    /// Whether it answers.
    pub status: DependencyStatus,
    /// Since when it does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub since: Option<DateTime<Utc>>,
    /// What is seen of that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub reason: Option<String>,
}

/// Whether something answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DependencyStatus {
    /// It does.
    Up,
    /// It does not.
    Down,
}

/// The config repo at the last look.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Source {
    /// The followed branch.
    pub branch: String,
    /// How it was found.
    pub state: SourceState,
    /// Since when that is so.
    pub since: DateTime<Utc>,
    /// When it was looked at last.
    pub looked_at: DateTime<Utc>,
    /// In words, where there is more to say than that it is followed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub reason: Option<String>,
    /// What goes on meanwhile: the revision that was accepted last.
    pub revision: Option<String>,
}

/// How the followed branch was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SourceState {
    /// It goes on from what was known.
    Followed,
    /// The config repo is there, the branch is not.
    Missing,
    /// It was force-pushed, and its new head is followed.
    Rewritten,
    /// The config repo cannot be read.
    Unreachable,
}
