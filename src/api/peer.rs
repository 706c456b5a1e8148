//! Who asks: the other end of the connection, or whom a trusted proxy there asks for.
//!
//! What limits, logs and cookies go by. Invariant: an address that a client only claims is never believed; a claim counts
//! as far as proxies of the operator's own have written it.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use http::{HeaderMap, HeaderName, HeaderValue};

use crate::network::Cidr;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// Who asks, and how. Each request carries it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Peer {
    /// From where.
    pub(super) address: IpAddr,
    /// Over TLS, all the way that is not the operator's own.
    pub(super) is_secure: bool,
}

/// The proxies that are trusted. Clones share them.
#[derive(Debug, Clone, Default)]
pub(super) struct Proxies(Arc<[Cidr]>);

impl Proxies {
    /// Those in these networks.
    pub(super) fn new(networks: Vec<Cidr>) -> Self {
        Self(networks.into())
    }

    /// Who asks by a request of this peer. Each proxy adds at the right whom it was asked by, so the last address from there
    /// that is no proxy's is the client's; what stands left of it anybody can have written.
    pub(super) fn client(&self, peer: Peer, headers: &HeaderMap) -> Peer {
        let mut client = Peer { address: peer.address.to_canonical(), ..peer };
        if !self.trust(client.address) {
            return client;
        }
        let lists = headers.get_all(FORWARDED_FOR).iter().map(|list| list.to_str().unwrap_or_default());
        let named: Vec<&str> = lists.flat_map(|list| list.split(',')).collect();
        for named in named.into_iter().rev() {
            let Some(address) = address(named.trim()) else { break };
            client.address = address;
            if !self.trust(address) {
                break;
            }
        }
        if let Some(scheme) = headers.get_all(FORWARDED_PROTO).iter().next_back().map(HeaderValue::as_bytes) {
            let last = scheme.rsplit(|byte| *byte == b',').next().unwrap_or_default();
            client.is_secure = last.trim_ascii().eq_ignore_ascii_case(b"https");
        }
        client
    }

    /// Whether it is one of them.
    pub(super) fn trust(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }
}

/// Some proxies write the port too.
fn address(text: &str) -> Option<IpAddr> {
    let address = text.parse().or_else(|_| text.parse().map(|socket: SocketAddr| socket.ip()));
    address.ok().map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(peer: &str, headers: &[(HeaderName, &str)]) -> String {
        let networks = ["10.0.0.0/8", "2001:db8::/32"].map(|network| network.parse().expect("a network"));
        let proxies = Proxies::new(networks.into());
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(name, HeaderValue::from_bytes(value.as_bytes()).expect("a value"));
        }
        let peer = Peer { address: peer.parse().expect("an address"), is_secure: false };
        let client = proxies.client(peer, &map);
        format!("{} {}", client.address, if client.is_secure { "secure" } else { "plain" })
    }

    #[test]
    fn only_a_trusted_proxy_is_believed_and_only_as_far_as_proxies_wrote_it() {
        let asked_for = |list| [(FORWARDED_FOR, list), (FORWARDED_PROTO, "https")];
        assert_eq!(client("192.0.2.1", &asked_for("198.51.100.7")), "192.0.2.1 plain");
        assert_eq!(client("10.0.0.1", &asked_for("198.51.100.7")), "198.51.100.7 secure");
        assert_eq!(client("::ffff:10.0.0.1", &asked_for("::ffff:198.51.100.7")), "198.51.100.7 secure");
        // What the client itself wrote stands left of its own address.
        assert_eq!(client("10.0.0.1", &asked_for("127.0.0.1, 198.51.100.7")), "198.51.100.7 secure");
        assert_eq!(client("10.0.0.1", &asked_for("127.0.0.1, 198.51.100.7,10.0.0.2")), "198.51.100.7 secure");
        assert_eq!(client("2001:db8::1", &asked_for("[2001:db9::7]:443")), "2001:db9::7 secure");
        assert_eq!(client("10.0.0.1", &asked_for("198.51.100.7:4711")), "198.51.100.7 secure");
        // Nobody outside: a proxy itself asks, or one that does not say for whom.
        assert_eq!(client("10.0.0.1", &asked_for("10.0.0.3, 10.0.0.2")), "10.0.0.3 secure");
        for nothing in ["", "unknown", "127.0.0.1, unknown", "127.0.0.1, \u{e9}", "127.0.0.1,"] {
            assert_eq!(client("10.0.0.1", &asked_for(nothing)), "10.0.0.1 secure", "{nothing}");
        }
        let two =
            [(FORWARDED_FOR, "127.0.0.1"), (FORWARDED_FOR, "198.51.100.7"), (FORWARDED_PROTO, "https, http")];
        assert_eq!(client("10.0.0.1", &two), "198.51.100.7 plain");
        assert_eq!(client("10.0.0.1", &[]), "10.0.0.1 plain");
    }
}
