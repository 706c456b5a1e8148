//! Collections: made, changed, read, deleted, and who may.

use serde_json::{Value, json};

use crate::caller::{shows, start};
use crate::society::{Society, access};

#[tokio::test]
async fn a_new_one_is_answered_with_its_id_and_mark() {
    let server = start();
    let society = Society::new(&server).await;
    let new =
        json!({"name": "2.treasury", "groups": [], "users": [], "externalId": "keyforge:chess/treasury"});
    let made = society.owner.post(&society.path("/collections"), new).await.ok();
    let expected = json!({
        "name": "2.treasury", "externalId": "keyforge:chess/treasury", "organizationId": society.id, "type": 0,
    });
    shows(&made, expected.clone());
    shows(
        &made,
        json!({"readOnly": false, "hidePasswords": false, "manage": true, "object": "collectionDetails"}),
    );
    let listed = society.owner.get(&society.path("/collections")).await.list();
    assert_eq!(listed.len(), 2, "with the first one");
    let listed = listed.iter().find(|one| one["id"] == made["id"]).expect("the new one");
    shows(listed, expected);
}

#[tokio::test]
async fn both_lists_are_needed_also_empty() {
    let server = start();
    let society = Society::new(&server).await;
    for body in [json!({"name": "2.a", "groups": []}), json!({"name": "2.a", "users": []})] {
        society.owner.post(&society.path("/collections"), body).await.barred(422);
    }
    let users = json!([access("00000000-0000-0000-0000-000000000001", true, false)]);
    let foreign = json!({"name": "2.a", "groups": [], "users": users});
    let answer = society.owner.post(&society.path("/collections"), foreign).await;
    answer.refused(400, "Invalid member");
}

#[tokio::test]
async fn a_change_replaces_name_mark_and_members() {
    let server = start();
    let society = Society::new(&server).await;
    let ana = society.join("ana@acme.example", json!({})).await;
    let (member, owner) =
        (society.member_id("ana@acme.example").await, society.member_id("owner@acme.example").await);
    let id = society.collection("2.treasury").await;
    let path = society.path(&format!("/collections/{id}"));
    let users = json!([access(&member, true, true), access(&owner, true, true)]);
    let put = json!({"name": "2.bank", "groups": [], "users": users, "externalId": "another"});
    let changed = society.owner.put(&path, put).await.ok();
    shows(&changed, json!({"id": id, "name": "2.bank", "externalId": "another", "manage": true}));
    let details = society.owner.get(&format!("{path}/details")).await.ok();
    let expected = json!([access(&member, true, true)]);
    shows(&details, json!({"users": expected, "groups": [], "assigned": true}));
    let seen = ana.sync().await["collections"][0].clone();
    shows(&seen, json!({"id": id, "readOnly": true, "hidePasswords": true, "manage": false}));

    let put = json!({"name": "2.bank", "groups": [], "users": [], "externalId": null});
    society.owner.put(&path, put).await.ok();
    let details = society.owner.get(&format!("{path}/details")).await.ok();
    shows(&details, json!({"users": [], "externalId": null}));
    assert_eq!(ana.sync().await["collections"], json!([]));
}

#[tokio::test]
async fn the_list_with_details_names_also_those_who_see_all() {
    let server = start();
    let society = Society::new(&server).await;
    society.join("ana@acme.example", json!({})).await;
    let (member, owner) =
        (society.member_id("ana@acme.example").await, society.member_id("owner@acme.example").await);
    let new =
        json!({"name": "2.a", "groups": [], "users": [access(&member, true, false)], "externalId": null});
    let id = society.owner.post(&society.path("/collections"), new).await.ok()["id"].clone();
    let listed = society.owner.get(&society.path("/collections/details")).await.list();
    let listed = listed.iter().find(|one| one["id"] == id).expect("the new one");
    let everything = json!({"id": owner, "readOnly": false, "hidePasswords": false, "manage": true});
    shows(
        listed,
        json!({
            "assigned": true, "groups": [], "object": "collectionAccessDetails",
            "users": [access(&member, true, false), everything],
        }),
    );
}

#[tokio::test]
async fn who_is_let_into_many_is_replaced_at_once() {
    let server = start();
    let society = Society::new(&server).await;
    society.join("ana@acme.example", json!({})).await;
    let member = society.member_id("ana@acme.example").await;
    let (one, other) = (society.collection("2.one").await, society.collection("2.other").await);
    let users = json!([access(&member, false, true)]);
    let bulk = json!({"collectionIds": [one, other], "groups": [], "users": users});
    society.owner.post(&society.path("/collections/bulk-access"), bulk).await.done();
    assert_eq!(society.member("ana@acme.example").await["collections"].as_array().map(Vec::len), Some(2));
    let bulk = json!({"collectionIds": [one], "groups": [], "users": []});
    society.owner.post(&society.path("/collections/bulk-access"), bulk).await.done();
    let left = society.member("ana@acme.example").await;
    assert_eq!(left["collections"], json!([access(&other, false, true)]));
    let foreign = json!({
        "collectionIds": ["00000000-0000-0000-0000-000000000001"], "groups": [], "users": [],
    });
    let answer = society.owner.post(&society.path("/collections/bulk-access"), foreign).await;
    answer.refused(400, "Collection not found");
}

#[tokio::test]
async fn what_is_in_a_deleted_one_stays_in_the_society() {
    let server = start();
    let society = Society::new(&server).await;
    let (one, other) = (society.collection("2.one").await, society.collection("2.other").await);
    society.item("2.bank", &[&one, &other]).await;
    let path = society.path(&format!("/collections/{one}"));
    society.owner.delete(&path, json!({})).await.done();
    assert_eq!(society.items().await[0]["collectionIds"], json!([other]));
    society.owner.delete(&society.path("/collections"), json!({"ids": [other]})).await.done();
    assert_eq!(society.items().await[0]["collectionIds"], json!([]));
    let again = society.owner.delete(&society.path("/collections"), json!({"ids": [other]})).await;
    again.refused(400, "Collection not found");
    society.owner.delete(&path, json!({})).await.barred(401);
}

#[tokio::test]
async fn a_manager_of_some_makes_none_and_manages_theirs_alone() {
    let server = start();
    let society = Society::new(&server).await;
    let (one, other) = (society.collection("2.one").await, society.collection("2.other").await);
    let manages = json!({"id": one, "readOnly": false, "hidePasswords": false, "manage": true});
    let ana = society.join("ana@acme.example", json!({"type": 3, "collections": [manages]})).await;
    let new = json!({"name": "2.new", "groups": [], "users": [], "externalId": null});
    let made = ana.post(&society.path("/collections"), new.clone()).await;
    made.refused(400, "You don't have permission to create collections");
    ana.get(&society.path("/collections")).await.refused(404, "Resource not found.");
    ana.get(&society.path("/users")).await.refused(404, "Resource not found.");
    ana.put(&society.path(&format!("/collections/{one}")), new.clone()).await.ok();
    ana.put(&society.path(&format!("/collections/{other}")), new).await.barred(401);
    let seen: Vec<Value> = ana.get(&society.path("/collections/details")).await.list();
    assert_eq!(seen.len(), 0, "the change replaced who is let in");
}
