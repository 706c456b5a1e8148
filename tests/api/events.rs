//! The stream of events: from a place to now and on, in the order of commits, on any replica.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Duration;

use futures::StreamExt as _;
use keyforge::api::Limits;
use serde_json::{Value, json};
use sqlx::{Connection as _, Executor as _};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};

use crate::fixture::with_unions;
use crate::served::{SOON, Served, history, newest};
use crate::support::follower::{Follower, Seen};

async fn follow(api: &Served, seen: Option<&str>) -> Follower {
    Follower::open(&format!("http://{}", api.address), seen).await.expect("a stream")
}

async fn next(follower: &mut Follower) -> Seen {
    tokio::time::timeout(SOON, follower.next()).await.expect("in time").expect("an event")
}

#[tokio::test]
async fn a_client_gets_what_happened_after_its_place_and_what_happens_then() {
    let (database, store) = history().await;
    let api = Served::start(store).await;
    let mut all = follow(&api, Some("0-0")).await;
    let mut seen = Vec::new();
    while seen
        .last()
        .is_none_or(|seen: &Seen| seen.event != "deployment-closed" || seen.data["union"] != "birch")
    {
        seen.push(next(&mut all).await);
    }
    let mut birch: Vec<&str> =
        seen.iter().filter(|seen| seen.data["union"] == "birch").map(|seen| seen.event.as_str()).collect();
    birch.dedup();
    assert_eq!(birch, ["union-changed", "deployment-opened", "deployment-closed"]);
    assert_eq!(seen.last().map(|seen| seen.data["deployment"].clone()), Some(json!(newest(&api).await)));
    assert!(seen.is_sorted_by_key(Seen::number), "{seen:?}");

    let mut rest = follow(&api, Some(&seen[2].id)).await;
    for expected in &seen[3..] {
        assert_eq!(next(&mut rest).await, *expected, "another connection goes on where the first was");
    }

    let mut from_now = follow(&api, None).await;
    database
        .connection()
        .await
        .execute("update union_status set health = 'unknown' where union_name = 'acme'")
        .await
        .expect("changed by hand");
    let live = next(&mut from_now).await;
    assert_eq!((live.event.as_str(), live.data), ("union-changed", json!({ "union": "acme" })));

    api.stopping.cancel();
    let end = async { while from_now.next().await.is_some() {} };
    tokio::time::timeout(SOON, end).await.expect("the end of the daemon ends the stream");
}

/// The slower of two transactions gets the later place, whichever began first: nobody who is past it misses it.
#[tokio::test]
async fn what_is_committed_later_comes_later() {
    let (database, store) = with_unions(&["acme", "birch"]).await;
    let api = Served::start(store).await;
    let mut follower = follow(&api, None).await;
    let change = "update union_status set health = 'current' where union_name = ";
    let mut slow = database.connection().await;
    let mut first = slow.begin().await.expect("a transaction");
    first.execute(sqlx::AssertSqlSafe(format!("{change} 'acme'"))).await.expect("changed");
    let mut fast = database.connection().await;
    fast.execute(sqlx::AssertSqlSafe(format!("{change} 'birch'"))).await.expect("changed");
    let birch = next(&mut follower).await;
    assert_eq!(birch.data["union"], "birch");
    first.commit().await.expect("committed");
    let acme = next(&mut follower).await;
    assert_eq!(acme.data["union"], "acme");
    assert!(birch.number() < acme.number());
}

#[tokio::test]
async fn a_place_that_is_not_known_any_more_is_told_and_one_that_is_none_refused() {
    let (_database, store) = with_unions(&["acme", "birch"]).await;
    let api = Served::start(store).await;
    let mut all = follow(&api, Some("0-0")).await;
    let (first, second) = (next(&mut all).await, next(&mut all).await);
    // Too far, of another database, of another version, nonsense.
    for lost in ["1000000-1", "1-1", "5000", "nonsense"] {
        let mut lost = follow(&api, Some(lost)).await;
        let reset = next(&mut lost).await;
        assert!(reset.number() >= second.number());
        assert_eq!((reset.event.as_str(), reset.data), ("reset", json!({})));
    }
    let mut known = follow(&api, Some(&first.id)).await;
    assert_eq!(next(&mut known).await, second);
    assert_eq!(api.shown("/api/v1/events?after=yesterday").await.0, 400);
}

/// The numbers of the restored database were given out before, for other happenings.
#[tokio::test]
async fn who_followed_a_database_that_was_put_back_to_an_older_state_is_told() {
    let (database, store) = with_unions(&["acme"]).await;
    let api = Served::start(store).await;
    let mut follower = follow(&api, Some("0-0")).await;
    let mut connection = database.connection().await;
    let insert = "insert into event (happened, union_name)
        select 'union-changed', 'of-' || $1 from generate_series(1, 3)";
    let happen = async |connection: &mut sqlx::PgConnection, when: &str| {
        sqlx::query(insert).bind(when).execute(&mut *connection).await.expect("written by hand");
        connection.execute("notify keyforge_event").await.expect("told");
    };
    happen(&mut connection, "before").await;
    while next(&mut follower).await.data["union"] != "of-before" {}
    // As a restored dump is: the tables are there, with what they were then, and everybody connects anew.
    connection.execute("truncate event restart identity").await.expect("put back");
    happen(&mut connection, "after").await;
    let thrown_out = "select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid()";
    connection.execute(thrown_out).await.expect("thrown out");
    while next(&mut follower).await.event != "reset" {}
    happen(&mut connection, "later").await;
    while next(&mut follower).await.data["union"] != "of-later" {}
}

/// Of ten thousand who try, a thousand follow, whoever they are. Those who are refused are gone at once: at no time are there more
/// than 1,200 connections, so that both ends of all of them fit into what a process may have open.
#[tokio::test]
async fn ten_thousand_clients_try_a_thousand_follow_and_all_others_are_told_to_come_back() {
    open_files();
    let (database, store) = with_unions(&["acme"]).await;
    let api = Served::start(store).await;
    let clients = futures::future::join_all((0..1_000).map(|_| async {
        let mut stream = TcpStream::connect(api.address).await.expect("a connection");
        let request = b"GET /api/v1/events HTTP/1.1\r\nhost: localhost\r\n\r\n";
        stream.write_all(request).await.expect("sent");
        until_told(&mut stream, "\nid:").await;
        stream
    }));
    let mut clients = tokio::time::timeout(SOON, clients).await.expect("everybody has a place");
    let others =
        (0..9_000_u16).map(|number| refused(api.address, u8::try_from(2 + number % 9).expect("small")));
    let told = futures::stream::iter(others).buffer_unordered(200).collect::<BTreeSet<_>>().await;
    assert_eq!(
        told,
        ["HTTP/1.1 503 Service Unavailable, retry-after: 5, too-many-followers".to_owned()].into()
    );
    // Everything else goes on beside them.
    assert_eq!(api.get("/api/v1/unions").await.status().as_u16(), 200);
    let change = "update union_status set health = 'current' where union_name = 'acme'";
    database.connection().await.execute(change).await.expect("changed by hand");
    let told =
        futures::future::join_all(clients.iter_mut().map(|client| until_told(client, "union-changed")));
    tokio::time::timeout(SOON, told).await.expect("everybody is told");
}

/// What somebody is told who comes from another address when all places are taken.
async fn refused(api: SocketAddr, from: u8) -> String {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.bind(SocketAddr::from(([127, 0, 0, from], 0))).expect("an address of this machine");
    let mut stream = socket.connect(api).await.expect("a connection");
    let request = b"GET /api/v1/events HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    stream.write_all(request).await.expect("sent");
    let mut answer = String::new();
    let reading = tokio::time::timeout(SOON, stream.read_to_string(&mut answer));
    reading.await.expect("in time").expect("an answer, and its end");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
    let status = head.lines().next().unwrap_or_default();
    let wait = head.lines().find(|line| line.starts_with("retry-after")).unwrap_or_default();
    let body: Value = serde_json::from_str(body).expect("JSON");
    format!("{status}, {wait}, {}", body["code"].as_str().unwrap_or_default())
}

/// Reads until this is told.
async fn until_told(stream: &mut TcpStream, what: &str) {
    let mut text = Vec::with_capacity(1024);
    while !String::from_utf8_lossy(&text).contains(what) {
        let read = stream.read_buf(&mut text).await.expect("an open stream");
        assert!(read > 0, "{}", String::from_utf8_lossy(&text));
    }
}

/// Both ends of a thousand connections are here.
fn open_files() {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    let raised = rustix::process::Rlimit { current: limit.maximum, ..limit };
    rustix::process::setrlimit(rustix::process::Resource::Nofile, raised).expect("raised");
}

#[tokio::test]
async fn a_stream_on_which_nothing_happens_shows_again_and_again_that_it_still_is_one() {
    let (_database, store) = with_unions(&[]).await;
    let limits = Limits { heartbeat: Duration::from_millis(10), ..Limits::default() };
    let api = Served::within(store, limits, SOON).await;
    let mut stream = TcpStream::connect(api.address).await.expect("a connection");
    stream.write_all(b"GET /api/v1/events HTTP/1.1\r\nhost: localhost\r\n\r\n").await.expect("sent");
    for _ in 0..3 {
        tokio::time::timeout(SOON, until_told(&mut stream, "\n:\n\n")).await.expect("in time");
    }
}

#[tokio::test]
async fn a_client_that_takes_nothing_is_let_go() {
    let (database, store) = with_unions(&[]).await;
    // More than the kernel keeps for a client that does not read.
    let many = "insert into event (happened, union_name)
        select 'union-changed', repeat('a', 30) from generate_series(1, 100000)";
    database.connection().await.execute(many).await.expect("written by hand");
    let limits = Limits { connections: 1, stalled: Duration::from_millis(500), ..Limits::default() };
    let api = Served::within(store, limits, SOON).await;
    let mut idle = TcpStream::connect(api.address).await.expect("a connection");
    let request = b"GET /api/v1/events?after=0-0 HTTP/1.1\r\nhost: localhost\r\n\r\n";
    idle.write_all(request).await.expect("sent");
    // There is one place, and it becomes free.
    assert_eq!(api.get("/health/live").await.status().as_u16(), 200);
}
