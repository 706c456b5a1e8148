//! What people wait for, in a large fleet: what is asked for is found by an index, never by reading all there is of it.
//!
//! The queries are those of the program: `.sqlx` has their text. What is only looked up for what was found (the revision of a
//! union, its place in the queue) the server may read as it likes: a row per commit, a row per union. The map is of all unions,
//! and reads their names.

use sqlx::{Connection as _, Executor as _, PgConnection};

use crate::support::postgres::Database;
use crate::support::seed::{Size, commit, seed};

/// Ten deployments of each union, with their events and three lines each.
const SIZE: Size = Size { unions: 10_000, deployments: 100_000, lines: 300_000 };

/// What is told in the place of texts about others.
const TEXTS: &str = "array['duplicate-domain'], 'held', 'it is removed, %', 'removed'";

/// The one query of the program that begins so, blanks aside.
fn query(beginning: &str) -> String {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(".sqlx");
    let files = std::fs::read_dir(folder).expect("a folder");
    let mut found = files.map(|file| {
        let text = std::fs::read_to_string(file.expect("a file").path()).expect("readable");
        let described: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        described["query"].as_str().expect("a query").to_owned()
    });
    let plain = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut found = found.by_ref().filter(|query| plain(query).starts_with(beginning));
    let query = found.next().expect(beginning);
    assert!(found.next().is_none(), "`{beginning}` begins more than one query");
    query
}

/// The tables that the server would read from one end to the other for it.
async fn read_in_full(connection: &mut PgConnection, beginning: &str, values: &str) -> Vec<String> {
    let mut transaction = connection.begin().await.expect("a transaction");
    let prepare = format!("prepare asked as {}", query(beginning));
    transaction.execute(sqlx::AssertSqlSafe(prepare)).await.expect("a query");
    let explain = format!("explain execute asked({values})");
    let lines: Vec<String> = sqlx::query_scalar(sqlx::AssertSqlSafe(explain))
        .fetch_all(&mut *transaction)
        .await
        .expect("an explanation");
    transaction.execute("deallocate asked").await.expect("forgotten");
    let read = lines.iter().filter_map(|line| line.split("Seq Scan on ").nth(1)?.split(' ').next());
    read.map(str::to_owned).collect()
}

#[tokio::test]
async fn at_10_000_unions_nothing_that_people_wait_for_reads_a_whole_table() {
    let database = Database::migrated().await;
    let mut connection = database.connection().await;
    seed(&mut connection, SIZE).await;
    let commit = &commit("77");
    let id: uuid::Uuid = sqlx::query_scalar("select deployment_id from deployment limit 1 offset 500")
        .fetch_one(&mut connection)
        .await
        .expect("a deployment");
    let unions = "select union_name, display_name, domain, state";
    let deployments = "select deployment_id, union_name, reason, branch, revision_id, desired, creates, updates, \
        deletes, keeps, phase, health_why, deadline_at, outcome, failure_stage, failure_message, failure_detail, \
        deployment.created_at, closed_at from deployment join revision using (revision_id) where ($1";
    let audit = "select audit_link_id";
    let revisions = "select revision_id, branch, author_name, subject, committed_at, created_at";
    let worst = "select state, union_name from union_status";
    let nothing = "null, null, null";
    let (touched, told_of) = ("with judged as (", "select asked.union_name");
    let (drift, timeline) = ("select drift_id, resource", "with told as");
    let none = "null, null, null, null, null, null";
    let moments = "'union-05000', null, '-infinity', 'infinity', null";
    // Whoever sees two unions of all.
    let two = "array['union-00077', 'union-05000']";
    let mut told = String::new();
    for (what, table, beginning, values) in [
        (
            "the first unions",
            "union_status",
            unions,
            format!("null, null, null, null, 101, 1, 1, null, {TEXTS}, {nothing}"),
        ),
        (
            "unions from a place",
            "union_status",
            unions,
            format!("null, null, null, 'union-05000', 101, 1, 1, null, {TEXTS}, {nothing}"),
        ),
        (
            "one union",
            "union_status",
            unions,
            format!("array['union-05000'], null, null, null, 1, 1, 1, null, {TEXTS}, {nothing}"),
        ),
        (
            "unions in a state",
            "union_status",
            unions,
            format!("null, 'failed', null, null, 101, 1, 1, null, {TEXTS}, {nothing}"),
        ),
        (
            "unions with a text",
            "union_status",
            unions,
            format!("null, null, '%vault-777%', null, 101, 1, 1, null, {TEXTS}, {nothing}"),
        ),
        ("the worst unions", "union_status", worst, format!("null, null, null, null, null, 101, {nothing}")),
        (
            "the worst from a place",
            "union_status",
            worst,
            format!("null, null, 'current', 'union-05000', null, 101, {nothing}"),
        ),
        (
            "the worst of a viewer",
            "union_status",
            worst,
            format!("null, null, null, null, {two}, 101, {nothing}"),
        ),
        (
            "unions that do not work",
            "union_status",
            "select union_name from union_status where health",
            "null, 10".to_owned(),
        ),
        (
            "the newest deployments",
            "deployment",
            deployments,
            "null, null, 101, null, null, null, null, null".to_owned(),
        ),
        (
            "deployments of a union",
            "deployment",
            deployments,
            "'union-05000', null, 101, null, null, null, null, null".to_owned(),
        ),
        (
            "deployments from a place",
            "deployment",
            deployments,
            format!("null, '{id}', 101, now(), null, null, null, null"),
        ),
        (
            "events of a deployment",
            "deployment_event",
            "select deployment_event_id, created_at, stage",
            format!("'{id}', 0, 101"),
        ),
        ("resources of a union", "inventory", "with recent as", "'union-05000', 0, 101, 20, null".to_owned()),
        (
            "deployments that are too old",
            "deployment",
            "with looked as materialized",
            format!("3600, now() - interval '1 day', '{id}', 500, 19"),
        ),
        (
            "lines of deployments that are too old",
            "deployment_log",
            "delete from deployment_log",
            format!("array['{id}'::uuid], 1000"),
        ),
        (
            "events of deployments that are too old",
            "deployment_event",
            "delete from deployment_event",
            format!("array['{id}'::uuid], 1000"),
        ),
        ("deployments that go", "deployment", "delete from deployment where", format!("array['{id}'::uuid]")),
        ("documents that are too old", "document", "delete from document where", "3600, 1000".to_owned()),
        ("the newest revisions", "revision", revisions, format!("null, 101, null, null, null, {none}")),
        ("revisions from a place", "revision", revisions, format!("{commit}, 101, null, null, null, {none}")),
        (
            "revisions whose names begin alike",
            "revision",
            revisions,
            format!("null, 8, null, {commit}, {commit}, {none}"),
        ),
        (
            "how many unions have a text",
            "union_status",
            "select state, count(*) as \"unions!\" from",
            format!("'%vault-777%', null, {nothing}"),
        ),
        (
            "unions with a label",
            "acceptance",
            worst,
            r#"null, null, null, null, null, 101, null, '{"region": "north-7"}', null"#.to_owned(),
        ),
        (
            "how many unions list somebody",
            "acceptance",
            "select state, count(*) as \"unions!\" from",
            "null, null, null, null, 'ana@union-777.example'".to_owned(),
        ),
        (
            "what was put back today",
            "deployment",
            "select count(*) as \"deployments!\" from deployment",
            "'drift', null".to_owned(),
        ),
        (
            "unions by a few letters",
            "union_status",
            "select union_name as \"union_name!\"",
            "'vault-777%', '%vault-777%', null, 8".to_owned(),
        ),
        (
            "people by their address",
            "acceptance",
            "select listed.key as \"name!\"",
            "'ana@union-777.example', null, 8".to_owned(),
        ),
        (
            "unions of a revision",
            "union_status",
            "select state, count(*) as \"unions!\", count(*) filter",
            format!("{commit}, null"),
        ),
        ("deployments of a revision", "deployment", "select outcome, count(*)", format!("{commit}, null")),
        (
            "unions that a revision touches",
            "audit",
            touched,
            format!("{commit}, null, array['unsigned-commit'], null"),
        ),
        (
            "held unions of a revision",
            "hold",
            touched,
            format!("{commit}, null, array['unsigned-commit'], null"),
        ),
        (
            "rollouts of a revision",
            "deployment",
            touched,
            format!("{commit}, null, array['unsigned-commit'], null"),
        ),
        ("unions of a revision in full", "audit", told_of, format!("{commit}, {two}, null")),
        ("deployments of unions of a revision", "deployment", told_of, format!("{commit}, {two}, null")),
        ("holds of unions of a revision", "hold", told_of, format!("{commit}, {two}, null")),
        ("the state of unions of a revision", "union_status", told_of, format!("{commit}, {two}, null")),
        (
            "who vouches for a revision",
            "audit",
            "with judged as materialized",
            format!("{commit}, null, array['unsigned-commit']"),
        ),
        ("the revision before", "revision", "select before.revision_id", commit.clone()),
        (
            "what others changed of a union",
            "drift",
            drift,
            format!("'union-05000', {two}, null, null, null, null, 101"),
        ),
        (
            "what others changed, from a place",
            "drift",
            drift,
            "'union-05000', null, null, null, null, 500, 101".to_owned(),
        ),
        (
            "what is known of drift",
            "drift",
            "select resource, field, ours",
            "'union-05000', 3600, 5000".to_owned(),
        ),
        ("drift that is too old", "drift", "delete from drift", "3600, 1000".to_owned()),
        ("deployments of a timeline", "deployment", timeline, format!("{moments}, null, null, null, 251")),
        ("states of a timeline", "state_change", timeline, format!("{moments}, null, null, null, 251")),
        ("holds of a timeline", "hold", timeline, format!("{moments}, null, null, null, 251")),
        ("drift of a timeline", "drift", timeline, format!("{moments}, null, null, null, 251")),
        ("the audit of a timeline", "audit", timeline, format!("{moments}, null, null, null, 251")),
        (
            "a timeline from a place",
            "deployment",
            timeline,
            format!("{moments}, now() - interval '1 day', 'deployment', '{id}', 251"),
        ),
        ("states that are too old", "state_change", "delete from state_change", "3600, 1000".to_owned()),
        ("the newest of the audit", "audit", audit, "null, null, null, 101, null".to_owned()),
        ("the audit of a union", "audit", audit, "'union-05000', null, null, 101, null".to_owned()),
        ("the audit of a revision", "audit", audit, format!("null, {commit}, null, 101, null")),
        ("the audit from a place", "audit", audit, "null, null, 50000, 101, null".to_owned()),
        ("the audit of a viewer", "audit", audit, format!("null, null, null, 101, {two}")),
        (
            "who could read in a society",
            "listing",
            "select body, listing",
            "'union-05000', 'chess-5000', now(), null".to_owned(),
        ),
        (
            "the unions of a viewer",
            "union_status",
            unions,
            format!("null, null, null, null, 101, 1, 1, {two}, {TEXTS}, {nothing}"),
        ),
        (
            "how many unions a viewer sees",
            "union_status",
            "select state, health, count(*) as \"unions!\" from union_status where",
            two.to_owned(),
        ),
        (
            "the deployments of a viewer",
            "deployment",
            deployments,
            format!("null, null, 101, null, {two}, null, null, null"),
        ),
        ("the revisions of a viewer", "audit", revisions, format!("null, 101, {two}, null, null, {none}")),
        (
            "the diagnostics of a viewer",
            "diagnostic",
            "select diagnostic_id, union_name, body",
            format!("null, null, null, 101, {two}, null, null, null"),
        ),
        (
            "deployments that failed",
            "deployment",
            deployments,
            "null, null, 101, null, null, 'failed', null, null".to_owned(),
        ),
        (
            "deployments that put something back",
            "deployment",
            deployments,
            "null, null, 101, null, null, null, 'drift', null".to_owned(),
        ),
        (
            "revisions of a union",
            "audit",
            revisions,
            "null, 101, null, null, null, null, null, 'union-05000', null, null, null".to_owned(),
        ),
        (
            "revisions of unions that failed",
            "union_status",
            revisions,
            "null, 101, null, null, null, null, null, null, null, 'failed', null".to_owned(),
        ),
    ] {
        let read = read_in_full(&mut connection, beginning, &values).await;
        if read.iter().any(|read| read == table) {
            told += &format!("{what}: {read:?}\n");
        }
    }
    assert_eq!(told, "");
}
