//! Guards: which changes of documents wait for a person, and what is accepted in the meantime.
//!
//! ```text
//! accepted before, wanted now ─of_union, of_removals, of_policy→ guards ─approvals→ those that still wait
//!                             ─hold_back→ the wanted documents, with what waits kept as it was
//! ```
//!
//! Computed from documents, never from the cluster, so that a plan without one shows the same guards (decisions.md 1.9);
//! only what is missed in the cluster is told by `plan::loss`, what people keep in a removed society by `plan::society`, and
//! both are approved alike.
//! Invariants: the list of kinds is closed; a digest names exactly the changes that it lets through, whatever else the
//! revision holds; what is held back leaves no guard behind when it is compared again.

mod hold_back;
mod policy;
mod removal;
mod society;
mod union;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use hold_back::hold_back;
pub use policy::{Tightened, of_policy};
pub use removal::{Removals, of_removals};
pub use union::{Bounds, members_removed, of_union, renamed};

use crate::digest::Digest;
use crate::names::{Email, SocietyName, UnionName};
use crate::signing;
use crate::spec::Role;

/// What a guard keeps from happening unseen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GuardKind {
    /// More unions are removed than `guards.unionsRemovedPerRevision` allows in 24 hours, or the last one.
    UnionRemoved,
    /// A society is removed.
    SocietyRemoved,
    /// More members of a society are removed than `guards.membersRemovedPercent` allows in 24 hours.
    MemberRemoved,
    /// A society would be left without an owner.
    LastOwner,
    /// A person may do less than before.
    Demotion,
    /// An image goes back to an older version, whose server may not understand newer data.
    ImageDowngrade,
    /// Members would find their passwords at another address.
    DomainChanged,
    /// The server would start with an empty database of another kind.
    DatabaseKindChanged,
    /// A volume cannot move to another storage class.
    StorageClassChanged,
    /// The volume with the copies of the data would go.
    BackupRemoved,
    /// `keyforge.yaml` would allow more than it did.
    LoosenedPolicy,
    /// Namespace or volume of a provisioned union is gone. Found by a look at the cluster, not in documents.
    DataMissing,
    /// The controller's credentials of a provisioned union are gone. Found by a look at the cluster.
    CredentialsLost,
    /// A removed society whose days are over holds what people made. Found by a look into the vault.
    ItemsOfPeople,
}

impl GuardKind {
    /// Whether it is about what was found in cluster or vault, not about documents.
    pub fn is_found(self) -> bool {
        matches!(self, Self::DataMissing | Self::CredentialsLost | Self::ItemsOfPeople)
    }

    /// The word of it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::UnionRemoved => "union-removed",
            Self::SocietyRemoved => "society-removed",
            Self::MemberRemoved => "member-removed",
            Self::LastOwner => "last-owner",
            Self::Demotion => "demotion",
            Self::ImageDowngrade => "image-downgrade",
            Self::DomainChanged => "domain-changed",
            Self::DatabaseKindChanged => "database-kind-changed",
            Self::StorageClassChanged => "storage-class-changed",
            Self::BackupRemoved => "backup-removed",
            Self::LoosenedPolicy => "loosened-policy",
            Self::DataMissing => "data-missing",
            Self::CredentialsLost => "credentials-lost",
            Self::ItemsOfPeople => "items-of-people",
        }
    }
}

impl fmt::Display for GuardKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One change that destroys something, together with what is wanted in its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum Destructive {
    /// The whole union goes.
    Union {},
    /// A society goes with its passwords.
    Society {
        /// Which.
        society: SocietyName,
    },
    /// A person leaves a society.
    Member {
        /// The society, by its new name.
        society: SocietyName,
        /// Who.
        member: Email,
    },
    /// A person may do less in a society.
    Role {
        /// The society, by its new name.
        society: SocietyName,
        /// Who.
        member: Email,
        /// What they were.
        from: Role,
        /// What they become.
        to: Role,
    },
    /// A person is no second owner of the union's societies any more.
    Owner {
        /// Who.
        owner: Email,
    },
    /// Something that the union was provisioned with is gone: it is started without.
    Lost {
        /// What.
        resource: String,
        /// The identity that is missed; absent where it has none that is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        uid: Option<String>,
    },
    /// A society is deleted with what people made in it.
    Items {
        /// Which.
        society: SocietyName,
        /// How many items they are.
        items: usize,
    },
    /// A field gets another value.
    Field {
        /// From the root of the document.
        field: String,
        /// What it was; absent: nothing.
        #[serde(skip_serializing_if = "Option::is_none")]
        from: Option<String>,
        /// What it becomes; absent: nothing.
        #[serde(skip_serializing_if = "Option::is_none")]
        to: Option<String>,
    },
}

impl Destructive {
    fn field(field: &str, from: Option<String>, to: Option<String>) -> Self {
        Self::Field { field: field.to_owned(), from, to }
    }
}

/// For people, in one line.
impl fmt::Display for Destructive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Union {} => f.write_str("remove the union"),
            Self::Society { society } => write!(f, "remove society `{society}`"),
            Self::Member { society, member } => write!(f, "remove `{member}` from society `{society}`"),
            Self::Role { society, member, from, to } => {
                write!(f, "make `{member}` {} of society `{society}`, who is {}", role(*to), role(*from))
            }
            Self::Owner { owner } => write!(f, "remove `{owner}` from the owners of every society"),
            Self::Lost { resource, .. } => {
                write!(f, "forget {resource} as it was, and go on with what is there, or with a new one")
            }
            Self::Items { society, items } => {
                write!(f, "delete society `{society}` with what people made in it ({items})")
            }
            Self::Field { field, from: None, to: Some(to) } => write!(f, "add `{to}` to `{field}`"),
            Self::Field { field, from: Some(from), to: None } => write!(f, "remove `{from}` from `{field}`"),
            Self::Field { field, from, to } => {
                let text = |text: &Option<String>| text.clone().unwrap_or_default();
                write!(f, "change `{field}` from `{}` to `{}`", text(from), text(to))
            }
        }
    }
}

fn role(role: Role) -> &'static str {
    match role {
        Role::Owner => "owner",
        Role::Admin => "admin",
        Role::Manager => "manager",
        Role::Member => "member",
    }
}

/// Changes that wait for an approval together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Guard {
    /// What it keeps from happening.
    #[serde(rename = "guard")]
    pub kind: GuardKind,
    /// Whose documents; absent: `keyforge.yaml`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub union: Option<UnionName>,
    /// Why it waits, in a line for people.
    pub why: String,
    /// What waits, sorted. Never empty.
    pub changes: Vec<Destructive>,
    /// Of guard, union and changes: what an approval names.
    pub digest: Digest,
}

impl Guard {
    /// `None` if there is nothing to wait.
    pub(super) fn new(
        kind: GuardKind,
        union: Option<&UnionName>,
        mut changes: Vec<Destructive>,
        why: String,
    ) -> Option<Self> {
        if changes.is_empty() {
            return None;
        }
        changes.sort_by_cached_key(text);
        changes.dedup();
        let texts: Vec<String> = changes.iter().map(text).collect();
        let head = [kind.as_str(), union.map_or("", UnionName::as_str)];
        let parts = head.into_iter().chain(texts.iter().map(String::as_str)).map(str::as_bytes);
        Some(Self { kind, union: union.cloned(), why, digest: Digest::of_parts(parts), changes })
    }

    /// The line of a commit message that approves it.
    pub fn trailer(&self) -> String {
        trailer(&self.digest)
    }
}

/// What a digest is made of: unlike the text for people it may never change.
fn text(change: &Destructive) -> String {
    serde_json::to_string(change).expect("a change is JSON: it has no maps")
}

/// The key of the line of a commit message that approves something.
pub const TRAILER: &str = signing::APPROVE;

/// The line of a commit message that approves what has this digest.
pub fn trailer(digest: &Digest) -> String {
    format!("{TRAILER}: {digest}")
}

/// The digest of all guards of a revision: one approval for a yearly handover. In any order.
pub fn combined<'a>(guards: impl IntoIterator<Item = &'a Guard>) -> Digest {
    let mut digests: Vec<&Digest> = guards.into_iter().map(|guard| &guard.digest).collect();
    digests.sort();
    digests.dedup();
    Digest::of_parts(digests.into_iter().map(|digest| digest.as_bytes().as_slice()))
}

/// Why guards wait, in a line for people; `None` without any.
pub fn why(guards: &[Guard]) -> Option<String> {
    let (first, more) = guards.split_first()?;
    Some(match more.len() {
        0 => first.why.clone(),
        more => format!("{} (and {more} more)", first.why),
    })
}
