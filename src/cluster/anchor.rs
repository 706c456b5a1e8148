//! The anchor of the audit: its newest checkpoint, kept where who can write to the database cannot.
//!
//! A ConfigMap of the daemon's own namespace with one JSON text. What it is worth is not judged here: who has the key does. One
//! that cannot be read is an error, never an absent one.

use serde_json::{Value, json};

use super::error::Error;
use super::{Cluster, labels};
use crate::chain::Checkpoint;
use crate::ids::ResourceId;

/// The key in the ConfigMap.
const CHECKPOINT: &str = "checkpoint.json";

/// An anchor as it was found.
pub struct Anchor {
    /// What it says.
    pub checkpoint: Checkpoint,
    version: Value,
}

impl Cluster {
    /// The anchor, if there is one.
    ///
    /// # Errors
    /// Also one that cannot be read, or is not ours.
    pub async fn anchor(&self) -> Result<Option<Anchor>, Error> {
        let id = self.anchor_id();
        let Some(object) = self.keep(&id).await? else { return Ok(None) };
        let text = object["data"][CHECKPOINT].as_str().unwrap_or_default();
        let checkpoint = serde_json::from_str(text)
            .map_err(|error| Error::Unreadable { id, what: format!("`{CHECKPOINT}`: {error}") })?;
        Ok(Some(Anchor { checkpoint, version: object["metadata"]["resourceVersion"].clone() }))
    }

    /// Makes this checkpoint the anchor, in the place of the one that was found.
    ///
    /// # Errors
    /// Somebody wrote another one meanwhile: [`Error::AlreadyExists`] or [`Error::Conflict`]. Others as any call.
    pub async fn anchor_at(&self, found: Option<&Anchor>, checkpoint: &Checkpoint) -> Result<(), Error> {
        self.may_write()?;
        let id = self.anchor_id();
        let mut object = json!({
            "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {
                "name": id.name, "namespace": id.namespace, "labels": labels::ours(&self.installation, None),
            },
            "data": { CHECKPOINT: json!(checkpoint).to_string() },
        });
        match found {
            None => self.create(&id, &object).await?,
            Some(found) => {
                object["metadata"]["resourceVersion"] = found.version.clone();
                self.replace(&id, &object).await?
            }
        };
        Ok(())
    }

    /// Where the anchor is.
    pub fn anchor_id(&self) -> ResourceId {
        self.own("v1", "ConfigMap", format!("keyforge-audit-{}", self.installation))
    }
}
