//! Where items are: in which collections, in the bin, and gone for ever.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::caller::{shows, start};
use crate::people::text;
use crate::society::{Society, access};

#[tokio::test]
async fn the_list_of_collections_is_replaced() {
    let server = start();
    let society = Society::new(&server).await;
    let (one, other) = (society.collection("2.one").await, society.collection("2.other").await);
    let item = society.item("2.bank", &[&one]).await;
    let path = format!("/api/ciphers/{}/collections_v2", text(&item["id"]));
    let moved = society.owner.put(&path, json!({"collectionIds": [other]})).await.ok();
    shows(&moved, json!({"object": "optionalCipherDetails", "unavailable": false}));
    shows(&moved["cipher"], json!({"id": item["id"], "collectionIds": [other]}));
    assert_eq!(society.items().await[0]["collectionIds"], json!([other]));
    let foreign = json!({"collectionIds": ["00000000-0000-0000-0000-000000000001"]});
    society.owner.put(&path, foreign).await.refused(400, "Invalid collection ID provided");
    let reads = json!({"collections": [access(&other, true, false)]});
    let ana = society.join("ana@acme.example", reads).await;
    let answer = ana.put(&path, json!({"collectionIds": [one]})).await;
    answer.refused(400, "Collection cannot be changed");
}

#[tokio::test]
async fn many_items_go_into_collections_and_out_of_them() {
    let server = start();
    let society = Society::new(&server).await;
    let (one, other) = (society.collection("2.one").await, society.collection("2.other").await);
    let items = [society.item("2.a", &[&one]).await, society.item("2.b", &[]).await];
    let ids = json!([items[0]["id"], items[1]["id"], "00000000-0000-0000-0000-000000000001"]);
    let bulk = async |collections: Value, remove: bool| {
        let body = json!({
            "organizationId": society.id, "cipherIds": ids, "collectionIds": collections,
            "removeCollections": remove,
        });
        society.owner.post("/api/ciphers/bulk-collections", body).await
    };
    let places = async || {
        let items = society.items().await;
        let ids = |item: &Value| -> BTreeSet<String> {
            item["collectionIds"].as_array().expect("a list").iter().map(text).collect()
        };
        let mut places: Vec<(String, BTreeSet<String>)> =
            items.iter().map(|item| (text(&item["name"]), ids(item))).collect();
        places.sort();
        places
    };
    bulk(json!([other]), false).await.done();
    let both = BTreeSet::from([one.clone(), other.clone()]);
    assert_eq!(places().await, [("2.a".into(), both), ("2.b".into(), BTreeSet::from([other.clone()]))]);
    bulk(json!([other]), true).await.done();
    assert_eq!(places().await, [("2.a".into(), BTreeSet::from([one])), ("2.b".into(), BTreeSet::new())]);
    let foreign = bulk(json!(["00000000-0000-0000-0000-000000000001"]), false).await;
    foreign.refused(404, "Resource not found");
}

#[tokio::test]
async fn what_is_in_the_bin_is_listed_with_its_day_and_comes_back() {
    let server = start();
    let society = Society::new(&server).await;
    let collection = society.collection("2.one").await;
    let item = society.item("2.bank", &[&collection]).await;
    let path = format!("/api/ciphers/{}", text(&item["id"]));
    society.owner.put(&format!("{path}/delete"), json!({})).await.done();
    let listed = &society.items().await[0];
    assert!(listed["deletedDate"].is_string(), "{listed}");
    let synced = &society.owner.sync().await["ciphers"][0];
    assert!(synced["deletedDate"].is_string(), "{synced}");
    let restored = society.owner.put(&format!("{path}/restore"), json!({})).await.ok();
    shows(&restored, json!({"id": item["id"], "deletedDate": null, "collectionIds": [collection]}));
}

#[tokio::test]
async fn many_go_to_the_bin_and_come_back_at_once() {
    let server = start();
    let society = Society::new(&server).await;
    let items = [society.item("2.a", &[]).await, society.item("2.b", &[]).await];
    let ids = json!({"ids": [items[0]["id"], items[1]["id"]]});
    society.owner.put("/api/ciphers/delete", ids.clone()).await.done();
    assert!(society.items().await.iter().all(|item| item["deletedDate"].is_string()));
    let restored = society.owner.put("/api/ciphers/restore", ids).await.list();
    assert_eq!(restored.len(), 2);
    assert!(society.items().await.iter().all(|item| item["deletedDate"].is_null()));
}

#[tokio::test]
async fn what_is_deleted_for_ever_does_not_exist_any_more() {
    let server = start();
    let society = Society::new(&server).await;
    let items =
        [society.item("2.a", &[]).await, society.item("2.b", &[]).await, society.item("2.c", &[]).await];
    let path = format!("/api/ciphers/{}", text(&items[0]["id"]));
    society.owner.delete(&path, json!({})).await.done();
    society.owner.delete(&path, json!({})).await.refused(400, "Cipher doesn't exist");
    // It stops at the first one that is not there.
    let ids = json!({"ids": [items[1]["id"], items[0]["id"], items[2]["id"]]});
    society.owner.delete("/api/ciphers", ids).await.refused(400, "Cipher doesn't exist");
    let left = society.items().await;
    assert_eq!(left.iter().map(|item| &item["name"]).collect::<Vec<_>>(), ["2.c"]);
}
