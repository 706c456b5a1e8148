//! Requests to look at something at once.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A request to look at the config repo, and at one union, at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Sync {
    /// By which it is found at `/api/v1/sync/{request}`, for a day.
    pub id: String,
    /// The union that is looked at too; `null`: only what the config repo changes.
    pub union: Option<String>,
    /// Who asked first. Whoever asks for the same before it is looked gets the same request.
    pub asked_by: String,
    /// When.
    pub asked_at: DateTime<Utc>,
    /// When the config repo was looked at since; `null`: it was not yet.
    pub looked_at: Option<DateTime<Utc>>,
    /// Why nothing was found there; `null` where it was followed.
    pub reason: Option<String>,
    /// The revision that counted after that look; `null` before, and where none ever did.
    pub revision: Option<String>,
    /// Whether the config repo was looked at, and somebody has worked on the union since: from then on what is told of the
    /// revision and of the union is the answer.
    pub done: bool,
}
