//! What every object of a union carries, whoever wrote its template.
//!
//! Ownership, restart on change and the way back to the file hang on these, so they are no matter of templates.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::manifest::{Draft, canonical, object};
use super::reference::Given;
use super::slot::Slot;
use crate::digest::Digest;
use crate::names::{InstallationId, UnionName};

/// By which pod templates tell that their configuration changed.
const CONFIGURATION: &str = "keyforge.dev/configuration";

/// By which copies of other Secrets tell that a value changed.
const GIVEN: &str = "keyforge.dev/given";

/// By which Secrets tell that a value was drawn anew.
const ROTATION: &str = "keyforge.dev/rotation";

/// Adds labels of ownership and the source annotation to each, to copies of Secrets the fingerprints of their values,
/// to what runs the digest of what it reads at its start.
pub(super) fn stamp(
    drafts: &mut [Draft],
    given: &Given,
    union: &UnionName,
    installation: &InstallationId,
    source: &str,
) {
    for draft in &mut *drafts {
        let labels = draft.metadata("labels");
        put(labels, "app.kubernetes.io/managed-by", "keyforge");
        put(labels, "keyforge.dev/installation", installation.as_str());
        put(labels, "keyforge.dev/union", union.as_str());
        labels.entry("app.kubernetes.io/name").or_insert_with(|| Value::String("vaultwarden".into()));
        put(draft.metadata("annotations"), "keyforge.dev/source", source);
        if let Some(fingerprints) = fingerprints(draft, given) {
            put(draft.metadata("annotations"), GIVEN, &fingerprints);
        }
    }
    let configurations: BTreeMap<Name, Vec<u8>> = drafts.iter().filter_map(configuration).collect();
    for draft in
        drafts.iter_mut().filter(|draft| matches!(draft.id.kind.as_str(), "Deployment" | "StatefulSet"))
    {
        let template = object(object(&mut draft.body, "spec"), "template");
        let mut read = BTreeSet::new();
        for member in template.values() {
            reads(member, &mut read);
        }
        let read: Vec<&[u8]> =
            read.iter().filter_map(|name| configurations.get(name)).map(Vec::as_slice).collect();
        if !read.is_empty() {
            let digest = Digest::of_parts(read).to_string();
            put(object(object(template, "metadata"), "annotations"), CONFIGURATION, &digest);
        }
    }
}

fn put(map: &mut Map<String, Value>, key: &str, value: &str) {
    map.insert(key.to_owned(), Value::String(value.to_owned()));
}

/// Of the values that a copy of Secrets holds; `None` for what is no copy, and where nobody has looked at the values.
fn fingerprints(draft: &Draft, given: &Given) -> Option<String> {
    let of = |slot: &Slot| match slot {
        Slot::Secret { name, key } => Some(given.fingerprints.get(&(name.clone(), key.clone()))),
        Slot::AdminTokenHash | Slot::AccountAddress | Slot::DatabasePassword | Slot::BackupPassword => None,
    };
    let found: Option<Vec<&str>> =
        draft.slots.iter().filter_map(|(_, slot)| of(slot)).map(|found| found.map(String::as_str)).collect();
    found.filter(|found| !found.is_empty()).map(|found| found.join(" "))
}

/// A ConfigMap or Secret: kind and name.
type Name = (&'static str, String);

/// Of a ConfigMap or Secret what a pod would read: its data, slots by name, and the numbers and fingerprints that stand
/// for the values in them.
fn configuration(draft: &Draft) -> Option<(Name, Vec<u8>)> {
    let kind = ["ConfigMap", "Secret"].into_iter().find(|kind| draft.id.kind == *kind)?;
    let annotation = |key: &str| draft.body.get("metadata")?.get("annotations")?.get(key);
    let slots: Vec<String> = draft.slots.iter().map(|(pointer, slot)| format!("{pointer} {slot}")).collect();
    let data = ["data", "stringData", "binaryData"].map(|field| draft.body.get(field));
    let content = json!([kind, draft.id.name, data, slots, annotation(ROTATION), annotation(GIVEN)]);
    Some(((kind, draft.id.name.clone()), canonical(&content)))
}

/// The ConfigMaps and Secrets that a part of a pod's specification names: environment and volumes.
fn reads(part: &Value, found: &mut BTreeSet<Name>) {
    match part {
        Value::Array(items) => items.iter().for_each(|item| reads(item, found)),
        Value::Object(members) => {
            for (key, member) in members {
                let (kind, name) = match key.as_str() {
                    "configMap" | "configMapRef" | "configMapKeyRef" => ("ConfigMap", member.get("name")),
                    "secretRef" | "secretKeyRef" => ("Secret", member.get("name")),
                    // Of a volume, and of a part of a projected one.
                    "secret" => ("Secret", member.get("secretName").or_else(|| member.get("name"))),
                    _ => ("", None),
                };
                match name.and_then(Value::as_str) {
                    Some(name) => drop(found.insert((kind, name.to_owned()))),
                    None => reads(member, found),
                }
            }
        }
        _ => {}
    }
}

/// `metadata.labels` of the document as labels of the namespace. The schema lets through only what Kubernetes takes, this
/// prefix counted.
pub(super) fn labels(labels: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    labels.iter().map(|(key, value)| (format!("keyforge.dev/label-{key}"), value.clone())).collect()
}
