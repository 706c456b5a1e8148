//! How a removed union ends: until when its data is kept, and when its deletion begins.
//!
//! Pure. The date stands in the table and in the union's state object; the later one counts, so that neither an old copy of
//! the database nor a change by hand shortens it. Invariant: what has begun to be deleted never becomes a union again;
//! it goes as a whole first.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::desired::{Ending, Life};
use crate::plan::UnionRecord;
use crate::spec::Union;
use crate::store::{AcceptedUnion, Tombstone};

/// How a union ends; `None` of one that runs.
pub(super) fn ending(
    accepted: &AcceptedUnion,
    record: Option<&UnionRecord>,
    now: DateTime<Utc>,
) -> Option<Ending> {
    let recorded = record.and_then(|record| record.ending.as_ref());
    match (accepted.kept_until, recorded) {
        // Also if it is in Git again: it is founded anew once nothing of its former life is left.
        (_, Some(recorded)) if recorded.begun => Some(recorded.clone()),
        (None, _) => None,
        (Some(until), recorded) => {
            let until = recorded.map_or(until, |recorded| recorded.until.max(until));
            let begun = accepted.life == Life::Gone || until <= now;
            Some(Ending { until, begun, tree: accepted.tree, union: outline(&accepted.union) })
        }
    }
}

/// Which life a union is in that ends like this.
pub(super) fn life(ending: Option<&Ending>) -> Life {
    match ending {
        None => Life::Running,
        Some(ending) if ending.begun => Life::Gone,
        Some(_) => Life::Retained,
    }
}

/// What a database that does not know a removed union takes over from its state object; `None` of one that runs, or that a
/// newer program wrote in a way that is not understood here.
pub(super) fn tombstone(record: &UnionRecord) -> Option<Tombstone> {
    let ending = record.ending.as_ref()?;
    let union = serde_json::from_value(ending.union.clone()).ok()?;
    let Ending { until, begun, tree, .. } = *ending;
    Some(Tombstone { union, tree, input: record.input, until, begun })
}

/// The countdown in words.
pub(super) fn words(until: DateTime<Utc>, begun: bool, now: DateTime<Utc>) -> String {
    if begun {
        return "its data is being deleted".to_owned();
    }
    let day = until.format("%Y-%m-%d");
    match (until - now).as_seconds_f64() / (24.0 * 60.0 * 60.0) {
        days if days <= 1.0 => format!("data kept until {day}, less than a day"),
        // A day that has begun counts: what is kept for 30 days says so.
        days => format!("data kept until {day}, {} days", days.ceil()),
    }
}

/// The union without its people and societies: what a state object may tell.
fn outline(union: &Union) -> Value {
    let mut outline = Union { societies: BTreeMap::new(), ..union.clone() };
    outline.spec.contacts.clear();
    outline.spec.owners.clear();
    // Texts and numbers; it was read from the same form.
    serde_json::to_value(&outline).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_that_has_begun_counts() {
        let time = |text: &str| text.parse::<DateTime<Utc>>().expect("a time");
        let until = time("2026-12-24T12:00:00Z");
        for (now, told) in [
            ("2026-11-24T12:00:00Z", "data kept until 2026-12-24, 30 days"),
            ("2026-11-24T12:00:01Z", "data kept until 2026-12-24, 30 days"),
            ("2026-12-23T11:59:59Z", "data kept until 2026-12-24, 2 days"),
            ("2026-12-23T12:00:00Z", "data kept until 2026-12-24, less than a day"),
        ] {
            assert_eq!(words(until, false, time(now)), told);
        }
        assert_eq!(words(until, true, until), "its data is being deleted");
    }
}
