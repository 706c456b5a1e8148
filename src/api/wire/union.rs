//! Unions, and what of them waits for an approval.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Place;
use crate::outcome::{Actor, UnionState};
use crate::plan::guards::GuardKind;

/// One union, as lists show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Union {
    /// Its name.
    pub name: String,
    /// Shown to people; the name, until a document was accepted.
    pub display_name: String,
    /// The URL that members use; `null` until a document was accepted.
    pub domain: Option<String>,
    /// Its state.
    pub state: UnionState,
    /// Does it work? `current`, `in-progress`, `failed` or `unknown`.
    pub health: String,
    /// The newest revision whose state of this union is accepted.
    pub desired_revision: Option<String>,
    /// The newest revision whose state of this union is applied in full.
    pub applied_revision: Option<String>,
    /// How many societies it has.
    pub societies: u32,
    /// How many members its societies have together.
    pub members: u32,
    /// When something of this changed.
    pub updated_at: DateTime<Utc>,
    /// Why it is in its state.
    pub reason: Option<String>,
    /// The image of its server; `null` until a document was accepted.
    pub image: Option<String>,
    /// Since when it is in its state.
    pub since: DateTime<Utc>,
    /// Who acts next; `null` where nobody has to.
    pub actor: Option<Actor>,
    /// Where the mistake is that holds it.
    pub place: Option<Place>,
}

/// Some unions, and how many there are of which kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct UnionPage {
    /// The unions.
    pub items: Vec<Union>,
    /// What to give as `after` for those that follow; `null` at the end.
    pub next: Option<String>,
    /// How many there are on all pages.
    pub total: u64,
    /// How many unions with the text that is searched for are in which state; a state without unions is left out.
    pub counts_by_state: BTreeMap<UnionState, u64>,
    /// The revision that was accepted last.
    pub revision: Option<String>,
    /// That nobody works on any union; `null` while it goes on.
    pub stopped: Option<Stopped>,
}

/// That nobody works on any union (`keyforge stop`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Stopped {
    /// Why, in words of who stopped it.
    pub why: String,
    /// Since when.
    pub since: DateTime<Utc>,
}

/// One union, looked at alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct UnionDetail {
    /// As in lists.
    #[serde(flatten)]
    pub union: Union,
    /// What its health waits for, or why it failed.
    pub health_reason: Option<String>,
    /// Until when its data is kept; `null` for a union that is not removed.
    pub kept_until: Option<DateTime<Utc>>,
    /// What of its newest documents waits for an approval.
    pub guards: Vec<Guard>,
    /// What a person should know although the rollout goes on: objects in its namespace that are not of Keyforge, fields
    /// that somebody changes again and again. Each with its remedy.
    pub findings: Vec<String>,
}

/// Changes that wait for an approval together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Guard {
    /// What it keeps from happening.
    pub guard: GuardKind,
    /// Why it waits.
    pub why: String,
    /// What waits, one line each.
    pub changes: Vec<String>,
    /// Of all that.
    pub digest: String,
    /// The line at the end of a commit message that approves it.
    pub approve: String,
}
