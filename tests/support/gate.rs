//! A gate in front of the real API server: records the daemon's writes and can stop the world at one of them,
//! or keep them waiting. The installation's Lease passes always: it is no matter of a union.
//!
//! A plain HTTP proxy with the certificate of the kubeconfig, or, where that has a token, with the token that it is sent. At the wanted write it either answers nothing any more
//! before the server sees it, or lets the server do it and keeps the answer back: the two ways in which a `kill -9` can
//! fall upon a write. It can also refuse requests as a troubled server does. Everything else passes as it is, watches
//! included; what was let in goes on to the server, whatever becomes of who sent it.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU16, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::request::Parts;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::BodyExt as _;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::watch;

/// On which side of the server the world stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The server never sees the write.
    Before,
    /// The server did it; the daemon never hears.
    After,
}

/// A write that the server was asked for.
#[derive(Debug, Clone)]
pub struct Written {
    /// Path and query; of what is created without a name in its path, the body too.
    pub what: String,
    pub method: Method,
    /// Before it was handed on.
    pub began: DateTime<Utc>,
    /// After the server answered, or was known not to.
    pub ended: DateTime<Utc>,
    /// The server's answer; `None`: it gave none.
    pub status: Option<StatusCode>,
}

/// A request that the server has answered.
#[derive(Debug, Clone)]
pub struct Asked {
    pub method: Method,
    /// Path and query.
    pub path: String,
    /// The user who is impersonated.
    pub acting_as: Option<String>,
    pub status: StatusCode,
}

/// A running gate.
#[derive(Clone)]
pub struct Gate {
    inner: Arc<Inner>,
    address: SocketAddr,
}

struct Inner {
    server: String,
    client: reqwest::Client,
    /// For what becomes a stream.
    streams: reqwest::Client,
    /// What every second request is refused with; 0: none is.
    refusal: AtomicU16,
    /// What requests must have in their path to be refused, every one of them.
    refused_about: Mutex<Option<String>>,
    requests: AtomicUsize,
    /// Connections, and requests on their way to the server.
    inside: AtomicUsize,
    asked: Mutex<Vec<Asked>>,
    written: Mutex<Vec<Written>>,
    writes: AtomicUsize,
    /// The write (from 1) at which the world stops; 0: never.
    stop_at: AtomicUsize,
    after: AtomicBool,
    stopped: AtomicBool,
    /// The write at which the world stopped.
    stopped_at: Mutex<Option<String>>,
    /// Whether writes wait.
    held: watch::Sender<bool>,
    /// What the server takes the daemon for.
    name: Mutex<Option<HeaderValue>>,
    /// Where the servers of namespaces are, whose pods only pretend to run.
    servers: Mutex<BTreeMap<String, SocketAddr>>,
}

impl Gate {
    /// Opens a gate to the server of a kubeconfig; gives the kubeconfig that leads through it, written into `folder`.
    pub async fn open(kubeconfig: &Path, folder: &Path) -> (Self, PathBuf) {
        let gate = Self::to(kubeconfig).await;
        let path = folder.join("gate.kubeconfig");
        let token = read(kubeconfig)["users"][0]["user"]["token"].as_str().map(str::to_owned);
        let user = token.map_or(json!({}), |token| json!({ "token": token }));
        std::fs::write(&path, leading_to(&format!("http://{}", gate.address), &user))
            .expect("a writable folder");
        (gate, path)
    }

    /// A gate to the server of a kubeconfig.
    pub async fn to(kubeconfig: &Path) -> Self {
        let (server, client, streams) = upstream(kubeconfig);
        let inner = Inner {
            server,
            client,
            streams,
            refusal: 0.into(),
            refused_about: Mutex::default(),
            requests: 0.into(),
            inside: 0.into(),
            asked: Mutex::default(),
            written: Mutex::default(),
            writes: 0.into(),
            stop_at: 0.into(),
            after: false.into(),
            stopped: false.into(),
            stopped_at: Mutex::default(),
            held: watch::Sender::new(false),
            name: Mutex::default(),
            servers: Mutex::default(),
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("a bound address");
        let gate = Self { inner: Arc::new(inner), address };
        tokio::spawn(gate.clone().serve(listener));
        gate
    }

    /// Where it is.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Gives the daemon a name, by which the server records what it does.
    pub fn name(&self, name: &str) {
        let name = HeaderValue::from_str(name).expect("a name");
        *self.inner.name.lock().expect("no writer panics") = Some(name);
    }

    /// Tells the daemon another address for the pods of a namespace.
    pub fn lead(&self, namespace: &str, server: SocketAddr) {
        self.inner.servers.lock().expect("no writer panics").insert(namespace.to_owned(), server);
    }

    /// Refuses every second request with this status, or none.
    pub fn refuse(&self, status: Option<StatusCode>) {
        self.inner.refusal.store(status.map_or(0, |status| status.as_u16()), Ordering::SeqCst);
    }

    /// Refuses every request whose path has this text with an internal error, or none.
    pub fn refuse_about(&self, text: Option<&str>) {
        *self.inner.refused_about.lock().expect("no writer panics") = text.map(str::to_owned);
    }

    /// Whether nobody is connected and nothing is on its way to the server.
    pub fn is_empty(&self) -> bool {
        self.inner.inside.load(Ordering::SeqCst) == 0
    }

    /// All requests that were answered, in this order.
    pub fn asked(&self) -> Vec<Asked> {
        self.inner.asked.lock().expect("no writer panics").clone()
    }

    /// All writes that went to the server, in the order of their answers.
    pub fn written(&self) -> Vec<Written> {
        self.inner.written.lock().expect("no writer panics").clone()
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

    /// The write at which the world stopped, as [`Written::what`] tells it.
    pub fn stopped_at(&self) -> Option<String> {
        self.inner.stopped_at.lock().expect("no writer panics").clone()
    }

    /// Keeps writes waiting until it is told otherwise.
    pub fn hold(&self, held: bool) {
        self.inner.held.send_replace(held);
    }

    async fn serve(self, listener: TcpListener) {
        while let Ok((connection, _)) = listener.accept().await {
            let inside = Inside::enter(&self.inner);
            let gate = self.clone();
            let service = tower::service_fn(move |request| {
                let gate = gate.clone();
                async move { Ok::<_, Infallible>(gate.receive(request).await) }
            });
            tokio::spawn(async move {
                let _inside = inside;
                let builder = auto::Builder::new(TokioExecutor::new());
                let connection = TokioIo::new(connection);
                let _ = builder
                    .serve_connection_with_upgrades(connection, TowerToHyperService::new(service))
                    .await;
            });
        }
    }

    async fn receive(&self, mut request: Request<hyper::body::Incoming>) -> Response<reqwest::Body> {
        let upgrade =
            request.headers().contains_key(header::UPGRADE).then(|| hyper::upgrade::on(&mut request));
        let (head, body) = request.into_parts();
        // Half a request is none.
        let Ok(body) = body.collect().await.map(http_body_util::Collected::to_bytes) else {
            return refused(StatusCode::BAD_REQUEST, "the request ended early");
        };
        let number = self.inner.requests.fetch_add(1, Ordering::SeqCst);
        if let Ok(status) = StatusCode::from_u16(self.inner.refusal.load(Ordering::SeqCst))
            && number.is_multiple_of(2)
        {
            return refused(status, "the server is troubled");
        }
        let about = self.inner.refused_about.lock().expect("no writer panics").clone();
        if about.is_some_and(|text| head.uri.path().contains(&text)) {
            return refused(StatusCode::INTERNAL_SERVER_ERROR, "the object is too large for its store");
        }
        let inside = Inside::enter(&self.inner);
        let gate = self.clone();
        let passed = tokio::spawn(async move {
            match upgrade {
                None => {
                    let _inside = inside;
                    gate.pass_on(head, body).await
                }
                Some(upgrade) => gate.connect(head, upgrade, inside).await,
            }
        });
        passed.await.expect("passing on does not panic")
    }

    /// Where the servers are whose pods are listed at this path; a watch is no list.
    fn server_of(&self, path: &str) -> Option<SocketAddr> {
        let (path, query) = path.split_once('?')?;
        let namespace = path.strip_prefix("/api/v1/namespaces/")?.strip_suffix("/pods")?;
        let server = self.inner.servers.lock().expect("no writer panics").get(namespace).copied();
        server.filter(|_| query.contains("name%3Dvaultwarden") && !query.contains("watch="))
    }

    /// Hands on what becomes a stream, as a port-forward does, and then its bytes.
    async fn connect(&self, head: Parts, near: OnUpgrade, inside: Inside) -> Response<reqwest::Body> {
        let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
        let mut onward =
            self.inner.streams.request(head.method.clone(), format!("{}{path}", self.inner.server));
        for (name, value) in head.headers.iter().filter(|(name, _)| *name != header::HOST) {
            onward = onward.header(name, value);
        }
        let far = match onward.send().await {
            Ok(far) if far.status() == StatusCode::SWITCHING_PROTOCOLS => far,
            Ok(refused) => return refused.into(),
            Err(error) => return refused(StatusCode::BAD_GATEWAY, &error.to_string()),
        };
        let mut response = Response::new(reqwest::Body::default());
        *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        response.headers_mut().clone_from(far.headers());
        tokio::spawn(async move {
            let _inside = inside;
            if let (Ok(near), Ok(mut far)) = tokio::join!(near, far.upgrade()) {
                // Its end is that of either side.
                let _ = tokio::io::copy_bidirectional(&mut TokioIo::new(near), &mut far).await;
            }
        });
        response
    }

    async fn pass_on(&self, mut head: Parts, body: Bytes) -> Response<reqwest::Body> {
        if let Some(name) = self.inner.name.lock().expect("no writer panics").clone() {
            head.headers.insert(header::USER_AGENT, name);
        }
        let is_write =
            head.method != Method::GET && !head.uri.query().unwrap_or_default().contains("dryRun=");
        let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
        let mut what = path.to_owned();
        if head.method == Method::POST {
            what.push_str(&String::from_utf8_lossy(&body));
        }
        let counts = is_write && !path.contains("/leases");
        if counts {
            let _ = self.inner.held.subscribe().wait_for(|held| !held).await;
        }
        let stop_at = self.inner.stop_at.load(Ordering::SeqCst);
        let number = if counts { self.inner.writes.fetch_add(1, Ordering::SeqCst) + 1 } else { 0 };
        // Once stopped, every later write stops too: a stopped world does not go on beside the one that hangs.
        let stops = counts && stop_at != 0 && number >= stop_at;
        let after = self.inner.after.load(Ordering::SeqCst) && number == stop_at;
        if stops && number == stop_at {
            *self.inner.stopped_at.lock().expect("no writer panics") = Some(what.clone());
        }
        if stops && !after {
            self.inner.stopped.store(true, Ordering::SeqCst);
            std::future::pending::<()>().await;
        }
        let began = Utc::now();
        let mut onward =
            self.inner.client.request(head.method.clone(), format!("{}{path}", self.inner.server)).body(body);
        for (name, value) in
            head.headers.iter().filter(|(name, _)| !matches!(name.as_str(), "host" | "content-length"))
        {
            onward = onward.header(name, value);
        }
        let answer = onward.send().await;
        if let Ok(answer) = &answer {
            let acting_as = head.headers.get("impersonate-user").and_then(|user| user.to_str().ok());
            self.inner.asked.lock().expect("no writer panics").push(Asked {
                method: head.method.clone(),
                path: path.to_owned(),
                acting_as: acting_as.map(str::to_owned),
                status: answer.status(),
            });
        }
        if is_write {
            let status = answer.as_ref().ok().map(reqwest::Response::status);
            let written = Written { what, method: head.method, began, ended: Utc::now(), status };
            self.inner.written.lock().expect("no writer panics").push(written);
        }
        if stops {
            self.inner.stopped.store(true, Ordering::SeqCst);
            std::future::pending::<()>().await;
        }
        match answer {
            Ok(answer) => match self.server_of(path).filter(|_| answer.status().is_success()) {
                Some(server) => elsewhere(answer, server).await,
                None => answer.into(),
            },
            Err(error) => refused(StatusCode::BAD_GATEWAY, &error.to_string()),
        }
    }
}

/// A list of pods, as if each ran at this address.
async fn elsewhere(answer: reqwest::Response, server: SocketAddr) -> Response<reqwest::Body> {
    let mut list: Value = answer.json().await.expect("the server answers in JSON");
    for pod in list["items"].as_array_mut().into_iter().flatten() {
        pod["status"]["podIP"] = json!(server.ip());
        pod["spec"]["containers"][0]["ports"][0]["containerPort"] = json!(server.port());
    }
    let mut response = Response::new(reqwest::Body::from(list.to_string()));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// One more inside, until it is dropped.
struct Inside(Arc<Inner>);

impl Inside {
    fn enter(inner: &Arc<Inner>) -> Self {
        inner.inside.fetch_add(1, Ordering::SeqCst);
        Self(Arc::clone(inner))
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        self.0.inside.fetch_sub(1, Ordering::SeqCst);
    }
}

/// In the form that the API server has for it.
fn refused(status: StatusCode, why: &str) -> Response<reqwest::Body> {
    let reason = match status {
        StatusCode::TOO_MANY_REQUESTS => "TooManyRequests",
        StatusCode::SERVICE_UNAVAILABLE => "ServiceUnavailable",
        _ => "InternalError",
    };
    let code = status.as_u16();
    let body = json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": why, "reason": reason, "code": code});
    let mut response = Response::new(reqwest::Body::from(body.to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    response
}

/// A kubeconfig that leads to a server without TLS as this user; one without credentials is asked for none.
pub fn leading_to(server: &str, user: &Value) -> String {
    let config = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "gate",
        "clusters": [{"name": "gate", "cluster": {"server": server}}],
        "users": [{"name": "gate", "user": user}],
        "contexts": [{"name": "gate", "context": {"cluster": "gate", "user": "gate"}}],
    });
    config.to_string()
}

fn read(kubeconfig: &Path) -> Value {
    let text = std::fs::read_to_string(kubeconfig).expect("a readable kubeconfig");
    serde_saphyr::from_str(&text).expect("a kubeconfig")
}

/// The server of a kubeconfig and clients that it knows, the second one for streams; of one with a token, clients that it
/// does not.
fn upstream(kubeconfig: &Path) -> (String, reqwest::Client, reqwest::Client) {
    let config = read(kubeconfig);
    let data = |value: &Value, key: &str| {
        use base64::Engine as _;
        if let Some(inline) = value[format!("{key}-data")].as_str() {
            return base64::engine::general_purpose::STANDARD.decode(inline).expect("base64");
        }
        std::fs::read(value[key].as_str().expect("a path")).expect("a readable file")
    };
    let (cluster, user) = (&config["clusters"][0]["cluster"], &config["users"][0]["user"]);
    let authority =
        reqwest::Certificate::from_pem(&data(cluster, "certificate-authority")).expect("a certificate");
    let client = || {
        let client = reqwest::Client::builder().tls_certs_only([authority.clone()]);
        if !user["token"].is_null() {
            return client;
        }
        let mut identity = data(user, "client-certificate");
        identity.extend(data(user, "client-key"));
        client.identity(reqwest::Identity::from_pem(&identity).expect("a certificate and its key"))
    };
    // Only over HTTP/1.1 a request becomes a stream.
    let streams = client().http1_only().build().expect("a client");
    let client = client().build().expect("a client");
    (cluster["server"].as_str().expect("a server").to_owned(), client, streams)
}
