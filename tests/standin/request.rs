//! One request as its routes read it.

use std::net::IpAddr;

use bytes::Bytes;
use http::request::Parts;
use http::{Method, StatusCode, header};
use serde::de::DeserializeOwned;
use serde_json::error::Category;

use crate::answer::Refusal;
use crate::config::Config;

pub(crate) struct Request {
    pub(crate) head: Parts,
    pub(crate) body: Bytes,
    pub(crate) peer: IpAddr,
}

impl Request {
    /// What answers GET answers HEAD; hyper leaves the body out.
    pub(crate) fn verb(&self) -> &str {
        if self.head.method == Method::HEAD { "GET" } else { self.head.method.as_str() }
    }

    pub(crate) fn path(&self) -> &str {
        self.head.uri.path()
    }

    pub(crate) fn header(&self, name: impl header::AsHeaderName) -> Option<&str> {
        self.head.headers.get(name)?.to_str().ok()
    }

    pub(crate) fn query(&self, name: &str) -> Option<String> {
        pairs(self.head.uri.query().unwrap_or_default().as_bytes(), name)
    }

    /// A field of a form, whose name may be written in any case and with or without underscores.
    pub(crate) fn field(&self, name: &str) -> Option<String> {
        pairs(&self.body, name)
    }

    /// A body that is no JSON is 400, one that lacks a field 422.
    pub(crate) fn json<T: DeserializeOwned>(&self) -> Result<T, Refusal> {
        serde_json::from_slice(&self.body).map_err(|error| {
            Refusal::Plain(match error.classify() {
                Category::Data => StatusCode::UNPROCESSABLE_ENTITY,
                _ => StatusCode::BAD_REQUEST,
            })
        })
    }

    /// Whether a program asks, which gets even the refusals of the outer door as JSON.
    pub(crate) fn is_program(&self) -> bool {
        self.header(header::ACCEPT).is_some_and(|accept| accept.starts_with("application/json"))
    }

    pub(crate) fn has_json(&self) -> bool {
        self.header(header::CONTENT_TYPE).is_some_and(|kind| kind.starts_with("application/json"))
    }

    pub(crate) fn cookie(&self, name: &str) -> Option<&str> {
        let cookies = self.header(header::COOKIE)?.split(';');
        cookies.filter_map(|cookie| cookie.trim().split_once('=')).find(|(known, _)| *known == name)?.1.into()
    }

    /// Who is limited: the peer, or whom a proxy near by says that it speaks for.
    pub(crate) fn client(&self, config: &Config) -> IpAddr {
        let near = match self.peer {
            IpAddr::V4(peer) => peer.is_loopback() || peer.is_private() || peer.is_link_local(),
            IpAddr::V6(peer) => peer.is_loopback(),
        };
        let trusted = match config.text("ip_header_trusted_proxies").as_str() {
            "local" => near,
            "all" => true,
            // Which addresses the real server would trust is nothing that Keyforge relies on.
            _ => false,
        };
        let header = config.text("ip_header");
        let said =
            if trusted && header.to_lowercase() != "none" { self.header(header.as_str()) } else { None };
        said.and_then(|said| said.split(',').next()?.trim().parse().ok()).unwrap_or(self.peer)
    }
}

fn pairs(form: &[u8], name: &str) -> Option<String> {
    let plain = |name: &str| name.replace('_', "").to_lowercase();
    url::form_urlencoded::parse(form)
        .find(|(known, _)| plain(known) == plain(name))
        .map(|(_, value)| value.into_owned())
}
