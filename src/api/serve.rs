//! Connections: from a bound listener to a clean end.
//!
//! An accept loop of our own, since warp's has no limit for headers, none for connections and no deadline for its end.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use rustls::ServerConfig;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_util::either::Either;
use tokio_util::sync::CancellationToken;
use tower_http::compression::Compression;

use super::cors::Origins;
use super::crowd::Crowd;
use super::peer::{Peer, Proxies};
use super::rate::Shares;
use super::surface::{Rules, Surface};
use super::{State, routes};
use crate::network::Cidr;
use crate::settings::{Origin, Rate};

/// After a failed accept, which is nearly always a lack of file descriptors: time for some to come back.
const ACCEPT_RETRY: Duration = Duration::from_millis(100);

/// How often clients that have not asked for a while are forgotten.
const TIDY: Duration = Duration::from_secs(60);

/// The most bytes of the line and the headers of one request; more is answered 431.
const MAX_HEADERS: usize = 64 * 1024;

/// Where clients come in.
pub struct Door {
    /// Where they connect.
    pub listener: TcpListener,
    /// What proves to them who we are, each time the newest; without it they are spoken to in plain HTTP.
    pub tls: watch::Receiver<Option<Arc<ServerConfig>>>,
    /// Networks of the proxies that are believed for whom they ask.
    pub proxies: Vec<Cidr>,
    /// The sites whose pages may read along.
    pub origins: Vec<Origin>,
}

/// How much of the daemon clients may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Connections at once; more wait until one ends.
    pub connections: usize,
    /// Connections of one client at once, where it is no trusted proxy; more are closed.
    pub connections_each: usize,
    /// Clients that follow the events at once; more are told to come back.
    pub followers: usize,
    /// How long a client may take until it and we can speak in secret.
    pub handshake: Duration,
    /// How long a client may take for the headers of a request, and how long it may stay silent between two.
    pub headers: Duration,
    /// How long an answer may take.
    pub answer: Duration,
    /// How long a client may take nothing of what is sent to it.
    pub stalled: Duration,
    /// How often a stream without events shows that it still is one. Proxies cut what is silent for a minute.
    pub heartbeat: Duration,
    /// How often one client may ask.
    pub rate: Rate,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 4_096,
            connections_each: 2_048,
            followers: 1_000,
            handshake: Duration::from_secs(10),
            headers: Duration::from_secs(20),
            answer: Duration::from_secs(10),
            stalled: Duration::from_secs(30),
            heartbeat: Duration::from_secs(15),
            rate: Rate::default(),
        }
    }
}

/// Serves until `end`, then answers what was asked before, for `drain` at most.
pub async fn serve(door: Door, state: State, limits: Limits, end: CancellationToken, drain: Duration) {
    let Door { listener, tls, proxies, origins } = door;
    let state = State { access: state.access.counting(&state.metrics), ..state };
    let rules = Arc::new(Rules {
        is_open: state.access.is_open(),
        time_limit: limits.answer,
        shares: Shares::new(limits.rate),
        proxies: Proxies::new(proxies),
        origins: Origins::new(origins),
        metrics: state.metrics.clone(),
    });
    let routes = warp::service(routes(&state, &limits));
    let mut builder = auto::Builder::new(TokioExecutor::new()).http1_only();
    let timer = TokioTimer::new();
    builder.http1().timer(timer).header_read_timeout(limits.headers).max_buf_size(MAX_HEADERS);
    let connections = Arc::new(Semaphore::new(limits.connections));
    let crowd = Crowd::new(limits.connections_each);
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
                rules.shares.tidy();
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
        let own = crowd.enter(peer);
        if own.is_none() && !rules.proxies.trust(peer.to_canonical()) {
            continue;
        }
        // The kernel ends what is stalled: hyper itself waits for ever until somebody takes the rest.
        let stalled = u32::try_from(limits.stalled.as_millis()).unwrap_or(u32::MAX);
        if let Err(error) = rustix::net::sockopt::set_tcp_user_timeout(&stream, stalled) {
            tracing::debug!("a connection without a limit for stalling: {error}");
        }
        let tls = tls.borrow().clone();
        let peer = Peer { address: peer, is_secure: tls.is_some() };
        let surface = Surface { routes: routes.clone(), rules: Arc::clone(&rules), peer };
        // Not of streams: they are sent as they come.
        let service = TowerToHyperService::new(Compression::new(surface));
        let (builder, watcher, end) = (builder.clone(), open.watcher(), end.clone());
        tokio::spawn(async move {
            let secured = tokio::select! {
                secured = secure(stream, tls, limits.handshake) => secured,
                () = end.cancelled() => return,
            };
            let ended = match secured {
                Ok(stream) => {
                    let connection = builder.serve_connection(TokioIo::new(stream), service).into_owned();
                    watcher.watch(connection).await.map_err(|error| error.to_string())
                }
                Err(error) => Err(error.to_string()),
            };
            if let Err(error) = ended {
                // A client that went away, or was too slow.
                tracing::debug!("a connection ended early: {error}");
            }
            drop((place, own));
        });
    }
    drop(listener);
    if tokio::time::timeout(drain, open.shutdown()).await.is_err() {
        tracing::warn!("not every request was answered within {} s", drain.as_secs());
    }
}

/// The stream as requests come over it.
async fn secure(
    stream: TcpStream,
    tls: Option<Arc<ServerConfig>>,
    limit: Duration,
) -> io::Result<Either<TcpStream, Box<TlsStream<TcpStream>>>> {
    let Some(tls) = tls else { return Ok(Either::Left(stream)) };
    let shaken = tokio::time::timeout(limit, TlsAcceptor::from(tls).accept(stream)).await?;
    Ok(Either::Right(Box::new(shaken?)))
}
