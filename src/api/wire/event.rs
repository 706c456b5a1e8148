//! What the stream of events tells: that something moved, not what it is now.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What an event of the stream is about; its kind says what happened, its id is its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Happening {
    /// Which union.
    pub union: String,
    /// Which of its deployments, if one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub deployment: Option<String>,
}
