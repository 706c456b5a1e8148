//! The stream of events: from a place to now and on, in the order of commits, on any replica.

use std::time::Duration;

use keyforge::api::Limits;
use serde_json::json;
use sqlx::{Connection as _, Executor as _};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use crate::fixture::with_unions;
use crate::served::{SOON, Served, history, newest};
use crate::support::follower::{Follower, Seen};

async fn follow(api: &Served, seen: Option<i64>) -> Follower {
    Follower::open(&format!("http://{}", api.address), seen).await.expect("a stream")
}

async fn next(follower: &mut Follower) -> Seen {
    tokio::time::timeout(SOON, follower.next()).await.expect("in time").expect("an event")
}

#[tokio::test]
async fn a_client_gets_what_happened_after_its_place_and_what_happens_then() {
    let (database, store) = history().await;
    let api = Served::start(store).await;
    let mut all = follow(&api, Some(0)).await;
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
    assert!(seen.is_sorted_by(|one, next| one.id < next.id), "{seen:?}");

    let mut rest = follow(&api, Some(seen[2].id)).await;
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
    assert!(birch.id < acme.id);
}

#[tokio::test]
async fn a_place_that_is_not_known_any_more_is_told_and_one_that_is_none_refused() {
    let (_database, store) = with_unions(&["acme"]).await;
    let api = Served::start(store).await;
    let mut lost = follow(&api, Some(1_000_000)).await;
    let reset = next(&mut lost).await;
    assert_eq!(reset.event, "reset");
    let mut known = follow(&api, Some(reset.id - 1)).await;
    assert_eq!(next(&mut known).await.id, reset.id);
    assert_eq!(api.shown("/api/v1/events?after=yesterday").await.0, 400);
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
    let request = b"GET /api/v1/events?after=0 HTTP/1.1\r\nhost: localhost\r\n\r\n";
    idle.write_all(request).await.expect("sent");
    // There is one place, and it becomes free.
    assert_eq!(api.get("/health/live").await.status().as_u16(), 200);
}
