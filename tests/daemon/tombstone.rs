//! Removed unions: stopped and kept until their date, then deleted, unless they come back; and what a deletion hangs on.

use serde_json::Value;

use super::support::daemon::Daemon;
use super::support::postgres::Database;
use super::support::site::Site;
use super::{KEYFORGE, path, union};

/// A policy that lets several unions go at once, and a union that stays.
fn keyforge() -> String {
    format!("{KEYFORGE}  guards: {{unionsRemovedPerRevision: 9}}\n")
}

/// A site with these unions, and one that stays.
fn founded(site: &Site, unions: &[(&str, &str)]) -> Daemon {
    let stays = site.union("stays");
    let mut files = vec![("keyforge.yaml".to_owned(), keyforge()), (path(&stays), union(&stays))];
    files.extend(unions.iter().map(|(name, text)| (path(name), (*text).to_owned())));
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    site.commit("Found the unions", &files);
    Daemon::start(&site.told())
}

fn reason(union: &Value) -> &str {
    union["reason"].as_str().unwrap_or_default()
}

/// Waits until a union is in this state for a reason with these words.
async fn told(daemon: &Daemon, name: &str, state: &str, words: &str) -> Value {
    daemon
        .until(&format!("`{name}` is {state}: {words}"), || async {
            let found = daemon.union(name).await?;
            (found["state"] == state && reason(&found).contains(words)).then_some(found)
        })
        .await
}

/// The day that a reason names.
fn day(union: &Value) -> String {
    let (_, rest) = reason(union).split_once("data kept until ").expect("a day");
    rest.chars().take(10).collect()
}

/// Lets the date come, in the table and in the state object, while no daemon runs.
async fn let_the_date_come(site: &Site, name: &str) {
    let mut connection = site.database.connection().await;
    let come = sqlx::query("update union_status set kept_until = now() where union_name = $1").bind(name);
    come.execute(&mut connection).await.expect("the table of unions");
    change_ending(site, name, "until", "2026-01-01T00:00:00Z".into());
}

/// Changes how a union ends by what its state object says.
fn change_ending(site: &Site, name: &str, field: &str, value: Value) {
    let record = format!("union-{name}");
    let object = site.kubectl(&["-n", &site.name, "get", "configmap", &record, "-o", "json"]);
    let object: Value = serde_json::from_str(&object).expect("kubectl prints JSON");
    let text = object["data"]["record.json"].as_str().expect("a record");
    let mut record_text: Value = serde_json::from_str(text).expect("JSON");
    record_text["ending"][field] = value;
    let patch = serde_json::json!({"data": {"record.json": record_text.to_string()}}).to_string();
    site.kubectl(&["-n", &site.name, "patch", "configmap", &record, "--type", "merge", "--patch", &patch]);
}

/// Waits until nothing of a union is left, and nobody knows it any more.
pub(super) async fn is_forgotten(site: &Site, daemon: &Daemon, name: &str) {
    daemon.until("its row is gone", || async { daemon.union(name).await.is_none().then_some(()) }).await;
    let namespace = format!("union-{name}");
    assert_eq!(site.kubectl(&["get", "namespace", &namespace, "--ignore-not-found", "-o", "name"]), "");
    let kept = site.kubectl(&["-n", &site.name, "get", "secret,configmap", "-o", "name"]);
    assert!(!kept.contains(name), "{kept}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removed_union_is_stopped_and_keeps_data_and_domain_until_it_returns() {
    let site = Site::new("removed").await;
    let (leaves, newcomer) = (site.union("leaves"), site.union("newcomer"));
    let daemon = founded(&site, &[(&leaves, &union(&leaves))]);
    daemon.union_is(&leaves, "current", None).await;
    let secrets = site.secret_values(&leaves);
    let volume = site.uid("pvc", &leaves, "vaultwarden-data");

    site.remove("Dissolve a union", &[&leaves]);
    let removed = told(&daemon, &leaves, "tombstone", "data kept until ").await;
    assert!(reason(&removed).contains(", 30 days"), "{removed:#}");
    daemon
        .until("nobody is led to it and it is stopped", || async {
            let stopped = site.object("deployment", &leaves, "vaultwarden")?["spec"]["replicas"] == 0;
            let led = ["service", "ingress"].map(|kind| site.object(kind, &leaves, "vaultwarden"));
            (stopped && led == [None, None]).then_some(())
        })
        .await;
    assert_eq!(site.uid("pvc", &leaves, "vaultwarden-data"), volume);
    assert_eq!(site.secret_values(&leaves), secrets);

    let claims = union(&newcomer).replace(&format!("https://{newcomer}."), &format!("https://{leaves}."));
    site.commit("Claim its domain", &[(&path(&newcomer), &claims)]);
    told(&daemon, &newcomer, "held", &format!("belongs to union `{leaves}`")).await;

    // A start shortens nothing.
    assert_eq!(daemon.terminate(), Some(0));
    let daemon = Daemon::start(&site.told());
    let after = told(&daemon, &leaves, "tombstone", "data kept until ").await;
    assert_eq!((day(&after), &after["keptUntil"]), (day(&removed), &removed["keptUntil"]));

    site.remove("No newcomer", &[&newcomer]);
    site.commit("Found it again", &[(&path(&leaves), &union(&leaves))]);
    daemon.union_is(&leaves, "current", None).await;
    assert_eq!(site.uid("pvc", &leaves, "vaultwarden-data"), volume, "it returns with its data");
    assert_eq!(site.secret_values(&leaves), secrets);
    assert!(site.object("service", &leaves, "vaultwarden").is_some());
    assert!(site.dump().contains("it comes back with its data, kept until"), "the plan says so");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_union_whose_date_has_come_is_deleted_and_its_name_and_domain_are_free() {
    let site = Site::new("date").await;
    let leaves = site.union("leaves");
    let daemon = founded(&site, &[(&leaves, &union(&leaves))]);
    daemon.union_is(&leaves, "current", None).await;
    let volume = site.uid("pvc", &leaves, "vaultwarden-data");
    site.remove("Dissolve a union", &[&leaves]);
    told(&daemon, &leaves, "tombstone", "data kept until ").await;
    daemon
        .until("its state object knows the date", || async {
            let object = site.kubectl(&[
                "-n",
                &site.name,
                "get",
                "configmap",
                &format!("union-{leaves}"),
                "-o",
                "json",
            ]);
            object.contains("until").then_some(())
        })
        .await;
    assert_eq!(daemon.terminate(), Some(0));

    let_the_date_come(&site, &leaves).await;
    let daemon = Daemon::start(&site.told());
    is_forgotten(&site, &daemon, &leaves).await;

    site.commit("Found another one of its name", &[(&path(&leaves), &union(&leaves))]);
    daemon.union_is(&leaves, "current", None).await;
    assert_ne!(site.uid("pvc", &leaves, "vaultwarden-data"), volume, "it is a new one");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tombstone_outlives_the_database() {
    let site = Site::new("outlives").await;
    let leaves = site.union("leaves");
    let daemon = founded(&site, &[(&leaves, &union(&leaves))]);
    daemon.union_is(&leaves, "current", None).await;
    let volume = site.uid("pvc", &leaves, "vaultwarden-data");
    site.remove("Dissolve a union", &[&leaves]);
    let removed = told(&daemon, &leaves, "tombstone", "data kept until ").await;
    daemon
        .until("it is stopped", || async {
            let stopped = site.object("deployment", &leaves, "vaultwarden")?["spec"]["replicas"] == 0;
            stopped.then_some(())
        })
        .await;
    assert_eq!(daemon.terminate(), Some(0));

    let site = site.with_database(Database::empty().await);
    let daemon = Daemon::start(&site.told());
    let after = told(&daemon, &leaves, "tombstone", "data kept until ").await;
    assert_eq!((day(&after), &after["domain"]), (day(&removed), &removed["domain"]));

    site.commit("Found it again", &[(&path(&leaves), &union(&leaves))]);
    daemon.union_is(&leaves, "current", None).await;
    assert_eq!(site.uid("pvc", &leaves, "vaultwarden-data"), volume, "it returns with its data");
}

/// As an old copy of the database leaves it: the deletion that the cluster remembers was not decided yet.
#[tokio::test(flavor = "multi_thread")]
async fn a_deletion_that_has_begun_goes_on_although_the_database_has_a_later_date() {
    let site = Site::new("begun").await;
    let leaves = site.union("leaves");
    let daemon = founded(&site, &[(&leaves, &union(&leaves))]);
    daemon.union_is(&leaves, "current", None).await;
    site.remove("Dissolve a union", &[&leaves]);
    told(&daemon, &leaves, "tombstone", ", 30 days").await;
    let record = format!("union-{leaves}");
    let dated = || async {
        let object = site.kubectl(&["-n", &site.name, "get", "configmap", &record, "-o", "json"]);
        object.contains("until").then_some(())
    };
    daemon.until("its state object knows the date", dated).await;
    assert_eq!(daemon.terminate(), Some(0));
    change_ending(&site, &leaves, "begun", true.into());
    let daemon = Daemon::start(&site.told());
    is_forgotten(&site, &daemon, &leaves).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn delete_counts_only_if_it_was_accepted_earlier() {
    let site = Site::new("deleted").await;
    let (leaves, hasty) = (site.union("leaves"), site.union("hasty"));
    let doomed = |name: &str| format!("{}  deletion: {{policy: delete}}\n", union(name));
    let daemon = founded(&site, &[(&leaves, &doomed(&leaves)), (&hasty, &union(&hasty))]);
    daemon.union_is(&leaves, "current", None).await;
    daemon.union_is(&hasty, "current", None).await;
    assert_eq!(daemon.terminate(), Some(0));

    // Both commits are taken in as one revision.
    site.commit("Say it", &[(&path(&hasty), &doomed(&hasty))]);
    site.remove("And do it", &[&hasty, &leaves]);
    let daemon = Daemon::start(&site.told());
    is_forgotten(&site, &daemon, &leaves).await;
    told(&daemon, &hasty, "tombstone", "data kept until ").await;
    assert!(site.object("pvc", &hasty, "vaultwarden-data").is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_union_is_removed_whatever_state_it_is_in() {
    let site = Site::new("anystate").await;
    let [failed, starts, lost] = ["failed", "starts", "lost"].map(|name| site.union(name));
    // Nobody makes volumes of that class, so it never becomes healthy.
    let waits = format!("{}  storage: {{className: nowhere}}\n", union(&starts));
    let texts = [(&*failed, union(&failed)), (&starts, waits), (&lost, union(&lost))];
    let unions: Vec<(&str, &str)> = texts.iter().map(|(name, text)| (*name, text.as_str())).collect();
    let daemon = founded(&site, &unions);
    daemon.union_is(&failed, "current", None).await;
    daemon.union_is(&lost, "current", None).await;
    told(&daemon, &starts, "in-progress", "has no volume yet").await;
    let namespace = format!("union-{failed}");
    site.kubectl(&["-n", &namespace, "create", "quota", "tight", "--hard=count/configmaps=1"]);
    site.kubectl(&["-n", &namespace, "delete", "configmap", "vaultwarden"]);
    site.kubectl(&["delete", "namespace", &format!("union-{lost}")]);
    daemon.union_is(&failed, "failed", None).await;
    daemon.union_is(&lost, "failed", None).await;

    site.remove("Dissolve them", &[&failed, &starts, &lost]);
    for name in [&failed, &starts] {
        told(&daemon, name, "tombstone", ", 30 days").await;
        daemon
            .until("it is stopped", || async {
                let stopped = site.object("deployment", name, "vaultwarden")?["spec"]["replicas"] == 0;
                (stopped && site.object("service", name, "vaultwarden").is_none()).then_some(())
            })
            .await;
    }
    told(&daemon, &lost, "tombstone", "data-missing: Namespace").await;

    site.commit("Found it again", &[(&path(&lost), &union(&lost))]);
    told(&daemon, &lost, "failed", "data-missing").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_keeps_a_deletion_is_named_with_its_finalizer_and_a_command_that_takes_it_off() {
    let site = Site::new("stuck").await;
    let (leaves, stays) = (site.union("leaves"), site.union("stays"));
    let doomed = format!("{}  deletion: {{policy: delete}}\n", union(&leaves));
    let daemon = founded(&site, &[(&leaves, &doomed)]);
    daemon.union_is(&leaves, "current", None).await;
    let namespace = format!("union-{leaves}");
    site.kubectl(&["-n", &namespace, "create", "configmap", "foreign"]);
    let held = [
        ("Deployment", "vaultwarden"),
        ("PersistentVolumeClaim", "vaultwarden-data"),
        ("ConfigMap", "foreign"),
    ];
    for (kind, name) in held {
        let patch = r#"{"metadata": {"finalizers": ["example.org/hold"]}}"#;
        site.kubectl(&["-n", &namespace, "patch", kind, name, "--type", "merge", "--patch", patch]);
    }

    site.remove("Dissolve a union", &[&leaves]);
    for (at, (kind, name)) in held.into_iter().enumerate() {
        let words = format!("{kind} {namespace}/{name} is being deleted since 2");
        let mut state = "tombstone";
        if at == 2 {
            // Also one that is in Git again waits for the end of its former life.
            site.commit("Found it again", &[(&path(&leaves), &union(&leaves))]);
            state = "in-progress";
        }
        let found = told(&daemon, &leaves, state, &words).await;
        assert!(reason(&found).contains("kept by finalizer `example.org/hold`"), "{found:#}");

        let renamed = union(&stays).replace("The ", &format!("Our {at} "));
        let revision = site.commit("Others go on", &[(&path(&stays), &renamed)]);
        daemon.union_is(&stays, "current", Some(&revision)).await;

        let (_, command) = reason(&found).split_once("`kubectl ").expect("a command");
        let (before, patch) = command.split_once('\'').expect("a patch");
        let mut arguments: Vec<&str> = before.split_whitespace().collect();
        arguments.push(patch.split_once('\'').expect("its end").0);
        site.kubectl(&arguments);
    }
    daemon.union_is(&leaves, "current", None).await;
}
