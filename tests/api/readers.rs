//! Who could read what of a society, on a day of the past and since another one.

use chrono::{DateTime, Utc};
use keyforge::names::Email;
use keyforge::spec::Role;
use keyforge::store::{Decision, Removed, Store, Verdict};
use serde_json::{Value, json};
use tokio::process::Command;

use crate::fixture::{accept, accepted, decided, newly_accepted, with_unions};
use crate::served::{Served, key, viewer};

/// `acme`, in whose chess society these people have these roles.
fn with(people: &[(&str, Role)], number: u8) -> Verdict {
    let mut new = newly_accepted("acme", number);
    let society = new.union.societies.values_mut().next().expect("chess");
    let listed = society.members.clone();
    society.members = people
        .iter()
        .map(|(email, role)| {
            let email: Email = email.parse().expect("an address");
            keyforge::spec::Member { email, role: *role, ..listed[0].clone() }
        })
        .collect();
    decided("acme", Decision::Accepted(new))
}

async fn now(store: &Store) -> String {
    let now: DateTime<Utc> = store.now().await.expect("the database answers");
    now.to_rfc3339_opts(chrono::SecondsFormat::Micros, true)
}

async fn readers(api: &Served, query: &str) -> (Vec<String>, Value) {
    let told = api.json(&format!("/api/v1/unions/acme/societies/chess/readers?{query}")).await;
    let items = told["items"].as_array().expect("a list").iter();
    let items = items.map(|reader| {
        format!("{} {}", reader["email"].as_str().expect("text"), reader["role"].as_str().expect("text"))
    });
    (items.collect(), told["changes"].clone())
}

#[tokio::test]
async fn a_day_of_the_past_is_told_as_the_documents_were_then_and_what_is_different_since() {
    let (_database, store) = with_unions(&["acme"]).await;
    let first = now(&store).await;
    let people = [("ana@acme.example", Role::Owner), ("cy@acme.example", Role::Admin)];
    accept(&store, 2, vec![with(&people, 2)]).await;
    let second = now(&store).await;
    // Another commit that lists the same people adds nothing.
    accept(&store, 3, vec![with(&people, 3)]).await;
    let api = Served::start(store.clone()).await;

    let (ana, bo, cy) = ("ana@acme.example owner", "bo@acme.example member", "cy@acme.example admin");
    assert_eq!(readers(&api, &format!("at={first}")).await, (vec![ana.into(), bo.into()], Value::Null));
    let gained = json!([{"email": "cy@acme.example", "collection": null, "from": null, "to": "manage"}]);
    let now_and_since = (vec![ana.to_owned(), cy.to_owned()], gained);
    assert_eq!(readers(&api, &format!("since={first}")).await, now_and_since);
    assert_eq!(readers(&api, &format!("at={second}&since={first}")).await, now_and_since);
    let told = api.json("/api/v1/unions/acme/societies/chess/readers").await;
    assert_eq!(
        told["revision"],
        format!("main@sha1:{}", "02".repeat(20)),
        "who is listed came with this one"
    );

    accept(&store, 4, vec![decided("acme", Decision::Removed(Removed::Kept { days: 30 }))]).await;
    let lost = |email: &str| json!({"email": email, "collection": null, "from": "manage", "to": null});
    let (left, changes) = readers(&api, &format!("since={second}")).await;
    assert_eq!((left, changes), (vec![], json!([lost("ana@acme.example"), lost("cy@acme.example")])));
}

#[tokio::test]
async fn who_read_is_told_to_who_sees_the_union_and_of_no_time_that_nobody_recorded() {
    let (_database, store) = with_unions(&["acme", "birch"]).await;
    accept(&store, 2, vec![accepted("acme", 2)]).await;
    let api = Served::closed(store.clone()).await;
    let officer = key(&store, "officer", viewer(&["acme"])).await;
    let status =
        async |path: &str| api.get_as(&officer, &format!("/api/v1/unions/{path}")).await.status().as_u16();
    assert_eq!(status("acme/societies/chess/readers").await, 200);
    assert_eq!(status("birch/societies/chess/readers").await, 404);
    assert_eq!(status("acme/societies/go/readers").await, 404);
    assert_eq!(status("acme/societies/chess/readers?at=2001-01-01T00:00:00Z").await, 404);
    assert_eq!(status("acme/societies/chess/readers?at=yesterday").await, 400);
}

#[tokio::test]
async fn keyforge_audit_access_shows_people_and_what_is_in_each_collection() {
    let (_database, store) = with_unions(&["acme"]).await;
    let first = now(&store).await;
    accept(&store, 2, vec![with(&[("ana@acme.example", Role::Owner)], 2)]).await;
    let api = Served::start(store).await;
    let mut keyforge = Command::new(env!("CARGO_BIN_EXE_keyforge"));
    keyforge.env_clear().env("KEYFORGE_SERVER", format!("http://{}", api.address));
    keyforge.args(["audit", "access", "acme/chess", "--since", &first]);
    let output = keyforge.output().await.expect("keyforge runs");
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    let (head, rest) = told.split_once('\n').expect("lines");
    assert!(head.starts_with("acme/chess now, by main@sha1:0202"), "{head}");
    assert_eq!(
        rest,
        "ana@acme.example, owner, in all collections (manage)\nin general: nothing\nnothing is different\n"
    );
    assert_eq!(output.status.code(), Some(0));
}

/// The audit of an officer's own unions: what was done, without what it tells of others.
#[tokio::test]
async fn an_officer_reads_the_audit_of_their_own_unions() {
    let (_database, store) = with_unions(&["acme", "birch"]).await;
    accept(&store, 2, vec![accepted("acme", 2)]).await;
    let api = Served::closed(store.clone()).await;
    let officer = key(&store, "officer", viewer(&["acme"])).await;
    let told: Value = api.get_as(&officer, "/api/v1/audit").await.json().await.expect("JSON");
    let records = told["items"].as_array().expect("a list").iter();
    let records: Vec<_> = records
        .map(|record| json!([record["what"], record["union"], record["author"], record["link"]]))
        .collect();
    assert_eq!(
        records,
        [json!(["union-accepted", "acme", "Ana", null]), json!(["union-accepted", "acme", null, null]),],
        "the first commit was of another union too"
    );
    let page: Value = api.get_as(&officer, "/api/v1/audit?limit=1").await.json().await.expect("JSON");
    let next = format!("/api/v1/audit?after={}", page["next"].as_str().expect("a place"));
    let rest: Value = api.get_as(&officer, &next).await.json().await.expect("JSON");
    assert_eq!(rest["items"][0], told["items"][1]);
    assert_eq!(
        api.get_as(&officer, "/api/v1/audit?after=2").await.status().as_u16(),
        400,
        "no number tells how many"
    );
}
