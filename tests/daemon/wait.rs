//! What waits for its time: suspends and update windows, by PostgreSQL's clock.

use chrono::{DurationRound as _, TimeDelta, Timelike as _, Utc};
use serde_json::Value;

use super::{KEYFORGE, path, union};
use crate::support::clock::Clock;
use crate::support::daemon::Daemon;
use crate::support::site::Site;

/// The union's Deployment, as far as a restart shows in it.
fn image(site: &Site, name: &str) -> Value {
    let workload = site.object("deployment", name, "vaultwarden").expect("the Deployment");
    workload["spec"]["template"]["spec"]["containers"][0]["image"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suspended_union_is_left_as_it_is_until_it_is_resumed() {
    let site = Site::new("suspend").await;
    let name = site.union("acme");
    let resumed = union(&name).replace("The ", "Our ");
    let suspended = format!("{resumed}  suspend: {{reason: exam period, until: 2999-12-20}}\n");
    site.commit("Found the union", &[("keyforge.yaml", KEYFORGE), (&path(&name), &union(&name))]);
    let daemon = Daemon::start(&site.told());
    daemon.union_is(&name, "current", None).await;

    site.commit("Exams", &[(&path(&name), &suspended)]);
    let told = daemon.union_is(&name, "suspended", None).await;
    let why = told["reason"].as_str().expect("a reason");
    assert!(
        why.starts_with("suspended until the end of 2999-12-20 UTC by Ana Officer (main@")
            && why.contains("): exam period; what waits: update Namespace"),
        "{why}"
    );

    // Somebody else's commit is not who suspended it.
    let renamed = suspended.replace("Our ", "Their ");
    let change =
        site.repo.change().file(&path(&name), &renamed).by("bo@acme.example", Utc::now().timestamp());
    let revision = change.push("Another name").to_string();
    let told = || async {
        let told = daemon.union(&name).await?;
        (told["desiredRevision"] == format!("main@sha1:{revision}")).then_some(told)
    };
    let told = daemon.until("the other commit is accepted", told).await;
    let by = |why: &str| why.split_once("): ").map(|(by, _)| by.to_owned());
    assert_eq!(by(told["reason"].as_str().expect("a reason")), by(why));

    // Drift is told and not put back.
    let namespace = format!("union-{name}");
    site.kubectl(&["-n", &namespace, "delete", "service", "vaultwarden"]);
    let tells = || async {
        let told = daemon.union(&name).await?;
        told["reason"].as_str()?.contains("create Service union-").then_some(())
    };
    daemon.until("the drift is told", tells).await;
    assert_eq!(site.object("service", &name, "vaultwarden"), None);
    assert_eq!(site.reasons(&daemon, &name).await, ["push"], "no deployment but the first");

    let revision = site.commit("Resume", &[(&path(&name), &resumed)]);
    daemon.union_is(&name, "current", Some(&revision)).await;
    assert!(site.object("service", &name, "vaultwarden").is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removal_is_one_also_while_a_union_is_suspended() {
    let site = Site::new("suspgone").await;
    let (leaves, stays) = (site.union("leaves"), site.union("stays"));
    let suspended = format!("{}  suspend: {{reason: exam period}}\n", union(&leaves));
    site.commit(
        "Found two unions",
        &[("keyforge.yaml", KEYFORGE), (&path(&leaves), &union(&leaves)), (&path(&stays), &union(&stays))],
    );
    let daemon = Daemon::start(&site.told());
    daemon.union_is(&leaves, "current", None).await;
    site.commit("Exams", &[(&path(&leaves), &suspended)]);
    daemon.union_is(&leaves, "suspended", None).await;
    site.remove("Dissolve a union", &[&leaves]);
    daemon.union_is(&leaves, "tombstone", None).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_waits_for_its_window_and_the_rest_goes_on() {
    let site = Site::new("window").await;
    let name = site.union("acme");
    // Of one hour, six hours from now: closed for as long as any test runs.
    let closed = (Utc::now().hour() + 6) % 24;
    let window = |hour: &str, more: &str| {
        format!("{}  updateWindow: {{schedule: '0 {hour} * * *', duration: 1h}}\n{more}", union(&name))
    };
    let closed = closed.to_string();
    site.commit("Found the union", &[("keyforge.yaml", KEYFORGE), (&path(&name), &window(&closed, ""))]);
    let daemon = Daemon::start(&site.told());
    daemon.union_is(&name, "current", None).await;
    let before = image(&site, &name);

    let more = "  vaultwarden: {image: 'vaultwarden/server:1.37.3', signups: {allowed: true}}\n  \
                expose: {kind: clusterIP}\n";
    site.commit("Upgrade", &[(&path(&name), &window(&closed, more))]);
    let waits = || async {
        let told = daemon.union(&name).await?;
        told["reason"].as_str()?.contains("waits for its update window, which opens at").then_some(told)
    };
    let told = daemon.until("the restart waits", waits).await;
    assert_eq!((&told["state"], &told["health"]), (&"in-progress".into(), &"current".into()));
    assert_eq!(image(&site, &name), before, "the server was not restarted");
    let configuration = || site.object("configmap", &name, "vaultwarden").expect("its configuration");
    assert_eq!(
        configuration()["data"]["SIGNUPS_ALLOWED"],
        "false",
        "what it reads at its start waits with it"
    );
    let gone = || async { site.object("ingress", &name, "vaultwarden").is_none().then_some(()) };
    daemon.until("its Ingress is gone at once", gone).await;

    let revision = site.commit("Any time", &[(&path(&name), &window("*", more))]);
    daemon.union_is(&name, "current", Some(&revision)).await;
    assert_eq!(image(&site, &name), "vaultwarden/server:1.37.3");
    assert_eq!(configuration()["data"]["SIGNUPS_ALLOWED"], "true");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_window_that_opens_lets_the_restart_through() {
    let site = Site::new("opens").await;
    let name = site.union("acme");
    let hour = TimeDelta::hours(1);
    let opens = (Utc::now() + hour).duration_trunc(hour).expect("an hour") + hour;
    let mut clock = Clock::of(&site.database).await;
    clock.set(opens - TimeDelta::minutes(2)).await;
    let window =
        format!("{}  updateWindow: {{schedule: '0 {} * * *', duration: 1h}}\n", union(&name), opens.hour());
    site.commit("Found the union", &[("keyforge.yaml", KEYFORGE), (&path(&name), &window)]);
    let daemon = Daemon::start(&site.told());
    daemon.union_is(&name, "current", None).await;

    let upgraded = format!("{window}  vaultwarden: {{image: 'vaultwarden/server:1.37.3'}}\n");
    let revision = site.commit("Upgrade", &[(&path(&name), &upgraded)]);
    let waits = || async {
        let told = daemon.union(&name).await?;
        told["reason"].as_str()?.contains("waits for its update window, which opens at").then_some(())
    };
    daemon.until("the restart waits", waits).await;
    assert_eq!(image(&site, &name), "vaultwarden/server:1.37.2");

    clock.set(opens + TimeDelta::minutes(1)).await;
    daemon.union_is(&name, "current", Some(&revision)).await;
    assert_eq!(image(&site, &name), "vaultwarden/server:1.37.3");
    assert_eq!(site.reasons(&daemon, &name).await, ["schedule", "push"]);
}
