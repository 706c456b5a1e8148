//! One call to the API server: bounded in time and size, its failure typed.
//!
//! Apart from kube's own `request`, which has no bounds and writes bodies that it cannot read to the log.
//! Invariant: no body comes into a log or an error. When to try again is `wake`'s; only who is not let in knocks for a
//! moment, within the time of the one call.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use kube::Client;
use kube::client::{Body, ClientBuilder};
use kube::core::Status;
use kube::core::request::Error as RequestError;
use serde_json::Value;
use tokio::time::Instant;
use tower::timeout::TimeoutLayer;

use super::actor::Actor;
use super::error::{Call, Error};

/// How long a call may take. Below a third of a worker's lease, so that no write outlives it (decisions.md 1.13).
pub const CALL_TIMEOUT: Duration = Duration::from_secs(10);

/// How long reading a text may take.
const TEXT_TIMEOUT: Duration = Duration::from_secs(5);

/// How long it may take until somebody takes the connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How long somebody may be refused before it counts: servers learn of a new binding, and after a start of all of them, by
/// their own watches.
const LETTING_IN: Duration = Duration::from_secs(2);

/// After the first refusal; doubled after each.
const FIRST_PAUSE: Duration = Duration::from_millis(20);

/// The largest answer that is read: a page of a list of metadata is about 1 MB, an object at most 3.
const LARGEST: usize = 16 << 20;

/// The way to the API server.
#[derive(Clone)]
pub(super) struct Wire {
    client: Client,
    /// Whether no call goes out that would change anything.
    observes: bool,
}

impl Wire {
    /// The way that these settings describe. Connects to nobody yet.
    pub(super) fn new(mut config: kube::Config) -> Result<Self, Error> {
        config.connect_timeout = Some(CONNECT_TIMEOUT);
        config.default_retry = false;
        // Until the head of the answer: watches have it at once, and then stay open.
        let client = ClientBuilder::try_from(config)
            .map_err(|error| Error::Settings(Box::new(error)))?
            .with_layer(&TimeoutLayer::new(CALL_TIMEOUT))
            .build();
        Ok(Self { client, observes: false })
    }

    /// A way of one's own, for tests of strange answers.
    pub(super) fn through(client: Client) -> Self {
        Self { client, observes: false }
    }

    /// The same way, on which nothing is changed.
    pub(super) fn observing(self) -> Self {
        Self { observes: true, ..self }
    }

    /// Whether nothing is changed on it.
    pub(super) fn observes(&self) -> bool {
        self.observes
    }

    /// For what streams: watches, discovery.
    pub(super) fn client(&self) -> Client {
        self.client.clone()
    }

    /// The answer to the daemon itself, or the typed reason why there is none.
    pub(super) async fn call(
        &self,
        call: Call,
        request: Result<http::Request<Vec<u8>>, RequestError>,
    ) -> Result<Value, Error> {
        self.call_as(Actor::Daemon, call, request).await
    }

    /// The answer to this actor, or the typed reason why there is none.
    pub(super) async fn call_as(
        &self,
        actor: Actor<'_>,
        call: Call,
        request: Result<http::Request<Vec<u8>>, RequestError>,
    ) -> Result<Value, Error> {
        if self.observes && call.verb.writes() {
            return Err(Error::Observes { call });
        }
        // Only names that no parsed type lets through get here.
        let mut request = request.map_err(|_| Error::NotFound { call: call.clone() })?;
        actor.sign(&mut request);
        // Boxed: every look and every write would carry room for it.
        match tokio::time::timeout(CALL_TIMEOUT, Box::pin(self.knock(&call, request))).await {
            Ok(answer) => answer,
            Err(_) => Err(Error::Timeout { call, after: CALL_TIMEOUT }),
        }
    }

    /// The answer to this actor where it is text and no JSON. It ends in front of a person who waits, so it may take less.
    pub(super) async fn text_as(
        &self,
        actor: Actor<'_>,
        call: Call,
        request: Result<http::Request<Vec<u8>>, RequestError>,
    ) -> Result<String, Error> {
        let mut request = request.map_err(|_| Error::NotFound { call: call.clone() })?;
        actor.sign(&mut request);
        let body = match tokio::time::timeout(TEXT_TIMEOUT, self.body(&call, request)).await {
            Ok(answer) => answer?,
            Err(_) => return Err(Error::Timeout { call, after: TEXT_TIMEOUT }),
        };
        Ok(String::from_utf8_lossy(&body).into_owned())
    }

    /// The same for the daemon itself, where nothing being there is an answer.
    pub(super) async fn find(
        &self,
        call: Call,
        request: Result<http::Request<Vec<u8>>, RequestError>,
    ) -> Result<Option<Value>, Error> {
        self.find_as(Actor::Daemon, call, request).await
    }

    /// The same for this actor.
    pub(super) async fn find_as(
        &self,
        actor: Actor<'_>,
        call: Call,
        request: Result<http::Request<Vec<u8>>, RequestError>,
    ) -> Result<Option<Value>, Error> {
        match self.call_as(actor, call, request).await {
            Ok(value) => Ok(Some(value)),
            Err(Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// An exchange that is begun again while the server does not yet know that it may be.
    async fn knock(&self, call: &Call, request: http::Request<Vec<u8>>) -> Result<Value, Error> {
        let end = Instant::now() + LETTING_IN;
        let mut pause = FIRST_PAUSE;
        loop {
            let answer = self.exchange(call, request.clone()).await;
            if !matches!(answer, Err(Error::Forbidden { .. })) || Instant::now() + pause > end {
                return answer;
            }
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
    }

    async fn exchange(&self, call: &Call, request: http::Request<Vec<u8>>) -> Result<Value, Error> {
        let body = self.body(call, request).await?;
        let wrong = |_| Error::Answer { call: call.clone(), what: "not JSON" };
        serde_json::from_slice(&body).map_err(wrong)
    }

    async fn body(&self, call: &Call, request: http::Request<Vec<u8>>) -> Result<Bytes, Error> {
        let unreachable = |error| Error::of_client(call.clone(), error);
        let answer = self.client.send(request.map(Body::from)).await.map_err(unreachable)?;
        let code = answer.status().as_u16();
        let body = match Limited::new(answer.into_body(), LARGEST).collect().await {
            Ok(body) => body.to_bytes(),
            Err(error) if error.is::<LengthLimitError>() => {
                return Err(Error::Answer { call: call.clone(), what: "too large" });
            }
            Err(error) => return Err(unreachable(kube::Error::Service(error))),
        };
        if (200..300).contains(&code) {
            return Ok(body);
        }
        // A proxy in between answers without a `Status`.
        let status = serde_json::from_slice::<Status>(&body).unwrap_or_else(|_| {
            Status::failure(&format!("HTTP status {code} without an explanation"), "Unknown")
        });
        Err(Error::of_status(call.clone(), code, &status))
    }
}

impl Error {
    /// A failure below the answers: sockets, TLS, time, credentials that could not be had.
    pub(super) fn of_client(call: Call, error: kube::Error) -> Self {
        match error {
            kube::Error::Api(status) => Self::of_status(call, status.code, &status),
            kube::Error::Service(error) if error.is::<tower::timeout::error::Elapsed>() => {
                Self::Timeout { call, after: CALL_TIMEOUT }
            }
            kube::Error::SerdeError(_) => Self::Answer { call, what: "not what was asked for" },
            error @ kube::Error::Auth(_) => Self::Settings(Box::new(error)),
            error => Self::Unreachable(Box::new(error)),
        }
    }
}
