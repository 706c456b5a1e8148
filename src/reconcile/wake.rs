//! When and why a union is due: the one policy of waiting and trying again.
//!
//! Pure: spreading comes from the union's name, not from a dice, so a thousand unions that fail together do not come
//! back together, and a test needs no luck.

use std::time::Duration;

use crate::digest::Digest;
use crate::names::UnionName;
use crate::outcome::Reason;

/// The first wait after a failure; it doubles with each attempt.
const FIRST_WAIT: Duration = Duration::from_secs(5);

/// The longest wait between two attempts.
const LONGEST_WAIT: Duration = Duration::from_secs(10 * 60);

/// How long to wait before the next attempt after `attempts` of them without success: 5 s, 10 s, 20 s … 10 min, each
/// up to a quarter longer.
pub(super) fn backoff(union: &UnionName, attempts: u32) -> Duration {
    let wait = FIRST_WAIT.saturating_mul(1 << attempts.saturating_sub(1).min(16)).min(LONGEST_WAIT);
    spread(union, attempts, wait, wait / 4)
}

/// How long to wait after an interruption, which says nothing about the union: 50 s at most, since what was away is back for
/// all of them at once, and nobody tells each that it is.
pub(super) fn after_interruption(union: &UnionName, attempts: u32) -> Duration {
    const MOST: u32 = 4;
    backoff(union, attempts.min(MOST))
}

/// When a union is looked at again although nothing is known to have moved: watches may have a gap.
pub(super) fn resync(union: &UnionName, interval: Duration) -> Duration {
    spread(union, 0, interval, interval / 4)
}

/// When a union is looked at again that waits for a time which is `rest` away, and why: then, or at its next turn.
pub(super) fn at(union: &UnionName, interval: Duration, rest: Option<Duration>) -> (Duration, Reason) {
    let turn = resync(union, interval);
    match rest {
        Some(rest) if rest < turn => (rest, Reason::Schedule),
        _ => (turn, Reason::Interval),
    }
}

/// `base` and a share of `range` that depends on who and which time.
fn spread(union: &UnionName, salt: u32, base: Duration, range: Duration) -> Duration {
    let digest = Digest::of_parts([union.as_str().as_bytes(), &salt.to_be_bytes()]);
    base + range.mul_f64(f64::from(digest.as_bytes()[0]) / 255.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_ten_minutes_and_unions_do_not_return_together() {
        let (acme, north): (UnionName, UnionName) =
            ("acme".parse().expect("a name"), "northside".parse().expect("a name"));
        let within = |wait: Duration, from: u64| (from..=from + from / 4 + 1).contains(&wait.as_secs());
        for (attempts, seconds) in [(0, 5), (1, 5), (2, 10), (3, 20), (8, 600), (u32::MAX, 600)] {
            assert!(within(backoff(&acme, attempts), seconds), "{attempts}: {:?}", backoff(&acme, attempts));
        }
        for attempts in [1, 4, 5, 100] {
            let wait = after_interruption(&acme, attempts);
            assert!(wait <= Duration::from_secs(50) && wait >= backoff(&acme, 1), "{attempts}: {wait:?}");
        }
        assert_ne!(backoff(&acme, 1), backoff(&north, 1));
        assert_eq!(backoff(&acme, 1), backoff(&acme, 1));
    }

    #[test]
    fn a_union_is_looked_at_when_its_time_has_come_and_not_forgotten_until_then() {
        let acme: UnionName = "acme".parse().expect("a name");
        let (minute, hour) = (Duration::from_mins(1), Duration::from_hours(1));
        assert_eq!(at(&acme, hour, Some(minute)), (minute, Reason::Schedule));
        assert_eq!(at(&acme, minute, Some(hour)), (resync(&acme, minute), Reason::Interval));
        assert_eq!(at(&acme, minute, None), (resync(&acme, minute), Reason::Interval));
    }
}
