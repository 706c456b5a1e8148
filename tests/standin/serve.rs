//! Connections in, answers out. What a request does runs on a thread of its own, since it may wait for a hash, a mail
//! server or a database.

use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use chrono::Utc;
use http::StatusCode;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::answer::{self, Refusal, Reply};
use crate::request::Request;
use crate::routes;
use crate::server::Server;

/// The largest body.
const LIMIT: usize = 20_000_000;

/// Serves until it is dropped. A client that speaks no TLS where it is asked for is left alone.
pub(crate) async fn serve(listener: TcpListener, tls: Option<TlsAcceptor>, server: Arc<Server>) {
    loop {
        let Ok((connection, peer)) = listener.accept().await else { continue };
        let (tls, server, peer) = (tls.clone(), Arc::clone(&server), peer.ip());
        // Only speed is lost without it.
        let _ = connection.set_nodelay(true);
        tokio::spawn(async move {
            match tls {
                None => converse(connection, peer, server).await,
                Some(tls) => {
                    let Ok(connection) = tls.accept(connection).await else { return };
                    converse(connection, peer, server).await;
                }
            }
        });
    }
}

async fn converse(
    connection: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    peer: IpAddr,
    server: Arc<Server>,
) {
    let service = service_fn(move |request| answer(Arc::clone(&server), request, peer));
    // Its end is its client's.
    let _ =
        auto::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(connection), service).await;
}

async fn answer(
    server: Arc<Server>,
    request: hyper::Request<Incoming>,
    peer: IpAddr,
) -> Result<Reply, Infallible> {
    let (asked, (head, body)) = (Utc::now(), request.into_parts());
    let Some(body) = read(body).await else {
        return Ok(answer::refusal(Refusal::Plain(StatusCode::PAYLOAD_TOO_LARGE), true));
    };
    let request = Request { head, body, peer };
    // A panic is an internal error to its client, and nothing to anybody else.
    let answering = move || {
        let reply = routes::answer(&server, &request);
        server.requests.record(&request, asked, reply.status());
        reply
    };
    let answered = tokio::task::spawn_blocking(answering).await;
    Ok(answered.unwrap_or_else(|_| answer::refusal(Refusal::Plain(StatusCode::INTERNAL_SERVER_ERROR), true)))
}

/// A body that is not too large. One that is, is read to its end all the same: its client hears no answer before.
async fn read(mut body: Incoming) -> Option<Bytes> {
    let (mut bytes, mut length) = (BytesMut::new(), 0);
    while let Some(Ok(frame)) = body.frame().await {
        let data = frame.into_data().unwrap_or_default();
        length += data.len();
        if length <= LIMIT {
            bytes.extend_from_slice(&data);
        }
    }
    (length <= LIMIT).then(|| bytes.freeze())
}
