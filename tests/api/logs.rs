//! Logs: in pages by a place, followed as they grow, and by `keyforge logs`.

use std::process::Output;

use keyforge::ids::DeploymentId;
use keyforge::outcome::{Level, Outcome};
use keyforge::store::{Claim, LogLine, StageDone, Store};
use serde_json::{Value, json};

use crate::fixture::{claim, rollout, with_unions};
use crate::served::{SOON, Served};
use crate::support::follower::{Follower, Seen};

async fn said(store: &Store, claim: &Claim, id: DeploymentId, lines: &[(Level, &str)]) {
    let line = |(level, message): &(Level, &str)| LogLine {
        level: *level,
        message: (*message).to_owned(),
        fields: serde_json::Map::new(),
    };
    let done = StageDone { lines: lines.iter().map(line).collect(), ..StageDone::default() };
    store.record_stage(claim, id, &done).await.expect("the lease holds");
}

async fn next(follower: &mut Follower) -> Seen {
    tokio::time::timeout(SOON, follower.next()).await.expect("in time").expect("an event")
}

/// What its lines say, up to the event that is none.
async fn to_the_end(mut follower: Follower) -> (Vec<String>, Value) {
    let mut lines = Vec::new();
    loop {
        let seen = next(&mut follower).await;
        if seen.event != "line" {
            assert_eq!(seen.event, "end");
            assert_eq!(follower.next().await, None, "nothing comes after the end");
            return (lines, seen.data);
        }
        lines.push(seen.data["message"].as_str().expect("a text").to_owned());
    }
}

#[tokio::test]
async fn a_log_is_followed_from_its_first_line_to_its_end_and_from_any_place() {
    let (_database, store) = with_unions(&["acme"]).await;
    let claim = claim(&store).await;
    let id = store.open_deployment(&claim, &rollout(1)).await.expect("opened").id();
    said(&store, &claim, id, &[(Level::Info, "a"), (Level::Debug, "b")]).await;
    let api = Served::start(store.clone()).await;
    let url = format!("http://{}/api/v1/deployments/{id}/logs/follow", api.address);
    let mut all = Follower::at(&url, None).await;
    let mut warnings = Follower::at(&format!("{url}?level=warn"), None).await;
    let first = next(&mut all).await;
    assert_eq!((first.event.as_str(), &first.data["message"]), ("line", &json!("a")));
    assert_eq!(first.data["id"], first.id, "its place is told twice: to browsers, and to programs");
    assert_eq!(next(&mut all).await.data["message"], "b");

    said(&store, &claim, id, &[(Level::Warn, "c")]).await;
    assert_eq!(next(&mut warnings).await.data["message"], "c");
    said(&store, &claim, id, &[(Level::Info, "d")]).await;
    store.close_deployment(&claim, id, Outcome::Succeeded, None).await.expect("closed");
    let end = json!({ "outcome": "succeeded" });
    assert_eq!(to_the_end(all).await, (vec!["c".into(), "d".into()], end.clone()));
    assert_eq!(to_the_end(warnings).await, (Vec::new(), end.clone()));

    let again = Follower::at(&url, Some(&first.id)).await;
    assert_eq!(to_the_end(again).await, (["b", "c", "d"].map(str::to_owned).to_vec(), end));
}

#[tokio::test]
async fn pages_by_a_place_go_on_after_a_line() {
    let (_database, store) = with_unions(&["acme"]).await;
    let claim = claim(&store).await;
    let id = store.open_deployment(&claim, &rollout(1)).await.expect("opened").id();
    let lines = [(Level::Info, "a"), (Level::Debug, "b"), (Level::Warn, "c"), (Level::Info, "d")];
    said(&store, &claim, id, &lines).await;
    let api = Served::start(store).await;
    let page = async |query: String| api.json(&format!("/admin/deployments/{id}/logs?{query}")).await;
    let messages = |page: &Value| -> String {
        let lines = page["items"].as_array().expect("lines").iter();
        lines.filter_map(|line| line["message"].as_str()).collect()
    };
    let first = page("after=0&limit=2&level=info".to_owned()).await;
    assert_eq!(messages(&first), "ac");
    assert_eq!(first["after"], first["items"][1]["id"]);
    assert_eq!((&first["page"], &first["total"], &first["next"]), (&Value::Null, &Value::Null, &Value::Null));
    let second =
        page(format!("after={}&limit=2&level=info", first["after"].as_str().expect("a place"))).await;
    assert_eq!((messages(&second).as_str(), &second["after"]), ("d", &Value::Null));

    let both = api.get(&format!("/admin/deployments/{id}/logs?after=0&page=1")).await;
    assert_eq!(both.status().as_u16(), 400);
    let problem: Value = both.json().await.expect("JSON");
    assert_eq!(
        problem["detail"],
        "`after`: it and `page` are two ways to ask for a part of a log; one of them is enough"
    );
}

async fn keyforge(api: &Served, arguments: &[&str]) -> Output {
    let mut keyforge = tokio::process::Command::new(env!("CARGO_BIN_EXE_keyforge"));
    keyforge.env_clear().env("KEYFORGE_SERVER", format!("http://{}", api.address));
    keyforge.arg("logs").args(arguments).output().await.expect("keyforge runs")
}

#[tokio::test]
async fn keyforge_logs_shows_the_newest_deployment_of_a_union_and_follows_one_to_its_end() {
    let (_database, store) = with_unions(&["acme"]).await;
    let api = Served::start(store.clone()).await;
    let nothing = keyforge(&api, &["acme"]).await;
    assert_eq!(nothing.status.code(), Some(2));
    let why = String::from_utf8_lossy(&nothing.stderr).into_owned();
    assert_eq!(why, "keyforge: union `acme` has no deployment yet\n");

    let claim = claim(&store).await;
    let id = store.open_deployment(&claim, &rollout(1)).await.expect("opened").id();
    said(&store, &claim, id, &[(Level::Debug, "b"), (Level::Warn, "\u{1b}[31mc")]).await;
    let shown = keyforge(&api, &["acme"]).await;
    let text = String::from_utf8(shown.stdout).expect("text");
    let [_date, _time, rest] = text.splitn(3, ' ').collect::<Vec<_>>()[..] else { panic!("{text}") };
    assert_eq!(rest, "warn  \\u{1b}[31mc\n", "hostile text is harmless");

    let id = id.to_string();
    let arguments = [id.as_str(), "--follow", "--level", "debug", "--output", "json"];
    let following = keyforge(&api, &arguments);
    let closing = async {
        said(&store, &claim, id.parse().expect("an id"), &[(Level::Info, "d")]).await;
        store.close_deployment(&claim, id.parse().expect("an id"), Outcome::Succeeded, None).await
    };
    let (followed, closed) = tokio::join!(following, closing);
    closed.expect("closed");
    assert_eq!(followed.status.code(), Some(0));
    let lines = String::from_utf8(followed.stdout).expect("text");
    let said: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let messages: Vec<&Value> = said.iter().map(|line| &line["message"]).collect();
    assert_eq!(messages, ["b", "\u{1b}[31mc", "d"]);
}
