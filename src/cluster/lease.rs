//! One Lease per installation: two daemons with two databases on one cluster would prune each other.
//!
//! Held by a database, not by a process: replicas share it, and which of them works is decided by the database
//! (decisions.md 1.7). Another database's lease is over only if this process saw the same version of it for its whole
//! duration on its own clock; the writer's clock is not believed.
//! While a lease is kept, nothing is written that could be answered after its end.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use k8s_openapi::api::coordination::v1::{Lease as Object, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;
use k8s_openapi::jiff::Timestamp;
use serde_json::{Value, json};
use tokio::time::Instant;
use uuid::Uuid;

use super::error::{Error, Retry};
use super::wire::CALL_TIMEOUT;
use super::{Cluster, labels};
use crate::ids::ResourceId;

/// How long a lease lasts without being renewed.
const LASTS: Duration = Duration::from_secs(30);

/// The claim of one database on one installation.
pub struct Lease {
    cluster: Cluster,
    id: ResourceId,
    database: Uuid,
    /// What is known of another database's lease.
    rival: Mutex<Option<Rival>>,
}

/// Another database's lease, as it was seen.
struct Rival {
    version: String,
    since: Instant,
    /// It was renewed while we looked: somebody works there.
    renewed: bool,
}

impl Cluster {
    /// The installation's lease, to be held by this database.
    pub fn lease(&self, database: Uuid) -> Lease {
        let id = self.own("coordination.k8s.io/v1", "Lease", format!("keyforge-{}", self.installation));
        Lease { cluster: self.clone(), id, database, rival: Mutex::default() }
    }
}

impl Lease {
    /// Takes or renews the lease, unless another database has it.
    ///
    /// # Errors
    /// [`Error::HeldByOther`], to be tried again until it is told whether anybody works there. Others as any call.
    pub async fn hold(&self) -> Result<(), Error> {
        // From before the call: it may have been long on its way.
        let now = Instant::now();
        let found = self.cluster.keep(&self.id).await?;
        if let Some(found) = &found {
            self.refuse_rival(found)?;
        }
        let object = self.renewed(found.as_ref());
        let written = match found {
            None => self.cluster.create(&self.id, &object).await,
            Some(_) => self.cluster.replace(&self.id, &object).await,
        };
        match written {
            Ok(_) => {}
            // Somebody wrote in between: a replica of ours, then it is renewed all the same, or another database.
            Err(Error::AlreadyExists { .. } | Error::Conflict { .. }) => {
                self.refuse_rival(&self.cluster.keep(&self.id).await?.unwrap_or_default())?;
            }
            Err(error) => return Err(error),
        }
        self.cluster.memory.held_until(now + LASTS);
        Ok(())
    }

    /// Renews the lease for ever; comes back only with the reason why that has no sense any more. A server that is
    /// away is none: nothing can be written meanwhile, by anybody.
    pub async fn keep(&self) -> Error {
        loop {
            tokio::time::sleep(LASTS / 3).await;
            match self.hold().await {
                Err(error @ Error::HeldByOther { .. }) => return error,
                Err(error) if error.retry() == Retry::Never => return error,
                Ok(()) | Err(_) => {}
            }
        }
    }

    /// An error if another database has the lease and it is not over.
    fn refuse_rival(&self, found: &Value) -> Result<(), Error> {
        let object: Object = serde_json::from_value(found.clone()).unwrap_or_default();
        let spec = object.spec.unwrap_or_default();
        let ours = self.database.to_string();
        let mut rival = self.rival.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(holder) = spec.holder_identity.filter(|holder| !holder.is_empty() && *holder != ours) else {
            *rival = None;
            return Ok(());
        };
        let version = object.metadata.resource_version.unwrap_or_default();
        let lasts = u64::try_from(spec.lease_duration_seconds.unwrap_or_default()).unwrap_or_default();
        let renewed = match &*rival {
            Some(seen) if seen.version == version => {
                if seen.since.elapsed() > Duration::from_secs(lasts) {
                    return Ok(());
                }
                seen.renewed
            }
            seen => {
                let renewed = seen.is_some();
                *rival = Some(Rival { version, since: Instant::now(), renewed });
                renewed
            }
        };
        Err(Error::HeldByOther { id: self.id.clone(), holder, renewed })
    }

    /// The lease as this database holds it from now on, on the version that was found.
    fn renewed(&self, found: Option<&Value>) -> Value {
        let mut object: Object =
            found.and_then(|found| serde_json::from_value(found.clone()).ok()).unwrap_or_default();
        let before = object.spec.take().unwrap_or_default();
        let now = MicroTime(Timestamp::now());
        let holder = self.database.to_string();
        let same = before.holder_identity.as_ref() == Some(&holder);
        object.spec = Some(LeaseSpec {
            acquire_time: before.acquire_time.filter(|_| same).or_else(|| Some(now.clone())),
            lease_transitions: Some(before.lease_transitions.unwrap_or(0) + i32::from(!same)),
            holder_identity: Some(holder),
            lease_duration_seconds: i32::try_from(LASTS.as_secs()).ok(),
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

impl Cluster {
    /// Whether a write that begins now is answered before the lease ends. Who holds none, as a single command of a
    /// person, may.
    pub(super) fn may_write(&self) -> Result<(), Error> {
        match self.memory.held() {
            Some(until) if Instant::now() + CALL_TIMEOUT > until => Err(Error::LeaseNotRenewed),
            _ => Ok(()),
        }
    }
}
