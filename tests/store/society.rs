//! What is remembered of the inside of a vault, and when it is not any more.

use std::collections::BTreeSet;

use chrono::Utc;
use keyforge::digest::Digest;
use keyforge::ids::SocietyId;
use keyforge::outcome::SocietyState;
use keyforge::plan::society::SocietyLedger;
use keyforge::store::{SocietyRecord, VaultLook};
use uuid::Uuid;

use crate::fixture::{claim, with_unions};

#[tokio::test]
async fn what_is_remembered_of_a_vault_ends_with_its_life_and_of_no_other_one() {
    let (_database, store) = with_unions(&["acme", "beta"]).await;
    let look = VaultLook {
        input: Digest::of("i"),
        revision: 7,
        looked_at: Utc::now(),
        verified_at: None,
        settings: None,
        awaiting: Vec::new(),
        approved: BTreeSet::new(),
    };
    let society = SocietyRecord {
        name: "chess".parse().expect("a name"),
        title: "Chess".to_owned(),
        state: SocietyState::Current,
        ledger: Some(SocietyLedger::new(SocietyId(Uuid::from_u128(1)))),
        members: Vec::new(),
        passwords: Vec::new(),
        findings: Vec::new(),
        updated_at: None,
    };
    let (ended, other) = (claim(&store).await, claim(&store).await);
    for claim in [&ended, &other] {
        store.record_vault(claim, &look, &[], std::slice::from_ref(&society)).await.expect("recorded");
    }
    store.forget_vault(&ended).await.expect("forgotten");
    assert!(store.vault(&ended.union).await.expect("read").is_none());
    assert!(store.societies(&ended.union).await.expect("read").is_empty());
    assert!(store.vault(&other.union).await.expect("read").is_some());
    assert_eq!(store.societies(&other.union).await.expect("read").len(), 1);
}
