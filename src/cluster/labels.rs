//! Labels: whose an object is, and which union's.

use kube::core::ObjectMeta;
use serde_json::{Value, json};

use crate::names::{InstallationId, UnionName};
use crate::plan::Owner;

/// Who manages an object; ours say `keyforge`.
pub(super) const MANAGED_BY: &str = "app.kubernetes.io/managed-by";
/// Which installation of Keyforge owns an object (decisions.md 1.7).
pub(super) const INSTALLATION: &str = "keyforge.dev/installation";
/// Which union an object belongs to.
pub(super) const UNION: &str = "keyforge.dev/union";

/// The labels of what the daemon keeps for itself.
pub(super) fn ours(installation: &InstallationId, union: Option<&UnionName>) -> Value {
    let mut labels = json!({ MANAGED_BY: "keyforge", INSTALLATION: installation });
    if let Some(union) = union {
        labels[UNION] = json!(union);
    }
    labels
}

/// Whose an object is.
pub(super) fn owner(meta: &ObjectMeta, installation: &InstallationId) -> Owner {
    let label = |key: &str| meta.labels.as_ref().and_then(|labels| labels.get(key));
    match label(INSTALLATION).and_then(|text| text.parse::<InstallationId>().ok()) {
        Some(found) if label(MANAGED_BY).is_some_and(|by| by == "keyforge") => {
            if found == *installation {
                Owner::Ours
            } else {
                Owner::Other(found)
            }
        }
        _ => Owner::Nobody,
    }
}
