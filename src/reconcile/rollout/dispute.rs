//! Fights over a field: somebody changes it, we put it back, again and again.
//!
//! Told by name, field and count, and slower each time, so that a script that never gives up costs neither side a hot
//! loop. Only what is fought over waits: a plan with anything else in it runs at once.

use std::collections::BTreeSet;
use std::time::Duration;

use super::{Rollout, wake};
use crate::desired::Life;
use crate::outcome::Reason;
use crate::plan::{Change, Plan};
use crate::reconcile::look::{FIGHT, finding, is_fight};
use crate::store::{Dispute, PutBack};

/// What a plan puts back: fields that somebody changed, objects that somebody deleted.
pub(super) fn put_back(plan: &Plan) -> Vec<PutBack> {
    plan.changes().flat_map(of).collect()
}

fn of(change: &Change) -> Vec<PutBack> {
    let resource = change.id().to_string();
    match change {
        Change::Create { .. } => {
            vec![PutBack { resource, field: String::new(), manager: String::new() }]
        }
        Change::Update { fields, takeover, .. } => {
            let managers: Vec<String> = takeover.iter().map(ToString::to_string).collect();
            let manager = managers.join(", ");
            let field = |path: &String| PutBack {
                resource: resource.clone(),
                field: path.clone(),
                manager: manager.clone(),
            };
            fields.iter().map(|change| field(&change.path)).collect()
        }
        _ => Vec::new(),
    }
}

impl Rollout<'_> {
    /// What a person should know of the union; `None` while it is not known what is foreign.
    pub(super) fn findings(&self) -> Option<Vec<String>> {
        let foreign = self.parts.cluster.foreign(&self.lease.claim().union)?;
        Some(self.look.findings(&foreign, &self.disputes))
    }

    /// How long a plan still waits that does nothing but what was put back several times, and why.
    pub(super) fn holds_off(&self, plan: &Plan, put_back: &[PutBack]) -> Option<(Duration, String)> {
        let claim = self.lease.claim();
        let asked = matches!(claim.reason, Reason::Push | Reason::Request);
        if asked || self.look.desired.life != Life::Running {
            return None;
        }
        let changes = plan.changes().filter(|change| !change.is_keep()).count();
        let fought: Vec<&Dispute> = self
            .disputes
            .iter()
            .filter(|dispute| is_fight(dispute))
            .filter(|dispute| {
                let same = |put_back: &PutBack| {
                    put_back.resource == dispute.field.resource && put_back.field == dispute.field.field
                };
                put_back.iter().any(same)
            })
            .collect();
        let resources: BTreeSet<&str> =
            fought.iter().map(|dispute| dispute.field.resource.as_str()).collect();
        if resources.len() < changes || fought.len() < put_back.len() {
            return None;
        }
        let rest = |dispute: &&Dispute| {
            wake::backoff(&claim.union, dispute.times - FIGHT + 1).saturating_sub(dispute.age)
        };
        let rest = fought.iter().map(rest).max().filter(|rest| !rest.is_zero())?;
        let why: Vec<String> = fought.into_iter().map(|dispute| finding(dispute).to_string()).collect();
        Some((rest, why.join("; ")))
    }
}
