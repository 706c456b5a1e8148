//! The API over real HTTP on a real store: what is answered, and what clients cannot do to it.

mod support;

#[allow(dead_code, reason = "shared with the tests of the store")]
#[path = "store/fixture.rs"]
mod fixture;

use std::time::Duration;

use fixture::{accept, accepted, claim, decided, name, resource, rollout, with_unions};
use keyforge::api::{Limits, State, serve};
use keyforge::digest::Digest;
use keyforge::health::Health;
use keyforge::outcome::{Done, Level, Outcome, UnionState};
use keyforge::plan::StageName;
use keyforge::reconcile::dependencies::{Dependencies, System};
use keyforge::store::{Applied, Decision, Event, Failure, LogLine, Next, StageDone, Store, UnionFacts};
use keyforge::telemetry::Metrics;
use reqwest::{Client, Method, Response};
use serde_json::{Value, json};
use sqlx::{Connection as _, Executor as _, PgConnection};
use support::postgres::Database;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Longer than anything here takes, on the slowest machine.
const SOON: Duration = Duration::from_secs(20);

/// An API that is served.
struct Served {
    address: std::net::SocketAddr,
    dependencies: Dependencies,
    stopping: CancellationToken,
    end: CancellationToken,
    serving: JoinHandle<()>,
}

impl Served {
    async fn start(store: Store) -> Self {
        Self::within(store, Limits::default(), SOON).await
    }

    async fn within(store: Store, limits: Limits, drain: Duration) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (dependencies, stopping, end) =
            (Dependencies::new(), CancellationToken::new(), CancellationToken::new());
        let state = State {
            store,
            metrics: Metrics::new(),
            dependencies: dependencies.clone(),
            stopping: stopping.clone(),
        };
        let serving = tokio::spawn(serve(listener, state, limits, end.clone(), drain));
        Self { address, dependencies, stopping, end, serving }
    }

    async fn ask(&self, method: Method, path: &str) -> Response {
        let url = format!("http://{}{path}", self.address);
        let client = Client::builder().no_proxy().build().expect("a client");
        client.request(method, url).timeout(SOON).send().await.expect("an answer")
    }

    async fn get(&self, path: &str) -> Response {
        self.ask(Method::GET, path).await
    }

    /// Status and body, with words in the place of what differs from run to run.
    async fn shown(&self, path: &str) -> (u16, Value) {
        let answer = self.get(path).await;
        let status = answer.status().as_u16();
        let mut body: Value = answer.json().await.expect("JSON");
        let next_is_an_id = path.starts_with("/api/v1/deployments?");
        steady(&mut body, next_is_an_id);
        (status, body)
    }

    async fn json(&self, path: &str) -> Value {
        let answer = self.get(path).await;
        assert_eq!(answer.status().as_u16(), 200, "{path}");
        answer.json().await.expect("JSON")
    }
}

/// An expected body, written in the order of its fields, which counts for readers only.
fn expected(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}

/// Puts words in the place of what differs from run to run.
fn steady(value: &mut Value, next_is_an_id: bool) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                let varies = match key.as_str() {
                    "id" | "requestId" | "at" | "openedAt" | "closedAt" | "updatedAt" | "deadline"
                    | "since" => true,
                    "next" => next_is_an_id,
                    _ => false,
                };
                match value {
                    Value::String(text) if varies => *text = format!("<{key}>"),
                    _ => steady(value, next_is_an_id),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| steady(item, next_is_an_id)),
        _ => {}
    }
}

/// Unions `acme` (rolled out, then held) and `birch` (failed), with the deployment of each.
async fn history() -> (Database, Store) {
    let (database, store) = with_unions(&["acme", "birch"]).await;
    for _ in 0..2 {
        let claim = claim(&store).await;
        let id = store.open_deployment(&claim, &rollout(1)).await.expect("opened").id();
        let fails = claim.union == name("birch");
        let event = |kind: &str, done: Done| Event {
            stage: StageName::Workload,
            change: "create",
            resource: resource(kind, "vaultwarden"),
            done,
            message: (done == Done::Failed).then(|| "the quota is used up".into()),
        };
        let line = |level: Level, message: &str| LogLine {
            level,
            message: message.into(),
            fields: json!({ "stage": "workload" }).as_object().cloned().expect("an object"),
        };
        let done = StageDone {
            events: vec![
                event("Service", Done::Created),
                event("Deployment", if fails { Done::Failed } else { Done::Created }),
            ],
            lines: vec![
                line(Level::Info, "Service union-acme/vaultwarden created"),
                line(Level::Warn, "tried again"),
                line(Level::Debug, "2 requests"),
            ],
            ..StageDone::default()
        };
        store.record_stage(&claim, id, &done).await.expect("recorded");
        let failure = Failure {
            stage: Some(StageName::Workload),
            message: "Deployment union-acme/vaultwarden: the quota is used up".into(),
            detail: Some("403 from 10.0.0.1: internal-detail".into()),
        };
        let (outcome, failure) =
            if fails { (Outcome::Failed, Some(&failure)) } else { (Outcome::Succeeded, None) };
        store.close_deployment(&claim, id, outcome, failure).await.expect("closed");
        let (state, health) = if fails {
            (UnionState::Failed, Health::Failed("the pod does not start".into()))
        } else {
            (UnionState::Current, Health::Current)
        };
        let applied =
            Applied { revision: fixture::object(1), input: Digest::of([1]), desired: Digest::of([1, 1]) };
        let facts = UnionFacts {
            state,
            health,
            why: fails.then(|| "the quota is used up".into()),
            applied: (!fails).then_some(applied),
        };
        store.set_status(&claim, &facts).await.expect("the lease holds");
        store.release(&claim, Next::Idle).await.expect("the lease was ours");
    }
    accept(&store, 2, vec![decided("acme", Decision::Held { why: "2 errors in its documents".into() })])
        .await;
    (database, store)
}

// ── what is answered ──

#[tokio::test]
async fn unions_are_listed_with_what_stands_in_their_way() {
    let (_database, store) = history().await;
    let api = Served::start(store).await;
    assert_eq!(
        api.shown("/api/v1/unions").await,
        (
            200,
            expected(
                r#"{
  "items": [
    {
      "name": "acme",
      "displayName": "Union acme",
      "domain": "https://acme.example",
      "state": "held",
      "health": "current",
      "desiredRevision": "main@sha1:0101010101010101010101010101010101010101",
      "appliedRevision": "main@sha1:0101010101010101010101010101010101010101",
      "societies": 1,
      "members": 2,
      "updatedAt": "<updatedAt>",
      "reason": "2 errors in its documents"
    },
    {
      "name": "birch",
      "displayName": "Union birch",
      "domain": "https://birch.example",
      "state": "failed",
      "health": "failed",
      "desiredRevision": "main@sha1:0202020202020202020202020202020202020202",
      "appliedRevision": null,
      "societies": 1,
      "members": 2,
      "updatedAt": "<updatedAt>",
      "reason": "the quota is used up"
    }
  ],
  "next": null
}"#
            )
        )
    );
    let one = api.json("/api/v1/unions/birch").await;
    assert_eq!((&one["name"], &one["healthReason"]), (&json!("birch"), &json!("the pod does not start")));
}

#[tokio::test]
async fn unions_are_filtered_searched_and_read_in_pages() {
    let (_database, store) = history().await;
    let api = Served::start(store).await;
    let mut told = String::new();
    for query in [
        "state=held",
        "search=BIRCH.ex",
        "search=nothing",
        "limit=1",
        "limit=1&after=acme",
        "limit=2",
        "state=",
    ] {
        let page = api.json(&format!("/api/v1/unions?{query}")).await;
        let names: Vec<_> = page["items"].as_array().expect("a list").iter().map(|u| &u["name"]).collect();
        told += &format!("{query}: {} next {}\n", json!(names), page["next"]);
    }
    assert_eq!(
        told,
        r#"state=held: ["acme"] next null
search=BIRCH.ex: ["birch"] next null
search=nothing: [] next null
limit=1: ["acme"] next "acme"
limit=1&after=acme: ["birch"] next null
limit=2: ["acme","birch"] next null
state=: ["acme","birch"] next null
"#
    );
}

#[tokio::test]
async fn a_union_without_an_accepted_document_has_no_domain() {
    let (_database, store) = with_unions(&["acme"]).await;
    accept(&store, 2, vec![decided("cedar", Decision::Held { why: "a mistake".into() })]).await;
    let api = Served::start(store).await;
    let cedar = api.json("/api/v1/unions/cedar").await;
    let shown = (&cedar["displayName"], &cedar["domain"], &cedar["desiredRevision"], &cedar["state"]);
    assert_eq!(shown, (&json!("cedar"), &Value::Null, &Value::Null, &json!("held")));
}

#[tokio::test]
async fn a_failed_deployment_is_told_without_what_is_internal() {
    let (_database, store) = history().await;
    let api = Served::start(store).await;
    let shown = api.shown("/api/v1/deployments?union=birch").await;
    assert_eq!(
        shown,
        (
            200,
            expected(
                r#"{
  "items": [
    {
      "id": "<id>",
      "union": "birch",
      "reason": "push",
      "revision": "main@sha1:0101010101010101010101010101010101010101",
      "digest": "sha256:9dcf97a184f32623d11a73124ceb99a5709b083721e878a16d78f596718ba7b2",
      "changes": {
        "create": 2,
        "update": 1,
        "delete": 0,
        "keep": 5
      },
      "phase": "closed",
      "awaited": null,
      "deadline": null,
      "outcome": "failed",
      "failure": {
        "stage": "workload",
        "message": "Deployment union-acme/vaultwarden: the quota is used up"
      },
      "openedAt": "<openedAt>",
      "closedAt": "<closedAt>"
    }
  ],
  "next": null
}"#
            )
        )
    );
    let id = newest(&api).await;
    for path in ["", "/events", "/logs"] {
        let body = api.get(&format!("/api/v1/deployments/{id}{path}")).await.text().await.expect("a body");
        assert!(!body.contains("internal-detail"), "{body}");
    }
}

/// The id of the newest deployment, which is the one of `birch`.
async fn newest(api: &Served) -> String {
    let page = api.json("/api/v1/deployments?limit=1").await;
    assert_eq!(page["items"][0]["union"], "birch");
    assert_eq!(page["next"], page["items"][0]["id"], "the one of `acme` follows");
    let older =
        api.json(&format!("/api/v1/deployments?after={}", page["next"].as_str().expect("an id"))).await;
    assert_eq!(older["items"][0]["union"], "acme");
    page["items"][0]["id"].as_str().expect("an id").to_owned()
}

#[tokio::test]
async fn events_of_a_deployment_are_told_in_their_order() {
    let (_database, store) = history().await;
    let api = Served::start(store).await;
    let id = newest(&api).await;
    let shown = api.shown(&format!("/api/v1/deployments/{id}/events")).await;
    assert_eq!(
        shown,
        (
            200,
            expected(
                r#"{
  "items": [
    {
      "at": "<at>",
      "stage": "workload",
      "change": "create",
      "resource": {
        "kind": "Service",
        "namespace": "union-acme",
        "name": "vaultwarden"
      },
      "event": "created",
      "message": null
    },
    {
      "at": "<at>",
      "stage": "workload",
      "change": "create",
      "resource": {
        "kind": "Deployment",
        "namespace": "union-acme",
        "name": "vaultwarden"
      },
      "event": "failed",
      "message": "the quota is used up"
    }
  ],
  "next": null
}"#
            )
        )
    );
    let first = api.json(&format!("/api/v1/deployments/{id}/events?limit=1")).await;
    let next = first["next"].as_str().expect("a place to go on");
    let second = api.json(&format!("/api/v1/deployments/{id}/events?after={next}")).await;
    assert_eq!(second["items"][0]["event"], "failed");
}

#[tokio::test]
async fn logs_have_levels_and_numbered_pages_under_both_names() {
    let (_database, store) = history().await;
    let api = Served::start(store).await;
    let id = newest(&api).await;
    let shown = api.shown(&format!("/api/v1/deployments/{id}/logs?level=info&page=2&limit=1")).await;
    assert_eq!(
        shown,
        (
            200,
            expected(
                r#"{
  "items": [
    {
      "at": "<at>",
      "level": "warn",
      "message": "tried again",
      "fields": {
        "stage": "workload"
      }
    }
  ],
  "page": 2,
  "limit": 1,
  "total": 2,
  "next": null
}"#
            )
        )
    );
    for query in
        ["", "?level=warn", "?page=1&limit=2", "?since=2026-01-01T00:00:00Z", "?since=2999-01-01T00:00:00Z"]
    {
        let path = format!("deployments/{id}/logs{query}");
        assert_eq!(api.json(&format!("/api/v1/{path}")).await, api.json(&format!("/admin/{path}")).await);
    }
    let later = api.json(&format!("/api/v1/deployments/{id}/logs?since=2999-01-01T00:00:00Z")).await;
    assert_eq!((&later["items"], &later["total"], &later["next"]), (&json!([]), &json!(0), &Value::Null));
    let first = api.json(&format!("/api/v1/deployments/{id}/logs?limit=2")).await;
    assert_eq!((&first["total"], &first["next"]), (&json!(3), &json!(2)));
}

#[tokio::test]
async fn readiness_says_what_is_missing_and_fails_only_before_the_start_and_at_the_end() {
    let (_database, store) = with_unions(&[]).await;
    let api = Served::start(store).await;
    let status = async |path: &str| api.get(path).await.status().as_u16();
    let told = async || {
        let answer = api.get("/health/ready").await;
        format!("{} {}", answer.status().as_u16(), answer.json::<Value>().await.expect("JSON")["status"])
    };
    assert_eq!(told().await, "503 \"starting\"");
    assert_eq!(status("/health/live").await, 200);

    api.dependencies.started();
    assert_eq!(told().await, "200 \"ready\"");
    api.dependencies.down(System::Git, "the config repo cannot be read");
    let mut body = api.json("/health").await;
    steady(&mut body, false);
    assert_eq!(body["status"], "degraded");
    let git = json!({ "status": "down", "since": "<since>", "reason": "the config repo cannot be read" });
    assert_eq!(
        (&body["dependencies"]["git"], &body["dependencies"]["database"]),
        (&git, &json!({ "status": "up" }))
    );
    api.dependencies.up(System::Git);
    assert_eq!(told().await, "200 \"ready\"");

    api.stopping.cancel();
    assert_eq!(told().await, "503 \"stopping\"");
    assert_eq!(status("/health/live").await, 200);
}

#[tokio::test]
async fn metrics_tell_unions_by_state_and_what_waits() {
    let (_database, store) = history().await;
    let api = Served::start(store).await;
    let answer = api.get("/metrics").await;
    assert_eq!(answer.headers()["content-type"], Metrics::CONTENT_TYPE);
    let text = answer.text().await.expect("a text");
    for line in
        ["keyforge_unions{state=\"held\"} 1", "keyforge_unions{state=\"failed\"} 1", "keyforge_due_unions 0"]
    {
        assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
    }
    assert!(text.ends_with("# EOF\n"), "{text}");
}

// ── what is refused ──

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
400 unknown-parameter: `sate` is no parameter of this path; it has `state`, `search`, `after`, `limit`
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
        "/",
        "/api/v1",
        "/api/v1/unions/Acme",
        "/api/v1/unions/acme",
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
            r#"/: 404 "there is nothing at this path" null
/api/v1: 404 "there is nothing at this path" null
/api/v1/unions/Acme: 404 "there is nothing at this path" null
/api/v1/unions/acme: 404 "there is no such thing" "there is no union `acme`"
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
async fn every_path_is_read_only() {
    let (_database, store) = with_unions(&[]).await;
    let api = Served::start(store).await;
    for path in ["/health", "/health/live", "/metrics", "/api/v1/unions", "/api/v1/deployments"] {
        for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
            let answer = api.ask(method.clone(), path).await;
            assert_eq!(answer.status().as_u16(), 405, "{method} {path}");
            assert_eq!(answer.headers()["allow"], "GET, HEAD, OPTIONS");
            assert_eq!(answer.json::<Value>().await.expect("JSON")["code"], "method-not-allowed");
        }
        let options = api.ask(Method::OPTIONS, path).await;
        assert_eq!(options.status().as_u16(), 204, "{path}");
        assert_eq!(options.headers()["allow"], "GET, HEAD, OPTIONS");
    }
    assert_eq!(api.ask(Method::POST, "/nowhere").await.status().as_u16(), 404);

    let got = api.get("/api/v1/unions").await;
    let head = api.ask(Method::HEAD, "/api/v1/unions").await;
    assert_eq!(head.status(), got.status());
    for header in ["content-type", "content-length"] {
        assert_eq!(head.headers()[header], got.headers()[header], "{header}");
    }
    assert_eq!(head.text().await.expect("a body"), "");
}

#[tokio::test]
async fn every_answer_tells_browsers_to_do_nothing_with_it() {
    let (_database, store) = with_unions(&[]).await;
    let api = Served::start(store).await;
    let mut ids = Vec::new();
    for path in ["/health/live", "/metrics", "/api/v1/unions", "/nowhere", "/api/v1/unions?x=1"] {
        let answer = api.get(path).await;
        let headers = answer.headers();
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("content-security-policy", "default-src 'none'; frame-ancestors 'none'; sandbox"),
            ("referrer-policy", "no-referrer"),
            ("cache-control", "no-store"),
            ("cross-origin-resource-policy", "same-origin"),
        ] {
            assert_eq!(headers[name], value, "{path}");
        }
        assert!(!headers.contains_key("access-control-allow-origin"), "{path}");
        ids.push(headers["x-request-id"].clone());
    }
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 5, "each request has its own id");
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

/// Sends these bytes and reads until the other side closes.
async fn raw(api: &Served, request: &str) -> String {
    let mut stream = TcpStream::connect(api.address).await.expect("a connection");
    stream.write_all(request.as_bytes()).await.expect("sent");
    let mut answer = Vec::new();
    tokio::time::timeout(SOON, stream.read_to_end(&mut answer)).await.expect("an end").expect("an answer");
    String::from_utf8_lossy(&answer).into_owned()
}

// ── what clients and their absence cannot do ──

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
    let api = std::sync::Arc::new(Served::start(store).await);
    let asking = tokio::spawn({
        let api = std::sync::Arc::clone(&api);
        async move { api.get("/api/v1/unions").await.status().as_u16() }
    });
    until_blocked(&database).await;
    api.end.cancel();
    lock.close().await.expect("released");
    assert_eq!(asking.await.expect("no panic"), 200);
    let api = std::sync::Arc::into_inner(api).expect("nobody else has it");
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

#[tokio::test]
async fn accepted_documents_leave_nothing_of_members_in_any_answer() {
    let (_database, store) = history().await;
    accept(&store, 3, vec![accepted("acme", 3)]).await;
    let api = Served::start(store).await;
    let id = newest(&api).await;
    for path in [
        "/api/v1/unions",
        "/api/v1/unions/acme",
        "/api/v1/deployments",
        "/metrics",
        &format!("/api/v1/deployments/{id}/logs"),
    ] {
        let body = api.get(path).await.text().await.expect("a body");
        assert!(!body.contains("ana@acme.example"), "{path}: {body}");
    }
}
