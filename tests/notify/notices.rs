//! What is written down to be told: with the state, once, and not what was rolled back.

use std::time::Duration;

use keyforge::outcome::UnionState;
use keyforge::store::{Decision, UnionFacts};
use serde_json::json;
use sqlx::Connection as _;

use crate::fixture::{accept, accepted, claim, current, decided};
use crate::house::House;

fn failed(why: &str) -> UnionFacts {
    UnionFacts {
        state: UnionState::Failed,
        health: None,
        why: Some(why.into()),
        applied: None,
        findings: None,
    }
}

#[tokio::test]
async fn a_union_that_fails_is_told_once_for_each_revision_and_so_is_that_it_is_current_again() {
    let house = House::with(&["acme"], json!([]), &[]).await;
    let store = &house.store;
    let mut worker = claim(store).await;
    store.set_status(&worker, &current(1)).await.expect("recorded");
    for why in ["the quota is used up", "the quota is used up, still"] {
        store.set_status(&worker, &failed(why)).await.expect("recorded");
        let trying = UnionFacts { state: UnionState::InProgress, why: None, ..failed("") };
        store.set_status(&worker, &trying).await.expect("recorded");
    }
    accept(store, 2, vec![accepted("acme", 2)]).await;
    store.set_status(&worker, &failed("the image is not there")).await.expect("recorded");
    store.release(&worker, keyforge::store::Next::Idle).await.expect("released");
    house.by_hand("update work set due_at = now(), turn_at = now(), reason = 'push'").await;
    worker = claim(store).await;
    store.set_status(&worker, &current(2)).await.expect("recorded");
    store.set_status(&worker, &current(2)).await.expect("recorded");

    assert_eq!(
        house.notices().await,
        [
            "acme failed: the quota is used up",
            "acme failed after failed: the image is not there",
            "acme recovered after failed: ",
        ]
    );
}

#[tokio::test]
async fn a_hold_and_what_waits_are_told_with_their_reason_and_again_where_that_changes() {
    let house = House::with(&["acme"], json!([]), &[]).await;
    for (number, why) in [(2, "2 errors"), (3, "2 errors"), (4, "1 error")] {
        let held = decided("acme", Decision::Held { why: why.into() });
        accept(&house.store, number, vec![held]).await;
    }
    house
        .by_hand("update union_status set held_why = null, awaiting = '[]', awaiting_why = 'a guard waits'")
        .await;
    house.by_hand("update union_status set awaiting = null, awaiting_why = null").await;
    house.recover("acme").await;
    assert_eq!(
        house.notices().await,
        [
            "acme held: 2 errors",
            "acme held after held: 1 error",
            "acme awaiting-approval after held: a guard waits",
            "acme recovered after held, awaiting-approval: ",
        ]
    );
}

#[tokio::test]
async fn nothing_is_told_of_what_was_rolled_back_or_passed_by_within_a_transaction() {
    let house = House::with(&["acme"], json!([]), &[]).await;
    let mut connection = house.database.connection().await;
    let fail = "update union_status set progress = 'failed', progress_why = 'x'";
    let mut undone = connection.begin().await.expect("begun");
    sqlx::query(fail).execute(&mut *undone).await.expect("done");
    undone.rollback().await.expect("undone");
    let mut passing = connection.begin().await.expect("begun");
    sqlx::query(fail).execute(&mut *passing).await.expect("done");
    sqlx::query("update union_status set progress = 'in-progress'")
        .execute(&mut *passing)
        .await
        .expect("done");
    passing.commit().await.expect("done");
    assert_eq!(house.notices().await, [""; 0]);
}

#[tokio::test]
async fn what_was_told_goes_with_its_age_but_the_last_word_of_a_union_in_trouble_stays() {
    let house = House::with(&["acme", "northside"], json!([]), &[]).await;
    house.fail(&["acme", "northside"], "x").await;
    house.recover("northside").await;
    house.round().await;
    house.by_hand("update notice set created_at = now() - interval '31 days'").await;
    let retention = keyforge::store::Retention {
        keep_logs: Duration::MAX,
        keep_events: Duration::MAX,
        keep_deployments: Duration::MAX,
        keep_last: 1,
        keep_documents: Duration::MAX,
        keep_notices: Duration::from_secs(30 * 24 * 60 * 60),
    };
    let mut sweep = keyforge::store::Sweep::new(retention);
    while sweep.step(&house.store).await.expect("the database answers") {}
    assert_eq!((sweep.swept.notices, house.notices().await), (2, vec!["acme failed: x".to_owned()]));
}

#[tokio::test]
async fn a_union_that_is_held_and_fails_is_told_each_once_however_often_it_is_tried_again() {
    let house = House::with(&["acme"], json!([]), &[]).await;
    house.by_hand("update union_status set progress = 'current', held_why = '2 errors'").await;
    for _ in 0..3 {
        house.by_hand("update union_status set progress = 'in-progress', progress_why = null").await;
        house.fail(&["acme"], "the quota is used up").await;
    }
    // Only now the failure is over, and the hold is what remains.
    house.by_hand("update union_status set progress = 'in-progress', progress_why = null").await;
    house.by_hand("update union_status set progress = 'current'").await;
    assert_eq!(
        house.notices().await,
        [
            "acme held: 2 errors",
            "acme failed after held: the quota is used up",
            "acme held after held, failed: 2 errors",
        ]
    );
}

#[tokio::test]
async fn what_waits_within_a_vault_is_told_with_its_reason() {
    let house = House::with(&["acme"], json!([]), &[]).await;
    house
        .by_hand("update union_status set progress = 'awaiting-approval', progress_why = 'a member waits'")
        .await;
    assert_eq!(house.notices().await, ["acme awaiting-approval: a member waits"]);
}

#[tokio::test]
async fn a_trouble_ends_also_where_nobody_wants_the_union_to_run_any_more() {
    let house = House::with(&["acme", "northside", "south"], json!([]), &[]).await;
    house.fail(&["acme", "northside"], "x").await;
    house
        .by_hand(
            "update union_status set progress = 'suspended', progress_why = null where union_name = 'acme'",
        )
        .await;
    house
        .by_hand("update union_status set life = 'gone', kept_until = now() where union_name = 'northside'")
        .await;
    // Nothing was told of this one.
    house.by_hand("delete from union_status where union_name = 'south'").await;
    house.fail(&["acme"], "y").await;
    house.by_hand("delete from union_status where union_name = 'acme'").await;
    assert_eq!(
        house.notices().await,
        [
            "acme failed: x",
            "northside failed: x",
            "acme recovered after failed: it is suspended",
            "northside recovered after failed: it is removed",
            "acme failed: y",
            "acme recovered after failed: it is forgotten",
        ]
    );
}
