//! What must hold of a fleet that has converged.

use std::collections::BTreeSet;

use base64::Engine as _;
use chrono::Utc;
use serde_json::Value;
use sqlx::Row as _;

use crate::fleet::{MISTAKE, SEALED, SOCIETY};
use crate::history;
use crate::scene::{PASSWORD, Scene};
use crate::support::daemon::{Daemon, until};
use crate::support::records;

/// Kinds whose objects controllers derive from ours, labels included.
const DERIVED: [&str; 2] = ["endpoints", "endpointslices.discovery.k8s.io"];

/// Shorter values are numbers and words that stand elsewhere too.
const SECRET_LENGTH: usize = 16;

/// All that is wrong.
pub(crate) async fn what_is_wrong(scene: &Scene<'_>) -> Vec<String> {
    let mut wrong = history::contradictions(scene).await;
    wrong.extend(inventory(scene).await);
    wrong.extend(second_look(scene).await);
    wrong.extend(vaults(scene).await);
    wrong.extend(leaks(scene).await);
    wrong
}

/// The inventory is what carries the label, nothing more and nothing less.
async fn inventory(scene: &Scene<'_>) -> Vec<String> {
    let sql = "select kind, concat_ws('/', namespace, name) from inventory order by 1, 2";
    let listed: Vec<(String, String)> =
        scene.wait_for_rows(sql).await.iter().map(|row| (row.get(0), row.get(1))).collect();
    let kinds = scene.site.kubectl(&["api-resources", "--verbs=list", "--output=name"]);
    let kinds: Vec<&str> = kinds.lines().filter(|kind| !DERIVED.contains(kind)).collect();
    let selector = format!("keyforge.dev/installation={},keyforge.dev/union", scene.site.name);
    let found =
        scene.site.kubectl(&["get", &kinds.join(","), "--all-namespaces", "-l", &selector, "-o", "json"]);
    let found: Value = serde_json::from_str(&found).expect("kubectl prints JSON");
    let mut labelled = BTreeSet::new();
    for item in found["items"].as_array().into_iter().flatten() {
        let metadata = &item["metadata"];
        let text = |value: &Value| value.as_str().map(str::to_owned);
        // Of others, who made it from ours.
        if metadata["ownerReferences"].is_null() {
            let place = [text(&metadata["namespace"]), text(&metadata["name"])];
            let place = place.into_iter().flatten().collect::<Vec<_>>().join("/");
            labelled.insert((text(&item["kind"]).unwrap_or_default(), place));
        }
    }
    let entries: BTreeSet<(String, String)> = listed.iter().cloned().collect();
    let mut wrong = Vec::new();
    if entries.len() != listed.len() {
        wrong.push(format!("something is in the inventory twice: {listed:?}"));
    }
    wrong.extend(
        labelled.difference(&entries).map(|(kind, name)| format!("{kind} {name} is not in the inventory")),
    );
    wrong.extend(
        entries.difference(&labelled).map(|(kind, name)| format!("{kind} {name} is in the inventory alone")),
    );
    wrong
}

/// Who looks once more at what has converged finds nothing to write.
async fn second_look(scene: &Scene<'_>) -> Vec<String> {
    let before = Utc::now();
    let due = "update work set due_at = clock_timestamp(), turn_at = clock_timestamp(), reason = 'startup' where lease_holder is null";
    scene.wait_for_rows(due).await;
    if until(async || scene.rests().await.then_some(())).await.is_none() {
        return vec!["a second look does not come to an end".to_owned()];
    }
    let mut all = history::writes(scene, &format!("{}-", scene.site.name));
    all.retain(|(_, write)| write.began > before);
    all.iter()
        .map(|(replica, write)| format!("replica {replica} writes though nothing changed: {write:?}"))
        .collect()
}

/// By the servers' own records, no vault was worked on under two leases at once, and nothing in it is there twice.
async fn vaults(scene: &Scene<'_>) -> Vec<String> {
    let mut wrong = Vec::new();
    let running = scene.fleet.head().iter().filter(|(_, document)| !document.broken);
    for union in running.map(|(union, _)| *union).filter(|union| union.has_a_society()) {
        let name = scene.name(union);
        let looked = until(async || {
            let requests = records::requests(&scene.site, &name)?;
            Some((requests, records::miscounted(&scene.site, &name, &[SOCIETY])?))
        });
        let Some((requests, miscounted)) = looked.await else {
            wrong.push(format!("the records of {union} cannot be read"));
            continue;
        };
        let met = if scene.jumped.contains(&name) { Vec::new() } else { records::met(&requests) };
        wrong.extend(met.into_iter().chain(miscounted).map(|what| format!("{union}: {what}")));
    }
    wrong
}

/// Where a secret value can be read by who should not.
async fn leaks(scene: &Scene<'_>) -> Vec<String> {
    let secrets = secrets(scene);
    let mut places = vec![("the database".to_owned(), scene.site.dump())];
    places.push((
        "events".to_owned(),
        scene.site.kubectl(&["get", "events", "--all-namespaces", "-o", "json"]),
    ));
    for (number, replica) in scene.replicas.iter().enumerate() {
        places.push((format!("the log of replica {number}"), replica.log()));
    }
    let daemon = scene.replicas[0].daemon().expect("all run in the end");
    for path in paths(scene, daemon).await {
        match daemon.text(&path).await {
            Some(text) => places.push((path, text)),
            None => return vec![format!("nobody answers at {path}")],
        }
    }
    let mut wrong = Vec::new();
    for (place, text) in &places {
        for (name, value) in &secrets {
            if text.contains(value.as_str()) {
                wrong.push(format!("{name} can be read in {place}"));
            }
        }
    }
    wrong
}

/// What the API answers, a few of each kind; replicas answer alike.
async fn paths(scene: &Scene<'_>, daemon: &Daemon) -> Vec<String> {
    let (_, deployments) = daemon.get("/api/v1/deployments?limit=10").await.unwrap_or_default();
    let items = deployments["items"].as_array().into_iter().flatten();
    let of_deployments = items
        .filter_map(|item| item["id"].as_str())
        .flat_map(|id| ["", "/events", "/logs"].map(|part| format!("/api/v1/deployments/{id}{part}")));
    let of_unions = scene.fleet.head().keys().flat_map(|union| {
        ["", "/fields", "/plan", "/societies"]
            .map(|part| format!("/api/v1/unions/{}{part}", scene.name(*union)))
    });
    let of_all = ["unions", "deployments", "diagnostics"].map(|list| format!("/api/v1/{list}?limit=500"));
    let of_itself = ["/health", "/metrics"].map(str::to_owned);
    of_all.into_iter().chain(of_itself).chain(of_unions).chain(of_deployments).collect()
}

/// What was planted, and what Keyforge drew and derived, as they are and in base64.
fn secrets(scene: &Scene<'_>) -> Vec<(String, String)> {
    let encoder = base64::engine::general_purpose::STANDARD;
    let mut secrets = vec![
        ("the password in a document".to_owned(), MISTAKE.to_owned()),
        ("the sealed password".to_owned(), SEALED.to_owned()),
        ("the mail server's password".to_owned(), PASSWORD.to_owned()),
        ("the mail server's password".to_owned(), encoder.encode(PASSWORD)),
    ];
    let selector = format!("keyforge.dev/installation={}", scene.site.name);
    let found = scene.site.kubectl(&["get", "secrets", "--all-namespaces", "-l", &selector, "-o", "json"]);
    let found: Value = serde_json::from_str(&found).expect("kubectl prints JSON");
    for item in found["items"].as_array().into_iter().flatten() {
        for (key, value) in item["data"].as_object().into_iter().flatten() {
            let encoded = value.as_str().unwrap_or_default().to_owned();
            let plain = encoder.decode(&encoded).expect("base64");
            let name = format!("{key} of {}/{}", item["metadata"]["namespace"], item["metadata"]["name"]);
            if let Ok(plain) = String::from_utf8(plain)
                && plain.len() >= SECRET_LENGTH
            {
                secrets.extend([(name.clone(), plain), (name, encoded)]);
            }
        }
    }
    secrets
}
