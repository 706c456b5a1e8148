//! Whether this machine's clock agrees with the database's.
//!
//! Leases, deadlines and windows are the database's to judge, so a wrong clock here breaks none of them. It does make logs
//! and metrics lie, and is a sign of a machine that nobody looks after: readiness tells it (design.md §12).

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio_util::sync::CancellationToken;

use super::Parts;
use super::dependencies::System;

/// How far apart the two may be.
const TOLERANCE: TimeDelta = TimeDelta::seconds(30);

/// How often they are compared.
const INTERVAL: Duration = Duration::from_secs(60);

/// Compares until `shutdown`.
pub(super) async fn compare(parts: Arc<Parts>, shutdown: CancellationToken) {
    loop {
        let before = Utc::now();
        // A database that is away is told already, and says nothing about our clock.
        if let Ok(theirs) = parts.database(parts.store.now()).await {
            if agree(before, theirs, Utc::now()) {
                parts.dependencies.up(System::Clock);
            } else {
                parts.dependencies.down(System::Clock, "this machine's clock and the database's differ");
            }
        }
        tokio::select! {
            () = tokio::time::sleep(INTERVAL) => {}
            () = shutdown.cancelled() => return,
        }
    }
}

/// The other clock was read somewhere between two looks at ours.
fn agree(before: DateTime<Utc>, theirs: DateTime<Utc>, after: DateTime<Utc>) -> bool {
    before - TOLERANCE <= theirs && theirs <= after + TOLERANCE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slow_answer_is_no_difference() {
        let at = |seconds: i64| DateTime::from_timestamp(1_000_000 + seconds, 0).expect("a moment");
        for (theirs, expected) in [(-31, false), (-30, true), (0, true), (70, true), (71, false)] {
            assert_eq!(agree(at(0), at(theirs), at(40)), expected, "{theirs}");
        }
    }
}
