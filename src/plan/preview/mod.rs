//! What a change of documents changes: two desired states of one union compared, before anybody has looked at the cluster.
//!
//! ```text
//! Side (before), Side (after) ─between→ Difference… ─┐
//!     manifests  what runs, field by field           ├→ UnionPreview… ─→ Preview ─print→ text, JSON
//!     societies  who and what is in the vault        │
//!     delay      what of it is not done at once      │
//!                    diagnostics, what waits and why ┘
//! ```
//!
//! Apart from `build`, which knows what exists: a preview has no uids and can never be executed. Invariants: values of
//! secrets are not here (a sealed text is told by its digest); the digest of a preview is of what it says about unions,
//! so that commits which change none of them leave it as it is.

mod delay;
mod manifests;
mod print;
mod societies;

pub use delay::{Delay, delay};
pub use print::{json, text};

use std::fmt;

use serde::Serialize;

use super::diff::FieldChange;
use super::guards::Guard;
use crate::desired::DesiredState;
use crate::diagnostic::{Diagnostic, Severity};
use crate::digest::Digest;
use crate::ids::ResourceId;
use crate::names::SocietyName;
use crate::revision::ObjectId;
use crate::spec::Union;

/// One union as a revision has it.
#[derive(Debug, Clone, Copy)]
pub struct Side<'a> {
    /// Its documents, defaults merged.
    pub union: &'a Union,
    /// What should exist for it.
    pub desired: &'a DesiredState,
}

/// What two revisions differ in.
#[derive(Debug, Clone, PartialEq)]
pub struct Preview {
    /// The older one; none: everything is new.
    pub from: Option<ObjectId>,
    /// The newer one.
    pub to: ObjectId,
    /// The unions of which there is something to say, in the order of their names.
    pub unions: Vec<UnionPreview>,
    /// How many others there are.
    pub unchanged: usize,
    /// Findings outside of the unions' directories.
    pub diagnostics: Vec<Diagnostic>,
}

/// What is to be said of one union.
#[derive(Debug, Clone, PartialEq)]
pub struct UnionPreview {
    /// Its name, or that of its directory.
    pub name: String,
    /// What becomes of it.
    pub standing: Standing,
    /// What changes; destructive first.
    pub changes: Vec<Difference>,
    /// What of it is not done at once.
    pub waits: Option<Delay>,
    /// Whether a suspend ends: what waited since it began is done too, and only the cluster knows what that is.
    pub resumes: bool,
    /// What waits for an approval, and is not among the changes.
    pub guards: Vec<Guard>,
    /// What was found in its files.
    pub diagnostics: Vec<Diagnostic>,
}

/// What becomes of a union.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Its documents are accepted.
    Accepted,
    /// It stays as it is, since its documents cannot be accepted.
    Held {
        /// Why, in a line for people.
        why: String,
    },
    /// Its directory is gone.
    Removed {
        /// For how long its data is kept; none: it is not.
        days_kept: Option<u32>,
    },
    /// A person has to agree before it goes.
    Awaiting {
        /// Why, in a line for people.
        why: String,
    },
    /// Its older documents cannot be accepted, so only the cluster knows what it would change from.
    Unknown,
}

/// One resource that changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// How.
    pub change: Verb,
    /// Which.
    pub resource: Resource,
    /// What differs; of what is made or removed in Kubernetes that is left out.
    pub fields: Vec<FieldChange>,
}

/// How a resource changes. Ordered by what a reader has to see first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verb {
    /// It goes.
    Delete,
    /// It becomes another.
    Update,
    /// It comes to be.
    Create,
}

/// A resource, wherever it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(untagged)]
pub enum Resource {
    /// In Kubernetes.
    Kubernetes {
        /// For example `Deployment`.
        kind: String,
        /// Absent for what is not in a namespace.
        #[serde(skip_serializing_if = "Option::is_none")]
        namespace: Option<String>,
        /// The object's name.
        name: String,
    },
    /// In VaultWarden.
    Society {
        /// Of which society.
        society: SocietyName,
        /// `Society`, `Member`, `Collection`, `Password`.
        kind: &'static str,
        /// Its name; a member's address.
        name: String,
    },
}

/// What changes from one side to the other; a side that is not there has nothing. Destructive first, then in the order in
/// which it is done.
pub fn between(before: Option<Side<'_>>, after: Option<Side<'_>>) -> Vec<Difference> {
    let mut found = manifests::differences(before.map(|side| side.desired), after.map(|side| side.desired));
    found.extend(societies::differences(before.map(|side| side.union), after.map(|side| side.union)));
    // Stable: within a verb what was found first is told first.
    found.sort_by_key(|difference| difference.change);
    found
}

impl Preview {
    /// Of what is said about unions: equal digests mean that the same would be done.
    pub fn digest(&self) -> Digest {
        let unions: Vec<Digest> = self.unions.iter().map(UnionPreview::digest).collect();
        Digest::of_parts(unions.iter().map(|digest| digest.as_bytes().as_slice()))
    }

    /// Whether a person has to do something before all of it can happen.
    pub fn asks_for_a_person(&self) -> bool {
        let is_error = |found: &Diagnostic| found.severity == Severity::Error;
        let waits = |union: &UnionPreview| {
            matches!(union.standing, Standing::Held { .. }) || !union.guards.is_empty()
        };
        self.diagnostics.iter().any(is_error) || self.unions.iter().any(waits)
    }
}

impl UnionPreview {
    /// Of what is said about this union.
    pub fn digest(&self) -> Digest {
        let guards: Vec<&Digest> = self.guards.iter().map(|guard| &guard.digest).collect();
        let waits = self.waits.as_ref().map(|delay| Delay { by: None, ..delay.clone() });
        let told = (&self.name, self.standing.as_str(), &self.changes, waits, self.resumes, guards);
        Digest::of(serde_json::to_vec(&told).expect("texts and values are JSON"))
    }
}

impl Standing {
    /// The word for programs.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Held { .. } => "held",
            Self::Removed { .. } => "removed",
            Self::Awaiting { .. } => "awaiting-approval",
            Self::Unknown => "unknown",
        }
    }
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Delete => "delete",
            Self::Update => "update",
            Self::Create => "create",
        })
    }
}

impl From<&ResourceId> for Resource {
    fn from(id: &ResourceId) -> Self {
        Self::Kubernetes { kind: id.kind.clone(), namespace: id.namespace.clone(), name: id.name.clone() }
    }
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kubernetes { kind, namespace: Some(namespace), name } => {
                write!(f, "{kind} {namespace}/{name}")
            }
            Self::Kubernetes { kind, namespace: None, name } => write!(f, "{kind} {name}"),
            Self::Society { society, kind: societies::SOCIETY, .. } => {
                write!(f, "{} {society}", societies::SOCIETY)
            }
            Self::Society { society, kind, name } => write!(f, "{kind} {society}/{name}"),
        }
    }
}
