//! Hosts, addresses and ranges of addresses, as documents name them.
//!
//! Names are not resolved here: what a name leads to is only known where it is used, and may change afterwards.

use core::net::IpAddr;
use std::fmt;
use std::str::FromStr;
use std::sync::LazyLock;

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
            url::Host::Domain(name) if is_host_name(&name) => Ok(Self::Name(name.into())),
            // Numbers in other bases, which resolvers take for addresses too.
            url::Host::Ipv4(address) => Ok(Self::Address(address.into())),
            _ => Err(NetworkError::Host),
        }
    }
}

/// Whether the text is a name in DNS as hosts have them, and Kubernetes takes them (RFC 1123).
pub fn is_host_name(name: &str) -> bool {
    name.len() <= 253
        && name.split('.').all(|label| {
            (1..=63).contains(&label.len())
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        })
}

impl Host {
    /// What kind of inside it leads to, if it does: nobody outside of the operator's network has such a host.
    pub fn inside(&self) -> Option<&'static str> {
        match self {
            Self::Address(address) => inside(address.to_canonical()),
            Self::Name(name) => inside_name(name),
        }
    }
}

/// Addresses that are no public host's, and what they are instead.
///
/// The last part are IPv6 addresses that have an IPv4 one in them: who translates could lead anywhere inside.
pub const INSIDE: [(&str, &str); 20] = [
    ("0.0.0.0/8", "this machine"),
    ("10.0.0.0/8", PRIVATE),
    ("100.64.0.0/10", PRIVATE),
    ("127.0.0.0/8", "this machine"),
    ("169.254.0.0/16", "the local link"),
    ("172.16.0.0/12", PRIVATE),
    ("192.0.0.0/24", PRIVATE),
    ("192.168.0.0/16", PRIVATE),
    ("198.18.0.0/15", PRIVATE),
    ("224.0.0.0/3", "no single host"),
    ("fc00::/7", PRIVATE),
    ("fe80::/10", "the local link"),
    ("fec0::/10", PRIVATE),
    ("ff00::/8", "no single host"),
    ("100::/64", "no single host"),
    ("::/96", "this machine"),
    ("64:ff9b::/96", TRANSLATED),
    ("64:ff9b:1::/48", TRANSLATED),
    ("2001::/32", TRANSLATED),
    ("2002::/16", TRANSLATED),
];

const PRIVATE: &str = "a private network";
const TRANSLATED: &str = "an IPv4 address behind a translator";

static RANGES: LazyLock<Vec<(Cidr, &str)>> = LazyLock::new(|| {
    INSIDE.iter().map(|(range, noun)| (range.parse().expect("a range of the table"), *noun)).collect()
});

/// Private names: of this machine, of the cluster, or without a domain of their own.
fn inside_name(name: &str) -> Option<&'static str> {
    let within = |suffix: &str| name == suffix || name.ends_with(&format!(".{suffix}"));
    if within("localhost") {
        Some("this machine")
    } else if within("svc") || within("pod") || within("cluster.local") || !is_below_public(name) {
        Some("the cluster")
    } else if within("internal") || within("local") {
        Some("a private network")
    } else {
        None
    }
}

/// Whether the last part can be a public top-level domain: letters only, or in punycode. Others are completed by the search
/// domains that each pod has: `vaultwarden.union-northside` is another union's server.
fn is_below_public(name: &str) -> bool {
    name.rsplit_once('.')
        .is_some_and(|(_, top)| top.starts_with("xn--") || top.bytes().all(|b| b.is_ascii_alphabetic()))
}

fn inside(address: IpAddr) -> Option<&'static str> {
    RANGES.iter().find(|(range, _)| range.contains(&address)).map(|(_, noun)| *noun)
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
                range.contains(address) || range.contains(&address.to_canonical())
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
        for wrong in ["", "smtp://acme.example", "acme.example:25", "a b", "a..b", "a_b", "-a.example"] {
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
            "::10.0.0.1",
            "64:ff9b::a00:1",
            "64:ff9b:1::a00:1",
            "2002:a00:1::",
            "192.0.0.8",
            "198.19.0.1",
            "240.0.0.1",
            "224.0.0.1",
            "localhost",
            "smtp",
            "smtp.mail.svc",
            "smtp.mail.svc.cluster.local",
            "mail.internal",
            "vaultwarden.union-northside",
            "10-0-0-1.default.pod",
        ] {
            assert!(host(inner).inside().is_some(), "{inner}");
        }
        for outer in ["192.0.2.25", "2001:db8::1", "smtp.acme.example", "svc.example", "a.xn--p1ai"] {
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
