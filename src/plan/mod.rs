//! The plan: the ordered changes from observed to desired state. Data, immutable, printable.
//!
//! ```text
//! DesiredState, Observed, Inventory ─build→ Plan | refusals
//!     build     the gates, then one change per resource; deletion runs backwards, one stage at a time
//!     diff      live against the server's dry-run of ours, field by field
//!     additions what somebody added beside our fields, which no diff shows
//!     ignore    what rules of `keyforge.yaml` leave to a co-manager        member  keys of the server's field sets
//!     managers  who owns what differs or was added: taken over, or refused by name
//!     loss      what was provisioned and is gone, and how a person lets it go
//!     finding   what a person should know although the rollout goes on
//!     wait      what is done now, and what waits for an update window or the end of a suspend
//!     shut      whether what is inside can be judged and written: who writes there has to be let in first
//!     guards    which changes of documents wait for a person
//!     print     a plan for people
//!     preview   what a change of documents changes, before anybody looks at the cluster
//!     society   the vault half: what is to be done inside of VaultWarden
//! ```
//!
//! Invariants: pure and synchronous; shuffled input gives the same plan; execution is left no choice. A `Plan` is made
//! by `build` only, and `reconcile::execute` consumes it. Values of secrets were masked before they came here.

mod additions;
mod build;
mod completions;
mod diff;
mod drift;
mod finding;
pub mod guards;
mod ignore;
mod json;
mod loss;
mod managers;
mod member;
mod observed;
pub mod preview;
mod print;
mod shut;
pub mod society;
mod wait;

pub use crate::desired::StageName;
pub use build::build;
pub use completions::without_completions;
pub use diff::FieldChange;
pub use drift::{Drift, changed_by, disputed, drift};
pub use finding::Finding;
pub use ignore::without_ignored;
pub use json::json;
pub use loss::{loss, losses};
pub use observed::{
    Inventory, InventoryEntry, Live, ManagedFields, Observed, Operation, Owner, Present, ServerRefusal,
    UnionRecord, Unusable, WhyUnusable,
};
pub use print::{line, text, waits_text};
pub use shut::is_shut;
pub use wait::{Cause, Parted, Waits, part, suspended};

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::desired::{Ending, Manifest};
use crate::digest::Digest;
use crate::ids::{FieldManager, ResourceId, Uid};
use crate::names::{InstallationId, UnionName};

/// The ordered changes of one union.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    union: UnionName,
    desired: Digest,
    stages: Vec<Stage>,
    awaited: Vec<ResourceId>,
}

/// Changes that may run together. Never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stage {
    /// Which.
    pub name: StageName,
    /// Sorted by resource.
    pub changes: Vec<Change>,
}

/// What is to be done with one resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// The controller draws a credential and stores it, create-only, before anything depends on it.
    Draw {
        /// The controller's Secret.
        id: ResourceId,
        /// Which credential.
        credential: Credential,
        /// Its number.
        rotation: u32,
        /// Whether there is none yet.
        first: bool,
    },
    /// Make what is absent.
    Create {
        /// What is wanted.
        want: Manifest,
    },
    /// Make what exists equal to what is wanted.
    Update {
        /// What is wanted.
        want: Manifest,
        /// Of the object that was looked at; another one is not touched.
        uid: Uid,
        /// What differs.
        fields: Vec<FieldChange>,
        /// Managers whose fields become ours before the apply, so that what they added goes with it.
        takeover: Vec<FieldManager>,
    },
    /// Write into the union's state object what was applied.
    Record {
        /// The state object.
        id: ResourceId,
        /// The input digest of the applied state.
        input: Digest,
        /// The version of its templates.
        template_version: u32,
        /// Whether there is no state object yet.
        first: bool,
        /// Until when the data was kept that it goes on with, of a union that was removed and comes back.
        revives: Option<DateTime<Utc>>,
    },
    /// Write into the union's state object how the union ends, before anything of it goes.
    End {
        /// The state object.
        id: ResourceId,
        /// How it ends.
        ending: Ending,
    },
    /// Remove what is in the inventory and no longer desired.
    Delete {
        /// Which.
        id: ResourceId,
        /// Of the object that was looked at; another one is not touched.
        uid: Uid,
    },
    /// Its removal is confirmed: it leaves the inventory.
    Forget {
        /// Which.
        id: ResourceId,
    },
    /// Equal already.
    Keep {
        /// Which.
        id: ResourceId,
    },
}

/// A secret that the controller draws.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Credential {
    /// The token of VaultWarden's admin interface: 48 random bytes, the pod gets their Argon2id hash.
    AdminToken,
}

/// Why a union gets no plan. Nothing at all is written for it: a person has to act first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum Refusal {
    /// A newer Keyforge applied newer templates: older ones would roll its work back. First, since it makes the others moot.
    #[error(
        "a newer Keyforge already applied templates {applied} to `{union}`, and this one knows templates {known}"
    )]
    NewerTemplates {
        /// Which union.
        union: UnionName,
        /// The version of the templates that were applied.
        applied: u32,
        /// The version of our own.
        known: u32,
    },
    /// The object exists and is not of this installation.
    #[error("{id} exists and {}", match owner { Some(owner) => format!("belongs to installation `{owner}`"), None => "was not made by Keyforge".to_owned() })]
    NotOurs {
        /// Which.
        id: ResourceId,
        /// Whose it is, if its label says so.
        owner: Option<InstallationId>,
    },
    /// Another field manager, not one that is taken over, holds fields that we want otherwise.
    #[error("{id}: {} {} owned by field manager `{manager}`", fields.iter().map(|f| format!("`{f}`")).collect::<Vec<_>>().join(", "), if fields.len() == 1 { "is" } else { "are" })]
    Conflict {
        /// Which object.
        id: ResourceId,
        /// Who.
        manager: FieldManager,
        /// Which fields.
        fields: Vec<String>,
    },
    /// The server would not accept what is wanted.
    #[error("{id}: the server refuses it ({reason}): {message}")]
    Server {
        /// Which object.
        id: ResourceId,
        /// The server's reason, such as `Invalid` or `Forbidden`.
        reason: String,
        /// The server's words.
        message: String,
    },
    /// A Secret that the document names cannot be taken.
    #[error("`{}` names {}, {}", .unusable.field, .unusable.id, match &unusable.why {
        WhyUnusable::NotGiven => format!("which is not there or not given to `{union}`"),
        WhyUnusable::Key { key } => format!("which has no `{key}`"),
        WhyUnusable::NoDatabaseUrl { key } => format!("whose `{key}` is no URL of a database"),
    })]
    Secret {
        /// Whose document.
        union: UnionName,
        /// Which Secret, and why.
        unusable: Unusable,
    },
    /// The union was provisioned and its data is not there any more (decisions.md 1.6).
    #[error(
        "data-missing: {id} is {} `{union}` was provisioned with{}",
        if *elsewhere { "not what" } else { "gone although" },
        if *elsewhere { ", which was in another cluster" } else { " it" }
    )]
    DataMissing {
        /// Which union.
        union: UnionName,
        /// The namespace or the volume.
        id: ResourceId,
        /// Whether that was in another cluster: then it may not be lost, but left behind.
        elsewhere: bool,
    },
    /// The union was provisioned and the controller's Secret is not there any more (decisions.md 1.6).
    #[error("credentials-lost: {id} is gone although `{union}` was provisioned with it")]
    CredentialsLost {
        /// Which union.
        union: UnionName,
        /// The controller's Secret.
        id: ResourceId,
    },
}

impl Refusal {
    /// The templates of the newer program that this union is left to.
    pub fn newer_templates(&self) -> Option<u32> {
        match self {
            Self::NewerTemplates { applied, .. } => Some(*applied),
            _ => None,
        }
    }
}

impl Plan {
    /// Which union.
    pub fn union(&self) -> &UnionName {
        &self.union
    }

    /// The desired state it leads to.
    pub fn desired(&self) -> &Digest {
        &self.desired
    }

    /// In order.
    pub fn stages(&self) -> &[Stage] {
        &self.stages
    }

    /// What is being deleted by the server: nothing can be done about it but wait, and the plan goes on when it is gone.
    pub fn awaited(&self) -> &[ResourceId] {
        &self.awaited
    }

    /// Whether nothing is to be done now. There may still be something to wait for.
    pub fn is_empty(&self) -> bool {
        self.changes().all(|change| matches!(change, Change::Keep { .. }))
    }

    /// All changes in order.
    pub fn changes(&self) -> impl Iterator<Item = &Change> {
        self.stages.iter().flat_map(|stage| &stage.changes)
    }
}

impl Change {
    /// The resource that is changed.
    pub fn id(&self) -> &ResourceId {
        match self {
            Self::Draw { id, .. }
            | Self::Record { id, .. }
            | Self::End { id, .. }
            | Self::Delete { id, .. }
            | Self::Forget { id }
            | Self::Keep { id } => id,
            Self::Create { want } | Self::Update { want, .. } => &want.id,
        }
    }

    /// Whether nothing is to be done.
    pub fn is_keep(&self) -> bool {
        matches!(self, Self::Keep { .. })
    }

    /// The word of the contract (design.md 11): create, update, delete or keep.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Draw { first: true, .. } | Self::Record { first: true, .. } | Self::Create { .. } => {
                "create"
            }
            Self::Draw { .. } | Self::Record { .. } | Self::End { .. } | Self::Update { .. } => "update",
            Self::Delete { .. } | Self::Forget { .. } => "delete",
            Self::Keep { .. } => "keep",
        }
    }
}
