//! What clients, and a database that is slow or away, cannot do to the API.

use std::sync::Arc;
use std::time::Duration;

use keyforge::api::Limits;
use serde_json::Value;
use sqlx::{Connection as _, Executor as _, PgConnection};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::fixture::with_unions;
use crate::served::{SOON, Served, expected, raw};
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
