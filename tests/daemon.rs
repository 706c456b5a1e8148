//! The whole daemon on real parts: PostgreSQL, Git, the API server (whose pods are ready at once), its own API.
//!
//! One cluster and one database server for all tests; each test has its own database, namespace, installation, config
//! repo and names of unions, so that none sees another.

mod support;

use serde_json::{Value, json};
use support::daemon::{Daemon, Told};
use support::world::World;

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
    let world = World::new("first").await;
    let name = world.name("acme");
    let revision = world.repo.commit("Found the union", &[("keyforge.yaml", KEYFORGE), (&path(&name), &union(&name))]);
    let daemon = Daemon::start(&world.told());

    let found = daemon.union_is(&name, "current", Some(&revision)).await;
    assert_eq!(found["health"], "current");
    assert_eq!(found["appliedRevision"], found["desiredRevision"]);

    let (_, deployments) = daemon.get(&format!("/api/v1/deployments?union={name}")).await.expect("an answer");
    let deployment = &deployments["items"][0];
    assert_eq!((&deployment["outcome"], &deployment["reason"]), (&json!("succeeded"), &json!("push")));
    let id = deployment["id"].as_str().expect("an id");
    let (_, events) = daemon.get(&format!("/api/v1/deployments/{id}/events?limit=100")).await.expect("an answer");
    let stages: Vec<&str> = events["items"].as_array().expect("a list").iter().filter_map(|e| e["stage"].as_str()).collect();
    let mut in_order = stages.clone();
    in_order.dedup();
    assert_eq!(in_order, ["controller", "namespace", "foundation", "configuration", "workload", "exposure", "record"]);
    let (_, logs) = daemon.get(&format!("/admin/deployments/{id}/logs?level=info&limit=100")).await.expect("an answer");
    assert!(logs["items"].as_array().is_some_and(|lines| lines.len() == stages.len()), "{logs:#}");
    assert_eq!(daemon.terminate(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_document_holds_its_union_and_no_other() {
    let world = World::new("held").await;
    let (good, bad) = (world.name("good"), world.name("bad"));
    world.repo.commit(
        "Found two unions",
        &[("keyforge.yaml", KEYFORGE), (&path(&good), &union(&good)), (&path(&bad), &union(&bad))],
    );
    let daemon = Daemon::start(&world.told());
    daemon.union_is(&good, "current", None).await;
    daemon.union_is(&bad, "current", None).await;

    let broken = union(&bad).replace("displayName", "displayNaem");
    let renamed = union(&good).replace("The ", "Our ");
    let revision = world.repo.commit("Rename both", &[(&path(&good), &renamed), (&path(&bad), &broken)]);
    let held = daemon.union_is(&bad, "held", None).await;
    assert!(held["reason"].as_str().is_some_and(|why| why.contains("displayNaem")), "{held:#}");
    daemon.union_is(&good, "current", Some(&revision)).await;
    assert!(world.exists("deployment", &bad, "vaultwarden"));

    let revision = world.repo.commit("Mend it", &[(&path(&bad), &union(&bad).replace("The ", "Our "))]);
    daemon.union_is(&bad, "current", Some(&revision)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_changed_by_hand_is_put_back() {
    let world = World::new("drift").await;
    let name = world.name("acme");
    world.repo.commit("Found the union", &[("keyforge.yaml", KEYFORGE), (&path(&name), &union(&name))]);
    let daemon = Daemon::start(&world.told());
    daemon.union_is(&name, "current", None).await;

    let namespace = format!("union-{name}");
    world.kubectl(&["-n", &namespace, "scale", "deployment/vaultwarden", "--replicas=3"]);
    let replicas = || async { (world.get("deployment", &name, "vaultwarden")?["spec"]["replicas"] == 1).then_some(()) };
    daemon.until("the Deployment has one replica again", replicas).await;

    world.kubectl(&["-n", &namespace, "delete", "service", "vaultwarden"]);
    daemon.until("the Service is there again", || async { world.get("service", &name, "vaultwarden") }).await;
    daemon.union_is(&name, "current", None).await;
    let reasons = world.reasons(&daemon, &name).await;
    assert_eq!(reasons.iter().filter(|reason| *reason == "drift").count(), 2, "{reasons:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removed_union_is_stopped_and_keeps_its_data_until_it_returns() {
    let world = World::new("removed").await;
    let (leaves, stays) = (world.name("leaves"), world.name("stays"));
    world.repo.commit(
        "Found two unions",
        &[("keyforge.yaml", KEYFORGE), (&path(&leaves), &union(&leaves)), (&path(&stays), &union(&stays))],
    );
    let daemon = Daemon::start(&world.told());
    daemon.union_is(&leaves, "current", None).await;
    let volume = world.uid("pvc", &leaves);

    world.repo.remove("Dissolve a union", &[&path(&leaves)]);
    daemon.union_is(&leaves, "tombstone", None).await;
    daemon.until("it is stopped", || async { world.get("deployment", &leaves, "vaultwarden").is_none().then_some(()) }).await;
    assert_eq!(world.uid("pvc", &leaves), volume);

    world.repo.commit("Found it again", &[(&path(&leaves), &union(&leaves))]);
    daemon.union_is(&leaves, "current", None).await;
    assert_eq!(world.uid("pvc", &leaves), volume, "it returns with its data");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_union_that_said_delete_earlier_is_removed_with_everything() {
    let world = World::new("deleted").await;
    let (leaves, stays) = (world.name("leaves"), world.name("stays"));
    let doomed = format!("{}  deletion: {{policy: delete}}\n", union(&leaves));
    world.repo.commit(
        "Found two unions",
        &[("keyforge.yaml", KEYFORGE), (&path(&leaves), &doomed), (&path(&stays), &union(&stays))],
    );
    let daemon = Daemon::start(&world.told());
    daemon.union_is(&leaves, "current", None).await;
    world.repo.remove("Dissolve a union", &[&path(&leaves)]);
    daemon.until("its row is gone", || async { daemon.union(&leaves).await.is_none().then_some(()) }).await;
    let namespace = world.kubectl(&["get", "namespace", &format!("union-{leaves}"), "--ignore-not-found", "-o", "name"]);
    assert_eq!(namespace, "");
    let kept = world.kubectl(&["-n", &world.namespace, "get", "secret,configmap", "-o", "name"]);
    assert!(!kept.contains(&leaves), "{kept}");
}

#[tokio::test(flavor = "multi_thread")]
async fn more_removals_than_allowed_wait_for_a_person_and_delete_nothing() {
    let world = World::new("budget").await;
    let names = ["one", "two", "three"].map(|name| world.name(name));
    let documents: Vec<(String, String)> = names.iter().map(|name| (path(name), union(name))).collect();
    let mut files: Vec<(&str, &str)> = documents.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    files.push(("keyforge.yaml", KEYFORGE));
    world.repo.commit("Found three unions", &files);
    let daemon = Daemon::start(&world.told());
    for name in &names {
        daemon.union_is(name, "current", None).await;
    }
    world.repo.remove("Dissolve two unions", &[&path(&names[0]), &path(&names[1])]);
    for name in &names[..2] {
        daemon.union_is(name, "awaiting-approval", None).await;
        assert!(world.exists("deployment", name, "vaultwarden"));
    }
    world.repo.commit("Not meant", &[(&path(&names[0]), &union(&names[0])), (&path(&names[1]), &union(&names[1]))]);
    for name in &names {
        daemon.union_is(name, "current", None).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lost_data_is_never_taken_for_a_new_union() {
    let world = World::new("lost").await;
    let name = world.name("acme");
    world.repo.commit("Found the union", &[("keyforge.yaml", KEYFORGE), (&path(&name), &union(&name))]);
    let daemon = Daemon::start(&world.told());
    daemon.union_is(&name, "current", None).await;
    world.kubectl(&["delete", "namespace", &format!("union-{name}")]);
    let failed = daemon.union_is(&name, "failed", None).await;
    assert!(failed["reason"].as_str().is_some_and(|why| why.contains("data-missing")), "{failed:#}");
    assert!(world.get("deployment", &name, "vaultwarden").is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_loss_of_the_database_loses_history_and_nothing_else() {
    let world = World::new("dbloss").await;
    let name = world.name("acme");
    world.repo.commit("Found the union", &[("keyforge.yaml", KEYFORGE), (&path(&name), &union(&name))]);
    let daemon = Daemon::start(&world.told());
    daemon.union_is(&name, "current", None).await;
    let (volume, token) = (world.uid("pvc", &name), world.uid("secret", &name));
    assert_eq!(daemon.terminate(), Some(0));

    let world = world.with_empty_database().await;
    let daemon = Daemon::start(&world.told());
    daemon.union_is(&name, "current", None).await;
    assert_eq!((world.uid("pvc", &name), world.uid("secret", &name)), (volume, token));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_raised_number_rotates_the_admin_token_and_restarts_the_pod() {
    let world = World::new("rotation").await;
    let name = world.name("acme");
    world.repo.commit("Found the union", &[("keyforge.yaml", KEYFORGE), (&path(&name), &union(&name))]);
    let daemon = Daemon::start(&world.told());
    daemon.union_is(&name, "current", None).await;
    let facts = || {
        let secret = world.get("secret", &name, "vaultwarden").expect("the pod's Secret");
        let workload = world.get("deployment", &name, "vaultwarden").expect("the Deployment");
        (secret["data"].clone(), workload["spec"]["template"]["metadata"]["annotations"].clone())
    };
    let before = facts();
    let rotated = format!("{}  rotation: {{adminToken: 2}}\n", union(&name));
    let revision = world.repo.commit("Rotate", &[(&path(&name), &rotated)]);
    daemon.union_is(&name, "current", Some(&revision)).await;
    let after = facts();
    assert_ne!(before.0, after.0, "another hash");
    assert_ne!(before.1, after.1, "another pod");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_database_on_one_installation_is_refused() {
    let world = World::new("twin").await;
    let name = world.name("acme");
    world.repo.commit("Found the union", &[("keyforge.yaml", KEYFORGE), (&path(&name), &union(&name))]);
    let daemon = Daemon::start(&world.told());
    daemon.union_is(&name, "current", None).await;

    let database = world.another_database().await;
    let told = Told { database: &database, ..world.told() };
    let refused = tokio::task::block_in_place(|| Daemon::command(&told, &[]).output()).expect("it ends");
    assert_eq!(refused.status.code(), Some(2));
    let message = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(message.contains("installation"), "{message}");

    // With the same database it is a replica, and both serve.
    let replica = Daemon::start(&world.told());
    replica.union_is(&name, "current", None).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quota_that_the_server_refuses_fails_the_union_in_the_servers_words() {
    let world = World::new("quota").await;
    let name = world.name("acme");
    world.repo.commit("Found the union", &[("keyforge.yaml", KEYFORGE), (&path(&name), &union(&name))]);
    let daemon = Daemon::start(&world.told());
    daemon.union_is(&name, "current", None).await;
    world.kubectl(&["-n", &format!("union-{name}"), "create", "quota", "tight", "--hard=count/configmaps=1"]);
    world.kubectl(&["-n", &format!("union-{name}"), "delete", "configmap", "vaultwarden"]);
    let failed = daemon.union_is(&name, "failed", None).await;
    assert!(failed["reason"].as_str().is_some_and(|why| why.contains("exceeded quota: tight")), "{failed:#}");
    world.kubectl(&["-n", &format!("union-{name}"), "delete", "quota", "tight"]);
    daemon.union_is(&name, "current", None).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_reaches_log_rows_or_answers() {
    let world = World::new("secrets").await;
    let name = world.name("acme");
    world.repo.commit("Found the union", &[("keyforge.yaml", KEYFORGE), (&path(&name), &union(&name))]);
    let daemon = Daemon::start_with(&world.told(), &["--log", "trace"]);
    daemon.union_is(&name, "current", None).await;
    let secrets = world.secret_values(&name);
    assert!(secrets.len() >= 2, "the token and its hash at least");
    let mut places = vec![("log", daemon.log()), ("database", world.dump())];
    for path in ["/api/v1/unions", "/api/v1/deployments", "/metrics"] {
        let answer: Value = daemon.get(path).await.expect("an answer").1;
        places.push((path, answer.to_string()));
    }
    for (place, text) in places {
        for secret in &secrets {
            assert!(!text.contains(secret.as_str()), "a secret value is in the {place}");
        }
    }
}
