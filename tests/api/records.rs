//! What is read back of the past: resources, revisions, the audit and its chain.

use keyforge::chain::Keys;
use keyforge::digest::Digest;
use serde_json::{Value, json};
use sqlx::Executor as _;

use crate::fixture::{self, LEASE, accept, accepted, claim, making, newly_accepted, resource, with_unions};
use crate::served::{Served, history, newest};
use keyforge::ids::Uid;
use keyforge::outcome::Done;
use keyforge::plan::{FieldChange, StageName};
use keyforge::signing::Voucher;
use keyforge::store::{Acceptance, Decision, Drifted, Event, StageDone};

/// The items of all pages of a list, read one by one.
async fn one_by_one(api: &Served, path: &str) -> Vec<Value> {
    let mut items = Vec::new();
    let mut after = String::new();
    loop {
        let page = api.json(&format!("{path}?limit=1{after}")).await;
        items.extend(page["items"].as_array().expect("a list").iter().cloned());
        match page["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => return items,
        }
    }
}

#[tokio::test]
async fn resources_are_told_with_what_became_of_them_and_who_else_changes_them() {
    let (_database, store) = with_unions(&["acme"]).await;
    let claim = claim(&store).await;
    let (service, workload) = (resource("Service", "vaultwarden"), resource("Deployment", "vaultwarden"));
    let opened = store.open_deployment(&claim, &making(&[service.clone(), workload.clone()])).await;
    let id = opened.expect("opened").id();
    let event = Event {
        stage: StageName::Workload,
        change: "create",
        resource: service.clone(),
        done: Done::Created,
        message: None,
    };
    let learned = vec![(service.clone(), Uid("1".into()))];
    let done = StageDone { events: vec![event], learned, ..StageDone::default() };
    store.record_stage(&claim, id, &done).await.expect("recorded");
    let field = FieldChange { path: ".spec.type".into(), from: Some("NodePort".into()), to: None };
    let put_back = [Drifted::new(service.clone(), &field, "kubectl-edit".into())];
    store.wait(&claim, id, "1 of 1 pods starts", LEASE, &put_back).await.expect("counted");

    let api = Served::start(store).await;
    let told = |item: &Value| {
        json!([
            item["kind"],
            item["made"],
            item["lastChange"]["event"],
            item["lastChange"]["deployment"],
            item["disputes"].as_array().map(|disputes| disputes
                .iter()
                .map(|dispute| json!([dispute["field"], dispute["manager"], dispute["times"]]))
                .collect::<Vec<_>>()),
        ])
    };
    let found = one_by_one(&api, "/api/v1/unions/acme/resources").await;
    let mut found: Vec<_> = found.iter().map(told).collect();
    found.sort_by_key(ToString::to_string);
    assert_eq!(
        found,
        [
            json!(["Deployment", false, null, null, []]),
            json!(["Service", true, "created", id.to_string(), [[".spec.type", "kubectl-edit", 1]]]),
        ]
    );
    assert_eq!(api.shown("/api/v1/unions/nobody/resources").await.0, 404);
}

#[tokio::test]
async fn deployments_of_a_union_stand_below_it_too() {
    let (_database, store) = history().await;
    let api = Served::start(store).await;
    let below = api.json("/api/v1/unions/birch/deployments").await;
    assert_eq!(below, api.json("/api/v1/deployments?union=birch").await);
    assert_eq!(below["items"][0]["id"], newest(&api).await);
    assert_eq!(api.shown("/api/v1/unions/nobody/deployments").await.0, 404);
}

#[tokio::test]
async fn a_revision_tells_what_became_of_it() {
    let (_database, store) = history().await;
    accept(&store, 3, vec![accepted("birch", 3)]).await;
    let api = Served::start(store).await;
    let subjects: Vec<_> =
        one_by_one(&api, "/api/v1/revisions").await.iter().map(|item| item["subject"].clone()).collect();
    assert_eq!(subjects, ["Change 3", "Change 2", "Change 1"]);
    let revision = async |number: u8| {
        let mut body = api.json(&format!("/api/v1/revisions/{}", fixture::object(number))).await;
        let fields = body.as_object_mut().expect("an object");
        let of_unions = [
            "asked",
            "steps",
            "unionsByState",
            "total",
            "items",
            "next",
            "previous",
            "signature",
            "planned",
            "done",
        ];
        fields.retain(|name, _| !name.ends_with("At") && !of_unions.contains(&name.as_str()));
        body
    };
    let first = json!({
        "commit": "01".repeat(20), "revision": format!("main@sha1:{}", "01".repeat(20)),
        "subject": "Change 1", "author": "Ana", "head": false,
        "countsByState": { "held": 1 }, "applied": 1, "deployments": { "failed": 1, "succeeded": 1 }, "open": 0,
    });
    assert_eq!(revision(1).await, first);
    let third = revision(3).await;
    assert_eq!((&third["head"], &third["countsByState"]), (&json!(true), &json!({ "failed": 1 })));
    assert_eq!(api.shown(&format!("/api/v1/revisions/{}", "ff".repeat(20))).await.0, 404);
}

#[tokio::test]
async fn every_record_of_the_audit_is_chained_to_the_one_before() {
    let (_database, store) = history().await;
    let api = Served::start(store).await;
    let records = one_by_one(&api, "/api/v1/audit").await;
    let told: Vec<_> = records.iter().map(|record| json!([record["what"], record["union"]])).collect();
    assert_eq!(
        told,
        [
            json!(["deployment-closed", "birch"]),
            json!(["deployment-opened", "birch"]),
            json!(["deployment-closed", "acme"]),
            json!(["deployment-opened", "acme"]),
            json!(["union-accepted", "birch"]),
            json!(["union-accepted", "acme"]),
        ]
    );
    let mut previous: Option<Digest> = None;
    for (number, record) in (1..).zip(records.iter().rev()) {
        let link = &record["link"];
        assert_eq!((&link["number"], &record["id"]), (&json!(number), &json!(number.to_string())));
        assert_eq!(link["previous"], json!(previous));
        let mut bytes = previous.map(|digest| digest.as_bytes().to_vec()).unwrap_or_default();
        bytes.extend(link["text"].as_str().expect("a text").as_bytes());
        previous = Some(Digest::of(bytes));
        assert_eq!(link["digest"], json!(previous));
    }
    let of_birch = api.json("/api/v1/audit?union=birch").await;
    assert_eq!(of_birch["items"].as_array().map(Vec::len), Some(3));
    let of_none = api.json(&format!("/api/v1/audit?commit={}", fixture::object(2))).await;
    assert_eq!(of_none["items"], json!([]));
}

#[tokio::test]
async fn an_acceptance_is_recorded_with_its_lines_and_signatures_and_a_rollout_with_its_plan() {
    let (_database, store) = history().await;
    let mut new = newly_accepted("acme", 3);
    new.documents[0].content = b"kind: Union # 1\nspec: {}\n".as_slice().into();
    let decided = fixture::decided("acme", Decision::Accepted(new));
    let by =
        Voucher { commit: fixture::object(3), key: Some("SHA256:x".into()), name: "ana@x.example".into() };
    let vouched = [(fixture::name("acme"), [by].into())].into();
    let acceptance = Acceptance { vouched, ..fixture::acceptance(&store, 3, vec![decided]).await };
    store.record_acceptance(&acceptance).await.expect("recorded");
    let claim = claim(&store).await;
    store.open_deployment(&claim, &fixture::rollout(3)).await.expect("opened");
    let api = Served::start(store).await;
    let newest = api.json("/api/v1/audit?union=acme&limit=2").await;
    let (opened, accepted) = (&newest["items"][0], &newest["items"][1]);
    assert_eq!(accepted["signers"], json!(["ana@x.example"]));
    let files = json!([{ "path": "unions/acme/union.yaml", "line": 2 }]);
    let signatures = json!([{ "commit": "03".repeat(20), "key": "SHA256:x" }]);
    assert_eq!(accepted["detail"], json!({ "files": files, "signatures": signatures }));
    assert!(
        !accepted["link"]["text"].as_str().expect("a text").contains("ana@"),
        "names stand beside the chain"
    );
    assert_eq!(opened["detail"]["desired"], Digest::of([3, 3]).to_string());
    assert_eq!(opened["detail"]["plan"], Digest::of(r#"{"digest": 3}"#).to_string());
}

#[tokio::test]
async fn the_audit_and_its_chain_are_never_changed() {
    let (database, store) = history().await;
    let head = store.links(6, 1).await.expect("the database answers")[0].head();
    let keys = Keys::parse(&"k".repeat(32)).unwrap_or_else(|error| panic!("{error}"));
    let made = keys.vouch(&"main".parse().expect("a name"), 1, head, chrono::DateTime::UNIX_EPOCH);
    assert!(store.keep_checkpoint(&made).await.expect("the database answers"));
    for statement in [
        "update audit set what = 'union-removed'",
        "delete from audit",
        "truncate audit cascade",
        "update audit_link set digest = sha256('')",
        "delete from audit_link",
        "truncate audit_link cascade",
        "update audit_checkpoint set code = digest",
        "delete from audit_checkpoint",
        "truncate audit_checkpoint",
    ] {
        let refused = database.connection().await.execute(statement).await.expect_err(statement);
        assert!(refused.to_string().contains("append-only"), "{statement}: {refused}");
    }
}
