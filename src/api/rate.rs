//! How many requests one client may make: told with every answer, refused above.
//!
//! Apart from the routes, since what is refused must cost nothing. Invariant: what probes ask is always answered; whoever
//! is told no there restarts the daemon.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use governor::clock::{Clock as _, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::DefaultKeyedStateStore;
use governor::{Quota, RateLimiter};
use http::{HeaderMap, HeaderName, HeaderValue};
use ipnet::IpNet;

use crate::settings::Rate;

const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const LEFT: HeaderName = HeaderName::from_static("ratelimit");

/// Of an IPv6 address this is what one client has to itself.
const OWN_NETWORK: u8 = 64;

/// What each client has left. Clones share it.
#[derive(Clone)]
pub(super) struct Shares {
    rate: Rate,
    limiter: Arc<RateLimiter<IpNet, DefaultKeyedStateStore<IpNet>, DefaultClock, StateInformationMiddleware>>,
}

/// What one client has left, after this request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Share {
    rate: Rate,
    left: u32,
    /// It had none: how long until it has one.
    pub(super) wait: Option<Duration>,
}

impl Shares {
    /// As much as that for everybody.
    pub(super) fn new(rate: Rate) -> Self {
        let quota = Quota::per_minute(rate.per_minute).allow_burst(rate.burst);
        let limiter = RateLimiter::keyed(quota).with_middleware::<StateInformationMiddleware>();
        Self { rate, limiter: Arc::new(limiter) }
    }

    /// Takes one request of the client at this address.
    pub(super) fn take(&self, address: IpAddr) -> Share {
        let rate = self.rate;
        match self.limiter.check_key(&client(address)) {
            Ok(taken) => Share { rate, left: taken.remaining_burst_capacity(), wait: None },
            Err(refused) => {
                let wait = refused.wait_time_from(self.limiter.clock().now());
                Share { rate, left: 0, wait: Some(wait) }
            }
        }
    }

    /// Forgets whose share is whole again.
    pub(super) fn tidy(&self) {
        self.limiter.retain_recent();
        self.limiter.shrink_to_fit();
    }
}

/// Who is taken for one client.
pub(super) fn client(address: IpAddr) -> IpNet {
    let address = address.to_canonical();
    let network = match address {
        IpAddr::V4(_) => IpNet::from(address),
        IpAddr::V6(_) => IpNet::new(address, OWN_NETWORK).unwrap_or_else(|_| IpNet::from(address)),
    };
    network.trunc()
}

impl Share {
    /// Tells it (draft-ietf-httpapi-ratelimit-headers-07).
    pub(super) fn tell(self, headers: &mut HeaderMap) {
        let Self { rate, left, .. } = self;
        let burst = rate.burst.get();
        let (window, reset) = (rate.seconds(burst), rate.seconds(burst.saturating_sub(left)));
        let told = [
            (POLICY, format!("{burst};w={window}")),
            (LEFT, format!("limit={burst}, remaining={left}, reset={reset}")),
        ];
        for (name, value) in told {
            if let Ok(value) = HeaderValue::from_str(&value) {
                headers.insert(name, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_is_an_address_or_the_network_that_a_house_has_to_itself() {
        let client = |address: &str| client(address.parse().expect("an address")).to_string();
        assert_eq!(client("192.0.2.1"), "192.0.2.1/32");
        assert_eq!(client("::ffff:192.0.2.1"), "192.0.2.1/32");
        assert_eq!(client("2001:db8:1:2:3::4"), "2001:db8:1:2::/64");
    }
}
