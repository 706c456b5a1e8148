//! Addresses that were wrong too often, or began something too often, and how long they wait.
//!
//! Keys cannot be guessed; this keeps who tries from keeping the database busy. Invariant: it holds a bounded number of
//! addresses, and forgets each after a while.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::time::{Duration, Instant};

/// How often an address may be wrong within [`WINDOW`], where nothing else is said.
const FREE: u32 = 10;

/// From the first failure on; then all is forgotten.
const WINDOW: Duration = Duration::from_secs(60);

/// How many addresses are looked after. Of more, those that came first are.
const ADDRESSES: usize = 10_000;

/// Counts failures.
#[derive(Debug)]
pub(super) struct Throttle {
    free: u32,
    counted: HashMap<IpAddr, (Instant, u32)>,
}

impl Default for Throttle {
    fn default() -> Self {
        Self::after(FREE)
    }
}

impl Throttle {
    /// Lets so many pass.
    pub(super) fn after(free: u32) -> Self {
        Self { free, counted: HashMap::new() }
    }

    /// How long this address has to wait, if it was wrong too often.
    pub(super) fn wait(&self, address: IpAddr, now: Instant) -> Option<Duration> {
        let (since, failures) = self.counted.get(&network(address))?;
        let rest = WINDOW.checked_sub(now.duration_since(*since))?;
        (*failures >= self.free && !rest.is_zero()).then_some(rest)
    }

    /// It was wrong once more.
    pub(super) fn failed(&mut self, address: IpAddr, now: Instant) {
        let is_over = |since: Instant| now.duration_since(since) >= WINDOW;
        if self.counted.len() >= ADDRESSES {
            self.counted.retain(|_, (since, _)| !is_over(*since));
        }
        let network = network(address);
        if self.counted.len() >= ADDRESSES && !self.counted.contains_key(&network) {
            return;
        }
        let (since, failures) = self.counted.entry(network).or_insert((now, 0));
        if is_over(*since) {
            (*since, *failures) = (now, 0);
        }
        *failures = failures.saturating_add(1);
    }
}

/// One address, or all that one household has of IPv6.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn who_was_wrong_ten_times_waits_for_the_rest_of_a_minute() {
        let (mut throttle, now) = (Throttle::default(), Instant::now());
        let (wrong, other) = (address("192.0.2.1"), address("192.0.2.2"));
        for _ in 0..FREE {
            assert_eq!(throttle.wait(wrong, now), None);
            throttle.failed(wrong, now);
        }
        let later = now + Duration::from_secs(20);
        assert_eq!(throttle.wait(wrong, later), Some(Duration::from_secs(40)));
        assert_eq!(throttle.wait(other, later), None);
        assert_eq!(throttle.wait(wrong, now + WINDOW), None);
        throttle.failed(wrong, now + WINDOW);
        assert_eq!(throttle.wait(wrong, now + WINDOW), None, "it counts anew");
    }

    #[test]
    fn another_number_may_be_free() {
        let (mut throttle, now) = (Throttle::after(1), Instant::now());
        throttle.failed(address("192.0.2.1"), now);
        assert_eq!(throttle.wait(address("192.0.2.1"), now), Some(WINDOW));
    }

    #[test]
    fn a_network_of_ipv6_is_one_address_and_an_address_of_ipv4_is_itself_in_either_form() {
        assert_eq!(network(address("2001:db8::1")), network(address("2001:db8::ffff:2")));
        assert_ne!(network(address("2001:db8::1")), network(address("2001:db8:0:1::1")));
        assert_eq!(network(address("::ffff:192.0.2.1")), address("192.0.2.1"));
    }

    #[test]
    fn addresses_that_are_kept_are_bounded() {
        let (mut throttle, now) = (Throttle::default(), Instant::now());
        for number in 0..u32::try_from(ADDRESSES).expect("a number") + 10 {
            throttle.failed(std::net::Ipv4Addr::from(number).into(), now);
        }
        assert_eq!(throttle.counted.len(), ADDRESSES);
        throttle.failed(address("192.0.2.1"), now + WINDOW);
        assert_eq!(throttle.counted.len(), 1, "those that are over make room");
    }
}
