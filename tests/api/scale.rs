//! What people wait for, in a large fleet: what is asked for is found by an index, never by reading all there is of it.
//!
//! The queries are those of the program: `.sqlx` has their text. What is only looked up for what was found (the revision of a
//! union, its place in the queue) the server may read as it likes: a row per commit, a row per union.

use sqlx::{Connection as _, Executor as _, PgConnection};

use crate::support::postgres::Database;

/// 10,000 unions, ten deployments of each with their events and logs, and the audit of them. Without triggers, which would
/// tell each row to everybody who follows.
const FLEET: &str = "
    set session_replication_role = replica;
    insert into revision (revision_id, branch, author_name, author_email, subject, committed_at, created_at)
    select substr(sha256(n::text::bytea), 1, 20), 'main', 'Ana', 'ana@acme.example', 'Change ' || n, now(),
        now() - make_interval(mins => n)
    from generate_series(1, 5000) n;
    insert into head (revision_id, acceptor_version)
    select revision_id, 1 from revision order by created_at desc limit 1;
    insert into union_status (union_name, display_name, domain, progress, health, accepted_revision_id, accepted_tree,
        accepted_input, accepted_host, applied_revision_id, applied_input, applied_desired)
    select 'union-' || lpad(n::text, 5, '0'), 'Union number ' || n, 'https://vault-' || n || '.example',
        case when n % 100 = 0 then 'failed' else 'current' end, 'current',
        substr(sha256((n % 5000 + 1)::text::bytea), 1, 20), substr(sha256(n::text::bytea), 1, 20), sha256(n::text::bytea),
        'vault-' || n || '.example', substr(sha256((n % 5000 + 1)::text::bytea), 1, 20), sha256(n::text::bytea),
        sha256(n::text::bytea)
    from generate_series(1, 10000) n;
    insert into work (union_name) select union_name from union_status;
    insert into deployment (deployment_id, union_name, reason, revision_id, input, desired, plan, creates, updates,
        deletes, keeps, fencing_token, phase, outcome, created_at, closed_at)
    select gen_random_uuid(), 'union-' || lpad((n % 10000 + 1)::text, 5, '0'), 'push',
        substr(sha256((n % 5000 + 1)::text::bytea), 1, 20), sha256(n::text::bytea), sha256(n::text::bytea), '{}',
        1, 0, 0, 10, n, 'closed', 'succeeded', now() - make_interval(secs => n), now()
    from generate_series(1, 100000) n;
    insert into deployment_event (deployment_id, stage, change, resource, done)
    select deployment_id, 'workload', 'create',
        jsonb_build_object('apiVersion', 'v1', 'kind', 'Service', 'namespace', union_name, 'name', 'vaultwarden'), 'created'
    from deployment;
    insert into deployment_log (deployment_id, level, message)
    select deployment_id, 'info', 'line ' || n from deployment, generate_series(1, 3) n;
    insert into inventory (union_name, api_version, kind, namespace, name, uid)
    select union_name, 'v1', 'Service', union_name, 'resource-' || n, '1'
    from union_status, generate_series(1, 11) n;
    insert into diagnostic (union_name, severity, body) select union_name, 'warning', '{}' from union_status;
    insert into audit (what, union_name, revision_id, deployment_id)
    select 'deployment-opened', union_name, revision_id, deployment_id from deployment;
    insert into audit_link (audit_link_id, audit_id, previous, digest)
    select audit_id, audit_id, case when audit_id > 1 then sha256('') end, sha256('') from audit;
    analyze;
";

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
    connection.execute(FLEET).await.expect("a fleet");
    let commit = "substr(sha256('77'), 1, 20)";
    let id: uuid::Uuid = sqlx::query_scalar("select deployment_id from deployment limit 1 offset 500")
        .fetch_one(&mut connection)
        .await
        .expect("a deployment");
    let unions = "select union_name, display_name, domain, state";
    let deployments = "select deployment_id, union_name, reason, branch, revision_id, desired, creates, updates, \
        deletes, keeps, phase, health_why, deadline_at, outcome, failure_stage, failure_message, failure_detail, \
        deployment.created_at, closed_at from deployment join revision using (revision_id) where ($1";
    let audit = "select audit_link_id";
    let revisions =
        "select revision_id, branch, author_name, author_email, subject, committed_at, created_at";
    let mut told = String::new();
    for (what, table, beginning, values) in [
        ("the first unions", "union_status", unions, "null, null, null, null, 101, 1, 1".to_owned()),
        (
            "unions from a place",
            "union_status",
            unions,
            "null, null, null, 'union-05000', 101, 1, 1".to_owned(),
        ),
        ("one union", "union_status", unions, "'union-05000', null, null, null, 1, 1, 1".to_owned()),
        ("unions in a state", "union_status", unions, "null, 'failed', null, null, 101, 1, 1".to_owned()),
        (
            "unions with a text",
            "union_status",
            unions,
            "null, null, '%vault-777%', null, 101, 1, 1".to_owned(),
        ),
        ("the newest deployments", "deployment", deployments, "null, null, 101".to_owned()),
        ("deployments of a union", "deployment", deployments, "'union-05000', null, 101".to_owned()),
        ("deployments from a place", "deployment", deployments, format!("null, '{id}', 101")),
        (
            "events of a deployment",
            "deployment_event",
            "select deployment_event_id, created_at, stage",
            format!("'{id}', 0, 101"),
        ),
        ("resources of a union", "inventory", "with recent as", "'union-05000', 0, 101, 20".to_owned()),
        ("the newest revisions", "revision", revisions, "null, 101".to_owned()),
        ("revisions from a place", "revision", revisions, format!("{commit}, 101")),
        (
            "unions of a revision",
            "union_status",
            "select state, count(*) as \"unions!\", count(*) filter",
            commit.to_owned(),
        ),
        ("deployments of a revision", "deployment", "select outcome, count(*)", commit.to_owned()),
        ("the newest of the audit", "audit", audit, "null, null, null, 101".to_owned()),
        ("the audit of a union", "audit", audit, "'union-05000', null, null, 101".to_owned()),
        ("the audit of a revision", "audit", audit, format!("null, {commit}, null, 101")),
        ("the audit from a place", "audit", audit, "null, null, 50000, 101".to_owned()),
    ] {
        let read = read_in_full(&mut connection, beginning, &values).await;
        if read.iter().any(|read| read == table) {
            told += &format!("{what}: {read:?}\n");
        }
    }
    assert_eq!(told, "");
}
