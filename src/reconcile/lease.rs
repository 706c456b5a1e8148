//! The lease of a worker on a union, kept alive while it works and checked before each write.
//!
//! Two checks, since a clock may stand still: the table knows whether the fencing token is still the newest (before each
//! stage), and this process's monotonic clock knows whether the lease outlasts the timeout of the next write (before
//! each write). A late write of a worker that lost its lease can only repeat what its plan said (decisions.md 1.13).

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use crate::store::{self, Claim, Store};

/// How long a lease lasts without renewal; also how long a crashed worker's union waits for another worker.
pub(super) const LEASE: Duration = Duration::from_secs(60);

/// The most that one write to the cluster may take. A lease must outlast it when the write starts.
pub(super) const WRITE_TIMEOUT: Duration = Duration::from_secs(10);

/// Somebody else may have the union by now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the lease on the union was lost")]
pub struct Lost;

/// A held lease. Dropping it stops its renewal.
pub(super) struct Lease {
    claim: Claim,
    born: Instant,
    /// Milliseconds after `born` until which the table says that the union is ours.
    until: Arc<AtomicU64>,
    lost: CancellationToken,
    _renewal: AbortOnDropHandle<()>,
}

impl Lease {
    /// Keeps the lease of a fresh claim alive. `claimed` is the moment before the claim was sent.
    pub(super) fn keep(store: Store, claim: Claim, claimed: Instant) -> Self {
        let until = Arc::new(AtomicU64::new(millis(LEASE)));
        let lost = CancellationToken::new();
        let renewal = tokio::spawn(renew(store, claim.clone(), claimed, Arc::clone(&until), lost.clone()));
        Self { claim, born: claimed, until, lost, _renewal: AbortOnDropHandle::new(renewal) }
    }

    /// What was claimed.
    pub(super) fn claim(&self) -> &Claim {
        &self.claim
    }

    /// Whether a write may start now, by this process's clock.
    ///
    /// # Errors
    /// The lease ends before the write's timeout does.
    pub(super) fn outlasts_a_write(&self) -> Result<(), Lost> {
        self.outlasts(WRITE_TIMEOUT)
    }

    /// Whether something may start now that takes so long at most, by this process's clock.
    ///
    /// # Errors
    /// The lease ends before that.
    pub(super) fn outlasts(&self, time: Duration) -> Result<(), Lost> {
        let ends = self.born + Duration::from_millis(self.until.load(Ordering::Acquire));
        if self.lost.is_cancelled() || Instant::now() + time > ends {
            return Err(Lost);
        }
        Ok(())
    }

    /// Ends when the lease was taken by somebody else.
    pub(super) async fn lost(&self) {
        self.lost.cancelled().await;
    }
}

async fn renew(store: Store, claim: Claim, born: Instant, until: Arc<AtomicU64>, lost: CancellationToken) {
    let mut tick = tokio::time::interval(LEASE / 4);
    tick.tick().await;
    loop {
        tick.tick().await;
        let asked = born.elapsed();
        // A statement that hangs is as good as none: the lease runs out by this process's clock.
        let Ok(renewal) = tokio::time::timeout(LEASE / 4, store.renew(&claim, LEASE)).await else { continue };
        match renewal {
            Ok(()) => until.store(millis(asked + LEASE), Ordering::Release),
            Err(store::Error::Lost { .. }) => return lost.cancel(),
            // The database is away: the lease runs out by itself, and no write starts after that.
            Err(_) => {}
        }
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use chrono::Utc;

    use super::*;
    use crate::ids::FencingToken;
    use crate::outcome::Reason;

    #[tokio::test]
    async fn what_takes_longer_needs_more_of_the_lease() {
        let claim = Claim {
            union: "acme".parse().expect("a name"),
            token: FencingToken(1),
            reason: Reason::Push,
            attempts: 0,
            interrupted: None,
            claimed_at: Utc::now(),
        };
        let lease = Lease {
            claim,
            born: Instant::now(),
            until: Arc::new(AtomicU64::new(millis(WRITE_TIMEOUT + Duration::from_secs(5)))),
            lost: CancellationToken::new(),
            _renewal: AbortOnDropHandle::new(tokio::spawn(async {})),
        };
        assert_eq!(lease.outlasts_a_write(), Ok(()));
        assert_eq!(lease.outlasts(WRITE_TIMEOUT * 2), Err(Lost));
        lease.lost.cancel();
        assert_eq!(lease.outlasts(Duration::ZERO), Err(Lost));
    }
}
