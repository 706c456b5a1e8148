//! Desired state: from an accepted union to the manifests that should exist.
//!
//! ```text
//! Union + Templates + Context ─render→ YAML ─parse→ objects with slots ─stamp→ manifests ─digest→ DesiredState
//!     templates  built in or an operator's, compiled once      quote     values get in quoted, always
//!     view       what templates see                            egress    where a server may go
//!     reference  Secrets that a document names                 slot      places for secret values
//!     manifest   only known kinds, only the union's namespace  stamp     labels of ownership, restart on change
//!     order      which stage a kind belongs to              removed  what stays of a union, and how it ends
//!     applier    who writes into the union's namespace
//! ```
//!
//! Invariants: pure, and the same input gives the same bytes. No secret value is here: where one belongs there is a
//! typed `Slot`, filled by the executor after planning (decisions.md 1.5). Templates can only name kinds of a fixed
//! list, in the union's own namespace; who may write there is none of theirs.

mod applier;
mod egress;
mod manifest;
mod order;
mod print;
mod quote;
mod reference;
mod removed;
mod render;
mod slot;
mod stamp;
mod templates;
mod view;

pub use applier::{APPLIER, IMPERSONATOR, applier_ids, is_of_applier};
pub use manifest::{KINDS, Manifest, ManifestError};
pub use order::{StageName, compare};
pub use print::{shown, yaml};
pub use reference::{Given, Reference, references};
pub use removed::{Ending, is_stopped};
pub use render::{Context, Pins, RenderError, build};
pub use slot::Slot;
pub use templates::{TEMPLATE_VERSION, TemplateError, Templates};

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::ids::ResourceId;
use crate::names::UnionName;

/// Which life of a union is desired.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Life {
    /// It runs.
    Running,
    /// Removed from Git: nothing leads to it, it is stopped, and its data is kept until a date.
    Retained,
    /// Its date has come, or an earlier accepted revision said `deletion: delete`: everything goes.
    Gone,
}

/// What should exist for one union.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DesiredState {
    /// Which union.
    pub union: UnionName,
    /// Which life.
    pub life: Life,
    /// Of all manifests, slots by name and rotation number: equal digests mean an equal desired state.
    pub digest: Digest,
    /// Sorted by stage, then by resource; none for `Life::Gone`.
    pub manifests: Vec<Manifest>,
    /// What the controller keeps for itself about this union; `None` for `Life::Gone`.
    pub controller: Option<Controller>,
    /// How it ends, as its state object should tell it; `None` for a running union.
    pub ending: Option<Ending>,
}

/// What the daemon's own namespace holds for one union.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Controller {
    /// The Secret with the union's credentials, `union-<name>-credentials`.
    pub credentials: ResourceId,
    /// The number of the admin token that it should hold: `rotation.adminToken`, never less than what was drawn.
    pub admin_token: u32,
    /// The state object, ConfigMap `union-<name>`.
    pub record: ResourceId,
    /// The input digest that it should tell once all is applied.
    pub input: Digest,
    /// The version of the templates that it should tell.
    pub template_version: u32,
}
