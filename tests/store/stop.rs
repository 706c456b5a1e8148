//! The stop of everything: no lease is given and none goes on.

use std::time::Duration;

use keyforge::outcome::Reason;
use keyforge::store::Next;
use uuid::Uuid;

use crate::fixture::{LEASE, claim, expire, name, with_unions};

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
