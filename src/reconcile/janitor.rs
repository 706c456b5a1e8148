//! Removes what is older than the settings keep. One replica does it at a time.
//!
//! Invariant: it takes at most half of one connection's time. It rests as long as each step took, so that a database with
//! much to remove has as much time for others.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use super::Parts;
use crate::store::{self, Sweep, Swept};

/// How often it is looked for what is too old.
const INTERVAL: Duration = Duration::from_secs(60 * 60);

/// How long a replica waits before it tries again to be the one that does it.
const TURN: Duration = Duration::from_secs(60);

/// Sweeps until `shutdown`, whenever this replica is the one that does.
pub(super) async fn clean(parts: Arc<Parts>, shutdown: CancellationToken) {
    let sweeping = async {
        loop {
            if let Ok(Some(mut turn)) = parts.database(parts.store.singleton("janitor")).await {
                while parts.database(turn.alive()).await.is_ok() {
                    tell(sweep(&parts).await);
                    tokio::time::sleep(INTERVAL).await;
                }
            }
            tokio::time::sleep(TURN).await;
        }
    };
    // What is dropped in the middle of a step is rolled back, or done.
    tokio::select! {
        () = sweeping => {}
        () = shutdown.cancelled() => {}
    }
}

fn tell(swept: Result<Swept, store::Error>) {
    match swept {
        Ok(swept) if swept == Swept::default() => tracing::debug!("nothing is too old to be kept"),
        Ok(Swept { lines, events, deployments, drift, states, documents, notices }) => {
            tracing::info!(
                "removed what is too old: {deployments} deployments, {events} events, {lines} lines of logs, {drift} \
                 fields that somebody else changed, {states} states of unions, {documents} documents, {notices} messages to people and what they told"
            );
        }
        // That the database is away is told by the call; the next sweep begins anew.
        Err(error) if error.retry() == store::Retry::Backoff => {}
        Err(error) => tracing::error!("failed to remove what is too old: {}", super::chain(&error)),
    }
}

async fn sweep(parts: &Parts) -> Result<Swept, store::Error> {
    let mut sweep = Sweep::new(parts.retention);
    loop {
        let begun = Instant::now();
        if !parts.database(sweep.step(&parts.store)).await? {
            return Ok(sweep.swept);
        }
        tokio::time::sleep(begun.elapsed()).await;
    }
}
