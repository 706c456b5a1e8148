//! A union that only the cluster knows: after the loss of the database, or of what another replica was just forgetting.
//!
//! Nothing of it is changed. Once nothing of it is left, it is forgotten, or a name would be held for ever.

use crate::outcome::Reason;
use crate::reconcile::failure::Failure;
use crate::reconcile::lease::Lease;
use crate::reconcile::{Parts, wake};
use crate::store::Next;

/// Forgets an orphan of which nothing is left. What was never in the cluster has nothing to look at.
pub(super) async fn look_after(parts: &Parts, lease: &Lease) -> Result<Next, Failure> {
    let claim = lease.claim();
    let inventory = parts.database(parts.store.inventory(&claim.union)).await?;
    if inventory.entries.is_empty() {
        return Ok(Next::Idle);
    }
    if parts.cluster_call("orphan", parts.cluster.has_any_of(&claim.union)).await? {
        let again = wake::resync(&claim.union, parts.options.resync_interval);
        return Ok(Next::After(again, Reason::Interval));
    }
    parts.database(parts.store.forget_orphan(claim)).await?;
    tracing::info!(
        "nothing is left of it in the cluster, and no document was ever accepted: it is forgotten"
    );
    Ok(Next::Idle)
}
