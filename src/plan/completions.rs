//! What Kubernetes itself adds to an object of ours: the volume that a claim is bound to, the revision of a Deployment.
//!
//! Apart from [`super::additions`], which are somebody's: these are nobody's business, and an object that differs by them
//! alone is the one that was applied. Invariant: a field that we own is never one of them.

use serde_json::Value;

use super::member::Member;
use super::observed::ManagedFields;

/// Kubernetes' own parts, by the names under which they write.
const KUBERNETES: [&str; 5] =
    ["kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet", "cloud-controller-manager"];

/// Whether these fields were written by a part of Kubernetes.
pub(super) fn is_of_kubernetes(entry: &ManagedFields) -> bool {
    KUBERNETES.contains(&entry.manager.0.as_str())
}

/// The object without what Kubernetes added to it, by its `managedFields`: also by the way of the status, which takes the
/// annotations of a Deployment.
pub fn without_completions(object: &Value, managed: &[ManagedFields]) -> Value {
    let mut object = object.clone();
    let ours: Vec<&Value> =
        managed.iter().filter(|entry| entry.is_ours()).map(|entry| &entry.fields).collect();
    for entry in managed.iter().filter(|entry| is_of_kubernetes(entry)) {
        take_out(&entry.fields, &ours, &mut object);
    }
    object
}

/// Takes a set of fields out of the value that holds them, but for our own; and what is empty then with them.
fn take_out(fields: &Value, ours: &[&Value], within: &mut Value) {
    for (key, below) in fields.as_object().into_iter().flatten() {
        let Some(member) = Member::of(key, within) else { continue };
        let ours: Vec<&Value> = ours.iter().filter_map(|fields| fields.get(key)).collect();
        let is_leaf = below.as_object().is_none_or(|below| below.keys().all(|key| key == "."));
        let is_empty = |value: &Value| match value {
            Value::Object(fields) => fields.is_empty(),
            Value::Array(items) => items.is_empty(),
            _ => false,
        };
        if !is_leaf && let Some(value) = member.get_mut(within) {
            take_out(below, &ours, value);
        }
        if ours.is_empty() && (is_leaf || member.get(within).is_some_and(is_empty)) {
            member.take_out(within);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::ids::{FIELD_MANAGER, FieldManager};
    use crate::plan::Operation;

    fn entry(manager: &str, fields: Value) -> ManagedFields {
        let operation = if manager == FIELD_MANAGER { Operation::Apply } else { Operation::Update };
        ManagedFields { manager: FieldManager(manager.into()), operation, subresource: None, fields }
    }

    #[test]
    fn what_kubernetes_completes_is_taken_out_and_what_people_or_we_say_stays() {
        let applied = json!({"metadata": {"labels": {"a": "1"}}, "spec": {"size": "1Gi"}});
        let ours = entry(
            FIELD_MANAGER,
            json!({
                "f:metadata": {"f:labels": {"f:a": {}}}, "f:spec": {"f:size": {}},
            }),
        );
        let bound = json!({
            "metadata": {"labels": {"a": "1"}, "annotations": {"pv.kubernetes.io/bind-completed": "yes"}},
            "spec": {"size": "1Gi", "volumeName": "pv"},
        });
        let completed = json!({
            "f:metadata": {"f:annotations": {".": {}, "f:pv.kubernetes.io/bind-completed": {}}, "f:labels": {"f:a": {}}},
            "f:spec": {"f:volumeName": {}},
        });
        let without = |object: &Value, entries: &[ManagedFields]| without_completions(object, entries);
        assert_eq!(
            without(&bound, &[ours.clone(), entry("kube-controller-manager", completed.clone())]),
            applied
        );
        assert_eq!(without(&bound, &[ours, entry("kubectl-edit", completed)]), bound);
    }

    #[test]
    fn what_was_ours_and_is_written_over_in_the_name_of_kubernetes_is_another_content() {
        let image = |image: &str| json!({"spec": {"image": image}});
        let fields = json!({"f:spec": {"f:image": {}}});
        let ours = |fields: Value| entry(FIELD_MANAGER, fields);
        let before = without_completions(&image("ours"), &[ours(fields.clone())]);
        let taken = [ours(json!({})), entry("kubelet", fields.clone())];
        assert_ne!(without_completions(&image("theirs"), &taken), before);
        let shared = [ours(fields.clone()), entry("kubelet", fields)];
        assert_eq!(without_completions(&image("ours"), &shared), before);
    }
}
