//! The two roles that every union's bindings name: what its applier may do, and that the daemon may act as it.
//!
//! Of the cluster, not of a union: what may be done is the operator's to say. Where `deploy/kubernetes` was applied they are
//! there, and the daemon may not write them. Who runs it by an administrator's kubeconfig has them made, from the very file
//! that is shipped, and by a newer version made anew. Invariant: what somebody else had a hand in is never changed; it is
//! told where it lacks a right of this version.

use std::collections::BTreeSet;

use kube::api::GetParams;
use serde::Deserialize;
use serde_json::Value;

use super::Cluster;
use super::error::{Error, Verb};
use crate::ids::{FIELD_MANAGER, ResourceId};

/// The roles, as they are shipped.
const ROLES: &str = include_str!("../../deploy/kubernetes/base/unions.yaml");

/// Group, resource, verb, name; `*` is all of them.
type Right = [String; 4];

impl Cluster {
    /// Makes the roles of unions' appliers if they are not there, and brings ours up to date: those that are somebody
    /// else's and lack a right of this version.
    ///
    /// # Errors
    /// [`Error::Forbidden`] where they are not there and the daemon may not make them.
    pub async fn ensure_roles(&self) -> Result<Vec<ResourceId>, Error> {
        let mut lacking = Vec::new();
        for document in serde_yaml::Deserializer::from_str(ROLES) {
            let role =
                Value::deserialize(document).expect("a file of ours is YAML: each start of a test reads it");
            if role.is_null() {
                continue;
            }
            let id = ResourceId {
                kind: text(&role["kind"]),
                namespace: None,
                name: text(&role["metadata"]["name"]),
                api_version: text(&role["apiVersion"]),
            };
            let kind = self.kinds.of(&self.wire, &id.api_version, &id.kind).await?;
            let request = kind.at(None).get(&id.name, &GetParams::default());
            let written = match self.wire.find(Verb::Read.on(&id), request).await? {
                None => self.create(&id, &role).await,
                Some(live) if has(&live, &role) => continue,
                Some(mut live) if is_ours_alone(&live) => {
                    live["rules"] = role["rules"].clone();
                    self.replace(&id, &live).await
                }
                Some(_) => {
                    lacking.push(id);
                    continue;
                }
            };
            match written {
                // Another replica was faster.
                Ok(_) | Err(Error::AlreadyExists { .. } | Error::Conflict { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(lacking)
    }
}

/// Whether a role gives all that this version needs. An older version finds in a newer one's more than it needs.
fn has(live: &Value, needed: &Value) -> bool {
    let given = rights(live);
    let covers =
        |right: &Right, wanted: &Right| right.iter().zip(wanted).all(|(one, two)| one == "*" || one == two);
    rights(needed).iter().all(|wanted| given.iter().any(|right| covers(right, wanted)))
}

fn rights(role: &Value) -> BTreeSet<Right> {
    let words = |list: &Value| list.as_array().into_iter().flatten().map(text).collect::<Vec<_>>();
    let mut rights = BTreeSet::new();
    for rule in role["rules"].as_array().into_iter().flatten() {
        let named = words(&rule["resourceNames"]);
        let named = if named.is_empty() { vec!["*".to_owned()] } else { named };
        for group in words(&rule["apiGroups"]) {
            for resource in words(&rule["resources"]) {
                for verb in words(&rule["verbs"]) {
                    let right = |name: &String| [group.clone(), resource.clone(), verb.clone(), name.clone()];
                    rights.extend(named.iter().map(right));
                }
            }
        }
    }
    rights
}

/// Whether nobody but the daemon had a hand in it.
fn is_ours_alone(live: &Value) -> bool {
    let managers = live["metadata"]["managedFields"].as_array();
    managers.is_some_and(|all| all.iter().all(|entry| entry["manager"] == FIELD_MANAGER))
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
