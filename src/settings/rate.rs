//! How often one client may ask the API.

use std::num::NonZeroU32;

/// How often one client may ask: so that one that asks without end costs the others nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::Args)]
pub struct Rate {
    /// Requests a minute that one address may make of the API in the long run
    #[arg(long = "rate-limit", id = "rate_limit", env = "KEYFORGE_RATE_LIMIT", value_name = "NUMBER",
          default_value_t = Rate::default().per_minute)]
    pub per_minute: NonZeroU32,
    /// Requests that it may make at once after a silence
    #[arg(long = "rate-burst", id = "rate_burst", env = "KEYFORGE_RATE_BURST", value_name = "NUMBER",
          default_value_t = Rate::default().burst)]
    pub burst: NonZeroU32,
}

impl Default for Rate {
    /// More than a page that follows along asks, less than what keeps the database busy.
    fn default() -> Self {
        let number = |number| NonZeroU32::new(number).unwrap_or(NonZeroU32::MIN);
        Self { per_minute: number(12_000), burst: number(2_000) }
    }
}

impl Rate {
    /// How long it takes to earn so many requests, in whole seconds.
    pub fn seconds(self, requests: u32) -> u64 {
        (u64::from(requests) * 60).div_ceil(self.per_minute.get().into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_earned_is_told_in_whole_seconds_and_never_too_early() {
        let seconds = |per_minute, requests| {
            let per_minute = NonZeroU32::new(per_minute).expect("a number");
            Rate { per_minute, ..Rate::default() }.seconds(requests)
        };
        assert_eq!((seconds(12_000, 2_000), seconds(12_000, 1), seconds(12_000, 0)), (10, 1, 0));
        assert_eq!((seconds(1, 3), seconds(u32::MAX, u32::MAX)), (180, 60));
    }
}
