//! What carries the installation's label: merged into the inventory at every start, so that an old copy of the
//! database forgets nothing (decisions.md 1.7).
//!
//! Secrets are listed in the daemon's own namespace only: listing those of all unions would take the right to read
//! them. A union's own Secret goes with its namespace.

use kube::api::ListParams;
use serde_json::Value;

use super::error::{Error, Verb};
use super::seen::meta;
use super::watch::WATCHED;
use super::{Cluster, labels};
use crate::desired::is_of_applier;
use crate::ids::{ResourceId, Uid};
use crate::names::UnionName;

/// Objects per page.
const PAGE: u32 = 500;

impl Cluster {
    /// Every object with the installation's label that belongs to a union, sorted.
    ///
    /// # Errors
    /// As any call.
    pub async fn inventory_by_label(&self) -> Result<Vec<(UnionName, ResourceId, Uid)>, Error> {
        let mut found = Vec::new();
        for (api_version, kind) in WATCHED {
            match self.list(api_version, kind, None, &mut found).await {
                Ok(()) | Err(Error::NotServed { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        self.list("v1", "Secret", Some(&self.namespace), &mut found).await?;
        found.sort();
        Ok(found)
    }

    /// Whether anything of a union is left: its namespace, without which nothing in it is, or what is kept for it here.
    ///
    /// # Errors
    /// As any call.
    pub async fn has_any_of(&self, union: &UnionName) -> Result<bool, Error> {
        let namespace = ResourceId {
            kind: "Namespace".to_owned(),
            namespace: None,
            name: union.namespace(),
            api_version: "v1".to_owned(),
        };
        for id in [namespace, self.credentials_id(union), self.record_id(union)] {
            match self.keep(&id).await {
                Ok(None) => {}
                // Somebody else's by now is nothing of the union.
                Err(Error::NotOurs { .. }) => {}
                Ok(Some(_)) => return Ok(true),
                Err(error) => return Err(error),
            }
        }
        Ok(false)
    }

    async fn list(
        &self,
        api_version: &str,
        kind: &str,
        namespace: Option<&str>,
        found: &mut Vec<(UnionName, ResourceId, Uid)>,
    ) -> Result<(), Error> {
        let served = self.kinds.of(&self.wire, api_version, kind).await?;
        let mut params = ListParams::default().labels(&self.selector()).limit(PAGE);
        let id = |namespace: Option<String>, name: &str| ResourceId {
            kind: kind.to_owned(),
            namespace,
            name: name.to_owned(),
            api_version: api_version.to_owned(),
        };
        loop {
            let call = Verb::List.on(&id(namespace.map(str::to_owned), "*"));
            let page = self.wire.call(call, served.at(namespace).list_metadata(&params)).await?;
            for item in page["items"].as_array().into_iter().flatten() {
                let meta = meta(item);
                let label = meta.labels.as_ref().and_then(|labels| labels.get(labels::UNION));
                let Some(Ok(union)) = label.map(|label| label.parse::<UnionName>()) else { continue };
                let name = meta.name.unwrap_or_default();
                let id = id(meta.namespace, &name);
                // A label is easily copied or forged: what stands elsewhere is no part of the union, and a binding of
                // somebody else's is told as foreign, since we could not delete it.
                if self.is_place_of(&union, &id) && (kind != "RoleBinding" || is_of_applier(&id)) {
                    found.push((union, id, Uid(meta.uid.unwrap_or_default())));
                }
            }
            match page.pointer("/metadata/continue").and_then(Value::as_str) {
                Some(next) if !next.is_empty() => params = params.continue_token(next),
                _ => return Ok(()),
            }
        }
    }

    /// Whether an object of a union may have this name, or stand in this namespace.
    fn is_place_of(&self, union: &UnionName, id: &ResourceId) -> bool {
        match id.namespace.as_deref() {
            None => id.kind == "Namespace" && id.name == union.namespace(),
            Some(place) if place == &*self.namespace => {
                *id == self.credentials_id(union) || *id == self.record_id(union)
            }
            Some(place) => place == union.namespace(),
        }
    }

    /// What selects the objects of this installation.
    pub(super) fn selector(&self) -> String {
        format!("{}={}", labels::INSTALLATION, self.installation)
    }
}
