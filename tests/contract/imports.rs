//! Many items at once: fast, not idempotent, and not atomic.

use serde_json::{Value, json};

use crate::caller::{Answer, start};
use crate::people::text;
use crate::society::{Society, access};

async fn import(
    society: &Society<'_>,
    ciphers: Value,
    collections: Value,
    relations: &[(usize, usize)],
) -> Answer {
    let relations: Vec<Value> =
        relations.iter().map(|(key, value)| json!({"key": key, "value": value})).collect();
    let body = json!({
        "ciphers": ciphers, "collections": collections, "collectionRelationships": relations,
    });
    let path = format!("/api/ciphers/import-organization?organizationId={}", society.id);
    society.owner.post(&path, body).await
}

fn place(id: Value, name: &str) -> Value {
    json!({"id": id, "name": name, "groups": [], "users": [], "externalId": null})
}

/// Name and number of collections of each item.
async fn stored(society: &Society<'_>) -> Vec<(String, usize)> {
    let items = society.items().await;
    let count = |item: &Value| item["collectionIds"].as_array().expect("a list").len();
    let mut stored: Vec<(String, usize)> =
        items.iter().map(|item| (text(&item["name"]), count(item))).collect();
    stored.sort();
    stored
}

#[tokio::test]
async fn items_arrive_in_known_and_in_new_collections() {
    let server = start();
    let society = Society::new(&server).await;
    let known = society.collection("2.known").await;
    let ciphers = json!([society.login("2.a"), society.login("2.b"), society.login("2.c")]);
    let collections = json!([place(json!(known), "2.known"), place(Value::Null, "2.new")]);
    import(&society, ciphers, collections, &[(0, 0), (1, 0), (1, 1)]).await.done();
    assert_eq!(stored(&society).await, [("2.a".into(), 1), ("2.b".into(), 2), ("2.c".into(), 0)]);
    assert_eq!(society.owner.get(&society.path("/collections")).await.list().len(), 3);
}

#[tokio::test]
async fn the_same_import_twice_is_twice_as_much() {
    let server = start();
    let society = Society::new(&server).await;
    for _ in 0..2 {
        import(&society, json!([society.login("2.a")]), json!([place(Value::Null, "2.new")]), &[(0, 0)])
            .await
            .done();
    }
    assert_eq!(stored(&society).await, [("2.a".into(), 1), ("2.a".into(), 1)]);
    assert_eq!(society.owner.get(&society.path("/collections")).await.list().len(), 3);
}

#[tokio::test]
async fn an_unknown_kind_leaves_the_others_stored_and_half_of_them_placed() {
    let server = start();
    let society = Society::new(&server).await;
    let known = society.collection("2.known").await;
    let mut bad = society.login("2.b");
    bad["type"] = json!(99);
    let ciphers = json!([society.login("2.a"), bad, society.login("2.c")]);
    let collections = json!([place(json!(known), "2.known")]);
    let answer = import(&society, ciphers, collections, &[(0, 0), (1, 0), (2, 0)]).await;
    answer.refused(400, "Error adding cipher to collection");
    assert_eq!(stored(&society).await, [("2.a".into(), 1), ("2.c".into(), 0)]);
}

#[tokio::test]
async fn a_relation_out_of_range_leaves_the_items_stored() {
    let server = start();
    let society = Society::new(&server).await;
    let answer = import(&society, json!([society.login("2.a")]), json!([]), &[(0, 7)]).await;
    assert_eq!(
        (answer.status, answer.body()["message"].as_str()),
        (400, Some("Invalid collection relationship"))
    );
    assert_eq!(stored(&society).await, [("2.a".into(), 0)]);
}

#[tokio::test]
async fn a_note_that_is_too_long_stops_it_before_it_begins() {
    let server = start();
    let society = Society::new(&server).await;
    let mut long = society.login("2.b");
    long["notes"] = json!("x".repeat(10_001));
    let ciphers = json!([society.login("2.a"), long]);
    let answer = import(&society, ciphers, json!([place(Value::Null, "2.new")]), &[]).await;
    assert_eq!(answer.status, 400);
    assert!(answer.body()["validationErrors"]["Ciphers[1].Notes"].is_array(), "{answer:?}");
    assert_eq!(stored(&society).await, []);
    assert_eq!(society.owner.get(&society.path("/collections")).await.list().len(), 1);
}

#[tokio::test]
async fn a_member_imports_where_they_may_write_and_makes_no_collection() {
    let server = start();
    let society = Society::new(&server).await;
    let known = society.collection("2.known").await;
    let writes = json!({"collections": [access(&known, false, false)]});
    let ana = society.join("ana@acme.example", writes).await;
    let path = format!("/api/ciphers/import-organization?organizationId={}", society.id);
    let body = |collection: Value| {
        json!({
            "ciphers": [society.login("2.a")], "collections": [collection],
            "collectionRelationships": [{"key": 0, "value": 0}],
        })
    };
    let answer = ana.post(&path, body(place(Value::Null, "2.new"))).await;
    assert_eq!(answer.status, 400);
    assert_eq!(answer.body()["message"], "The current user isn't allowed to create new collections");
    ana.post(&path, body(place(json!(known), "2.known"))).await.done();
    assert_eq!(stored(&society).await, [("2.a".into(), 1)]);
}
