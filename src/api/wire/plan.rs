//! What would be done for a union now. Values of secrets are fingerprints.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::{Guard, Resource};
use crate::plan;

/// What would be done for a union now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Plan {
    /// Of which union.
    pub name: String,
    /// The revision that it leads to.
    pub revision: String,
    /// The desired state that it leads to; `null` where it is refused.
    pub digest: Option<String>,
    /// When cluster and union were looked at.
    pub looked_at: DateTime<Utc>,
    /// In order; what stays is left out. Values of secrets are fingerprints.
    pub changes: Vec<PlannedChange>,
    /// What is not done now.
    pub waits: Option<Waits>,
    /// What the server is deleting: the plan goes on when it is gone.
    pub awaited: Vec<Resource>,
    /// Why nothing may be done.
    pub refused: Option<String>,
    /// What to do about that.
    pub hint: Option<String>,
    /// What of its newest documents waits for an approval.
    pub guards: Vec<Guard>,
    /// What a person should know.
    pub findings: Vec<String>,
}

/// One change of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PlannedChange {
    /// `create`, `update` or `delete`.
    pub change: String,
    /// In which stage.
    pub stage: String,
    /// Of which resource.
    pub resource: Resource,
    /// What differs; empty for what is made or removed as a whole.
    pub fields: Vec<FieldChange>,
    /// Field managers whose fields become ours.
    pub taken_over_from: Vec<String>,
    /// Whether the API server has tried it: what is not there yet cannot be.
    pub dry_run: bool,
    /// The change in a line.
    pub text: String,
}

/// One field that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FieldChange {
    /// Which, for example `.spec.template.spec.containers[0].image`.
    pub path: String,
    /// What is there; absent: nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub from: Option<Value>,
    /// What will be there; absent: nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub to: Option<Value>,
}

impl From<&plan::FieldChange> for FieldChange {
    fn from(change: &plan::FieldChange) -> Self {
        let plan::FieldChange { path, from, to } = change.clone();
        Self { path, from, to }
    }
}

/// What of a plan is not done now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Waits {
    /// The field of the document that says so: `updateWindow` or `suspend`.
    pub cause: String,
    /// When that ends; `null`: by a commit only.
    pub until: Option<DateTime<Utc>>,
    /// The same for people: until when, who says so, and why.
    pub why: String,
    /// What waits.
    pub changes: Vec<PlannedChange>,
}
