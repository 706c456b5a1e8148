//! What of the past is removed once it is too old, and what stays whatever its age.

use std::time::Duration;

use keyforge::access::Sight;
use keyforge::store::{BATCH, Decision, DeploymentQuery, Removed, Retention, Store, Sweep, Swept};
use sqlx::{Executor as _, PgConnection, Row as _};

use crate::fixture::{accept, accepted, decided, with_unions};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Logs for 90 days, events for 200, deployments for 365, the last three always; documents for 90 days.
const RETENTION: Retention = Retention {
    keep_logs: DAY.saturating_mul(90),
    keep_events: DAY.saturating_mul(200),
    keep_deployments: DAY.saturating_mul(365),
    keep_last: 3,
    keep_documents: DAY.saturating_mul(90),
    keep_notices: DAY.saturating_mul(30),
};

/// Deployments of `busy`, of `quiet` and of `gone`, which nobody declares any more, each with two lines and an event; and
/// an open one. The place of each in the history is that of its age in days.
const HISTORY: &str = "
    insert into deployment (deployment_id, union_name, reason, revision_id, input, desired, plan, creates, updates,
        deletes, keeps, fencing_token, phase, outcome, created_at, closed_at)
    select gen_random_uuid(), union_name, 'push', (select revision_id from head), sha256(''), sha256(''), '{}', 1, 0, 0, 0,
        1, 'closed', 'succeeded', now() - make_interval(days => age), now() - make_interval(days => age)
    from (
        select 'busy' as union_name, 50 * n as age from generate_series(1, 9) n
        union all select 'quiet', 400 * n from generate_series(1, 2) n
        union all select 'gone', 100 * n from generate_series(1, 5) n
    ) as made;
    insert into deployment (deployment_id, union_name, reason, revision_id, input, desired, plan, creates, updates,
        deletes, keeps, fencing_token, created_at)
    select gen_random_uuid(), 'busy', 'push', (select revision_id from head), sha256(''), sha256(''), '{}', 1, 0, 0, 0,
        1, now() - make_interval(days => 600);
    insert into deployment_log (deployment_id, level, message)
    select deployment_id, 'info', 'line ' || n from deployment, generate_series(1, 2) n;
    insert into deployment_event (deployment_id, stage, change, resource, done)
    select deployment_id, 'workload', 'create', '{}', 'created' from deployment;
    insert into audit (what, union_name, revision_id, deployment_id)
    select 'deployment-opened', union_name, revision_id, deployment_id from deployment;
";

/// A line for each deployment: its union, its age in days, and how many events and lines there are of it.
async fn history(connection: &mut PgConnection) -> String {
    let rows = connection
        .fetch_all(
            "select union_name, round(extract(epoch from now() - created_at) / 86400)::int as age,
                (select count(*) from deployment_event where deployment_id = deployment.deployment_id) as events,
                (select count(*) from deployment_log where deployment_id = deployment.deployment_id) as lines
            from deployment order by union_name, age",
        )
        .await
        .expect("read");
    let line = |row: &sqlx::postgres::PgRow| {
        let (union, age): (String, i32) = (row.get(0), row.get(1));
        let (events, lines): (i64, i64) = (row.get(2), row.get(3));
        format!("{union} {age}: {events} events, {lines} lines\n")
    };
    rows.iter().map(line).collect()
}

async fn sweep(store: &Store, retention: Retention) -> Swept {
    let mut sweep = Sweep::new(retention);
    while sweep.step(store).await.expect("the database answers") {}
    sweep.swept
}

#[tokio::test]
async fn what_is_too_old_goes_and_the_last_deployments_of_each_union_stay_whole() {
    let (database, store) = with_unions(&["busy", "quiet"]).await;
    let mut connection = database.connection().await;
    connection.execute(HISTORY).await.expect("a history");
    let audit = "select count(*) from audit";
    let recorded: i64 = sqlx::query_scalar(audit).fetch_one(&mut connection).await.expect("read");

    let swept = sweep(&store, RETENTION).await;
    assert_eq!(swept, Swept { lines: 16, events: 8, deployments: 4, ..Swept::default() });
    assert_eq!(
        history(&mut connection).await,
        "busy 50: 1 events, 2 lines\n\
         busy 100: 1 events, 2 lines\n\
         busy 150: 1 events, 2 lines\n\
         busy 200: 0 events, 0 lines\n\
         busy 250: 0 events, 0 lines\n\
         busy 300: 0 events, 0 lines\n\
         busy 350: 0 events, 0 lines\n\
         busy 600: 1 events, 2 lines\n\
         gone 100: 1 events, 2 lines\n\
         gone 200: 1 events, 2 lines\n\
         gone 300: 1 events, 2 lines\n\
         quiet 400: 1 events, 2 lines\n\
         quiet 800: 1 events, 2 lines\n"
    );
    assert_eq!(sweep(&store, RETENTION).await, Swept::default());
    let after: i64 = sqlx::query_scalar(audit).fetch_one(&mut connection).await.expect("read");
    assert_eq!(after, recorded, "the audit is for ever");
}

#[tokio::test]
async fn nothing_of_a_deployment_outlives_it() {
    let (database, store) = with_unions(&["busy"]).await;
    let mut connection = database.connection().await;
    connection.execute(HISTORY).await.expect("a history");
    let forever = DAY.saturating_mul(10_000);
    let retention = Retention { keep_logs: forever, keep_events: forever, ..RETENTION };
    assert_eq!(
        sweep(&store, retention).await,
        Swept { lines: 8, events: 4, deployments: 4, ..Swept::default() }
    );
}

#[tokio::test]
async fn a_long_log_goes_in_steps_that_hold_nobody_up() {
    let (database, store) = with_unions(&["busy"]).await;
    let mut connection = database.connection().await;
    connection.execute(HISTORY).await.expect("a history");
    let long = "insert into deployment_log (deployment_id, level, message)
        select deployment_id, 'info', 'again' from (
            select deployment_id from deployment where union_name = 'busy' and phase = 'closed' order by created_at limit 1
        ) as oldest, generate_series(1, 2600)";
    connection.execute(long).await.expect("a long log");
    let mut sweep = Sweep::new(RETENTION);
    let mut steps = Vec::new();
    let mut more = true;
    while more {
        let before = sweep.swept.lines;
        more = sweep.step(&store).await.expect("the database answers");
        steps.push(sweep.swept.lines - before);
    }
    steps.retain(|removed| *removed > 0);
    let batch = u64::from(BATCH);
    assert_eq!(steps, [batch, batch, 616], "2600 lines and 16");
}

#[tokio::test]
async fn a_list_goes_on_after_a_deployment_that_is_removed_meanwhile() {
    let (database, store) = with_unions(&["busy"]).await;
    let mut connection = database.connection().await;
    connection.execute(HISTORY).await.expect("a history");
    // The two oldest of all stay; between them and the reader's place something goes. Ids tell when they were made.
    let place = "update deployment set deployment_id = (
            lpad(to_hex((extract(epoch from created_at) * 1000)::bigint), 12, '0') || '7000800000000000000a'
        )::uuid
        where union_name = 'busy' and phase = 'closed' and created_at < now() - interval '449 days'
        returning deployment_id";
    connection.execute("delete from deployment_log; delete from deployment_event").await.expect("deleted");
    let place: uuid::Uuid = sqlx::query_scalar(place).fetch_one(&mut connection).await.expect("one");
    let query = DeploymentQuery {
        after: Some(keyforge::ids::DeploymentId(place)),
        limit: 10,
        ..DeploymentQuery::default()
    };
    let before = store.shown_to(Sight::All).deployments(&query).await.expect("the database answers");
    assert_eq!(
        before.iter().map(|found| found.union.as_str()).collect::<Vec<_>>(),
        ["gone", "busy", "quiet"]
    );
    sweep(&store, RETENTION).await;
    assert_eq!(
        store
            .shown_to(Sight::All)
            .deployment(query.after.expect("a place"))
            .await
            .expect("the database answers"),
        None
    );
    let after = store.shown_to(Sight::All).deployments(&query).await.expect("the database answers");
    assert_eq!(after.iter().map(|found| found.union.as_str()).collect::<Vec<_>>(), ["busy", "quiet"]);
}

/// The documents, by what stands in them.
async fn documents(connection: &mut PgConnection) -> Vec<String> {
    let contents = "select convert_from(content, 'UTF8') from document order by 1";
    sqlx::query_scalar(contents).fetch_all(connection).await.expect("read")
}

#[tokio::test]
async fn documents_go_some_time_after_the_last_union_that_named_them() {
    let (database, store) = with_unions(&["acme", "kappa"]).await;
    let mut connection = database.connection().await;
    accept(&store, 2, vec![accepted("acme", 2), accepted("kappa", 2)]).await;
    accept(&store, 3, vec![accepted("acme", 3)]).await;
    accept(&store, 4, vec![accepted("acme", 1)]).await;
    let age = "update document set left_at = left_at - interval '91 days'";
    connection.execute(age).await.expect("time passes");
    // `acme` is at 1 again, `kappa` at 2; nobody is at 3.
    assert_eq!(sweep(&store, RETENTION).await.documents, 1);
    let union = |number: u8| format!("kind: Union # {number}");
    let society = || "kind: Society".to_owned();
    assert_eq!(documents(&mut connection).await, [society(), union(1), union(2)]);

    // What was left today stays.
    accept(&store, 5, vec![accepted("acme", 5)]).await;
    assert_eq!(sweep(&store, RETENTION).await.documents, 0);
    connection.execute(age).await.expect("time passes");
    // Who is about to accept it again has locked it.
    let mut acceptor = database.connection().await;
    acceptor
        .execute("begin; select from document where left_at is not null for update")
        .await
        .expect("locked");
    assert_eq!(sweep(&store, RETENTION).await.documents, 0);
    acceptor.execute("rollback").await.expect("given back");
    assert_eq!(sweep(&store, RETENTION).await.documents, 1);
    assert_eq!(documents(&mut connection).await, [society(), union(2), union(5)]);

    // A union that goes takes its names along.
    connection.execute("delete from union_status where union_name = 'kappa'").await.expect("forgotten");
    connection.execute(age).await.expect("time passes");
    assert_eq!(sweep(&store, RETENTION).await.documents, 1);
    assert_eq!(documents(&mut connection).await, [society(), union(5)]);
}

#[tokio::test]
async fn a_removed_union_keeps_its_documents() {
    let (database, store) = with_unions(&["acme"]).await;
    let mut connection = database.connection().await;
    accept(&store, 2, vec![decided("acme", Decision::Removed(Removed::Kept { days: 30 }))]).await;
    connection
        .execute("update document set left_at = left_at - interval '91 days'")
        .await
        .expect("time passes");
    assert_eq!(sweep(&store, RETENTION).await.documents, 0);
}

#[tokio::test]
async fn what_was_put_back_goes_with_the_events_of_its_time_and_what_is_kept_stays() {
    let (database, store) = with_unions(&["acme"]).await;
    let mut connection = database.connection().await;
    connection
        .execute(
            "insert into drift (union_name, resource, field, manager, outcome, deployment_id, ended_at, last_at)
            select 'acme', '{}', field, '', case when field = 'put back' then 'put-back' else 'kept' end,
                case when field = 'put back' then gen_random_uuid() end,
                case when field = 'over' then now() end, now() - make_interval(days => age)
            from (values ('put back', 201), ('put back', 199), ('over', 201), ('kept', 201)) as old (field, age)",
        )
        .await
        .expect("written by hand");
    assert_eq!(sweep(&store, RETENTION).await, Swept { drift: 2, ..Swept::default() });
    let left = "select field from drift order by field";
    let left: Vec<String> = sqlx::query_scalar(left).fetch_all(&mut connection).await.expect("read");
    assert_eq!(left, ["kept", "put back"]);
}

#[tokio::test]
async fn how_states_went_goes_but_for_the_last_of_each_union() {
    let (database, store) = with_unions(&["acme"]).await;
    let mut connection = database.connection().await;
    connection
        .execute(
            "insert into state_change (union_name, state, last_at)
            select union_name, state, now() - make_interval(days => age)
            from (values ('acme', 'failed', 400), ('acme', 'suspended', 300), ('gone', 'failed', 300)) as old (union_name, state, age)",
        )
        .await
        .expect("written by hand");
    assert_eq!(sweep(&store, RETENTION).await, Swept { states: 2, ..Swept::default() });
    let left = "select state from state_change";
    let left: Vec<String> = sqlx::query_scalar(left).fetch_all(&mut connection).await.expect("read");
    assert_eq!(left, ["suspended"]);
}

#[tokio::test]
async fn a_notice_stays_as_long_as_an_older_one_of_its_union() {
    let (database, store) = with_unions(&["acme"]).await;
    let mut connection = database.connection().await;
    connection
        .execute(
            "insert into notice (union_name, event, since, created_at, addressed_at)
            select 'acme', event, '{}', now() - interval '31 days', now()
            from (values (1, 'failed'), (2, 'recovered')) as old (n, event) order by n;
            insert into delivery (destination, notice_id) select sha256(''), min(notice_id) from notice",
        )
        .await
        .expect("written by hand");
    assert_eq!(sweep(&store, RETENTION).await.notices, 0, "the union would be one that failed");
    connection.execute("delete from delivery").await.expect("it is sent");
    assert_eq!(sweep(&store, RETENTION).await.notices, 2);
}
