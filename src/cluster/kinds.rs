//! Which kinds the server knows, and where they are.
//!
//! Discovery is asked once and again when a kind is unknown: somebody may just have installed it.

use std::collections::HashMap;
use std::time::Duration;

use kube::core::Request;
use kube::discovery::{ApiResource, Discovery, Scope};
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::error::{Error, Verb};
use super::wire::{CALL_TIMEOUT, Wire};
use crate::ids::ResourceId;

/// Not asked more often than this: thousands of unions may name the same kind that is not there.
const ASK_AGAIN: Duration = Duration::from_secs(30);

/// A kind as this server serves it.
#[derive(Debug, Clone)]
pub(super) struct Kind {
    pub(super) resource: ApiResource,
    pub(super) namespaced: bool,
}

impl Kind {
    /// The requests for the place where an object of this kind lives.
    pub(super) fn at(&self, namespace: Option<&str>) -> Request {
        let namespace = namespace.filter(|_| self.namespaced);
        Request::new(<kube::api::DynamicObject as kube::Resource>::url_path(&self.resource, namespace))
    }
}

/// What discovery told.
#[derive(Default)]
pub(super) struct Kinds {
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    asked: Option<Instant>,
    kinds: HashMap<(String, String), Kind>,
}

impl Kinds {
    /// The kind of this resource.
    pub(super) async fn of(&self, wire: &Wire, api_version: &str, kind: &str) -> Result<Kind, Error> {
        let key = (api_version.to_owned(), kind.to_owned());
        // Held over the call on purpose: one asks, the others wait for the answer.
        let mut known = self.known.lock().await;
        if let Some(kind) = known.kinds.get(&key) {
            return Ok(kind.clone());
        }
        if known.asked.is_none_or(|at| at.elapsed() >= ASK_AGAIN) {
            known.kinds = ask(wire).await?;
            known.asked = Some(Instant::now());
        }
        let (api_version, kind) = key.clone();
        known.kinds.get(&key).cloned().ok_or(Error::NotServed { api_version, kind })
    }

    /// The kind that has this plural in this group, if the server serves one.
    pub(super) async fn by_plural(
        &self,
        wire: &Wire,
        plural: &str,
        group: &str,
    ) -> Result<Option<Kind>, Error> {
        let is_it = |kind: &&Kind| kind.resource.plural == plural && kind.resource.group == group;
        let mut known = self.known.lock().await;
        if known.asked.is_none() {
            known.kinds = ask(wire).await?;
            known.asked = Some(Instant::now());
        }
        Ok(known.kinds.values().find(is_it).cloned())
    }
}

async fn ask(wire: &Wire) -> Result<HashMap<(String, String), Kind>, Error> {
    let call = || Verb::Read.on(&server("/apis"));
    let asked = tokio::time::timeout(CALL_TIMEOUT, Discovery::new(wire.client()).run_aggregated()).await;
    let discovery = asked
        .map_err(|_| Error::Timeout { call: call(), after: CALL_TIMEOUT })?
        .map_err(|error| Error::of_client(call(), error))?;
    let mut kinds = HashMap::new();
    for group in discovery.groups() {
        for version in group.versions() {
            for (resource, capabilities) in group.versioned_resources(version) {
                let namespaced = capabilities.scope == Scope::Namespaced;
                let key = (resource.api_version.clone(), resource.kind.clone());
                kinds.insert(key, Kind { resource, namespaced });
            }
        }
    }
    Ok(kinds)
}

/// A fact about the server itself, in the words of a resource.
pub(super) fn server(path: &str) -> ResourceId {
    let (kind, api_version) = ("APIServer".to_owned(), String::new());
    ResourceId { kind, namespace: None, name: path.to_owned(), api_version }
}
