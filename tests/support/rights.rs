//! The rights that `deploy/kubernetes` gives, a line each: `keyforge-applier: patch deployments.apps`.

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;

/// Where the rules are.
pub const RULES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/kubernetes/base");

/// All rights of all roles.
pub fn granted() -> BTreeSet<String> {
    let roles = shipped().into_iter().filter(|object| object["rules"].is_array());
    roles.flat_map(|role| of(&role)).collect()
}

/// What one role that holds for the whole cluster gives.
pub fn of_cluster_role(name: &str) -> BTreeSet<String> {
    let is_it = |role: &&Value| role["kind"] == "ClusterRole" && role["metadata"]["name"] == name;
    of(shipped().iter().find(is_it).expect("it is shipped"))
}

fn of(role: &Value) -> BTreeSet<String> {
    let name = role["metadata"]["name"].as_str().expect("a name");
    let place = role["metadata"]["namespace"].as_str().map(|namespace| format!(" in {namespace}"));
    let place = place.unwrap_or_default();
    let mut rights = BTreeSet::new();
    for rule in role["rules"].as_array().expect("rules") {
        for group in words(&rule["apiGroups"]) {
            for resource in words(&rule["resources"]) {
                let resource = if group.is_empty() { resource } else { format!("{resource}.{group}") };
                for verb in words(&rule["verbs"]) {
                    let right = format!("{name}{place}: {verb} {resource}");
                    assert!(rights.insert(right.clone()), "given twice: {right}");
                }
            }
        }
    }
    rights
}

fn words(list: &Value) -> Vec<String> {
    let list = list.as_array().expect("a list");
    list.iter().map(|word| word.as_str().expect("text").to_owned()).collect()
}

/// The objects that are shipped.
fn shipped() -> Vec<Value> {
    let files = fs::read_dir(RULES).expect("the rules are shipped").map(|file| file.expect("a file").path());
    let texts = files.map(|file| fs::read_to_string(file).expect("a readable file")).collect::<Vec<_>>();
    let documents = texts.iter().flat_map(|text| text.split("\n---\n"));
    let objects = documents.map(|text| serde_saphyr::from_str::<Option<Value>>(text).expect("YAML"));
    objects.flatten().collect()
}
