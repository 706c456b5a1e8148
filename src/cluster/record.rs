//! The state object of a union: what outlives the database, so that loss is never taken for a new union.
//!
//! A ConfigMap with one JSON text. One that cannot be read is an error, never an absent one (decisions.md 1.6).

use std::collections::BTreeMap;

use kube::api::GetParams;
use serde_json::{Value, json};

use super::error::{Error, Verb};
use super::{Cluster, ControllerFacts, labels, seen};
use crate::desired::{Controller, DesiredState};
use crate::ids::{ResourceId, Uid};
use crate::plan::UnionRecord;

/// The key in the ConfigMap.
const RECORD: &str = "record.json";

impl Cluster {
    /// Writes what was applied into the union's state object: on the version of `facts`, or create-only.
    ///
    /// # Errors
    /// [`Error::AlreadyExists`] and [`Error::Conflict`] mean: plan again. [`Error::NotFound`]: namespace or volume is
    /// not there, so nothing is provisioned.
    pub async fn record(
        &self,
        desired: &DesiredState,
        controller: &Controller,
        facts: &ControllerFacts,
    ) -> Result<UnionRecord, Error> {
        self.may_write()?;
        let mut namespace = Uid(String::new());
        let mut volumes = BTreeMap::new();
        for manifest in &desired.manifests {
            match manifest.id.kind.as_str() {
                "Namespace" => namespace = self.uid_of(&manifest.id).await?,
                "PersistentVolumeClaim" => {
                    volumes.insert(manifest.id.name.clone(), self.uid_of(&manifest.id).await?);
                }
                _ => {}
            }
        }
        let record = UnionRecord {
            cluster: self.server().await?.cluster,
            namespace,
            volumes,
            input: controller.input,
            template_version: controller.template_version,
        };
        self.memory.unlearn(&desired.union);
        let id = self.record_id(&desired.union);
        let mut object = json!({
            "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {
                "name": id.name, "namespace": id.namespace,
                "labels": labels::ours(&self.installation, Some(&desired.union)),
            },
            "data": { RECORD: json!(record).to_string() },
        });
        let writing = self.memory.writing(&id);
        let answer = match facts.record_version() {
            None => self.create_kept(&desired.union, &id, &object).await?,
            Some(version) => {
                object["metadata"]["resourceVersion"] = json!(version);
                self.replace(&id, &object).await?
            }
        };
        writing.answered(seen::Seen::of(&seen::meta(&answer)));
        Ok(record)
    }

    /// What a state object holds.
    pub(super) fn read_record(id: &ResourceId, object: &Value) -> Result<UnionRecord, Error> {
        let text = object["data"][RECORD].as_str().unwrap_or_default();
        let unreadable = |error| Error::Unreadable { id: id.clone(), what: format!("`{RECORD}`: {error}") };
        serde_json::from_str(text).map_err(unreadable)
    }

    async fn uid_of(&self, id: &ResourceId) -> Result<Uid, Error> {
        if let Some(uid) = self.memory.uid(id) {
            return Ok(uid);
        }
        let kind = self.kinds.of(&self.wire, &id.api_version, &id.kind).await?;
        let request = kind.at(id.namespace.as_deref()).get_metadata(&id.name, &GetParams::default());
        let object = self.wire.call(Verb::Read.on(id), request).await?;
        Ok(seen::Seen::of(&seen::meta(&object)).uid)
    }
}
