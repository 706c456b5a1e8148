//! The fence: who lost the lease writes nothing.

use keyforge::digest::Digest;
use keyforge::health::Health;
use keyforge::ids::{ResourceId, Uid};
use keyforge::outcome::{Done, Level, Outcome, Reason, UnionState};
use keyforge::plan::StageName;
use keyforge::store::{Applied, Event, LogLine, Next, StageDone, UnionFacts};
use sqlx::{Connection, Executor, Row};
use uuid::Uuid;

use crate::fixture::{LEASE, claim, expire, making, object, resource, with_unions};
use crate::support::postgres::Database;

/// Everything that a worker may write, as text.
async fn written(database: &Database) -> String {
    let rows = sqlx::query(
        "select 'union', row_to_json(t)::text from union_status t
        union all select 'work', row_to_json(t)::text from work t
        union all select 'deployment', row_to_json(t)::text from deployment t
        union all select 'event', row_to_json(t)::text from deployment_event t
        union all select 'log', row_to_json(t)::text from deployment_log t
        union all select 'inventory', row_to_json(t)::text from inventory t
        union all select 'audit', row_to_json(t)::text from audit t
        order by 1, 2",
    )
    .fetch_all(&mut database.connection().await)
    .await
    .expect("read");
    rows.iter().map(|row| format!("{} {}\n", row.get::<&str, _>(0), row.get::<&str, _>(1))).collect()
}

fn done(owned: &ResourceId) -> StageDone {
    StageDone {
        learned: vec![(resource("Service", "vaultwarden"), Uid("u1".into()))],
        left: vec![owned.clone()],
        events: vec![Event {
            stage: StageName::Workload,
            change: "create",
            resource: resource("Service", "vaultwarden"),
            done: Done::Created,
            message: None,
        }],
        lines: vec![LogLine {
            level: Level::Info,
            message: "Service created".into(),
            fields: serde_json::Map::default(),
        }],
    }
}

fn facts() -> UnionFacts {
    UnionFacts {
        findings: None,
        state: UnionState::Failed,
        health: Some(Health::Failed("the pod does not start".into())),
        why: Some("the pod does not start".into()),
        applied: Some(Applied { revision: object(1), input: Digest::of("i"), desired: Digest::of("d") }),
    }
}

#[tokio::test]
async fn who_lost_the_lease_writes_nothing() {
    let (database, store) = with_unions(&["acme"]).await;
    let stale = claim(&store).await;
    let owned = resource("Secret", "vaultwarden");
    let open = store
        .open_deployment(&stale, &making(std::slice::from_ref(&owned)))
        .await
        .expect("the lease holds")
        .id();

    // Once after it ran out, once after somebody else took over.
    for takeover in [false, true] {
        expire(&database, &stale.union).await;
        if takeover {
            claim(&store).await;
        }
        let before = written(&database).await;
        let refused = [
            ("renew", store.renew(&stale, LEASE).await.err()),
            ("release", store.release(&stale, Next::Idle).await.err()),
            ("release", store.release(&stale, Next::After(LEASE, Reason::Interval)).await.err()),
            (
                "open_deployment",
                store.open_deployment(&stale, &making(&[resource("Service", "vaultwarden")])).await.err(),
            ),
            ("record_stage", store.record_stage(&stale, open, &done(&owned)).await.err()),
            ("wait", store.wait(&stale, open, "rollout", LEASE, &[]).await.err()),
            ("close_deployment", store.close_deployment(&stale, open, Outcome::Succeeded, None).await.err()),
            ("set_status", store.set_status(&stale, &facts()).await.err()),
            ("forget", store.forget(&stale).await.err()),
            ("learned", store.learned(&stale, &[(owned.clone(), Uid("u1".into()))]).await.err()),
        ];
        for (function, error) in refused {
            assert!(error.as_ref().is_some_and(keyforge::store::Error::is_lost), "{function}: {error:?}");
        }
        assert_eq!(written(&database).await, before);
    }
}

#[tokio::test]
async fn nobody_takes_a_union_over_in_the_middle_of_a_write() {
    let (database, store) = with_unions(&["acme"]).await;
    let first = claim(&store).await;
    // The lock that `fenced` takes, held while the lease runs out.
    expire(&database, &first.union).await;
    let mut connection = database.connection().await;
    let mut writing = connection.begin().await.expect("begun");
    writing.execute("select from work where union_name = 'acme' for share").await.expect("locked");
    assert_eq!(store.claim(Uuid::new_v4(), LEASE).await.expect("the database answers"), None);
    writing.commit().await.expect("written");
    assert!(claim(&store).await.token > first.token);
}
