//! What is inside of one union's VaultWarden, as last looked at. Filled by `vaultwarden::observe`.
//!
//! Invariant: no value of an item and no fingerprint phrase of an account is here, only what they are compared by.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use super::marker::{CollectionMarker, Marker};
use super::place::{Fingerprint, Slot};
use crate::digest::Digest;
use crate::ids::{CollectionId, ItemId, MembershipId, SocietyId, UserId};
use crate::spec::{CollectionRight, Role};

/// One server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObservedVault {
    /// The address of our account.
    pub account: String,
    /// Whether an invitation is a mail, by the settings in effect.
    pub mail: bool,
    /// Settings in effect that `config.json` overrides, by their names.
    pub overridden: BTreeSet<String>,
    /// The societies that our account is a confirmed member of, in any order.
    pub societies: Vec<ObservedSociety>,
}

/// One society.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObservedSociety {
    /// Which.
    pub id: SocietyId,
    /// As people see it.
    pub title: String,
    /// What our account may do in it. With less than `owner` the rest may be empty.
    pub our_role: Role,
    /// The digest of its key; `None`: it does not open, and the rest is empty.
    pub key: Option<Digest>,
    /// In any order.
    pub collections: Vec<ObservedCollection>,
    /// All but our own account, in any order.
    pub members: Vec<ObservedMember>,
    /// All of them, the bin included, in any order.
    pub items: Vec<ObservedItem>,
    /// What its members' clients hold.
    pub policies: ObservedPolicies,
}

/// One collection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObservedCollection {
    /// Which.
    pub id: CollectionId,
    /// As people see it; `None`: it does not open.
    pub title: Option<String>,
    /// Its `externalId`, if that is a marker of ours.
    pub marker: Option<CollectionMarker>,
}

/// One person in a society.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObservedMember {
    /// Which membership.
    pub id: MembershipId,
    /// Which account.
    pub user: UserId,
    /// Its address, in lower case.
    pub address: String,
    /// How far they came.
    pub status: MemberStatus,
    /// What they may do.
    pub role: Role,
    /// Whether they see all collections although they are neither owner nor admin.
    pub all_collections: bool,
    /// Which collections they see; empty for owners and admins.
    pub access: BTreeMap<CollectionId, CollectionRight>,
    /// Whether the account has a master password.
    pub has_password: bool,
    /// The account's public key, if it has one.
    pub key: Option<ObservedKey>,
}

/// How far a person came, by the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum MemberStatus {
    /// -1.
    Revoked,
    /// 0.
    Invited,
    /// 1.
    Accepted,
    /// 2.
    Confirmed,
}

/// The public key of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ObservedKey {
    /// Of its DER (SPKI).
    pub digest: Digest,
    /// Of the account's fingerprint phrase. Never the phrase itself: what is shown could be copied into the document.
    pub phrase: Digest,
}

/// One item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObservedItem {
    /// Which.
    pub id: ItemId,
    /// When it was made.
    pub created: DateTime<Utc>,
    /// When it was changed last: what a write names, so that none goes over somebody else's.
    pub revised: DateTime<Utc>,
    /// Since when it is in the bin.
    pub deleted: Option<DateTime<Utc>>,
    /// Which collections it is in.
    pub collections: BTreeSet<CollectionId>,
    /// What is in it.
    pub content: ObservedContent,
}

/// What is in an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ObservedContent {
    /// It has no marker: a person's. It is never touched.
    Unmarked,
    /// It does not open, or only in part, and no marker is found.
    Broken,
    /// It has our marker.
    Marked {
        /// What we wrote, or what somebody says that we did.
        marker: Marker,
        /// Whether its tag shows that we wrote it here.
        genuine: bool,
        /// What is there now, at the marker's place. A slot that is empty or does not open is left out.
        slots: BTreeMap<Slot, Fingerprint>,
    },
}

/// The policies of a society that Keyforge knows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ObservedPolicies {
    /// Whether members need two factors.
    pub two_factor: bool,
    /// The fewest characters that clients generate; `None`: what people choose.
    pub min_length: Option<u32>,
}
