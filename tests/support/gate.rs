//! A gate in front of the real API server: counts the daemon's writes and can stop the world at one of them.
//!
//! A plain HTTP proxy with the administrator's certificate. At the wanted write it either answers nothing any more
//! before the server sees it, or lets the server do it and keeps the answer back: the two ways in which a `kill -9` can
//! fall upon a write. Everything else passes as it is, watches included.

use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use http::{Method, Request, Response};
use http_body_util::BodyExt as _;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use serde_json::Value;
use tokio::net::TcpListener;

/// On which side of the server the world stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The server never sees the write.
    Before,
    /// The server did it; the daemon never hears.
    After,
}

/// A running gate.
#[derive(Clone)]
pub struct Gate {
    inner: Arc<Inner>,
}

struct Inner {
    server: String,
    client: reqwest::Client,
    writes: AtomicUsize,
    /// The write (from 1) at which the world stops; 0: never.
    stop_at: AtomicUsize,
    after: AtomicBool,
    stopped: AtomicBool,
}

impl Gate {
    /// Opens a gate to the server of a kubeconfig; gives the kubeconfig that leads through it, written into `folder`.
    pub async fn open(kubeconfig: &Path, folder: &Path) -> (Self, PathBuf) {
        let (server, client) = upstream(kubeconfig);
        let inner = Inner {
            server,
            client,
            writes: AtomicUsize::new(0),
            stop_at: AtomicUsize::new(0),
            after: false.into(),
            stopped: false.into(),
        };
        let gate = Self { inner: Arc::new(inner) };
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("a bound address");
        tokio::spawn(gate.clone().serve(listener));
        let path = folder.join("gate.kubeconfig");
        let text = format!(
            r#"{{"apiVersion":"v1","kind":"Config","current-context":"gate",
"clusters":[{{"name":"gate","cluster":{{"server":"http://{address}"}}}}],
"users":[{{"name":"gate","user":{{}}}}],
"contexts":[{{"name":"gate","context":{{"cluster":"gate","user":"gate"}}}}]}}"#
        );
        std::fs::write(&path, text).expect("a writable folder");
        (gate, path)
    }

    /// Stops the world at the `n`th write from now, counted from 1.
    pub fn stop_at(&self, n: usize, side: Side) {
        self.inner.writes.store(0, Ordering::SeqCst);
        self.inner.stopped.store(false, Ordering::SeqCst);
        self.inner.after.store(side == Side::After, Ordering::SeqCst);
        self.inner.stop_at.store(n, Ordering::SeqCst);
    }

    /// Lets everything pass again.
    pub fn pass(&self) {
        self.inner.stop_at.store(0, Ordering::SeqCst);
    }

    /// How many writes came since the last `stop_at`.
    pub fn writes(&self) -> usize {
        self.inner.writes.load(Ordering::SeqCst)
    }

    /// Whether the world has stopped.
    pub fn is_stopped(&self) -> bool {
        self.inner.stopped.load(Ordering::SeqCst)
    }

    async fn serve(self, listener: TcpListener) {
        while let Ok((connection, _)) = listener.accept().await {
            let gate = self.clone();
            let service = tower::service_fn(move |request| {
                let gate = gate.clone();
                async move { Ok::<_, Infallible>(gate.pass_on(request).await) }
            });
            tokio::spawn(async move {
                let builder = auto::Builder::new(TokioExecutor::new());
                let _ = builder
                    .serve_connection(TokioIo::new(connection), TowerToHyperService::new(service))
                    .await;
            });
        }
    }

    async fn pass_on(&self, request: Request<hyper::body::Incoming>) -> Response<reqwest::Body> {
        let (head, body) = request.into_parts();
        let body = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
        let is_write =
            head.method != Method::GET && !head.uri.query().unwrap_or_default().contains("dryRun=");
        let stop_at = self.inner.stop_at.load(Ordering::SeqCst);
        let number = if is_write { self.inner.writes.fetch_add(1, Ordering::SeqCst) + 1 } else { 0 };
        // Once stopped, every later write stops too: a stopped world does not go on beside the one that hangs.
        let stops = is_write && stop_at != 0 && number >= stop_at;
        let after = self.inner.after.load(Ordering::SeqCst) && number == stop_at;
        if stops && !after {
            self.inner.stopped.store(true, Ordering::SeqCst);
            std::future::pending::<()>().await;
        }
        let url =
            format!("{}{}", self.inner.server, head.uri.path_and_query().map_or("/", |path| path.as_str()));
        let mut onward = self.inner.client.request(head.method, url).body(body);
        for (name, value) in
            head.headers.iter().filter(|(name, _)| !matches!(name.as_str(), "host" | "content-length"))
        {
            onward = onward.header(name, value);
        }
        let answer = onward.send().await;
        if stops {
            self.inner.stopped.store(true, Ordering::SeqCst);
            std::future::pending::<()>().await;
        }
        match answer {
            Ok(answer) => answer.into(),
            Err(error) => {
                let mut response = Response::new(reqwest::Body::from(error.to_string()));
                *response.status_mut() = http::StatusCode::BAD_GATEWAY;
                response
            }
        }
    }
}

/// The server of a kubeconfig and a client that it knows.
fn upstream(kubeconfig: &Path) -> (String, reqwest::Client) {
    let text = std::fs::read_to_string(kubeconfig).expect("a readable kubeconfig");
    let config: Value = serde_saphyr::from_str(&text).expect("a kubeconfig");
    let data = |value: &Value, key: &str| {
        use base64::Engine as _;
        if let Some(inline) = value[format!("{key}-data")].as_str() {
            return base64::engine::general_purpose::STANDARD.decode(inline).expect("base64");
        }
        std::fs::read(value[key].as_str().expect("a path")).expect("a readable file")
    };
    let (cluster, user) = (&config["clusters"][0]["cluster"], &config["users"][0]["user"]);
    let mut identity = data(user, "client-certificate");
    identity.extend(data(user, "client-key"));
    let client = reqwest::Client::builder()
        .tls_certs_only([
            reqwest::Certificate::from_pem(&data(cluster, "certificate-authority")).expect("a certificate")
        ])
        .identity(reqwest::Identity::from_pem(&identity).expect("a certificate and its key"))
        .build()
        .expect("a client");
    (cluster["server"].as_str().expect("a server").to_owned(), client)
}
