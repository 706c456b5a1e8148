//! Who owns the fields that differ: people's tools are taken over, other controllers are refused by name.
//!
//! Our apply is always forced, since without force even its dry-run fails and drift could not be computed
//! (decisions.md 1.1). So the look at `managedFields` here, before anything is written, is what keeps us from fighting.

use std::collections::BTreeMap;

use serde_json::Value;

use super::diff::{FieldChange, step};
use super::observed::ManagedFields;
use crate::ids::{FIELD_MANAGER, FieldManager};

/// Tools by which people change things by hand: Git says otherwise, and Git wins.
///
/// The last two are what browser-based dashboards and Lens call themselves. Whole names: Flux's `helm-controller` is
/// nobody's hand.
const TAKEN_OVER: [&str; 7] = ["kubectl", "helm", "k9s", "Lens", "dashboard", "Mozilla", "node-fetch"];

/// What kubectl puts before its commands: `kubectl-edit`, `kubectl-client-side-apply`.
const KUBECTL: &str = "kubectl-";

/// Whether this manager is a person's tool. Under our own name it is one as well: we write by apply alone.
pub(super) fn is_taken_over(manager: &FieldManager) -> bool {
    let name = manager.0.as_str();
    TAKEN_OVER.contains(&name) || name.starts_with(KUBECTL) || name == FIELD_MANAGER
}

/// The managers other than ours that own a field which differs, each with those fields.
pub(super) fn owners(
    changed: &[FieldChange],
    managed: &[ManagedFields],
) -> BTreeMap<FieldManager, Vec<String>> {
    let mut owners: BTreeMap<FieldManager, Vec<String>> = BTreeMap::new();
    for entry in managed.iter().filter(|entry| !entry.is_ours() && !entry.is_status()) {
        let mut owned = Vec::new();
        leaves(&entry.fields, String::new(), &mut owned);
        for change in changed {
            let flat = without_positions(&change.path);
            if owned.iter().any(|path| covers(path, &flat)) {
                owners.entry(entry.manager.clone()).or_default().push(change.path.clone());
            }
        }
    }
    owners
}

/// The paths of a `FieldsV1` set. List items (`k:{…}`, `v:…`, `i:…`) are all written `[]`: which item it is does not
/// matter for the question whose field it is.
fn leaves(fields: &Value, path: String, found: &mut Vec<String>) {
    let Some(map) = fields.as_object() else { return };
    let mut children = 0;
    for (key, below) in map {
        let next = match key.split_once(':') {
            Some(("f", name)) => format!("{path}{}", step(name)),
            Some(_) => format!("{path}[]"),
            None => continue,
        };
        children += 1;
        leaves(below, next, found);
    }
    if children == 0 {
        found.push(path);
    }
}

/// `.a[0].b` → `.a[].b`; quoted keys stay as they are.
fn without_positions(path: &str) -> String {
    let mut flat = String::with_capacity(path.len());
    let mut rest = path;
    while let Some(open) = rest.find('[') {
        let end = rest[open..].find(']').map_or(rest.len(), |close| open + close);
        let inside = &rest[open + 1..end];
        let is_position = !inside.is_empty() && inside.bytes().all(|b| b.is_ascii_digit());
        flat.push_str(&rest[..=open]);
        if !is_position {
            flat.push_str(inside);
        }
        rest = &rest[end..];
    }
    flat + rest
}

/// Whether a field and an owned field are the same, or one lies within the other.
fn covers(owned: &str, changed: &str) -> bool {
    let within = |outer: &str, inner: &str| {
        inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
    };
    within(owned, changed) || within(changed, owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::plan::Operation;

    #[test]
    fn the_owner_of_a_differing_field_is_named() {
        let entry = |manager: &str, fields: Value| ManagedFields {
            manager: FieldManager(manager.into()),
            operation: if manager == "keyforge" { Operation::Apply } else { Operation::Update },
            subresource: None,
            fields,
        };
        let managed = [
            entry("keyforge", json!({"f:spec": {"f:paused": {}}})),
            entry("hpa", json!({"f:spec": {"f:replicas": {}}})),
            entry(
                "kubectl-edit",
                json!({"f:spec": {"f:containers": {"k:{\"name\":\"web\"}": {".": {}, "f:image": {}}}},
                       "f:metadata": {"f:annotations": {"f:x.dev/y": {}}}}),
            ),
            entry("idle", json!({"f:spec": {"f:strategy": {}}})),
        ];
        let changed: Vec<FieldChange> =
            [".spec.replicas", ".spec.containers[0].image", ".metadata.annotations[\"x.dev/y\"]"]
                .iter()
                .map(|path| FieldChange { path: (*path).into(), from: None, to: None })
                .collect();
        let found: Vec<String> = owners(&changed, &managed)
            .into_iter()
            .map(|(who, fields)| format!("{who}: {}", fields.join(" ")))
            .collect();
        assert_eq!(
            found,
            [
                "hpa: .spec.replicas",
                "kubectl-edit: .spec.containers[0].image .metadata.annotations[\"x.dev/y\"]"
            ]
        );
    }

    #[test]
    fn tools_of_people_are_taken_over_and_controllers_are_not() {
        let taken_over = |name: &str| is_taken_over(&FieldManager(name.into()));
        assert!(["kubectl", "kubectl-client-side-apply", "helm"].into_iter().all(taken_over));
        assert!(!["hpa-controller", "helm-controller", "kubectld"].into_iter().any(taken_over));
    }
}
