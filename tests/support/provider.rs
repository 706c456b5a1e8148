//! An identity provider: it tells over TLS which keys it signs with, as OpenID Connect has it, and signs what it is given.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{Request, Response, header};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use jsonwebtoken::jwk::{Jwk, KeyAlgorithm, PublicKeyUse};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use rcgen::KeyPair;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::web::{Proof, acceptor, certificates};

/// A running provider; it ends with this.
pub struct Provider {
    /// Its issuer.
    pub url: String,
    /// The certificate that vouches for it, in PEM.
    pub authority: String,
    own: Arc<Own>,
    serving: JoinHandle<()>,
}

#[derive(Default)]
struct Own {
    url: String,
    keys: Mutex<Vec<Jwk>>,
    asked: AtomicUsize,
    away: AtomicBool,
}

/// A key to sign with.
pub struct Key {
    id: String,
    key: EncodingKey,
}

impl Key {
    /// A new one, which no provider tells yet.
    pub fn draw(id: &str) -> Self {
        let pair = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).expect("a key");
        Self { id: id.to_owned(), key: EncodingKey::from_ec_der(&pair.serialize_der()) }
    }

    /// As a provider tells it.
    pub fn public(&self) -> Jwk {
        let mut public = Jwk::from_encoding_key(&self.key, Algorithm::ES256).expect("its public half");
        public.common.key_id = Some(self.id.clone());
        public.common.public_key_use = Some(PublicKeyUse::Signature);
        public.common.key_algorithm = Some(KeyAlgorithm::ES256);
        public
    }

    /// A token with these claims.
    pub fn sign(&self, claims: &Value) -> String {
        let header = Header { kid: Some(self.id.clone()), ..Header::new(Algorithm::ES256) };
        encode(&header, claims, &self.key).expect("signed")
    }
}

impl Provider {
    /// One that tells no key yet.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("a bound address").port();
        let (certificate, authority, key) = certificates(Proof::OfAuthority);
        let tls = acceptor(certificate, &key);
        let url = format!("https://localhost:{port}");
        let own = Arc::new(Own { url: url.clone(), ..Own::default() });
        let served = Arc::clone(&own);
        let serving = tokio::spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            while let Ok((connection, _)) = listener.accept().await {
                let (tls, own) = (tls.clone(), Arc::clone(&served));
                connections.spawn(async move {
                    let Ok(connection) = tls.accept(connection).await else { return };
                    let service = tower::service_fn(move |request| {
                        let own = Arc::clone(&own);
                        async move { Ok::<_, std::convert::Infallible>(own.answer(&request)) }
                    });
                    let builder = auto::Builder::new(TokioExecutor::new());
                    let service = TowerToHyperService::new(service);
                    let _ = builder.serve_connection(TokioIo::new(connection), service).await;
                });
            }
        });
        Self { url, authority, own, serving }
    }

    /// From now on it signs with these, and with no others.
    pub fn tells(&self, keys: &[&Key]) {
        *self.own.keys.lock().expect("no writer panics") = keys.iter().map(|key| key.public()).collect();
    }

    /// It answers with an error from now on.
    pub fn goes_away(&self) {
        self.own.away.store(true, Ordering::SeqCst);
    }

    /// How often it was asked for its keys.
    pub fn asked(&self) -> usize {
        self.own.asked.load(Ordering::SeqCst)
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Own {
    fn answer(&self, request: &Request<Incoming>) -> Response<Full<Bytes>> {
        let body = match request.uri().path() {
            _ if self.away.load(Ordering::SeqCst) => None,
            "/.well-known/openid-configuration" => {
                Some(json!({ "issuer": self.url, "jwks_uri": format!("{}/keys", self.url) }))
            }
            "/keys" => {
                self.asked.fetch_add(1, Ordering::SeqCst);
                Some(json!({ "keys": *self.keys.lock().expect("no writer panics") }))
            }
            _ => None,
        };
        let answer = Response::builder().header(header::CONTENT_TYPE, "application/json");
        match body {
            Some(body) => answer.body(Full::from(body.to_string())),
            None => answer.status(503).body(Full::default()),
        }
        .expect("an answer")
    }
}
