//! What is found by a text, and the page that shows it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What is found, by kind, a few of each.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FoundPage {
    /// All of it.
    pub items: Vec<Found>,
}

/// One thing that is found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Found {
    /// What it is.
    pub kind: FoundKind,
    /// Its name, or the address of somebody.
    pub name: String,
    /// Shown to people: a display name, the society of somebody, the first line of a commit.
    pub title: Option<String>,
    /// Of which union; `null` for a commit.
    pub union: Option<String>,
    /// The state of a union or of a society, the outcome or phase of a deployment; `null` where there is none.
    pub state: Option<String>,
    /// The path of the page that shows it.
    pub url: String,
}

/// What can be found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FoundKind {
    /// A union.
    Union,
    /// A society of one.
    Society,
    /// Somebody in a society.
    Member,
    /// A commit.
    Revision,
    /// A rollout.
    Deployment,
}
