//! Revisions, and what became of each.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::outcome::{Outcome, UnionState};

/// A commit of the followed branch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Revision {
    /// Its 40 hexadecimal digits.
    pub commit: String,
    /// The same as it is printed elsewhere, with its branch.
    pub revision: String,
    /// The first line of its message; `null` for who does not see all unions that it touched.
    pub subject: Option<String>,
    /// Who wrote it; `null` for the same.
    pub author: Option<String>,
    /// When, by the committer's clock.
    pub committed_at: DateTime<Utc>,
    /// When it was fetched first.
    pub fetched_at: DateTime<Utc>,
}

/// A revision, looked at alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RevisionDetail {
    /// As in lists.
    #[serde(flatten)]
    pub revision: Revision,
    /// Whether it is the revision that was accepted last.
    pub head: bool,
    /// The unions whose accepted documents it brought, by their state now.
    pub counts_by_state: BTreeMap<UnionState, u64>,
    /// How many of these have applied them in full.
    pub applied: u64,
    /// Its deployments that are over, by outcome.
    pub deployments: BTreeMap<Outcome, u64>,
    /// How many of its deployments go on.
    pub open: u64,
    /// When the first of its deployments was opened.
    pub opened_at: Option<DateTime<Utc>>,
    /// When the last of them that is over was closed.
    pub closed_at: Option<DateTime<Utc>>,
}
