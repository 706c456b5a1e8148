//! The record of a rollout, and what is read of it.

use std::time::Duration;

use keyforge::access::Sight;
use keyforge::digest::Digest;
use keyforge::ids::DeploymentId;
use keyforge::outcome::{Done, Level, Outcome, Phase, Reason};
use keyforge::plan::StageName;
use keyforge::store::{
    DeploymentQuery, DeploymentRecord, Event, Failure, LogFrom, LogLine, LogQuery, Next, Opened, Part,
    PlanCounts, StageDone, Store,
};
use serde_json::{Value, json};
use sqlx::{Executor, Row};

use crate::fixture::{LEASE, claim, expire, name, resource, revision, rollout, with_unions};

async fn record(store: &Store, id: DeploymentId) -> DeploymentRecord {
    store.shown_to(Sight::All).deployment(id).await.expect("the database answers").expect("it was opened")
}

#[tokio::test]
async fn a_rollout_is_recorded_from_its_opening_to_its_outcome() {
    let (database, store) = with_unions(&["acme"]).await;
    let claim = claim(&store).await;
    let opened = store.open_deployment(&claim, &rollout(1)).await.expect("opened");
    let id = opened.id();
    assert_eq!(opened, Opened::New { id, superseded: None });
    let running = record(&store, id).await;
    let mut expected = DeploymentRecord {
        id,
        union: name("acme"),
        reason: Reason::Push,
        revision: revision(1),
        desired: Digest::of([1, 1]),
        counts: PlanCounts { creates: 2, updates: 1, deletes: 0, keeps: 5 },
        phase: Phase::Running,
        awaited: None,
        deadline: None,
        outcome: None,
        failure: None,
        opened_at: running.opened_at,
        closed_at: None,
    };
    assert_eq!(running, expected);
    let kept = sqlx::query_scalar("select plan from deployment where deployment_id = $1").bind(id.0);
    let kept: Value = kept.fetch_one(&mut database.connection().await).await.expect("its row");
    assert_eq!(kept, json!({ "digest": 1 }), "as it was when it was opened");

    let created = Event {
        stage: StageName::Workload,
        change: "create",
        resource: resource("Service", "vaultwarden"),
        done: Done::Created,
        message: None,
    };
    let failed = Event {
        stage: StageName::Exposure,
        change: "update",
        resource: resource("Ingress", "vaultwarden"),
        done: Done::Failed,
        message: Some("the quota is used up".into()),
    };
    let done = StageDone { events: vec![created.clone(), failed.clone()], ..StageDone::default() };
    store.record_stage(&claim, id, &done).await.expect("added");
    let shown = store.shown_to(Sight::All);
    let events = shown.events(&running, 0, 100).await.expect("the database answers");
    let told: Vec<_> = events
        .iter()
        .map(|event| {
            (event.stage, event.change.as_str(), event.resource.clone(), event.done, event.message.clone())
        })
        .collect();
    let expected_events = [created, failed]
        .map(|event| (Part::Stage(event.stage), event.change, event.resource, event.done, event.message));
    assert_eq!(told, expected_events);
    assert_eq!(
        shown.events(&running, events[0].number, 100).await.expect("the database answers"),
        events[1..]
    );

    store.wait(&claim, id, "1 of 1 pods starts", LEASE, &[]).await.expect("waits");
    let waiting = record(&store, id).await;
    expected.phase = Phase::Waiting;
    expected.awaited = Some("1 of 1 pods starts".into());
    expected.deadline = waiting.deadline;
    assert_eq!(waiting, expected);
    assert!(waiting.deadline > Some(waiting.opened_at));

    let failure = Failure {
        stage: Some(StageName::Exposure),
        message: "Ingress union-acme/vaultwarden: the quota is used up".into(),
        detail: Some("403 Forbidden: exceeded quota".into()),
    };
    store.close_deployment(&claim, id, Outcome::Failed, Some(&failure)).await.expect("closed");
    store.close_deployment(&claim, id, Outcome::Succeeded, None).await.expect("closed already");
    let closed = record(&store, id).await;
    expected.phase = Phase::Closed;
    expected.outcome = Some(Outcome::Failed);
    expected.failure = Some(failure);
    expected.closed_at = closed.closed_at;
    assert_eq!(closed, expected);
    assert!(closed.closed_at.is_some());
}

#[tokio::test]
async fn a_union_has_at_most_one_open_deployment() {
    let (database, store) = with_unions(&["acme"]).await;
    let claim = claim(&store).await;
    let first = store.open_deployment(&claim, &rollout(1)).await.expect("opened").id();
    let opened = store.open_deployment(&claim, &rollout(2)).await.expect("opened");
    let second = opened.id();
    assert_eq!(opened, Opened::New { id: second, superseded: Some(first) });
    assert_eq!(record(&store, first).await.outcome, Some(Outcome::Superseded));
    assert_eq!(record(&store, second).await.phase, Phase::Running);

    let by_hand = database
        .connection()
        .await
        .execute("update deployment set phase = 'running', outcome = null, closed_at = null")
        .await
        .expect_err("the schema refuses it too");
    let constraint = by_hand.as_database_error().and_then(|error| error.constraint());
    assert_eq!(constraint, Some("deployment_open"));
}

#[tokio::test]
async fn a_waiting_deployment_goes_on_for_the_same_desired_state_with_its_deadline() {
    let (_database, store) = with_unions(&["acme"]).await;
    let first = claim(&store).await;
    let id = store.open_deployment(&first, &rollout(1)).await.expect("opened").id();
    store.wait(&first, id, "1 of 1 pods starts", LEASE, &[]).await.expect("waits");
    store.release(&first, Next::After(Duration::ZERO, Reason::Interval)).await.expect("the lease was ours");

    let waiting =
        store.waiting_deployment(&name("acme")).await.expect("the database answers").expect("waits");
    assert_eq!((waiting.id, waiting.desired), (id, Digest::of([1, 1])));
    assert!(waiting.remaining <= LEASE && waiting.remaining > LEASE / 2, "{:?}", waiting.remaining);

    let second = claim(&store).await;
    assert_eq!(second.interrupted, None);
    let again = store.open_deployment(&second, &rollout(1)).await.expect("goes on");
    assert_eq!(again, Opened::Continued(id));
    assert_eq!(store.waiting_deployment(&name("acme")).await.expect("the database answers"), None);
    let deadline = record(&store, id).await.deadline;
    store.wait(&second, id, "1 of 1 pods starts", 10 * LEASE, &[]).await.expect("waits");
    assert_eq!(record(&store, id).await.deadline, deadline);

    store.open_deployment(&second, &rollout(2)).await.expect("opened");
    assert_eq!(record(&store, id).await.outcome, Some(Outcome::Superseded));
}

#[tokio::test]
async fn only_a_running_deployment_whose_lease_ran_out_is_interrupted() {
    let (database, store) = with_unions(&["alive", "dead", "waits"]).await;
    let mut ids = std::collections::BTreeMap::new();
    for _ in 0..3 {
        let claim = claim(&store).await;
        let id = store.open_deployment(&claim, &rollout(1)).await.expect("opened").id();
        if claim.union == name("waits") {
            store.wait(&claim, id, "1 of 1 pods starts", LEASE, &[]).await.expect("waits");
        }
        ids.insert(claim.union, id);
    }
    expire(&database, &name("dead")).await;
    expire(&database, &name("waits")).await;

    let mut interrupted = std::collections::BTreeMap::new();
    for _ in 0..2 {
        let claim = claim(&store).await;
        assert_eq!(claim.reason, Reason::Retry);
        interrupted.insert(claim.union, claim.interrupted);
    }
    let dead = ids[&name("dead")];
    assert_eq!(interrupted, [(name("dead"), Some(dead)), (name("waits"), None)].into());
    assert!(store.claim(uuid::Uuid::new_v4(), LEASE).await.expect("the database answers").is_none());
    let mut phases = Vec::new();
    for id in ids.values() {
        let record = record(&store, *id).await;
        phases.push((record.union.to_string(), record.phase, record.outcome));
    }
    assert_eq!(
        phases,
        [
            ("alive".into(), Phase::Running, None),
            ("dead".into(), Phase::Closed, Some(Outcome::Interrupted)),
            ("waits".into(), Phase::Waiting, None),
        ]
    );
}

#[tokio::test]
async fn audit_keeps_what_was_done_and_takes_nothing_back() {
    let (database, store) = with_unions(&["acme"]).await;
    let claim = claim(&store).await;
    let id = store.open_deployment(&claim, &rollout(1)).await.expect("opened").id();
    store.close_deployment(&claim, id, Outcome::Succeeded, None).await.expect("closed");

    let mut connection = database.connection().await;
    for statement in ["update audit set what = what", "delete from audit", "truncate audit cascade"] {
        let refused = connection.execute(statement).await.expect_err(statement);
        let message = refused.as_database_error().map(|error| error.message().to_owned());
        assert_eq!(message.as_deref(), Some("audit is append-only"), "{statement}");
    }
    let rows = sqlx::query("select what, union_name, deployment_id, detail from audit order by audit_id")
        .fetch_all(&mut connection)
        .await
        .expect("read");
    let told: Vec<(String, String, Option<uuid::Uuid>, Value)> =
        rows.iter().map(|row| (row.get(0), row.get(1), row.get(2), row.get(3))).collect();
    let (desired, plan) = (Digest::of([1, 1]), Digest::of(r#"{"digest": 1}"#));
    let opened = json!({
        "reason": "push", "creates": 2, "updates": 1, "deletes": 0, "desired": desired, "plan": plan,
    });
    let files = ["union.yaml", "societies/chess.yaml"];
    let files = files.map(|file| json!({ "path": format!("unions/acme/{file}"), "line": 1 }));
    assert_eq!(
        told,
        [
            ("union-accepted".into(), "acme".into(), None, json!({ "files": files })),
            ("deployment-opened".into(), "acme".into(), Some(id.0), opened),
            ("deployment-closed".into(), "acme".into(), Some(id.0), json!({ "outcome": "succeeded" })),
        ]
    );
}

#[tokio::test]
async fn deployments_are_read_newest_first_in_pages() {
    let (_database, store) = with_unions(&["acme", "birch"]).await;
    let mut opened = Vec::new();
    for round in 0..3 {
        for _ in 0..2 {
            let claim = claim(&store).await;
            let id = store.open_deployment(&claim, &rollout(round)).await.expect("opened").id();
            store.close_deployment(&claim, id, Outcome::Succeeded, None).await.expect("closed");
            store.release(&claim, Next::After(Duration::ZERO, Reason::Interval)).await.expect("ours");
            opened.insert(0, (claim.union, id));
        }
    }
    let mut read = Vec::new();
    let mut query = DeploymentQuery { limit: 4, ..DeploymentQuery::default() };
    for expected in [4, 2, 0] {
        let page = store.shown_to(Sight::All).deployments(&query).await.expect("the database answers");
        assert_eq!(page.len(), expected);
        query.after = page.last().map(|deployment| deployment.id).or(query.after);
        read.extend(page.into_iter().map(|deployment| (deployment.union, deployment.id)));
    }
    assert_eq!(read, opened);

    let query = DeploymentQuery { union: Some(name("birch")), limit: 100, ..DeploymentQuery::default() };
    let of_birch = store.shown_to(Sight::All).deployments(&query).await.expect("the database answers");
    let of_birch: Vec<_> = of_birch.into_iter().map(|deployment| deployment.id).collect();
    let expected: Vec<_> =
        opened.iter().filter(|(union, _)| union.as_str() == "birch").map(|(_, id)| *id).collect();
    assert_eq!(of_birch, expected);
}

#[tokio::test]
async fn logs_are_read_from_a_level_and_a_time_on_in_pages() {
    let (_database, store) = with_unions(&["acme"]).await;
    let claim = claim(&store).await;
    let id = store.open_deployment(&claim, &rollout(1)).await.expect("opened").id();
    let line = |level, message: &str| LogLine {
        level,
        message: message.into(),
        fields: [("size_bytes".to_owned(), json!(12))].into_iter().collect(),
    };
    let said = async |lines| {
        let done = StageDone { lines, ..StageDone::default() };
        store.record_stage(&claim, id, &done).await.expect("added");
    };
    said(vec![line(Level::Debug, "a"), line(Level::Info, "b"), line(Level::Warn, "c")]).await;
    let since = store.now().await.expect("the database answers");
    said(vec![line(Level::Info, "d"), line(Level::Error, "e")]).await;

    let (shown, of) = (store.shown_to(Sight::All), record(&store, id).await);
    let read = async |level, since, page, limit| {
        let query = LogQuery { level, since, from: LogFrom::Page(page), limit };
        let lines = shown.log_lines(&of, &query, limit).await.expect("the database answers");
        let messages: String = lines.iter().map(|line| line.message.as_str()).collect();
        (messages, shown.log_length(&of, &query).await.expect("the database answers"))
    };
    assert_eq!(read(Level::Debug, None, 1, 100).await, ("abcde".into(), 5));
    assert_eq!(read(Level::Warn, None, 1, 100).await, ("ce".into(), 2));
    assert_eq!(read(Level::Info, None, 1, 3).await, ("bcd".into(), 4));
    assert_eq!(read(Level::Info, None, 2, 3).await, ("e".into(), 4));
    assert_eq!(read(Level::Info, None, 3, 3).await, (String::new(), 4));
    assert_eq!(read(Level::Debug, Some(since), 1, 100).await, ("de".into(), 2));
    let last = LogQuery { level: Level::Error, since: None, from: LogFrom::Page(1), limit: 1 };
    let lines = shown.log_lines(&of, &last, 1).await.expect("the database answers");
    assert_eq!(lines[0].fields, json!({ "size_bytes": 12 }));
    let beyond = LogQuery { from: LogFrom::After(lines[0].number), ..last };
    assert!(shown.log_lines(&of, &beyond, 1).await.expect("the database answers").is_empty());
}
