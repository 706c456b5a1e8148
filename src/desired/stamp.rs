//! What every object of a union carries, whoever wrote its template.
//!
//! Ownership, restart on change and the way back to the file hang on these, so they are no matter of templates.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::manifest::{Draft, canonical, object};
use crate::digest::Digest;
use crate::names::{InstallationId, UnionName};

/// By which pod templates tell that their configuration changed.
const CONFIGURATION: &str = "keyforge.dev/configuration";

/// Adds labels of ownership and the source annotation to each, the digest of the configuration to what runs.
pub(super) fn stamp(drafts: &mut [Draft], union: &UnionName, installation: &InstallationId, source: &str) {
    for draft in &mut *drafts {
        let labels = draft.metadata("labels");
        put(labels, "app.kubernetes.io/managed-by", "keyforge");
        put(labels, "keyforge.dev/installation", installation.as_str());
        put(labels, "keyforge.dev/union", union.as_str());
        labels.entry("app.kubernetes.io/name").or_insert_with(|| Value::String("vaultwarden".into()));
        put(draft.metadata("annotations"), "keyforge.dev/source", source);
    }
    let configuration = configuration(drafts).to_string();
    for draft in drafts.iter_mut().filter(|draft| draft.id.kind == "Deployment") {
        let template = object(object(&mut draft.body, "spec"), "template");
        put(object(object(template, "metadata"), "annotations"), CONFIGURATION, &configuration);
    }
}

fn put(map: &mut Map<String, Value>, key: &str, value: &str) {
    map.insert(key.to_owned(), Value::String(value.to_owned()));
}

/// Of what pods read at their start: the data of ConfigMaps and Secrets, slots by name, rotation numbers.
fn configuration(drafts: &[Draft]) -> Digest {
    let mut parts = Vec::new();
    for draft in drafts.iter().filter(|draft| matches!(draft.id.kind.as_str(), "ConfigMap" | "Secret")) {
        parts.push(draft.id.to_string().into_bytes());
        for field in ["data", "stringData", "binaryData"] {
            parts.push(draft.body.get(field).map(canonical).unwrap_or_default());
        }
        let annotation = Value::Object(draft.body.clone());
        let rotation = annotation.pointer("/metadata/annotations/keyforge.dev~1rotation");
        parts.push(rotation.map(canonical).unwrap_or_default());
        for (pointer, slot) in &draft.slots {
            parts.push(format!("{pointer} {slot}").into_bytes());
        }
    }
    Digest::of_parts(parts.iter().map(Vec::as_slice))
}

/// `metadata.labels` of the document as labels of the namespace, `keyforge.dev/label-<key>`.
///
/// Kubernetes allows letters, digits, `-`, `_` and `.`, with a letter or digit at both ends, 63 in all: what else is
/// there becomes `-`, ends are trimmed, the rest is cut. Of two keys that become one the last in order wins; a key of
/// which nothing is left is left out.
pub(super) fn labels(labels: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    const PREFIX: &str = "label-";
    let fit = |text: &str, max: usize| {
        let plain = |c: char| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '-' };
        let fitting: String = text.chars().map(plain).collect();
        let start = fitting.trim_start_matches(['-', '_', '.']);
        start[..start.len().min(max)].trim_end_matches(['-', '_', '.']).to_owned()
    };
    labels
        .iter()
        .map(|(key, value)| (fit(key, 63 - PREFIX.len()), fit(value, 63)))
        .filter(|(key, _)| !key.is_empty())
        .map(|(key, value)| (format!("keyforge.dev/{PREFIX}{key}"), value))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_of_people_become_labels_of_kubernetes() {
        let long = "x".repeat(80);
        let given = [
            ("region", "north"),
            ("example.org/Team", "Größe 1!"),
            ("-", "dropped"),
            (long.as_str(), long.as_str()),
            ("empty", ""),
        ];
        let given = given.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        let expected = [
            ("keyforge.dev/label-empty".to_owned(), String::new()),
            ("keyforge.dev/label-example.org-Team".to_owned(), "Gr--e-1".to_owned()),
            ("keyforge.dev/label-region".to_owned(), "north".to_owned()),
            (format!("keyforge.dev/label-{}", "x".repeat(57)), "x".repeat(63)),
        ];
        assert_eq!(labels(&given), BTreeMap::from(expected));
    }
}
