//! All that happened to a union, as it is told.

use keyforge::access::Role;
use keyforge::health::Health;
use keyforge::outcome::{Outcome, UnionState};
use keyforge::plan::FieldChange;
use keyforge::store::{
    Acceptance, Became, Decision, Drifted, Failure, GuardEvent, Next, Store, UnionFacts, Verdict,
};
use serde_json::Value;
use sqlx::Executor as _;

use crate::fixture::{
    LEASE, accept, acceptance, accepted, claim, current, decided, guard, resource, rollout, with_unions,
};
use crate::served::{Served, key, viewer};
use crate::support::postgres::Database;

const PATH: &str = "/api/v1/unions/acme/timeline";

/// An answer, a thing that happened a line: what, how often, and why or to what.
fn lines(page: &Value) -> Vec<String> {
    let line = |item: &Value| {
        let times = item["times"].as_u64().filter(|times| *times > 1);
        let times = times.map_or(String::new(), |times| format!(" ×{times}"));
        let word = |field: &str| item[field].as_str().unwrap_or("-").to_owned();
        format!("{}: {}{times}: {}", word("kind"), word("title"), word("detail"))
    };
    page["items"].as_array().expect("a list").iter().map(line).collect()
}

/// A union in this state, as its worker tells it.
fn told(state: UnionState, why: &str) -> UnionFacts {
    let health = Some(Health::Current);
    UnionFacts { findings: None, state, health, why: Some(why.to_owned()), applied: None }
}

/// A union that failed three times, was suspended, put back by hand and held, and whose end waits for an approval.
async fn eventful() -> (Database, Store) {
    let (database, store) = with_unions(&["acme", "birch"]).await;
    let mut connection = database.connection().await;
    connection
        .execute("update work set due_at = null, turn_at = null, reason = null where union_name = 'birch'")
        .await
        .expect("it rests");
    let work = claim(&store).await;
    for _ in 0..3 {
        let id = store.open_deployment(&work, &rollout(1)).await.expect("opened").id();
        store.set_status(&work, &told(UnionState::InProgress, "being applied")).await.expect("told");
        let failure = Failure { stage: None, message: "the quota is used up".into(), detail: None };
        let failed = store.close_deployment(&work, id, Outcome::Failed, Some(&failure));
        failed.await.expect("closed");
        store.set_status(&work, &told(UnionState::Failed, "the quota is used up")).await.expect("told");
    }
    store.set_status(&work, &told(UnionState::Suspended, "exams, by Ana")).await.expect("told");
    let change = FieldChange { path: ".spec.replicas".into(), from: Some(3.into()), to: Some(1.into()) };
    let drifted = Drifted::new(resource("Deployment", "vaultwarden"), &change, "kubectl-edit".into());
    store.record_kept(&work, std::slice::from_ref(&drifted)).await.expect("told");
    store.record_kept(&work, &[]).await.expect("told");
    let id = store.open_deployment(&work, &rollout(1)).await.expect("opened").id();
    store.wait(&work, id, "1 of 1 pods starts", LEASE, &[drifted]).await.expect("waits");
    store.close_deployment(&work, id, Outcome::Succeeded, None).await.expect("closed");
    store.set_status(&work, &current(1)).await.expect("told");
    store.release(&work, Next::Idle).await.expect("the lease was ours");
    accept(&store, 2, vec![decided("acme", Decision::Held { why: "2 errors in its documents".into() })])
        .await;
    let guard = guard("acme", "it is removed, with 3 others");
    let waits = Verdict { awaiting: vec![guard.clone()], ..accepted("acme", 3) };
    let recorded = Acceptance {
        guards: vec![GuardEvent { guard, became: Became::HeldBack }],
        ..acceptance(&store, 3, vec![waits, accepted("birch", 3)]).await
    };
    store.record_acceptance(&recorded).await.expect("recorded");
    (database, store)
}

#[tokio::test]
async fn a_timeline_tells_all_that_happened_and_what_happened_again_once() {
    let (_database, store) = eventful().await;
    let api = Served::start(store.clone()).await;
    let all = [
        "state: Waits for an approval: it is removed, with 3 others",
        "approval: Changes wait for an approval: guard `union-removed`, 1 change",
        "revision: Accepted: Change 3",
        "hold: Newer documents held: 2 errors in its documents",
        "state: Current again: -",
        "drift: Drift put back: Deployment union-acme/vaultwarden `.spec.replicas`, by kubectl-edit",
        "deployment: Deployment after a push succeeded: 2 to create, 1 to update, in 0 s",
        "drift: Drift kept: Deployment union-acme/vaultwarden `.spec.replicas`, by kubectl-edit",
        "state: Suspended: exams, by Ana",
        "state: Failed ×3: the quota is used up",
        "deployment: Deployment after a push failed ×3: the quota is used up",
        "revision: Accepted: Change 1",
    ];
    let mut told = lines(&api.json(PATH).await);
    // In one transaction.
    told[..3].sort_by_key(|line| all.iter().position(|known| known == line));
    assert_eq!(told, all);
    for kind in ["deployment", "state", "hold", "approval", "drift", "revision", "request"] {
        let of_kind: Vec<_> = all.iter().copied().filter(|line| line.starts_with(kind)).collect();
        assert_eq!(lines(&api.json(&format!("{PATH}?kind={kind}")).await), of_kind, "{kind}");
    }
    let mut paged = Vec::new();
    let mut next = String::new();
    loop {
        let page = api.json(&format!("{PATH}?limit=1{next}")).await;
        paged.extend(lines(&page));
        match page["next"].as_str() {
            Some(place) => next = format!("&after={place}"),
            None => break,
        }
    }
    paged[..3].sort_by_key(|line| all.iter().position(|known| known == line));
    assert_eq!(paged, all);
    let page = api.json(&format!("{PATH}?kind=state")).await;
    let at = |index: usize| page["items"][index]["at"].as_str().expect("a moment").replace('+', "%2B");
    let between = format!("{PATH}?kind=state&since={}&until={}", at(2), at(1));
    assert_eq!(lines(&api.json(&between).await), [all[4], all[8]]);
}

#[tokio::test]
async fn a_timeline_tells_who_does_not_see_the_others_nothing_of_them() {
    let (_database, store) = eventful().await;
    let api = Served::closed(store.clone()).await;
    let officer = key(&store, "officer", viewer(&["acme"])).await;
    let page: Value = api.get_as(&officer, PATH).await.json().await.expect("JSON");
    let told = lines(&page);
    assert!(
        told.contains(
            &"state: Waits for an approval: it is removed, and that waits for an approval".to_owned()
        ),
        "{told:?}"
    );
    assert!(told.contains(&"revision: Accepted: -".to_owned()), "its words may be about others: {told:?}");
    assert!(
        told.iter().any(|line| line.starts_with("hold: Newer documents held: it stays as it is")),
        "{told:?}"
    );
    let next: Value = api.get_as(&officer, &format!("{PATH}?limit=1")).await.json().await.expect("JSON");
    let operator = key(&store, "operator", Role::Operator).await;
    let plain: Value = api.get_as(&operator, &format!("{PATH}?limit=1")).await.json().await.expect("JSON");
    assert_ne!(next["next"], plain["next"], "a number of a row tells how many there are");
    assert_eq!(api.get_as(&officer, "/api/v1/unions/birch/timeline").await.status().as_u16(), 404);
}
