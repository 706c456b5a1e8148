//! How long the API takes at ten thousand unions: the release daemon on a database as a year leaves it, asked by fifty
//! clients at a steady rate, beside a bare warp handler that returns as many bytes.
//!
//! The loop is open: a request is timed from the moment at which it was to be sent, so an answer that is late makes those
//! behind it late too, as people see it. The daemon never reaches a cluster, so it does nothing but answer.

use std::fs;
use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use futures::future::join_all;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use serde::Serialize;
use sqlx::Executor as _;
use tokio::net::TcpListener;
use tokio::time::Instant;
use warp::Filter as _;

use crate::meter::Process;
use crate::streams::{self, Streams};
use crate::support::daemon::{Daemon, Told};
use crate::support::postgres::Database;
use crate::support::repo::Repo;
use crate::support::seed::{REVISIONS, Size, seed};

/// Clients, each with a connection of its own.
const CLIENTS: u32 = 50;
/// Requests of all clients together in a second (decisions.md 5).
const RATE: u32 = 200;
/// How many of each kind are timed.
const REQUESTS: u32 = 4_000;
/// How long anything may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// What is asked for: each request for another one of its kind.
type Asks = fn(u32) -> String;

const KINDS: [(&str, Asks); 4] = [
    ("first page of unions", |_| "/api/v1/unions".to_owned()),
    // Eleven unions have such a text: one of three digits, ten that go on.
    ("search", |number| format!("/api/v1/unions?search=VAULT-{}", number % 900 + 100)),
    ("one union", |number| format!("/api/v1/unions/union-{:05}", number % 10_000 + 1)),
    ("one revision", |number| {
        let digest = keyforge::digest::Digest::of((number % REVISIONS + 1).to_string()).to_string();
        let (_, hex) = digest.split_once(':').expect("a kind and its digits");
        format!("/api/v1/revisions/{}", &hex[..40])
    }),
];

/// What was measured.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Api {
    seed_seconds: f64,
    peak_memory_mebibytes: u64,
    asked: Vec<Asked>,
    streams: Streams,
}

/// One kind of request.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Asked {
    what: &'static str,
    /// Of a usual answer.
    bytes: usize,
    taken: Taken,
    /// By the bare handler, for as many bytes.
    bare: Taken,
}

/// Half of all requests took at most, and 99 of 100.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Taken {
    p50_millis: f64,
    p99_millis: f64,
}

impl Api {
    /// Rows for people.
    pub(crate) fn table(&self) -> String {
        let row = |asked: &Asked| {
            let Asked { what, bytes, taken, bare } = asked;
            let what = format!("{what}, {bytes} bytes (bare handler)");
            let p50 = format!("{:.1} ({:.1})", taken.p50_millis, bare.p50_millis);
            let p99 = format!("{:.1} ({:.1}) ms", taken.p99_millis, bare.p99_millis);
            format!("{what:<50} {p50:>10} {p99:>17}  goal 20 ms\n")
        };
        let head = format!(
            "{:<50} {:>10} {:>14}\n",
            format!("API, {CLIENTS} clients, {RATE} requests a second"),
            "p50",
            "p99"
        );
        let memory = format!(
            "{:<50} {:>22}\n",
            "  most memory of the daemon",
            format!("{} MiB", self.peak_memory_mebibytes)
        );
        head + &self.asked.iter().map(row).collect::<String>() + &memory + &self.streams.table()
    }
}

pub(crate) async fn measure() -> Api {
    let database = Database::migrated().await;
    let mut connection = database.connection().await;
    let start = Instant::now();
    seed(&mut connection, Size::ISSUE).await;
    let seed_seconds = start.elapsed().as_secs_f64();
    // As the server's own housekeeping would have done long ago.
    connection.execute("vacuum").await.expect("cleaned");
    let (folder, repo) = (tempfile::tempdir().expect("a folder"), Repo::bare());
    let kubeconfig = folder.path().join("kubeconfig");
    fs::write(&kubeconfig, NOWHERE).expect("written");
    let daemon = daemon(&database, &repo, &kubeconfig);
    let mut asked = Vec::new();
    for (what, path) in KINDS {
        let bytes = answer(&client(), &format!("{}{}", daemon.url, path(0))).await;
        let bare = bare(bytes);
        // By turns, so that both meet the same neighbours.
        let bare = ask(&bare, |_| String::new()).await;
        let taken = ask(&daemon.url, path).await;
        asked.push(Asked { what, bytes, taken, bare });
    }
    let process = Process(daemon.id());
    let peak_memory_mebibytes = process.peak_memory();
    // Another connection: the one that seeded makes no events.
    let streams = streams::measure(&daemon.url, &process, &mut database.connection().await).await;
    Api { seed_seconds, peak_memory_mebibytes, asked, streams }
}

/// A cluster that is not there.
const NOWHERE: &str = "\
apiVersion: v1
kind: Config
current-context: nowhere
contexts: [{name: nowhere, context: {cluster: nowhere, user: nobody}}]
clusters: [{name: nowhere, cluster: {server: 'http://127.0.0.1:9'}}]
users: [{name: nobody, user: {}}]
";

fn daemon(database: &Database, repo: &Repo, kubeconfig: &Path) -> Daemon {
    let (path, state) = (repo.path(), repo.state_dir());
    let told = Told {
        repo: &path,
        database: &database.url,
        kubeconfig,
        state: &state,
        namespace: "keyforge",
        installation: "bench",
    };
    // All clients have one address here.
    Daemon::start_with(&told, &["--log", "info", "--rate-limit", "1000000", "--rate-burst", "1000000"])
}

/// A handler that does nothing but to return so many bytes, on threads of its own; its URL.
fn bare(bytes: usize) -> String {
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async move {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
            sender.send(listener.local_addr().expect("an address")).expect("somebody waits for it");
            let body = Bytes::from(vec![b' '; bytes]);
            let handler = warp::any().map(move || http::Response::new(body.clone()));
            let service = TowerToHyperService::new(warp::service(handler));
            loop {
                let (stream, _) = listener.accept().await.expect("a client");
                let service = service.clone();
                tokio::spawn(async move {
                    let builder = auto::Builder::new(TokioExecutor::new()).http1_only();
                    // A client that went away.
                    let _ = builder.serve_connection(TokioIo::new(stream), service).await;
                });
            }
        });
    });
    format!("http://{}", receiver.recv().expect("it listens"))
}

/// Asks at the steady rate, each client at its own moments.
async fn ask(url: &str, path: Asks) -> Taken {
    let apart = Duration::from_secs(1) / RATE;
    let begin = Instant::now() + Duration::from_millis(200);
    let clients = (0..CLIENTS).map(|number| {
        let url = url.to_owned();
        tokio::spawn(async move {
            let client = client();
            let mut taken = Vec::new();
            // Connected, and every cache as warm as it gets.
            answer(&client, &format!("{url}{}", path(number))).await;
            for request in (number..REQUESTS).step_by(CLIENTS as usize) {
                let due = begin + apart * request;
                tokio::time::sleep_until(due).await;
                answer(&client, &format!("{url}{}", path(request))).await;
                taken.push(due.elapsed());
            }
            taken
        })
    });
    let all = join_all(clients).await.into_iter().flat_map(|taken| taken.expect("no client panics"));
    let mut all: Vec<Duration> = all.collect();
    all.sort();
    let millis = |share: usize| all[all.len() * share / 100].as_secs_f64() * 1_000.0;
    Taken { p50_millis: millis(50), p99_millis: millis(99) }
}

fn client() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().timeout(PATIENCE).build().expect("a client")
}

/// How many bytes a whole answer has.
async fn answer(client: &reqwest::Client, url: &str) -> usize {
    let answer = client.get(url).send().await.expect("an answer");
    assert_eq!(answer.status().as_u16(), 200, "{url}");
    answer.bytes().await.expect("all of it").len()
}
