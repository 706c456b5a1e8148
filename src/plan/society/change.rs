//! The changes of a vault: data, without a value of any secret.
//!
//! Ids are the server's own. What needs something that is not made yet is planned at the next look, so no change refers to
//! the outcome of another one. Invariant: a plan is made by `build` only.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use super::finding::{Finding, PasswordStanding, Standing};
use super::ledger::{Granted, Ledger};
use super::marker::CollectionMarker;
use super::place::{Applied, Origin, Place, Slot};
use crate::digest::Digest;
use crate::ids::{CollectionId, ItemId, MembershipId, SocietyId, UserId};
use crate::names::{SocietyName, UnionName};
use crate::plan::guards::Guard;
use crate::spec::Alphabet;

/// What is to be done inside of one union's vault now, and what is to be said of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VaultPlan {
    /// Which union.
    pub(super) union: UnionName,
    /// By name.
    pub(super) societies: Vec<SocietyPlan>,
    /// What concerns the server as a whole.
    pub(super) findings: Vec<Finding>,
    /// What waits for an approval.
    pub(super) awaiting: Vec<Guard>,
    /// What is to be remembered of this look, whatever becomes of the changes.
    pub(super) ledger: Ledger,
}

/// What is to be done for one society.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SocietyPlan {
    /// Its name in Git.
    pub name: SocietyName,
    /// What is to be done.
    pub work: Work,
    /// Its people, listed or not, by address.
    pub members: Vec<Standing>,
    /// The passwords of its document, by name.
    pub passwords: Vec<PasswordStanding>,
    /// What a person should know.
    pub findings: Vec<Finding>,
}

/// What is to be done for one society.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Work {
    /// Found it, with its first collection. The next look gives that its marker.
    Found {
        /// As people see it.
        title: String,
        /// The title of its first collection until then, by which a society that a crash leaves is known to be ours.
        collection: String,
    },
    /// Change it, in this order; empty: it is as it should be.
    Change(SocietyId, Vec<Change>),
    /// Nothing can be done: a finding says why.
    Blocked,
}

/// One change inside of a society.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Its title.
    Rename {
        /// What it was.
        from: String,
        /// What it becomes.
        to: String,
    },
    /// Members need two factors, or do not any more.
    SetTwoFactor(bool),
    /// The fewest characters that clients generate; `None`: what people choose.
    SetMinLength(Option<u32>),
    /// Make a collection.
    CreateCollection {
        /// What marks it.
        marker: CollectionMarker,
        /// As people see it.
        title: String,
    },
    /// Give a collection its marker and title; who sees it stays.
    UpdateCollection {
        /// Which.
        id: CollectionId,
        /// What marks it.
        marker: CollectionMarker,
        /// As people see it.
        title: String,
    },
    /// Remove a collection; nothing of a person is in it.
    DeleteCollection {
        /// Which.
        id: CollectionId,
        /// What marks it.
        marker: CollectionMarker,
    },
    /// Remove a collection that we made twice; nothing and nobody is in it.
    DeleteDoubleCollection {
        /// Which.
        id: CollectionId,
        /// What marks both.
        marker: CollectionMarker,
    },
    /// Invite somebody.
    Invite {
        /// Whom.
        address: String,
        /// To what.
        granted: Granted,
    },
    /// Renew an invitation before it is void.
    Reinvite(Person),
    /// Give somebody the society's key, wrapped for exactly this public key.
    Confirm {
        /// Whom.
        person: Person,
        /// The digest of the key that was looked at; another one is not used.
        key: Digest,
    },
    /// What somebody may do: replaces role and collections.
    Grant {
        /// Whom.
        person: Person,
        /// What.
        granted: Granted,
    },
    /// Keep somebody out.
    Revoke(Person),
    /// Let somebody in again whom we kept out.
    Restore(Person),
    /// End a membership.
    DeleteMember(Person),
    /// Make a password.
    CreateItem {
        /// Which.
        place: Place,
        /// Where.
        collection: CollectionId,
        /// What is written.
        write: BTreeMap<Slot, Source>,
    },
    /// Write into a password; what is not named stays, also what a person added.
    UpdateItem {
        /// Which.
        id: ItemId,
        /// Its place from now on.
        place: Place,
        /// When the item that was looked at was changed last: a newer one is not written over.
        revised: DateTime<Utc>,
        /// What is written.
        write: BTreeMap<Slot, Source>,
        /// What is taken out: it is in the document no more.
        remove: BTreeSet<Slot>,
        /// What the marker goes on saying of the other slots.
        carry: BTreeMap<Slot, Applied>,
    },
    /// Put a password into exactly these collections.
    MoveItem {
        /// Which.
        id: ItemId,
        /// Its place.
        place: Place,
        /// All that it is in from now on.
        collections: BTreeSet<CollectionId>,
    },
    /// Take a password out of the bin.
    RestoreItem {
        /// Which.
        id: ItemId,
        /// Its place.
        place: Place,
    },
    /// Into the bin.
    BinItem {
        /// Which.
        id: ItemId,
        /// Its place.
        place: Place,
    },
    /// Into the bin: we made it twice, and nobody has touched this one.
    BinDouble {
        /// Which.
        id: ItemId,
        /// Its place.
        place: Place,
    },
    /// Out of the bin, for ever.
    PurgeItem {
        /// Which.
        id: ItemId,
        /// Its place.
        place: Place,
    },
    /// The society with everything in it.
    DeleteSociety {
        /// As people saw it.
        title: String,
    },
    /// Another society: we founded it twice, and nothing and nobody is in that one.
    DeleteDoubleSociety(SocietyId),
}

/// A person in a society.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Their membership.
    pub membership: MembershipId,
    /// Their account.
    pub user: UserId,
    /// Their address.
    pub address: String,
}

/// Where the text of a slot comes from. The executor has it, or draws it; the plan never does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// Stands in the document.
    Document,
    /// Was sealed.
    Sealed {
        /// When.
        at: DateTime<Utc>,
    },
    /// Is drawn.
    Generate {
        /// Of what.
        alphabet: Alphabet,
        /// Its number.
        rotation: u32,
    },
    /// Is what the item has: only its place is another one from now on.
    Kept(Origin),
}

impl VaultPlan {
    /// Nothing is to be done, since nothing was looked at.
    pub fn nothing(union: UnionName) -> Self {
        Self {
            union,
            societies: Vec::new(),
            findings: Vec::new(),
            awaiting: Vec::new(),
            ledger: Ledger::default(),
        }
    }

    /// Which union.
    pub fn union(&self) -> &UnionName {
        &self.union
    }

    /// By name.
    pub fn societies(&self) -> &[SocietyPlan] {
        &self.societies
    }

    /// What concerns the server as a whole.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// What waits for an approval.
    pub fn awaiting(&self) -> &[Guard] {
        &self.awaiting
    }

    /// What is to be remembered of this look, before anything is changed.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Whether nothing is to be written.
    pub fn is_empty(&self) -> bool {
        self.societies.iter().all(|society| society.work.is_empty())
    }
}

impl Work {
    /// How many changes that are.
    pub fn changes(&self) -> usize {
        match self {
            Self::Found { .. } => 1,
            Self::Change(_, changes) => changes.len(),
            Self::Blocked => 0,
        }
    }

    /// Whether nothing is to be written.
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Found { .. } => false,
            Self::Change(_, changes) => changes.is_empty(),
            Self::Blocked => true,
        }
    }
}
