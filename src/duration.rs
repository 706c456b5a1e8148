//! Durations as people write them: `500ms` in settings, `90s`, `15m`, `12h`, `30d` in settings and documents.
//!
//! One spelling for all modules' options, the one of Kubernetes and Prometheus. Only one unit each: `90s`, not `1m30s`.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde_with::{DeserializeFromStr, SerializeDisplay};

/// The text is no duration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a duration is a whole number and one of `ms`, `s`, `m`, `h`, `d`, such as `30s`")]
pub struct DurationError;

/// Reads a duration; for clap's `value_parser`.
///
/// # Errors
/// Not a whole number with one of the units.
pub fn parse(text: &str) -> Result<Duration, DurationError> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().map_err(|_| DurationError)?;
    let scale = match unit {
        "ms" => return Ok(Duration::from_millis(number)),
        "s" => 1,
        "m" => 60,
        "h" => 60 * 60,
        "d" => 24 * 60 * 60,
        _ => return Err(DurationError),
    };
    number.checked_mul(scale).map(Duration::from_secs).ok_or(DurationError)
}

/// A duration in a document: whole seconds, at least one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, DeserializeFromStr, SerializeDisplay)]
pub struct Period(u64);

/// The text is no period.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a duration is a whole number and one of `s`, `m`, `h`, `d`, such as `90s` or `30d`, and not zero")]
pub struct PeriodError;

const DAY: u64 = 24 * 60 * 60;

impl Period {
    /// So many days.
    pub const fn days(days: u32) -> Self {
        Self(days as u64 * DAY)
    }

    /// The seconds.
    pub fn as_secs(self) -> u64 {
        self.0
    }
}

impl From<Period> for Duration {
    fn from(period: Period) -> Self {
        Self::from_secs(period.0)
    }
}

impl FromStr for Period {
    type Err = PeriodError;

    fn from_str(text: &str) -> Result<Self, PeriodError> {
        match parse(text) {
            // A century, so that sums with dates stay dates.
            Ok(found) if found.subsec_millis() == 0 && (1..=36_525 * DAY).contains(&found.as_secs()) => {
                Ok(Self(found.as_secs()))
            }
            _ => Err(PeriodError),
        }
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units = [(DAY, "d"), (60 * 60, "h"), (60, "m"), (1, "s")];
        let fits = units.into_iter().find(|(scale, _)| self.0.is_multiple_of(*scale));
        let (scale, unit) = fits.unwrap_or((1, "s"));
        write!(f, "{}{unit}", self.0 / scale)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_a_number_and_a_unit() {
        assert_eq!(parse("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(parse("30s"), Ok(Duration::from_secs(30)));
        assert_eq!(parse("7d"), Ok(Duration::from_secs(604_800)));
        for wrong in
            ["", "30", "s", "1m30s", "-1s", "1.5s", "30 s", "99999999999999999999s", "18446744073709551615d"]
        {
            assert_eq!(parse(wrong), Err(DurationError), "{wrong}");
        }
    }

    #[test]
    fn a_period_is_written_in_the_largest_unit_that_fits() {
        for (written, shown) in [("5d", "5d"), ("48h", "2d"), ("90s", "90s"), ("120m", "2h")] {
            assert_eq!(written.parse::<Period>().map(|period| period.to_string()), Ok(shown.into()));
        }
        for wrong in ["0s", "1500ms", "40000d", "5", "5 d"] {
            assert_eq!(wrong.parse::<Period>(), Err(PeriodError), "{wrong}");
        }
    }
}
