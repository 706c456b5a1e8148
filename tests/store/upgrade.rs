//! A database of an older release: the newest migrations on unions in every state, as they are found then.

use std::path::Path;

use keyforge::access::Sight;
use keyforge::store::UnionQuery;
use sqlx::migrate::Migrator;
use sqlx::{Executor as _, Row as _};

use crate::support::postgres::Database;

/// The newest migration of the release before.
const BEFORE: i64 = 20261129083000;

/// Unions by their states; `gale` waits for an approval in its vault.
const UNIONS: &str = "
    insert into revision (revision_id, branch, author_name, author_email, subject, committed_at, created_at)
    select decode(repeat('0' || n, 20), 'hex'), 'main', 'Ana', 'ana@acme.example', 'Change', now(), now() + n * interval '1 s'
    from generate_series(1, 2) n;
    insert into head (revision_id, acceptor_version) values (decode(repeat('02', 20), 'hex'), 1);
    insert into union_status (union_name, display_name, accepted_revision_id, accepted_tree, accepted_input, accepted_host,
        progress, held_why, awaiting, awaiting_why, waits_since_id, life, kept_until, updated_at)
    select name, name, decode(repeat('01', 20), 'hex'), decode(repeat('01', 20), 'hex'), sha256(''), name || '.example',
        progress, held, case when awaiting is not null then '[]'::jsonb end, awaiting,
        case when num_nulls(held, awaiting) < 2 then decode(repeat('01', 20), 'hex') end,
        life, case when life <> 'running' then now() end, '2026-01-01'
    from (values
        ('acme', 'current', null, null, 'running'), ('birch', 'in-progress', null, null, 'running'),
        ('cedar', 'failed', null, null, 'running'), ('dogwood', 'suspended', null, null, 'running'),
        ('elm', 'current', 'unions/elm/union.yaml:1: no', null, 'running'),
        ('fir', 'current', null, 'it waits', 'running'), ('gale', 'awaiting-approval', null, null, 'running'),
        ('hazel', 'current', null, null, 'retained')
    ) as new (name, progress, held, awaiting, life);
    insert into acceptance (union_name, body)
    select union_name, '{\"labels\": {}, \"societies\": {}, \"spec\": {}}' from union_status;
    update union_status set applied_revision_id = accepted_revision_id, applied_input = accepted_input,
        applied_desired = accepted_input;
";

#[tokio::test]
async fn unions_in_every_state_are_taken_over_as_they_are_and_nobody_is_told_of_them_anew() {
    let database = Database::empty().await;
    let all =
        Migrator::new(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/migrations"))).await.expect("read");
    let older = all.migrations.iter().filter(|migration| migration.version <= BEFORE).cloned().collect();
    let mut connection = database.connection().await;
    Migrator { migrations: older, ..Migrator::DEFAULT }.run(&mut connection).await.expect("migrated");
    connection.execute(UNIONS).await.expect("written by hand");
    let told = "select (select max(event_id) from event)";
    let before: i64 = connection.fetch_one(told).await.expect("read").get(0);

    let store = database.store();
    store.migrate().await.expect("the schema is brought up to date");

    let query = UnionQuery { limit: 10, ..UnionQuery::default() };
    let unions = store.shown_to(Sight::All).unions(&query).await.expect("the database answers");
    let lines: Vec<_> = unions
        .iter()
        .map(|union| format!("{} {} {}", union.name, union.state, union.since.date_naive()))
        .collect();
    assert_eq!(
        lines,
        [
            "acme current 2026-01-01",
            "birch in-progress 2026-01-01",
            "cedar failed 2026-01-01",
            "dogwood suspended 2026-01-01",
            "elm held 2026-01-01",
            "fir awaiting-approval 2026-01-01",
            "gale awaiting-approval 2026-01-01",
            "hazel tombstone 2026-01-01",
        ]
    );
    let held: String = connection
        .fetch_one(
            "select string_agg(union_name || ' ' || left(encode(revision_id, 'hex'), 2), ', ') from hold",
        )
        .await
        .expect("read")
        .get(0);
    assert_eq!(held, "elm 02");
    assert_eq!(connection.fetch_one(told).await.expect("read").get::<i64, _>(0), before);
    let notices: i64 = connection.fetch_one("select count(*) from notice").await.expect("read").get(0);
    assert_eq!(notices, 0);
}
