//! What somebody added to an object of ours, beside the fields that we state.
//!
//! The server's dry-run keeps such fields, so live and dry-run are equal and `diff` sees nothing: only the owners of
//! fields tell (decisions.md 1.2). Labels and annotations are not looked at: many programs note something there.

use std::collections::BTreeMap;

use serde_json::Value;

use super::completions::is_of_kubernetes;
use super::diff::FieldChange;
use super::ignore;
use super::member::Member;
use super::observed::ManagedFields;
use crate::ids::FieldManager;
use crate::spec::IgnoreRule;

/// Where additions are nobody's business.
const LEFT_ALONE: [&str; 4] = ["f:apiVersion", "f:kind", "f:metadata", "f:status"];

/// Whether a field is there to be completed by whoever provides the thing, such as the address of a load balancer. A volume
/// claim is bound by its provisioner, and restored with all that the server had filled in; nobody can take that back.
fn is_completed(kind: &Value, path: &str) -> bool {
    match kind.as_str() {
        Some("Service") => path == ".spec.loadBalancerIP",
        Some("PersistentVolumeClaim") => {
            let changes = [".spec.resources", ".spec.volumeAttributesClassName"];
            path.starts_with(".spec.") && !changes.iter().any(|changes| path.starts_with(changes))
        }
        _ => false,
    }
}

/// The fields that others added and no rule leaves to them, by manager; each as a change that removes it.
pub(super) fn additions(
    live: &Value,
    managed: &[ManagedFields],
    rules: &[IgnoreRule],
) -> BTreeMap<FieldManager, Vec<FieldChange>> {
    let (ours, others): (Vec<_>, Vec<_>) =
        managed.iter().filter(|entry| !entry.is_status()).partition(|entry| entry.is_ours());
    let ours: Vec<&Value> = ours.into_iter().map(|entry| &entry.fields).collect();
    let mut added: BTreeMap<FieldManager, Vec<FieldChange>> = BTreeMap::new();
    for entry in others.into_iter().filter(|entry| !is_of_kubernetes(entry)) {
        let mut found = Vec::new();
        for (key, fields) in entry.fields.as_object().into_iter().flatten() {
            if !LEFT_ALONE.contains(&key.as_str()) {
                walk((key, fields), live, &ours, "", &mut found);
            }
        }
        found.retain(|field| {
            !is_completed(&live["kind"], &field.path) && !ignore::is_left_to(rules, entry, &field.path)
        });
        if !found.is_empty() {
            added.entry(entry.manager.clone()).or_default().extend(found);
        }
    }
    added
}

/// One member of a set of fields (`FieldsV1`), beside the live value that holds it and our own sets at that place.
fn walk(
    (key, below): (&str, &Value),
    live: &Value,
    ours: &[&Value],
    path: &str,
    found: &mut Vec<FieldChange>,
) {
    let Some(member) = Member::of(key, live) else { return };
    let Some(value) = member.get(live) else { return };
    let path = format!("{path}{}", member.step());
    let ours: Vec<&Value> = ours.iter().filter_map(|fields| fields.get(key)).collect();
    let children = || below.as_object().into_iter().flatten().filter(|(key, _)| *key != ".");
    // A whole item of a list is told as one, not by its fields.
    let whole = children().next().is_none() || (ours.is_empty() && key.starts_with("k:"));
    if !whole {
        for (key, below) in children() {
            walk((key, below), value, &ours, &path, found);
        }
    } else if ours.is_empty() {
        found.push(FieldChange { path, from: Some(value.clone()), to: None });
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::plan::Operation;

    #[test]
    fn what_others_added_is_told_and_what_they_share_with_us_is_not() {
        let live = json!({
            "metadata": {"labels": {"a": "1"}},
            "spec": {"replicas": 1, "paused": true, "env": [
                {"name": "OURS", "value": "1"}, {"name": "EXTRA", "value": "2"},
            ], "finalizers": ["x"], "volumeName": "pv"},
        });
        let entry = |manager: &str, subresource: Option<&str>, fields: Value| ManagedFields {
            manager: FieldManager(manager.into()),
            operation: if manager == "keyforge" { Operation::Apply } else { Operation::Update },
            subresource: subresource.map(str::to_owned),
            fields,
        };
        let managed = [
            entry(
                "keyforge",
                None,
                json!({"f:spec": {"f:replicas": {}, "f:env": {"k:{\"name\":\"OURS\"}": {".": {}, "f:name": {}, "f:value": {}}}}}),
            ),
            entry(
                "kubectl-set",
                None,
                json!({
                    "f:metadata": {"f:labels": {"f:a": {}}},
                    "f:spec": {"f:replicas": {}, "f:gone": {}, "f:env": {
                        "k:{\"name\":\"OURS\"}": {"f:value": {}},
                        "k:{\"name\":\"EXTRA\"}": {".": {}, "f:name": {}, "f:value": {}},
                    }},
                }),
            ),
            entry("mesh", None, json!({"f:spec": {"f:paused": {}, "f:finalizers": {"v:\"x\"": {}}}})),
            entry("mesh", Some("status"), json!({"f:spec": {"f:replicas": {}}})),
            entry("kube-controller-manager", None, json!({"f:spec": {"f:volumeName": {}}})),
        ];
        let added: Vec<String> = additions(&live, &managed, &[])
            .into_iter()
            .flat_map(|(manager, fields)| {
                fields.into_iter().map(move |field| format!("{manager}: {}", field.path))
            })
            .collect();
        assert_eq!(added, ["kubectl-set: .spec.env[1]", "mesh: .spec.finalizers[0]", "mesh: .spec.paused"]);
    }

    #[test]
    fn who_provides_or_restores_a_claim_completes_it() {
        let live = json!({"kind": "PersistentVolumeClaim", "spec": {
            "volumeName": "pv", "storageClassName": "fast", "dataSource": {"name": "snapshot"},
            "volumeAttributesClassName": "gold",
        }});
        let fields = json!({"f:spec": {
            "f:volumeName": {}, "f:storageClassName": {}, "f:dataSource": {}, "f:volumeAttributesClassName": {},
        }});
        let manager = FieldManager("provisioner".into());
        let managed = [ManagedFields { manager, operation: Operation::Update, subresource: None, fields }];
        let added: Vec<String> =
            additions(&live, &managed, &[]).into_values().flatten().map(|field| field.path).collect();
        assert_eq!(added, [".spec.volumeAttributesClassName"]);
    }

    #[test]
    fn what_was_written_under_our_name_and_not_by_apply_is_an_addition() {
        let live = json!({"data": {"ours": "1", "theirs": "2"}});
        let entry = |operation, fields| ManagedFields {
            manager: FieldManager("keyforge".into()),
            operation,
            subresource: None,
            fields,
        };
        let managed = [
            entry(Operation::Apply, json!({"f:data": {"f:ours": {}}})),
            entry(Operation::Update, json!({"f:data": {"f:theirs": {}}})),
        ];
        let added: Vec<String> =
            additions(&live, &managed, &[]).into_values().flatten().map(|field| field.path).collect();
        assert_eq!(added, [".data.theirs"]);
    }
}
