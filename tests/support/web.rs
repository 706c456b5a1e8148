//! A web server with a config repo, as forges are: Git's own `http-backend` behind TLS, and what else servers do.
//!
//! | path | answer |
//! |---|---|
//! | `/config` | the repository; with a login, only to who gives it |
//! | `/moved` | a redirect to `/config` |
//! | `/lured` | a redirect to another server |
//! | `/page` | a page for people |
//! | `/broken` | 503 |
//! | `/silent` | nothing, for ever |
//! | `/endless` | branches without an end |
//! | `/bottomless` | the branches, then a pack without an end |

use std::convert::Infallible;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use bytes::Bytes;
use http::{Method, Request, Response, header};
use http_body_util::{BodyExt, Full, StreamBody, combinators::BoxBody};
use hyper::body::{Frame, Incoming};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

use super::repo::Repo;

/// How the server proves who it is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// By a certificate of an authority.
    OfAuthority,
    /// By one that it has signed itself.
    SelfSigned,
    /// By an authority's own, as `openssl req -x509` makes it.
    Authority,
    /// Not at all: plain HTTP.
    None,
}

/// A running server; it ends with this.
pub struct Web {
    /// Its address, without a slash at the end.
    pub url: String,
    /// The file with the certificate that vouches for it.
    pub ca: PathBuf,
    asked: Arc<Mutex<Vec<Asked>>>,
    shut: Arc<AtomicBool>,
    serving: JoinHandle<()>,
}

/// What was asked of the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    pub path: String,
    pub authorization: Option<String>,
}

/// What each request is answered from.
#[derive(Clone)]
struct Shelf {
    folder: PathBuf,
    login: Option<&'static str>,
    lure: Option<String>,
    asked: Arc<Mutex<Vec<Asked>>>,
    shut: Arc<AtomicBool>,
}

type Body = BoxBody<Bytes, Infallible>;

impl Web {
    /// Serves the repository to everybody.
    pub async fn open(repo: &Repo, proof: Proof) -> Self {
        Self::start(repo, proof, None, None).await
    }

    /// Serves it to who logs in by `user:password`.
    pub async fn with_login(repo: &Repo, login: &'static str) -> Self {
        Self::start(repo, Proof::OfAuthority, Some(login), None).await
    }

    /// Serves it, and sends who asks for `/lured` to another server.
    pub async fn luring(repo: &Repo, to: &str) -> Self {
        Self::start(repo, Proof::OfAuthority, None, Some(to.to_owned())).await
    }

    async fn start(repo: &Repo, proof: Proof, login: Option<&'static str>, lure: Option<String>) -> Self {
        let folder = repo.path().parent().expect("a folder").to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("a bound address").port();
        let (certificate, authority, key) = certificates(proof);
        let ca = folder.join(format!("ca-{port}.pem"));
        std::fs::write(&ca, authority).expect("a writable folder");
        let tls = (proof != Proof::None).then(|| acceptor(certificate, &key));
        let asked = Arc::default();
        let shut = Arc::<AtomicBool>::default();
        let shelf = Shelf { folder, login, lure, asked: Arc::clone(&asked), shut: Arc::clone(&shut) };
        let serving = tokio::spawn(serve(listener, tls, shelf));
        let scheme = if proof == Proof::None { "http" } else { "https" };
        Self { url: format!("{scheme}://localhost:{port}"), ca, asked, shut, serving }
    }

    /// Lets nobody in any more, or everybody again.
    pub fn shut(&self, shut: bool) {
        self.shut.store(shut, Ordering::SeqCst);
    }

    /// Everything that was asked, in order.
    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().expect("no writer panics").clone()
    }
}

impl Drop for Web {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// The server's certificate and the one that vouches for it, with the server's key.
pub fn certificates(proof: Proof) -> (CertificateDer<'static>, String, KeyPair) {
    let key = || KeyPair::generate().expect("a key");
    let mut params = CertificateParams::new(["localhost".to_owned()]).expect("a name");
    if proof == Proof::Authority {
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    }
    if proof == Proof::OfAuthority {
        let mut authority = CertificateParams::new([]).expect("no names");
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        // A name of its own, as authorities have: else another one's key would be tried.
        let name = format!("An authority with key {}", uuid::Uuid::new_v4());
        authority.distinguished_name.push(DnType::CommonName, name);
        let issuer = CertifiedIssuer::self_signed(authority, key()).expect("an authority");
        let key = key();
        let certificate = params.signed_by(&key, &issuer).expect("a certificate");
        return (certificate.into(), issuer.pem(), key);
    }
    let key = key();
    let certificate = params.self_signed(&key).expect("a certificate");
    let pem = certificate.pem();
    (certificate.into(), pem, key)
}

pub fn acceptor(certificate: CertificateDer<'static>, key: &KeyPair) -> TlsAcceptor {
    let key = PrivateKeyDer::try_from(key.serialize_der()).expect("a key of its own");
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions that the provider has")
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .expect("a certificate with its key");
    TlsAcceptor::from(Arc::new(config))
}

async fn serve(listener: TcpListener, tls: Option<TlsAcceptor>, shelf: Shelf) {
    // They end with the server.
    let mut connections = tokio::task::JoinSet::new();
    while let Ok((connection, _)) = listener.accept().await {
        if shelf.shut.load(Ordering::SeqCst) {
            continue;
        }
        let (tls, shelf) = (tls.clone(), shelf.clone());
        connections.spawn(async move {
            match tls {
                None => converse(connection, shelf).await,
                Some(tls) => {
                    if let Ok(connection) = tls.accept(connection).await {
                        converse(connection, shelf).await;
                    }
                }
            }
        });
    }
}

async fn converse<C>(connection: C, shelf: Shelf)
where
    C: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
{
    let service = tower::service_fn(move |request| {
        let shelf = shelf.clone();
        async move {
            let answer = shelf.answer(request).await;
            // Who came in before it was shut hears no more than the others.
            if shelf.shut.load(Ordering::SeqCst) {
                return Err(std::io::Error::from(std::io::ErrorKind::ConnectionAborted));
            }
            Ok(answer)
        }
    });
    let builder = auto::Builder::new(TokioExecutor::new());
    let _ = builder.serve_connection(TokioIo::new(connection), TowerToHyperService::new(service)).await;
}

impl Shelf {
    async fn answer(&self, request: Request<Incoming>) -> Response<Body> {
        let path = request.uri().path().to_owned();
        let authorization = request.headers().get(header::AUTHORIZATION);
        let authorization = authorization.map(|value| value.to_str().expect("text").to_owned());
        let asked = Asked { path: path.clone(), authorization: authorization.clone() };
        self.asked.lock().expect("no writer panics").push(asked);

        let (shelf, rest) = path[1..].split_once('/').unwrap_or((&path[1..], ""));
        match shelf {
            "config" => {
                let wanted = self.login.map(|login| {
                    format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(login))
                });
                if wanted.is_some() && wanted != authorization {
                    return status(401);
                }
                self.backend(request, format!("/config/{rest}")).await
            }
            "moved" => redirect(&format!("/config/{rest}?service=git-upload-pack")),
            "lured" => {
                redirect(&format!("{}/{rest}?service=git-upload-pack", self.lure.as_deref().expect("a lure")))
            }
            "page" => told("text/html", Full::from("<h1>Welcome</h1>").boxed()),
            "broken" => status(503),
            "silent" => std::future::pending().await,
            "endless" => {
                let service = b"001e# service=git-upload-pack\n0000";
                let branch = b"0040899c8ea885b32fb2a1132a94f4a62a8847ae130c refs/heads/another\n";
                told("application/x-git-upload-pack-advertisement", without_end(service, branch))
            }
            "bottomless" if request.method() == Method::POST => {
                // On the band of progress, which Git shows to people.
                let line = [b"fff0\x02".as_slice(), &[b'.'; 0xfff0 - 5]].concat();
                told("application/x-git-upload-pack-result", without_end(b"0008NAK\n", &line))
            }
            "bottomless" => self.backend(request, format!("/config/{rest}")).await,
            _ => status(404),
        }
    }

    /// Asks `git http-backend`, by CGI.
    #[expect(
        clippy::disallowed_methods,
        reason = "the program gets nothing of the environment but where programs are"
    )]
    async fn backend(&self, request: Request<Incoming>, path: String) -> Response<Body> {
        let (head, body) = request.into_parts();
        let body = body.collect().await.expect("a body").to_bytes();
        let kind = head.headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let mut backend = tokio::process::Command::new("git")
            .arg("http-backend")
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("GIT_PROJECT_ROOT", &self.folder)
            .env("GIT_HTTP_EXPORT_ALL", "1")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("REQUEST_METHOD", head.method.as_str())
            .env("PATH_INFO", path)
            .env("QUERY_STRING", head.uri.query().unwrap_or_default())
            .env("CONTENT_TYPE", kind.unwrap_or_default())
            .env("CONTENT_LENGTH", body.len().to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("git runs");
        let mut stdin = backend.stdin.take().expect("it is piped");
        let fed = tokio::spawn(async move { stdin.write_all(&body).await });
        let output = backend.wait_with_output().await.expect("git ends").stdout;
        let _ = fed.await;
        let end = output.windows(4).position(|window| window == b"\r\n\r\n").expect("a head");
        let mut response = Response::builder();
        for line in std::str::from_utf8(&output[..end]).expect("text").lines() {
            let (name, value) = line.split_once(": ").expect("a header");
            response = match name {
                "Status" => response.status(value.split(' ').next().expect("a number")),
                _ => response.header(name, value),
            };
        }
        response.body(Full::from(output[end + 4..].to_vec()).boxed()).expect("a response")
    }
}

fn status(status: u16) -> Response<Body> {
    Response::builder().status(status).body(Full::default().boxed()).expect("a response")
}

fn redirect(to: &str) -> Response<Body> {
    let response = Response::builder().status(301).header(header::LOCATION, to);
    response.body(Full::default().boxed()).expect("a response")
}

fn told(kind: &str, body: Body) -> Response<Body> {
    Response::builder().header(header::CONTENT_TYPE, kind).body(body).expect("a response")
}

/// Something, and then the same again and again.
fn without_end(first: &[u8], again: &[u8]) -> Body {
    use futures::StreamExt as _;
    let many = Bytes::from(again.repeat((64 << 10) / again.len() + 1));
    let first = futures::stream::iter([Bytes::copy_from_slice(first)]);
    let frames = first.chain(futures::stream::repeat(many)).map(|bytes| Ok(Frame::data(bytes)));
    BodyExt::boxed(StreamBody::new(frames))
}
