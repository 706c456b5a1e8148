//! What every answer has in common, whichever route gave it: an id, a time limit, headers, problems in one form.
//!
//! Outside of the routes, so that no route can forget any of it; a panic in one is an answer too.

use std::convert::Infallible;
use std::future::Future;
use std::net::IpAddr;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures::FutureExt as _;
use http::uri::Authority;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, header};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use tower::Service;
use tracing::Instrument as _;
use uuid::Uuid;

use super::cors::{Cors, Origins, is_forged};
use super::page::Page;
use super::peer::{Peer, Proxies};
use super::problem::Problem;
use super::rate::{Share, Shares};
use crate::telemetry::Metrics;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Headers of every answer. It is data: nothing in it is to be run, framed, guessed at, kept, or read by other sites. What the
/// page says otherwise counts for the page alone.
const HEADERS: [(HeaderName, HeaderValue); 5] = [
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'; sandbox"),
    ),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")),
];

/// The most bytes of a request's body.
const MAX_BODY: u64 = 64 * 1024;

/// Browsers that were here once come back by TLS alone, for a year.
const SECURE_ONLY: HeaderValue = HeaderValue::from_static("max-age=31536000");

/// What an answer has beside what the route gave.
struct Common {
    /// Of the request.
    id: String,
    /// Whether it came over TLS.
    is_secure: bool,
    /// Which page may read it.
    cors: Cors,
    /// What its client has left; none where that does not count.
    share: Option<Share>,
    /// Where it is counted if it is a refusal.
    metrics: Metrics,
}

/// What holds for every request.
pub(super) struct Rules {
    /// Whether nobody has to say who they are.
    pub(super) is_open: bool,
    /// How long an answer may take.
    pub(super) time_limit: Duration,
    /// What each client has left.
    pub(super) shares: Shares,
    /// Whose word is taken for whom they ask.
    pub(super) proxies: Proxies,
    /// Whose pages may read along.
    pub(super) origins: Origins,
    /// Where it is counted who was not let through.
    pub(super) metrics: Metrics,
}

type Body = UnsyncBoxBody<Bytes, Box<dyn std::error::Error + Send + Sync>>;

/// The routes with what every answer has in common.
#[derive(Clone)]
pub(super) struct Surface<S> {
    /// The routes.
    pub(super) routes: S,
    /// What holds for all of them.
    pub(super) rules: Arc<Rules>,
    /// The other end of this connection.
    pub(super) peer: Peer,
}

impl<S, In, Out> Service<Request<In>> for Surface<S>
where
    S: Service<Request<In>, Response = Response<Out>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
    In: Send + 'static,
    Out: BodyExt<Data = Bytes> + Send + 'static,
    Out::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request<In>) -> Self::Future {
        let id = Uuid::now_v7().to_string();
        let span = tracing::info_span!("request", request.id = id, method = %request.method(), path = request.uri().path());
        let rules = &self.rules;
        let client = rules.proxies.client(self.peer, request.headers());
        let share = (!is_probe(&request)).then(|| rules.shares.take(client.address));
        let cors = rules.origins.judge(&request);
        let metrics = rules.metrics.clone();
        let common = Common { id, is_secure: client.is_secure, cors, share, metrics };
        let routed = if let Some(wait) = share.and_then(|share| share.wait) {
            Err(Problem::TooManyRequests { wait })
        } else if is_large(&request) {
            Err(Problem::TooLarge)
        } else if is_forged(&request) {
            Err(Problem::ForeignPage)
        } else if !rules.is_open || is_ours(&request) {
            // The connection itself leaves the body out of an answer to HEAD, and keeps its length.
            if request.method() == Method::HEAD {
                *request.method_mut() = Method::GET;
            }
            request.extensions_mut().insert(client);
            Ok(self.routes.call(request))
        } else {
            Err(Problem::Misdirected)
        };
        let time_limit = rules.time_limit;
        let answering = async move {
            let routed = match routed {
                Ok(routed) => routed,
                Err(refused) => return Ok(problem(&refused, common)),
            };
            let answer = tokio::time::timeout(time_limit, AssertUnwindSafe(routed).catch_unwind()).await;
            let response = match answer {
                Ok(Ok(Ok(response))) => match response.extensions().get::<Problem>() {
                    Some(found) => problem(&found.clone(), common),
                    None => finish(response.map(|body| body.map_err(Into::into).boxed_unsync()), common),
                },
                // The panic hook has logged it, in this span.
                Ok(Err(_)) => problem(&Problem::Internal, common),
                Err(_) => {
                    tracing::warn!("unable to answer within {} s", time_limit.as_secs());
                    problem(&Problem::Timeout, common)
                }
            };
            tracing::debug!(status = response.status().as_u16(), "answered");
            Ok(response)
        };
        Box::pin(answering.instrument(span))
    }
}

/// Whether it announces more than is ever read. What comes unannounced is not read at all: the connection ends after the
/// answer.
fn is_large<B>(request: &Request<B>) -> bool {
    let length = request.headers().get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok());
    length.is_some_and(|length| length.parse().map_or(true, |length: u64| length > MAX_BODY))
}

/// Whether it is asked for what is answered always.
fn is_probe<B>(request: &Request<B>) -> bool {
    matches!(request.uri().path(), "/health" | "/health/live" | "/health/ready")
}

/// Whether the request names this machine. As long as nobody has to say who they are, a page of somebody else's whose
/// name was made to lead here (DNS rebinding) must not read along.
fn is_ours<B>(request: &Request<B>) -> bool {
    let named = match (request.uri().host(), request.headers().get(header::HOST)) {
        (Some(host), _) => host.to_owned(),
        (None, Some(host)) => match Authority::try_from(host.as_bytes()) {
            Ok(authority) => authority.host().to_owned(),
            Err(_) => return false,
        },
        // HTTP/1.0: no browser speaks it.
        (None, None) => return true,
    };
    let host = named.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback())
}

fn problem(problem: &Problem, common: Common) -> Response<Body> {
    if let Some(code) = problem.denial() {
        common.metrics.denied(code);
    }
    let (status, headers, body) = problem.answer(&common.id);
    let body = Full::new(Bytes::from(body)).map_err(|never| match never {}).boxed_unsync();
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    finish(response, common)
}

fn finish(mut response: Response<Body>, common: Common) -> Response<Body> {
    let is_page = response.extensions().get::<Page>().is_some();
    let headers: &mut HeaderMap = response.headers_mut();
    for (name, value) in HEADERS {
        if !(is_page && headers.contains_key(&name)) {
            headers.insert(name, value);
        }
    }
    if common.is_secure {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, SECURE_ONLY);
    }
    common.cors.tell(headers);
    if let Some(share) = common.share {
        share.tell(headers);
    }
    if let Ok(id) = HeaderValue::from_str(&common.id) {
        headers.insert(REQUEST_ID, id);
    }
    response
}
