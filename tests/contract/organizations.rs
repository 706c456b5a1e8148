//! Organizations and their policies.

use serde_json::{Value, json};

use crate::caller::{shows, start, start_with};
use crate::people::{Person, password, text};
use crate::society::{Society, create, new};

#[tokio::test]
async fn it_is_made_with_a_first_collection_whose_id_is_not_told() {
    let server = start();
    let ana = Person::new(&server, "ana@acme.example").await;
    let made = ana.post("/api/organizations", new(&ana.email, "Chess Society")).await.ok();
    shows(
        &made,
        json!({
            "name": "Chess Society", "billingEmail": "ana@acme.example", "hasPublicAndPrivateKeys": true,
            "planType": 6, "object": "organization",
        }),
    );
    let sync = ana.sync().await;
    let own = &sync["profile"]["organizations"][0];
    shows(
        own,
        json!({
            "id": made["id"], "name": "Chess Society", "key": "4.key for its owner", "type": 0, "status": 2,
            "userId": ana.id, "enabled": true, "object": "profileOrganization",
        }),
    );
    let collections = sync["collections"].as_array().expect("a list");
    assert_eq!(collections.len(), 1);
    shows(
        &collections[0],
        json!({"name": "2.first|collection", "externalId": null, "readOnly": false, "manage": true}),
    );
}

#[tokio::test]
async fn what_is_missing_is_not_named() {
    let server = start();
    let ana = Person::new(&server, "ana@acme.example").await;
    for field in ["name", "billingEmail", "planType", "collectionName", "key"] {
        let mut body = new(&ana.email, "Chess Society");
        body.as_object_mut().expect("an object").remove(field);
        ana.post("/api/organizations", body).await.barred(422);
    }
    assert_eq!(ana.sync().await["profile"]["organizations"], json!([]));
}

#[tokio::test]
async fn only_those_who_are_named_make_one() {
    let server = start_with(&[("ORG_CREATION_USERS", "keyforge@acme.example")]);
    let ana = Person::new(&server, "ana@acme.example").await;
    let answer = ana.post("/api/organizations", new(&ana.email, "Chess Society")).await;
    answer.refused(400, "User not allowed to create organizations");
    let service = Person::new(&server, "keyforge@acme.example").await;
    create(&service, "Chess Society").await;
}

#[tokio::test]
async fn names_are_not_unique() {
    let server = start();
    let ana = Person::new(&server, "ana@acme.example").await;
    let (one, other) = (create(&ana, "Chess Society").await, create(&ana, "Chess Society").await);
    assert_ne!(one, other);
}

#[tokio::test]
async fn its_owner_renames_it() {
    let server = start();
    let society = Society::new(&server).await;
    let change = json!({"name": "Go Society", "billingEmail": "Owner@acme.example"});
    let renamed = society.owner.put(&society.path(""), change).await.ok();
    shows(&renamed, json!({"name": "Go Society", "billingEmail": "owner@acme.example"}));
    assert_eq!(society.owner.get(&society.path("")).await.ok()["name"], "Go Society");
}

#[tokio::test]
async fn it_is_deleted_with_the_password_of_an_owner() {
    let server = start();
    let society = Society::new(&server).await;
    let (owner, path) = (&society.owner, society.path(""));
    owner.delete(&path, json!({"masterPasswordHash": "wrong"})).await.refused(400, "Invalid password");
    owner.delete(&path, json!({"masterPasswordHash": password(&owner.email)})).await.done();
    owner.get(&path).await.barred(401);
    let sync = owner.sync().await;
    assert_eq!((&sync["collections"], &sync["ciphers"]), (&json!([]), &json!([])));
}

#[tokio::test]
async fn its_key_pair_is_set_once() {
    let server = start();
    let ana = Person::new(&server, "ana@acme.example").await;
    let mut body = new(&ana.email, "Chess Society");
    body["keys"] = Value::Null;
    let id = text(&ana.post("/api/organizations", body).await.ok()["id"]);
    let (keys, public) =
        (format!("/api/organizations/{id}/keys"), format!("/api/organizations/{id}/public-key"));
    assert_eq!(ana.get(&public).await.ok()["publicKey"], Value::Null);
    let pair = json!({"publicKey": "public", "encryptedPrivateKey": "2.private"});
    let set = ana.post(&keys, pair.clone()).await.ok();
    shows(&set, json!({"publicKey": "public", "privateKey": "2.private", "object": "organizationKeys"}));
    ana.post(&keys, pair).await.refused(400, "Organization Keys already exist");
    let shown = ana.get(&public).await.ok();
    assert_eq!(shown, json!({"publicKey": "public", "object": "organizationPublicKey"}));
}

#[tokio::test]
async fn strangers_and_plain_members_are_barred() {
    let server = start();
    let society = Society::new(&server).await;
    let ana = society.join("ana@acme.example", json!({"type": 2})).await;
    let ben = Person::new(&server, "ben@acme.example").await;
    for path in ["", "/users", "/collections", "/policies"] {
        ana.get(&society.path(path)).await.barred(401);
        ben.get(&society.path(path)).await.barred(401);
    }
    ana.get(&society.path("/public-key")).await.ok();
    ben.get(&society.path("/public-key")).await.barred(401);
}

#[tokio::test]
async fn a_policy_is_put_and_listed_and_reaches_its_members() {
    let server = start();
    let society = Society::new(&server).await;
    let ana = society.join("ana@acme.example", json!({"type": 2})).await;
    let data = json!({"minLength": 14});
    let put = json!({"policy": {"enabled": true, "data": data}});
    let policy = society.owner.put(&society.path("/policies/1"), put).await.ok();
    let expected = json!({
        "type": 1, "enabled": true, "data": data, "organizationId": society.id, "object": "policy",
    });
    shows(&policy, expected.clone());
    let off = json!({"policy": {"enabled": false, "data": null}});
    let changed = society.owner.put(&society.path("/policies/5"), off).await.ok();
    shows(&changed, json!({"type": 5, "enabled": false, "data": null}));
    let listed = society.owner.get(&society.path("/policies")).await.list();
    assert_eq!(listed.len(), 2);
    let shown = listed.iter().find(|policy| policy["type"] == 1).expect("the first one");
    shows(shown, expected);
    assert_eq!(ana.sync().await["policies"].as_array().expect("a list").len(), 2);
    let unknown = json!({"policy": {"enabled": true, "data": null}});
    let unknown = society.owner.put(&society.path("/policies/99"), unknown).await;
    unknown.refused(400, "Invalid or unsupported policy type");
}

#[tokio::test]
async fn a_second_factor_that_is_demanded_revokes_plain_members_without_one() {
    let server = start();
    let society = Society::new(&server).await;
    society.join("ana@acme.example", json!({"type": 2})).await;
    society.join("ben@acme.example", json!({"type": 1})).await;
    let put = json!({"policy": {"enabled": true, "data": null}});
    society.owner.put(&society.path("/policies/0"), put).await.ok();
    assert_eq!(society.member("ana@acme.example").await["status"], -1);
    assert_eq!(society.member("ben@acme.example").await["status"], 2);
    let id = society.member_id("ana@acme.example").await;
    let restored = society.owner.put(&society.path(&format!("/users/{id}/restore")), json!({})).await;
    restored.refused(400, &format!("Cannot restore because 2FA is required (membership {id})"));
}
