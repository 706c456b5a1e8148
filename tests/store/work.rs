//! The queue: who is due, who takes it, who is woken.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::time::Duration;

use keyforge::access::Sight;
use keyforge::names::UnionName;
use keyforge::outcome::Reason;
use keyforge::store::{Next, Store};
use sqlx::Executor;
use uuid::Uuid;

use crate::fixture::{LEASE, accept, accepted, claim, expire, name, with_unions};

async fn nothing_is_due(store: &Store) -> bool {
    store.claim(Uuid::new_v4(), LEASE).await.expect("the database answers").is_none()
}

#[tokio::test]
async fn two_workers_never_hold_one_union() {
    let (_database, store) = with_unions(&["acme"]).await;
    let first = claim(&store).await;
    assert_eq!((first.union.as_str(), first.reason, first.attempts), ("acme", Reason::Push, 0));
    store.make_due(&[(name("acme"), Reason::Request)], Duration::ZERO).await.expect("due");
    assert!(nothing_is_due(&store).await, "a second worker got the union too");
}

#[tokio::test]
async fn many_workers_take_turns() {
    let names: Vec<String> = (0..20).map(|number| format!("union-{number:02}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let (database, _) = with_unions(&names).await;
    let store = database.store_with(&["--database-max-connections", "8"]);
    let held: Mutex<BTreeSet<UnionName>> = Mutex::default();
    let tokens: Mutex<BTreeMap<UnionName, i64>> = Mutex::default();

    let worker = || async {
        for _ in 0..200 {
            let claim = loop {
                if let Some(claim) = store.claim(Uuid::new_v4(), LEASE).await.expect("the database answers") {
                    break claim;
                }
                tokio::task::yield_now().await;
            };
            assert!(held.lock().unwrap().insert(claim.union.clone()), "{} is held twice", claim.union);
            let before = tokens.lock().unwrap().insert(claim.union.clone(), claim.token.0);
            assert!(before.is_none_or(|before| before < claim.token.0), "a token did not grow");
            store.renew(&claim, LEASE).await.expect("the lease holds");
            assert!(held.lock().unwrap().remove(&claim.union));
            let next = Next::After(Duration::ZERO, Reason::Interval);
            store.release(&claim, next).await.expect("the lease was ours");
        }
    };
    tokio::join!(worker(), worker(), worker(), worker(), worker(), worker(), worker(), worker());
    assert_eq!(tokens.lock().unwrap().len(), names.len(), "a union was starved");
}

#[tokio::test]
async fn what_becomes_due_during_a_lease_is_not_lost() {
    let (_database, store) = with_unions(&["acme"]).await;
    for next in [Next::Idle, Next::After(LEASE, Reason::Interval), Next::Retry(LEASE)] {
        let during = claim(&store).await;
        store.make_due(&[(name("acme"), Reason::Drift)], Duration::ZERO).await.expect("due");
        store.release(&during, next).await.expect("the lease was ours");
        let again = claim(&store).await;
        assert_eq!((again.union.as_str(), again.reason), ("acme", Reason::Drift), "after {next:?}");
        store.release(&again, Next::After(Duration::ZERO, Reason::Push)).await.expect("the lease was ours");
    }
}

#[tokio::test]
async fn what_moves_in_a_union_is_left_to_the_replica_that_works_on_it() {
    let (_database, store) = with_unions(&["acme", "beta"]).await;
    let (worker, other) = (Uuid::new_v4(), Uuid::new_v4());
    let claim = |holder| store.claim(holder, LEASE);
    let acme = claim(worker).await.expect("the database answers").expect("one is due");
    let beta = claim(other).await.expect("the database answers").expect("one is due");
    store.release(&beta, Next::Idle).await.expect("the lease was ours");
    let moved =
        [(name("acme"), Reason::Drift), (name("beta"), Reason::Drift), (name("beta"), Reason::Interval)];
    store.moved(other, &moved).await.expect("told");
    let beta = claim(other).await.expect("the database answers").expect("nobody works on it");
    assert_eq!((beta.union.as_str(), beta.reason), ("beta", Reason::Drift));
    store.release(&acme, Next::Idle).await.expect("the lease was ours");
    assert!(nothing_is_due(&store).await, "what it wrote itself is no reason to look again");

    store.make_due(&[(name("acme"), Reason::Push)], Duration::ZERO).await.expect("due");
    let acme = claim(worker).await.expect("the database answers").expect("one is due");
    store.moved(worker, &moved).await.expect("told");
    store.release(&acme, Next::Idle).await.expect("the lease was ours");
    let acme = claim(other)
        .await
        .expect("the database answers")
        .expect("its holder saw a move that it did not make");
    assert_eq!((acme.union.as_str(), acme.reason), ("acme", Reason::Drift));
}

#[tokio::test]
async fn a_released_union_rests_until_somebody_makes_it_due() {
    let (_database, store) = with_unions(&["acme"]).await;
    store.release(&claim(&store).await, Next::Idle).await.expect("the lease was ours");
    assert!(nothing_is_due(&store).await);
    assert_eq!(store.next_due_in().await.expect("the database answers"), None);

    store.make_due(&[(name("acme"), Reason::Interval)], LEASE).await.expect("due");
    assert!(nothing_is_due(&store).await);
    let rest = store.next_due_in().await.expect("the database answers").expect("planned");
    assert!(rest <= LEASE && rest > LEASE / 2, "{rest:?}");

    store.make_due(&[(name("acme"), Reason::Push)], Duration::ZERO).await.expect("due");
    store.make_due(&[(name("acme"), Reason::Interval)], 2 * LEASE).await.expect("due");
    assert_eq!(claim(&store).await.reason, Reason::Push, "the earlier time wins, and its reason");
}

#[tokio::test]
async fn what_waits_is_counted_without_what_is_worked_on_or_due_later() {
    let (_database, store) = with_unions(&["acme", "birch", "cedar"]).await;
    let queue = async || store.shown_to(Sight::All).queue().await.expect("the database answers");
    assert_eq!(queue().await.due, 3);
    let claimed = claim(&store).await;
    assert_eq!(queue().await.due, 2);
    store.release(&claimed, Next::After(LEASE, Reason::Interval)).await.expect("the lease was ours");
    let waiting = queue().await;
    assert_eq!(waiting.due, 2);
    assert!(waiting.oldest < LEASE, "{waiting:?}");
    for _ in 0..2 {
        store.release(&claim(&store).await, Next::Idle).await.expect("the lease was ours");
    }
    assert_eq!((queue().await.due, queue().await.oldest), (0, Duration::ZERO));
}

#[tokio::test]
async fn unions_that_are_not_known_have_no_work() {
    let (_database, store) = with_unions(&[]).await;
    store.make_due(&[(name("stranger"), Reason::Drift)], Duration::ZERO).await.expect("left out");
    assert!(nothing_is_due(&store).await);
}

#[tokio::test]
async fn people_come_first_and_nobody_is_starved() {
    let (database, store) = with_unions(&["acme", "birch", "cedar"]).await;
    for _ in 0..3 {
        store.release(&claim(&store).await, Next::Idle).await.expect("the lease was ours");
    }
    store.make_due(&[(name("acme"), Reason::Interval)], Duration::ZERO).await.expect("due");
    store.make_due(&[(name("birch"), Reason::Interval)], Duration::ZERO).await.expect("due");
    store.make_due(&[(name("cedar"), Reason::Push)], Duration::ZERO).await.expect("due");
    // Birch waits for more than the minute that others may come first.
    database
        .connection()
        .await
        .execute(
            "update work set due_at = due_at - interval '61 s', turn_at = turn_at - interval '61 s'
            where union_name = 'birch'",
        )
        .await
        .expect("changed by hand");
    let mut order = Vec::new();
    for _ in 0..3 {
        order.push(claim(&store).await.union.to_string());
    }
    assert_eq!(order, ["birch", "cedar", "acme"]);
}

#[tokio::test]
async fn a_push_is_the_reason_also_where_a_union_was_overdue_for_another() {
    let (database, store) = with_unions(&["acme"]).await;
    store.release(&claim(&store).await, Next::Idle).await.expect("the lease was ours");
    store.make_due(&[(name("acme"), Reason::Interval)], Duration::ZERO).await.expect("due");
    database
        .connection()
        .await
        .execute("update work set due_at = due_at - interval '5 min', turn_at = turn_at - interval '5 min'")
        .await
        .expect("changed by hand");
    // What is due only later says nothing yet.
    store.make_due(&[(name("acme"), Reason::Rotation)], Duration::from_secs(60)).await.expect("due");
    for (made, reason) in
        [(Reason::Drift, Reason::Drift), (Reason::Push, Reason::Push), (Reason::Drift, Reason::Push)]
    {
        store.make_due(&[(name("acme"), made)], Duration::ZERO).await.expect("due");
        let mut connection = database.connection().await;
        let (due, keeps_its_turn): (String, bool) =
            sqlx::query_as("select reason, due_at < now() - interval '4 min' from work")
                .fetch_one(&mut connection)
                .await
                .expect("its row");
        assert_eq!((due.as_str(), keeps_its_turn), (reason.as_str(), true), "{made}");
    }
    assert_eq!(claim(&store).await.reason, Reason::Push);
}

#[tokio::test]
async fn a_regular_look_is_not_put_off_where_something_was_accepted_meanwhile() {
    let (_database, store) = with_unions(&["acme"]).await;
    store.release(&claim(&store).await, Next::After(Duration::ZERO, Reason::Interval)).await.expect("ours");
    // Never applied: what is accepted is not what is there.
    store.put_off(&[name("acme")], &[Duration::from_secs(600)]).await.expect("the database answers");
    assert_eq!(claim(&store).await.reason, Reason::Interval);
}

#[tokio::test]
async fn who_is_stopped_leaves_the_attempts_as_they_are() {
    let (_database, store) = with_unions(&["acme"]).await;
    store.release(&claim(&store).await, Next::Retry(Duration::ZERO)).await.expect("the lease was ours");
    store.release(&claim(&store).await, Next::Resume).await.expect("the lease was ours");
    let claim = claim(&store).await;
    assert_eq!((claim.reason, claim.attempts), (Reason::Retry, 1));
}

#[tokio::test]
async fn attempts_count_until_one_succeeds() {
    let (_database, store) = with_unions(&["acme"]).await;
    let mut attempts = Vec::new();
    for next in [
        Next::Retry(Duration::ZERO),
        Next::Retry(Duration::ZERO),
        Next::After(Duration::ZERO, Reason::Interval),
        Next::Idle,
    ] {
        let claim = claim(&store).await;
        attempts.push((claim.attempts, claim.reason));
        store.release(&claim, next).await.expect("the lease was ours");
    }
    assert_eq!(attempts, [(0, Reason::Push), (1, Reason::Retry), (2, Reason::Retry), (0, Reason::Interval)]);
}

#[tokio::test]
async fn a_lease_that_ran_out_is_taken_over_as_a_retry() {
    let (database, store) = with_unions(&["acme"]).await;
    let first = claim(&store).await;
    expire(&database, &first.union).await;
    assert_eq!(store.next_due_in().await.expect("the database answers"), Some(Duration::ZERO));
    let second = claim(&store).await;
    assert!(second.token > first.token);
    assert_eq!((second.reason, second.attempts), (Reason::Retry, 1));
}

#[tokio::test]
async fn a_start_spreads_all_unions_over_a_time() {
    let (_database, store) = with_unions(&["acme", "birch"]).await;
    store.release(&claim(&store).await, Next::Idle).await.expect("the lease was ours");
    store.make_all_due(Reason::Startup, Duration::ZERO).await.expect("due");
    let mut reasons = BTreeMap::new();
    for _ in 0..2 {
        let claim = claim(&store).await;
        reasons.insert(claim.union.to_string(), claim.reason);
    }
    assert_eq!(
        reasons,
        BTreeMap::from([("acme".into(), Reason::Startup), ("birch".into(), Reason::Push)]),
        "what was due already keeps its reason"
    );
}

#[tokio::test]
async fn a_start_looks_at_what_would_be_looked_at_later() {
    let (_database, store) = with_unions(&["acme"]).await;
    let resync = Next::After(Duration::from_secs(600), Reason::Interval);
    store.release(&claim(&store).await, resync).await.expect("the lease was ours");
    store.make_all_due(Reason::Startup, Duration::ZERO).await.expect("due");
    assert_eq!(claim(&store).await.reason, Reason::Startup);
}

#[tokio::test]
async fn idle_workers_are_woken_by_what_becomes_due() {
    let (_database, store) = with_unions(&["acme"]).await;
    let during = claim(&store).await;
    let mut listener = store.listen().await.expect("listens");
    // Nothing can be taken before the release, so that is when somebody is woken.
    store.make_due(&[(name("acme"), Reason::Drift)], Duration::ZERO).await.expect("due");
    store.release(&during, Next::Idle).await.expect("the lease was ours");
    tokio::time::timeout(LEASE, listener.changed()).await.expect("woken").expect("connected");

    accept(&store, 2, vec![accepted("birch", 2)]).await;
    tokio::time::timeout(LEASE, listener.changed()).await.expect("woken").expect("connected");
}

#[tokio::test]
async fn a_listener_that_was_cut_off_looks_again() {
    let (database, store) = with_unions(&["acme"]).await;
    let mut listener = store.listen().await.expect("listens");
    database
        .connection()
        .await
        .execute(
            "select pg_terminate_backend(pid) from pg_stat_activity
            where datname = current_database() and query like 'LISTEN%'",
        )
        .await
        .expect("cut off");
    tokio::time::timeout(LEASE, listener.changed()).await.expect("told").expect("connected again");
    store.release(&claim(&store).await, Next::After(Duration::ZERO, Reason::Drift)).await.expect("ours");
    tokio::time::timeout(LEASE, listener.changed()).await.expect("woken").expect("connected");
}

#[tokio::test]
async fn an_older_program_leaves_alone_what_a_newer_one_works_on() {
    let (database, store) = with_unions(&["acme"]).await;
    let by_hand = async |statement: &'static str| {
        database.connection().await.execute(statement).await.expect("changed by hand");
    };
    for newer in ["update work set acceptor_version = 1000", "update work set template_version = 1000"] {
        by_hand(newer).await;
        assert!(nothing_is_due(&store).await, "{newer}");
        assert_eq!(store.next_due_in().await.expect("the database answers"), None, "{newer}");
        by_hand("update work set acceptor_version = 1, template_version = 1").await;
    }
    let claim = claim(&store).await;
    store.leave_to_newer(&claim, 1000, "a newer one has it").await.expect("the lease is ours");
    store.release(&claim, Next::After(Duration::ZERO, Reason::Push)).await.expect("the lease is ours");
    assert!(nothing_is_due(&store).await);
}
