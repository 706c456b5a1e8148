//! One version of one object, in the few words that tell whether it moved.
//!
//! The generation counts changes of the spec, but not of labels, annotations and finalizers; kinds without it have only
//! the resource version, which also counts changes of the status (decisions.md 1.12).

use kube::core::ObjectMeta;
use serde_json::Value;

use crate::digest::Digest;
use crate::ids::{FieldManager, Uid};
use crate::plan::{self, ManagedFields, Operation};

/// One version of one object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) uid: Uid,
    pub(super) version: Box<str>,
    pub(super) generation: Option<i64>,
    /// Of labels, annotations, finalizers and owners.
    pub(super) meta: Digest,
    pub(super) deleting: bool,
}

impl Seen {
    /// What the metadata says.
    pub(super) fn of(meta: &ObjectMeta) -> Self {
        // Maps of the API types are sorted, so equal content has equal JSON.
        let content = (&meta.labels, &meta.annotations, &meta.finalizers, &meta.owner_references);
        let content = serde_json::to_vec(&content).unwrap_or_default();
        Self {
            uid: Uid(meta.uid.clone().unwrap_or_default()),
            version: meta.resource_version.clone().unwrap_or_default().into(),
            generation: meta.generation,
            meta: Digest::of(content),
            deleting: meta.deletion_timestamp.is_some(),
        }
    }

    /// Whether it is the very same version.
    pub(super) fn same(&self, other: &Self) -> bool {
        self.uid == other.uid && self.version == other.version
    }

    /// Whether only the status can differ.
    pub(super) fn same_but_status(&self, other: &Self) -> bool {
        self.uid == other.uid
            && self.deleting == other.deleting
            && self.meta == other.meta
            && match (self.generation, other.generation) {
                (Some(a), Some(b)) => a == b,
                _ => self.version == other.version,
            }
    }
}

/// The metadata of an object as it was answered.
pub(super) fn meta(object: &Value) -> ObjectMeta {
    object.get("metadata").and_then(|meta| serde_json::from_value(meta.clone()).ok()).unwrap_or_default()
}

/// `metadata.managedFields`, as the planner reads them.
pub(super) fn managed_fields(object: &Value) -> Vec<ManagedFields> {
    let entries = object.pointer("/metadata/managedFields").and_then(Value::as_array);
    let entry = |entry: &Value| ManagedFields {
        manager: FieldManager(entry["manager"].as_str().unwrap_or_default().to_owned()),
        operation: if entry["operation"] == "Apply" { Operation::Apply } else { Operation::Update },
        subresource: entry["subresource"].as_str().map(str::to_owned),
        fields: entry["fieldsV1"].clone(),
    };
    entries.into_iter().flatten().map(entry).collect()
}

/// The digest of all that somebody may have changed: everything but the status, what the server counts, and what Kubernetes
/// completes by itself. A claim that is bound after our write is still what we wrote, and costs no dry-run.
pub(super) fn content(object: &Value, managed: &[ManagedFields]) -> Digest {
    let mut object = plan::without_completions(object, managed);
    if let Some(object) = object.as_object_mut() {
        object.remove("status");
        if let Some(meta) = object.get_mut("metadata").and_then(Value::as_object_mut) {
            for counted in ["resourceVersion", "generation", "managedFields"] {
                meta.remove(counted);
            }
        }
    }
    Digest::of(object.to_string())
}
