//! A database as a large fleet leaves it after a year, filled within seconds: for tests of how it is read, and the bench.
//!
//! Without triggers, which would tell each row to everybody who follows. The same size gives the same rows, but for their
//! times, which count back from now.

use sqlx::{AssertSqlSafe, Executor as _, PgConnection};

/// How much there is.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    /// `union-00001` and so on.
    pub unions: u32,
    /// Of all unions together, the newest five minutes ago, each five minutes before the next.
    pub deployments: u32,
    /// Lines of logs, the same number in each deployment.
    pub lines: u32,
}

impl Size {
    /// What issue 7 names.
    pub const ISSUE: Self = Self { unions: 10_000, deployments: 100_000, lines: 10_000_000 };
}

/// Commits, of which the first is the newest.
pub const REVISIONS: u32 = 5_000;

/// The commit of this number, as SQL.
pub fn commit(number: &str) -> String {
    format!("substr(sha256(({number})::text::bytea), 1, 20)")
}

/// Fills a migrated database.
pub async fn seed(connection: &mut PgConnection, size: Size) {
    let Size { unions, deployments, lines } = size;
    let each = lines / deployments;
    for statements in [fleet(unions), history(unions, deployments), logs(each), "analyze".to_owned()] {
        connection.execute(AssertSqlSafe(statements)).await.expect("the database takes it");
    }
}

/// Unions at the revisions that changed them last, with what they own, their documents and findings.
fn fleet(unions: u32) -> String {
    let (own, changed_by) = (commit("n"), commit(&format!("n % {REVISIONS} + 1")));
    format!(
        "set session_replication_role = replica;
        insert into revision (revision_id, branch, author_name, author_email, subject, committed_at, created_at)
        select {own}, 'main', 'Ana', 'ana@acme.example', 'Change ' || n, now() - make_interval(hours => n),
            now() - make_interval(hours => n)
        from generate_series(1, {REVISIONS}) n;
        insert into head (revision_id, acceptor_version)
        select revision_id, 1 from revision order by created_at desc limit 1;
        insert into union_status (union_name, display_name, domain, societies, members, progress, progress_why, health,
            accepted_revision_id, accepted_tree, accepted_input, accepted_host, applied_revision_id, applied_input,
            applied_desired)
        select 'union-' || lpad(n::text, 5, '0'), 'Union number ' || n, 'https://vault-' || n || '.example', 4, 40,
            case when n % 100 = 0 then 'failed' else 'current' end,
            case when n % 100 = 0 then 'the quota of its namespace is used up' end, 'current',
            {changed_by}, {own}, sha256(n::text::bytea), 'vault-' || n || '.example', {changed_by},
            sha256(n::text::bytea), sha256(n::text::bytea)
        from generate_series(1, {unions}) n;
        insert into work (union_name) select union_name from union_status;
        insert into audit (what, union_name, revision_id)
        select 'union-accepted', union_name, accepted_revision_id from union_status order by union_name;
        insert into hold (union_name, revision_id, why)
        select union_name, accepted_revision_id, '2 errors in its documents' from union_status where union_name like '%7';
        insert into inventory (union_name, api_version, kind, namespace, name, uid)
        select union_name, 'v1', 'Service', union_name, 'resource-' || n, '1'
        from union_status, generate_series(1, 11) n;
        insert into diagnostic (union_name, severity, body) select union_name, 'warning', '{{}}' from union_status;
        insert into acceptance (union_name, body)
        select 'union-' || lpad(n::text, 5, '0'), jsonb_build_object('labels',
            jsonb_build_object('region', 'north-' || n % 500), 'spec', jsonb_build_object('vaultwarden',
            jsonb_build_object('image', 'vaultwarden/server:1.37.' || n % 1000)), 'societies', jsonb_build_object('chess-' || n,
            jsonb_build_object('displayName', 'Chess club ' || n, 'members',
                jsonb_build_array(jsonb_build_object('email', 'ana@union-' || n || '.example')))))
        from generate_series(1, {unions}) n;
        insert into document (document_id, content, left_at)
        select sha256((union_name || n)::bytea), convert_to(repeat(union_name, 50), 'UTF8'),
            case when n > 1 then now() - make_interval(days => n) end
        from union_status, generate_series(1, 5) n;
        insert into acceptance_document (union_name, path, document_id)
        select union_name, 'unions/' || union_name || '/union.yaml', sha256((union_name || 1)::bytea) from union_status;
        select record_listing(array_agg(union_name), (select revision_id from head)) from union_status"
    )
}

/// Their deployments by turns, with events and the audit of them. Ids tell their time, as those of the program do.
fn history(unions: u32, deployments: u32) -> String {
    let revision = commit(&format!("n % {REVISIONS} + 1"));
    format!(
        "insert into deployment (deployment_id, union_name, reason, revision_id, input, desired, plan, creates, updates,
            deletes, keeps, fencing_token, phase, outcome, created_at, closed_at)
        select (
                lpad(to_hex((extract(epoch from at) * 1000)::bigint), 12, '0')
                || '7' || substr(md5(n::text), 1, 3) || '8' || substr(md5(n::text), 4, 15)
            )::uuid,
            'union-' || lpad((n % {unions} + 1)::text, 5, '0'), 'push', {revision}, sha256(n::text::bytea),
            sha256(n::text::bytea), '{{}}', 1, 0, 0, 10, n, 'closed', 'succeeded', at, at + interval '20 s'
        from (
            select n, now() - make_interval(mins => 5 * n) as at from generate_series(1, {deployments}) n
        ) as made;
        insert into deployment_event (deployment_id, stage, change, resource, done)
        select deployment_id, 'workload', 'create',
            jsonb_build_object('apiVersion', 'v1', 'kind', 'Service', 'namespace', union_name, 'name', 'vaultwarden'),
            'created'
        from deployment;
        insert into drift (union_name, resource, field, ours, theirs, manager, outcome, deployment_id, created_at, last_at)
        select union_name,
            jsonb_build_object('apiVersion', 'v1', 'kind', 'Service', 'namespace', union_name, 'name', 'vaultwarden'),
            '.spec.type', '\"ClusterIP\"', '\"NodePort\"', 'kubectl-edit', 'put-back', deployment_id, created_at, created_at
        from deployment where fencing_token / {unions} % 5 = 0;
        insert into state_change (union_name, state, why, created_at, last_at)
        select union_name, case when fencing_token / {unions} % 2 = 0 then 'failed' else 'current' end,
            case when fencing_token / {unions} % 2 = 0 then 'the quota of its namespace is used up' end, created_at, created_at
        from deployment where fencing_token / {unions} % 5 < 2;
        insert into audit (what, union_name, revision_id, deployment_id)
        select 'deployment-opened', union_name, revision_id, deployment_id from deployment;
        insert into audit_link (audit_link_id, audit_id, previous, digest)
        select audit_id, audit_id, case when audit_id > 1 then sha256('') end, sha256('') from audit"
    )
}

/// The lines of each deployment. Indexes are made after, which takes a third of the time.
fn logs(each: u32) -> String {
    format!(
        "set maintenance_work_mem = '256MB';
        create temporary table index_of_logs as
        select format('alter table deployment_log drop constraint %I', conname) as away,
            format('alter table deployment_log add constraint %I %s', conname, pg_get_constraintdef(oid)) as again
        from pg_constraint where conrelid = 'deployment_log'::regclass and contype = 'p'
        union all
        select format('drop index %s', indexrelid::regclass), pg_get_indexdef(indexrelid)
        from pg_index where indrelid = 'deployment_log'::regclass and not indisprimary;
        do $$ declare statement text; begin
            for statement in select away from index_of_logs loop execute statement; end loop;
        end $$;
        insert into deployment_log (deployment_id, level, message, fields, created_at)
        select deployment_id, case when n % 10 = 0 then 'warn' when n % 3 = 0 then 'debug' else 'info' end,
            'Service ' || union_name || '/vaultwarden created, line ' || n, '{{\"stage\": \"workload\"}}', created_at
        from deployment, generate_series(1, {each}) n;
        do $$ declare statement text; begin
            for statement in select again from index_of_logs loop execute statement; end loop;
        end $$"
    )
}
