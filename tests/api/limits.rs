//! What clients, and a database that is slow or away, cannot do to the API.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use keyforge::api::Limits;
use keyforge::settings::Rate;
use reqwest::Client;
use serde_json::Value;
use sqlx::{Connection as _, Executor as _, PgConnection};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::fixture::with_unions;
use crate::served::{SOON, Served, expected, raw, steady};
use crate::support::postgres::Database;

#[tokio::test]
async fn without_its_database_the_api_says_so_and_nothing_more() {
    let (_database, store) = with_unions(&["acme"]).await;
    let api = Served::start(store.clone()).await;
    api.dependencies.started();
    let before = api.get("/metrics").await.text().await.expect("a text");
    store.close().await;
    assert_eq!(
        api.shown("/api/v1/unions").await,
        (
            503,
            expected(
                r#"{
  "type": "urn:keyforge:problem:database-away",
  "title": "the database does not answer",
  "status": 503,
  "code": "database-away",
  "detail": "what is running goes on; try again shortly",
  "requestId": "<requestId>"
}"#
            )
        )
    );
    assert_eq!(api.get("/api/v1/unions").await.headers()["retry-after"], "5");
    assert_eq!(api.get("/health/ready").await.status().as_u16(), 200);
    assert_eq!(api.get("/metrics").await.text().await.expect("a text"), before, "what was known last");
}

#[tokio::test]
async fn a_client_that_does_not_finish_its_headers_is_let_go() {
    let (_database, store) = with_unions(&[]).await;
    let limits = Limits { headers: Duration::from_millis(50), ..Limits::default() };
    let api = Served::within(store, limits, SOON).await;
    let answer = raw(&api, "GET /health/live HTTP/1.1\r\nhost: localhost\r\n").await;
    assert!(!answer.contains("200 OK"), "{answer}");
    assert_eq!(api.get("/health/live").await.status().as_u16(), 200);
}

#[tokio::test]
async fn who_has_too_many_connections_gets_no_more_and_others_do() {
    let (_database, store) = with_unions(&[]).await;
    let api = Served::within(store, Limits { connections_each: 1, ..Limits::default() }, SOON).await;
    let mut first = TcpStream::connect(api.address).await.expect("a connection");
    let request = "HEAD /health/live HTTP/1.1\r\nhost: localhost\r\n\r\n";
    first.write_all(request.as_bytes()).await.expect("sent");
    first.read_u8().await.expect("an answer");
    assert_eq!(raw(&api, "").await, "", "closed at once");
    let from: IpAddr = "127.0.0.2".parse().expect("an address");
    let other = Client::builder().no_proxy().local_address(from).build().expect("a client");
    let url = format!("http://{}/health/live", api.address);
    assert_eq!(other.get(url).timeout(SOON).send().await.expect("an answer").status().as_u16(), 200);
}

/// What is written in vain does not count: the other side may end the connection in the middle of it.
async fn flood(api: &Served, request: &str, filling: &[u8]) -> String {
    let mut stream = TcpStream::connect(api.address).await.expect("a connection");
    let (mut read, mut write) = stream.split();
    let mut answer = Vec::new();
    let writing = async {
        if write.write_all(request.as_bytes()).await.is_ok() {
            for _ in 0..10 * 1024 * 1024 / filling.len() {
                if write.write_all(filling).await.is_err() {
                    break;
                }
            }
        }
    };
    let reading = async { while read.read_buf(&mut answer).await.is_ok_and(|read| read > 0) {} };
    let both = futures::future::join(writing, reading);
    tokio::time::timeout(SOON, both).await.expect("the connection is closed");
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn ten_mebibytes_of_anything_are_not_read() {
    let (_database, store) = with_unions(&[]).await;
    let api = Served::start(store).await;
    let filler = |text: &str| text.repeat(1024).into_bytes();
    let headers =
        flood(&api, "GET /api/v1/unions HTTP/1.1\r\nhost: localhost\r\n", &filler("x-a: 89\r\n")).await;
    assert!(headers.is_empty() || headers.starts_with("HTTP/1.1 431 "), "{headers}");
    let path = flood(&api, "GET /", &filler("a")).await;
    assert!(path.is_empty() || path.starts_with("HTTP/1.1 4"), "{path}");
    let chunked = "POST /api/v1/unions HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n";
    let body = flood(&api, chunked, &filler("6\r\n123456\r\n")).await;
    assert!(body.is_empty() || body.starts_with("HTTP/1.1 405 "), "{body}");
    let announced = "GET /api/v1/unions HTTP/1.1\r\nhost: localhost\r\ncontent-length: 10485760\r\n\r\n";
    let answer = flood(&api, announced, &filler("a")).await;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 413 "), "{answer}");
    let alone = raw(&api, &announced.replace("\r\n\r\n", "\r\nconnection: close\r\n\r\n")).await;
    assert!(alone.contains("\"code\":\"too-large\""), "{alone}");
    assert_eq!(api.get("/health/live").await.status().as_u16(), 200);
}

#[tokio::test]
async fn a_connection_too_many_waits_for_its_turn() {
    let (_database, store) = with_unions(&[]).await;
    let limits = Limits { connections: 1, headers: Duration::from_millis(200), ..Limits::default() };
    let api = Served::within(store, limits, SOON).await;
    let mut idle = TcpStream::connect(api.address).await.expect("a connection");
    assert_eq!(api.get("/health/live").await.status().as_u16(), 200);
    // The second was answered after the first was let go, so the first is closed by now.
    let mut rest = Vec::new();
    let closed = tokio::time::timeout(SOON, idle.read_to_end(&mut rest)).await;
    assert!(closed.is_ok(), "the idle connection is closed");
}

#[tokio::test]
async fn who_asks_too_much_is_refused_and_told_when_to_come_back_and_nobody_else_is() {
    let (_database, store) = with_unions(&[]).await;
    let number = |number| NonZeroU32::new(number).expect("a number");
    // So slow that none is earned meanwhile.
    let rate = Rate { per_minute: number(1), burst: number(3) };
    let api = Served::within(store, Limits { rate, ..Limits::default() }, SOON).await;
    let ask = async |from: &str, path: &str| {
        let from: IpAddr = from.parse().expect("an address");
        let client = Client::builder().no_proxy().local_address(from).build().expect("a client");
        client.get(format!("http://{}{path}", api.address)).timeout(SOON).send().await.expect("an answer")
    };
    let mut told = String::new();
    for path in ["/api/v1/unions", "/api/v1/unions/nobody", "/api/nowhere", "/api/v1/unions", "/metrics"] {
        let answer = ask("127.0.0.2", path).await;
        let (status, headers) = (answer.status().as_u16(), answer.headers());
        assert_eq!(headers["ratelimit-policy"], "3;w=180");
        assert_eq!(headers["x-content-type-options"], "nosniff");
        told += &format!("{status} {}\n", headers["ratelimit"].to_str().expect("a text"));
    }
    assert_eq!(
        told,
        "\
200 limit=3, remaining=2, reset=60
404 limit=3, remaining=1, reset=120
404 limit=3, remaining=0, reset=180
429 limit=3, remaining=0, reset=180
429 limit=3, remaining=0, reset=180
"
    );
    let refused = ask("127.0.0.2", "/api/v1/unions").await;
    let wait: u64 = refused.headers()["retry-after"].to_str().expect("a text").parse().expect("seconds");
    assert!((1..=60).contains(&wait), "{wait}");
    let mut problem: Value = refused.json().await.expect("JSON");
    steady(&mut problem, false);
    assert_eq!(
        problem,
        expected(
            r#"{
  "type": "urn:keyforge:problem:too-many-requests",
  "title": "more was asked than one client may ask",
  "status": 429,
  "code": "too-many-requests",
  "detail": "`RateLimit` tells how much that is, and `Retry-After` when to come back",
  "requestId": "<requestId>"
}"#
        )
    );
    let probe = ask("127.0.0.2", "/health/live").await;
    assert_eq!((probe.status().as_u16(), probe.headers().get("ratelimit")), (200, None));
    assert_eq!(ask("127.0.0.3", "/api/v1/unions").await.status().as_u16(), 200);
}

/// Keeps every query on unions waiting, until the connection is dropped.
async fn lock_unions(database: &Database) -> PgConnection {
    let mut connection = database.connection().await;
    connection.execute("begin; lock table union_status").await.expect("locked");
    connection
}

/// Waits until somebody waits for that lock.
async fn until_blocked(database: &Database) {
    let mut connection = database.connection().await;
    let waiting = async {
        loop {
            let blocked: i64 = sqlx::query_scalar("select count(*) from pg_locks where not granted and database = (select oid from pg_database where datname = current_database())")
                .fetch_one(&mut connection)
                .await
                .expect("an answer");
            if blocked > 0 {
                break;
            }
        }
    };
    tokio::time::timeout(SOON, waiting).await.expect("a request that waits");
}

#[tokio::test]
async fn an_answer_that_takes_too_long_is_given_up() {
    let (database, store) = with_unions(&["acme"]).await;
    let _lock = lock_unions(&database).await;
    let limits = Limits { answer: Duration::from_millis(100), ..Limits::default() };
    let api = Served::within(store, limits, SOON).await;
    let answer = api.get("/api/v1/unions").await;
    assert_eq!(answer.status().as_u16(), 503);
    assert_eq!(answer.json::<Value>().await.expect("JSON")["code"], "timeout");
    assert_eq!(api.get("/health/live").await.status().as_u16(), 200);
}

#[tokio::test]
async fn what_was_asked_before_the_end_is_answered() {
    let (database, store) = with_unions(&["acme"]).await;
    let lock = lock_unions(&database).await;
    let api = Arc::new(Served::start(store).await);
    let asking = tokio::spawn({
        let api = Arc::clone(&api);
        async move { api.get("/api/v1/unions").await.status().as_u16() }
    });
    until_blocked(&database).await;
    api.end.cancel();
    lock.close().await.expect("released");
    assert_eq!(asking.await.expect("no panic"), 200);
    let api = Arc::into_inner(api).expect("nobody else has it");
    tokio::time::timeout(SOON, api.serving).await.expect("its end").expect("no panic");
    assert!(TcpStream::connect(api.address).await.is_err(), "nobody listens any more");
}

#[tokio::test]
async fn the_end_does_not_wait_for_ever() {
    let (database, store) = with_unions(&["acme"]).await;
    let _lock = lock_unions(&database).await;
    let api = Served::within(store, Limits::default(), Duration::from_millis(50)).await;
    let mut stream = TcpStream::connect(api.address).await.expect("a connection");
    stream.write_all(b"GET /api/v1/unions HTTP/1.1\r\nhost: localhost\r\n\r\n").await.expect("sent");
    until_blocked(&database).await;
    api.end.cancel();
    tokio::time::timeout(SOON, api.serving).await.expect("its end").expect("no panic");
}
