//! What was provisioned is gone: told for what it is, never taken for a new union, and let go only by a person.

use serde_json::{Value, json};

use super::support::daemon::{Daemon, Told};
use super::support::postgres::Database;
use super::support::site::Site;
use super::{KEYFORGE, approval, path, union};

/// A daemon with one union that runs.
async fn founded(name: &str) -> (Site, Daemon, String) {
    let site = Site::new(name).await;
    let name = site.union("acme");
    site.commit("Found the union", &[("keyforge.yaml", KEYFORGE), (&path(&name), &union(&name))]);
    let daemon = Daemon::start(&site.told());
    daemon.union_is(&name, "current", None).await;
    (site, daemon, name)
}

/// Waits until the union is failed for this reason; the union as the API tells it.
pub(super) async fn fails(daemon: &Daemon, union: &str, why: &str) -> Value {
    let failed = || async {
        let found = daemon.union(union).await?;
        let told = found["reason"].as_str().is_some_and(|reason| reason.starts_with(why));
        (found["state"] == "failed" && told).then_some(found)
    };
    daemon.until(&format!("`{union}` is failed: {why}"), failed).await
}

/// Commits the approval of the only thing that waits in a union.
pub(super) fn approve(site: &Site, found: &Value) -> String {
    let guards = found["guards"].as_array().expect("a list");
    let [guard] = guards.as_slice() else { panic!("one guard waits: {found:#}") };
    let line = guard["approve"].as_str().expect("the line that approves it");
    approval::approve(site, "bo@federation.example", line)
}

/// A volume that is deleted while its pod runs stays until the pod is gone; without its finalizer it goes at once.
fn lose_volume(site: &Site, union: &str) {
    let namespace = format!("union-{union}");
    site.kubectl(&["-n", &namespace, "delete", "pvc", "vaultwarden-data", "--wait=false"]);
    let patch =
        ["patch", "pvc", "vaultwarden-data", "--type=merge", "-p", r#"{"metadata":{"finalizers":null}}"#];
    site.kubectl(&[&["-n", &namespace][..], &patch].concat());
    // Its node is gone too; the next pod waits for a volume.
    site.kubectl(&["-n", &namespace, "delete", "pod", "--all", "--force", "--grace-period=0"]);
}

/// As a backup of the cluster's objects brings it back: with its labels, as another life; its uid.
fn restore_volume(site: &Site, union: &str, mut claim: Value) -> String {
    let metadata = &claim["metadata"];
    claim["metadata"] = json!({
        "name": metadata["name"], "namespace": metadata["namespace"], "labels": metadata["labels"],
        "annotations": {"keyforge.dev/source": "a backup"},
    });
    claim["status"] = Value::Null;
    claim["spec"]["volumeName"] = Value::Null;
    let file = site.repo.path().with_extension("json");
    std::fs::write(&file, claim.to_string()).expect("a writable folder");
    site.kubectl(&["create", "--filename", file.to_str().expect("a path of ours")]);
    site.uid("pvc", union, "vaultwarden-data")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_namespace_is_never_taken_for_a_new_union_until_somebody_approves() {
    let (site, daemon, name) = founded("nolost").await;
    let namespace = format!("union-{name}");
    site.kubectl(&["-n", &namespace, "create", "configmap", "foreign"]);
    let finalizers = |list: &str| {
        let patch = format!(r#"{{"metadata": {{"finalizers": {list}}}}}"#);
        site.kubectl(&["-n", &namespace, "patch", "configmap", "foreign", "--type=merge", "--patch", &patch]);
    };
    finalizers(r#"["example.org/hold"]"#);
    site.kubectl(&["delete", "namespace", &namespace, "--wait=false"]);
    let named = || async {
        let union = daemon.union(&name).await?;
        let why = union["reason"].as_str().unwrap_or_default();
        (why.contains("ConfigMap") && why.contains("kept by finalizer `example.org/hold`")).then_some(())
    };
    daemon.until("what keeps the namespace is named", named).await;
    finalizers("[]");
    let failed = fails(&daemon, &name, "data-missing: Namespace").await;
    assert!(site.object("deployment", &name, "vaultwarden").is_none());

    approve(&site, &failed);
    let found = daemon.union_is(&name, "current", None).await;
    assert_eq!(found["guards"], json!([]), "nothing waits any more");
    assert!(site.object("deployment", &name, "vaultwarden").is_some());

    // The approval counted once.
    site.kubectl(&["delete", "namespace", &namespace]);
    fails(&daemon, &name, "data-missing").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_volume_is_missed_and_a_restored_one_is_taken_as_it_is_once_somebody_approves() {
    let (site, daemon, name) = founded("novol").await;
    let backup = site.object("pvc", &name, "vaultwarden-data").expect("it is there");
    lose_volume(&site, &name);
    let failed = fails(&daemon, &name, "data-missing").await;
    assert!(failed["reason"].as_str().is_some_and(|why| why.contains("vaultwarden-data")), "{failed:#}");
    assert!(site.object("pvc", &name, "vaultwarden-data").is_none(), "no empty one in its place");

    let restored = restore_volume(&site, &name, backup);
    assert_eq!(
        fails(&daemon, &name, "data-missing").await["guards"],
        failed["guards"],
        "it may be an empty one"
    );
    approve(&site, &failed);
    daemon.union_is(&name, "current", None).await;
    assert_eq!(site.uid("pvc", &name, "vaultwarden-data"), restored);
}

#[tokio::test(flavor = "multi_thread")]
async fn lost_credentials_are_missed_and_drawn_anew_once_somebody_approves() {
    let (site, daemon, name) = founded("nocred").await;
    let hash = || site.object("secret", &name, "vaultwarden").expect("the pod's Secret")["data"].clone();
    let before = hash();
    assert_eq!(daemon.terminate(), Some(0));
    let credentials = format!("union-{name}-credentials");
    site.kubectl(&["-n", &site.name, "delete", "secret", &credentials]);

    let daemon = Daemon::start(&site.told());
    let failed = fails(&daemon, &name, "credentials-lost").await;
    assert_eq!(hash(), before, "the pod keeps what it has");
    let volume = site.uid("pvc", &name, "vaultwarden-data");
    let revision = approve(&site, &failed);
    daemon.union_is(&name, "current", None).await;
    assert_ne!(hash(), before, "another admin token");
    assert_eq!(site.uid("pvc", &name, "vaultwarden-data"), volume, "the same data");
    let audit = format!("%{revision}%");
    let told = "select count(*) from audit where what = 'change-approved' and detail::text like $1";
    let mut connection = site.database.connection().await;
    let told: i64 = sqlx::query_scalar(told).bind(audit).fetch_one(&mut connection).await.expect("the audit");
    assert_eq!(told, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_loss_of_the_database_loses_history_and_nothing_else() {
    let site = Site::new("dbloss").await;
    let name = site.union("acme");
    site.commit("Found the union", &[("keyforge.yaml", KEYFORGE), (&path(&name), &union(&name))]);
    let daemon = Daemon::start(&site.told());
    daemon.union_is(&name, "current", None).await;
    let written = |site: &Site| {
        let of = |namespace: &str, kind: &str, path: &str| {
            site.kubectl(&[
                "-n",
                namespace,
                "get",
                kind,
                "-o",
                &format!("jsonpath={{.items[*].metadata.{path}}}"),
            ])
        };
        let namespace = format!("union-{name}");
        let versions =
            ["configmap", "secret", "service", "networkpolicy"].map(|k| of(&namespace, k, "resourceVersion"));
        let lives = ["deployment", "pvc", "ingress"]
            .map(|kind| of(&namespace, kind, "generation") + &of(&namespace, kind, "uid"));
        (versions, lives, of(&site.name, "secret,configmap", "resourceVersion"))
    };
    let before = written(&site);
    assert_eq!(daemon.terminate(), Some(0));

    let site = site.with_database(Database::empty().await);
    let daemon = Daemon::start(&site.told());
    daemon.union_is(&name, "current", None).await;
    assert_eq!(written(&site), before, "nothing was written");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_union_that_only_the_cluster_knows_is_shown_and_nothing_of_it_is_removed() {
    let site = Site::new("orphan").await;
    let names = ["left", "stays", "vanishes"].map(|name| site.union(name));
    let [left, stays, vanishes] = &names;
    let documents: Vec<(String, String)> = names.iter().map(|name| (path(name), union(name))).collect();
    let documents = documents.iter().map(|(path, text)| (path.as_str(), text.as_str()));
    site.commit(
        "Found unions",
        &[("keyforge.yaml", KEYFORGE)].into_iter().chain(documents).collect::<Vec<_>>(),
    );
    let daemon = Daemon::start(&site.told());
    for name in &names {
        daemon.union_is(name, "current", None).await;
    }
    assert_eq!(daemon.terminate(), Some(0));

    // The database is lost, and the removal was pushed meanwhile: nobody knows that it was one.
    site.remove("Dissolve two unions", &[left, vanishes]);
    let site = site.with_database(Database::empty().await);
    let daemon = Daemon::start(&site.told());
    daemon.union_is(stays, "current", None).await;
    let found = daemon.union_is(left, "held", None).await;
    assert!(found["reason"].as_str().is_some_and(|why| why.contains("no document declares it")), "{found:#}");
    assert!(site.object("deployment", left, "vaultwarden").is_some());

    // Somebody takes all of another one away by hand: its name is free again.
    let namespace = format!("union-{vanishes}");
    daemon.union_is(vanishes, "held", None).await;
    site.kubectl(&["-n", &site.name, "delete", "secret", &format!("{namespace}-credentials")]);
    site.kubectl(&["-n", &site.name, "delete", "configmap", &namespace]);
    site.kubectl(&["delete", "namespace", &namespace]);
    let is_forgotten = || async {
        let (status, _) = daemon.get(&format!("/api/v1/unions/{vanishes}")).await?;
        (status == 404).then_some(())
    };
    daemon.until("what is gone is forgotten", is_forgotten).await;

    let revision = site.commit("Declare it", &[(&path(left), &union(left))]);
    daemon.union_is(left, "current", Some(&revision)).await;
    site.remove("Dissolve it again", &[left]);
    daemon.union_is(left, "tombstone", None).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_dump_of_the_database_removes_nothing_that_is_younger() {
    let (site, daemon, name) = founded("dump").await;
    assert_eq!(daemon.terminate(), Some(0));
    let dump = site.dump();

    let daemon = Daemon::start(&site.told());
    let younger = site.union("younger");
    let revision = site.commit("Found another", &[(&path(&younger), &union(&younger))]);
    daemon.union_is(&younger, "current", Some(&revision)).await;
    let volumes = [&name, &younger].map(|union| site.uid("pvc", union, "vaultwarden-data"));
    assert_eq!(daemon.terminate(), Some(0));

    let site = site.with_database(Database::restored(&dump).await);
    let daemon = Daemon::start(&site.told());
    daemon.union_is(&younger, "current", Some(&revision)).await;
    daemon.union_is(&name, "current", None).await;
    assert_eq!([&name, &younger].map(|union| site.uid("pvc", union, "vaultwarden-data")), volumes);
}

/// Its name is in the copy too, and would be held by both.
#[tokio::test(flavor = "multi_thread")]
async fn a_copy_of_the_database_that_is_used_beside_it_is_another_database() {
    let (site, daemon, name) = founded("copy").await;
    let copy = Database::restored(&site.dump()).await;
    let told = Told { database: &copy.url, ..site.told() };
    let refused = tokio::task::block_in_place(|| Daemon::command(&told, &[]).output()).expect("it ends");
    assert_eq!(refused.status.code(), Some(2));
    let message = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(message.contains("installation `copy` is in use by another database"), "{message}");
    daemon.union_is(&name, "current", None).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_installation_of_the_same_repo_touches_nothing_and_says_whose_it_is() {
    let (site, daemon, name) = founded("ours").await;
    let volume = site.uid("pvc", &name, "vaultwarden-data");
    let database = Database::empty().await;
    let told = Told { database: &database.url, installation: "theirs", namespace: "theirs", ..site.told() };
    let other = Daemon::start(&told);
    let failed = other.union_is(&name, "failed", None).await;
    assert!(
        failed["reason"].as_str().is_some_and(|why| why.contains("belongs to installation `ours`")),
        "{failed:#}"
    );
    assert_eq!(site.uid("pvc", &name, "vaultwarden-data"), volume);
    daemon.union_is(&name, "current", None).await;
}
