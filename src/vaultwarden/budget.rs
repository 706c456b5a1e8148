//! Our own limit in front of the server's: what the server counts is never used up by us.
//!
//! The server's limiters are per address, and all replicas may come from one, as may members behind a proxy. Each of three
//! replicas that restart within a minute has a third of what the server allows, and a restart of ours resets ours alone.

use std::sync::Mutex;
use std::time::Duration;

use tokio::time::Instant;

/// A number of tries, and how long until one of them comes back.
pub(super) struct Budget {
    burst: u32,
    period: Duration,
    /// When each try that was taken comes back.
    taken: Mutex<Vec<Instant>>,
}

impl Budget {
    pub(super) const fn new(burst: u32, period: Duration) -> Self {
        Self { burst, period, taken: Mutex::new(Vec::new()) }
    }

    /// Takes a try, or says how long it is until there is one.
    pub(super) fn take(&self) -> Result<(), Duration> {
        let now = Instant::now();
        let mut taken = self.taken.lock().expect("nobody panics with it");
        taken.retain(|back| *back > now);
        if taken.len() < self.burst as usize {
            // One after the other, as the server gives them back.
            let after = taken.last().copied().unwrap_or(now);
            taken.push(after + self.period);
            return Ok(());
        }
        Err(taken.first().map_or(self.period, |back| *back - now))
    }

    /// Gives back the try that was taken last, which the server did not count.
    pub(super) fn give_back(&self) {
        self.taken.lock().expect("nobody panics with it").pop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn tries_come_back_one_after_the_other() {
        let budget = Budget::new(3, Duration::from_secs(60));
        assert!((0..3).all(|_| budget.take().is_ok()));
        assert_eq!(budget.take(), Err(Duration::from_secs(60)));
        tokio::time::advance(Duration::from_secs(61)).await;
        assert_eq!(budget.take(), Ok(()));
        assert_eq!(budget.take(), Err(Duration::from_secs(59)));
        budget.give_back();
        assert_eq!(budget.take(), Ok(()));
    }
}
