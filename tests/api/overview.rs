//! What the first page asks for: who asks, how everything is, and where something is.

use keyforge::access::Role;
use serde_json::{Value, json};
use sqlx::Executor as _;

use crate::fixture::{accept, accepted, with_unions};
use crate::served::{Served, expected, history, key, newest, viewer};

/// What is found for this text, a line each: kind, name, title, union, state, page.
async fn found(api: &Served, credential: &str, text: &str) -> Vec<String> {
    let query = url::form_urlencoded::Serializer::new(String::new()).append_pair("search", text).finish();
    let answer = api.get_as(credential, &format!("/api/v1/search?{query}")).await;
    assert_eq!(answer.status().as_u16(), 200, "{text}");
    let page: Value = answer.json().await.expect("JSON");
    let line = |found: &Value| {
        let parts = ["kind", "name", "title", "union", "state", "url"];
        parts.map(|part| found[part].as_str().unwrap_or("-").to_owned()).join(" ")
    };
    page["items"].as_array().expect("items").iter().map(line).collect()
}

#[tokio::test]
async fn the_first_page_tells_what_is_broken_and_how_far_the_newest_commits_are() {
    let (database, store) = history().await;
    database
        .connection()
        .await
        .execute(
            "insert into deployment (deployment_id, union_name, reason, revision_id, input, desired, plan, creates,
                updates, deletes, keeps, fencing_token, phase, outcome, created_at, closed_at)
            select gen_random_uuid(), union_name, 'drift', revision_id, input, desired, plan, 0, 1, 0, 0, fencing_token,
                'closed', 'succeeded', now() - make_interval(hours => hours), now()
            from deployment, unnest(array[1, 2, 25]) as hours where union_name = 'acme'",
        )
        .await
        .expect("written by hand");
    let api = Served::start(store).await;
    let (status, mut told) = api.shown("/api/v1/overview").await;
    let revisions = told["revisions"].take();
    assert_eq!(
        (status, told),
        (
            200,
            expected(
                r#"{
  "total": 2,
  "countsByState": { "failed": 1, "held": 1 },
  "countsByHealth": { "current": 1, "failed": 1 },
  "needsPerson": [
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
    },
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
    }
  ],
  "accessDown": ["birch"],
  "revisions": null,
  "driftToday": 2,
  "revision": "main@sha1:0202020202020202020202020202020202020202",
  "source": null,
  "stopped": null
}"#
            )
        )
    );
    let listed = api.shown("/api/v1/revisions").await.1;
    let subjects = |list: &Value| {
        let of = |revision: &Value| revision["subject"].as_str().expect("a subject").to_owned();
        list.as_array().expect("a list").iter().map(of).collect::<Vec<_>>()
    };
    assert_eq!(subjects(&revisions), subjects(&listed["items"]));
    let mut one =
        api.shown(&format!("/api/v1/revisions/{}", revisions[1]["commit"].as_str().expect("a name"))).await.1;
    let fields = revisions[1].as_object().expect("an object");
    one.as_object_mut().expect("an object").retain(|name, _| fields.contains_key(name));
    assert_eq!(revisions[1], one, "each as it is told alone, without its unions");
}

#[tokio::test]
async fn everybody_is_told_who_they_are() {
    let (_database, store) = with_unions(&["acme"]).await;
    let open = Served::start(store.clone()).await;
    let api = Served::closed(store.clone()).await;
    let me = async |credential: &str| {
        let mut me: Value = api.get_as(credential, "/api/v1/me").await.json().await.expect("JSON");
        assert_eq!(
            me.as_object_mut().expect("an object").remove("version"),
            Some(env!("CARGO_PKG_VERSION").into())
        );
        me
    };
    let officer = key(&store, "officer", viewer(&["birch", "acme"])).await;
    let told = json!({ "name": "key officer", "by": "key", "role": "viewer", "unions": ["acme", "birch"] });
    assert_eq!(me(&officer).await, told);
    let operator = key(&store, "ops", Role::Operator).await;
    assert_eq!(
        me(&operator).await,
        json!({ "name": "key ops", "by": "key", "role": "operator", "unions": null })
    );
    let here = open.json("/api/v1/me").await;
    let told = (&here["name"], &here["by"], &here["role"]);
    assert_eq!(told, (&json!("this machine"), &json!("nothing"), &json!("operator")));
}

#[tokio::test]
async fn a_few_letters_find_unions_and_societies_and_what_is_pasted_whole_finds_the_rest() {
    let (database, store) = history().await;
    database
        .connection()
        .await
        .execute(
            "insert into society (union_name, society_name, title, state) values ('birch', 'chess', 'Chess', 'current');
            update union_status set display_name = 'The acme of birches' where union_name = 'birch'",
        )
        .await
        .expect("written by hand");
    let open = Served::start(store.clone()).await;
    let deployment = newest(&open).await;
    let api = Served::closed(store.clone()).await;
    let operator = key(&store, "operator", Role::Operator).await;
    let commit = "01".repeat(20);
    let chess = |union: &str, state: &str| {
        format!("society chess Chess {union} {state} /unions/{union}/societies/chess")
    };
    let acme = "union acme Union acme acme held /unions/acme".to_owned();
    let birch = "union birch The acme of birches birch failed /unions/birch".to_owned();
    let revision = format!("revision {commit} Change 1 - - /revisions/{commit}");
    for (text, expected) in [
        ("", vec![]),
        ("a", vec![]),
        ("Acm", vec![acme.clone(), birch.clone()]),
        ("bir", vec![birch.clone()]),
        ("BIRCH.ex", vec![birch]),
        ("a_me", vec![]),
        ("%%", vec![]),
        ("chess", vec![chess("acme", "-"), chess("birch", "current")]),
        ("ss ch", vec![chess("acme", "-"), chess("birch", "current")]),
        (
            "ana@ACME.example",
            vec![
                "member ana@acme.example Chess acme - /unions/acme/societies/chess".to_owned(),
                "member ana@acme.example Chess birch current /unions/birch/societies/chess".to_owned(),
            ],
        ),
        ("ana@acme.exampl", vec![]),
        ("nobody@acme.example", vec![]),
        ("0101010", vec![revision.clone()]),
        (&commit, vec![revision]),
        ("010101", vec![]),
        ("0101011", vec![]),
        (&deployment, vec![format!("deployment {deployment} - birch failed /deployments/{deployment}")]),
        ("00000000-0000-7000-8000-000000000000", vec![]),
    ] {
        assert_eq!(found(&api, &operator, text).await, expected, "{text}");
    }
    accept(&store, 3, vec![accepted("birch", 3)]).await;
    let officer = key(&store, "officer", viewer(&["acme"])).await;
    // It holds their union, and no other one is of it.
    let held = "02".repeat(20);
    for (text, expected) in [
        ("acme", vec![acme]),
        ("birch", vec![]),
        ("chess", vec![chess("acme", "-")]),
        (
            "ana@acme.example",
            vec!["member ana@acme.example Chess acme - /unions/acme/societies/chess".to_owned()],
        ),
        ("0303030", vec![]),
        (&held, vec![format!("revision {held} Change 2 - - /revisions/{held}")]),
        (&deployment, vec![]),
    ] {
        assert_eq!(found(&api, &officer, text).await, expected, "{text}, of a viewer");
    }
}

#[tokio::test]
async fn eight_of_a_kind_are_found_however_many_there_are_and_those_whose_names_begin_so_come_first() {
    let names: Vec<String> = (0..9).map(|number| format!("a-north-{number}")).collect();
    let mut unions: Vec<&str> = names.iter().map(String::as_str).collect();
    unions.push("north");
    let (_database, store) = with_unions(&unions).await;
    let api = Served::closed(store.clone()).await;
    let operator = key(&store, "operator", Role::Operator).await;
    let found = found(&api, &operator, "north").await;
    assert_eq!(found.len(), 8, "{found:?}");
    assert!(found[0].starts_with("union north "), "{found:?}");
    assert!(found[1].starts_with("union a-north-0 "), "{found:?}");
}
