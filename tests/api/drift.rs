//! What somebody else made of what a union owns, as it is told.

use keyforge::plan::FieldChange;
use keyforge::store::{Drifted, Next};
use serde_json::{Value, json};
use sqlx::Executor as _;

use crate::fixture::{LEASE, claim, resource, rollout, with_unions};
use crate::served::{Served, key, viewer};

fn changed(kind: &str, path: &str, from: Option<Value>, to: Option<Value>, manager: &str) -> Drifted {
    let change = FieldChange { path: path.into(), from, to };
    Drifted::new(resource(kind, "vaultwarden"), &change, manager.into())
}

/// A page, an item a line: what was done to which field, by whom, what became of it, how often, whether it is still so.
async fn lines(api: &Served, path: &str) -> Vec<String> {
    let page = api.json(path).await;
    let word = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let line = |item: &Value| {
        format!(
            "{} {} {} {}→{} by {}: {} {}{}",
            word(&item["kind"]),
            word(&item["resource"]["kind"]),
            word(&item["field"]),
            item["ours"],
            item["theirs"],
            word(&item["manager"]),
            word(&item["outcome"]),
            item["times"],
            if item["stands"] == true { ", stands" } else { "" },
        )
    };
    page["items"].as_array().expect("a list").iter().map(line).collect()
}

#[tokio::test]
async fn drift_is_told_with_what_both_say_who_did_it_what_became_of_it_and_how_often() {
    let (_database, store) = with_unions(&["acme"]).await;
    let claim = claim(&store).await;
    let id = store.open_deployment(&claim, &rollout(1)).await.expect("opened").id();
    let replicas = changed("Deployment", ".spec.replicas", Some(json!(3)), Some(json!(1)), "kubectl-edit");
    let long = "x".repeat(5_000);
    for put_back in [
        vec![replicas.clone()],
        vec![replicas, Drifted::deleted(resource("Service", "vaultwarden"))],
        vec![changed("ConfigMap", ".data.extra", Some(json!(long)), None, "kubectl-edit")],
    ] {
        store.wait(&claim, id, "1 of 1 pods starts", LEASE, &put_back).await.expect("the lease holds");
    }
    let lost = changed("Ingress", ".spec.rules[0].host", None, Some(json!("acme.example")), "mesh");
    store.record_kept(&claim, &[lost]).await.expect("the lease holds");
    store.release(&claim, Next::Idle).await.expect("the lease was ours");

    let api = Served::start(store.clone()).await;
    let path = "/api/v1/unions/acme/drift";
    let shortened = format!("\"{}…\"", &long[..2_000]);
    let all = [
        "removed Ingress .spec.rules[0].host \"acme.example\"→null by mesh: kept 1, stands".to_owned(),
        format!("added ConfigMap .data.extra null→{shortened} by kubectl-edit: put-back 1"),
        "changed Deployment .spec.replicas 1→3 by kubectl-edit: put-back 2".to_owned(),
        "removed Service - null→null by -: put-back 1".to_owned(),
    ];
    let mut told = lines(&api, path).await;
    // Those two were put back at once.
    told[2..].sort();
    assert_eq!(told, all);
    assert_eq!(lines(&api, &format!("{path}?outcome=kept")).await, all[..1]);
    assert_eq!(lines(&api, &format!("{path}?kind=changed")).await, all[2..3]);
    assert_eq!(lines(&api, &format!("{path}?since=2999-01-01T00:00:00Z")).await, all[..1], "it is so still");
    let mut paged = Vec::new();
    let mut next = String::new();
    loop {
        let page = api.json(&format!("{path}?limit=1{next}")).await;
        paged.push(page["items"][0]["firstAt"].clone());
        match page["next"].as_str() {
            Some(place) => next = format!("&after={place}"),
            None => break,
        }
    }
    assert_eq!(paged.len(), 4);
    let item = &api.json(&format!("{path}?kind=changed")).await["items"][0];
    assert_eq!(item["deployment"], id.to_string());
    assert!(item["firstAt"].as_str() < item["lastAt"].as_str(), "{item}");
}

#[tokio::test]
async fn drift_outlives_its_union_and_is_told_to_those_who_see_that() {
    let (database, store) = with_unions(&["acme", "birch"]).await;
    let mut connection = database.connection().await;
    connection
        .execute(
            "insert into drift (union_name, resource, field, manager, outcome, deployment_id)
            values ('acme', '{\"kind\": \"Service\", \"namespace\": \"union-acme\", \"name\": \"vaultwarden\", \"apiVersion\": \"v1\"}',
                '', '', 'put-back', gen_random_uuid());
            delete from union_status where union_name = 'acme'",
        )
        .await
        .expect("written by hand");
    let api = Served::closed(store.clone()).await;
    for (who, unions, expected) in [("its own", ["acme"], [200, 404]), ("another", ["birch"], [404, 200])] {
        let key = key(&store, who, viewer(&unions)).await;
        let mut told = Vec::new();
        for union in ["acme", "birch"] {
            told.push(api.get_as(&key, &format!("/api/v1/unions/{union}/drift")).await.status().as_u16());
        }
        assert_eq!(told, expected, "{who}");
    }
}
