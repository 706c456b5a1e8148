//! Who writes into a union's namespace: its applier, a ServiceAccount of that namespace, and the two bindings that let it.
//!
//! Not a template, so that none can lose it or give it more. What the two roles allow is a matter of the cluster
//! (`deploy/kubernetes/base/unions.yaml`), not of a union.
//! Invariant: every binding that a union has is one of these.

use serde_json::{Value, json};

use super::manifest::Draft;
use crate::ids::ResourceId;
use crate::names::UnionName;

/// The ServiceAccount, and the role and binding that let it write what a union consists of.
pub const APPLIER: &str = "keyforge-applier";

/// The role and binding that let the daemon act as the applier of this one namespace.
pub const IMPERSONATOR: &str = "keyforge-impersonator";

/// The daemon's own ServiceAccount, in its own namespace. Who runs it otherwise, as with an administrator's kubeconfig,
/// needs no binding.
const DAEMON: &str = "keyforge";

/// The API version of roles and bindings.
const RBAC: &str = "rbac.authorization.k8s.io/v1";

/// Where a union's applier and its bindings are.
pub fn applier_ids(union: &UnionName) -> [ResourceId; 3] {
    [("v1", "ServiceAccount", APPLIER), (RBAC, "RoleBinding", APPLIER), (RBAC, "RoleBinding", IMPERSONATOR)]
        .map(|(api_version, kind, name)| ResourceId {
            kind: kind.to_owned(),
            namespace: Some(union.namespace()),
            name: name.to_owned(),
            api_version: api_version.to_owned(),
        })
}

/// Whether it is one of these, of whichever union.
pub fn is_of_applier(id: &ResourceId) -> bool {
    match id.kind.as_str() {
        "ServiceAccount" => id.name == APPLIER,
        "RoleBinding" => id.name == APPLIER || id.name == IMPERSONATOR,
        _ => false,
    }
}

/// The objects, before Keyforge has added what every object carries.
pub(super) fn drafts(union: &UnionName, daemon_namespace: &str) -> [Draft; 3] {
    let namespace = union.namespace();
    let [account, write, impersonate] = applier_ids(union);
    [
        draft(account, [("automountServiceAccountToken", json!(false))]),
        binding(write, APPLIER, &namespace),
        binding(impersonate, DAEMON, daemon_namespace),
    ]
}

/// Gives an account the role of the binding's own name.
fn binding(id: ResourceId, account: &str, namespace: &str) -> Draft {
    let role = json!({ "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": id.name });
    let subjects = json!([{ "kind": "ServiceAccount", "name": account, "namespace": namespace }]);
    draft(id, [("roleRef", role), ("subjects", subjects)])
}

fn draft<const N: usize>(id: ResourceId, fields: [(&str, Value); N]) -> Draft {
    let labels = json!({ "app.kubernetes.io/name": "keyforge" });
    let metadata = json!({ "name": id.name, "namespace": id.namespace, "labels": labels });
    let head =
        [("apiVersion", json!(id.api_version)), ("kind", json!(id.kind)), ("metadata", metadata)].into_iter();
    let body = head.chain(fields).map(|(key, value)| (key.to_owned(), value)).collect();
    Draft { id, body, slots: Vec::new() }
}
