//! One call to the server: bounded in time and size, few at once, its failure typed.
//!
//! HTTP/1.1 over whatever `Dial` opens, with connections kept between calls. Invariant: no redirect is followed, no body
//! comes into an error, and nothing that was sent is sent again.

use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE, HOST, USER_AGENT};
use http::{HeaderMap, Method, StatusCode};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::Body as _;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::Semaphore;

use super::dial::{Dial, DialError};
use super::error::{Call, Error, one_line};
use crate::domain::Domain;
use crate::ids::FencingToken;
use crate::redacted::Redacted;

/// How long a call may take with all that it needs (its turn, log-ins, and the questions why it failed): a sixth of a
/// worker's lease, so that no write outlives it (decisions.md 1.13).
pub const CALL_TIMEOUT: Duration = Duration::from_secs(10);

/// How long the questions may take that tell why a call failed.
const DIAGNOSIS: Duration = Duration::from_secs(2);

/// How long is waited for what was asked.
const ANSWER: Duration = Duration::from_secs(8);

/// The largest answer that is read: a society of some thousand items.
const LARGEST: usize = 32 << 20;

/// The client whose behaviour ours was compared with. Without a version the server leaves items of newer kinds out.
const CLIENT_VERSION: &str = "2026.6.0";

/// The way to one server.
pub(super) struct Wire {
    dial: Dial,
    host: String,
    base: String,
    idle: Mutex<Vec<SendRequest<Full<Bytes>>>>,
    turns: Semaphore,
    /// Of the lease under which is called.
    token: AtomicI64,
}

/// What is asked.
#[derive(Clone)]
pub(super) struct Request {
    method: Method,
    path: String,
    headers: Vec<(http::HeaderName, Redacted<String>)>,
    body: Bytes,
}

impl Request {
    pub(super) fn get(path: impl Into<String>) -> Self {
        Self::new(Method::GET, path)
    }

    pub(super) fn new(method: Method, path: impl Into<String>) -> Self {
        Self { method, path: path.into(), headers: Vec::new(), body: Bytes::new() }
    }

    /// With a JSON body.
    pub(super) fn json(method: Method, path: impl Into<String>, body: &impl Serialize) -> Self {
        let mut request = Self::new(method, path);
        request.body = serde_json::to_vec(body).expect("our bodies are JSON").into();
        request.header(CONTENT_TYPE, "application/json")
    }

    /// With the fields of a form.
    pub(super) fn form(path: impl Into<String>, fields: &[(&str, &str)]) -> Self {
        let mut request = Self::new(Method::POST, path);
        request.body =
            url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish().into();
        request.header(CONTENT_TYPE, "application/x-www-form-urlencoded")
    }

    /// With one more header.
    pub(super) fn header(mut self, name: http::HeaderName, value: &str) -> Self {
        self.headers.push((name, value.to_owned().into()));
        self
    }

    /// As it is sent. Without a header it would be another request: one that cannot be built is an error.
    fn build(&self, wire: &Wire, call: Call) -> Result<http::Request<Full<Bytes>>, Error> {
        let mut request = http::Request::new(Full::new(self.body.clone()));
        *request.method_mut() = self.method.clone();
        // Ids are parsed and domains checked: this is always a path.
        *request.uri_mut() = format!("{}{}", wire.base, self.path).parse().unwrap_or_default();
        let headers = request.headers_mut();
        headers.insert(HOST, wire.host.parse().expect("a domain's host is a header's value"));
        headers.insert(ACCEPT, http::HeaderValue::from_static("application/json"));
        let token = wire.token.load(Ordering::Relaxed);
        let agent = format!("keyforge/{} (lease {token})", env!("CARGO_PKG_VERSION"));
        headers.insert(USER_AGENT, agent.parse().expect("a number is a header's value"));
        headers.insert("bitwarden-client-version", http::HeaderValue::from_static(CLIENT_VERSION));
        for (name, value) in &self.headers {
            let value = http::HeaderValue::from_str(value.expose());
            let mut value =
                value.map_err(|_| Error::Answer { call, what: "a token that no header can hold" })?;
            value.set_sensitive(true);
            headers.insert(name, value);
        }
        Ok(request)
    }
}

/// What came back.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Answer {
    /// The body of a success.
    pub(super) fn json<T: DeserializeOwned>(&self, call: Call) -> Result<T, Error> {
        serde_json::from_slice(&self.body).map_err(|_| Error::Answer { call, what: "not what was asked for" })
    }

    /// Whether it is the server's own error, as the protocol has it.
    pub(super) fn is_refusal(&self) -> bool {
        let body: serde_json::Value = serde_json::from_slice(&self.body).unwrap_or_default();
        body.get("error").is_some() || body.get("errorModel").is_some()
    }

    /// What the server says went wrong.
    pub(super) fn message(&self) -> String {
        let body: serde_json::Value = serde_json::from_slice(&self.body).unwrap_or_default();
        let texts = ["/message", "/error_description", "/error/description", "/error"];
        let text = texts.iter().find_map(|at| body.pointer(at)?.as_str().filter(|text| !text.is_empty()));
        text.map_or_else(|| format!("status {}", self.status.as_u16()), one_line)
    }
}

impl Wire {
    /// The way to the server of this domain, with so many calls at once.
    pub(super) fn new(domain: &Domain, dial: Dial, at_once: usize) -> Self {
        let default = if domain.is_https() { 443 } else { 80 };
        let host = match domain.port() {
            port if port == default => domain.host().to_owned(),
            port => format!("{}:{port}", domain.host()),
        };
        let base = domain.path().to_owned();
        let turns = Semaphore::new(at_once);
        Self { dial, host, base, idle: Mutex::default(), turns, token: AtomicI64::default() }
    }

    /// From now on under this lease: who reads the server's log, or that of a proxy before it, learns who asked.
    pub(super) fn under(&self, token: FencingToken) {
        self.token.store(token.0, Ordering::Relaxed);
    }

    /// The answer, whatever its status below 500.
    pub(super) async fn call(&self, call: Call, request: &Request) -> Result<Answer, Error> {
        let answer = self.in_time(call, self.exchange(call, request)).await?;
        match answer.status {
            status if status.is_redirection() => Err(Error::Answer { call, what: "a redirection" }),
            StatusCode::SERVICE_UNAVAILABLE => Err(self.why_away(call).await),
            status if status.is_server_error() => Err(Error::Server { call, status: status.as_u16() }),
            _ => Ok(answer),
        }
    }

    /// What takes one exchange, or several that are one call to whoever waits: its result in time, or why there is none.
    pub(super) async fn in_time<T>(
        &self,
        call: Call,
        work: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        match tokio::time::timeout(ANSWER, work).await {
            Ok(result) => result,
            Err(_) if self.has_lost_its_database().await => Err(Error::DatabaseAway { call }),
            Err(_) => Err(Error::Timeout { call, after: ANSWER }),
        }
    }

    /// Whether the server lives, and its database does not answer it.
    pub(super) async fn has_lost_its_database(&self) -> bool {
        let asks = |path| async move {
            let request = Request::get(path);
            let asking = self.exchange("ask whether it lives", &request);
            let answer = tokio::time::timeout(DIAGNOSIS, asking).await;
            answer.is_ok_and(|answer| answer.is_ok_and(|answer| answer.status == StatusCode::OK))
        };
        // The first does not look at the database, the second does, and hangs without it.
        let (lives, has_database) = tokio::join!(asks("/api/now"), asks("/alive"));
        lives && !has_database
    }

    async fn why_away(&self, call: Call) -> Error {
        if self.has_lost_its_database().await {
            Error::DatabaseAway { call }
        } else {
            Error::Server { call, status: StatusCode::SERVICE_UNAVAILABLE.as_u16() }
        }
    }

    /// Ends the connections that no call uses. The next one opens its own.
    pub(super) fn hang_up(&self) {
        self.idle.lock().expect("nobody panics with it").clear();
    }

    async fn exchange(&self, call: Call, request: &Request) -> Result<Answer, Error> {
        let _turn = self.turns.acquire().await.expect("it is never closed");
        let unreachable = |error: hyper::Error| Error::Unreachable { call, source: Box::new(error) };
        let (mut connection, answer) = loop {
            let (mut connection, kept) = match self.take() {
                Some(connection) => (connection, true),
                None => (self.open(call).await?, false),
            };
            match connection.try_send_request(request.build(self, call)?).await {
                Ok(answer) => break (connection, answer),
                // A kept connection that ended before anything was written to it: the server has restarted.
                Err(error) if kept && error.message().is_some() => {}
                Err(error) => return Err(unreachable(error.into_error())),
            }
        };
        let (head, body) = answer.into_parts();
        if body.size_hint().lower() > LARGEST as u64 {
            return Err(Error::Answer { call, what: "too large" });
        }
        let body = match Limited::new(body, LARGEST).collect().await {
            Ok(body) => body.to_bytes(),
            Err(error) if error.is::<LengthLimitError>() => {
                return Err(Error::Answer { call, what: "too large" });
            }
            Err(source) => return Err(Error::Unreachable { call, source }),
        };
        if connection.ready().await.is_ok() {
            self.idle.lock().expect("nobody panics with it").push(connection);
        }
        Ok(Answer { status: head.status, headers: head.headers, body })
    }

    fn take(&self) -> Option<SendRequest<Full<Bytes>>> {
        let mut idle = self.idle.lock().expect("nobody panics with it");
        idle.retain(|connection| !connection.is_closed());
        idle.pop()
    }

    async fn open(&self, call: Call) -> Result<SendRequest<Full<Bytes>>, Error> {
        let pipe = (self.dial)().await.map_err(|error| match error {
            DialError::Unreachable(source) => Error::Unreachable { call, source },
            source @ DialError::Tls { .. } => Error::Tls { call, source },
        })?;
        let (connection, driver) = http1::handshake(TokioIo::new(pipe))
            .await
            .map_err(|error| Error::Unreachable { call, source: Box::new(error) })?;
        // It ends with the connection, which is dropped with this wire. Its failure is that of a call.
        tokio::spawn(async move { driver.await.ok() });
        Ok(connection)
    }
}
