//! Unions at rest, at their regular look: put off together, without a lease and without reading a document.
//!
//! Their table says that they are as they were accepted, and the watches that nothing moved. So a resync costs what
//! changed, not what exists.

use std::time::Duration;

use super::{Parts, wake};
use crate::store;

/// How many are put off at once.
const AT_ONCE: u32 = 1000;

/// Puts off the looks at unions that rest, those that are nearly due too: one statement is cheaper than many soon.
pub(super) async fn put_off(parts: &Parts) -> Result<(), store::Error> {
    let interval = parts.options.resync_interval;
    let due = parts.database(parts.store.regular_looks(interval / 4, AT_ONCE)).await?;
    let resting: Vec<_> =
        parts.cluster.at_rest(due).into_iter().map(|union| (wake::resync(&union, interval), union)).collect();
    if !resting.is_empty() {
        let (after, unions): (Vec<Duration>, Vec<_>) = resting.into_iter().unzip();
        parts.database(parts.store.put_off(&unions, &after)).await?;
    }
    Ok(())
}
