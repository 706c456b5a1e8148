//! Pages of other sites: whom browsers let read an answer.
//!
//! Told with every answer, whatever it is, so that a page can also read why it was refused. Invariant: nobody but the listed
//! sites, and never with cookies; programs in those pages bring a key of their own.

use std::sync::Arc;

use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, header};
use url::Url;

use crate::settings::Origin;

/// What pages may ask with, beside what browsers let every page.
const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD");
const HEADERS: HeaderValue = HeaderValue::from_static("authorization, if-none-match, last-event-id");

/// What they may read of an answer, beside what browsers let every page read.
const EXPOSED: HeaderValue =
    HeaderValue::from_static("etag, ratelimit, ratelimit-policy, retry-after, x-request-id");

/// For how long a browser may remember what was asked before a request, in seconds.
const REMEMBERED: HeaderValue = HeaderValue::from_static("600");

/// What tells whose page asks, in browsers that say so.
const SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// The sites whose pages may read along. Clones share them.
#[derive(Debug, Clone, Default)]
pub(super) struct Origins(Arc<[Origin]>);

/// What is told to the browser of one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Cors {
    /// No other site may read anything, whoever asks.
    Closed,
    /// This one may not.
    Refused,
    /// A page of this site may read the answer.
    Allowed {
        /// As the browser wrote it.
        origin: HeaderValue,
        /// It asks whether it may, before it does.
        is_preflight: bool,
    },
}

impl Origins {
    /// These and no others.
    pub(super) fn new(allowed: Vec<Origin>) -> Self {
        Self(allowed.into())
    }

    /// What to tell the browser of this request.
    pub(super) fn judge<B>(&self, request: &Request<B>) -> Cors {
        if self.0.is_empty() {
            return Cors::Closed;
        }
        let headers = request.headers();
        let origin = headers.get(header::ORIGIN);
        let allowed = origin.filter(|origin| self.0.iter().any(|allowed| allowed.as_str() == *origin));
        let Some(origin) = allowed.cloned() else { return Cors::Refused };
        let is_preflight = request.method() == Method::OPTIONS
            && headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
        Cors::Allowed { origin, is_preflight }
    }
}

/// Whether a page of another site wants something done, by the browser of somebody who may know nothing of it. Whatever says who
/// asks may have been sent along by itself, and where nobody has to say it there is nothing else to go by.
pub(super) fn is_forged<B>(request: &Request<B>) -> bool {
    if matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS) {
        return false;
    }
    let headers = request.headers();
    if let Some(site) = headers.get(SITE) {
        return site != "same-origin" && site != "none";
    }
    let Some(origin) = headers.get(header::ORIGIN) else { return false };
    let origin = origin.to_str().ok().and_then(|origin| Url::parse(origin).ok());
    let host = request.uri().authority().map(ToString::to_string);
    let host = host.or_else(|| Some(headers.get(header::HOST)?.to_str().ok()?.to_owned()));
    // Each side leaves the port out where the scheme says it.
    let same = |origin: &Url, host: &str| {
        let host = Url::parse(&format!("{}://{host}", origin.scheme()));
        host.is_ok_and(|host| host.origin() == origin.origin())
    };
    !origin.zip(host).is_some_and(|(origin, host)| same(&origin, &host))
}

impl Cors {
    /// Tells it.
    pub(super) fn tell(self, headers: &mut HeaderMap) {
        if self == Self::Closed {
            return;
        }
        // Caches must not give one site's answer to another.
        headers.append(header::VARY, HeaderValue::from_static("origin"));
        let Self::Allowed { origin, is_preflight } = self else { return };
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        if is_preflight {
            headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, METHODS);
            headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HEADERS);
            headers.insert(header::ACCESS_CONTROL_MAX_AGE, REMEMBERED);
        } else {
            headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_done_for_pages_of_other_sites() {
        let forged = |method: Method, headers: &[(&str, &str)]| {
            let request = Request::builder().method(method).uri("/x").header("host", "keyforge.example");
            let request =
                headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
            is_forged(&request.body(()).expect("a request"))
        };
        for (headers, expected) in [
            (&[][..], false),
            (&[("origin", "https://keyforge.example")], false),
            (&[("origin", "https://keyforge.example:443")], false),
            (&[("origin", "https://keyforge.example:8443")], true),
            (&[("origin", "https://evil.example")], true),
            (&[("origin", "null")], true),
            (&[("sec-fetch-site", "same-origin"), ("origin", "https://behind-a-proxy.example")], false),
            (&[("sec-fetch-site", "none")], false),
            (&[("sec-fetch-site", "same-site"), ("origin", "https://keyforge.example")], true),
            (&[("sec-fetch-site", "cross-site")], true),
        ] {
            assert_eq!(forged(Method::POST, headers), expected, "{headers:?}");
            assert!(!forged(Method::GET, headers), "reading does nothing");
        }
    }
}
