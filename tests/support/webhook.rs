//! An admission webhook of this program: whatever the API server asks it about, it denies.

use std::convert::Infallible;
use std::sync::Arc;

use base64::Engine as _;
use bytes::Bytes;
use http::{Request, Response, header};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::devcluster::Hook;

/// What it says.
pub const WORDS: &str = "not on a Friday";

/// A webhook that is served for as long as the program runs.
pub struct Webhook {
    port: u16,
    bundle: String,
}

impl Webhook {
    /// Serves it at this place.
    pub fn open(hook: Hook) -> Self {
        let Hook { listener, certificate, key, authority } = hook;
        let authority = std::fs::read(authority).expect("a readable file");
        let bundle = base64::engine::general_purpose::STANDARD.encode(authority);
        let port = listener.local_addr().expect("a bound address").port();
        let chain = CertificateDer::pem_file_iter(certificate).expect("a readable file");
        let chain = chain.collect::<Result<Vec<_>, _>>().expect("certificates");
        let key = PrivateKeyDer::from_pem_file(key).expect("a key");
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions that the provider has")
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .expect("a certificate with its key");
        listener.set_nonblocking(true).expect("a socket of ours");
        let listener = TcpListener::from_std(listener).expect("a socket of ours");
        tokio::spawn(serve(listener, TlsAcceptor::from(Arc::new(config))));
        Self { port, bundle }
    }

    /// How the API server finds it, by the address at which it reaches this machine.
    pub fn client_config(&self, address: &str) -> Value {
        json!({"url": format!("https://{address}:{}/", self.port), "caBundle": self.bundle})
    }
}

async fn serve(listener: TcpListener, tls: TlsAcceptor) {
    while let Ok((connection, _)) = listener.accept().await {
        let tls = tls.clone();
        tokio::spawn(async move {
            let Ok(connection) = tls.accept(connection).await else { return };
            let builder = auto::Builder::new(TokioExecutor::new());
            let service = TowerToHyperService::new(tower::service_fn(deny));
            let _ = builder.serve_connection(TokioIo::new(connection), service).await;
        });
    }
}

async fn deny(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let review = request.into_body().collect().await.expect("a whole request").to_bytes();
    let review: Value = serde_json::from_slice(&review).expect("a review");
    let denied = json!({"uid": review["request"]["uid"], "allowed": false, "status": {"message": WORDS}});
    let answer = json!({"apiVersion": review["apiVersion"], "kind": review["kind"], "response": denied});
    let answer =
        Response::builder().header(header::CONTENT_TYPE, "application/json").body(answer.to_string().into());
    Ok(answer.expect("an answer"))
}
