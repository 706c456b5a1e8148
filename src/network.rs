//! Hosts, addresses and ranges of addresses, as documents name them.
//!
//! Names are not resolved here: what a name leads to is only known where it is used, and may change afterwards.

use core::net::{IpAddr, Ipv4Addr};
use std::fmt;
use std::str::FromStr;

use ipnet::IpNet;
use serde_with::{DeserializeFromStr, SerializeDisplay};

/// A range of addresses, such as `203.0.113.0/24`; the bits after the prefix are zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, DeserializeFromStr, SerializeDisplay)]
pub struct Cidr(IpNet);

/// A host name in its one spelling (lower case, punycode, no trailing dot), or an address.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, DeserializeFromStr, SerializeDisplay)]
pub enum Host {
    /// For example `smtp.acme.example`.
    Name(Box<str>),
    /// For example `192.0.2.25`.
    Address(IpAddr),
}

/// Why a text is no range or host.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NetworkError {
    /// No range.
    #[error("a range of addresses has the form `203.0.113.0/24` or `2001:db8::/32`")]
    Range,
    /// Bits after the prefix, which are ignored by some readers and refused by others.
    #[error("a range starts at its first address, which is `{first}`")]
    NotFirst {
        /// The same range as it should be written.
        first: Cidr,
    },
    /// No host.
    #[error("a host is a name such as `smtp.acme.example` or an address, without a scheme or port")]
    Host,
    /// No URL of a service.
    #[error("an endpoint is a URL such as `https://s3.example.org`, without a user, query or fragment")]
    Endpoint,
    /// No URL of an OpenID Connect provider.
    #[error(
        "an authority is an `https` URL such as `https://id.example.org/realms/acme`, without a user, query or fragment"
    )]
    Authority,
}

impl Cidr {
    /// Whether the address lies in it.
    pub fn contains(&self, address: &IpAddr) -> bool {
        self.0.contains(address)
    }
}

impl FromStr for Cidr {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, NetworkError> {
        let net: IpNet = text.parse().map_err(|_| NetworkError::Range)?;
        let first = Self(net.trunc());
        if first.0 == net { Ok(first) } else { Err(NetworkError::NotFirst { first }) }
    }
}

impl FromStr for Host {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, NetworkError> {
        let address = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
        if let Ok(address) = address.parse::<IpAddr>() {
            return Ok(Self::Address(address));
        }
        match url::Host::parse(text.trim_end_matches('.')).map_err(|_| NetworkError::Host)? {
            url::Host::Domain(name) if is_name(&name) => Ok(Self::Name(name.into())),
            // Numbers in other bases, which resolvers take for addresses too.
            url::Host::Ipv4(address) => Ok(Self::Address(address.into())),
            _ => Err(NetworkError::Host),
        }
    }
}

fn is_name(name: &str) -> bool {
    name.len() <= 253
        && name.split('.').all(|label| {
            (1..=63).contains(&label.len())
                && label.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
        })
}

impl Host {
    /// What kind of inside it leads to, if it does: nobody outside of the operator's network has such a host.
    pub fn inside(&self) -> Option<&'static str> {
        match self {
            Self::Address(address) => inside(canonical(*address)),
            Self::Name(name) => inside_name(name),
        }
    }
}

/// Private names: of this machine, of the cluster, or without a domain of their own.
fn inside_name(name: &str) -> Option<&'static str> {
    let within = |suffix: &str| name == suffix || name.ends_with(&format!(".{suffix}"));
    if within("localhost") {
        Some("this machine")
    } else if within("svc") || within("cluster.local") || !name.contains('.') {
        Some("the cluster")
    } else if within("internal") || within("local") {
        Some("a private network")
    } else {
        None
    }
}

/// An IPv4 address that is written inside of an IPv6 one is that IPv4 address.
fn canonical(address: IpAddr) -> IpAddr {
    let IpAddr::V6(v6) = address else { return address };
    if let Some(v4) = v6.to_ipv4_mapped() {
        return v4.into();
    }
    match v6.segments() {
        // NAT64.
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            let [a, b] = high.to_be_bytes();
            let [c, d] = low.to_be_bytes();
            IpAddr::from([a, b, c, d])
        }
        _ => address,
    }
}

fn inside(address: IpAddr) -> Option<&'static str> {
    let shared = |v4: Ipv4Addr| matches!(v4.octets(), [100, 64..=127, ..]);
    match address {
        IpAddr::V4(v4) if v4.is_loopback() || v4.is_unspecified() || v4.octets()[0] == 0 => {
            Some("this machine")
        }
        IpAddr::V4(v4) if v4.is_link_local() => Some("the local link"),
        IpAddr::V4(v4) if v4.is_private() || shared(v4) => Some("a private network"),
        IpAddr::V4(v4) if v4.is_multicast() || v4.octets()[0] >= 240 => Some("no single host"),
        IpAddr::V6(v6) if v6.is_loopback() || v6.is_unspecified() => Some("this machine"),
        IpAddr::V6(v6) if v6.is_unicast_link_local() => Some("the local link"),
        IpAddr::V6(v6) if v6.is_unique_local() => Some("a private network"),
        IpAddr::V6(v6) if v6.is_multicast() => Some("no single host"),
        _ => None,
    }
}

/// What limits allow: a range of addresses, or a host name with the names below it.
#[derive(Debug, Clone, PartialEq, Eq, DeserializeFromStr, SerializeDisplay)]
pub enum Destination {
    /// All addresses of it.
    Range(Cidr),
    /// This host, and for a name also what is below it.
    Host(Host),
}

impl Destination {
    /// Whether it covers the host.
    pub fn covers(&self, host: &Host) -> bool {
        match (self, host) {
            (Self::Range(range), Host::Address(address)) => {
                range.contains(address) || range.contains(&canonical(*address))
            }
            (Self::Host(Host::Name(name)), Host::Name(found)) => {
                found == name || found.strip_suffix(&**name).is_some_and(|rest| rest.ends_with('.'))
            }
            (Self::Host(allowed), found) => allowed == found,
            (Self::Range(_), Host::Name(_)) => false,
        }
    }
}

impl FromStr for Destination {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, NetworkError> {
        if text.contains('/') { text.parse().map(Self::Range) } else { text.parse().map(Self::Host) }
    }
}

/// An `http` or `https` URL of a service, without a user, query or fragment.
#[derive(Debug, Clone, PartialEq, Eq, DeserializeFromStr, SerializeDisplay)]
pub struct Endpoint {
    url: url::Url,
    host: Host,
}

impl Endpoint {
    /// The host, for limits.
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// The port, by its scheme where none is written.
    pub fn port(&self) -> u16 {
        self.url.port_or_known_default().unwrap_or(443)
    }

    /// Whether it has a path: a service that is one, and no part of one, has none.
    pub fn has_path(&self) -> bool {
        self.url.path() != "/"
    }
}

impl FromStr for Endpoint {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, NetworkError> {
        let url = url::Url::parse(text).map_err(|_| NetworkError::Endpoint)?;
        let plain = url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none();
        let host = url.host_str().and_then(|host| host.parse().ok());
        match host {
            Some(host) if plain && matches!(url.scheme(), "http" | "https") => Ok(Self { url, host }),
            _ => Err(NetworkError::Endpoint),
        }
    }
}

/// The `https` URL of an OpenID Connect provider, as its provider writes it: a slash at the end counts.
#[derive(Debug, Clone, PartialEq, Eq, DeserializeFromStr, SerializeDisplay)]
pub struct Authority {
    text: Box<str>,
    endpoint: Endpoint,
}

impl Authority {
    /// Where it is.
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }
}

impl FromStr for Authority {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, NetworkError> {
        let endpoint: Endpoint = text.parse().map_err(|_| NetworkError::Authority)?;
        if endpoint.url.scheme() == "https" {
            Ok(Self { text: text.into(), endpoint })
        } else {
            Err(NetworkError::Authority)
        }
    }
}

impl fmt::Display for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.url.as_str().trim_end_matches('/'))
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Address(address) => address.fmt(f),
        }
    }
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Range(range) => range.fmt(f),
            Self::Host(host) => host.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(text: &str) -> Host {
        text.parse().expect("a host")
    }

    #[test]
    fn a_range_starts_at_its_first_address() {
        assert_eq!("203.0.113.0/24".parse::<Cidr>().map(|c| c.to_string()), Ok("203.0.113.0/24".into()));
        let error = |text: &str| text.parse::<Cidr>().err().map(|error| error.to_string());
        assert_eq!(
            error("203.0.113.9/24").as_deref(),
            Some("a range starts at its first address, which is `203.0.113.0/24`")
        );
        for wrong in ["203.0.113.0", "203.0.113.0/33", "example.org/24"] {
            assert_eq!(wrong.parse::<Cidr>(), Err(NetworkError::Range), "{wrong}");
        }
    }

    #[test]
    fn spellings_of_one_host_are_one_host() {
        assert_eq!(host("SMTP.Acme.Example."), host("smtp.acme.example"));
        assert_eq!(host("[2001:db8::1]"), host("2001:db8::1"));
        // What resolvers take for 127.0.0.1.
        assert_eq!(host("0x7f.1"), host("127.0.0.1"));
        for wrong in ["", "smtp://acme.example", "acme.example:25", "a b", "a..b"] {
            assert_eq!(wrong.parse::<Host>(), Err(NetworkError::Host), "{wrong}");
        }
    }

    #[test]
    fn what_leads_inside_is_known_by_its_address_or_name() {
        for inner in [
            "10.1.2.3",
            "192.168.0.1",
            "172.16.0.1",
            "100.64.0.1",
            "169.254.169.254",
            "127.0.0.1",
            "0.0.0.0",
            "::1",
            "fd00::1",
            "fe80::1",
            "::ffff:10.0.0.1",
            "64:ff9b::a00:1",
            "224.0.0.1",
            "localhost",
            "smtp",
            "smtp.mail.svc",
            "smtp.mail.svc.cluster.local",
            "mail.internal",
        ] {
            assert!(host(inner).inside().is_some(), "{inner}");
        }
        for outer in ["192.0.2.25", "2001:db8::1", "smtp.acme.example", "svc.example"] {
            assert_eq!(host(outer).inside(), None, "{outer}");
        }
    }

    #[test]
    fn a_destination_covers_addresses_of_its_range_and_names_below_its_name() {
        let covers = |allowed: &str, found: &str| {
            allowed.parse::<Destination>().expect("a destination").covers(&host(found))
        };
        assert!(covers("10.0.0.0/8", "10.1.2.3"));
        assert!(covers("10.0.0.0/8", "::ffff:10.1.2.3"));
        assert!(!covers("10.0.0.0/8", "11.1.2.3"));
        assert!(covers("10.1.2.3", "10.1.2.3"));
        assert!(covers("mail.svc", "smtp.mail.svc"));
        assert!(!covers("mail.svc", "evilmail.svc"));
    }
}
