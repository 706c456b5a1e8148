//! Findings: what a person should know of a union although its rollout goes on.

use std::collections::BTreeMap;

use crate::ids::{FIELD_MANAGER, FieldManager, ResourceId};

/// So many of one kind are named.
const NAMED: usize = 10;

/// What a person should know of a union. Its text names the remedy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Finding {
    /// Something stands in its namespace that is not of Keyforge; it is left alone.
    #[error(
        "{id} stands in the namespace of the vault and is not of Keyforge{}: remove it, or move it to another namespace",
        match by.0.as_str() { "" => String::new(), by => format!(" (made by `{by}`)") }
    )]
    Foreign {
        /// Which object.
        id: ResourceId,
        /// Who made it, as far as that is known.
        by: FieldManager,
    },
    /// More of the same.
    #[error("{count} more objects in the namespace of the vault are not of Keyforge")]
    ForeignMore {
        /// How many.
        count: usize,
    },
    /// Somebody changes the same field again and again, and it is put back as often.
    #[error(
        "{resource}: {} is changed again and again by {}: put back {times} times, with growing pauses; {}",
        named(field),
        who(manager),
        remedy(manager)
    )]
    Dispute {
        /// Which object.
        resource: String,
        /// Which field; empty: the object itself.
        field: String,
        /// Who, as far as that is known.
        manager: String,
        /// How often it was put back.
        times: u32,
    },
}

impl Finding {
    /// What stands in a union's namespace and is not ours. The first ones are named.
    pub fn foreign(found: &BTreeMap<ResourceId, FieldManager>) -> Vec<Self> {
        let named = found.iter().take(NAMED);
        let mut findings: Vec<Self> =
            named.map(|(id, by)| Self::Foreign { id: id.clone(), by: by.clone() }).collect();
        match found.len().saturating_sub(NAMED) {
            0 => {}
            count => findings.push(Self::ForeignMore { count }),
        }
        findings
    }
}

fn named(field: &str) -> String {
    if field.is_empty() { "it".to_owned() } else { format!("`{field}`") }
}

fn who(manager: &str) -> String {
    match manager {
        "" => "somebody".to_owned(),
        // A webhook's changes to our own apply are entered under the name of who applied.
        FIELD_MANAGER => "an admission webhook, or somebody under our name".to_owned(),
        manager => format!("`{manager}`"),
    }
}

fn remedy(manager: &str) -> String {
    match manager {
        "" => "find out who does, and stop it".to_owned(),
        manager => format!(
            "stop that, or leave the field to manager `{manager}` under `spec.ignore` of `keyforge.yaml`"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_names_what_who_and_the_remedy() {
        let dispute = |field: &str, manager: &str| {
            let (resource, times) = ("Deployment union-acme/vaultwarden".to_owned(), 4);
            Finding::Dispute { resource, field: field.into(), manager: manager.into(), times }.to_string()
        };
        assert_eq!(
            dispute(".spec.replicas", "kubectl"),
            "Deployment union-acme/vaultwarden: `.spec.replicas` is changed again and again by `kubectl`: put back \
             4 times, with growing pauses; stop that, or leave the field to manager `kubectl` under `spec.ignore` of \
             `keyforge.yaml`"
        );
        assert!(
            dispute(".data.x", "keyforge").contains("by an admission webhook, or somebody under our name")
        );
        assert!(dispute("", "").contains(": it is changed again and again by somebody: "));
    }

    #[test]
    fn of_very_many_foreign_objects_the_first_are_named() {
        let pod = |n: usize| ResourceId {
            kind: "Pod".into(),
            namespace: Some("union-acme".into()),
            name: format!("p{n:02}"),
            api_version: "v1".into(),
        };
        let found = (0..12).map(|n| (pod(n), FieldManager("kubectl-run".into()))).collect();
        let told: Vec<String> = Finding::foreign(&found).iter().map(ToString::to_string).collect();
        assert_eq!(told.len(), 11);
        assert_eq!(
            told[0],
            "Pod union-acme/p00 stands in the namespace of the vault and is not of Keyforge (made by `kubectl-run`): \
             remove it, or move it to another namespace"
        );
        assert_eq!(told[10], "2 more objects in the namespace of the vault are not of Keyforge");
    }
}
