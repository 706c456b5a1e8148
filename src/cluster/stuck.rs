//! Why a deletion does not end: which object is kept, and by which finalizer.
//!
//! A namespace tells kinds and finalizers but no names, so what it says remains is looked for. Asked only about what is
//! being deleted. Invariant: nothing is changed here; a finalizer stands for work that somebody else has to do first.

use chrono::{DateTime, Utc};
use kube::api::ListParams;
use serde_json::Value;

use super::Cluster;
use super::error::{Error, Verb};
use super::seen::meta;
use crate::ids::ResourceId;
use crate::plan::{Live, Observed};

/// So many objects of a kind are looked at, and so many finalizers told.
const MOST: usize = 20;

/// What the server itself does after it deleted the dependents.
const OF_THE_SERVER: [&str; 2] = ["foregroundDeletion", "orphan"];

/// What keeps an object that is being deleted.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stuck {
    /// Which.
    pub id: ResourceId,
    /// Since when it is being deleted.
    pub since: Option<DateTime<Utc>>,
    /// Why.
    pub why: WhyStuck,
}

/// Why an object does not go.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum WhyStuck {
    /// Somebody has to do something first.
    Finalizer {
        /// Its name.
        name: String,
        /// Its place in the object's list.
        at: usize,
    },
    /// The server cannot tell what is in the namespace, for example since the API of an extension is down.
    Server {
        /// Its words.
        message: String,
    },
}

impl Cluster {
    /// What keeps what is being deleted, sorted; nothing for what only takes its time.
    ///
    /// # Errors
    /// As any call. What may not be listed is left out.
    pub async fn stuck(&self, observed: &Observed) -> Result<Vec<Stuck>, Error> {
        let mut found = Vec::new();
        for (id, live) in &observed.resources {
            let Live::Present(present) = live else { continue };
            if !present.terminating {
                continue;
            }
            let own = finalizers(id, &present.live);
            match (id.kind.as_str(), &id.namespace) {
                ("Namespace", _) => self.remains(id, &present.live, &mut found).await?,
                // What it waits for are its pods.
                ("Deployment" | "StatefulSet", Some(namespace)) if own.is_empty() => {
                    self.list_stuck(namespace, "pods", "", &mut found).await?;
                }
                _ => {}
            }
            found.extend(own);
        }
        found.sort();
        found.dedup();
        Ok(found)
    }

    /// What a namespace says remains in it.
    async fn remains(&self, id: &ResourceId, live: &Value, found: &mut Vec<Stuck>) -> Result<(), Error> {
        let conditions = live.pointer("/status/conditions").and_then(Value::as_array);
        for condition in conditions.into_iter().flatten().filter(|found| found["status"] == "True") {
            let message = condition["message"].as_str().unwrap_or_default();
            match condition["type"].as_str().unwrap_or_default() {
                "NamespaceContentRemaining" => {
                    for (plural, group) in remaining(message) {
                        self.list_stuck(&id.name, plural, group, found).await?;
                    }
                }
                "NamespaceDeletionDiscoveryFailure"
                | "NamespaceDeletionGroupVersionParsingFailure"
                | "NamespaceDeletionContentFailure" => {
                    let why = WhyStuck::Server { message: super::error::one_line(message) };
                    found.push(Stuck { id: id.clone(), since: since(live), why });
                }
                _ => {}
            }
        }
        Ok(())
    }

    async fn list_stuck(
        &self,
        namespace: &str,
        plural: &str,
        group: &str,
        found: &mut Vec<Stuck>,
    ) -> Result<(), Error> {
        let Some(kind) = self.kinds.by_plural(&self.wire, plural, group).await? else { return Ok(()) };
        let id = |name: &str| ResourceId {
            kind: kind.resource.kind.clone(),
            namespace: Some(namespace.to_owned()),
            name: name.to_owned(),
            api_version: kind.resource.api_version.clone(),
        };
        let params = ListParams::default().limit(MOST as u32);
        let request = kind.at(Some(namespace)).list_metadata(&params);
        let page = match self.wire.call(Verb::List.on(&id("*")), request).await {
            Ok(page) => page,
            Err(Error::Forbidden { .. }) => return Ok(()),
            Err(error) => return Err(error),
        };
        for item in page["items"].as_array().into_iter().flatten() {
            found.extend(finalizers(&id(meta(item).name.as_deref().unwrap_or_default()), item));
        }
        Ok(())
    }
}

/// The finalizers that keep an object which is being deleted.
fn finalizers(id: &ResourceId, object: &Value) -> Vec<Stuck> {
    let Some(since) = since(object) else { return Vec::new() };
    let all = object.pointer("/metadata/finalizers").and_then(Value::as_array);
    let named = all.into_iter().flatten().enumerate().filter_map(|(at, name)| Some((at, name.as_str()?)));
    let others = named.filter(|(_, name)| !OF_THE_SERVER.contains(name)).take(MOST);
    let stuck = |(at, name): (usize, &str)| Stuck {
        id: id.clone(),
        since: Some(since),
        why: WhyStuck::Finalizer { name: name.to_owned(), at },
    };
    others.map(stuck).collect()
}

/// Since when an object is being deleted.
fn since(object: &Value) -> Option<DateTime<Utc>> {
    object.pointer("/metadata/deletionTimestamp")?.as_str()?.parse().ok()
}

/// The kinds, by plural and group, of a message such as `Some resources are remaining: configmaps. has 1 resource
/// instances, widgets.example.org has 2 resource instances`.
fn remaining<'a>(message: &'a str) -> Vec<(&'a str, &'a str)> {
    let (_, list) = message.split_once(": ").unwrap_or_default();
    let kind = |part: &'a str| part.split_once(" has ")?.0.split_once('.');
    list.split(", ").filter_map(kind).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_namespace_tells_the_kinds_that_remain() {
        let message = "Some resources are remaining: configmaps. has 1 resource instances, \
                       widgets.example.org has 2 resource instances";
        assert_eq!(remaining(message), [("configmaps", ""), ("widgets", "example.org")]);
        assert_eq!(remaining("something else"), []);
    }
}
