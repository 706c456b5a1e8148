//! What is managed in an outside system.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::ids::ResourceId;

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
