//! Asking for a look at once: who may, who hears of it, and what answers it.

use std::process::Output;

use keyforge::access::Role;
use keyforge::outcome::Reason;
use keyforge::store::{Next, Store};
use reqwest::{Client, Method, Response};
use serde_json::Value;
use tokio::process::Command;

use crate::fixture::{accept, accepted, claim, current, object, with_unions};
use crate::served::{SOON, Served, key, raw, viewer};

async fn post(api: &Served, path: &str, headers: &[(&str, &str)]) -> Response {
    let client = Client::builder().no_proxy().build().expect("a client");
    let request = client.post(format!("http://{}{path}", api.address));
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    request.timeout(SOON).send().await.expect("an answer")
}

/// Asks, and is told that it will be done.
async fn asked(api: &Served, path: &str) -> Value {
    let answer = post(api, path, &[]).await;
    assert_eq!(answer.status().as_u16(), 202, "{path}");
    let place = answer.headers()["location"].to_str().expect("a place").to_owned();
    let told: Value = answer.json().await.expect("JSON");
    assert_eq!(place, format!("/api/v1/sync/{}", told["id"].as_str().expect("an id")));
    told
}

/// The config repo was looked at from now on.
async fn look(store: &Store, why: Option<&str>) {
    let now = store.now().await.expect("the database answers");
    store.record_sync(now, why).await.expect("recorded");
}

/// What the replica does that follows the config repo: hears of a request, and looks.
async fn hear_and_look(store: &Store, why: Option<&str>) {
    let mut following = store.listen_to_requests().await.expect("the database answers");
    while !store.is_asked_to_sync().await.expect("the database answers") {
        following.heard().await.expect("the database answers");
    }
    look(store, why).await;
}

/// Rolls out what is due.
async fn roll_out(store: &Store) -> Reason {
    let claim = claim(store).await;
    store.set_status(&claim, &current(1)).await.expect("the lease holds");
    store.release(&claim, Next::Idle).await.expect("the lease was ours");
    claim.reason
}

#[tokio::test]
async fn a_request_is_heard_by_who_follows_and_answered_by_what_is_looked_at_after_it() {
    let (_database, store) = with_unions(&["acme"]).await;
    roll_out(&store).await;
    let api = Served::start(store.clone()).await;
    let mut following = store.listen_to_requests().await.expect("the database answers");
    assert!(!store.is_asked_to_sync().await.expect("the database answers"));
    let before = store.now().await.expect("the database answers");

    let told = asked(&api, "/api/v1/unions/acme/sync").await;
    assert_eq!(following.heard().await.expect("the database answers"), Some(String::new()));
    assert!(store.is_asked_to_sync().await.expect("the database answers"));
    let path = format!("/api/v1/sync/{}", told["id"].as_str().expect("an id"));
    assert_eq!(api.json(&path).await, told);
    assert_eq!(
        (&told["union"], &told["lookedAt"], &told["done"]),
        (&"acme".into(), &Value::Null, &false.into())
    );

    store.record_sync(before, None).await.expect("recorded");
    assert_eq!(api.json(&path).await, told, "a look that had begun before says nothing");
    look(&store, None).await;
    let told = api.json(&path).await;
    assert_eq!(told["revision"], format!("main@sha1:{}", object(1)));
    assert_eq!(
        (told["lookedAt"].is_string(), &told["done"]),
        (true, &false.into()),
        "nobody has worked on it"
    );
    assert_eq!(roll_out(&store).await, Reason::Request);
    assert_eq!(api.json(&path).await["done"], true);
}

/// Two replicas and who follows the config repo, which may be either of them or a third one, have the database in common alone.
#[tokio::test]
async fn any_replica_takes_a_request_tells_of_it_and_counts_who_asks() {
    let unions: Vec<_> = (0..10).map(|number| format!("union-{number:02}")).collect();
    let (_database, store) = with_unions(&unions.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let [one, other] = [Served::start(store.clone()).await, Served::start(store.clone()).await];
    let mut following = store.listen_to_requests().await.expect("the database answers");
    let told = asked(&one, "/api/v1/sync").await;
    assert_eq!(following.heard().await.expect("the database answers"), Some(String::new()));
    assert_eq!(asked(&other, "/api/v1/sync").await, told, "it is asked for already");
    look(&store, None).await;
    let path = format!("/api/v1/sync/{}", told["id"].as_str().expect("an id"));
    for api in [&one, &other] {
        assert_eq!(api.json(&path).await["done"], true);
    }
    for (at, union) in unions[..9].iter().enumerate() {
        asked(if at % 2 == 0 { &one } else { &other }, &format!("/api/v1/unions/{union}/sync")).await;
    }
    for api in [&one, &other] {
        assert_eq!(post(api, "/api/v1/unions/union-09/sync", &[]).await.status().as_u16(), 429);
    }
}

#[tokio::test]
async fn what_is_asked_for_already_is_not_asked_for_again_and_is_recorded_once() {
    let (_database, store) = with_unions(&["acme", "birch"]).await;
    let api = Served::start(store.clone()).await;
    let first = asked(&api, "/api/v1/sync").await;
    assert_eq!(first, asked(&api, "/api/v1/sync").await);
    let acme = asked(&api, "/api/v1/unions/acme/sync").await;
    assert_ne!(first["id"], acme["id"]);
    assert_eq!(acme, asked(&api, "/api/v1/unions/acme/sync").await);
    look(&store, Some("the config repo does not answer")).await;
    let answered = api.json(&format!("/api/v1/sync/{}", first["id"].as_str().expect("an id"))).await;
    assert_eq!(
        (&answered["reason"], &answered["done"]),
        (&"the config repo does not answer".into(), &true.into())
    );
    assert_ne!(first["id"], asked(&api, "/api/v1/sync").await["id"], "that one was looked at");

    let page = api.json("/api/v1/audit").await;
    let records = page["items"].as_array().expect("a list").iter();
    let told: Vec<_> = records
        .filter(|record| record["what"] == "sync-requested")
        .map(|record| format!("{} {} {}", record["union"], record["detail"], record["revision"]))
        .collect();
    let record = |union: &str| format!("{union} {{\"by\":\"this machine\"}} \"main@sha1:{}\"", object(1));
    assert_eq!(told, [record("null"), record("\"acme\""), record("null")]);
}

#[tokio::test]
async fn only_operators_ask_and_nobody_is_told_by_it_which_unions_there_are() {
    let (_database, store) = with_unions(&["acme", "birch"]).await;
    let api = Served::closed(store.clone()).await;
    let operator = key(&store, "ops", Role::Operator).await;
    let officer = key(&store, "officer", viewer(&["acme"])).await;
    let mut told = String::new();
    for (who, credential) in [("nobody", None), ("officer", Some(&officer)), ("operator", Some(&operator))] {
        for path in [
            "/api/v1/sync",
            "/api/v1/unions/acme/sync",
            "/api/v1/unions/birch/sync",
            "/api/v1/unions/cedar/sync",
        ] {
            let header = credential.map(|credential| ("authorization", credential.as_str()));
            let answer = post(&api, path, header.as_slice()).await;
            let status = answer.status().as_u16();
            let body: Value = answer.json().await.expect("JSON");
            told += &format!("{who} {path}: {status} {}\n", body["code"].as_str().unwrap_or("asked"));
        }
    }
    assert_eq!(
        told,
        "\
nobody /api/v1/sync: 401 unauthenticated
nobody /api/v1/unions/acme/sync: 401 unauthenticated
nobody /api/v1/unions/birch/sync: 401 unauthenticated
nobody /api/v1/unions/cedar/sync: 401 unauthenticated
officer /api/v1/sync: 403 operators-only
officer /api/v1/unions/acme/sync: 403 operators-only
officer /api/v1/unions/birch/sync: 403 operators-only
officer /api/v1/unions/cedar/sync: 403 operators-only
operator /api/v1/sync: 202 asked
operator /api/v1/unions/acme/sync: 202 asked
operator /api/v1/unions/birch/sync: 202 asked
operator /api/v1/unions/cedar/sync: 404 not-found
"
    );
    let body: Value = api.get_as(&operator, "/api/v1/audit?limit=1").await.json().await.expect("JSON");
    assert_eq!(body["items"][0]["detail"], serde_json::json!({ "by": "key ops" }));
    let id = post(&api, "/api/v1/sync", &[("authorization", &operator)]).await;
    let place = id.headers()["location"].to_str().expect("a place").to_owned();
    assert_eq!(api.get_as(&officer, &place).await.status().as_u16(), 403);
}

/// A request for all unions is about no union more than the commit that counts at that time, and so is a stop of all work.
#[tokio::test]
async fn a_request_for_all_and_a_stop_take_no_words_from_a_commit_of_one_union() {
    let (_database, store) = with_unions(&["acme"]).await;
    accept(&store, 2, vec![accepted("acme", 2)]).await;
    let api = Served::closed(store.clone()).await;
    let officer = key(&store, "officer", viewer(&["acme"])).await;
    store.ask_to_sync("key ops", None, 1, SOON).await.expect("the database answers").expect("the first one");
    store.stop("the cluster is being moved").await.expect("stopped");
    store.resume().await.expect("the database answers");
    let path = format!("/api/v1/revisions/{}", object(2));
    let told: Value = api.get_as(&officer, &path).await.json().await.expect("JSON");
    assert_eq!(told["subject"], "Change 2");
}

#[tokio::test]
async fn who_asks_too_often_waits() {
    let unions: Vec<_> = (0..11).map(|number| format!("union-{number:02}")).collect();
    let (_database, store) = with_unions(&unions.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let api = Served::start(store).await;
    for union in &unions[..10] {
        asked(&api, &format!("/api/v1/unions/{union}/sync")).await;
    }
    asked(&api, "/api/v1/unions/union-00/sync").await;
    let answer = post(&api, "/api/v1/unions/union-10/sync", &[]).await;
    assert_eq!((answer.status().as_u16(), answer.headers()["retry-after"].as_bytes()), (429, &b"61"[..]));
    assert_eq!(answer.json::<Value>().await.expect("JSON")["code"], "asked-too-often");
}

#[tokio::test]
async fn what_has_something_done_is_asked_by_post_and_not_for_a_page_of_another_site() {
    let (_database, store) = with_unions(&["acme"]).await;
    let api = Served::start(store.clone()).await;
    for path in ["/api/v1/sync", "/api/v1/unions/acme/sync"] {
        for method in [Method::GET, Method::HEAD, Method::PUT, Method::DELETE] {
            let answer = api.ask(method, path).await;
            assert_eq!(
                (answer.status().as_u16(), answer.headers()["allow"].as_bytes()),
                (405, &b"POST, OPTIONS"[..])
            );
        }
        let options = api.ask(Method::OPTIONS, path).await;
        assert_eq!(
            (options.status().as_u16(), options.headers()["allow"].as_bytes()),
            (204, &b"POST, OPTIONS"[..])
        );
        assert_eq!(post(&api, &format!("{path}?wait=1"), &[]).await.status().as_u16(), 400);
        for header in [("origin", "https://evil.example"), ("sec-fetch-site", "cross-site")] {
            let answer = post(&api, path, &[header]).await;
            assert_eq!(answer.status().as_u16(), 403);
            assert_eq!(answer.json::<Value>().await.expect("JSON")["code"], "foreign-page");
        }
    }
    assert!(!store.is_asked_to_sync().await.expect("the database answers"));
}

/// What is to be done stands in the path.
#[tokio::test]
async fn content_of_whatever_type_is_refused_where_something_is_to_be_done() {
    let (_database, store) = with_unions(&["acme"]).await;
    let api = Served::start(store.clone()).await;
    let request = |path: &str, more: &str| {
        format!("POST {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{more}")
    };
    for path in ["/api/v1/sync", "/api/v1/unions/acme/sync", "/auth/sign-out"] {
        for more in [
            "content-type: application/json\r\ncontent-length: 2\r\n\r\n{}",
            "content-type: text/xml; charset=x\r\ncontent-length: 4\r\n\r\n<a/>",
            "content-type: \r\ncontent-length: 1\r\n\r\n\0",
            "content-length: 1\r\n\r\na",
            "content-type: multipart/form-data\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n",
        ] {
            let answer = raw(&api, request(path, more)).await;
            assert!(answer.starts_with("HTTP/1.1 415 "), "{path} {more}: {answer}");
            assert!(answer.contains("\r\ncontent-type: application/problem+json\r\n"), "{answer}");
            assert!(answer.contains("\"code\":\"content-not-taken\""), "{answer}");
        }
    }
    assert!(!store.is_asked_to_sync().await.expect("the database answers"));
    // A type without anything that is of it, as some programs send.
    let nothing = "content-type: application/x-www-form-urlencoded\r\ncontent-length: 0\r\n\r\n";
    let answer = raw(&api, request("/api/v1/sync", nothing)).await;
    assert!(answer.starts_with("HTTP/1.1 202 "), "{answer}");
}

/// What a command says, and its exit code.
fn said(output: &Output) -> (String, Option<i32>) {
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    (format!("{out}{err}"), output.status.code())
}

async fn keyforge(api: &Served, arguments: &str) -> (String, Option<i32>) {
    let mut keyforge = Command::new(env!("CARGO_BIN_EXE_keyforge"));
    keyforge.env_clear().env("KEYFORGE_SERVER", format!("http://{}", api.address));
    said(&keyforge.args(arguments.split(' ')).output().await.expect("keyforge runs"))
}

#[tokio::test]
async fn keyforge_sync_waits_until_what_was_found_is_rolled_out() {
    let (_database, store) = with_unions(&["acme"]).await;
    let api = Served::start(store.clone()).await;
    let told = "the time is over: nobody has looked at the config repo yet\n".to_owned();
    assert_eq!(keyforge(&api, "sync acme --wait --timeout 0s").await, (told, Some(1)));
    look(&store, None).await;
    // Looked at, so that this is another request; the union is still due for its first rollout.
    let following = async {
        hear_and_look(&store, None).await;
        roll_out(&store).await
    };
    let (told, _) = tokio::join!(keyforge(&api, "sync acme --wait"), following);
    assert_eq!(told, ("acme is current\n".to_owned(), Some(0)));

    let (told, code) = keyforge(&api, "sync").await;
    assert!(told.starts_with("asked for: "), "{told}");
    assert_eq!(code, Some(0));
    look(&store, Some("the config repo does\u{7} not answer")).await;
    let failing = hear_and_look(&store, Some("the config repo does\u{7} not answer"));
    let (told, ()) = tokio::join!(keyforge(&api, "sync --wait"), failing);
    assert_eq!(told, ("the config repo does\\u{7} not answer\n".to_owned(), Some(1)));
    let following = hear_and_look(&store, None);
    let (told, ()) = tokio::join!(keyforge(&api, "sync --wait"), following);
    let short = &object(1).to_string()[..12];
    let expected = format!("main@{short} is applied by 1 of 1 unions that it changed, 1 current\n");
    assert_eq!(told, (expected, Some(0)));
}
