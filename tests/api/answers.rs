//! What is answered: the whole body, as clients get it.

use keyforge::reconcile::dependencies::System;
use keyforge::store::Decision;
use keyforge::telemetry::Metrics;
use serde_json::{Value, json};

use crate::fixture::{accept, accepted, decided, with_unions};
use crate::served::{Served, expected, history, newest, steady};

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
      "reason": "2 errors in its documents",
      "image": "vaultwarden/server:1.37.2",
      "since": "<since>",
      "actor": "operator",
      "place": null
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
      "reason": "the quota is used up",
      "image": "vaultwarden/server:1.37.2",
      "since": "<since>",
      "actor": "operator",
      "place": null
    }
  ],
  "next": null,
  "total": 2,
  "countsByState": {
    "failed": 1,
    "held": 1
  },
  "revision": "main@sha1:0202020202020202020202020202020202020202",
  "stopped": null
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
        "search=%25",
        "search=un_on",
        "limit=1",
        "limit=1&after=acme",
        "limit=2",
        "search=",
    ] {
        let page = api.json(&format!("/api/v1/unions?{query}")).await;
        let names: Vec<_> = page["items"].as_array().expect("a list").iter().map(|u| &u["name"]).collect();
        told += &format!("{query}: {} of {} next {}\n", json!(names), page["total"], page["next"]);
    }
    assert_eq!(
        told,
        r#"state=held: ["acme"] of 1 next null
search=BIRCH.ex: ["birch"] of 1 next null
search=nothing: [] of 0 next null
search=%25: [] of 0 next null
search=un_on: [] of 0 next null
limit=1: ["acme"] of 2 next "acme"
limit=1&after=acme: ["birch"] of 2 next null
limit=2: ["acme","birch"] of 2 next null
search=: ["acme","birch"] of 2 next null
"#
    );
}

/// Whoever reads on while others write is told all that was there when they began, and everything once.
#[tokio::test]
async fn a_list_that_is_read_while_it_grows_tells_once_what_was_there_before() {
    let (_database, store) = with_unions(&["birch", "elm", "larch", "oak"]).await;
    let api = Served::start(store.clone()).await;
    let mut number = 1;
    for (list, key) in [("unions", "name"), ("audit", "id"), ("revisions", "revision")] {
        let all = api.json(&format!("/api/v1/{list}?limit=500")).await;
        let (mut after, mut read, most) = (String::new(), Vec::new(), number + 3);
        loop {
            let page = api.json(&format!("/api/v1/{list}?limit=1{after}")).await;
            read.extend(page["items"].as_array().expect("a list").iter().map(|item| item[key].clone()));
            let Some(next) = page["next"].as_str() else { break };
            after = format!("&after={next}");
            // Some come before the place that was reached, some after it.
            if number < most {
                number += 1;
                let new = [format!("a{number}"), format!("m{number}"), format!("z{number}")];
                accept(&store, number, new.iter().map(|union| accepted(union, number)).collect()).await;
            }
        }
        let mut once = read.clone();
        once.sort_by_key(Value::to_string);
        once.dedup();
        assert_eq!(once.len(), read.len(), "{list}: {read:?}");
        for item in all["items"].as_array().expect("a list") {
            assert!(read.contains(&item[key]), "{list}: {} is not in {read:?}", item[key]);
        }
    }
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
async fn a_society_that_nobody_looks_for_says_what_that_would_take() {
    let (_database, store) = with_unions(&["acme"]).await;
    let api = Served::start(store).await;
    let found = api.json("/api/v1/unions/acme/societies").await;
    let society = &found["items"][0];
    assert_eq!((&society["state"], &society["updatedAt"]), (&json!("blocked"), &Value::Null));
    assert!(society["findings"][0].as_str().is_some_and(|said| said.contains("`reach`")), "{society:#}");
    let name = society["name"].as_str().expect("a name");
    assert_eq!(api.json(&format!("/api/v1/unions/acme/societies/{name}")).await["people"], json!([]));
    let status = api.shown("/api/v1/unions/acme/societies/nobody").await.0;
    assert_eq!(status, 404);
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
      "id": "<id>",
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
  "next": null,
  "after": null
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
    assert_eq!(body["diagnostics"], json!([]));
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
