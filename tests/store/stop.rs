//! The stop of everything: no lease is given and none goes on, and the audit tells of it.

use std::time::Duration;

use keyforge::access::Sight;
use keyforge::outcome::Reason;
use keyforge::store::{AuditQuery, Next};
use uuid::Uuid;

use crate::fixture::{LEASE, claim, expire, name, object, with_unions};

#[tokio::test]
async fn while_everything_is_stopped_no_lease_is_given_or_renewed() {
    let (database, store) = with_unions(&["acme", "birch"]).await;
    let held = claim(&store).await;
    assert_eq!(store.stopped().await.expect("the database answers"), None);
    store.stop("the cluster is being moved").await.expect("stopped");
    store.stop("it takes longer").await.expect("stopped");
    let stopped = store.stopped().await.expect("the database answers").expect("stopped");
    assert_eq!(stopped.why, "it takes longer");

    let claimed = async || store.claim(Uuid::new_v4(), LEASE).await.expect("the database answers");
    assert_eq!(claimed().await, None, "`birch` is due");
    assert!(store.renew(&held, LEASE).await.expect_err("stopped").is_lost());
    // What was done until then is recorded.
    store.release(&held, Next::After(Duration::ZERO, Reason::Retry)).await.expect("the lease was ours");
    assert_eq!(claimed().await, None);

    assert!(store.resume().await.expect("the database answers"));
    assert!(!store.resume().await.expect("the database answers"), "nothing was stopped any more");
    let first = claimed().await.expect("one is due");
    store.stop("once more").await.expect("stopped");
    expire(&database, &first.union).await;
    assert_eq!(claimed().await, None, "also what ran out waits");
    store.resume().await.expect("the database answers");
    let unions = [claimed().await.expect("due").union, claimed().await.expect("due").union];
    assert!(unions.contains(&name("acme")) && unions.contains(&name("birch")), "{unions:?}");
}

#[tokio::test]
async fn that_it_was_stopped_and_why_and_that_it_goes_on_is_recorded() {
    let (database, store) = with_unions(&["acme"]).await;
    store.stop("the cluster is being moved").await.expect("stopped");
    store.stop("it takes longer").await.expect("stopped");
    store.resume().await.expect("the database answers");
    store.resume().await.expect("the database answers");
    let query = AuditQuery { limit: 3, ..AuditQuery::default() };
    let records = store.shown_to(Sight::All).audit(&query).await.expect("the database answers");
    let role: String = sqlx::query_scalar("select session_user::text")
        .fetch_one(&mut database.connection().await)
        .await
        .expect("a role");
    let told: Vec<_> = records
        .iter()
        .map(|record| format!("{} {:?} {} {}", record.what, record.union, record.revision, record.detail))
        .collect();
    let record =
        |what: &str, detail: serde_json::Value| format!("{what} None main@sha1:{} {detail}", object(1));
    assert_eq!(
        told,
        [
            record("work-resumed", serde_json::json!({ "by": role })),
            record("work-stopped", serde_json::json!({ "by": role, "why": "it takes longer" })),
            record("work-stopped", serde_json::json!({ "by": role, "why": "the cluster is being moved" })),
        ]
    );
}
