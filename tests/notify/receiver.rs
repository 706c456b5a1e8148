//! An HTTP server that gets messages: it keeps what it is asked and answers as it is told.

use std::time::Duration;

use http::{HeaderMap, StatusCode};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use warp::Filter as _;
use warp::path::FullPath;

/// A running server; it ends with this.
pub(crate) struct Receiver {
    pub(crate) url: String,
    pub(crate) answer: watch::Sender<Answer>,
    got: watch::Sender<Vec<Got>>,
    serving: JoinHandle<()>,
}

/// How it answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    /// With this status, and the place of another server where that is a redirect.
    Status(u16),
    /// Not before it is told another answer.
    Nothing,
}

/// A request that it got.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Got {
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Got {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).unwrap_or_else(|| panic!("no {name}")).to_str().expect("text")
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).expect("JSON")
    }
}

impl Receiver {
    /// One that takes everything.
    pub(crate) async fn start() -> Self {
        let (answer, got) = (watch::Sender::new(Answer::Status(200)), watch::Sender::<Vec<Got>>::default());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("a bound address"));
        let (answers, keep) = (answer.clone(), got.clone());
        let request = warp::path::full().and(warp::header::headers_cloned()).and(warp::body::bytes());
        let route = request.then(move |path: FullPath, headers, body: bytes::Bytes| {
            let (mut answers, keep) = (answers.subscribe(), keep.clone());
            async move {
                let body = String::from_utf8(body.to_vec()).expect("text");
                keep.send_modify(|got| got.push(Got { path: path.as_str().to_owned(), headers, body }));
                let answer =
                    answers.wait_for(|answer| *answer != Answer::Nothing).await.map(|answer| *answer);
                let Ok(Answer::Status(status)) = answer else { panic!("it ends with the test") };
                let answer = warp::reply::with_header("ok", "location", "http://127.0.0.1:9/elsewhere");
                let answer = warp::reply::with_header(answer, "retry-after", "30");
                warp::reply::with_status(answer, StatusCode::from_u16(status).expect("a status"))
            }
        });
        let serving = tokio::spawn(warp::serve(route).incoming(listener).run());
        Self { url, answer, got, serving }
    }

    /// All that it got.
    pub(crate) fn got(&self) -> Vec<Got> {
        self.got.borrow().clone()
    }

    /// The one message that it got.
    pub(crate) fn only(&self) -> Got {
        let [got] = &self.got()[..] else { panic!("{:?}", self.got()) };
        got.clone()
    }

    /// Waits until it got so many.
    pub(crate) async fn has(&self, number: usize) {
        let mut got = self.got.subscribe();
        let enough = got.wait_for(|got| got.len() >= number);
        tokio::time::timeout(Duration::from_secs(20), enough).await.expect("in time").expect("it is here");
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.serving.abort();
    }
}
