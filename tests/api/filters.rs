//! Lists by what they are asked for: nothing else is told, and what is not seen is not found either.

use keyforge::diagnostic::{Code, Diagnostic, Severity, Span};
use keyforge::outcome::{Outcome, Reason};
use keyforge::store::{Decision, NewDeployment, Next, Store, Verdict};
use serde_json::Value;
use sqlx::Executor as _;

use crate::fixture::{accept, accepted, claim, decided, rollout, with_unions};
use crate::served::{Served, key, viewer};
use crate::support::postgres::Database;

/// What each item of a list says at this place.
fn words(page: &Value, place: &str) -> Vec<String> {
    let items = page["items"].as_array().expect("a list").iter();
    items.map(|item| item.pointer(place).and_then(Value::as_str).unwrap_or("-").to_owned()).collect()
}

/// A rollout of the next union that is due, for this reason, which ends so.
async fn roll_out(store: &Store, reason: Reason, outcome: Outcome) {
    let claim = claim(store).await;
    let new = NewDeployment { reason, ..rollout(1) };
    let id = store.open_deployment(&claim, &new).await.expect("opened").id();
    store.close_deployment(&claim, id, outcome, None).await.expect("closed");
    store.release(&claim, Next::Idle).await.expect("the lease was ours");
}

#[tokio::test]
async fn deployments_are_found_by_how_they_ended_why_they_began_and_when() {
    let (_database, store) = with_unions(&["acme", "birch"]).await;
    roll_out(&store, Reason::Push, Outcome::Succeeded).await;
    roll_out(&store, Reason::Drift, Outcome::Failed).await;
    let api = Served::start(store).await;
    let opened = words(&api.json("/api/v1/deployments").await, "/openedAt");
    let since = opened[0].replace('+', "%2B");
    for (query, expected) in [
        ("outcome=failed", vec!["drift"]),
        ("outcome=superseded", vec![]),
        ("reason=push", vec!["push"]),
        ("reason=push&outcome=failed", vec![]),
        (&format!("since={since}"), vec!["drift"]),
    ] {
        assert_eq!(
            words(&api.json(&format!("/api/v1/deployments?{query}")).await, "/reason"),
            expected,
            "{query}"
        );
    }
    assert_eq!(api.shown("/api/v1/unions/acme/deployments?outcome=lost").await.0, 400);
}

fn warned(union: &str, code: Code, severity: Severity) -> Verdict {
    let found = Diagnostic {
        span: Span::file(format!("unions/{union}/union.yaml")),
        code,
        severity,
        message: "it is so".into(),
        label: "here".into(),
        notes: Vec::new(),
        hint: None,
    };
    let why = "1 error in its documents".to_owned();
    let verdict = match severity {
        Severity::Error => decided(union, Decision::Held { why }),
        Severity::Warning => decided(union, Decision::Unchanged),
    };
    Verdict { diagnostics: vec![found], ..verdict }
}

/// Revision 2 is of `acme` alone, 3 holds `birch`.
async fn history() -> (Database, Store) {
    let (database, store) = with_unions(&["acme", "birch"]).await;
    accept(&store, 2, vec![accepted("acme", 2)]).await;
    accept(
        &store,
        3,
        vec![
            warned("acme", Code::UnknownField, Severity::Warning),
            warned("birch", Code::InvalidYaml, Severity::Error),
        ],
    )
    .await;
    (database, store)
}

#[tokio::test]
async fn findings_are_found_by_severity_code_and_file() {
    let (_database, store) = history().await;
    let api = Served::start(store).await;
    for (query, expected) in [
        ("severity=error", vec!["invalid-yaml"]),
        ("code=unknown-field", vec!["unknown-field"]),
        ("code=unknown-field&severity=error", vec![]),
        ("file=unions/birch/union.yaml", vec!["invalid-yaml"]),
        ("file=keyforge.yaml", vec![]),
    ] {
        assert_eq!(
            words(&api.json(&format!("/api/v1/diagnostics?{query}")).await, "/code"),
            expected,
            "{query}"
        );
    }
    let (status, problem) = api.shown("/api/v1/diagnostics?code=unknown-feild").await;
    assert_eq!((status, &problem["code"]), (400, &"invalid-parameter".into()));
}

#[tokio::test]
async fn revisions_are_found_by_author_path_state_and_time() {
    let (database, store) = history().await;
    let mut connection = database.connection().await;
    let other = "update revision set author_name = 'Bo' where subject = 'Change 3'";
    connection.execute(other).await.expect("written by hand");
    let api = Served::closed(store.clone()).await;
    let all = key(&store, "all", keyforge::access::Role::Operator).await;
    let subjects = async |who: &str, query: &str| -> Vec<String> {
        let answer = api.get_as(who, &format!("/api/v1/revisions?{query}")).await;
        assert_eq!(answer.status().as_u16(), 200, "{query}");
        let page: Value = answer.json().await.expect("JSON");
        words(&page, "/commit").iter().map(|commit| commit[..2].to_owned()).collect()
    };
    let page: Value = api.get_as(&all, "/api/v1/revisions").await.json().await.expect("JSON");
    let since = words(&page, "/fetchedAt")[1].replace('+', "%2B");
    for (query, expected) in [
        ("author=bo".to_owned(), vec!["03"]),
        ("author=AN".to_owned(), vec!["02", "01"]),
        ("author=Ana@acme.example".to_owned(), vec!["03", "02", "01"]),
        ("author=@acme.example".to_owned(), vec![]),
        ("author=an%25".to_owned(), vec![]),
        ("path=unions/birch".to_owned(), vec!["03", "01"]),
        ("path=unions/acme/union.yaml".to_owned(), vec!["02", "01"]),
        ("path=unions/acme/societies/chess.yaml".to_owned(), vec!["01"]),
        ("state=held".to_owned(), vec!["03", "01"]),
        ("state=failed".to_owned(), vec![]),
        (format!("since={since}"), vec!["03", "02"]),
    ] {
        assert_eq!(subjects(&all, &query).await, expected, "{query}");
    }
    let officer = key(&store, "officer", viewer(&["acme"])).await;
    // The first one is also of another union, so its author is not told, nor found.
    assert_eq!(subjects(&officer, "author=ana").await, ["02"]);
    assert!(subjects(&officer, "author=ana@acme.example").await.is_empty());
    assert!(subjects(&officer, "path=unions/birch").await.is_empty());
    assert!(subjects(&officer, "state=held").await.is_empty());
    assert_eq!(api.get_as(&all, "/api/v1/revisions?path=keyforge.yaml").await.status().as_u16(), 400);
}
