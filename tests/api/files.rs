//! Which files a revision changed: asked of a real repository with a past.

use keyforge::access::Role;
use keyforge::api::{Access, Limits};
use serde_json::{Value, json};

use crate::fields::history;
use crate::served::{SOON, Served, key, viewer};

/// A file a line: what was done to it, and its lines.
fn lines(page: &Value) -> Vec<String> {
    let line = |item: &Value| {
        let [change, path] = ["change", "path"].map(|field| item[field].as_str().expect("a text"));
        format!("{change} {path} +{} -{}", item["added"], item["removed"])
    };
    page["items"].as_array().expect("a list").iter().map(line).collect()
}

#[tokio::test]
async fn a_revision_tells_the_files_that_it_changed_since_the_one_before() {
    let (_database, store, repo, commits) = history().await;
    let api = Served::over(store, repo).await;
    let path = |commit: usize| format!("/api/v1/revisions/{}/files", commits[commit]);
    let first = api.json(&path(0)).await;
    assert_eq!(
        lines(&first),
        [
            "added keyforge.yaml +7 -0",
            "added unions/acme/societies/chess.yaml +10 -0",
            "added unions/acme/union.yaml +7 -0",
        ]
    );
    assert_eq!(first["since"], Value::Null);
    let third = api.json(&path(2)).await;
    let changed = ["changed keyforge.yaml +1 -1", "changed unions/acme/union.yaml +1 -1"];
    assert_eq!(lines(&third), changed, "what came with two commits of one push");
    assert_eq!((&third["since"], &third["total"]), (&json!(commits[0].to_string()), &json!(2)));
    assert_eq!(lines(&api.json(&path(1)).await), changed, "the one of between came with it");
    let page = api.json(&format!("{}?limit=1", path(2))).await;
    assert_eq!(lines(&page), changed[..1]);
    let next = page["next"].as_str().expect("a place");
    let page = api.json(&format!("{}?limit=1&after={next}", path(2))).await;
    assert_eq!(
        (lines(&page), &page["next"], &page["total"]),
        (vec![changed[1].to_owned()], &Value::Null, &json!(2))
    );
}

#[tokio::test]
async fn who_sees_some_unions_is_told_the_files_of_these_alone() {
    let (_database, store, repo, commits) = history().await;
    let access = Access::closed(store.clone());
    let api = Served::with(store.clone(), access, repo, Limits::default(), SOON).await;
    let path = format!("/api/v1/revisions/{}/files", commits[2]);
    let officer = key(&store, "officer", viewer(&["acme"])).await;
    let told: Value = api.get_as(&officer, &path).await.json().await.expect("JSON");
    assert_eq!(lines(&told), ["changed unions/acme/union.yaml +1 -1"]);
    assert_eq!((&told["since"], &told["total"]), (&Value::Null, &json!(1)));
    // A name that begins alike is another union.
    let other = key(&store, "other", viewer(&["acm"])).await;
    assert_eq!(api.get_as(&other, &path).await.status().as_u16(), 404);
    let operator = key(&store, "operator", Role::Operator).await;
    let told: Value = api.get_as(&operator, &path).await.json().await.expect("JSON");
    assert_eq!(told["total"], 2);
}
