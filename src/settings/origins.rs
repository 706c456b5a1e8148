//! The sites whose pages may read the API from a browser, beside those that it serves itself.

use std::fmt;
use std::str::FromStr;

use url::Url;

/// Which sites may read.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct OriginOptions {
    /// Sites whose pages may read the API from a browser, parted by commas, such as `https://keyforge.example`
    #[arg(long, env = "KEYFORGE_ALLOWED_ORIGINS", value_name = "ORIGINS", value_delimiter = ',')]
    pub allowed_origins: Vec<Origin>,
}

/// A site as browsers name it: scheme, host, and the port where it is not the usual one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin(Box<str>);

/// Why a text is no site that may be allowed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OriginError {
    /// Everybody.
    #[error("`*` would let every page read along; name the sites, such as `https://keyforge.example`")]
    Everybody,
    /// No site, or more than one.
    #[error(
        "a site has the form `https://keyforge.example` or `https://keyforge.example:8443`, without a path"
    )]
    Form,
    /// Another spelling than browsers have.
    #[error("browsers write it `{written}`")]
    Spelling {
        /// Theirs.
        written: String,
    },
    /// Whoever is in between could put pages into it.
    #[error(
        "over plain `http` anybody on the way could read along; only this machine's own pages may have it"
    )]
    Plain,
}

impl Origin {
    /// As browsers write it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Origin {
    type Err = OriginError;

    fn from_str(text: &str) -> Result<Self, OriginError> {
        if text.contains('*') {
            return Err(OriginError::Everybody);
        }
        let url = Url::parse(text).map_err(|_| OriginError::Form)?;
        let is_local = match url.host() {
            Some(url::Host::Domain(name)) => name == "localhost",
            Some(url::Host::Ipv4(address)) => address.is_loopback(),
            Some(url::Host::Ipv6(address)) => address.is_loopback(),
            None => return Err(OriginError::Form),
        };
        match url.scheme() {
            "https" => {}
            "http" if is_local => {}
            "http" => return Err(OriginError::Plain),
            _ => return Err(OriginError::Form),
        }
        let written = url.origin().ascii_serialization();
        if text == written {
            Ok(Self(written.into()))
        } else if url.path() == "/" && url.query().is_none() && url.fragment().is_none() {
            Err(OriginError::Spelling { written })
        } else {
            Err(OriginError::Form)
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_site_is_named_as_browsers_name_it_and_nobody_names_all() {
        for text in [
            "https://keyforge.example",
            "https://a.example:8443",
            "http://localhost:5173",
            "http://[::1]:3000",
        ] {
            let written = text.parse::<Origin>().map(|origin| origin.to_string());
            assert_eq!(written.as_deref(), Ok(text));
        }
        let spelt = |written: &str| Err(OriginError::Spelling { written: written.into() });
        for (text, expected) in [
            ("*", Err(OriginError::Everybody)),
            ("https://*.example", Err(OriginError::Everybody)),
            ("null", Err(OriginError::Form)),
            ("", Err(OriginError::Form)),
            ("keyforge.example", Err(OriginError::Form)),
            ("https://a.example/page", Err(OriginError::Form)),
            ("ftp://a.example", Err(OriginError::Form)),
            ("http://a.example", Err(OriginError::Plain)),
            ("https://A.example/", spelt("https://a.example")),
            ("https://a.example:443", spelt("https://a.example")),
            ("https://user@a.example", spelt("https://a.example")),
        ] {
            assert_eq!(text.parse::<Origin>(), expected, "{text}");
        }
    }
}
