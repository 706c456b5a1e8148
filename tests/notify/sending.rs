//! From the outbox to the places: together, in order, at least once, and what is told when a place is away.

use std::collections::BTreeSet;

use keyforge::reconcile::dependencies::System;
use keyforge::store::Pace;
use serde_json::json;

use crate::house::{AT_ONCE, House, KEY, hooks};
use crate::receiver::{Answer, Receiver};

#[tokio::test]
async fn a_storm_is_one_message_and_a_place_is_left_alone_for_a_while_after_it() {
    let receiver = Receiver::start().await;
    let house = House::told_at(&receiver, &["acme", "northside", "south"]).await;
    house.fail(&["acme", "northside", "south"], "the registry is away").await;
    let pace = Pace { rest: std::time::Duration::from_secs(3600), ..AT_ONCE };
    house.notifier.round(pace).await.expect("the database answers");
    house.recover("acme").await;
    house.notifier.round(pace).await.expect("the database answers");

    let told = receiver.only().json();
    assert_eq!(told["title"], "3 unions failed at 0101010");
    let unions: Vec<_> =
        told["notices"].as_array().expect("a list").iter().map(|notice| &notice["union"]).collect();
    assert_eq!(unions, ["acme", "northside", "south"]);

    house.round().await;
    assert_eq!(receiver.got()[1].json()["title"], "union acme is current again at 0101010");
    assert_eq!(receiver.got().len(), 2);
}

#[tokio::test]
async fn a_place_that_is_away_keeps_nobody_waiting_and_is_told_of_until_it_took_the_message() {
    let (away, here) = (Receiver::start().await, Receiver::start().await);
    away.answer.send_replace(Answer::Status(503));
    let secrets = [
        ("away", &[("url", away.url.as_str()), ("hmac", KEY)][..]),
        ("here", &[("url", here.url.as_str()), ("hmac", KEY)][..]),
    ];
    let house = House::with(&["acme", "northside"], hooks(&["away", "here"]), &secrets).await;
    house.fail(&["acme"], "x").await;
    house.round().await;
    assert_eq!((away.got().len(), here.got().len()), (1, 1));
    assert_eq!(
        house.trouble().as_deref(),
        Some("a place of `spec.notifications` is not told; the log says why")
    );

    // What comes meanwhile waits for its turn, and the place is not asked before its time.
    house.fail(&["northside"], "y").await;
    house.round().await;
    assert_eq!((away.got().len(), here.got().len()), (1, 2));

    away.answer.send_replace(Answer::Status(200));
    house.by_hand("update message set due_at = now() where closed_at is null").await;
    house.round().await;
    assert_eq!(house.trouble(), None);
    house.round().await;
    let got = away.got();
    let titles: Vec<_> = got.iter().map(|got| got.json()["title"].clone()).collect();
    assert_eq!(
        titles,
        ["union acme failed at 0101010", "union acme failed at 0101010", "union northside failed at 0101010"]
    );
    assert_eq!(got[0].header("idempotency-key"), got[1].header("idempotency-key"));
}

#[tokio::test]
async fn a_message_whose_sender_dies_before_it_is_recorded_comes_again_as_what_it_is() {
    let receiver = Receiver::start().await;
    receiver.answer.send_replace(Answer::Nothing);
    let house = House::told_at(&receiver, &["acme"]).await;
    house.fail(&["acme"], "x").await;
    let notifier = house.notifier.clone();
    let dying = tokio::spawn(async move { notifier.round(AT_ONCE).await });
    receiver.has(1).await;
    dying.abort();
    assert!(dying.await.expect_err("it died").is_cancelled());
    receiver.answer.send_replace(Answer::Status(200));

    // Nobody else tries it while its sender might be alive.
    house.round().await;
    assert_eq!(receiver.got().len(), 1);
    house.by_hand("update message set due_at = now()").await;
    house.round().await;
    house.round().await;
    let [first, second] = &receiver.got()[..] else { panic!("{:?}", receiver.got()) };
    assert_eq!(first.body, second.body);
    assert_eq!(first.header("idempotency-key"), second.header("idempotency-key"));
}

#[tokio::test]
async fn several_who_send_at_once_send_each_message_once() {
    let receiver = Receiver::start().await;
    let house = House::told_at(&receiver, &["acme"]).await;
    house.fail(&["acme"], "x").await;
    let rounds = (0..4).map(|_| house.notifier.round(AT_ONCE));
    for ended in futures::future::join_all(rounds).await {
        ended.expect("the database answers");
    }
    receiver.only();
}

#[tokio::test]
async fn what_is_a_day_old_is_given_up_and_told_of_until_the_place_takes_something() {
    let receiver = Receiver::start().await;
    receiver.answer.send_replace(Answer::Status(404));
    let house = House::told_at(&receiver, &["acme", "northside"]).await;
    house.fail(&["acme"], "x").await;
    house.round().await;
    // A daemon that was away for a day tries some more times.
    house.by_hand("update message set due_at = now(), created_at = now() - interval '25 hours'").await;
    house.round().await;
    house.by_hand("update message set due_at = now(), attempts = 5").await;
    house.round().await;
    house.by_hand("update message set due_at = now()").await;
    house.round().await;
    assert_eq!(receiver.got().len(), 3);
    assert!(house.trouble().is_some());
    // Another replica, or this one once it was started again, says so too.
    house.notifier.dependencies.up(System::Notifications);
    house.round().await;
    assert!(house.trouble().is_some());
    let counted = house.notifier.metrics.text(&keyforge::telemetry::Scrape::default());
    assert!(
        counted.contains("keyforge_notifications_total{kind=\"webhook\",result=\"given-up\"} 1\n"),
        "{counted}"
    );

    receiver.answer.send_replace(Answer::Status(204));
    house.fail(&["northside"], "y").await;
    house.round().await;
    assert_eq!(house.trouble(), None);
    assert_eq!(receiver.got()[3].json()["title"], "union northside failed at 0101010");
}

#[tokio::test]
async fn a_place_that_is_named_no_more_gets_nothing_any_more() {
    let receiver = Receiver::start().await;
    receiver.answer.send_replace(Answer::Status(500));
    let house = House::told_at(&receiver, &["acme"]).await;
    house.fail(&["acme"], "x").await;
    house.round().await;
    house.accept(json!([])).await;
    house.by_hand("update message set due_at = now()").await;
    house.round().await;
    assert_eq!((receiver.got().len(), house.trouble()), (1, None));
    assert!(!house.store.has_unsent().await.expect("the database answers"));
}

#[tokio::test]
async fn each_place_is_told_what_it_asks_for_and_that_a_trouble_ends_only_where_it_was_told() {
    let (failures, holds, ends) = (Receiver::start().await, Receiver::start().await, Receiver::start().await);
    let notifications = json!([
        {"kind": "webhook", "secretRef": {"name": "failures"}, "events": ["failed", "recovered"], "unions": ["acme"]},
        {"kind": "webhook", "secretRef": {"name": "holds"}, "events": ["held", "recovered"]},
        {"kind": "webhook", "secretRef": {"name": "ends"}, "events": ["recovered"]},
    ]);
    let of = |receiver: &Receiver| receiver.url.clone();
    let urls = [of(&failures), of(&holds), of(&ends)];
    let secrets = [
        ("failures", &[("url", urls[0].as_str()), ("hmac", KEY)][..]),
        ("holds", &[("url", urls[1].as_str()), ("hmac", KEY)][..]),
        ("ends", &[("url", urls[2].as_str()), ("hmac", KEY)][..]),
    ];
    let house = House::with(&["acme", "northside"], notifications, &secrets).await;
    house.fail(&["acme", "northside"], "x").await;
    house.round().await;
    house.recover("acme").await;
    house.recover("northside").await;
    house.round().await;
    let told = |receiver: &Receiver| {
        let each = receiver.got().into_iter().flat_map(|got| {
            let told = got.json()["notices"].as_array().expect("a list").clone();
            told.into_iter()
                .map(|notice| format!("{} {}", notice["union"].as_str().expect("a name"), notice["event"]))
        });
        each.collect::<BTreeSet<_>>()
    };
    assert_eq!(told(&failures), ["acme \"failed\"", "acme \"recovered\""].map(str::to_owned).into());
    assert_eq!(told(&holds), BTreeSet::new());
    assert_eq!(told(&ends), ["acme \"recovered\"", "northside \"recovered\""].map(str::to_owned).into());
}

#[tokio::test]
async fn a_place_that_is_removed_after_its_message_was_given_up_is_no_trouble_any_more() {
    let receiver = Receiver::start().await;
    receiver.answer.send_replace(Answer::Status(404));
    let house = House::told_at(&receiver, &["acme"]).await;
    house.fail(&["acme"], "x").await;
    house.round().await;
    house
        .by_hand("update message set due_at = now(), attempts = 9, created_at = now() - interval '25 hours'")
        .await;
    house.round().await;
    assert!(house.trouble().is_some());
    house.accept(json!([])).await;
    house.round().await;
    assert_eq!(house.trouble(), None);
}

#[tokio::test]
async fn what_nobody_looked_at_for_a_day_is_no_news() {
    let receiver = Receiver::start().await;
    let house = House::told_at(&receiver, &["acme", "northside"]).await;
    house.fail(&["acme"], "x").await;
    house.by_hand("update notice set created_at = now() - interval '25 hours'").await;
    house.fail(&["northside"], "y").await;
    house.round().await;
    assert_eq!(receiver.only().json()["title"], "union northside failed at 0101010");
    assert!(!house.store.has_unsent().await.expect("the database answers"));
}

#[tokio::test]
async fn words_of_a_newer_program_keep_nothing_else_waiting() {
    let receiver = Receiver::start().await;
    let house = House::told_at(&receiver, &["acme", "northside"]).await;
    house.fail(&["acme", "northside"], "x").await;
    house.by_hand("alter table notice drop constraint notice_event").await;
    house.by_hand("update notice set event = 'renamed' where union_name = 'acme'").await;
    house.round().await;
    assert_eq!(receiver.only().json()["title"], "union northside failed at 0101010");
    assert!(house.store.has_unsent().await.expect("the database answers"));
}
