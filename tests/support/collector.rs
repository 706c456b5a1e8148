//! A collector of traces: OTLP over HTTP, as much of it as keeps what it is told.

use std::sync::{Arc, Mutex};

use serde_json::Value;
use tokio::task::JoinHandle;
use warp::Filter as _;

/// A running collector; it ends with this.
pub struct Collector {
    /// Where it is.
    pub url: String,
    spans: Arc<Mutex<Vec<Value>>>,
    serving: JoinHandle<()>,
}

impl Collector {
    /// One that takes everything.
    pub async fn start() -> Self {
        let spans = Arc::<Mutex<Vec<Value>>>::default();
        let kept = Arc::clone(&spans);
        let route = warp::path!("v1" / "traces").and(warp::body::json()).map(move |body: Value| {
            let told = body["resourceSpans"][0]["scopeSpans"][0]["spans"].as_array().cloned();
            kept.lock().expect("whole").extend(told.unwrap_or_default());
            "{}"
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("a bound address"));
        let serving = tokio::spawn(warp::serve(route).incoming(listener).run());
        Self { url, spans, serving }
    }

    /// The spans of this trace, in the order in which they came.
    pub fn trace(&self, id: &str) -> Vec<Value> {
        let spans = self.spans.lock().expect("whole");
        spans.iter().filter(|span| span["traceId"] == id).cloned().collect()
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.serving.abort();
    }
}
