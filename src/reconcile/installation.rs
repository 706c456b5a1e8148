//! One database per installation and cluster: a second one would prune what the first one made (decisions.md 1.7).
//!
//! Replicas of one database share the lease. It is taken before the first write and renewed for as long as the daemon
//! lives; whoever finds another database in it stops.

use std::time::Duration;

use tokio::time::Instant;
use uuid::Uuid;

use super::Parts;
use crate::cluster::{self, Held, Lease};
use crate::names::InstallationId;

/// How long a lease outlives its last renewal.
const LASTS: Duration = Duration::from_secs(15);

/// How often it is renewed, and looked at while another database has it.
const RENEWAL: Duration = Duration::from_secs(5);

/// The installation cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum InstallationError {
    /// Another database works under the same name.
    #[error(
        "installation `{installation}` belongs to another database ({holder}) on this cluster; use its database to run a \
         replica, or another `--installation`"
    )]
    Taken {
        /// Which installation.
        installation: InstallationId,
        /// The other database's id.
        holder: String,
    },
    /// The cluster does not let us look.
    #[error(transparent)]
    Cluster(#[from] cluster::Error),
}

/// Takes the lease for this database. A former holder's runs out while this waits; a living one's does not.
///
/// # Errors
/// Another database keeps renewing it, or the cluster refuses.
pub async fn take(parts: &Parts, database: Uuid) -> Result<Lease, InstallationError> {
    let mut lease = parts.cluster.lease(database, LASTS);
    let end = Instant::now() + LASTS + RENEWAL;
    loop {
        match parts.cluster_call("lease", lease.hold()).await? {
            Held::Ours => return Ok(lease),
            Held::Other { holder } if Instant::now() > end => return Err(taken(parts, holder)),
            Held::Other { holder } => tracing::info!("waiting for the lease of database {holder} to run out"),
        }
        tokio::time::sleep(RENEWAL).await;
    }
}

/// Renews the lease for ever; ends only with the reason why it is lost.
pub async fn keep(parts: &Parts, mut lease: Lease) -> InstallationError {
    loop {
        tokio::time::sleep(RENEWAL).await;
        // A cluster that is away takes no writes either; what matters is who holds the lease when it is back.
        if let Ok(Held::Other { holder }) = parts.cluster_call("lease", lease.hold()).await {
            return taken(parts, holder);
        }
    }
}

fn taken(parts: &Parts, holder: String) -> InstallationError {
    InstallationError::Taken { installation: parts.cluster.installation().clone(), holder }
}
