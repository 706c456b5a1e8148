//! Societies: their people and their passwords. Never a value.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::outcome::{Actor, MemberState, SocietyState};
use crate::spec::{CollectionRight, Role};

/// One society of a union, as lists show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Society {
    /// Its name.
    pub name: String,
    /// Shown to people.
    pub display_name: String,
    /// Its state inside of the vault.
    pub state: SocietyState,
    /// How many people are in it or invited to it.
    pub members: u32,
    /// How many passwords of its document are in the vault.
    pub passwords: u32,
    /// Who waits for somebody else than Keyforge.
    pub waits: Vec<Member>,
    /// What a person should know. Each with its remedy.
    pub findings: Vec<String>,
    /// When something of this changed; `null`: it is not in the vault yet.
    pub updated_at: Option<DateTime<Utc>>,
}

/// One society, looked at alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SocietyDetail {
    /// As in lists.
    #[serde(flatten)]
    pub society: Society,
    /// How many people are how far.
    pub counts_by_member_state: BTreeMap<MemberState, u32>,
    /// The names of its collections in the vault.
    pub collections: Vec<String>,
    /// Its people by address, also those whom no document lists.
    pub people: Vec<Member>,
    /// The passwords of its document by name. Never a value.
    pub items: Vec<Password>,
}

/// One person in a society.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Member {
    /// Their address.
    pub email: String,
    /// What they may do.
    pub role: Role,
    /// Where they are.
    pub state: MemberState,
    /// Since when, as far as it was seen.
    pub since: DateTime<Utc>,
    /// Whether a document lists them.
    pub listed: bool,
    /// Their last day.
    pub until: Option<NaiveDate>,
    /// The collections that they see; empty for owners and admins, who see all.
    pub collections: BTreeMap<String, CollectionRight>,
    /// What they wait for, or why they are there.
    pub reason: Option<String>,
    /// Who has to act.
    pub actor: Option<Actor>,
}

/// One password of a society.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Password {
    /// Its name.
    pub name: String,
    /// The collection that it is in.
    pub collection: String,
    /// `generated` or `sealed`; `null`: it is not in the vault yet.
    pub kind: Option<String>,
    /// The number of the generated value that is there.
    pub rotation: Option<u32>,
    /// When the value was drawn or sealed.
    pub changed_at: Option<DateTime<Utc>>,
}
