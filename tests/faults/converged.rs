//! What still keeps a fleet from being as its config repo says.

use std::collections::BTreeMap;

use serde_json::Value;
use sqlx::Row as _;

use crate::fleet::Union;
use crate::scene::Scene;

/// What is not as it should be yet, one line each.
pub(crate) async fn what_is_not(scene: &Scene<'_>) -> Vec<String> {
    if !scene.rests().await {
        return vec!["the head was not taken in, or unions are due".to_owned()];
    }
    let mut wrong = states(scene).await;
    wrong.extend(deployments(scene).await);
    wrong.extend(interrupted(scene).await);
    if wrong.is_empty() {
        wrong = editions(scene).await;
    }
    if wrong.is_empty() {
        wrong = servers(scene);
    }
    if wrong.is_empty() {
        wrong = societies(scene).await;
    }
    wrong
}

/// No look at a union was interrupted and waits to be tried again: what it would find is not known yet.
async fn interrupted(scene: &Scene<'_>) -> Vec<String> {
    let rows = scene.rows("select union_name from work where attempts > 0 order by 1").await;
    let Some(rows) = rows else { return vec!["the database is away".to_owned()] };
    rows.iter().map(|row| format!("{} is to be tried again", row.get::<&str, _>(0))).collect()
}

/// Every replica says of every union what its documents ask for.
async fn states(scene: &Scene<'_>) -> Vec<String> {
    let mut wrong = Vec::new();
    for (number, replica) in scene.replicas.iter().enumerate() {
        let Some(daemon) = replica.daemon() else { continue };
        let Some((200, page)) = daemon.get("/api/v1/unions?limit=500").await else {
            wrong.push(format!("replica {number} does not answer"));
            continue;
        };
        let mut told: BTreeMap<String, (String, String)> = BTreeMap::new();
        for item in page["items"].as_array().into_iter().flatten() {
            let text = |key: &str| item[key].as_str().unwrap_or_default().to_owned();
            told.insert(
                text("name"),
                (format!("{}, health {}", text("state"), text("health")), text("reason")),
            );
        }
        for union in scene.fleet.head().keys() {
            let (state, reason) =
                told.remove(&scene.name(*union)).unwrap_or_else(|| ("unknown".into(), String::new()));
            let expected = expected(scene, *union);
            if !expected.contains(&state.as_str()) {
                wrong.push(format!("replica {number}: {union} is {state}, not {expected:?}: {reason}"));
            }
        }
        for union in scene.fleet.left().iter().filter(|union| !union.goes_with_its_data()) {
            // Unknown, if its foundation was never seen.
            if !scene.fleet.head().contains_key(union)
                && let Some((state, reason)) = told.remove(&scene.name(*union))
                && !state.starts_with("tombstone, ")
            {
                wrong.push(format!("replica {number}: {union} is {state}, not a tombstone: {reason}"));
            }
        }
        wrong.extend(told.iter().map(|(name, (state, reason))| {
            format!("replica {number}: {name} is {state} and should be gone: {reason}")
        }));
    }
    wrong
}

/// The states in which a declared union may come to rest.
fn expected(scene: &Scene<'_>, union: Union) -> &'static [&'static str] {
    match (scene.fleet.head()[&union].broken, scene.fleet.left().contains(&union)) {
        (false, _) => &["current, health current"],
        // Held at what was accepted last; if only broken documents of it were ever seen, at nothing.
        (true, false) => &["held, health current", "held, health unknown"],
        // It was brought back by force in the state in which it was broken.
        (true, true) => &[
            "held, health current",
            "held, health unknown",
            "tombstone, health current",
            "tombstone, health unknown",
        ],
    }
}

async fn deployments(scene: &Scene<'_>) -> Vec<String> {
    let open = "select union_name, deployment_id::text from deployment where phase <> 'closed'";
    let Some(rows) = scene.rows(open).await else { return vec!["PostgreSQL does not answer".to_owned()] };
    let line = |row| {
        let (union, deployment): (String, String) = (sqlx::Row::get(&row, 0), sqlx::Row::get(&row, 1));
        format!("deployment {deployment} of {union} is open")
    };
    rows.into_iter().map(line).collect()
}

/// What runs is rendered from the newest acceptable documents.
async fn editions(scene: &Scene<'_>) -> Vec<String> {
    let accepted =
        "select union_name, jsonb_path_query_first(body, '$.**.DATABASE_MAX_CONNS') #>> '{}' from acceptance";
    let Some(rows) = scene.rows(accepted).await else { return vec!["PostgreSQL does not answer".to_owned()] };
    let accepted: BTreeMap<String, Option<String>> =
        rows.iter().map(|row| (row.get(0), row.get(1))).collect();
    let Some(settings) = list(scene, "configmap") else {
        return vec!["the API server does not answer".to_owned()];
    };
    let mut wrong = Vec::new();
    for (union, document) in scene.fleet.head() {
        let name = scene.name(*union);
        let namespace = format!("union-{name}");
        let live = settings
            .iter()
            .filter(|one| {
                one["metadata"]["namespace"] == *namespace && one["metadata"]["name"] == "vaultwarden"
            })
            .find_map(|one| one["data"]["DATABASE_MAX_CONNS"].as_str());
        let held = accepted.get(&name).and_then(Option::as_deref);
        let newest = document.edition.to_string();
        let expected = if document.broken { held } else { Some(newest.as_str()) };
        let stopped = document.broken && scene.fleet.left().contains(union);
        if live != expected && !stopped {
            wrong.push(format!("{union} runs edition {live:?}, not {expected:?}"));
        }
    }
    wrong
}

/// The societies are as their documents say.
async fn societies(scene: &Scene<'_>) -> Vec<String> {
    let sql = "select union_name, state from society";
    let Some(rows) = scene.rows(sql).await else { return vec!["PostgreSQL does not answer".to_owned()] };
    let told: BTreeMap<String, String> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
    let running = scene.fleet.head().iter().filter(|(_, document)| !document.broken);
    let societies = running.filter(|(union, _)| union.has_a_society());
    let states = societies.map(|(union, _)| (union, told.get(&scene.name(*union)).map(String::as_str)));
    let wrong = states.filter(|(_, state)| *state != Some("current"));
    wrong.map(|(union, state)| format!("the society of {union} is {state:?}")).collect()
}

/// One server for each union that has one, and none for the others.
fn servers(scene: &Scene<'_>) -> Vec<String> {
    let (Some(pods), Some(mut workloads)) = (list(scene, "pod"), list(scene, "deployment")) else {
        return vec!["the API server does not answer".to_owned()];
    };
    // Of a removed union it is stopped.
    workloads.retain(|workload| workload["spec"]["replicas"] != 0);
    let count = |items: &[Value]| {
        let mut count: BTreeMap<String, usize> = BTreeMap::new();
        for item in items {
            *count
                .entry(item["metadata"]["namespace"].as_str().unwrap_or_default().to_owned())
                .or_default() += 1;
        }
        count
    };
    let (pods, workloads) = (count(&pods), count(&workloads));
    let mut wrong = Vec::new();
    if pods != workloads {
        wrong.push(format!("pods {pods:?} and workloads {workloads:?} differ"));
    }
    let running = scene.fleet.head().iter().filter(|(_, document)| !document.broken);
    for (union, _) in running {
        if workloads.get(&format!("union-{}", scene.name(*union))) != Some(&1) {
            wrong.push(format!("{union} has not one workload"));
        }
    }
    wrong
}

/// All objects of a kind in the namespaces of this seed's unions.
fn list(scene: &Scene<'_>, kind: &str) -> Option<Vec<Value>> {
    let text = scene.site.try_kubectl(&["get", kind, "--all-namespaces", "-o", "json"]).ok()?;
    let mut list: Value = serde_json::from_str(&text).expect("kubectl prints JSON");
    let prefix = format!("union-{}-", scene.site.name);
    let mut items = list["items"].take().as_array().cloned().unwrap_or_default();
    items.retain(|item| item["metadata"]["namespace"].as_str().is_some_and(|own| own.starts_with(&prefix)));
    Some(items)
}
