//! What is recorded of a look: for each society what is remembered, and what is shown.

use crate::outcome::SocietyState;
use crate::plan::society::{SocietyPlan, VaultPlan, Work};
use crate::spec::Union;
use crate::store::SocietyRecord;

/// The societies of a plan, as they are before anything of it is done.
pub(super) fn records(plan: &VaultPlan, union: &Union) -> Vec<SocietyRecord> {
    plan.societies().iter().map(|society| record(plan, society, union)).collect()
}

fn record(plan: &VaultPlan, society: &SocietyPlan, union: &Union) -> SocietyRecord {
    let document = union.societies.get(&society.name);
    let state = match (&society.work, document) {
        (Work::Blocked, _) => SocietyState::Blocked,
        (_, None) => SocietyState::Removed,
        (work, Some(_)) if work.is_empty() => SocietyState::Current,
        (_, Some(_)) => SocietyState::InProgress,
    };
    SocietyRecord {
        name: society.name.clone(),
        title: document.map_or_else(|| society.name.to_string(), |document| document.display_name.clone()),
        state,
        ledger: plan.ledger().societies.get(&society.name).cloned(),
        members: society.members.clone(),
        passwords: society.passwords.clone(),
        findings: society.findings.iter().map(ToString::to_string).collect(),
        updated_at: None,
    }
}
