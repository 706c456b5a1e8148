//! The whole daemon on real parts: PostgreSQL, Git, the API server (whose pods are ready at once), its own API.
//!
//! One cluster and one database server for all tests; each test has its own database, namespace, installation, config
//! repo and names of unions, so that none sees another.

mod admission;
mod anew;
mod approval;
mod crash;
mod drift;
mod fencing;
mod loss;
mod mail;
mod observe;
mod outage;
mod rbac;
mod reach;
mod reload;
mod replicas;
mod secrets;
mod server;
mod signatures;
mod source;
#[path = "../support/mod.rs"]
mod support;
mod tombstone;
mod upgrade;
mod vault;
mod vault_crash;
mod vault_loss;
mod vault_outage;
mod vault_replicas;
mod vault_sealed;
mod wait;

use serde_json::json;
use support::collector::Collector;
use support::daemon::{Daemon, Told};
use support::postgres::Database;
use support::site::Site;

/// A union that is all defaults.
fn union(name: &str) -> String {
    format!(
        "apiVersion: keyforge.dev/v1\nkind: Union\nmetadata:\n  name: {name}\nspec:\n  displayName: The {name} union\n  \
         contacts: [it@{name}.example]\n  domain: https://{name}.localhost\n"
    )
}

const KEYFORGE: &str = "apiVersion: keyforge.dev/v1\nkind: Keyforge\nmetadata:\n  name: federation\nspec:\n  defaults:\n    \
                        vaultwarden: {image: 'vaultwarden/server:1.37.2'}\n";

fn path(name: &str) -> String {
    format!("unions/{name}/union.yaml")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pushed_revision_is_rolled_out_and_recorded_step_by_step() {
    let site = Site::new("first").await;
    let name = site.union("acme");
    let revision =
        site.commit("Found the union", &[("keyforge.yaml", KEYFORGE), (&path(&name), &union(&name))]);
    let collector = Collector::start().await;
    let daemon = Daemon::start_with(&site.told(), &["--otlp-endpoint", &collector.url]);

    let found = daemon.union_is(&name, "current", Some(&revision)).await;
    assert_eq!(found["health"], "current");
    assert_eq!(found["appliedRevision"], found["desiredRevision"]);

    let (_, deployments) = daemon.get(&format!("/api/v1/deployments?union={name}")).await.expect("an answer");
    let deployment = &deployments["items"][0];
    assert_eq!((&deployment["outcome"], &deployment["reason"]), (&json!("succeeded"), &json!("push")));
    let id = deployment["id"].as_str().expect("an id");
    let (_, events) =
        daemon.get(&format!("/api/v1/deployments/{id}/events?limit=100")).await.expect("an answer");
    let stages: Vec<&str> =
        events["items"].as_array().expect("a list").iter().filter_map(|e| e["stage"].as_str()).collect();
    let mut in_order = stages.clone();
    in_order.dedup();
    assert_eq!(
        in_order,
        ["controller", "namespace", "foundation", "configuration", "workload", "exposure", "record"]
    );
    let (_, logs) =
        daemon.get(&format!("/admin/deployments/{id}/logs?level=info&limit=100")).await.expect("an answer");
    assert!(logs["items"].as_array().is_some_and(|lines| lines.len() == stages.len()), "{logs:#}");
    assert_eq!(daemon.terminate(), Some(0));

    let trace = collector.trace(&id.replace('-', ""));
    let names: Vec<_> = trace.iter().filter_map(|span| span["name"].as_str()).collect();
    assert_eq!(names[..2], ["deployment", "wait"]);
    assert_eq!(names[2..2 + in_order.len()], in_order);
    assert_eq!(names.last(), Some(&"health"));
    assert!(!serde_json::to_string(&trace).expect("JSON").contains("password"), "{trace:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_document_holds_its_union_and_no_other() {
    let site = Site::new("held").await;
    let (good, bad) = (site.union("good"), site.union("bad"));
    site.commit(
        "Found two unions",
        &[("keyforge.yaml", KEYFORGE), (&path(&good), &union(&good)), (&path(&bad), &union(&bad))],
    );
    let daemon = Daemon::start(&site.told());
    daemon.union_is(&good, "current", None).await;
    daemon.union_is(&bad, "current", None).await;

    let broken = union(&bad).replace("displayName", "displayNaem");
    let renamed = union(&good).replace("The ", "Our ");
    let revision = site.commit("Rename both", &[(&path(&good), &renamed), (&path(&bad), &broken)]);
    let held = daemon.union_is(&bad, "held", None).await;
    assert!(
        held["reason"].as_str().is_some_and(|why| why.contains("has no field `spec.displayNaem`")),
        "{held:#}"
    );
    daemon.union_is(&good, "current", Some(&revision)).await;
    assert!(site.object("deployment", &bad, "vaultwarden").is_some());

    let revision = site.commit("Mend it", &[(&path(&bad), &union(&bad).replace("The ", "Our "))]);
    daemon.union_is(&bad, "current", Some(&revision)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_changed_by_hand_is_put_back() {
    let site = Site::new("drift").await;
    let name = site.union("acme");
    site.commit("Found the union", &[("keyforge.yaml", KEYFORGE), (&path(&name), &union(&name))]);
    let daemon = Daemon::start(&site.told());
    daemon.union_is(&name, "current", None).await;

    let namespace = format!("union-{name}");
    site.kubectl(&["-n", &namespace, "scale", "deployment/vaultwarden", "--replicas=3"]);
    let replicas = || async {
        (site.object("deployment", &name, "vaultwarden")?["spec"]["replicas"] == 1).then_some(())
    };
    daemon.until("the Deployment has one replica again", replicas).await;

    site.kubectl(&["-n", &namespace, "delete", "service", "vaultwarden"]);
    daemon
        .until("the Service is there again", || async { site.object("service", &name, "vaultwarden") })
        .await;
    daemon.union_is(&name, "current", None).await;
    let reasons = site.reasons(&daemon, &name).await;
    assert!(
        reasons.len() >= 3 && reasons.iter().rev().skip(1).all(|reason| reason == "drift"),
        "{reasons:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn more_removals_than_allowed_wait_for_a_person_and_delete_nothing() {
    let site = Site::new("budget").await;
    let names = ["one", "two", "three"].map(|name| site.union(name));
    let documents: Vec<(String, String)> = names.iter().map(|name| (path(name), union(name))).collect();
    let mut files: Vec<(&str, &str)> =
        documents.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    files.push(("keyforge.yaml", KEYFORGE));
    site.commit("Found three unions", &files);
    let daemon = Daemon::start(&site.told());
    for name in &names {
        daemon.union_is(name, "current", None).await;
    }
    site.remove("Dissolve two unions", &[&names[0], &names[1]]);
    for name in &names[..2] {
        daemon.union_is(name, "awaiting-approval", None).await;
        assert!(site.object("deployment", name, "vaultwarden").is_some());
    }
    site.commit("Not meant", &[(&path(&names[0]), &union(&names[0])), (&path(&names[1]), &union(&names[1]))]);
    for name in &names {
        daemon.union_is(name, "current", None).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_raised_number_rotates_the_admin_token_and_restarts_the_pod() {
    let site = Site::new("rotation").await;
    let name = site.union("acme");
    site.commit("Found the union", &[("keyforge.yaml", KEYFORGE), (&path(&name), &union(&name))]);
    let daemon = Daemon::start(&site.told());
    daemon.union_is(&name, "current", None).await;
    let facts = || {
        let secret = site.object("secret", &name, "vaultwarden").expect("the pod's Secret");
        let workload = site.object("deployment", &name, "vaultwarden").expect("the Deployment");
        (secret["data"].clone(), workload["spec"]["template"]["metadata"]["annotations"].clone())
    };
    let before = facts();
    let rotated = format!("{}  rotation: {{adminToken: 2}}\n", union(&name));
    let revision = site.commit("Rotate", &[(&path(&name), &rotated)]);
    daemon.union_is(&name, "current", Some(&revision)).await;
    let after = facts();
    assert_ne!(before.0, after.0, "another hash");
    assert_ne!(before.1, after.1, "another pod");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_database_on_one_installation_is_refused() {
    let site = Site::new("twin").await;
    let name = site.union("acme");
    site.commit("Found the union", &[("keyforge.yaml", KEYFORGE), (&path(&name), &union(&name))]);
    let daemon = Daemon::start(&site.told());
    daemon.union_is(&name, "current", None).await;

    let database = Database::empty().await;
    let told = Told { database: &database.url, ..site.told() };
    let refused = tokio::task::block_in_place(|| Daemon::command(&told, &[]).output()).expect("it ends");
    assert_eq!(refused.status.code(), Some(2));
    let message = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(message.contains("installation `twin` is in use by another database"), "{message}");

    // With the same database it is a replica, and both serve.
    let replica = Daemon::start(&site.told());
    replica.union_is(&name, "current", None).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_repo_serves_two_installations_of_which_each_takes_what_it_selects() {
    let site = Site::new("selected").await;
    let (prod, trial) = (site.union("prod"), site.union("trial"));
    let staged = |name: &str, stage: &str| {
        union(name).replace("\nspec:", &format!("\n  labels: {{stage: {stage}}}\nspec:"))
    };
    let (one, two) = (staged(&prod, "prod"), staged(&trial, "trial"));
    site.commit("Found both", &[("keyforge.yaml", KEYFORGE), (&path(&prod), &one), (&path(&trial), &two)]);
    let daemon = Daemon::start_with(&site.told(), &["--select=stage=prod"]);
    daemon.union_is(&prod, "current", None).await;
    let (database, name) = (Database::empty().await, format!("{}-trial", site.name));
    let state = site.repo.state_dir().with_extension("trial");
    let told =
        Told { database: &database.url, state: &state, namespace: &name, installation: &name, ..site.told() };
    let other = Daemon::start_with(&told, &["--select=stage!=prod"]);
    other.union_is(&trial, "current", None).await;
    assert!(daemon.union(&trial).await.is_none() && other.union(&prod).await.is_none());

    // To be no longer selected is not to be removed.
    let moved = staged(&prod, "trial");
    site.commit("Move it", &[(&path(&prod), &moved)]);
    let held = daemon.union_is(&prod, "held", None).await;
    assert!(held["reason"].as_str().is_some_and(|why| why.contains("(`select`)")), "{held:#}");
    let refused = other.union_is(&prod, "failed", None).await;
    assert!(refused["reason"].as_str().is_some_and(|why| why.contains(&site.name)), "{refused:#}");
    let revision = site.commit("Move it back", &[(&path(&prod), &one)]);
    daemon.union_is(&prod, "current", Some(&revision)).await;
    assert_eq!(other.union_is(&trial, "current", None).await["reason"], serde_json::Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quota_that_the_server_refuses_fails_the_union_in_the_servers_words() {
    let site = Site::new("quota").await;
    let name = site.union("acme");
    site.commit("Found the union", &[("keyforge.yaml", KEYFORGE), (&path(&name), &union(&name))]);
    let daemon = Daemon::start(&site.told());
    daemon.union_is(&name, "current", None).await;
    site.kubectl(&["-n", &format!("union-{name}"), "create", "quota", "tight", "--hard=count/configmaps=1"]);
    site.kubectl(&["-n", &format!("union-{name}"), "delete", "configmap", "vaultwarden"]);
    let failed = daemon.union_is(&name, "failed", None).await;
    assert!(failed["reason"].as_str().is_some_and(|why| why.contains("exceeded quota: tight")), "{failed:#}");
    site.kubectl(&["-n", &format!("union-{name}"), "delete", "quota", "tight"]);
    daemon.union_is(&name, "current", None).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_reaches_log_rows_or_answers() {
    let site = Site::new("secrets").await;
    let name = site.union("acme");
    site.commit("Found the union", &[("keyforge.yaml", KEYFORGE), (&path(&name), &union(&name))]);
    let daemon = Daemon::start_with(&site.told(), &["--log=trace"]);
    daemon.union_is(&name, "current", None).await;
    let secrets = site.secret_values(&name);
    assert!(secrets.len() >= 2, "the token and its hash at least");
    let mut places = vec![("log", daemon.log()), ("database", site.dump())];
    for path in ["/api/v1/unions", "/api/v1/deployments", "/metrics"] {
        places.push((path, daemon.text(path).await.expect("an answer")));
    }
    for (place, text) in places {
        for secret in &secrets {
            assert!(!text.contains(secret.as_str()), "a secret value is in the {place}");
        }
    }
}
