//! Two versions beside each other: the older one leaves alone what a newer one works on, says so, and works on the rest.
//!
//! The newer one is played by what it leaves behind: its versions in the table of work, in the state object, in the schema.

use keyforge::desired::TEMPLATE_VERSION;
use serde_json::Value;
use sqlx::Executor as _;

use super::support::daemon::{Daemon, until};
use super::support::devcluster::DevCluster;
use super::support::site::Site;
use super::{KEYFORGE, path, union};

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
