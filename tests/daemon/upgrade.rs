//! Two versions beside each other: the older one leaves alone what a newer one works on, says so, and works on the rest.
//!
//! The newer one is played by what it leaves behind: its versions in the table of work, in the state object, in the schema.
//! Where replicas are replaced, `make test-upgrade` gives the program of a former version; else both are this one.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use keyforge::desired::TEMPLATE_VERSION;
use serde_json::Value;
use sqlx::{Executor as _, Row as _};

use super::support::daemon::{Daemon, Told, until};
use super::support::devcluster::DevCluster;
use super::support::site::Site;
use super::vault::chess;
use super::{KEYFORGE, path, union};

/// How many replicas are replaced.
const REPLICAS: usize = 3;

async fn by_hand(site: &Site, statement: String) {
    let mut connection = site.database.connection().await;
    connection.execute(sqlx::AssertSqlSafe(statement)).await.expect("changed by hand");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_replica_leaves_a_newer_ones_unions_alone_and_works_on_its_own() {
    let site = Site::new("skew").await;
    let (theirs, ours) = (site.union("theirs"), site.union("ours"));
    site.commit(
        "Found two unions",
        &[("keyforge.yaml", KEYFORGE), (&path(&theirs), &union(&theirs)), (&path(&ours), &union(&ours))],
    );
    let older = Daemon::start(&site.told());
    older.union_is(&theirs, "current", None).await;
    older.union_is(&ours, "current", None).await;
    let before = site.object("deployment", &theirs, "vaultwarden");

    // The newer one has rolled it out.
    by_hand(&site, format!("update work set template_version = 1000 where union_name = '{theirs}'")).await;
    let rotated = |name: &str| format!("{}  rotation: {{adminToken: 2}}\n", union(name));
    let revision =
        site.commit("Rotate", &[(&path(&theirs), &rotated(&theirs)), (&path(&ours), &rotated(&ours))]);
    older.union_is(&ours, "current", Some(&revision)).await;
    older.union_is(&theirs, "in-progress", None).await;
    assert_eq!(site.object("deployment", &theirs, "vaultwarden"), before);
    // Nobody took it for a while; the test does not wait for it.
    by_hand(
        &site,
        format!(
            "update work set due_at = due_at - interval '10 min', turn_at = turn_at - interval '10 min'
            where union_name = '{theirs}'"
        ),
    )
    .await;
    let left = older.union_is(&theirs, "in-progress", None).await;
    let why = left["reason"].as_str().unwrap_or_default();
    assert!(why.contains("waits for a newer Keyforge"), "{left:#}");

    // Its turn again.
    by_hand(&site, format!("update work set template_version = 1 where union_name = '{theirs}'")).await;
    let ours_again = older.union_is(&theirs, "current", Some(&revision)).await;
    assert_eq!(ours_again["reason"], Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_union_that_newer_templates_made_is_left_alone_also_after_the_loss_of_the_database() {
    let site = Site::new("newer").await;
    let name = site.union("acme");
    site.commit("Found the union", &[("keyforge.yaml", KEYFORGE), (&path(&name), &union(&name))]);
    let older = Daemon::start(&site.told());
    older.union_is(&name, "current", None).await;
    let record = format!("union-{name}");
    let found = site.kubectl(&["-n", &site.name, "get", "configmap", &record, "-o", "json"]);
    let ours = format!(r#"\"templateVersion\":{TEMPLATE_VERSION}"#);
    let newer = found.replace(&ours, r#"\"templateVersion\":1000"#);
    assert_ne!(newer, found);
    let newer: Value = serde_json::from_str(&newer).expect("JSON");
    let patch = serde_json::json!({ "data": newer["data"] }).to_string();
    site.kubectl(&["-n", &site.name, "patch", "configmap", &record, "--type=merge", "-p", &patch]);

    let told = || async {
        let union = older.union(&name).await?;
        union["reason"].as_str()?.contains("a newer Keyforge applied templates 1000").then_some(union)
    };
    let left = older.until("the union says that it is left alone", told).await;
    assert_eq!(left["state"], "current", "that is no failure: {left:#}");
    let revision = site.commit("Rename it", &[(&path(&name), &union(&name).replace("The ", "Our "))]);
    older
        .until("the revision is accepted", || async {
            older.union(&name).await?["desiredRevision"].as_str()?.ends_with(&revision).then_some(())
        })
        .await;
    let kept = site.kubectl(&["-n", &site.name, "get", "configmap", &record, "-o", "json"]);
    assert!(kept.contains(r#"\"templateVersion\":1000"#), "{kept}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schema_that_grew_is_worked_with_and_one_that_needs_a_newer_program_ends_this_one() {
    let site = Site::new("schema").await;
    let name = site.union("acme");
    site.commit("Found the union", &[("keyforge.yaml", KEYFORGE), (&path(&name), &union(&name))]);
    let mut older = Daemon::start(&site.told());
    older.union_is(&name, "current", None).await;

    // A newer one only adds.
    let grown = "alter table union_status add column newer text not null default 'x';
        create table newer (union_name text references union_status on delete cascade);
        insert into _sqlx_migrations (version, description, success, checksum, execution_time)
            values (99991231000000, 'newer', true, '\\x00', 0)";
    by_hand(&site, grown.to_owned()).await;
    let renamed = union(&name).replace("The ", "Our ");
    let revision = site.commit("Rename it", &[(&path(&name), &renamed)]);
    older.union_is(&name, "current", Some(&revision)).await;
    assert_eq!(older.terminate(), Some(0));
    older = Daemon::start(&site.told());
    older.union_is(&name, "current", Some(&revision)).await;

    // A later one takes away what this program needs, and says so.
    by_hand(&site, "update installation_info set min_compatible = 99991231000000".to_owned()).await;
    let needs = "the database needs a newer Keyforge: its schema needs migration 99991231000000";
    let ended = std::sync::Mutex::new(older);
    let end = || async { ended.lock().expect("whole").ended() };
    let status = until(end).await.expect("it ends");
    let log = ended.into_inner().expect("whole").kill();
    assert_eq!(status.code(), Some(2), "{log}");
    assert!(log.contains(needs), "{log}");
    let refused =
        tokio::task::block_in_place(|| Daemon::command(&site.told(), &[]).output()).expect("it ends");
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).contains(needs));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_newer_version_remembers_of_a_union_is_kept_by_an_older_one_that_writes_it() {
    let site = Site::new("remembers").await;
    let name = site.union("acme");
    site.commit("Found the union", &[("keyforge.yaml", KEYFORGE), (&path(&name), &union(&name))]);
    let older = Daemon::start(&site.told());
    older.union_is(&name, "current", None).await;
    let record = format!("union-{name}");
    let kept = || {
        let found = site.kubectl(&["-n", &site.name, "get", "configmap", &record, "-o", "json"]);
        let found: Value = serde_json::from_str(&found).expect("JSON");
        serde_json::from_str::<Value>(found["data"]["record.json"].as_str().expect("text")).expect("JSON")
    };
    let mut newer = kept();
    newer["newer"] = serde_json::json!({ "counts": 3 });
    let patch = serde_json::json!({ "data": { "record.json": newer.to_string() } }).to_string();
    site.kubectl(&["-n", &site.name, "patch", "configmap", &record, "--type=merge", "-p", &patch]);

    let revision = site.commit("Rename it", &[(&path(&name), &union(&name).replace("The ", "Our "))]);
    older.union_is(&name, "current", Some(&revision)).await;
    let written = kept();
    assert_ne!(written["input"], newer["input"], "the older one wrote it");
    assert_eq!(written["newer"], newer["newer"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn roles_of_an_older_version_are_brought_up_to_date_or_told_where_somebody_else_made_them() {
    let cluster = DevCluster::start();
    let site = Site::on(&cluster, "roles").await;
    let name = site.union("acme");
    site.commit("Found the union", &[("keyforge.yaml", KEYFORGE), (&path(&name), &union(&name))]);
    let rules = || site.kubectl(&["get", "clusterrole", "keyforge-applier", "-o", "jsonpath={.rules}"]);
    let older = r#"[{"op": "replace", "path": "/rules", "value": [{"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]}]}]"#;
    let patch = ["patch", "clusterrole", "keyforge-applier", "--type=json", "-p", older];
    let daemon = Daemon::start(&site.told());
    daemon.union_is(&name, "current", None).await;
    assert_eq!(daemon.terminate(), Some(0));
    let whole = rules();

    site.kubectl(&[&patch[..], &["--field-manager=keyforge"]].concat());
    assert_ne!(rules(), whole);
    let daemon = Daemon::start(&site.told());
    daemon.until("its own role is brought up to date", || async { (rules() == whole).then_some(()) }).await;
    assert_eq!(daemon.terminate(), Some(0));

    site.kubectl(&patch);
    let theirs = rules();
    let daemon = Daemon::start(&site.told());
    let told =
        "ClusterRole keyforge-applier lacks rights of this version: apply the one that is shipped with it";
    daemon
        .until("it says what somebody else's lacks", || async { daemon.log().contains(told).then_some(()) })
        .await;
    assert_eq!(rules(), theirs);
}

#[expect(
    clippy::disallowed_methods,
    reason = "it replaces a part of the tests, not a setting of the product"
)]
fn former() -> PathBuf {
    std::env::var_os("KEYFORGE_FORMER").map_or_else(this, PathBuf::from)
}

fn this() -> PathBuf {
    env!("CARGO_BIN_EXE_keyforge").into()
}

#[tokio::test(flavor = "multi_thread")]
async fn replicas_are_replaced_one_by_one_while_what_is_pushed_is_rolled_out_once() {
    let cluster = DevCluster::running();
    let site = Site::on(&cluster, "rolling").await;
    let unions = ["a", "b", "c"].map(|name| site.union(name));
    let mut revision = push(&site, &unions, 1);
    let mut replicas = Vec::new();
    for number in 0..REPLICAS {
        replicas.push(replica(Former, &site, number).await);
    }
    are_current(&replicas, &unions, &revision).await;
    let volumes = || unions.each_ref().map(|union| site.uid("pvc", union, "vaultwarden-data"));
    let founded = volumes();

    let mut said = String::new();
    for number in 0..REPLICAS {
        replicas.push(replica(This, &site, REPLICAS + number).await);
        revision = push(&site, &unions, number + 2);
        // In the middle of what it may have begun with it.
        let (code, log) = replicas.remove(0).terminate_and_tell();
        assert_eq!(code, Some(0), "{log}");
        said.push_str(&log);
        are_current(&replicas, &unions, &revision).await;
    }

    said.extend(replicas.iter().map(Daemon::log));
    assert!(!said.contains("ERROR"), "a replica of one version cannot do with the other's rows:\n{said}");
    assert_eq!(volumes(), founded, "the vaults are what they were");
    each_state_was_rolled_out_once(&site, &unions, 1 + REPLICAS).await;
    let society = format!("/api/v1/unions/{}/societies/chess", unions[0]);
    for daemon in &replicas {
        let founded = || async { (daemon.get(&society).await?.1["state"] == "current").then_some(()) };
        daemon.until("the society that only newer ones found is there", founded).await;
    }
}

/// Which program a replica runs.
enum Version {
    Former,
    This,
}
use Version::{Former, This};

/// One more replica, once it is ready. Only this version is told how vaults are reached: an older one knows nothing of it.
async fn replica(version: Version, site: &Site, number: usize) -> Daemon {
    // Each has a mirror of its own.
    let state = site.repo.state_dir().with_extension(number.to_string());
    let told = Told { state: &state, ..site.told() };
    let daemon = match version {
        // In the place of a former one this version is told nothing either, and leaves vaults alone.
        Former if former() == this() => Daemon::start(&told),
        Former => Daemon::start_by(Daemon::command_of(&former(), &told, &[])),
        This => Daemon::start_with(&told, &["--reach", "port-forward"]),
    };
    let ready = || async { (daemon.get("/health/ready").await?.0 == 200).then_some(()) };
    daemon.until("it is ready", ready).await;
    daemon
}

/// Every replica says so.
async fn are_current(replicas: &[Daemon], unions: &[String], revision: &str) {
    for daemon in replicas {
        for union in unions {
            daemon.union_is(union, "current", Some(revision)).await;
        }
    }
}

/// The `n`th state of all unions; the first one has a society.
fn push(site: &Site, unions: &[String], n: usize) -> String {
    let change = site.repo.change().file("keyforge.yaml", KEYFORGE);
    let change = change.file(&format!("unions/{}/societies/chess.yaml", unions[0]), chess(1));
    let change = unions.iter().fold(change, |change, name| {
        change.file(&path(name), format!("{}  rotation: {{adminToken: {n}}}\n", union(name)))
    });
    change.push("Rotate everything").to_string()
}

/// Each pushed revision of each union came to be, and no state of it twice; what a replica left at its end was taken up by
/// another one. Where this version renders otherwise, its state of a revision may replace the former one's while that waits.
async fn each_state_was_rolled_out_once(site: &Site, unions: &[String], pushed: usize) {
    let rows = "select union_name, encode(revision_id, 'hex'), encode(desired, 'hex'), outcome, reason, exists(
            select from deployment_event event
            where event.deployment_id = deployment.deployment_id
                and event.stage not in ('controller', 'record') and event.done in ('created', 'updated', 'deleted')
        )
        from deployment";
    let rows = sqlx::query(rows).fetch_all(&mut site.database.connection().await).await;
    let rows = rows.expect("the deployments");
    let (mut times, mut came_to_be) = (BTreeMap::new(), BTreeSet::new());
    for row in &rows {
        let [union, revision, desired] = [0, 1, 2].map(|column| row.get::<&str, _>(column));
        match row.get::<Option<&str>, _>(3) {
            Some("succeeded") => {
                came_to_be.insert((union, revision));
                // What was put back once more was drift. Into a vault looks who is told how, when it comes to it: after
                // another one's rollout it founds the society alone.
                let is_rollout = row.get::<&str, _>(4) != "drift" && row.get::<bool, _>(5);
                *times.entry((union, desired)).or_insert(0) += usize::from(is_rollout);
            }
            Some("interrupted") => {}
            Some("superseded") if former() != this() => {}
            other => panic!("{union} ended as {other:?}"),
        }
    }
    assert!(times.values().all(|times| *times <= 1), "{times:?}");
    for union in unions {
        let revisions = came_to_be.iter().filter(|(name, _)| name == union).count();
        assert_eq!(revisions, pushed, "{union}: {came_to_be:?}");
    }
}
