//! What the first page tells.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{RevisionDetail, Source, Stopped, Union};
use crate::outcome::UnionState;

/// All unions together, and what of them needs somebody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Overview {
    /// How many unions there are.
    pub total: u64,
    /// How many are in which state; a state without unions is left out.
    pub counts_by_state: BTreeMap<UnionState, u64>,
    /// How many work: `current`, `in-progress`, `failed` or `unknown`; a word without unions is left out.
    pub counts_by_health: BTreeMap<String, u64>,
    /// The unions that failed, are held or wait for an approval, in this order and by name; the first 50.
    pub needs_person: Vec<Union>,
    /// The unions whose members cannot log in, since what serves them does not work, by name; the first 10.
    pub access_down: Vec<String>,
    /// The newest commits, those that were fetched last first.
    pub revisions: Vec<RevisionDetail>,
    /// How many rollouts of the last day put back what somebody had changed.
    pub drift_today: u64,
    /// The revision that was accepted last.
    pub revision: Option<String>,
    /// How the config repo was found; `null` for who does not see all unions, and before the first look.
    pub source: Option<Source>,
    /// That nobody works on any union; `null` while it goes on.
    pub stopped: Option<Stopped>,
}
