//! Connections: from a bound listener to a clean end.
//!
//! An accept loop of our own, since warp's has no limit for headers, none for connections and no deadline for its end.

use std::sync::Arc;
use std::time::Duration;

use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tower_http::compression::Compression;

use super::rate::Shares;
use super::surface::Surface;
use super::{State, routes};
use crate::settings::Rate;

/// After a failed accept, which is nearly always a lack of file descriptors: time for some to come back.
const ACCEPT_RETRY: Duration = Duration::from_millis(100);

/// How often clients that have not asked for a while are forgotten.
const TIDY: Duration = Duration::from_secs(60);

/// How much of the daemon clients may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Connections at once; more wait until one ends.
    pub connections: usize,
    /// How long a client may take for the headers of a request, and how long it may stay silent between two.
    pub headers: Duration,
    /// How long an answer may take.
    pub answer: Duration,
    /// How long a client may take nothing of what is sent to it.
    pub stalled: Duration,
    /// How often the clients of one address may ask.
    pub rate: Rate,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 256,
            headers: Duration::from_secs(20),
            answer: Duration::from_secs(10),
            stalled: Duration::from_secs(30),
            rate: Rate::default(),
        }
    }
}

/// Serves until `end`, then answers what was asked before, for `drain` at most.
pub async fn serve(
    listener: TcpListener,
    state: State,
    limits: Limits,
    end: CancellationToken,
    drain: Duration,
) {
    let (shares, is_open) = (Shares::new(limits.rate), state.access.is_open());
    let routes = warp::service(routes(&state));
    let mut builder = auto::Builder::new(TokioExecutor::new()).http1_only();
    builder.http1().timer(TokioTimer::new()).header_read_timeout(limits.headers);
    let connections = Arc::new(Semaphore::new(limits.connections));
    let open = GracefulShutdown::new();
    let mut tidy = tokio::time::interval(TIDY);
    let accept = async || {
        // The semaphore is never closed.
        let place = Arc::clone(&connections).acquire_owned().await.ok();
        (place, listener.accept().await)
    };
    loop {
        let (place, accepted) = tokio::select! {
            accepted = accept() => accepted,
            _ = tidy.tick() => {
                shares.tidy();
                continue;
            }
            () = end.cancelled() => break,
        };
        let (stream, peer) = match accepted {
            Ok((stream, peer)) => (stream, peer.ip()),
            Err(error) => {
                tracing::warn!("unable to accept a connection: {error}");
                tokio::time::sleep(ACCEPT_RETRY).await;
                continue;
            }
        };
        // The kernel ends what is stalled: hyper itself waits for ever until somebody takes the rest.
        let stalled = u32::try_from(limits.stalled.as_millis()).unwrap_or(u32::MAX);
        if let Err(error) = rustix::net::sockopt::set_tcp_user_timeout(&stream, stalled) {
            tracing::debug!("a connection without a limit for stalling: {error}");
        }
        let (routes, shares) = (routes.clone(), shares.clone());
        let surface = Surface { routes, is_open, time_limit: limits.answer, shares, peer };
        // Not of streams: they are sent as they come.
        let service = TowerToHyperService::new(Compression::new(surface));
        let connection = builder.serve_connection(TokioIo::new(stream), service).into_owned();
        let connection = open.watch(connection);
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                // A client that went away, or was too slow.
                tracing::debug!("a connection ended early: {error}");
            }
            drop(place);
        });
    }
    drop(listener);
    if tokio::time::timeout(drain, open.shutdown()).await.is_err() {
        tracing::warn!("not every request was answered within {} s", drain.as_secs());
    }
}
