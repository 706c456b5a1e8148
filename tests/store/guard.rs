//! What guards wait for: told per union, remembered for budgets and approvals, audited.

use std::collections::BTreeSet;

use keyforge::access::Sight;
use keyforge::digest::Digest;
use keyforge::signing::Voucher;
use keyforge::store::{
    Acceptance, AuditQuery, Became, Decision, GuardEvent, Loss, Removal, RenamedSociety, UsedApproval,
    Verdict,
};
use sqlx::Row;

use crate::fixture::{accept, acceptance, accepted, claim, decided, guard, name, object, with_unions};

#[tokio::test]
async fn what_waits_is_accepted_without_it_and_both_are_told() {
    let (_database, store) = with_unions(&["acme"]).await;
    let waits = guard("acme", "2 of 4 members are removed");
    accept(&store, 2, vec![Verdict { awaiting: vec![waits.clone()], ..accepted("acme", 2) }]).await;
    let found =
        store.shown_to(Sight::All).union(&name("acme")).await.expect("the database answers").expect("known");
    assert_eq!(found.reason.as_deref(), Some("2 of 4 members are removed"));
    assert_eq!(claim(&store).await.union, name("acme"), "what is accepted is rolled out");
    assert_eq!(store.awaiting(&name("acme")).await.expect("the database answers"), [waits]);

    accept(&store, 3, vec![accepted("acme", 3)]).await;
    assert_eq!(store.awaiting(&name("acme")).await.expect("the database answers"), []);
}

#[tokio::test]
async fn since_when_something_waits_is_kept_until_nothing_does() {
    let (_database, store) = with_unions(&["acme"]).await;
    let settled = async || {
        let head = store.head().await.expect("the database answers").expect("accepted");
        let index = store.acceptance_index().await.expect("the database answers");
        (head.settled, index[&name("acme")].since)
    };
    let with_keyforge = async |number, verdicts, awaiting| {
        let keyforge =
            serde_json::from_value(serde_json::json!({ "name": "federation" })).expect("a keyforge.yaml");
        let keyforge = keyforge::store::AcceptedKeyforge { keyforge, blob: object(9), awaiting };
        let recorded = Acceptance { keyforge: Some(keyforge), ..acceptance(&store, number, verdicts).await };
        store.record_acceptance(&recorded).await.expect("recorded");
    };
    let waits =
        |why: &str| Verdict { awaiting: vec![guard("acme", why)], ..decided("acme", Decision::Unchanged) };
    assert_eq!(settled().await, (None, None), "no `keyforge.yaml` was accepted yet");
    with_keyforge(2, Vec::new(), None).await;
    assert_eq!(settled().await, (Some(object(2)), None));
    with_keyforge(3, vec![waits("one")], None).await;
    assert_eq!(settled().await, (Some(object(3)), Some(object(2))), "each part has its own");
    with_keyforge(4, vec![waits("another")], Some(guard("policy", "looser"))).await;
    assert_eq!(settled().await, (Some(object(3)), Some(object(2))), "its beginning is not forgotten");
    accept(&store, 5, vec![decided("acme", Decision::Held { why: "a mistake".into() })]).await;
    assert_eq!(settled().await, (Some(object(3)), Some(object(2))), "without a sound `keyforge.yaml`");
    let head = store.head().await.expect("the database answers").expect("accepted");
    assert_eq!(head.keyforge_revision, Some(object(4)));
    with_keyforge(6, vec![accepted("acme", 6)], None).await;
    assert_eq!(settled().await, (Some(object(6)), None));
}

#[tokio::test]
async fn an_approval_is_remembered_for_ever_and_a_removal_for_a_day() {
    let (database, store) = with_unions(&["acme"]).await;
    let approval = UsedApproval { commit: object(8), digest: Digest::of("what waited") };
    let ana = |society: &str| {
        let (society, ana) = (society.parse().expect("a name"), "ana@acme.example".parse());
        Removal { union: name("acme"), what: Loss::Member(society, ana.expect("an address")) }
    };
    let union = Removal { union: name("north"), what: Loss::Union { kept: true } };
    let recorded = Acceptance {
        approvals: BTreeSet::from([approval]),
        removals: BTreeSet::from([ana("chess"), union.clone()]),
        ..acceptance(&store, 2, Vec::new()).await
    };
    store.record_acceptance(&recorded).await.expect("recorded");
    let used =
        store.used_approvals(&BTreeSet::from([object(8), object(9)])).await.expect("the database answers");
    assert_eq!(used, BTreeSet::from([approval]));
    let removals = store.removals().await.expect("the database answers");
    assert_eq!(removals, BTreeSet::from([ana("chess"), union.clone()]));

    let (from, to) = ("chess".parse().expect("a name"), "board-games".parse().expect("a name"));
    let renamed = vec![RenamedSociety { union: name("acme"), from, to }];
    let recorded = Acceptance { renamed, ..acceptance(&store, 3, Vec::new()).await };
    store.record_acceptance(&recorded).await.expect("recorded");
    let removals = store.removals().await.expect("the database answers");
    assert_eq!(removals, BTreeSet::from([ana("board-games"), union]), "a budget goes with its society");

    sqlx::query("update removal set created_at = now() - interval '24 hours'")
        .execute(&mut database.connection().await)
        .await
        .expect("changed by hand");
    assert_eq!(store.removals().await.expect("the database answers"), BTreeSet::new());
}

#[tokio::test]
async fn the_audit_tells_what_became_of_a_guard_and_no_names_of_people() {
    let (database, store) = with_unions(&["acme"]).await;
    let bo = Voucher { commit: object(8), key: Some("SHA256:bo".into()), name: "bo@acme.example".into() };
    let events = [Became::HeldBack, Became::Approved(bo), Became::Released]
        .map(|became| GuardEvent { guard: guard("acme", "why"), became });
    let recorded = Acceptance { guards: events.to_vec(), ..acceptance(&store, 2, Vec::new()).await };
    store.record_acceptance(&recorded).await.expect("recorded");
    let rows = sqlx::query(
        "select what, union_name, detail from audit where what like 'change-%' order by audit_id",
    )
    .fetch_all(&mut database.connection().await)
    .await
    .expect("read");
    let digest = Digest::of("acme");
    let told = |row: &sqlx::postgres::PgRow| {
        (row.get::<String, _>(0), row.get::<String, _>(1), row.get::<serde_json::Value, _>(2))
    };
    let detail = serde_json::json!({ "guard": "union-removed", "digest": digest, "changes": 1 });
    let mut approved = detail.clone();
    approved["commit"] = serde_json::json!(object(8));
    approved["key"] = serde_json::json!("SHA256:bo");
    assert_eq!(
        rows.iter().map(told).collect::<Vec<_>>(),
        [
            ("change-held-back".into(), "acme".into(), detail.clone()),
            ("change-approved".into(), "acme".into(), approved),
            ("change-released".into(), "acme".into(), detail),
        ]
    );
    let shown = store.shown_to(Sight::All);
    let records = shown.audit(&AuditQuery { limit: 4, ..AuditQuery::default() }).await;
    let records = records.expect("the database answers");
    let approvers: Vec<_> = records.iter().map(|record| record.approver.as_deref()).collect();
    assert_eq!(approvers, [None, Some("bo@acme.example"), None, None], "they stand beside it");
}

#[tokio::test]
async fn who_approved_two_equal_changes_at_once_is_recorded_once_for_each() {
    let (_database, store) = with_unions(&["acme"]).await;
    let bo = Voucher { commit: object(8), key: None, name: "bo@acme.example".into() };
    let event = GuardEvent { guard: guard("acme", "why"), became: Became::Approved(bo) };
    let recorded =
        Acceptance { guards: vec![event.clone(), event], ..acceptance(&store, 2, Vec::new()).await };
    store.record_acceptance(&recorded).await.expect("recorded");
    let records = store.shown_to(Sight::All).audit(&AuditQuery { limit: 2, ..AuditQuery::default() }).await;
    let approvers = records.expect("the database answers").into_iter().map(|record| record.approver);
    assert_eq!(
        approvers.collect::<Vec<_>>(),
        [Some("bo@acme.example".into()), Some("bo@acme.example".into())]
    );
}
