//! Why a request was not answered as asked.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Why a request was not answered as asked (RFC 9457, `application/problem+json`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Problem {
    /// `urn:keyforge:problem:<code>`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Which problem, the same for each of its kind.
    pub title: String,
    /// The status of the answer.
    pub status: u16,
    /// The last part of `type`.
    pub code: String,
    /// What is wrong with this request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub detail: Option<String>,
    /// The request, as the daemon's log names it.
    pub request_id: String,
}
