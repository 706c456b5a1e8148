//! What the pods of a union have said, and what the cluster says of its objects: for people who look why a server does not run.
//!
//! Apart from `pods`, which tells the one reason that counts: this is the material. Invariant: it is read as the applier of the
//! union's namespace, so that no right to logs or events holds anywhere else; little of it, the newest, and each call in time.

use std::cmp::Reverse;

use chrono::{DateTime, Utc};
use futures::future::join_all;
use kube::api::{ListParams, LogParams};
use serde_json::Value;

use super::Cluster;
use super::actor::Actor;
use super::error::{Error, Verb};
use crate::ids::ResourceId;
use crate::names::UnionName;

/// More pods, containers of each, and events are not asked for.
const PODS: usize = 4;
const CONTAINERS: usize = 4;
const EVENTS: usize = 100;

/// So many objects of a list are looked through for the newest ones.
const LISTED: u32 = 500;

/// The last lines of each log, and the most bytes.
const LINES: i64 = 200;
const BYTES: i64 = 64 * 1024;

/// What one container has said last.
#[derive(Debug)]
pub struct Said {
    /// Its pod.
    pub pod: String,
    /// Its name.
    pub container: String,
    /// Whether it is the run before the one that goes on.
    pub previous: bool,
    /// Its last lines, each behind its moment; or why there are none.
    pub text: Result<String, Error>,
}

/// What the cluster says of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// When it was said last.
    pub at: Option<DateTime<Utc>>,
    /// Of which object.
    pub id: ResourceId,
    /// `Normal` or `Warning`.
    pub kind: String,
    /// In one word.
    pub reason: String,
    /// In a sentence.
    pub message: String,
    /// How often.
    pub times: u64,
}

impl Cluster {
    /// The last lines of the newest pods of a union, those of containers that were started again from before that too.
    ///
    /// # Errors
    /// The pods cannot be listed. That a log cannot be read is told in its place.
    pub async fn said(&self, union: &UnionName) -> Result<Vec<Said>, Error> {
        let namespace = union.namespace();
        let list = self.newest_of(Actor::Daemon, &namespace, "Pod").await?;
        let pods = list.iter().take(PODS);
        let wanted = pods.flat_map(|pod| {
            let name = pod.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default();
            runs(pod).into_iter().map(|(container, previous)| (name.to_owned(), container, previous))
        });
        Ok(join_all(wanted.map(|(pod, container, previous)| async move {
            let text = self.log(union, &pod, &container, previous).await;
            Said { pod, container, previous, text }
        }))
        .await)
    }

    /// What the cluster says of the objects in a union's namespace, the newest first.
    ///
    /// # Errors
    /// They cannot be listed.
    pub async fn told(&self, union: &UnionName) -> Result<Vec<Told>, Error> {
        let list = self.newest_of(Actor::Applier(union), &union.namespace(), "Event").await?;
        Ok(list.iter().take(EVENTS).map(told).collect())
    }

    async fn log(
        &self,
        union: &UnionName,
        pod: &str,
        container: &str,
        previous: bool,
    ) -> Result<String, Error> {
        let id = in_namespace("Pod", &union.namespace(), pod);
        let params = LogParams {
            container: Some(container.to_owned()),
            previous,
            tail_lines: Some(LINES),
            limit_bytes: Some(BYTES),
            timestamps: true,
            ..LogParams::default()
        };
        let kind = self.kinds.of(&self.wire, &id.api_version, &id.kind).await?;
        let request = kind.at(id.namespace.as_deref()).logs(pod, &params);
        self.wire.text_as(Actor::Applier(union), Verb::Read.on(&id), request).await
    }

    /// Objects of a kind, the one that something was said or made of last first.
    async fn newest_of(&self, actor: Actor<'_>, namespace: &str, kind: &str) -> Result<Vec<Value>, Error> {
        let id = in_namespace(kind, namespace, "*");
        let kind = self.kinds.of(&self.wire, &id.api_version, &id.kind).await?;
        let request = kind.at(Some(namespace)).list(&ListParams::default().limit(LISTED));
        let mut list = self.wire.call_as(actor, Verb::List.on(&id), request).await?;
        let mut items = match list["items"].take() {
            Value::Array(items) => items,
            _ => Vec::new(),
        };
        items.sort_by_cached_key(|item| Reverse(moment(item)));
        Ok(items)
    }
}

fn in_namespace(kind: &str, namespace: &str, name: &str) -> ResourceId {
    ResourceId {
        kind: kind.to_owned(),
        namespace: Some(namespace.to_owned()),
        name: name.to_owned(),
        api_version: "v1".to_owned(),
    }
}

/// The containers of a pod that have run or run now, and of those that were started again the run before.
fn runs(pod: &Value) -> Vec<(String, bool)> {
    let statuses = ["/status/initContainerStatuses", "/status/containerStatuses"];
    let statuses = statuses.iter().filter_map(|path| pod.pointer(path)?.as_array()).flatten();
    let mut runs = Vec::new();
    for status in statuses.take(CONTAINERS) {
        let Some(name) = status["name"].as_str() else { continue };
        // One that waits for its image has no log, and the events say why.
        if status.pointer("/state/waiting").is_none() {
            runs.push((name.to_owned(), false));
        }
        if status.pointer("/lastState/terminated").is_some() {
            runs.push((name.to_owned(), true));
        }
    }
    runs
}

/// When something was said of an object last, or it was made.
fn moment(object: &Value) -> Option<DateTime<Utc>> {
    let places = ["/series/lastObservedTime", "/lastTimestamp", "/eventTime", "/metadata/creationTimestamp"];
    let texts = places.iter().filter_map(|place| object.pointer(place)?.as_str());
    texts.filter_map(|text| DateTime::parse_from_rfc3339(text).ok()).map(|at| at.to_utc()).next()
}

fn told(event: &Value) -> Told {
    let text = |place: &str| event.pointer(place).and_then(Value::as_str).unwrap_or_default().to_owned();
    let times = event.pointer("/series/count").or_else(|| event.get("count")).and_then(Value::as_u64);
    Told {
        at: moment(event),
        id: ResourceId {
            kind: text("/involvedObject/kind"),
            namespace: event.pointer("/involvedObject/namespace").and_then(Value::as_str).map(str::to_owned),
            name: text("/involvedObject/name"),
            api_version: text("/involvedObject/apiVersion"),
        },
        kind: text("/type"),
        reason: text("/reason"),
        message: text("/message"),
        times: times.unwrap_or(1),
    }
}
