//! Many at once. Nothing keeps two equal collections apart; one membership per person is kept, by refusing the others.

use futures::future::join_all;
use serde_json::json;

use crate::caller::start;
use crate::society::Society;

#[tokio::test]
async fn eight_equal_collections_posted_at_once_become_eight() {
    let server = start();
    let society = Society::new(&server).await;
    let new = json!({"name": "2.same", "groups": [], "users": [], "externalId": "keyforge:same"});
    let path = society.path("/collections");
    let answers = join_all((0..8).map(|_| society.owner.post(&path, new.clone()))).await;
    for answer in answers {
        answer.ok();
    }
    let listed = society.owner.get(&path).await.list();
    assert_eq!(listed.iter().filter(|one| one["externalId"] == "keyforge:same").count(), 8);
}

#[tokio::test]
async fn eight_invitations_of_one_address_at_once_make_one_member() {
    let server = start();
    let society = Society::new(&server).await;
    let answers = join_all((0..8).map(|_| society.invite(&["ana@acme.example"]))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
    assert_eq!(answers.iter().filter(|answer| answer.status == 400).count(), 7);
    assert_eq!(society.members().await.len(), 2);
}

#[tokio::test]
async fn items_posted_at_once_all_arrive() {
    let server = start();
    let society = Society::new(&server).await;
    let names: Vec<String> = (0..16).map(|number| format!("2.{number}")).collect();
    join_all(names.iter().map(|name| society.item(name, &[]))).await;
    assert_eq!(society.items().await.len(), 16);
}
