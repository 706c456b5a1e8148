//! Addresses that were wrong too often, or began something too often, and how long they wait; and which credentials need not.
//!
//! Keys cannot be guessed; this keeps who tries from keeping the database busy. Invariant: it holds a bounded number of
//! addresses, and forgets each after a while.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::time::{Duration, Instant};

use crate::digest::Digest;

/// How often an address may be wrong within [`WINDOW`], where nothing else is said.
const FREE: u32 = 10;

/// From the first failure on; then all is forgotten.
const WINDOW: Duration = Duration::from_secs(60);

/// How long a credential that counted is remembered.
const REMEMBERED: Duration = Duration::from_secs(60 * 60);

/// How many addresses, and how many credentials, are looked after. Of more, those that came first are.
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
        let network = network(address);
        // All are looked at only for one that is new.
        if self.counted.len() >= ADDRESSES && !self.counted.contains_key(&network) {
            self.counted.retain(|_, (since, _)| !is_over(*since));
            if self.counted.len() >= ADDRESSES {
                return;
            }
        }
        let (since, failures) = self.counted.entry(network).or_insert((now, 0));
        if is_over(*since) {
            (*since, *failures) = (now, 0);
        }
        *failures = failures.saturating_add(1);
    }
}

/// Credentials that have counted, so that one which does is not refused because of whom it shares an address with.
#[derive(Debug, Default)]
pub(super) struct Sound {
    seen: HashMap<Digest, Instant>,
}

impl Sound {
    /// It counts.
    pub(super) fn remember(&mut self, credential: Digest, now: Instant) {
        // All are looked at only for one that is new.
        if self.seen.len() >= ADDRESSES && !self.seen.contains_key(&credential) {
            self.seen.retain(|_, since| now.duration_since(*since) < REMEMBERED);
            if self.seen.len() >= ADDRESSES {
                return;
            }
        }
        self.seen.insert(credential, now);
    }

    /// It counts no more.
    pub(super) fn forget(&mut self, credential: &Digest) {
        self.seen.remove(credential);
    }

    /// Whether it counted a while ago; whether it does is looked up each time.
    pub(super) fn has(&self, credential: &Digest, now: Instant) -> bool {
        self.seen.get(credential).is_some_and(|since| now.duration_since(*since) < REMEMBERED)
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
    fn credentials_that_counted_are_remembered_for_an_hour_and_are_bounded() {
        let (mut sound, now) = (Sound::default(), Instant::now());
        for number in 0..ADDRESSES + 10 {
            sound.remember(Digest::of(number.to_string()), now);
        }
        assert_eq!(sound.seen.len(), ADDRESSES);
        let (first, late) = (Digest::of("0"), Digest::of((ADDRESSES + 5).to_string()));
        assert!(sound.has(&first, now) && !sound.has(&late, now));
        assert!(!sound.has(&first, now + REMEMBERED));
        sound.remember(late, now + REMEMBERED);
        assert_eq!(sound.seen.len(), 1, "those that are over make room");
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
