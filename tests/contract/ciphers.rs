//! Items: made, changed, and who may read and write them.

use serde_json::{Value, json};

use crate::caller::{shows, start};
use crate::people::{Person, text};
use crate::society::{Society, access};

#[tokio::test]
async fn an_item_is_answered_whole_and_as_it_was_sent() {
    let server = start();
    let society = Society::new(&server).await;
    let collection = society.collection("2.treasury").await;
    let item = society.item("2.bank", &[&collection]).await;
    let expected = json!({
        "type": 1, "name": "2.bank", "notes": "2.notes", "organizationId": society.id, "key": null,
        "reprompt": 0, "deletedDate": null, "collectionIds": [collection], "passwordHistory": [],
        "fields": [{"type": 1, "name": "2.field", "value": "2.value"}],
        "object": "cipherDetails",
    });
    let login = json!({
        "username": "2.user", "password": "2.password", "totp": null, "uri": "2.uri",
        "uris": [{"uri": "2.uri", "match": null, "uriChecksum": "2.sum"}],
    });
    let rights = json!({
        "edit": true, "viewPassword": true, "permissions": {"delete": true, "restore": true},
        "folderId": null, "favorite": false, "archivedDate": null,
    });
    for shown in [
        item.clone(),
        society.owner.get(&format!("/api/ciphers/{}", text(&item["id"]))).await.ok(),
        society.owner.sync().await["ciphers"][0].clone(),
    ] {
        shows(&shown, expected.clone());
        shows(&shown["login"], login.clone());
        shows(&shown, rights.clone());
        assert!(chrono::DateTime::parse_from_rfc3339(&text(&shown["revisionDate"])).is_ok());
        assert!(chrono::DateTime::parse_from_rfc3339(&text(&shown["creationDate"])).is_ok());
    }
    let listed = &society.items().await[0];
    shows(listed, expected);
    shows(&listed["login"], login);
}

#[tokio::test]
async fn collections_must_be_of_the_society_and_may_be_none_for_an_owner() {
    let server = start();
    let society = Society::new(&server).await;
    let foreign = "00000000-0000-0000-0000-000000000001";
    let new = json!({"cipher": society.login("2.bank"), "collectionIds": [foreign]});
    let answer = society.owner.post("/api/ciphers/create", new).await;
    answer.refused(400, "Invalid collection ID provided");
    assert_eq!(society.items().await, Vec::<Value>::new(), "nothing stays of it");
    let item = society.item("2.bank", &[]).await;
    assert_eq!(item["collectionIds"], json!([]));
    let ana = society.join("ana@acme.example", json!({})).await;
    assert_eq!(ana.sync().await["ciphers"], json!([]));
    let path = format!("/api/ciphers/{}", text(&item["id"]));
    ana.get(&path).await.refused(400, "Cipher is not owned by user");
}

#[tokio::test]
async fn what_is_no_item_is_refused() {
    let server = start();
    let society = Society::new(&server).await;
    let create = async |change: Value| {
        let mut cipher = society.login("2.bank");
        let Value::Object(change) = change else { panic!("fields") };
        cipher.as_object_mut().expect("an object").extend(change);
        society.owner.post("/api/ciphers/create", json!({"cipher": cipher, "collectionIds": []})).await
    };
    create(json!({"type": 99})).await.refused(400, "Invalid type");
    create(json!({"login": null})).await.refused(400, "Data missing");
    create(json!({"name": null})).await.barred(422);
    let long = "The field Notes exceeds the maximum encrypted value length of 10000 characters.";
    create(json!({"notes": "x".repeat(10_001)})).await.refused(400, long);
    create(json!({"notes": "x".repeat(10_000)})).await.ok();
    assert_eq!(society.items().await.len(), 1);
    let ben = Person::new(&server, "ben@acme.example").await;
    let new = json!({"cipher": society.login("2.bank"), "collectionIds": []});
    let answer = ben.post("/api/ciphers/create", new).await;
    answer.refused(400, "You don't have permission to add item to organization");
}

#[tokio::test]
async fn a_change_wipes_what_it_leaves_out_and_keeps_the_collections() {
    let server = start();
    let society = Society::new(&server).await;
    let collection = society.collection("2.treasury").await;
    let item = society.item("2.bank", &[&collection]).await;
    let path = format!("/api/ciphers/{}", text(&item["id"]));
    let history = json!([{"password": "2.old", "lastUsedDate": "2026-11-01T00:00:00.000000Z"}]);
    let mut full = society.login("2.bank");
    full["key"] = json!("2.own key");
    full["passwordHistory"] = history.clone();
    full["reprompt"] = json!(1);
    let changed = society.owner.put(&path, full).await.ok();
    shows(&changed, json!({"key": "2.own key", "passwordHistory": history, "reprompt": 1}));
    let bare = json!({
        "type": 1, "organizationId": society.id, "name": "2.other", "login": {"password": "2.new"},
    });
    let changed = society.owner.put(&path, bare).await.ok();
    shows(
        &changed,
        json!({
            "name": "2.other", "notes": null, "fields": [], "passwordHistory": [], "reprompt": 0, "key": null,
            "collectionIds": [collection], "creationDate": item["creationDate"],
        }),
    );
    assert_eq!(changed["login"]["password"], "2.new");
    assert_ne!(changed["revisionDate"], item["revisionDate"]);
}

#[tokio::test]
async fn a_copy_that_is_too_old_changes_nothing() {
    let server = start();
    let society = Society::new(&server).await;
    let item = society.item("2.bank", &[]).await;
    let path = format!("/api/ciphers/{}", text(&item["id"]));
    let mut change = society.login("2.other");
    change["lastKnownRevisionDate"] = item["revisionDate"].clone();
    society.owner.put(&path, change.clone()).await.ok();
    let known = chrono::DateTime::parse_from_rfc3339(&text(&item["revisionDate"])).expect("a date");
    let old = known - chrono::TimeDelta::seconds(3);
    change["lastKnownRevisionDate"] = json!(old.to_rfc3339());
    let answer = society.owner.put(&path, change).await;
    let old = "The client copy of this cipher is out of date. Resync the client and try again.";
    answer.refused(400, old);
}

#[tokio::test]
async fn an_item_stays_in_its_society() {
    let server = start();
    let society = Society::new(&server).await;
    let item = society.item("2.bank", &[]).await;
    let path = format!("/api/ciphers/{}", text(&item["id"]));
    let mut change = society.login("2.bank");
    change["organizationId"] = Value::Null;
    let answer = society.owner.put(&path, change).await;
    answer.refused(400, "Organization mismatch. Please resync the client before updating the cipher");
    let nobody = "/api/ciphers/00000000-0000-0000-0000-000000000001";
    society.owner.put(nobody, society.login("2.bank")).await.refused(400, "Cipher doesn't exist");
    society.owner.get(nobody).await.refused(400, "Cipher doesn't exist");
}

#[tokio::test]
async fn a_member_who_reads_cannot_write_and_hidden_passwords_are_sent_all_the_same() {
    let server = start();
    let society = Society::new(&server).await;
    let collection = society.collection("2.treasury").await;
    let item = society.item("2.bank", &[&collection]).await;
    let path = format!("/api/ciphers/{}", text(&item["id"]));
    let hidden = json!({"collections": [access(&collection, true, true)]});
    let ana = society.join("ana@acme.example", hidden).await;
    let seen = ana.sync().await["ciphers"][0].clone();
    shows(
        &seen,
        json!({"edit": false, "viewPassword": false, "permissions": {"delete": false, "restore": false}}),
    );
    assert_eq!(seen["login"]["password"], "2.password");
    ana.put(&path, society.login("2.bank")).await.refused(400, "Cipher is not write accessible");
    ana.put(&format!("{path}/delete"), json!({})).await.refused(400, "Cipher can't be deleted by user");
    ana.delete(&path, json!({})).await.refused(400, "Cipher can't be deleted by user");
    let new = json!({"cipher": society.login("2.more"), "collectionIds": [collection]});
    let answer = ana.post("/api/ciphers/create", new).await;
    answer.refused(400, "No rights to modify the collection");
    let writes = json!({"collections": [access(&collection, false, false)]});
    let ben = society.join("ben@acme.example", writes).await;
    ben.put(&path, society.login("2.bank")).await.ok();
}

#[tokio::test]
async fn a_person_keeps_items_of_their_own_and_gives_one_away() {
    let server = start();
    let society = Society::new(&server).await;
    let collection = society.collection("2.treasury").await;
    let mut own = society.login("2.bank");
    own["organizationId"] = Value::Null;
    let item = society.owner.post("/api/ciphers", own).await.ok();
    shows(&item, json!({"organizationId": null, "collectionIds": [], "edit": true}));
    assert_eq!(society.items().await, Vec::<Value>::new());
    let path = format!("/api/ciphers/{}/share", text(&item["id"]));
    let shared = json!({"cipher": society.login("2.bank"), "collectionIds": [collection]});
    let shared = society.owner.put(&path, shared).await.ok();
    shows(&shared, json!({"id": item["id"], "organizationId": society.id, "collectionIds": [collection]}));
}

#[tokio::test]
async fn ssh_keys_are_synced_to_clients_that_say_they_know_them() {
    let server = start();
    let society = Society::new(&server).await;
    let cipher = json!({
        "type": 5, "organizationId": society.id, "name": "2.key",
        "sshKey": {"privateKey": "2.a", "publicKey": "2.b", "keyFingerprint": "2.c"},
    });
    let new = json!({"cipher": cipher, "collectionIds": []});
    society.owner.post("/api/ciphers/create", new).await.ok();
    assert_eq!(society.owner.sync().await["ciphers"], json!([]));
    for (version, seen) in [("2024.11.0", 0), ("2024.12.0", 1), ("2026.6.0", 1), ("new", 0)] {
        let request = society.owner.request(reqwest::Method::GET, "/api/sync");
        let answer = society.owner.send(request.header("Bitwarden-Client-Version", version)).await.ok();
        assert_eq!(answer["ciphers"].as_array().map(Vec::len), Some(seen), "{version}");
    }
}
