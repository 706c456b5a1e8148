//! Durations as people write them in settings: `500ms`, `30s`, `5m`, `2h`, `7d`.
//!
//! One spelling for all modules' options, the one of Kubernetes and Prometheus. Only one unit each: `90s`, not `1m30s`.

use std::time::Duration;

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
}
