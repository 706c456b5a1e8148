//! What happened to a union.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::outcome::{DriftOutcome, MomentKind, Outcome, Reason, UnionState};

/// Something that happened, once or again and again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Moment {
    /// What this tells.
    pub kind: MomentKind,
    /// When it happened last.
    pub at: DateTime<Utc>,
    /// When it happened first.
    pub first_at: DateTime<Utc>,
    /// How often, with nothing else in between.
    pub times: u32,
    /// What happened, in a few words.
    pub title: String,
    /// Why, or to what.
    pub detail: Option<String>,
    /// The state that it came to; of `state` alone.
    pub state: Option<UnionState>,
    /// How it ended; of `deployment` alone, `null` while it goes on.
    pub outcome: Option<Outcome>,
    /// Why it was started; of `deployment` alone.
    pub reason: Option<Reason>,
    /// What became of it; of `drift` alone.
    pub drift: Option<DriftOutcome>,
    /// The revision that it is of.
    pub revision: Option<String>,
    /// The deployment that it is, or happened in; of several the last.
    pub deployment: Option<String>,
}
