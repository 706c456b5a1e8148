//! The state object of a union: what outlives the database, so that loss is never taken for a new union.
//!
//! A ConfigMap with one JSON text. One that cannot be read is an error, never an absent one (decisions.md 1.6).

use std::collections::{BTreeMap, BTreeSet};

use kube::api::{GetParams, ListParams};
use serde_json::{Value, json};

use super::error::{Error, Verb};
use super::{Cluster, ControllerFacts, labels, seen};
use crate::desired::{Controller, DesiredState, Ending};
use crate::ids::{MembershipId, ResourceId, Uid};
use crate::names::UnionName;
use crate::plan::UnionRecord;

/// The key in the ConfigMap.
const RECORD: &str = "record.json";

/// State objects per page.
const PAGE: u32 = 500;

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
        let former = facts.record.as_ref();
        let record = UnionRecord {
            cluster: self.server().await?.cluster,
            namespace,
            volumes,
            input: controller.input,
            template_version: controller.template_version,
            ending: None,
            made: former.map(|record| record.made.clone()).unwrap_or_default(),
            newer: former.map(|record| record.newer.clone()).unwrap_or_default(),
        };
        self.write_record(&desired.union, &record, facts).await?;
        Ok(record)
    }

    /// Writes into the union's state object how the union ends: on the version of `facts`. Where there is none, there
    /// is nothing that could be taken for provisioned.
    ///
    /// # Errors
    /// [`Error::Conflict`] means: plan again.
    pub async fn end(
        &self,
        union: &UnionName,
        ending: &Ending,
        facts: &ControllerFacts,
    ) -> Result<(), Error> {
        let Some(record) = &facts.record else { return Ok(()) };
        let record = UnionRecord { ending: Some(ending.clone()), ..record.clone() };
        self.write_record(union, &record, facts).await
    }

    /// Writes into the union's state object which memberships in its vault are ours.
    ///
    /// # Errors
    /// [`Error::Conflict`] means: look again.
    pub async fn remember_memberships(
        &self,
        union: &UnionName,
        made: BTreeSet<MembershipId>,
    ) -> Result<(), Error> {
        let facts = self.look_at_controller(union).await?;
        let Some(record) = &facts.record else { return Ok(()) };
        let record = UnionRecord { made, ..record.clone() };
        self.write_record(union, &record, &facts).await
    }

    /// What the state objects of all unions tell that were removed, by union.
    ///
    /// # Errors
    /// Also a state object that cannot be read.
    pub async fn endings(&self) -> Result<BTreeMap<UnionName, UnionRecord>, Error> {
        let list = self.own("v1", "ConfigMap", "*".to_owned());
        let kind = self.kinds.of(&self.wire, &list.api_version, &list.kind).await?;
        let mut params = ListParams::default().labels(&self.selector()).limit(PAGE);
        let mut found = BTreeMap::new();
        loop {
            let request = kind.at(list.namespace.as_deref()).list(&params);
            let page = self.wire.call(Verb::List.on(&list), request).await?;
            for object in page["items"].as_array().into_iter().flatten() {
                let label = object["metadata"]["labels"][labels::UNION].as_str();
                let Some(Ok(union)) = label.map(str::parse::<UnionName>) else { continue };
                let record = Self::read_record(&self.record_id(&union), object)?;
                if record.ending.is_some() {
                    found.insert(union, record);
                }
            }
            match page.pointer("/metadata/continue").and_then(Value::as_str) {
                Some(next) if !next.is_empty() => params = params.continue_token(next),
                _ => return Ok(found),
            }
        }
    }

    async fn write_record(
        &self,
        union: &UnionName,
        record: &UnionRecord,
        facts: &ControllerFacts,
    ) -> Result<(), Error> {
        self.may_write()?;
        self.memory.unlearn(union);
        let id = self.record_id(union);
        let mut object = json!({
            "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {
                "name": id.name, "namespace": id.namespace,
                "labels": labels::ours(&self.installation, Some(union)),
            },
            "data": { RECORD: json!(record).to_string() },
        });
        let writing = self.memory.writing(&id);
        let answer = match facts.record_version() {
            None => self.create_kept(union, &id, &object).await?,
            Some(version) => {
                object["metadata"]["resourceVersion"] = json!(version);
                self.replace(&id, &object).await?
            }
        };
        writing.answered(seen::Seen::of(&seen::meta(&answer)));
        Ok(())
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
