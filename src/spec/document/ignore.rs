//! `Keyforge.spec.ignore`: fields of our objects that are left to a known co-manager.

use serde::{Deserialize, Serialize};

/// One of `Keyforge.spec.ignore`: fields that a known co-manager may set without being drift.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct IgnoreRule {
    /// The field manager, as `managedFields` name it.
    pub manager: String,
    /// The kind of object, such as `Deployment`.
    pub kind: String,
    /// The object's name; absent: each of this kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Paths as plans print them, such as `.spec.replicas`; what is below them is meant too.
    pub fields: Vec<String>,
}

impl IgnoreRule {
    /// Whether it is about this object.
    pub fn is_about(&self, kind: &str, name: &str) -> bool {
        self.kind == kind && self.name.as_deref().is_none_or(|named| named == name)
    }

    /// Whether this field is one of its own, or below one.
    pub fn has(&self, path: &str) -> bool {
        self.fields.iter().any(|field| is_within(field, path))
    }

    /// Whether it leaves to the manager all that another one does.
    pub fn covers(&self, other: &Self) -> bool {
        self.manager == other.manager
            && self.kind == other.kind
            && (self.name.is_none() || self.name == other.name)
            && other.fields.iter().all(|field| self.has(field))
    }
}

/// Whether a path is the outer one or below it.
fn is_within(outer: &str, path: &str) -> bool {
    path.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(name: Option<&str>, fields: &[&str]) -> IgnoreRule {
        IgnoreRule {
            manager: "hpa".into(),
            kind: "Deployment".into(),
            name: name.map(str::to_owned),
            fields: fields.iter().map(|field| (*field).to_owned()).collect(),
        }
    }

    #[test]
    fn what_is_below_a_field_is_meant_too_and_a_longer_name_is_not() {
        let rule = rule(None, &[".spec.template.metadata", ".spec.replicas"]);
        assert!(rule.has(".spec.template.metadata.annotations[\"mesh.dev/state\"]"));
        assert!(rule.has(".spec.replicas"));
        assert!(!rule.has(".spec.replicasets") && !rule.has(".spec"));
    }

    #[test]
    fn a_rule_covers_what_is_narrower_and_of_the_same_manager() {
        let wide = rule(None, &[".spec"]);
        let narrow = rule(Some("vaultwarden"), &[".spec.replicas"]);
        assert!(wide.covers(&narrow) && wide.covers(&wide));
        assert!(!narrow.covers(&wide) && !narrow.covers(&rule(Some("other"), &[".spec.replicas"])));
        assert!(!wide.covers(&IgnoreRule { manager: "vpa".into(), ..narrow }));
    }
}
