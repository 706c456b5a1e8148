//! The fields of documents as they are in force, and who set each.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The fields of a union's documents that are in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Fields {
    /// Of which union.
    pub union: String,
    /// Of which of its societies; `null` for the union itself.
    pub society: Option<String>,
    /// The revision that is applied, or accepted where none is applied yet.
    pub revision: String,
    /// What a file sets, in its order. What no file sets has the default that the schema names.
    pub items: Vec<Field>,
}

/// One field, and who set it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Field {
    /// Which, for example `spec.members[1].role`.
    pub path: String,
    /// Its value in a line; a word instead of what is sealed or could be secret.
    pub value: String,
    /// The file that sets it: the document's, or `keyforge.yaml`.
    pub file: String,
    /// Its line there.
    pub line: u32,
    /// The commit that wrote that line.
    pub commit: Option<String>,
    /// Who wrote it.
    pub author: Option<String>,
    /// The first line of its message; `null` for who does not see all unions.
    pub subject: Option<String>,
    /// When it was written.
    pub written_at: Option<DateTime<Utc>>,
    /// The deployment that applied the commit first; `null` if none has, or if that is too long ago.
    pub deployment: Option<String>,
    /// When that was closed.
    pub applied_at: Option<DateTime<Utc>>,
}
