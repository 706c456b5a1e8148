//! The URL that members of a union use, parsed once.
//!
//! Two unions must not share a host: a browser would treat them as one origin's neighbours (decisions.md 2). So the
//! host is kept in the one spelling that the URL standard gives it: lower case, punycode, no trailing dot.

use std::fmt;
use std::str::FromStr;

use serde_with::{DeserializeFromStr, SerializeDisplay};

use crate::network::is_host_name;

/// An `https` URL without query and fragment; `http` only for `localhost` and names under it. Host and path are such that
/// an Ingress, an HTTPRoute and a proxy's configuration hold them as they are.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, DeserializeFromStr, SerializeDisplay)]
pub struct Domain {
    url: url::Url,
    host: String,
}

/// Why a text is no domain.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DomainError {
    /// Not a URL.
    #[error("a domain is a URL such as `https://vault.example.org`")]
    Url,
    /// Another scheme than `https`.
    #[error("a domain starts with `https://` (`http://` is for `localhost` only)")]
    Scheme,
    /// An address instead of a name.
    #[error("a domain has a host name, not an address")]
    Address,
    /// A host that is no name in DNS: also a wildcard, which would be the host of other unions too.
    #[error(
        "the host of a domain has parts of `a` to `z`, `0` to `9` and `-`, each of at most 63, without a `-` at its ends"
    )]
    Host,
    /// A port to which nobody can connect.
    #[error("the port of a domain is 1 to 65535")]
    Port,
    /// A path that servers and proxies read in different ways.
    #[error(
        "the path of a domain has letters, digits, `.`, `_`, `~` and `-` between single `/`, and no part is `.` or `..`"
    )]
    Path,
    /// Something after the path, or a user in front of the host.
    #[error("a domain has no user, query or fragment")]
    Extra,
}

impl Domain {
    /// The host in its one spelling, for example `vault.example.org`.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The path without a slash at its end: empty, or for example `/vault`.
    pub fn path(&self) -> &str {
        self.url.path().trim_end_matches('/')
    }

    /// The port that members connect to.
    pub fn port(&self) -> u16 {
        // The URL standard knows the port of both schemes that a domain may have.
        self.url.port_or_known_default().unwrap_or(443)
    }

    /// Whether members come by TLS.
    pub fn is_https(&self) -> bool {
        self.url.scheme() == "https"
    }
}

impl FromStr for Domain {
    type Err = DomainError;

    fn from_str(text: &str) -> Result<Self, DomainError> {
        // What the URL standard silently leaves out or takes for a `/`.
        if text.contains(|c: char| c.is_whitespace() || c.is_control() || c == '\\') {
            return Err(DomainError::Url);
        }
        let mut url = url::Url::parse(text).map_err(|_| DomainError::Url)?;
        let Some(url::Host::Domain(host)) = url.host() else {
            return Err(if url.host().is_some() { DomainError::Address } else { DomainError::Url });
        };
        let host = host.trim_end_matches('.').to_owned();
        if host.is_empty() {
            return Err(DomainError::Url);
        }
        let local = host == "localhost" || host.ends_with(".localhost");
        if url.scheme() != "https" && !(url.scheme() == "http" && local) {
            return Err(DomainError::Scheme);
        }
        if !url.username().is_empty()
            || url.password().is_some()
            || url.query().is_some()
            || url.fragment().is_some()
        {
            return Err(DomainError::Extra);
        }
        if !is_host_name(&host) {
            return Err(DomainError::Host);
        }
        if url.port() == Some(0) {
            return Err(DomainError::Port);
        }
        // As it was written: the parsed one has no `..` any more.
        if !is_plain(text.splitn(4, '/').nth(3).unwrap_or_default()) {
            return Err(DomainError::Path);
        }
        url.set_host(Some(&host)).map_err(|_| DomainError::Url)?;
        Ok(Self { url, host })
    }
}

/// The path after its first `/`; one at its end is no part of it.
fn is_plain(path: &str) -> bool {
    let is_part = |part: &str| {
        !matches!(part, "" | "." | "..")
            && part.chars().all(|c| c.is_ascii_alphanumeric() || "._~-".contains(c))
    };
    path.is_empty() || path.strip_suffix('/').unwrap_or(path).split('/').all(is_part)
}

impl fmt::Display for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.url.as_str().trim_end_matches('/'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_host_are_one_host() {
        for text in
            ["https://Vault.Example.org", "https://vault.example.org./", "https://vault.example.org:8443/a/"]
        {
            assert_eq!(
                text.parse::<Domain>().map(|d| d.host().to_owned()),
                Ok("vault.example.org".into()),
                "{text}"
            );
        }
        assert_eq!(
            "https://bücher.example".parse::<Domain>().map(|d| d.host().to_owned()),
            Ok("xn--bcher-kva.example".into())
        );
    }

    #[test]
    fn a_domain_is_an_https_url_with_a_name() {
        let error = |text: &str| text.parse::<Domain>().err();
        assert_eq!(error("vault.example.org"), Some(DomainError::Url));
        assert_eq!(error("http://vault.example.org"), Some(DomainError::Scheme));
        assert_eq!(error("https://192.0.2.1"), Some(DomainError::Address));
        assert_eq!(error("https://vault.example.org/?a=b"), Some(DomainError::Extra));
        assert_eq!(error("http://acme.localhost:8080/v"), None);
        assert_eq!(error("https://acme.example/vault-2/a.b_c~d/"), None);
    }

    #[test]
    fn a_domain_is_one_that_an_ingress_takes() {
        let error = |text: &str| text.parse::<Domain>().err();
        let long = "a".repeat(64);
        for host in [
            "*",
            "*.acme.example",
            "a!b.example",
            "-a.example",
            "a-.example",
            "vault_x.example",
            &format!("{long}.example"),
        ] {
            assert_eq!(error(&format!("https://{host}")), Some(DomainError::Host), "{host}");
        }
        assert_eq!(error("https://a..b.example"), Some(DomainError::Host));
        assert_eq!(error("https://a.example:0"), Some(DomainError::Port));
        for path in ["/x", "..%2f", "../x", "x/(.*)", "a$b;c", "a/./b", "a//", "é", "a%20b"] {
            assert_eq!(error(&format!("https://a.example/{path}")), Some(DomainError::Path), "{path}");
        }
        for text in ["https:\\\\a.example\\x", "https://a.exa\nmple"] {
            assert_eq!(error(text), Some(DomainError::Url), "{text}");
        }
    }
}
