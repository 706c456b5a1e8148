//! Answers that no real API server can be made to give, from a tiny one of functions.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{Either, StreamBody};
use hyper::body::Frame;
use keyforge::cluster::{CALL_TIMEOUT, Cluster, Deleted, Error, Retry, What};
use keyforge::ids::{ResourceId, Uid};
use keyforge::names::UnionName;
use kube::Client;
use kube::client::Body;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

/// A cluster whose server answers by this function.
fn served_by<F, A, B>(answer: F) -> Cluster
where
    F: Fn(Request<Body>) -> A + Send + Sync + 'static,
    A: Future<Output = Response<B>> + Send + 'static,
    B: hyper::body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<tower::BoxError>,
{
    let answer = Arc::new(answer);
    let service = tower::service_fn(move |request| {
        let answer = answer.clone();
        async move { Ok::<_, Infallible>(answer(request).await) }
    });
    let installation = "main".parse().expect("a name");
    Cluster::through(Client::new(service, "default"), "keyforge", installation)
}

fn with(code: u16, body: impl Into<Vec<u8>>) -> Response<Body> {
    Response::builder().status(code).body(Body::from(body.into())).expect("an answer")
}

#[tokio::test]
async fn an_answer_that_is_no_json_is_named_and_not_quoted() {
    let cluster = served_by(|_| async { with(200, "<html>secret</html>") });
    let error = cluster.ping().await.expect_err("no JSON");
    assert_eq!(error.to_string(), "APIServer /version: read failed: the answer is not JSON");
    assert_eq!(error.retry(), Retry::Backoff);
}

#[tokio::test]
async fn a_proxy_in_between_that_explains_nothing_is_tried_again() {
    let cluster = served_by(|_| async { with(502, "<html>Bad Gateway</html>") });
    let error = cluster.ping().await.expect_err("refused");
    assert_eq!(
        error.to_string(),
        "APIServer /version: read failed (Unknown): HTTP status 502 without an explanation"
    );
    assert_eq!(error.retry(), Retry::Backoff);
}

/// A cluster whose server does not let in who asks for a deletion before the `patience`th time, and who asked when.
fn door(patience: usize) -> (Cluster, Arc<Mutex<Vec<Option<String>>>>) {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let told = asked.clone();
    let cluster = served_by(move |request| {
        let path = request.uri().path().to_owned();
        let times = if request.method() == http::Method::DELETE {
            let who = request.headers().get("impersonate-user");
            let mut told = told.lock().expect("whole");
            told.push(who.map(|who| who.to_str().expect("text").to_owned()));
            told.len()
        } else {
            0
        };
        async move {
            let forbidden = "x is forbidden: User \"x\" cannot delete resource \"x\"";
            match path.as_str() {
                "/api" => with(200, groups(&core()).to_string()),
                "/apis" => with(200, groups(&json!([])).to_string()),
                _ if times < patience => {
                    with(403, json!({"kind": "Status", "code": 403, "message": forbidden}).to_string())
                }
                _ => with(200, json!({"kind": "Status", "status": "Success"}).to_string()),
            }
        }
    });
    (cluster, asked)
}

#[tokio::test(start_paused = true)]
async fn who_is_not_let_in_knocks_for_a_moment_the_daemon_as_an_applier() {
    let union: UnionName = "acme".parse().expect("a name");
    let id = |kind: &str, namespace: Option<&str>, name: &str| ResourceId {
        kind: kind.into(),
        namespace: namespace.map(str::to_owned),
        name: name.into(),
        api_version: "v1".into(),
    };
    let (inside, home) = (id("ConfigMap", Some("union-acme"), "x"), id("Namespace", None, "union-acme"));
    let uid = Uid("1".into());

    let (cluster, asked) = door(4);
    assert_eq!(cluster.delete(&union, &inside, &uid).await.expect("let in"), Deleted::Gone);
    let applier = Some("system:serviceaccount:union-acme:keyforge-applier".to_owned());
    assert_eq!(*asked.lock().expect("whole"), vec![applier; 4]);

    let (cluster, _) = door(usize::MAX);
    let begin = tokio::time::Instant::now();
    let error = cluster.delete(&union, &inside, &uid).await.expect_err("not let in");
    assert!(matches!(error, Error::Forbidden { .. }), "{error}");
    assert!((1..=2).contains(&begin.elapsed().as_secs()), "a moment is {:?}", begin.elapsed());

    // Who only observes does not even knock.
    let (cluster, asked) = door(1);
    let error = cluster.observing().delete(&union, &inside, &uid).await.expect_err("not tried");
    assert_eq!(error.to_string(), "ConfigMap union-acme/x: delete was not tried: this daemon only observes");
    assert!(asked.lock().expect("whole").is_empty());

    // A server that has just started knows of no rights yet.
    let (cluster, asked) = door(2);
    assert_eq!(cluster.delete(&union, &home, &uid).await.expect("let in"), Deleted::Gone);
    assert_eq!(*asked.lock().expect("whole"), [None, None]);
}

/// It would be taken for the loss of all data.
#[tokio::test]
async fn a_404_of_a_proxy_in_between_is_no_absence() {
    let union = "acme".parse().expect("a name");
    for page in ["<html>no such site</html>", r#"{"error": "no such site"}"#] {
        let cluster = served_by(move |request| async move {
            match request.uri().path() {
                "/api" => with(200, groups(&core()).to_string()),
                "/apis" => with(200, groups(&json!([])).to_string()),
                _ => with(404, page),
            }
        });
        let entered = crate::world::entered("keyforge", &union);
        let error = cluster.controller(&union, &entered).await.expect_err("no answer");
        assert_eq!(
            error.to_string(),
            "Secret keyforge/union-acme-credentials: read failed: the answer is a 404 that is not the API server's"
        );
        assert_eq!((error.retry(), error.is_away()), (Retry::Backoff, true));
    }
}

#[tokio::test]
async fn an_answer_without_end_is_cut() {
    let cluster = served_by(|_| async { with(200, vec![b' '; (16 << 20) + 1]) });
    let error = cluster.ping().await.expect_err("too large");
    assert_eq!(error.to_string(), "APIServer /version: read failed: the answer is too large");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_never_answers_is_given_up_in_time() {
    let cluster = served_by(|_| std::future::pending::<Response<Body>>());
    let begin = tokio::time::Instant::now();
    let error = cluster.ping().await.expect_err("given up");
    assert_eq!(error.to_string(), "APIServer /version: read failed: no answer within 10 s");
    assert_eq!(begin.elapsed(), CALL_TIMEOUT);
    assert!(matches!(error, Error::Timeout { after, .. } if after == Duration::from_secs(10)));
}

/// The server remembers nothing of what a watch asks for: everything is listed anew, what moved is told, and which
/// server it is now is known.
#[tokio::test(start_paused = true)]
async fn a_watch_that_is_too_old_lists_anew_and_tells_what_moved() {
    let script = Arc::new(Mutex::new(VecDeque::from([
        list("1", &[("a", "1"), ("b", "1")]),
        json!({"type": "ERROR", "object": {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old"}}),
        list("9", &[("a", "9"), ("c", "9")]),
    ])));
    let cluster = served_by(move |request| {
        let mut script = script.lock().expect("whole");
        let is_scripted = request.uri().path() == "/api/v1/configmaps";
        let next = if is_scripted { script.pop_front() } else { None };
        // The gap at the end of the script was an upgrade.
        let version = if script.is_empty() { "v2" } else { "v1" };
        let asked = request.uri().path().to_owned();
        async move {
            match (asked.as_str(), next) {
                ("/apis", _) => with(200, groups(&json!([])).to_string()),
                ("/api", _) => with(200, groups(&core()).to_string()),
                (_, Some(next)) => with(200, format!("{next}\n")),
                ("/version", _) => with(200, json!({"gitVersion": version}).to_string()),
                ("/api/v1/namespaces/kube-system", _) => with(200, json!({"metadata": {}}).to_string()),
                // The script is over, and the last watch stays open.
                _ => std::future::pending().await,
            }
        }
    });
    let before = cluster.identify().await.expect("identified");
    let mut moves = cluster.watch(&CancellationToken::new());
    let mut told = Vec::new();
    for _ in 0..3 {
        let moved = moves.next().await.expect("it goes on");
        told.push((moved.union.to_string(), moved.what));
    }
    let of = |name: &str, what| (name.to_owned(), what);
    assert_eq!(told, [of("a", What::Spec), of("b", What::Deleted), of("c", What::Appeared)]);
    let after = cluster.server().await.expect("identified");
    assert_eq!([before.version, after.version], ["v1", "v2"]);
}

/// A server short of breath answers lists and refuses watches: it is asked for everything less and less often.
#[tokio::test(start_paused = true)]
async fn a_watch_that_is_refused_is_begun_again_with_growing_pauses() {
    let lists = Arc::new(Mutex::new(0));
    let counted = lists.clone();
    let cluster = served_by(move |request| {
        let (path, query) =
            (request.uri().path().to_owned(), request.uri().query().unwrap_or_default().to_owned());
        let watches = query.contains("watch=true");
        if path == "/api/v1/configmaps" && !watches {
            *counted.lock().expect("whole") += 1;
        }
        async move {
            match path.as_str() {
                "/apis" => with(200, groups(&json!([])).to_string()),
                "/api" => with(200, groups(&core()).to_string()),
                "/api/v1/configmaps" if watches => {
                    let status = json!({"kind": "Status", "code": 429, "message": "too many requests"});
                    with(429, status.to_string())
                }
                "/api/v1/configmaps" => with(200, list("1", &[]).to_string()),
                _ => std::future::pending().await,
            }
        }
    });
    let mut moves = cluster.watch(&CancellationToken::new());
    tokio::time::timeout(Duration::from_secs(100), moves.next()).await.expect_err("nothing moves");
    let lists = *lists.lock().expect("whole");
    assert!((3..=9).contains(&lists), "{lists} lists in 100 seconds");
}

/// A network that swallows everything: nothing says that the watch is over, so nothing that it shows is believed for long.
#[tokio::test(start_paused = true)]
async fn a_watch_that_falls_silent_is_begun_anew_each_minute() {
    let watches = Arc::new(Mutex::new(0));
    let counted = watches.clone();
    let cluster = served_by(move |request| {
        let path = request.uri().path().to_owned();
        let is_watch = request.uri().query().is_some_and(|query| query.contains("watch=true"));
        if path == "/api/v1/configmaps" && is_watch {
            *counted.lock().expect("whole") += 1;
        }
        async move {
            let said = |text: String| with(200, text).map(Either::Left);
            match path.as_str() {
                "/apis" => said(groups(&json!([])).to_string()),
                "/api" => said(groups(&core()).to_string()),
                "/api/v1/configmaps" if is_watch => {
                    let nothing = futures::stream::pending::<Result<Frame<Bytes>, Infallible>>();
                    Response::new(Either::Right(StreamBody::new(nothing)))
                }
                "/api/v1/configmaps" => said(list("1", &[]).to_string()),
                _ => std::future::pending().await,
            }
        }
    });
    let mut moves = cluster.watch(&CancellationToken::new());
    tokio::time::timeout(Duration::from_secs(200), moves.next()).await.expect_err("nothing moves");
    assert_eq!(
        *watches.lock().expect("whole"),
        4,
        "each lasts a minute, and five seconds for its end to come"
    );
}

fn list(version: &str, objects: &[(&str, &str)]) -> Value {
    let item = |(name, version): &(&str, &str)| {
        let meta = json!({"namespace": format!("union-{name}"), "name": "x", "uid": name, "resourceVersion": version});
        json!({"apiVersion": "meta.k8s.io/v1", "kind": "PartialObjectMetadata", "metadata": meta})
    };
    json!({
        "apiVersion": "meta.k8s.io/v1", "kind": "PartialObjectMetadataList",
        "metadata": {"resourceVersion": version},
        "items": objects.iter().map(item).collect::<Vec<_>>(),
    })
}

fn groups(items: &Value) -> Value {
    json!({"apiVersion": "apidiscovery.k8s.io/v2", "kind": "APIGroupDiscoveryList", "metadata": {}, "items": items})
}

fn core() -> Value {
    let resource = |name: &str, kind: &str, scope: &str| {
        json!({
            "resource": name, "scope": scope, "singularResource": kind.to_lowercase(),
            "responseKind": {"group": "", "version": "v1", "kind": kind},
            "verbs": ["get", "list", "watch"],
        })
    };
    let resources = [
        resource("configmaps", "ConfigMap", "Namespaced"),
        resource("namespaces", "Namespace", "Cluster"),
        resource("secrets", "Secret", "Namespaced"),
    ];
    json!([{"metadata": {}, "versions": [{"version": "v1", "resources": resources}]}])
}
