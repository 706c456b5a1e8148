//! When a message that was not taken is tried again, and when no more.
//!
//! Spreading comes from the message's id, as with unions (`reconcile::wake`), so that a test needs no luck.

use std::time::Duration;

use uuid::Uuid;

use crate::digest::Digest;

/// The first wait; it doubles with each attempt.
const FIRST: Duration = Duration::from_secs(10);

/// The longest wait between two attempts.
const LONGEST: Duration = Duration::from_mins(15);

/// What is older is no news: a message is not tried longer, and of a notice nobody is told.
pub const NEWS: Duration = Duration::from_hours(24);

/// So often a message is tried, however old: where the daemon was away for a day, nobody had a chance to take it.
const AT_LEAST: u32 = 6;

/// What becomes of a message that was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// It is tried again after this time.
    Again(Duration),
    /// It is not tried any more.
    GiveUp,
}

/// What becomes of a message of this age that was tried so often; `asked` is how long its receiver wants to be left alone.
pub fn next(id: Uuid, attempts: u32, age: Duration, asked: Option<Duration>) -> Next {
    if age >= NEWS && attempts >= AT_LEAST {
        return Next::GiveUp;
    }
    let wait = FIRST.saturating_mul(1 << attempts.saturating_sub(1).min(16)).min(LONGEST);
    let digest = Digest::of_parts([id.as_bytes().as_slice(), &attempts.to_be_bytes()]);
    let spread = (wait / 4).mul_f64(f64::from(digest.as_bytes()[0]) / 255.0);
    Next::Again((wait + spread).max(asked.unwrap_or_default().min(LONGEST)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_quarter_of_an_hour_differ_between_messages_and_end_after_a_day_and_some_attempts()
    {
        let (one, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let soon = |id, attempts| match next(id, attempts, Duration::ZERO, None) {
            Next::Again(wait) => wait.as_secs(),
            Next::GiveUp => panic!("it is new"),
        };
        for (attempts, seconds) in [(1, 10), (2, 20), (3, 40), (8, 900), (u32::MAX, 900)] {
            assert!((seconds..=seconds + seconds / 4 + 1).contains(&soon(one, attempts)), "{attempts}");
        }
        assert_ne!(soon(one, 8), soon(other, 8));
        let asked = |seconds| next(one, 1, Duration::ZERO, Some(Duration::from_secs(seconds)));
        assert_eq!(asked(120), Next::Again(Duration::from_secs(120)));
        assert_eq!(asked(86_400), Next::Again(LONGEST));
        assert!(matches!(next(one, AT_LEAST - 1, NEWS, None), Next::Again(_)));
        assert_eq!(next(one, AT_LEAST, NEWS, None), Next::GiveUp);
    }
}
