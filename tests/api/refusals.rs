//! What is refused, in which words, and what no answer may invite to.

use serde_json::Value;

use crate::fixture::with_unions;
use crate::served::{Served, history, newest, raw};

#[tokio::test]
async fn a_query_that_is_not_understood_is_refused_with_what_is_allowed() {
    let (_database, store) = history().await;
    let api = Served::start(store).await;
    let id = newest(&api).await;
    let long = format!("/api/v1/unions?search={}", "a".repeat(201));
    let events = format!("/api/v1/deployments/{id}/events?after=x");
    let logs = |query: &str| format!("/api/v1/deployments/{id}/logs?{query}");
    let mut told = String::new();
    for path in [
        "/api/v1/unions?sate=held",
        "/api/v1/unions?state=paused",
        "/api/v1/unions?state=held&state=failed",
        "/api/v1/unions?limit=0",
        "/api/v1/unions?limit=501",
        "/api/v1/unions?after=A",
        "/api/v1/unions?search=a%00b",
        &long,
        "/api/v1/unions/acme?limit=1",
        "/api/v1/deployments?union=%27",
        "/api/v1/deployments?after=12",
        &events,
        &logs("level=fatal"),
        &logs("since=yesterday"),
        &logs("page=0"),
        &logs("limit=1001"),
    ] {
        let answer = api.get(path).await;
        assert_eq!(answer.headers()["content-type"], "application/problem+json");
        let status = answer.status().as_u16();
        let body: Value = answer.json().await.expect("JSON");
        told += &format!(
            "{status} {}: {}\n",
            body["code"].as_str().expect("a code"),
            body["detail"].as_str().expect("a detail")
        );
    }
    assert_eq!(
        told,
        "\
400 unknown-parameter: `sate` is no parameter of this path; it has `state`, `search`, `sort`, `after`, `limit`
400 invalid-parameter: `state`: `paused` is no state of a union; known are `tombstone`, `suspended`, `failed`, `held`, `awaiting-approval`, `in-progress`, `current`
400 repeated-parameter: `state` is given more than once
400 invalid-parameter: `limit`: it is a number from 1 to 500
400 invalid-parameter: `limit`: it is a number from 1 to 500
400 invalid-parameter: `after`: a name has only `a` to `z`, `0` to `9` and `-`, not `A`
400 invalid-parameter: `search`: it has no control characters
400 invalid-parameter: `search`: it has at most 200 characters
400 unknown-parameter: `limit` is no parameter of this path; it has none
400 invalid-parameter: `union`: a name has only `a` to `z`, `0` to `9` and `-`, not `'`
400 invalid-parameter: `after`: it is the id of a deployment
400 invalid-parameter: `after`: it is a place that an earlier answer gave as `next`
400 invalid-parameter: `level`: `fatal` is no level; known are `debug`, `info`, `warn`, `error`
400 invalid-parameter: `since`: it is a moment such as `2026-01-31T12:00:00Z`
400 invalid-parameter: `page`: it is a number from 1 to 10000
400 invalid-parameter: `limit`: it is a number from 1 to 1000
"
    );
}

#[tokio::test]
async fn what_does_not_exist_is_a_problem_with_the_id_of_its_request() {
    let (_database, store) = with_unions(&[]).await;
    let api = Served::start(store).await;
    let nobody = "00000000-0000-7000-8000-000000000000";
    let mut told = String::new();
    for path in [
        "/api",
        "/api/v1",
        "/api/v1/unions/Acme",
        "/api/v1/unions/acme",
        "/api/v1/unions/acme/plan",
        "/api/v1/deployments/12",
        &format!("/api/v1/deployments/{nobody}"),
        &format!("/api/v1/deployments/{nobody}/events"),
        &format!("/admin/deployments/{nobody}/logs"),
        "/health/started",
    ] {
        let answer = api.get(path).await;
        let id = answer.headers()["x-request-id"].to_str().expect("an id").to_owned();
        let status = answer.status().as_u16();
        let body: Value = answer.json().await.expect("JSON");
        assert_eq!(body["requestId"], id);
        told += &format!("{path}: {status} {} {}\n", body["title"], body["detail"]);
    }
    assert_eq!(
        told,
        format!(
            r#"/api: 404 "there is nothing at this path" null
/api/v1: 404 "there is nothing at this path" null
/api/v1/unions/Acme: 404 "there is nothing at this path" null
/api/v1/unions/acme: 404 "there is no such thing" "there is no union `acme`"
/api/v1/unions/acme/plan: 404 "there is no such thing" "there is no accepted state of union `acme`"
/api/v1/deployments/12: 404 "there is nothing at this path" null
/api/v1/deployments/{nobody}: 404 "there is no such thing" "there is no deployment {nobody}"
/api/v1/deployments/{nobody}/events: 404 "there is no such thing" "there is no deployment {nobody}"
/admin/deployments/{nobody}/logs: 404 "there is no such thing" "there is no deployment {nobody}"
/health/started: 404 "there is nothing at this path" null
"#
        )
    );
}

#[tokio::test]
async fn a_live_plan_without_a_cluster_is_a_problem_and_not_an_empty_plan() {
    let (_database, store) = with_unions(&["acme"]).await;
    let api = Served::start(store).await;
    for path in ["/api/v1/unions/acme/plan", "/api/v1/plans"] {
        let answer = api.get(path).await;
        assert_eq!((answer.status().as_u16(), answer.headers()["retry-after"].as_bytes()), (503, &b"5"[..]));
        assert_eq!(answer.json::<Value>().await.expect("JSON")["code"], "cluster-away");
    }
}

#[tokio::test]
async fn a_page_that_gave_our_address_its_own_name_is_not_answered() {
    let (_database, store) = with_unions(&["acme"]).await;
    let api = Served::start(store).await;
    let port = api.address.port();
    let mut told = String::new();
    for host in [
        "evil.example",
        &format!("evil.example:{port}"),
        "localhost.evil.example",
        "192.0.2.1",
        "localhost",
        &format!("127.0.0.1:{port}"),
        "[::1]",
        "LOCALHOST:1",
    ] {
        let answer =
            raw(&api, &format!("GET /api/v1/unions HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n"))
                .await;
        let status = answer.split(' ').nth(1).expect("a status").to_owned();
        told += &format!("{status} acme is told: {}\n", answer.contains("acme"));
    }
    assert_eq!(
        told,
        format!("{}{}", "421 acme is told: false\n".repeat(4), "200 acme is told: true\n".repeat(4))
    );
}

#[tokio::test]
async fn bytes_that_are_no_text_find_nothing_and_break_nothing() {
    let (_database, store) = with_unions(&["acme"]).await;
    let api = Served::start(store).await;
    let mut told = String::new();
    for (what, path, header) in [
        ("in a path", &b"/api/v1/unions/\xff"[..], &b"x: y"[..]),
        ("in a path, encoded", b"/api/v1/unions/%ff", b"x: y"),
        ("in a parameter, encoded", b"/api/v1/unions?search=%ff", b"x: y"),
        ("in a header that is read", b"/api/v1/unions", b"if-none-match: \xff"),
        ("in another one", b"/api/v1/unions", b"accept-encoding: \xff"),
        ("in a credential", b"/api/v1/unions", b"authorization: Bearer \xff"),
    ] {
        let request =
            [b"GET ", path, b" HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n", header, b"\r\n\r\n"];
        let answer = raw(&api, request.concat()).await;
        told += &format!("{what}: {}\n", answer.split(' ').nth(1).expect("a status"));
    }
    assert_eq!(
        told,
        "\
in a path: 400
in a path, encoded: 404
in a parameter, encoded: 200
in a header that is read: 200
in another one: 200
in a credential: 200
"
    );
}
