//! What stands in unions' namespaces and is not ours: found by watches on metadata, told, and never touched.
//!
//! Whoever may write into a union's namespace can put a pod beside the vault that reads its volume, a policy that lets it
//! out, a binding that lets others in (decisions.md 1.2). Kinds that we render are asked for without our own; the others
//! and bindings are looked at whole, since a label is easily forged, and of all that only what is foreign is kept.

use std::collections::BTreeMap;

use futures::StreamExt;
use kube::Api;
use kube::api::{DynamicObject, ObjectMeta};
use kube::core::PartialObjectMeta;
use kube::runtime::WatchStreamExt;
use kube::runtime::watcher::{self, Event, watcher};

use super::kinds::Kind;
use super::memory::KindName;
use super::watch::{WATCH, WATCHED};
use super::{Cluster, labels};
use crate::desired::is_of_applier;
use crate::ids::{FieldManager, ResourceId};
use crate::names::UnionName;

/// What runs, what lets traffic through, what gives rights.
pub(super) const KINDS: [KindName; 12] = [
    ("v1", "Pod"),
    ("v1", "Service"),
    ("apps/v1", "Deployment"),
    ("apps/v1", "StatefulSet"),
    ("apps/v1", "DaemonSet"),
    ("apps/v1", "ReplicaSet"),
    ("batch/v1", "Job"),
    ("batch/v1", "CronJob"),
    ("networking.k8s.io/v1", "NetworkPolicy"),
    ("networking.k8s.io/v1", "Ingress"),
    ("gateway.networking.k8s.io/v1", "HTTPRoute"),
    BINDING,
];

/// What gives rights, whatever its label says; a union's own are known by their names.
const BINDING: KindName = ("rbac.authorization.k8s.io/v1", "RoleBinding");

impl Cluster {
    /// What stands in a union's namespace and is not ours, with who made it; `None` while that is not known.
    pub fn foreign(&self, union: &UnionName) -> Option<BTreeMap<ResourceId, FieldManager>> {
        self.memory.foreign(union)
    }

    /// Follows what is not ours of one kind.
    pub(super) async fn follow_foreign(&self, kind: KindName) {
        let served = self
            .until_served(kind, || self.memory.watch_foreign(kind), || self.memory.unwatch_foreign(kind))
            .await;
        loop {
            self.take_foreign(kind, &served).await;
        }
    }

    async fn take_foreign(&self, kind: KindName, served: &Kind) {
        let api: Api<PartialObjectMeta<DynamicObject>> = Api::all_with(self.wire.client(), &served.resource);
        let mut config = watcher::Config::default().timeout(WATCH);
        if WATCHED.contains(&kind) && kind != BINDING {
            config = config.labels(&format!("{}!={}", labels::INSTALLATION, self.installation));
        }
        let mut events = std::pin::pin!(watcher(api, config).default_backoff());
        let mut fresh = BTreeMap::new();
        while let Some(event) = events.next().await {
            match event {
                // Tried again by the stream itself, with growing pauses. Until then nothing new is known.
                Err(error) => tracing::debug!(kind = kind.1, error = %error, "watch interrupted"),
                Ok(Event::Init) => fresh.clear(),
                Ok(Event::InitApply(object)) => {
                    if self.is_foreign(kind, &object.metadata) {
                        fresh.insert(id(kind, &object.metadata), maker(&object.metadata));
                    }
                }
                Ok(Event::InitDone) => self.memory.listed_foreign(kind, std::mem::take(&mut fresh)),
                Ok(Event::Apply(object)) if self.is_foreign(kind, &object.metadata) => {
                    self.memory.shown_foreign(id(kind, &object.metadata), maker(&object.metadata));
                }
                Ok(Event::Apply(object) | Event::Delete(object)) => {
                    self.memory.gone_foreign(&id(kind, &object.metadata));
                }
            }
        }
    }

    fn is_foreign(&self, kind: KindName, meta: &ObjectMeta) -> bool {
        let namespace = meta.namespace.as_deref().unwrap_or_default();
        namespace.starts_with("union-")
            && namespace != &*self.namespace
            && !is_of_applier(&id(kind, meta))
            && !is_made_by_a_controller(kind.1, meta)
    }
}

/// Whether a controller of Kubernetes keeps it for another object, which is then judged instead; or cert-manager, for as long
/// as a certificate is issued. A claim to be kept by what does not exist is ended by the garbage collector.
fn is_made_by_a_controller(kind: &str, meta: &ObjectMeta) -> bool {
    let owners = meta.owner_references.iter().flatten();
    owners.filter(|owner| owner.controller == Some(true)).any(|owner| {
        let challenge = owner.kind == "Challenge" && owner.api_version.starts_with("acme.cert-manager.io/");
        challenge
            || match kind {
                "Pod" => ["ReplicaSet", "StatefulSet", "DaemonSet", "Job"].contains(&owner.kind.as_str()),
                "ReplicaSet" => owner.kind == "Deployment",
                "Job" => owner.kind == "CronJob",
                _ => false,
            }
    })
}

/// Who wrote it first, as far as that is still known.
fn maker(meta: &ObjectMeta) -> FieldManager {
    let entries = meta.managed_fields.iter().flatten().filter(|entry| entry.subresource.is_none());
    FieldManager(
        entries
            .min_by_key(|entry| entry.time.clone())
            .and_then(|entry| entry.manager.clone())
            .unwrap_or_default(),
    )
}

fn id((api_version, kind): KindName, meta: &ObjectMeta) -> ResourceId {
    ResourceId {
        kind: kind.into(),
        namespace: meta.namespace.clone(),
        name: meta.name.clone().unwrap_or_default(),
        api_version: api_version.into(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn kept_by(api_version: &str, kind: &str, controller: bool) -> ObjectMeta {
        let owner = json!({"apiVersion": api_version, "kind": kind, "name": "x", "uid": "1", "controller": controller});
        serde_json::from_value(json!({"name": "x", "ownerReferences": [owner]})).expect("metadata")
    }

    #[test]
    fn what_a_controller_makes_is_judged_by_what_it_is_made_for() {
        assert!(is_made_by_a_controller("Pod", &kept_by("apps/v1", "ReplicaSet", true)));
        assert!(is_made_by_a_controller("ReplicaSet", &kept_by("apps/v1", "Deployment", true)));
        assert!(is_made_by_a_controller("Ingress", &kept_by("acme.cert-manager.io/v1", "Challenge", true)));
        assert!(!is_made_by_a_controller("Pod", &ObjectMeta::default()));
        assert!(
            !is_made_by_a_controller("Pod", &kept_by("apps/v1", "ReplicaSet", false)),
            "anybody can say so"
        );
        assert!(!is_made_by_a_controller("Pod", &kept_by("v1", "ConfigMap", true)));
        assert!(!is_made_by_a_controller("NetworkPolicy", &kept_by("apps/v1", "Deployment", true)));
    }
}
