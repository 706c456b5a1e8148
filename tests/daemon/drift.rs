//! What others do to a union: seen by who asks, told by name, put back, left alone, or refused.

use std::process::Command;

use serde_json::{Value, json};

use super::support::daemon::Daemon;
use super::support::site::Site;
use super::{KEYFORGE, path, union};

/// A union that runs.
async fn running(site: &Site, keyforge: &str) -> (Daemon, String) {
    let name = site.union("acme");
    site.commit("Found the union", &[("keyforge.yaml", keyforge), (&path(&name), &union(&name))]);
    let daemon = Daemon::start(&site.told());
    daemon.union_is(&name, "current", None).await;
    (daemon, name)
}

/// The exit code and the answer of `keyforge plan --live`.
fn plan(daemon: &Daemon, arguments: &[&str]) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_keyforge"));
    command.args(["plan", "--live", "--server", &daemon.url]).args(arguments);
    let done = tokio::task::block_in_place(|| command.output()).expect("the built program starts");
    assert!(done.stderr.is_empty(), "{}", String::from_utf8_lossy(&done.stderr));
    (done.status.code(), String::from_utf8(done.stdout).expect("text"))
}

/// What is recorded of a field: what was done, both values, who did it, what became of it, how often, whether it is still so.
async fn recorded(daemon: &Daemon, union: &str, field: &str) -> Option<String> {
    let (_, page) = daemon.get(&format!("/api/v1/unions/{union}/drift")).await?;
    assert!(!page.to_string().contains("aHVudGVyMg"), "{page:#}");
    let item = page["items"].as_array()?.iter().find(|item| item["field"] == field)?;
    let word = |field: &str| item[field].as_str().unwrap_or("-").to_owned();
    let (ours, theirs, times, stands) = (&item["ours"], &item["theirs"], &item["times"], &item["stands"]);
    let (kind, manager, outcome) = (word("kind"), word("manager"), word("outcome"));
    Some(format!("{kind} {ours}→{theirs} by {manager}: {outcome} {times}, {stands}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_live_plan_shows_what_differs_and_changes_nothing() {
    let site = Site::new("live").await;
    let name = site.union("acme");
    let suspended = format!("{}  suspend: {{reason: inventory}}\n", union(&name));
    site.commit("Found the union", &[("keyforge.yaml", KEYFORGE), (&path(&name), &union(&name))]);
    let daemon = Daemon::start(&site.told());
    daemon.union_is(&name, "current", None).await;
    assert_eq!(plan(&daemon, &[&name]), (Some(0), "0 changes, 1 of 1 unions as they should be\n".into()));

    // Suspended, so that nothing is put back while it is looked at.
    site.commit("Take stock", &[(&path(&name), &suspended)]);
    daemon.union_is(&name, "suspended", None).await;
    let namespace = format!("union-{name}");
    site.kubectl(&["-n", &namespace, "scale", "deployment/vaultwarden", "--replicas=3"]);
    // Of Secrets no watch tells anything: who asks sees them all the same, and no value.
    let patch = r#"{"data": {"DATABASE_URL": "aHVudGVyMi1pbi1wbGFpbi10ZXh0"}}"#;
    site.kubectl(&["-n", &namespace, "patch", "secret", "vaultwarden", "--patch", patch]);
    // Its controller may write its status at any time; what it is to be is ours alone.
    let generation = || {
        site.object("deployment", &name, "vaultwarden").expect("it is there")["metadata"]["generation"]
            .clone()
    };
    let before = generation();
    let shown = || async {
        let (code, text) = plan(&daemon, &[&name]);
        let whole = text
            .contains(&format!("update Deployment {namespace}/vaultwarden: .spec.replicas 3 → 1"))
            && text.contains(&format!("update Secret {namespace}/vaultwarden: .data.DATABASE_URL"));
        whole.then_some((code, text))
    };
    let (code, text) = daemon.until("both are in the plan", shown).await;
    assert_eq!(code, Some(0), "nothing of it asks for a person");
    assert!(text.contains("  suspended by Ana Officer (main@") && text.contains("): inventory\n"), "{text}");
    assert!(
        text.contains("fingerprint:") && !text.contains("hunter2") && !text.contains("aHVudGVyMi"),
        "{text}"
    );

    let (_, json) = plan(&daemon, &["--output", "json"]);
    let all: Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!((&all["live"], &all["unions"][0]["name"]), (&json!(true), &json!(name)));
    let waits = &all["unions"][0]["waits"];
    let replicas =
        waits["changes"].as_array().expect("a list").iter().find(|c| c["resource"]["kind"] == "Deployment");
    assert_eq!(
        replicas.expect("it waits")["fields"],
        json!([{"path": ".spec.replicas", "from": 3, "to": 1}])
    );
    assert_eq!(generation(), before, "nothing was written");
    let kept = || recorded(&daemon, &name, ".spec.replicas");
    let told = daemon.until("it is recorded", kept).await;
    assert_eq!(told, "changed 1→3 by kubectl: kept 1, true");

    let (status, _) = daemon.get("/api/v1/unions/nobody/plan").await.expect("an answer");
    assert_eq!(status, 404);
}

/// No watch tells of Secrets: they are read at a start, and every half an hour.
#[tokio::test(flavor = "multi_thread")]
async fn a_secret_changed_by_hand_is_put_back_at_the_look_that_reads_it() {
    let site = Site::new("slow").await;
    let (daemon, name) = running(&site, KEYFORGE).await;
    let data = || site.object("secret", &name, "vaultwarden").expect("the pod's Secret")["data"].clone();
    let before = data();
    assert_eq!(daemon.terminate(), Some(0));
    let patch = r#"{"data": {"ADMIN_TOKEN": "aHVudGVyMg==", "EXTRA": "aHVudGVyMg=="}}"#;
    site.kubectl(&["-n", &format!("union-{name}"), "patch", "secret", "vaultwarden", "--patch", patch]);
    assert!(before["ADMIN_TOKEN"].is_string() && data() != before);
    let daemon = Daemon::start(&site.told());
    daemon.until("it is put back", || async { (data() == before).then_some(()) }).await;
    daemon.union_is(&name, "current", None).await;
    assert_eq!(site.reasons(&daemon, &name).await[0], "startup");
    let token = recorded(&daemon, &name, ".data.ADMIN_TOKEN").await.expect("it is recorded");
    assert_eq!(token.matches("fingerprint:").count(), 2, "{token}");
    let extra = recorded(&daemon, &name, ".data.EXTRA").await.expect("it is recorded");
    assert!(
        extra.starts_with("added null→\"fingerprint:")
            && extra.ends_with("by kubectl-patch: put-back 1, false"),
        "{extra}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stands_beside_a_vault_is_told_once_and_left_alone() {
    let site = Site::new("foreign").await;
    let (daemon, name) = running(&site, KEYFORGE).await;
    let namespace = format!("union-{name}");
    site.kubectl(&["-n", &namespace, "create", "rolebinding", "helper", "--clusterrole=view", "--user=eve"]);
    site.kubectl(&["-n", &namespace, "create", "cronjob", "peek", "--image=x", "--schedule=0 0 1 1 *"]);
    let told = |union: Value| {
        let findings = union["findings"]
            .as_array()?
            .iter()
            .filter_map(|text| text.as_str()?.split(" stands").next().map(str::to_owned));
        Some(findings.collect::<Vec<String>>())
    };
    let both = [format!("CronJob {namespace}/peek"), format!("RoleBinding {namespace}/helper")];
    let is = |wanted: &[String]| {
        let wanted = wanted.to_vec();
        let (daemon, name) = (&daemon, &name);
        async move {
            let union = daemon.union(name).await?;
            (union["state"] == "current" && told(union.clone())? == wanted).then_some(union)
        }
    };
    let union = daemon.until("both are findings", || is(&both)).await;
    assert!(union["reason"].as_str().is_some_and(|why| why.contains("is not of Keyforge")), "{union:#}");
    assert_eq!(plan(&daemon, &[&name]).0, Some(1), "they ask for a person");
    assert!(site.object("rolebinding", &name, "helper").is_some());

    site.kubectl(&["-n", &namespace, "delete", "cronjob", "peek"]);
    site.kubectl(&["-n", &namespace, "delete", "rolebinding", "helper"]);
    daemon.until("neither is", || is(&[])).await;
    let log = daemon.log();
    assert_eq!(log.matches("RoleBinding union-foreign-acme/helper stands").count(), 1, "told once:\n{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fight_over_a_field_is_told_by_name_and_slows_down() {
    let site = Site::new("fight").await;
    let (daemon, name) = running(&site, KEYFORGE).await;
    let namespace = format!("union-{name}");
    let replicas = || async {
        (site.object("deployment", &name, "vaultwarden")?["spec"]["replicas"] == 1).then_some(())
    };
    for _ in 0..3 {
        site.kubectl(&["-n", &namespace, "scale", "deployment/vaultwarden", "--replicas=2"]);
        daemon.until("it is put back", replicas).await;
    }
    site.kubectl(&["-n", &namespace, "scale", "deployment/vaultwarden", "--replicas=2"]);
    let found = || async {
        let union = daemon.union(&name).await?;
        let why = union["reason"].as_str()?.to_owned();
        (union["state"] == "in-progress" && why.contains("again and again")).then_some(why)
    };
    let why = daemon.until("the fight is told", found).await;
    assert_eq!(
        why,
        format!(
            "Deployment {namespace}/vaultwarden: `.spec.replicas` is changed again and again by `kubectl`: put back 3 \
             times, with growing pauses; stop that, or leave the field to manager `kubectl` under `spec.ignore` of \
             `keyforge.yaml`"
        )
    );
    // Not at once, but put back all the same; and then it is a finding.
    daemon.until("it is put back", replicas).await;
    let union = daemon.union_is(&name, "current", None).await;
    assert!(union["findings"][0].as_str().is_some_and(|text| text.contains("put back 4 times")), "{union:#}");
    let told = recorded(&daemon, &name, ".spec.replicas").await;
    assert_eq!(told.as_deref(), Some("changed 1→2 by kubectl: put-back 4, false"));
}

#[tokio::test(flavor = "multi_thread")]
async fn fields_are_left_to_a_manager_from_the_revision_after_the_rule_on() {
    let site = Site::new("ignore").await;
    let rule = "  ignore:\n  - {manager: autoscaler, kind: Deployment, fields: [.spec.replicas]}\n";
    let (daemon, name) = running(&site, &format!("{KEYFORGE}{rule}")).await;
    let namespace = format!("union-{name}");
    let scale = r#"{"spec": {"replicas": 2}}"#;
    let patch = ["patch", "deployment", "vaultwarden", "--field-manager=autoscaler", "--patch", scale];
    site.kubectl(&[&["-n", namespace.as_str()], &patch[..]].concat());
    site.kubectl(&["-n", &namespace, "delete", "service", "vaultwarden"]);
    daemon
        .until("the Service is there again", || async { site.object("service", &name, "vaultwarden") })
        .await;
    daemon.union_is(&name, "current", None).await;
    let live = site.object("deployment", &name, "vaultwarden").expect("it is there");
    assert_eq!(live["spec"]["replicas"], 2, "it is the autoscaler's");

    // Taking the rule away takes the field back from the next revision on, and that is a conflict with a name.
    let revision = site.commit("No autoscaler", &[("keyforge.yaml", KEYFORGE)]);
    daemon.union_is(&name, "current", Some(&revision)).await;
    site.commit("Anything", &[("README.md", "Nothing of this is read.")]);
    let failed = daemon.union_is(&name, "failed", None).await;
    let why = failed["reason"].as_str().expect("a reason");
    assert!(why.contains("`.spec.replicas` is owned by field manager `autoscaler`"), "{why}");
    assert!(why.contains("or leave them to it under `spec.ignore` of `keyforge.yaml`"), "{why}");
    let told = recorded(&daemon, &name, ".spec.replicas").await;
    assert_eq!(told.as_deref(), Some("changed 1→2 by autoscaler: kept 1, true"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_field_that_cannot_be_changed_is_named_with_the_remedy() {
    let site = Site::new("immutable").await;
    let (daemon, name) = running(&site, KEYFORGE).await;
    let namespace = format!("union-{name}");
    // It would make it anew before the other one is there.
    assert_eq!(daemon.terminate(), Some(0));
    let mut live = site.object("deployment", &name, "vaultwarden").expect("it is there");
    for place in ["/spec/selector/matchLabels", "/spec/template/metadata/labels"] {
        live.pointer_mut(place).expect("labels")["by"] = json!("hand");
    }
    live["metadata"]["resourceVersion"] = Value::Null;
    let file = site.repo.path().with_extension("json");
    std::fs::write(&file, live.to_string()).expect("a writable folder");
    site.kubectl(&["replace", "--force", "--filename", file.to_str().expect("a path of ours")]);
    let daemon = Daemon::start(&site.told());
    let failed = || async {
        let union = daemon.union(&name).await?;
        let why = union["reason"].as_str()?.to_owned();
        (union["state"] == "failed" && why.contains("field is immutable")).then_some(why)
    };
    let why = daemon.until("the field is named", failed).await;
    assert!(
        why.contains(&format!("Deployment {namespace}/vaultwarden: the server refuses it (Invalid)")),
        "{why}"
    );
    let remedy = format!("kubectl --namespace {namespace} delete deployment vaultwarden");
    assert!(why.contains("spec.selector") && why.contains(&remedy), "{why}");

    site.kubectl(&["-n", &namespace, "delete", "deployment", "vaultwarden"]);
    daemon.union_is(&name, "current", None).await;
}
