//! Workers: claim a union, keep its lease, roll it out, say when it is due again.
//!
//! Any number of them on any number of replicas share the work through the table. A worker never waits for one union:
//! whatever takes time is a state in the table. An idle worker sleeps until a notification or the next due time.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::FutureExt as _;
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;
use uuid::Uuid;

use super::failure::Failure;
use super::lease::{LEASE, Lease};
use super::rollout::{interrupted, roll_out};
use super::{Parts, rest};
use crate::outcome::Reason;
use crate::store::Claim;

/// An idle worker looks again after this time even if no notification came: one may be lost with its connection.
const IDLE_LOOK: Duration = Duration::from_secs(5);

/// How long a worker waits when the database does not answer.
const AWAY: Duration = Duration::from_secs(1);

/// Claims and rolls out until `shutdown`.
pub(super) async fn work(parts: Arc<Parts>, holder: Uuid, shutdown: CancellationToken) {
    let mut due = parts.due.subscribe();
    while !shutdown.is_cancelled() {
        // Marked before the look, so that what becomes due in between is not slept over.
        due.mark_unchanged();
        let claimed = Instant::now();
        let claim = parts.database(parts.store.claim(holder, LEASE)).await;
        let pause = match claim {
            Ok(Some(claim)) => {
                if claim.reason == Reason::Interval {
                    // If the database is away now, the rollout of this one says it.
                    let _ = rest::put_off(&parts).await;
                }
                one(&parts, claim, claimed, &shutdown).await;
                continue;
            }
            Ok(None) => IDLE_LOOK,
            Err(_) => AWAY,
        };
        tokio::select! {
            _ = due.changed() => {}
            () = tokio::time::sleep(pause) => {}
            () = shutdown.cancelled() => {}
        }
    }
}

/// One union, from claim to release.
async fn one(parts: &Parts, claim: Claim, claimed: Instant, shutdown: &CancellationToken) {
    let deployment = tracing::field::Empty;
    let span = tracing::info_span!("union", union = %claim.union, reason = %claim.reason, deployment.id = deployment);
    async {
        if let Some(interrupted) = claim.interrupted {
            tracing::warn!(deployment.id = %interrupted, "the last worker went away in the middle of a rollout");
            parts.closed(interrupted).await;
        }
        let lease = Lease::keep(parts.store.clone(), claim, claimed);
        // A panic is this union's failure: the daemon would end of it, and the next replica take the same union first.
        let rolled_out = AssertUnwindSafe(roll_out(parts, &lease, shutdown)).catch_unwind();
        let next = tokio::select! {
            next = rolled_out => next.unwrap_or(Err(Failure::Internal { what: "the rollout panicked" })),
            () = lease.lost() => return tracing::warn!("the lease was lost: another worker has the union"),
        };
        let next = match next {
            Ok(next) => next,
            Err(failure) => interrupted(parts, &failure, lease.claim()).await,
        };
        if let Err(error) = parts.database(parts.store.release(lease.claim(), next)).await {
            // Its lease runs out by itself, and the union is due then.
            tracing::warn!("unable to release the union: {error}");
        }
    }
    .instrument(span)
    .await;
}
