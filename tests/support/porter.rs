//! A porter in front of a union's server: what the daemon asks of it passes here and is written down, and fails in the ways
//! in which a network or a server fails.
//!
//! A plain HTTP proxy. At a wanted write it stops the world, before the server sees it or after the server did it; who is let
//! go then is thrown out without an answer. What was let in goes on to the server, whatever becomes of who sent it; what is held
//! back goes on once the test says so, long after who sent it was thrown out.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::BodyExt as _;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use reqwest::redirect::Policy;
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::gate::Side;

/// How it lets people in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// Everything passes.
    Open,
    /// Everybody is thrown out, as if nobody were there.
    Away,
    /// Nobody is answered.
    Silent,
    /// Everybody is answered with this status.
    Answers(StatusCode),
}

/// Where it stops the world.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trap {
    /// At the `n`th write from now, counted from 1. What only reads is no write.
    Write(usize),
    /// At the first write to a path with this end.
    Path(&'static str),
}

/// A request, and how it was answered; `None`: it was not.
#[derive(Debug, Clone)]
pub struct Asked {
    pub method: Method,
    pub path: String,
    pub status: Option<StatusCode>,
}

/// A porter; nobody is behind it at first.
#[derive(Clone)]
pub struct Porter {
    inner: Arc<Inner>,
    pub address: SocketAddr,
}

struct Inner {
    client: reqwest::Client,
    server: Mutex<String>,
    manner: watch::Sender<Manner>,
    /// What it says itself, by path.
    said: Mutex<BTreeMap<String, String>>,
    asked: Mutex<Vec<Asked>>,
    writes: AtomicUsize,
    trap: Mutex<Option<(Trap, Side)>>,
    /// The ends of paths of which the next write is held back, and what is.
    holding: Mutex<Vec<&'static str>>,
    held: Mutex<Vec<(Parts, Bytes)>>,
    /// The request at which it stopped. Who waits is thrown out once there is none.
    stopped: watch::Sender<Option<String>>,
}

impl Porter {
    pub async fn engage() -> Self {
        let inner = Inner {
            client: reqwest::Client::builder()
                .tls_certs_only([])
                .redirect(Policy::none())
                .build()
                .expect("a client"),
            server: Mutex::default(),
            manner: watch::Sender::new(Manner::Away),
            said: Mutex::default(),
            asked: Mutex::default(),
            writes: 0.into(),
            trap: Mutex::default(),
            holding: Mutex::default(),
            held: Mutex::default(),
            stopped: watch::Sender::new(None),
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("a bound address");
        let porter = Self { inner: Arc::new(inner), address };
        tokio::spawn(porter.clone().serve(listener));
        porter
    }

    /// Who is behind it from now on.
    pub fn before(&self, url: &str) {
        url.clone_into(&mut self.inner.server.lock().expect("no writer panics"));
    }

    pub fn is(&self, manner: Manner) {
        self.inner.manner.send_replace(manner);
    }

    /// Answers a path itself.
    pub fn says(&self, path: &str, body: &str) {
        self.inner.said.lock().expect("no writer panics").insert(path.to_owned(), body.to_owned());
    }

    /// Stops the world there, once.
    pub fn stop_at(&self, trap: Trap, side: Side) {
        self.inner.writes.store(0, Ordering::SeqCst);
        *self.inner.trap.lock().expect("no writer panics") = Some((trap, side));
    }

    /// The request at which the world stopped.
    pub fn stopped_at(&self) -> Option<String> {
        self.inner.stopped.borrow().clone()
    }

    /// Throws out who waits since the world stopped; what comes now passes.
    pub fn let_go(&self) {
        *self.inner.trap.lock().expect("no writer panics") = None;
        self.inner.stopped.send_replace(None);
    }

    /// Of each of these the next write is held back, and its sender thrown out.
    pub fn hold(&self, ends: &[&'static str]) {
        self.inner.holding.lock().expect("no writer panics").extend(ends);
    }

    /// Hands on what was held back, as a server would that does it after all; gives the answers' status.
    pub async fn hand_on_late(&self) -> Vec<StatusCode> {
        let held = std::mem::take(&mut *self.inner.held.lock().expect("no writer panics"));
        let mut answers = Vec::new();
        for (head, body) in held {
            answers.push(self.hand_on(head, body).await.expect("the server answers").status());
        }
        answers
    }

    /// How many writes came, or came since the last `stop_at`.
    pub fn writes(&self) -> usize {
        self.inner.writes.load(Ordering::SeqCst)
    }

    /// Everything that was asked.
    pub fn asked(&self) -> Vec<Asked> {
        self.inner.asked.lock().expect("no writer panics").clone()
    }

    /// How often this was asked, whatever the answer.
    pub fn times(&self, method: &Method, path: &str) -> usize {
        self.asked().iter().filter(|asked| asked.method == *method && asked.path == path).count()
    }

    async fn serve(self, listener: TcpListener) {
        while let Ok((connection, _)) = listener.accept().await {
            let porter = self.clone();
            let service = tower::service_fn(move |request| porter.clone().receive(request));
            tokio::spawn(async move {
                let builder = auto::Builder::new(TokioExecutor::new());
                let _ = builder
                    .serve_connection(TokioIo::new(connection), TowerToHyperService::new(service))
                    .await;
            });
        }
    }

    /// An error throws out who asked.
    async fn receive(self, request: Request<hyper::body::Incoming>) -> io::Result<Response<reqwest::Body>> {
        let (head, body) = request.into_parts();
        let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
        let path = head.uri.path().to_owned();
        let asked = Asked { method: head.method.clone(), path: path.clone(), status: None };
        let manner = *self.inner.manner.borrow();
        let answered = match manner {
            Manner::Away => Err(thrown_out()),
            Manner::Silent => {
                let _ = self.inner.manner.subscribe().wait_for(|manner| *manner != Manner::Silent).await;
                Err(thrown_out())
            }
            Manner::Answers(status) => Ok(answer(status, "{\"message\":\"troubled\"}".to_owned())),
            Manner::Open => {
                let said = self.inner.said.lock().expect("no writer panics").get(&path).cloned();
                match said {
                    Some(body) => Ok(answer(StatusCode::OK, body)),
                    None => self.pass(head, body).await,
                }
            }
        };
        let status = answered.as_ref().ok().map(Response::status);
        self.inner.asked.lock().expect("no writer panics").push(Asked { status, ..asked });
        answered
    }

    async fn pass(&self, head: Parts, body: Bytes) -> io::Result<Response<reqwest::Body>> {
        let what = format!("{} {}", head.method, head.uri.path());
        let is_write = head.method != Method::GET && !what.ends_with("/public-keys");
        let number = if is_write { self.inner.writes.fetch_add(1, Ordering::SeqCst) + 1 } else { 0 };
        let is_here = |trap| match trap {
            Trap::Write(n) => n == number,
            Trap::Path(end) => is_write && what.ends_with(end),
        };
        if is_write && self.takes(&what) {
            self.inner.held.lock().expect("no writer panics").push((head, body));
            return Err(thrown_out());
        }
        let trap = *self.inner.trap.lock().expect("no writer panics");
        let here = trap.filter(|(trap, _)| is_here(*trap)).map(|(_, side)| side);
        // A stopped world does not go on beside the one that hangs.
        if here == Some(Side::Before) || self.stopped_at().is_some() {
            return self.stop(&what).await;
        }
        let porter = self.clone();
        let passed = tokio::spawn(async move { porter.hand_on(head, body).await });
        let answer = passed.await.expect("handing on does not panic");
        if here == Some(Side::After) { self.stop(&what).await } else { answer }
    }

    /// Whether it is to be held back: from now on the next one is not.
    fn takes(&self, what: &str) -> bool {
        let mut holding = self.inner.holding.lock().expect("no writer panics");
        let found = holding.iter().position(|end| what.ends_with(end));
        found.map(|found| holding.remove(found)).is_some()
    }

    async fn stop(&self, what: &str) -> io::Result<Response<reqwest::Body>> {
        self.inner.stopped.send_if_modified(|stopped| match stopped {
            Some(_) => false,
            None => stopped.replace(what.to_owned()).is_none(),
        });
        let _ = self.inner.stopped.subscribe().wait_for(Option::is_none).await;
        Err(thrown_out())
    }

    async fn hand_on(&self, head: Parts, body: Bytes) -> io::Result<Response<reqwest::Body>> {
        let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
        let server = self.inner.server.lock().expect("no writer panics").clone();
        let mut onward = self.inner.client.request(head.method, format!("{server}{path}")).body(body);
        for (name, value) in
            head.headers.iter().filter(|(name, _)| !matches!(name.as_str(), "host" | "content-length"))
        {
            onward = onward.header(name, value);
        }
        onward.send().await.map(Into::into).map_err(io::Error::other)
    }
}

fn thrown_out() -> io::Error {
    io::ErrorKind::ConnectionReset.into()
}

fn answer(status: StatusCode, body: String) -> Response<reqwest::Body> {
    let mut response = Response::new(reqwest::Body::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
