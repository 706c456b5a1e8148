//! What others change and we put back, and what a person should know of a union.

use keyforge::access::Sight;
use keyforge::health::Health;
use keyforge::outcome::UnionState;
use keyforge::store::{PutBack, UnionFacts};

use crate::fixture::{claim, name, with_unions};

fn replicas(manager: &str) -> PutBack {
    PutBack {
        resource: "Deployment union-acme/vaultwarden".into(),
        field: ".spec.replicas".into(),
        manager: manager.into(),
    }
}

#[tokio::test]
async fn a_field_that_is_put_back_again_is_counted_and_the_last_manager_is_known() {
    let (_database, store) = with_unions(&["acme"]).await;
    let claim = claim(&store).await;
    for manager in ["kubectl", "kubectl", "helm"] {
        store.count_put_back(&claim, &[replicas(manager)]).await.expect("the lease holds");
    }
    let found = store.disputes(&name("acme")).await.expect("the database answers");
    let found: Vec<_> = found.into_iter().map(|dispute| (dispute.field, dispute.times)).collect();
    assert_eq!(found, [(replicas("helm"), 3)]);
    assert_eq!(store.disputes(&name("birch")).await.expect("the database answers"), []);
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
