//! What somebody else made of what a union owns. Values of secrets are fingerprints.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::Resource;
use crate::outcome::{Alteration, DriftOutcome};

/// A field that somebody else changed, or an object that they deleted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Drift {
    /// What was done.
    pub kind: Alteration,
    /// To which object.
    pub resource: Resource,
    /// To which of its fields; `null`: to the object itself.
    pub field: Option<String>,
    /// What we say; `null`: nothing. Of a very long one the beginning, as a text.
    pub ours: Option<Value>,
    /// What they made of it; `null`: nothing.
    pub theirs: Option<Value>,
    /// The field manager whose it was; `null`: nobody knows.
    pub manager: Option<String>,
    /// What became of it.
    pub outcome: DriftOutcome,
    /// How often it was put back, with no more than an hour between two times.
    pub times: u32,
    /// When it was seen first.
    pub first_at: DateTime<Utc>,
    /// When it was put back last; of what is kept, when it changed last or was over.
    pub last_at: DateTime<Utc>,
    /// Whether it is still so: it is kept, and nobody undid it.
    pub stands: bool,
    /// The deployment that put it back last.
    pub deployment: Option<String>,
}
