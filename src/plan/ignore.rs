//! Fields that rules of `keyforge.yaml` leave to a co-manager: neither compared, nor applied, nor taken back.
//!
//! A rule counts for a field while its manager owns it, by `managedFields`. Until then our value is applied, so that an
//! object is whole before an autoscaler or a mesh has ever seen it; and what the manager gives up is ours again.

use std::borrow::Cow;

use serde_json::Value;

use super::member::Member;
use super::observed::ManagedFields;
use crate::desired::Manifest;
use crate::spec::IgnoreRule;

/// The manifest without what is left to others in this object. Its digest stays: that is of what is wanted.
pub fn without_ignored<'a>(want: &'a Manifest, live: &Value, managed: &[ManagedFields]) -> Cow<'a, Manifest> {
    let left = left_to_others(&want.ignored, live, managed);
    if left.is_empty() {
        return Cow::Borrowed(want);
    }
    let mut want = want.clone();
    for keys in &left {
        take_out(&mut want.body, keys);
    }
    want.slots.retain(|(place, _)| want.body.pointer(place).is_some());
    Cow::Owned(want)
}

/// Whether a rule leaves this field to this manager.
pub(super) fn is_left_to(rules: &[IgnoreRule], entry: &ManagedFields, path: &str) -> bool {
    !entry.is_ours() && rules.iter().any(|rule| rule.manager == entry.manager.0 && rule.has(path))
}

/// The ways to what is left to others, as keys of `FieldsV1`.
fn left_to_others<'a>(rules: &[IgnoreRule], live: &Value, managed: &'a [ManagedFields]) -> Vec<Vec<&'a str>> {
    let mut found = Vec::new();
    if rules.is_empty() {
        return found;
    }
    for entry in managed.iter().filter(|entry| !entry.is_status()) {
        let is_left = |path: &str| is_left_to(rules, entry, path);
        walk(&entry.fields, live, &is_left, "", &mut Vec::new(), &mut found);
    }
    found
}

fn walk<'a>(
    fields: &'a Value,
    live: &Value,
    is_left: &dyn Fn(&str) -> bool,
    path: &str,
    keys: &mut Vec<&'a str>,
    found: &mut Vec<Vec<&'a str>>,
) {
    for (key, below) in fields.as_object().into_iter().flatten() {
        let Some(member) = Member::of(key, live) else { continue };
        let path = format!("{path}{}", member.step());
        keys.push(key);
        let is_leaf = below.as_object().is_none_or(|below| below.keys().all(|key| key == "."));
        // A whole item of a list goes as one: without the field that names it, the rest would be no item.
        if (is_leaf || key.starts_with("k:")) && is_left(&path) {
            found.push(keys.clone());
        } else if let Some(value) = member.get(live) {
            walk(below, value, is_left, &path, keys, found);
        }
        keys.pop();
    }
}

fn take_out(body: &mut Value, keys: &[&str]) {
    let Some((key, rest)) = keys.split_first() else { return };
    let Some(member) = Member::of(key, body) else { return };
    if rest.is_empty() {
        member.take_out(body);
    } else if let Some(below) = member.get_mut(body) {
        take_out(below, rest);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::digest::Digest;
    use crate::ids::{FieldManager, ResourceId};
    use crate::plan::{Operation, drift};

    fn rule(manager: &str, fields: &[&str]) -> IgnoreRule {
        IgnoreRule {
            manager: manager.into(),
            kind: "Deployment".into(),
            name: None,
            fields: fields.iter().map(|field| (*field).to_owned()).collect(),
        }
    }

    fn entry(manager: &str, operation: Operation, fields: Value) -> ManagedFields {
        ManagedFields { manager: FieldManager(manager.into()), operation, subresource: None, fields }
    }

    fn want(body: Value, ignored: Vec<IgnoreRule>) -> Manifest {
        let id = ResourceId {
            kind: "Deployment".into(),
            namespace: Some("union-acme".into()),
            name: "vaultwarden".into(),
            api_version: "apps/v1".into(),
        };
        Manifest { id, body, slots: Vec::new(), ignored, digest: Digest::of("wanted") }
    }

    /// An autoscaler has set replicas, a mesh an annotation and a container, a person another annotation.
    fn live() -> (Value, Vec<ManagedFields>) {
        let live = json!({"spec": {"replicas": 3, "template": {
            "metadata": {"annotations": {"ours": "1", "mesh.dev/state": "on", "by": "hand"}},
            "spec": {"containers": [{"name": "proxy", "image": "p:1"}, {"name": "web", "image": "w:1"}]},
        }}});
        let managed = vec![
            entry(
                "keyforge",
                Operation::Apply,
                json!({"f:spec": {"f:template": {
                    "f:metadata": {"f:annotations": {"f:ours": {}}},
                    "f:spec": {"f:containers": {"k:{\"name\":\"web\"}": {".": {}, "f:name": {}, "f:image": {}}}},
                }}}),
            ),
            entry("hpa", Operation::Update, json!({"f:spec": {"f:replicas": {}}})),
            entry(
                "mesh",
                Operation::Update,
                json!({"f:spec": {"f:template": {
                    "f:metadata": {"f:annotations": {"f:mesh.dev/state": {}}},
                    "f:spec": {"f:containers": {"k:{\"name\":\"proxy\"}": {".": {}, "f:name": {}, "f:image": {}}}},
                }}}),
            ),
            entry(
                "kubectl-edit",
                Operation::Update,
                json!({"f:spec": {"f:template": {"f:metadata": {"f:annotations": {"f:by": {}}}}}}),
            ),
        ];
        (live, managed)
    }

    #[test]
    fn what_the_manager_of_a_rule_owns_is_not_applied_and_all_else_is() {
        let (live, managed) = live();
        let body = json!({"spec": {"replicas": 1, "paused": false, "template": {
            "metadata": {"annotations": {"ours": "1", "mesh.dev/state": "off"}},
        }}});
        let rules = vec![
            rule("hpa", &[".spec.replicas", ".spec.paused"]),
            rule("mesh", &[".spec.template.metadata.annotations"]),
        ];
        let want = want(body, rules);
        let left = without_ignored(&want, &live, &managed);
        assert_eq!(
            left.body,
            json!({"spec": {"paused": false, "template": {"metadata": {"annotations": {"ours": "1"}}}}})
        );
        assert_eq!(left.digest, want.digest);
        // Before the autoscaler owns anything, our value is applied.
        assert_eq!(*without_ignored(&want, &live, &managed[..1]), want);
    }

    #[test]
    fn what_a_mesh_adds_by_its_rule_is_no_addition_and_what_a_person_adds_beside_it_is() {
        let (live, managed) = live();
        let rules = [
            rule("hpa", &[".spec.replicas"]),
            rule("mesh", &[".spec.template.metadata.annotations", ".spec.template.spec.containers[0]"]),
        ];
        let added = |rules: &[IgnoreRule]| -> Vec<String> {
            drift(&live, &live, &managed, rules).fields.into_iter().map(|field| field.path).collect()
        };
        assert_eq!(added(&rules), [".spec.template.metadata.annotations.by"]);
        assert_eq!(
            added(&[]),
            [
                ".spec.replicas",
                ".spec.template.metadata.annotations.by",
                ".spec.template.metadata.annotations[\"mesh.dev/state\"]",
                ".spec.template.spec.containers[0]",
            ]
        );
    }
}
