//! What the planner reads beside the desired state: what exists, as last looked at, and what we own.
//!
//! Filled by `cluster` and `store`; their types live here, with the function that reads them.
//! Invariant: values of secrets are replaced by keyed fingerprints before they come into these types.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::desired::Ending;
use crate::digest::Digest;
use crate::health::Health;
use crate::ids::{FIELD_MANAGER, FieldManager, MembershipId, ResourceId, Uid};
use crate::names::InstallationId;

/// What exists of one union.
#[derive(Debug, Clone, PartialEq)]
pub struct Observed {
    /// The installation that looks: what carries another one's label is not ours.
    pub installation: InstallationId,
    /// `kube-system`'s uid: which cluster is looked at.
    pub cluster: Uid,
    /// The number of the admin token in the controller's Secret; `None` where there is no such Secret.
    pub admin_token: Option<u32>,
    /// The union's state object, if it has one.
    pub record: Option<UnionRecord>,
    /// The identity of that object.
    pub record_uid: Option<Uid>,
    /// The Secrets that the document names and that cannot be taken.
    pub unusable: Vec<Unusable>,
    /// Every resource that is desired or in the inventory.
    pub resources: BTreeMap<ResourceId, Live>,
}

/// A Secret that a document names and that cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unusable {
    /// The field of the document that names it.
    pub field: &'static str,
    /// Which.
    pub id: ResourceId,
    /// Why.
    pub why: WhyUnusable,
}

/// Why a Secret cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum WhyUnusable {
    /// It is not there, or no label gives it to the union: told alike, so that nobody learns what others have.
    NotGiven,
    /// It has no such value, or an empty one.
    Key {
        /// Which.
        key: String,
    },
    /// The value is no URL of a database.
    NoDatabaseUrl {
        /// Which.
        key: String,
    },
}

/// One resource as it is.
#[derive(Debug, Clone, PartialEq)]
pub enum Live {
    /// It is not there.
    Absent,
    /// It was found equal for the same desired digest, and nothing has moved it since: no request was needed.
    Verified {
        /// The server's identity of the life that was found equal.
        uid: Uid,
        /// Does it work?
        health: Health,
    },
    /// It is there.
    Present(Box<Present>),
}

/// One existing resource.
#[derive(Debug, Clone, PartialEq)]
pub struct Present {
    /// The server's identity of this life of the object.
    pub uid: Uid,
    /// Whose it is, by its labels.
    pub owner: Owner,
    /// Whether it is being deleted.
    pub terminating: bool,
    /// `metadata.managedFields`.
    pub managed_fields: Vec<ManagedFields>,
    /// The object as it is.
    pub live: Value,
    /// The object as the server says it would be after our apply; `None` for what is only in the inventory.
    pub dry_run: Option<Result<Value, ServerRefusal>>,
    /// Does it work?
    pub health: Health,
}

/// Whose an object is: `app.kubernetes.io/managed-by` and `keyforge.dev/installation`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Owner {
    /// Of the installation that looks.
    Ours,
    /// Of another installation.
    Other(InstallationId),
    /// Of somebody else.
    Nobody,
}

/// One entry of `metadata.managedFields`.
#[derive(Debug, Clone, PartialEq)]
pub struct ManagedFields {
    /// Who.
    pub manager: FieldManager,
    /// How.
    pub operation: Operation,
    /// `status` and the like; `None` for the object itself.
    pub subresource: Option<String>,
    /// The set of fields in the server's `FieldsV1` form.
    pub fields: Value,
}

/// How a manager came to own its fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// By server-side apply: what a later apply of the same manager does not state is withdrawn.
    Apply,
    /// By any other write.
    Update,
}

impl ManagedFields {
    /// Whether it tells what our applies stated. Any other write under our name is not ours: no apply withdraws it.
    pub(super) fn is_ours(&self) -> bool {
        self.manager.0 == FIELD_MANAGER && self.operation == Operation::Apply
    }

    /// Whether it tells of the status, which is nobody's wish. `scale` is one: autoscalers write by it.
    pub(super) fn is_status(&self) -> bool {
        self.subresource.as_deref() == Some("status")
    }
}

/// The server refused our dry-run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerRefusal {
    /// For example `Invalid`.
    pub reason: String,
    /// The server's words.
    pub message: String,
}

/// What a union's state object in the daemon's namespace remembers, so that the loss of data is never taken for a
/// new union (decisions.md 1.6). It outlives the database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UnionRecord {
    /// `kube-system`'s uid: which cluster.
    pub cluster: Uid,
    /// Of the union's namespace.
    pub namespace: Uid,
    /// Of the volume claims, by name: the server's data, and its database's if that has one of its own.
    pub volumes: BTreeMap<String, Uid>,
    /// The input digest of the state that was applied.
    pub input: Digest,
    /// The version of the templates that it was rendered with.
    pub template_version: u32,
    /// How it ends, once it is removed.
    #[serde(default)]
    pub ending: Option<Ending>,
    /// The memberships in its vault that we made: nobody else's are ever revoked.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub made: BTreeSet<MembershipId>,
    /// What a newer version remembers beside that: an older one that writes it keeps it.
    #[serde(flatten)]
    pub newer: serde_json::Map<String, Value>,
}

/// What we own of one union, entered before it was created.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Inventory {
    /// By resource.
    pub entries: BTreeMap<ResourceId, InventoryEntry>,
    /// The loss that a person approved to forget.
    pub forgiven: Option<Digest>,
}

/// One owned resource.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct InventoryEntry {
    /// Known once it was created.
    pub uid: Option<Uid>,
}
