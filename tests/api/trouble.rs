//! What pods and cluster say of a union: to whom it is told, when, how much of it, and what is not.

use std::sync::{Arc, Mutex};

use http::{Request, Response};
use keyforge::access::Role;
use keyforge::api::Access;
use kube::client::Body;
use serde_json::{Value, json};
use tokio::process::Command;

use crate::served::{Served, history, key, viewer};

fn with(code: u16, body: impl Into<Vec<u8>>) -> Response<Body> {
    Response::builder().status(code).body(Body::from(body.into())).expect("an answer")
}

/// What the server knows: pods and events.
fn kinds() -> Value {
    let resource = |plural: &str, kind: &str| {
        json!({
            "resource": plural, "responseKind": {"group": "", "version": "v1", "kind": kind},
            "scope": "Namespaced", "singularResource": "", "verbs": ["get", "list"],
        })
    };
    let version =
        json!({"version": "v1", "resources": [resource("pods", "Pod"), resource("events", "Event")]});
    groups(&json!([{"metadata": {}, "versions": [version]}]))
}

fn groups(items: &Value) -> Value {
    json!({"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": items})
}

fn pods() -> Value {
    let pod = |name: &str, made: &str, status: Value| json!({"metadata": {"name": name, "creationTimestamp": made}, "status": {"containerStatuses": [status]}});
    let crashed = json!({"name": "vaultwarden", "state": {"running": {}}, "lastState": {"terminated": {"exitCode": 1}}});
    let waits = json!({"name": "backup", "state": {"waiting": {"reason": "ImagePullBackOff"}}});
    json!({"items": [
        pod("copy", "2026-11-29T08:00:00Z", waits),
        pod("vaultwarden-0", "2026-11-29T08:01:00Z", crashed),
    ]})
}

fn events() -> Value {
    let event = |at: &str, reason: &str, message: &str| {
        json!({
            "lastTimestamp": at, "type": "Warning", "reason": reason, "message": message, "count": 3,
            "involvedObject": {"kind": "Pod", "namespace": "union-birch", "name": "vaultwarden-0", "apiVersion": "v1"},
        })
    };
    json!({"items": [
        event("2026-11-29T08:00:00Z", "Failed", "pulling https://robot:hunter2@registry.example/x"),
        event("2026-11-29T08:02:00Z", "BackOff", "started again and again"),
    ]})
}

/// Who asked for what.
type Asked = Arc<Mutex<Vec<String>>>;

/// An API beside a cluster in which `birch` crashes.
async fn served(store: keyforge::store::Store, access: Access) -> (Served, Asked) {
    let asked = Asked::default();
    let told = Arc::clone(&asked);
    let answer = move |request: Request<Body>| {
        let path = request.uri().path().to_owned();
        let query = request.uri().query().unwrap_or_default().to_owned();
        if path.starts_with("/api/v1/") {
            let who =
                request.headers().get("impersonate-user").map(|who| who.to_str().expect("text").to_owned());
            let who =
                who.map_or_else(|| "daemon".to_owned(), |who| who.replace("system:serviceaccount:", ""));
            told.lock().expect("whole").push(format!("{who} {path}"));
        }
        async move {
            match path.as_str() {
                "/api" => with(200, kinds().to_string()),
                "/apis" => with(200, groups(&json!([])).to_string()),
                "/api/v1/namespaces/union-birch/pods" => with(200, pods().to_string()),
                "/api/v1/namespaces/union-birch/events" => with(200, events().to_string()),
                "/api/v1/namespaces/union-birch/pods/vaultwarden-0/log"
                    if query.contains("previous=true") =>
                {
                    let why = json!({"kind": "Status", "code": 400, "reason": "BadRequest",
                        "message": "previous terminated container not found"});
                    with(400, why.to_string())
                }
                "/api/v1/namespaces/union-birch/pods/vaultwarden-0/log" => {
                    assert!(query.contains("tailLines=200") && query.contains("limitBytes=65536"), "{query}");
                    with(
                        200,
                        "2026-11-29T08:01:01Z no\u{1b}[31m room\n2026-11-29T08:01:02Z SMTP_PASSWORD=hunter2\n",
                    )
                }
                _ => with(404, json!({"kind": "Status", "code": 404, "reason": "NotFound"}).to_string()),
            }
        }
    };
    (Served::beside(store, access, answer).await, asked)
}

#[tokio::test]
async fn the_logs_of_a_union_in_trouble_are_its_newest_pods_last_lines_without_what_looks_like_a_secret() {
    let (_database, store) = history().await;
    let (api, asked) = served(store, Access::open()).await;
    let line = |at: &str, message: &str| json!({"at": at, "message": message});
    let expected = json!({
        "items": [
            {
                "pod": "vaultwarden-0", "container": "vaultwarden", "previous": false, "reason": null,
                "items": [
                    line("2026-11-29T08:01:01Z", "no\u{1b}[31m room"),
                    line("2026-11-29T08:01:02Z", "SMTP_PASSWORD=********"),
                ],
            },
            {
                "pod": "vaultwarden-0", "container": "vaultwarden", "previous": true, "items": [],
                "reason": "Pod union-birch/vaultwarden-0: read failed (BadRequest): previous terminated container not found",
            },
        ],
        "next": null,
    });
    assert_eq!(api.json("/api/v1/unions/birch/pod-logs").await, expected);
    let told = api.json("/api/v1/unions/birch/pod-events").await;
    let told: Vec<_> =
        told["items"].as_array().expect("a list").iter().map(|event| &event["message"]).collect();
    assert_eq!(told, ["started again and again", "pulling ********"], "the newest first");

    // Nobody may read logs but in this namespace.
    let mut asked = asked.lock().expect("whole").clone();
    asked.sort();
    let (own, applier) = ("/api/v1/namespaces/union-birch", "union-birch:keyforge-applier");
    let log = format!("{applier} {own}/pods/vaultwarden-0/log");
    assert_eq!(asked, [format!("daemon {own}/pods"), format!("{applier} {own}/events"), log.clone(), log]);
}

#[tokio::test]
async fn what_is_said_in_a_union_is_told_to_who_sees_it_and_while_it_is_in_trouble() {
    let (_database, store) = history().await;
    let access = Access::closed(store.clone());
    let officer = key(&store, "officer", viewer(&["birch"])).await;
    let other = key(&store, "other", viewer(&["acme"])).await;
    let operator = key(&store, "ops", Role::Operator).await;
    let (api, asked) = served(store, access).await;
    for what in ["pod-logs", "pod-events"] {
        let status = async |who: &str, union: &str| {
            let answer = api.get_as(who, &format!("/api/v1/unions/{union}/{what}")).await;
            let status = answer.status().as_u16();
            (status, answer.json::<Value>().await.expect("JSON")["code"].as_str().map(str::to_owned))
        };
        assert_eq!(status(&officer, "birch").await, (200, None));
        asked.lock().expect("whole").clear();
        assert_eq!(status(&other, "birch").await, (404, Some("not-found".into())));
        assert_eq!(status(&officer, "acme").await, (404, Some("not-found".into())));
        assert_eq!(status(&operator, "acme").await, (409, Some("not-in-trouble".into())));
        assert_eq!(*asked.lock().expect("whole"), [""; 0], "for nobody of these the cluster is asked");
    }
}

#[tokio::test]
async fn keyforge_logs_shows_what_pods_and_cluster_say_and_spells_out_what_would_play_with_the_terminal() {
    let (_database, store) = history().await;
    let (api, _) = served(store, Access::open()).await;
    let mut keyforge = Command::new(env!("CARGO_BIN_EXE_keyforge"));
    keyforge.env_clear().env("KEYFORGE_SERVER", format!("http://{}", api.address));
    let output = keyforge.args(["logs", "birch", "--pods"]).output().await.expect("keyforge runs");
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        "\
2026-11-29 08:00:00 Warning Pod/vaultwarden-0: Failed: pulling ******** (3 times)
2026-11-29 08:02:00 Warning Pod/vaultwarden-0: BackOff: started again and again (3 times)

vaultwarden-0 vaultwarden:
  2026-11-29 08:01:01 no\\u{1b}[31m room
  2026-11-29 08:01:02 SMTP_PASSWORD=********

vaultwarden-0 vaultwarden, before it was started again:
  cannot be read: Pod union-birch/vaultwarden-0: read failed (BadRequest): previous terminated container not found
"
    );
    assert_eq!(output.status.code(), Some(0));
}
