//! The two roles that every union's bindings name: what its applier may do, and that the daemon may act as it.
//!
//! Of the cluster, not of a union: what may be done is the operator's to say. Where `deploy/kubernetes` was applied they are
//! there, and the daemon may not write them. Who runs it by an administrator's kubeconfig has them made once, from the
//! very file that is shipped. Invariant: what is there is never changed.

use kube::api::GetParams;
use serde::Deserialize;
use serde_json::Value;

use super::Cluster;
use super::error::{Error, Verb};
use crate::ids::ResourceId;

/// The roles, as they are shipped.
const ROLES: &str = include_str!("../../deploy/kubernetes/base/unions.yaml");

impl Cluster {
    /// Makes the roles of unions' appliers if they are not there.
    ///
    /// # Errors
    /// [`Error::Forbidden`] where they are not there and the daemon may not make them.
    pub async fn ensure_roles(&self) -> Result<(), Error> {
        for document in serde_yaml::Deserializer::from_str(ROLES) {
            let role =
                Value::deserialize(document).expect("a file of ours is YAML: each start of a test reads it");
            if role.is_null() {
                continue;
            }
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let id = ResourceId {
                kind: text(&role["kind"]),
                namespace: None,
                name: text(&role["metadata"]["name"]),
                api_version: text(&role["apiVersion"]),
            };
            let kind = self.kinds.of(&self.wire, &id.api_version, &id.kind).await?;
            let request = kind.at(None).get_metadata(&id.name, &GetParams::default());
            if self.wire.find(Verb::Read.on(&id), request).await?.is_some() {
                continue;
            }
            match self.create(&id, &role).await {
                Ok(_) | Err(Error::AlreadyExists { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}
