//! Traces for a collector, by OTLP over HTTP: handed over at once, sent by one task, dropped where the collector does not take them.
//!
//! Invariants: nobody waits for a collector. One that is away costs a line in the log, and what it misses.

use std::path::PathBuf;
use std::time::Duration;

use chrono::Utc;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, redirect};
use tokio::sync::{mpsc, oneshot};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;
use url::Url;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::trace::{self, Span};
use crate::ids::DeploymentId;

/// Where traces go.
#[derive(Debug, Clone, Default, clap::Args)]
#[group(skip)]
pub struct OtlpOptions {
    /// Collector that gets a trace of each deployment, and errors, by OTLP over HTTP, such as `http://127.0.0.1:4318`
    /// [default: none does]
    #[arg(long, env = "KEYFORGE_OTLP_ENDPOINT", value_name = "URL", value_parser = endpoint)]
    pub otlp_endpoint: Option<Url>,
    /// File with headers that it wants, `Name: value` a line [default: none]
    #[arg(long, env = "KEYFORGE_OTLP_HEADERS_FILE", value_name = "FILE")]
    pub otlp_headers_file: Option<PathBuf>,
    /// What tells this installation's traces from others
    #[arg(long, env = "KEYFORGE_OTLP_NAMESPACE", value_name = "TEXT", default_value = "keyforge")]
    pub otlp_namespace: String,
}

/// The settings of traces cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OtlpError {
    /// The file of headers cannot be read.
    #[error("failed to read the headers for the collector in {}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A line of it is no header. What it is stays in the file: it may be a secret.
    #[error("{}:{line}: a header has the form `Name: value`", path.display())]
    Header {
        /// Which file.
        path: PathBuf,
        /// Which line, from 1.
        line: usize,
    },
    /// The client cannot be made.
    #[error("failed to prepare to send traces")]
    Client(#[source] reqwest::Error),
}

/// So many spans may wait to be sent; more are dropped.
const WAITING: usize = 256;

/// So many are sent at once.
const BATCH: usize = 64;

/// How long a collector may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// What is handed over.
enum Parcel {
    Spans(Vec<Span>),
    /// Everything before it is sent, or is not.
    Flush(oneshot::Sender<()>),
}

/// Where spans are handed over. Clones hand over to the same task; without a collector nothing happens.
#[derive(Clone, Default)]
pub struct Traces(Option<mpsc::Sender<Parcel>>);

impl Traces {
    /// Starts the task that sends, if there is a collector.
    ///
    /// # Errors
    /// The settings cannot be used.
    pub fn start(options: &OtlpOptions) -> Result<Self, OtlpError> {
        let Some(endpoint) = &options.otlp_endpoint else { return Ok(Self::default()) };
        let headers = options.otlp_headers_file.as_ref().map(headers).transpose()?;
        let client = Client::builder()
            .redirect(redirect::Policy::none())
            .timeout(PATIENCE)
            .default_headers(headers.unwrap_or_default())
            .user_agent(concat!("keyforge/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(OtlpError::Client)?;
        let mut url = endpoint.clone();
        url.set_path(&format!("{}/v1/traces", endpoint.path().trim_end_matches('/')));
        let (sender, parcels) = mpsc::channel(WAITING);
        tokio::spawn(send(client, url, options.otlp_namespace.clone(), parcels));
        Ok(Self(Some(sender)))
    }

    /// Whether there is a collector.
    pub fn is_wanted(&self) -> bool {
        self.0.is_some()
    }

    /// Hands spans over. Where too many wait already they are dropped.
    pub fn tell(&self, spans: Vec<Span>) {
        if let Some(sender) = &self.0 {
            let _ = sender.try_send(Parcel::Spans(spans));
        }
    }

    /// Waits until what was handed over is sent, or is not.
    pub async fn flush(&self) {
        let Some(sender) = &self.0 else { return };
        let (done, waiting) = oneshot::channel();
        if sender.send(Parcel::Flush(done)).await.is_ok() {
            let _ = waiting.await;
        }
    }
}

async fn send(client: Client, url: Url, namespace: String, mut parcels: mpsc::Receiver<Parcel>) {
    let (mut some, mut is_away) = (Vec::new(), false);
    while parcels.recv_many(&mut some, BATCH).await > 0 {
        let (mut spans, mut waiting) = (Vec::new(), Vec::new());
        for parcel in some.drain(..) {
            match parcel {
                Parcel::Spans(more) => spans.extend(more),
                Parcel::Flush(done) => waiting.push(done),
            }
        }
        if !spans.is_empty() {
            let sent = client.post(url.clone()).json(&trace::body(&spans, &namespace)).send().await;
            match sent.and_then(reqwest::Response::error_for_status) {
                Ok(_) if std::mem::take(&mut is_away) => {
                    tracing::info!("the collector of traces takes them again");
                }
                Ok(_) => {}
                Err(error) if !std::mem::replace(&mut is_away, true) => {
                    let why = error.without_url();
                    tracing::warn!(
                        "the collector of traces does not take them: {why}; they are dropped until it does"
                    );
                }
                Err(_) => {}
            }
        }
        for done in waiting {
            let _ = done.send(());
        }
    }
}

/// Headers, marked so that no log shows them.
fn headers(path: &PathBuf) -> Result<HeaderMap, OtlpError> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => Zeroizing::new(text),
        Err(source) => return Err(OtlpError::Read { path: path.clone(), source }),
    };
    let mut headers = HeaderMap::new();
    for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let parsed = line.split_once(':').and_then(|(name, value)| {
            let mut value = HeaderValue::from_str(value.trim()).ok()?;
            value.set_sensitive(true);
            Some((name.trim().parse::<HeaderName>().ok()?, value))
        });
        let (name, value) =
            parsed.ok_or_else(|| OtlpError::Header { path: path.clone(), line: number + 1 })?;
        headers.insert(name, value);
    }
    Ok(headers)
}

fn endpoint(text: &str) -> Result<Url, &'static str> {
    let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    let url =
        url.filter(|url| url.username().is_empty() && url.password().is_none() && url.query().is_none());
    url.ok_or(
        "it is an address such as `http://127.0.0.1:4318`; what lets in is given by `otlp-headers-file`",
    )
}

/// Hands errors and panics over, each as a span of its own with an event, in the trace of the deployment or request that it
/// happened in.
pub(super) struct Errors(Traces);

impl Errors {
    /// What tells them there, if there is a collector.
    pub(super) fn told(traces: &Traces) -> Option<Self> {
        traces.is_wanted().then(|| Self(traces.clone()))
    }
}

/// What of a span's fields says where an error belongs.
#[derive(Default)]
struct Known {
    deployment: Option<DeploymentId>,
    fields: Vec<(&'static str, String)>,
}

impl Visit for Known {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.take(field, value.to_owned());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        self.take(field, format!("{value:?}"));
    }
}

impl Known {
    fn take(&mut self, field: &Field, value: String) {
        let name = field.name();
        if !["deployment.id", "request.id", "union", "message", "place"].contains(&name) {
            return;
        }
        if name == "deployment.id" {
            self.deployment = value.parse().ok();
        }
        self.fields.retain(|(known, _)| *known != name);
        self.fields.push((name, value));
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> tracing_subscriber::Layer<S> for Errors {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let mut known = Known::default();
        attributes.record(&mut known);
        span.extensions_mut().insert(known);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        if let Some(known) = span.extensions_mut().get_mut::<Known>() {
            values.record(known);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        if *event.metadata().level() != Level::ERROR {
            return;
        }
        let mut own = Known::default();
        event.record(&mut own);
        for span in context.event_scope(event).into_iter().flatten() {
            if let Some(known) = span.extensions().get::<Known>() {
                own.deployment = own.deployment.or(known.deployment);
                own.fields.extend(known.fields.iter().cloned());
            }
        }
        let request = own.fields.iter().find(|(name, _)| *name == "request.id");
        let request = request.and_then(|(_, id)| id.parse::<Uuid>().ok());
        let why = own.fields.iter().find(|(name, _)| *name == "message").map(|(_, message)| message.clone());
        own.fields.retain(|(name, _)| *name != "message");
        let (now, id) = (Utc::now(), Uuid::new_v4());
        let mut span_id = [0; 8];
        span_id.copy_from_slice(&id.as_bytes()[8..]);
        self.0.tell(vec![Span {
            trace: *own.deployment.map(|id| id.0).or(request).unwrap_or(id).as_bytes(),
            id: span_id,
            parent: own.deployment.map(trace::root),
            name: "error".to_owned(),
            from: now,
            until: now,
            attributes: own.fields,
            failure: Some(why.unwrap_or_default()),
        }]);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use serde_json::Value;
    use tokio::net::TcpListener;
    use tracing_subscriber::layer::SubscriberExt as _;
    use warp::Filter as _;

    use super::*;

    /// A collector on this machine, and what it got: the path, the token and the body of each request.
    async fn collector() -> (Traces, Arc<Mutex<Vec<(String, String, Value)>>>, tempfile::TempDir) {
        let got = Arc::<Mutex<Vec<_>>>::default();
        let keep = Arc::clone(&got);
        let request = warp::path::full().and(warp::header("x-token")).and(warp::body::json());
        let route = request.map(move |path: warp::path::FullPath, token: String, body: Value| {
            keep.lock().expect("whole").push((path.as_str().to_owned(), token, body));
            "{}"
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("a bound address");
        tokio::spawn(warp::serve(route).incoming(listener).run());
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("headers");
        std::fs::write(&file, "X-Token: hunter2\n").expect("written");
        let options = OtlpOptions {
            otlp_endpoint: Some(format!("http://{address}").parse().expect("a URL")),
            otlp_headers_file: Some(file),
            otlp_namespace: "main".into(),
        };
        (Traces::start(&options).expect("sound settings"), got, folder)
    }

    #[tokio::test]
    async fn errors_stand_in_the_trace_of_their_deployment_or_request() {
        let (traces, got, _folder) = collector().await;
        let subscriber = tracing_subscriber::registry().with(Errors::told(&traces));
        let deployment = DeploymentId(Uuid::from_u128(7));
        tracing::subscriber::with_default(subscriber, || {
            let union = tracing::info_span!(
                "union",
                union = "acme",
                secret = "x",
                deployment.id = tracing::field::Empty
            );
            union.in_scope(|| {
                tracing::Span::current().record("deployment.id", tracing::field::display(deployment));
                tracing::warn!("not told");
                tracing::error!(place = "src/x.rs:1", body = "not told either", "panic: {}", "boom");
            });
            let id = Uuid::from_u128(9).to_string();
            tracing::info_span!("request", request.id = id).in_scope(|| tracing::error!("no answer"));
        });
        traces.flush().await;

        let got = got.lock().expect("whole");
        let spans = got.iter().flat_map(|(path, token, body)| {
            assert_eq!((path.as_str(), token.as_str()), ("/v1/traces", "hunter2"));
            body["resourceSpans"][0]["scopeSpans"][0]["spans"].as_array().expect("a list").clone()
        });
        let told = spans.map(|span| {
            let attributes = span["attributes"].as_array().expect("a list").iter();
            let attributes = attributes.map(|it| format!("{}={}", it["key"], it["value"]["stringValue"]));
            format!(
                "{} {} {} {}",
                span["traceId"],
                span["status"]["message"],
                span["events"][0]["name"],
                attributes.collect::<Vec<_>>().join(" ")
            )
        });
        assert_eq!(
            told.collect::<Vec<_>>().join("\n").replace('"', ""),
            "00000000000000000000000000000007 panic: boom exception place=src/x.rs:1 union=acme \
             deployment.id=00000000-0000-0000-0000-000000000007\n\
             00000000000000000000000000000009 no answer exception request.id=00000000-0000-0000-0000-000000000009"
        );
    }

    #[tokio::test]
    async fn who_tells_a_collector_that_is_away_waits_for_nothing() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("a bound address");
        drop(listener);
        let options = OtlpOptions {
            otlp_endpoint: Some(format!("http://{address}").parse().expect("a URL")),
            ..OtlpOptions::default()
        };
        let traces = Traces::start(&options).expect("sound settings");
        // More than may wait: nothing is polled in between, so the rest is dropped.
        (0..WAITING * 2).for_each(|_| traces.tell(Vec::new()));
        traces.flush().await;
        let nobody = Traces::start(&OtlpOptions::default()).expect("sound settings");
        nobody.tell(Vec::new());
        nobody.flush().await;
    }

    #[test]
    fn a_header_that_is_none_is_named_by_its_line_and_not_shown() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("headers");
        std::fs::write(&file, "X-Token: a\n\nhunter2\n").expect("written");
        let error = headers(&file).expect_err("no header").to_string();
        assert!(error.ends_with("headers:3: a header has the form `Name: value`"), "{error}");
        assert!(
            endpoint("http://collector:4318").is_ok() && endpoint("http://token@collector:4318").is_err()
        );
    }
}
