//! What a thousand clients that follow the events cost the daemon: the memory that it has beyond what it had before they came.
//!
//! Each has a connection of its own and reads everything that it is told, so what is measured is the price of a place, not of
//! what nobody takes.

use std::net::SocketAddr;

use futures::future::join_all;
use serde::Serialize;
use sqlx::{AssertSqlSafe, Executor as _, PgConnection};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

use crate::api::PATIENCE;
use crate::meter::Process;

/// As many as one replica takes.
const CLIENTS: u32 = 1_000;
/// So much happens while they follow.
const EVENTS: u32 = 500;

/// What was measured.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Streams {
    clients: u32,
    events: u32,
    /// The most that it had meanwhile, less what it had before.
    more_memory_mebibytes: f64,
    /// From the commit until every client has been told everything.
    told_seconds: f64,
}

impl Streams {
    /// Rows for people.
    pub(crate) fn table(&self) -> String {
        let Self { clients, events, more_memory_mebibytes, told_seconds } = self;
        let memory = format!("{more_memory_mebibytes:.1} MiB");
        let told = format!("{told_seconds:.2} s");
        format!(
            "{:<50} {memory:>22}  goal 60 MiB\n{:<50} {told:>22}\n",
            format!("  more memory with {clients} clients of the events"),
            format!("  until all of them are told {events} events"),
        )
    }
}

/// Of a daemon with a fleet of at least so many unions as there are to be events.
pub(crate) async fn measure(url: &str, process: &Process, connection: &mut PgConnection) -> Streams {
    let address = url.strip_prefix("http://").and_then(|address| address.parse().ok()).expect("an address");
    let before = process.forget_peak();
    let mut clients = join_all((0..CLIENTS).map(|_| follow(address))).await;
    let change = format!(
        "update union_status set progress_why = 'measured' where union_name in (
            select union_name from union_status order by union_name limit {EVENTS}
        )"
    );
    let start = Instant::now();
    connection.execute(AssertSqlSafe(change)).await.expect("changed by hand");
    timeout(PATIENCE, join_all(clients.iter_mut().map(all_events))).await.expect("everybody is told");
    Streams {
        clients: CLIENTS,
        events: EVENTS,
        more_memory_mebibytes: process.more_memory(before),
        told_seconds: start.elapsed().as_secs_f64(),
    }
}

/// A client that knows its place.
async fn follow(address: SocketAddr) -> Lines<BufReader<TcpStream>> {
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    let request = format!("GET /api/v1/events HTTP/1.1\r\nhost: {address}\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("sent");
    let mut lines = BufReader::new(stream).lines();
    until(&mut lines, "id:").await;
    lines
}

async fn all_events(lines: &mut Lines<BufReader<TcpStream>>) {
    for _ in 0..EVENTS {
        until(lines, "event:union-changed").await;
    }
}

/// Reads to the next line that begins so.
async fn until(lines: &mut Lines<BufReader<TcpStream>>, beginning: &str) {
    while !lines.next_line().await.expect("a stream").expect("it goes on").starts_with(beginning) {}
}
