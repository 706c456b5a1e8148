//! One Lease per installation: two daemons with two databases on one cluster would prune each other.
//!
//! Held by a database, not by a process: replicas share it, and which of them works is decided by the database
//! (decisions.md 1.7). Another database's lease is over only if this process saw the same version of it for its whole
//! duration on its own clock; the writer's clock is not believed.

use std::time::Duration;

use k8s_openapi::api::coordination::v1::{Lease as Object, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;
use k8s_openapi::jiff::Timestamp;
use serde_json::{Value, json};
use tokio::time::Instant;
use uuid::Uuid;

use super::error::Error;
use super::{Cluster, labels};
use crate::ids::ResourceId;

/// Whether the installation is this database's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Held {
    /// Ours, renewed just now.
    Ours,
    /// Another database works here, or did not long ago.
    Other {
        /// Its id.
        holder: String,
    },
}

/// The claim of one database on one installation. Renew it well within its duration.
pub struct Lease {
    cluster: Cluster,
    id: ResourceId,
    database: Uuid,
    lasts: Duration,
    /// The version of another holder's lease, and since when it is seen.
    seen: Option<(String, Instant)>,
}

impl Cluster {
    /// The installation's lease, to be held by this database.
    pub fn lease(&self, database: Uuid, lasts: Duration) -> Lease {
        let id = self.own("coordination.k8s.io/v1", "Lease", format!("keyforge-{}", self.installation));
        Lease { cluster: self.clone(), id, database, lasts, seen: None }
    }
}

impl Lease {
    /// Takes or renews the lease, unless another database has it.
    ///
    /// # Errors
    /// As any call. A lost race is no error: the next renewal tells who won.
    pub async fn hold(&mut self) -> Result<Held, Error> {
        let Some(found) = self.cluster.keep(&self.id).await? else {
            let object = self.renewed(None);
            return match self.cluster.create(&self.id, &object).await {
                Ok(_) => Ok(Held::Ours),
                Err(Error::AlreadyExists { .. }) => self.look_again().await,
                Err(error) => Err(error),
            };
        };
        if let Some(holder) = self.other(&found) {
            return Ok(Held::Other { holder });
        }
        let object = self.renewed(Some(found));
        match self.cluster.replace(&self.id, &object).await {
            Ok(_) => Ok(Held::Ours),
            Err(Error::Conflict { .. }) => self.look_again().await,
            Err(error) => Err(error),
        }
    }

    /// Somebody else wrote in between: a replica of ours, then it is renewed all the same, or another database.
    async fn look_again(&mut self) -> Result<Held, Error> {
        let found = self.cluster.keep(&self.id).await?.unwrap_or_default();
        Ok(match self.other(&found) {
            Some(holder) => Held::Other { holder },
            None => Held::Ours,
        })
    }

    /// The holder, if it is another one and its lease is not over.
    fn other(&mut self, found: &Value) -> Option<String> {
        let object: Object = serde_json::from_value(found.clone()).unwrap_or_default();
        let spec = object.spec.unwrap_or_default();
        let holder = spec.holder_identity.filter(|holder| !holder.is_empty())?;
        if holder == self.database.to_string() {
            self.seen = None;
            return None;
        }
        let version = object.metadata.resource_version.unwrap_or_default();
        let lasts =
            Duration::from_secs(spec.lease_duration_seconds.unwrap_or(0).max(1).unsigned_abs().into());
        match &self.seen {
            Some((seen, since)) if *seen == version => (since.elapsed() <= lasts).then_some(holder),
            _ => {
                self.seen = Some((version, Instant::now()));
                Some(holder)
            }
        }
    }

    /// The lease as this database holds it from now on, on the version that was found.
    fn renewed(&self, found: Option<Value>) -> Value {
        let mut object: Object =
            found.and_then(|found| serde_json::from_value(found).ok()).unwrap_or_default();
        let before = object.spec.take().unwrap_or_default();
        let now = MicroTime(Timestamp::now());
        let holder = self.database.to_string();
        let same = before.holder_identity.as_ref() == Some(&holder);
        object.spec = Some(LeaseSpec {
            acquire_time: before.acquire_time.filter(|_| same).or_else(|| Some(now.clone())),
            lease_transitions: Some(before.lease_transitions.unwrap_or(0) + i32::from(!same)),
            holder_identity: Some(holder),
            lease_duration_seconds: i32::try_from(self.lasts.as_secs()).ok(),
            renew_time: Some(now),
            ..before
        });
        let mut object = json!(object);
        object["metadata"]["name"] = json!(self.id.name);
        object["metadata"]["namespace"] = json!(self.id.namespace);
        object["metadata"]["labels"] = labels::ours(&self.cluster.installation, None);
        object
    }
}
