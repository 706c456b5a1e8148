//! What others change and we put back or leave, and what a person should know of a union.

use keyforge::access::Sight;
use keyforge::health::Health;
use keyforge::outcome::UnionState;
use keyforge::plan::FieldChange;
use keyforge::store::{Drifted, Drifts, UnionFacts};
use sqlx::Executor as _;

use crate::fixture::{LEASE, claim, name, resource, rollout, with_unions};
use crate::support::postgres::Database;

fn replicas(theirs: u8, manager: &str) -> Drifted {
    let change = FieldChange { path: ".spec.replicas".into(), from: Some(theirs.into()), to: Some(1.into()) };
    Drifted::new(resource("Deployment", "vaultwarden"), &change, manager.into())
}

/// What is recorded, a line each: the field, who changed it to what, what became of it, how often, whether it is over.
async fn recorded(database: &Database) -> Vec<String> {
    sqlx::query_scalar(
        "select concat_ws(' ', field, manager, theirs, outcome, times, case when ended_at is not null then 'over' end)
        from drift order by drift_id",
    )
    .fetch_all(&mut database.connection().await)
    .await
    .expect("read")
}

#[tokio::test]
async fn a_field_that_is_put_back_again_is_counted_and_the_last_manager_is_known() {
    let (database, store) = with_unions(&["acme"]).await;
    let claim = claim(&store).await;
    let id = store.open_deployment(&claim, &rollout(1)).await.expect("opened").id();
    for (theirs, manager) in [(3, "kubectl"), (3, "kubectl"), (5, "helm")] {
        let put_back = [replicas(theirs, manager)];
        store.wait(&claim, id, "1 of 1 pods starts", LEASE, &put_back).await.expect("the lease holds");
    }
    let found = store.drifts(&name("acme")).await.expect("the database answers");
    let found: Vec<_> = found.disputes.into_iter().map(|dispute| (dispute.field, dispute.times)).collect();
    assert_eq!(found, [(replicas(5, "helm"), 3)]);
    let elsewhere = store.drifts(&name("birch")).await.expect("the database answers");
    assert_eq!(elsewhere, Drifts::default());
    let later = "update drift set last_at = last_at - interval '61 minutes'";
    database.connection().await.execute(later).await.expect("it is later");
    store.wait(&claim, id, "1 of 1 pods starts", LEASE, &[replicas(3, "kubectl")]).await.expect("waits");
    assert_eq!(
        recorded(&database).await,
        [".spec.replicas helm 5 put-back 3", ".spec.replicas kubectl 3 put-back 1"],
        "after an hour it is another one"
    );
}

#[tokio::test]
async fn what_is_left_as_somebody_made_it_is_one_row_until_it_is_over() {
    let (database, store) = with_unions(&["acme"]).await;
    let claim = claim(&store).await;
    let paused = FieldChange { path: ".spec.paused".into(), from: Some(true.into()), to: None };
    let paused = Drifted::new(resource("Deployment", "vaultwarden"), &paused, "mesh".into());
    for (kept, expected) in [
        (
            vec![replicas(3, "hpa"), paused],
            vec![".spec.replicas hpa 3 kept 1", ".spec.paused mesh true kept 1"],
        ),
        (vec![replicas(4, "hpa")], vec![".spec.replicas hpa 4 kept 1", ".spec.paused mesh true kept 1 over"]),
        (vec![], vec![".spec.replicas hpa 4 kept 1 over", ".spec.paused mesh true kept 1 over"]),
        (
            vec![replicas(4, "hpa")],
            vec![
                ".spec.replicas hpa 4 kept 1 over",
                ".spec.paused mesh true kept 1 over",
                ".spec.replicas hpa 4 kept 1",
            ],
        ),
    ] {
        store.record_kept(&claim, &kept).await.expect("the lease holds");
        assert_eq!(recorded(&database).await, expected);
        let mut kept = kept;
        kept.sort_by(Drifted::by_place);
        assert_eq!(store.drifts(&name("acme")).await.expect("the database answers").kept, kept);
    }
}

#[tokio::test]
async fn a_finding_is_new_once_and_stays_until_something_else_is_known() {
    let (_database, store) = with_unions(&["acme"]).await;
    let claim = claim(&store).await;
    let found = async |findings: Option<&[&str]>| {
        let findings = findings.map(|all| all.iter().map(|one| (*one).to_owned()).collect());
        let (state, health) = (UnionState::Current, Health::Current);
        let facts = UnionFacts { state, health: Some(health), why: None, applied: None, findings };
        let new = store.set_status(&claim, &facts).await.expect("the lease holds");
        let union = store
            .shown_to(Sight::All)
            .union(&name("acme"))
            .await
            .expect("the database answers")
            .expect("it is known");
        (new.join(" "), union.findings.join(" "), union.reason.unwrap_or_default())
    };
    let told = |new: &str, all: &str, reason: &str| (new.to_owned(), all.to_owned(), reason.to_owned());
    assert_eq!(found(Some(&["a"])).await, told("a", "a", "a"));
    assert_eq!(found(Some(&["a", "b"])).await, told("b", "a b", "a"));
    assert_eq!(found(None).await, told("", "a b", "a"), "not known now");
    assert_eq!(found(Some(&[])).await, told("", "", ""));
}
