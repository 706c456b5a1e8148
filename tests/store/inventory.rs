//! What we own.

use std::time::Duration;

use keyforge::access::Sight;
use keyforge::ids::{ResourceId, Uid};
use keyforge::outcome::Reason;
use keyforge::store::{StageDone, Store};

use crate::fixture::{claim, making, name, resource, with_unions};

async fn owned(store: &Store, union: &str) -> Vec<(String, Option<String>)> {
    let inventory = store.inventory(&name(union)).await.expect("the database answers");
    inventory.entries.into_iter().map(|(id, entry)| (id.to_string(), entry.uid.map(|uid| uid.0))).collect()
}

#[tokio::test]
async fn a_resource_is_entered_learned_and_leaves() {
    let (_database, store) = with_unions(&["acme"]).await;
    let claim = claim(&store).await;
    let namespace = ResourceId {
        kind: "Namespace".into(),
        namespace: None,
        name: "union-acme".into(),
        api_version: "v1".into(),
    };
    let service = resource("Service", "vaultwarden");
    let both = [namespace.clone(), service.clone()];
    store.open_deployment(&claim, &making(&both)).await.expect("the lease holds");
    store.learned(&claim, &[(namespace.clone(), Uid("u1".into()))]).await.expect("the lease holds");
    let deployment = store.open_deployment(&claim, &making(&both)).await.expect("entered already").id();
    assert_eq!(
        owned(&store, "acme").await,
        [("Namespace union-acme".into(), Some("u1".into())), ("Service union-acme/vaultwarden".into(), None)]
    );

    let done = StageDone {
        learned: vec![(service, Uid("u2".into()))],
        left: vec![namespace],
        ..StageDone::default()
    };
    for _ in 0..2 {
        store.record_stage(&claim, deployment, &done).await.expect("the lease holds");
        assert_eq!(
            owned(&store, "acme").await,
            [("Service union-acme/vaultwarden".into(), Some("u2".into()))]
        );
    }
}

#[tokio::test]
async fn what_is_found_by_labels_is_merged_also_for_unknown_unions() {
    let (_database, store) = with_unions(&["acme"]).await;
    let claim = claim(&store).await;
    let service = resource("Service", "vaultwarden");
    let both = [service.clone(), resource("Secret", "vaultwarden")];
    store.open_deployment(&claim, &making(&both)).await.expect("the lease holds");
    for uid in ["u1", "u2"] {
        for union in ["acme", "stranger"] {
            let found = vec![(service.clone(), Uid(uid.into()))];
            store.merge_inventory(&[(name(union), found)]).await.expect("merged");
        }
    }
    assert_eq!(
        owned(&store, "acme").await,
        [
            ("Secret union-acme/vaultwarden".into(), None),
            ("Service union-acme/vaultwarden".into(), Some("u2".into())),
        ]
    );
    assert_eq!(
        owned(&store, "stranger").await,
        [("Service union-acme/vaultwarden".into(), Some("u2".into()))]
    );
}

#[tokio::test]
async fn an_orphan_is_forgotten_and_what_was_accepted_is_not() {
    let (_database, store) = with_unions(&["acme"]).await;
    let service = vec![(resource("Service", "vaultwarden"), Uid("u1".into()))];
    let found = ["acme", "stranger"].map(|union| (name(union), service.clone()));
    store.merge_inventory(&found).await.expect("merged");
    store.make_due(&[(name("stranger"), Reason::Startup)], Duration::ZERO).await.expect("due");
    for _ in 0..2 {
        store.forget_orphan(&claim(&store).await).await.expect("the lease holds");
    }
    assert_eq!(owned(&store, "acme").await.len(), 1);
    assert_eq!(owned(&store, "stranger").await, []);
    assert!(store.shown_to(Sight::All).union(&name("acme")).await.expect("the database answers").is_some());
    assert!(
        store.shown_to(Sight::All).union(&name("stranger")).await.expect("the database answers").is_none()
    );
}
