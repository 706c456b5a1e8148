//! What is shown of unions.

use std::collections::BTreeMap;
use std::time::Duration;

use keyforge::access::Sight;
use keyforge::digest::Digest;
use keyforge::health::Health;
use keyforge::outcome::{Reason, UnionState};
use keyforge::store::{
    Decision, Next, Removed, StageDone, Store, UnionFacts, UnionFilter, UnionOrder, UnionQuery,
};

use sqlx::Executor as _;

use crate::fixture::{
    accept, accepted, claim, current, decided, making, name, resource, revision, with_unions,
};

fn failed() -> UnionFacts {
    UnionFacts {
        findings: None,
        state: UnionState::Failed,
        health: Some(Health::Failed("the pod does not start".into())),
        why: Some("the pod does not start".into()),
        applied: None,
    }
}

async fn names(store: &Store, query: UnionQuery) -> Vec<String> {
    let unions = store.shown_to(Sight::All).unions(&query).await.expect("the database answers");
    unions.into_iter().map(|union| union.name.to_string()).collect()
}

#[tokio::test]
async fn a_union_that_a_commit_leaves_alone_is_at_its_revision() {
    let (_database, store) = with_unions(&["acme", "birch"]).await;
    for _ in 0..2 {
        store.set_status(&claim(&store).await, &current(1)).await.expect("the lease holds");
    }
    accept(&store, 2, vec![accepted("birch", 2)]).await;
    let shown = store.shown_to(Sight::All).unions(&UnionQuery { limit: 10, ..UnionQuery::default() }).await;
    let shown: Vec<_> = shown
        .expect("the database answers")
        .into_iter()
        .map(|union| (union.name.to_string(), union.state, union.desired, union.applied))
        .collect();
    assert_eq!(
        shown,
        [
            ("acme".into(), UnionState::Current, Some(revision(2)), Some(revision(2))),
            ("birch".into(), UnionState::InProgress, Some(revision(2)), Some(revision(1))),
        ]
    );
}

#[tokio::test]
async fn the_first_state_that_applies_is_told() {
    let (_database, store) = with_unions(&["acme"]).await;
    let claim = claim(&store).await;
    let state = async || {
        let acme = store
            .shown_to(Sight::All)
            .union(&name("acme"))
            .await
            .expect("the database answers")
            .expect("known");
        (acme.state, acme.reason)
    };
    let hold = || decided("acme", Decision::Held { why: "a mistake".into() });

    store.set_status(&claim, &current(1)).await.expect("the lease holds");
    assert_eq!(state().await, (UnionState::Current, None));
    accept(&store, 2, vec![hold()]).await;
    assert_eq!(state().await, (UnionState::Held, Some("a mistake".into())));
    store.set_status(&claim, &failed()).await.expect("the lease holds");
    assert_eq!(state().await, (UnionState::Failed, Some("the pod does not start".into())));
    store.set_status(&claim, &current(1)).await.expect("the lease holds");
    assert_eq!(state().await, (UnionState::Held, Some("a mistake".into())));

    accept(&store, 3, vec![accepted("acme", 3)]).await;
    assert_eq!(state().await, (UnionState::InProgress, None), "what is applied is not what is accepted");
    store.set_status(&claim, &current(3)).await.expect("the lease holds");
    assert_eq!(state().await, (UnionState::Current, None));

    accept(&store, 4, vec![decided("acme", Decision::Removed(Removed::Kept { days: 30 }))]).await;
    store.set_status(&claim, &failed()).await.expect("the lease holds");
    assert_eq!(state().await.0, UnionState::Tombstone);
}

#[tokio::test]
async fn equal_facts_write_nothing() {
    let (_database, store) = with_unions(&["acme"]).await;
    let claim = claim(&store).await;
    let updated_at = async || {
        store
            .shown_to(Sight::All)
            .union(&name("acme"))
            .await
            .expect("the database answers")
            .expect("known")
            .updated_at
    };
    store.set_status(&claim, &failed()).await.expect("the lease holds");
    let first = updated_at().await;
    store.set_status(&claim, &failed()).await.expect("the lease holds");
    assert_eq!(updated_at().await, first);
    store.set_status(&claim, &current(1)).await.expect("the lease holds");
    assert!(updated_at().await > first);
}

#[tokio::test]
async fn a_list_is_filtered_searched_and_read_in_pages() {
    let (_database, store) = with_unions(&["acme", "birch", "cedar", "dogwood"]).await;
    accept(&store, 2, vec![decided("birch", Decision::Held { why: "why".into() })]).await;
    let all = UnionQuery { limit: 3, ..UnionQuery::default() };
    assert_eq!(names(&store, all.clone()).await, ["acme", "birch", "cedar"]);
    let order = UnionOrder::Name(Some(name("cedar")));
    assert_eq!(names(&store, UnionQuery { order, ..all.clone() }).await, ["dogwood"]);
    let worst = UnionQuery { order: UnionOrder::Worst(None), ..all.clone() };
    assert_eq!(names(&store, worst.clone()).await, ["birch", "acme", "cedar"]);
    let order = UnionOrder::Worst(Some((UnionState::InProgress, name("acme"))));
    assert_eq!(names(&store, UnionQuery { order, ..worst }).await, ["cedar", "dogwood"]);
    let state = Some(UnionState::Held);
    assert_eq!(names(&store, UnionQuery { state, ..all.clone() }).await, ["birch"]);

    for (text, found) in [
        ("EDA", vec!["cedar"]),
        ("Union d", vec!["dogwood"]),
        ("https://acme", vec!["acme"]),
        // Not a pattern: what people type stands for itself.
        ("%", vec![]),
        ("a_me", vec![]),
    ] {
        let filter = UnionFilter { text: Some(text.to_owned()), ..UnionFilter::default() };
        assert_eq!(names(&store, UnionQuery { filter, ..all.clone() }).await, found, "{text}");
    }
    let counts = store
        .shown_to(Sight::All)
        .union_counts_by_state(&UnionFilter::default())
        .await
        .expect("the database answers");
    assert_eq!(counts, BTreeMap::from([(UnionState::Held, 1), (UnionState::InProgress, 3)]));
}

#[tokio::test]
async fn regular_looks_are_put_off_only_where_nothing_else_is_to_be_done() {
    let (_database, store) = with_unions(&["acme", "birch", "cedar", "dogwood"]).await;
    let (soon, interval) = (Duration::from_secs(60), Duration::from_secs(600));
    for _ in 0..4 {
        let claim = claim(&store).await;
        let facts = if claim.union.as_str() == "birch" { failed() } else { current(1) };
        store.set_status(&claim, &facts).await.expect("the lease holds");
        store.release(&claim, Next::After(soon, Reason::Interval)).await.expect("the lease holds");
    }
    let looks = async |horizon| store.regular_looks(horizon, 10).await.expect("the database answers");
    assert_eq!(looks(soon / 2).await, [], "none is due so soon");
    accept(&store, 2, vec![accepted("cedar", 2)]).await;
    let regular = [(name("acme"), Digest::of([1])), (name("dogwood"), Digest::of([1]))];
    assert_eq!(looks(2 * soon).await, regular, "birch is ill, cedar has something new");

    store.make_due(&[(name("dogwood"), Reason::Drift)], Duration::ZERO).await.expect("due");
    let unions = ["acme", "birch", "cedar", "dogwood"].map(name);
    store.put_off(&unions[..1], &[interval]).await.expect("put off");
    store.put_off(&unions[2..], &[interval, interval]).await.expect("put off");
    assert_eq!(looks(2 * soon).await, []);
    let mut due = [claim(&store).await, claim(&store).await].map(|claim| claim.union.to_string());
    due.sort();
    assert_eq!(due, ["cedar", "dogwood"], "a push and a drift stay due");
}

#[tokio::test]
async fn a_word_of_a_newer_program_hides_neither_its_union_nor_the_others() {
    let (database, store) = with_unions(&["acme", "birch"]).await;
    let mut connection = database.connection().await;
    for change in [
        "alter table union_status drop constraint union_status_progress, drop constraint union_status_health",
        "update union_status set progress = 'paused', health = 'splendid' where union_name = 'acme'",
        "alter table work drop constraint work_reason",
        "update work set reason = 'whim' where union_name = 'acme'",
    ] {
        connection.execute(change).await.expect("changed");
    }
    assert_eq!(names(&store, UnionQuery { limit: 10, ..UnionQuery::default() }).await, ["acme", "birch"]);
    let acme = store
        .shown_to(Sight::All)
        .union(&name("acme"))
        .await
        .expect("the database answers")
        .expect("it is there");
    let why = "a newer Keyforge says `paused`, which this one does not know: update it";
    assert_eq!((acme.state, acme.health), (UnionState::InProgress, Health::Unknown));
    assert_eq!(acme.reason.as_deref(), Some(why));
    let counts = store
        .shown_to(Sight::All)
        .union_counts_by_state(&UnionFilter::default())
        .await
        .expect("the database answers");
    assert_eq!(counts, BTreeMap::from([(UnionState::InProgress, 2)]));
    let claims = [claim(&store).await, claim(&store).await];
    let acme = claims.iter().find(|claim| claim.union.as_str() == "acme").expect("it is due here too");
    assert_eq!(acme.reason, Reason::Retry);
}

#[tokio::test]
async fn only_a_union_of_which_nothing_is_left_is_forgotten() {
    let (_database, store) = with_unions(&["acme"]).await;
    let claim = claim(&store).await;
    let known = async || {
        store.shown_to(Sight::All).union(&name("acme")).await.expect("the database answers").is_some()
    };
    store.forget(&claim).await.expect("the lease holds");
    assert!(known().await, "it still is declared");

    accept(&store, 2, vec![decided("acme", Decision::Removed(Removed::Gone))]).await;
    let volume = resource("PersistentVolumeClaim", "vaultwarden-data");
    let deployment =
        store.open_deployment(&claim, &making(std::slice::from_ref(&volume))).await.expect("opened").id();
    store.forget(&claim).await.expect("the lease holds");
    assert!(known().await, "it still owns a volume");

    let deleted = StageDone { left: vec![volume], ..StageDone::default() };
    store.record_stage(&claim, deployment, &deleted).await.expect("the lease holds");
    store.forget(&claim).await.expect("the lease holds");
    assert!(!known().await);
    store.release(&claim, Next::Idle).await.expect("its lease went with it");
}
