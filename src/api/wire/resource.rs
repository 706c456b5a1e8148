//! What is managed in an outside system, and what a union owns of it.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::ids::ResourceId;
use crate::outcome::Done;

/// Which Kubernetes object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Resource {
    /// For example `Deployment`.
    pub kind: String,
    /// `null` for what is in no namespace.
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
}

impl Resource {
    /// As plans print it, for example `Deployment union-acme/vaultwarden`.
    pub fn text(&self) -> String {
        match &self.namespace {
            Some(namespace) => format!("{} {namespace}/{}", self.kind, self.name),
            None => format!("{} {}", self.kind, self.name),
        }
    }
}

impl From<&ResourceId> for Resource {
    fn from(id: &ResourceId) -> Self {
        let (kind, namespace, name) = (id.kind.clone(), id.namespace.clone(), id.name.clone());
        Self { kind, namespace, name }
    }
}

/// A resource that a union owns.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OwnedResource {
    /// Which.
    #[serde(flatten)]
    pub resource: Resource,
    /// For example `apps/v1`.
    pub api_version: String,
    /// When it was entered into the inventory, which is before it is made.
    pub entered_at: DateTime<Utc>,
    /// Whether the API server has confirmed that it was made.
    pub made: bool,
    /// What became of it last; `null` if the last twenty deployments of its union left it alone.
    pub last_change: Option<LastChange>,
    /// Its fields that somebody else changed within the hour, and that were put back.
    pub disputes: Vec<Dispute>,
}

/// What became of a resource last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LastChange {
    /// What, in the past tense.
    pub event: Done,
    /// When.
    pub at: DateTime<Utc>,
    /// In which deployment.
    pub deployment: String,
    /// Why, where that is not plain.
    pub message: Option<String>,
}

/// A field that somebody else changed, and that was put back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Dispute {
    /// Which; `null`: the whole resource.
    pub field: Option<String>,
    /// Who changed it, as far as that is known.
    pub manager: String,
    /// How often.
    pub times: u32,
    /// When last.
    pub last_at: DateTime<Utc>,
}
