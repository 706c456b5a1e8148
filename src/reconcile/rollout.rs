//! One union, from its claim to the moment when nothing more can be done for it now.
//!
//! ```text
//! look → plan ─┬ refused → failed, told once
//!              ├ waits   → told; due again at its time                                    suspend
//!              ├ empty   → healthy? its vault, then current : wait or fail      settle, vault, removed
//!              └ changes → deployment: execute → wait for health                 apply, dispute
//! told     what becomes of the union's row and its deployment        orphan   what no document declares
//! ```
//!
//! Level-triggered: nothing is remembered from the last run but what the tables say. Waiting is state, not a worker:
//! after its last write a union is `in-progress` in the table and its worker takes the next one.

mod apply;
mod dispute;
mod orphan;
mod removed;
mod settle;
mod suspend;
mod told;
mod vault;

use std::time::Duration;

use tokio_util::sync::CancellationToken;

pub(super) use self::told::interrupted;
use self::told::{Seen, close_overdue, fail};
use super::failure::Failure;
use super::lease::Lease;
use super::look::{Look, look};
use super::{Parts, wake};
use crate::health::Health;
use crate::outcome::Reason;
use crate::plan::{self, Cause, Refusal};
use crate::store::{Drifts, Next};

/// How long a union may take from its last write to being healthy.
const HEALTH_DEADLINE: Duration = Duration::from_secs(10 * 60);

/// Brings one claimed union as near to its desired state as is possible now, and says when to look again.
///
/// # Errors
/// Only interruptions, which say nothing about the union; everything else is told as its state.
pub(super) async fn roll_out(
    parts: &Parts,
    lease: &Lease,
    shutdown: &CancellationToken,
) -> Result<Next, Failure> {
    // Boxed: a rollout is large, and most workers idle most of the time.
    match Box::pin(look_and_act(parts, lease, shutdown)).await {
        Err(failure) if !failure.is_interruption() => {
            close_overdue(parts, lease, &failure).await?;
            fail(parts, lease, &failure, None, Seen::default()).await
        }
        other => other,
    }
}

async fn look_and_act(parts: &Parts, lease: &Lease, shutdown: &CancellationToken) -> Result<Next, Failure> {
    let claim = lease.claim();
    // A look by the clock trusts what was read not long ago; whoever has a reason sees what is there now.
    if claim.reason != Reason::Interval {
        parts.cluster.unlearn_references(&claim.union);
    }
    // Boxed: everything that is read of a union is in it.
    let Some(look) = Box::pin(look(parts, &claim.union)).await? else {
        return orphan::look_after(parts, lease).await;
    };
    learn(parts, lease, &look).await?;
    let drifts = parts.database(parts.store.drifts(&claim.union)).await?;
    let rollout = Rollout { parts, lease, shutdown, look: &look, drifts };
    let (spec, life) = (&look.accepted.union.spec, look.desired.life);
    if let Some(ending) = &look.desired.ending
        && !rollout.remember(ending).await?
    {
        return Ok(Next::After(Duration::ZERO, claim.reason));
    }
    let plan = look.plan();
    if let Err(refusals) = &plan
        && let Some(version) = refusals.iter().find_map(Refusal::newer_templates)
    {
        return rollout.leave_to_newer(version).await;
    }
    rollout.keep(&plan).await?;
    let plan = match (plan, plan::suspended(spec, life, claim.claimed_at)) {
        (Ok(plan), _) => plan,
        (Err(refusals), None) => return rollout.refuse(&Failure::Refused(refusals)).await,
        (Err(refusals), Some(waits)) => {
            return rollout.suspend(Health::Unknown, &waits, Some(&Failure::Refused(refusals))).await;
        }
    };
    let health = look.health(plan.awaited());
    let parted = plan::part(plan, spec, &look.desired, &look.observed, claim.claimed_at);
    match &parted.waits {
        Some(waits) if waits.cause == Cause::Suspend => rollout.suspend(health, waits, None).await,
        waits if parted.now.is_empty() => match &look.desired.ending {
            Some(ending) => rollout.settle_removed(ending, health).await,
            None => rollout.settle(health, waits.as_ref()).await,
        },
        _ => rollout.run(parted).await,
    }
}

/// What exists and is ours belongs into the inventory with its uid: after a crash between a write and its record, and
/// after the loss of the database. What is missed is told, and not any more once it is there.
async fn learn(parts: &Parts, lease: &Lease, look: &Look) -> Result<(), Failure> {
    let missed = look.missed();
    let known = look.accepted.missed.as_ref().map(|missed| missed.guard.digest);
    if missed.as_ref().map(|guard| guard.digest) != known {
        parts.database(parts.store.record_missed(lease.claim(), missed.as_ref())).await?;
    }
    let unknown = look.unknown();
    if !unknown.is_empty() {
        parts.database(parts.store.learned(lease.claim(), &unknown)).await?;
    }
    Ok(())
}

struct Rollout<'a> {
    parts: &'a Parts,
    lease: &'a Lease,
    shutdown: &'a CancellationToken,
    look: &'a Look,
    drifts: Drifts,
}
