//! Fights over a field: somebody changes it, we put it back, again and again. And what is left as somebody made it.
//!
//! Told by name, field and count, and slower each time, so that a script that never gives up costs neither side a hot
//! loop. Only what is fought over waits: a plan with anything else in it runs at once.

use std::collections::BTreeSet;
use std::time::Duration;

use super::{Failure, Rollout, wake};
use crate::desired::Life;
use crate::ids::ResourceId;
use crate::outcome::Reason;
use crate::plan::{self, Change, FieldChange, Plan, Refusal};
use crate::reconcile::look::{FIGHT, Look, finding, is_fight};
use crate::store::{Dispute, Drifted};

/// What a plan puts back: fields that somebody changed, objects that somebody deleted.
pub(super) fn put_back(look: &Look, plan: &Plan) -> Vec<Drifted> {
    plan.changes().flat_map(|change| of(look, change)).collect()
}

fn of(look: &Look, change: &Change) -> Vec<Drifted> {
    let resource = change.id().clone();
    match change {
        Change::Create { .. } => vec![Drifted::deleted(resource)],
        Change::Update { fields, .. } => {
            let managers = plan::changed_by(&look.desired, &look.observed, &resource);
            let whose = |field: &FieldChange| {
                let owners = managers.iter().filter(|(_, owned)| owned.contains(&field.path));
                owners.map(|(manager, _)| manager.to_string()).collect::<Vec<_>>().join(", ")
            };
            fields.iter().map(|field| Drifted::new(resource.clone(), field, whose(field))).collect()
        }
        _ => Vec::new(),
    }
}

impl Rollout<'_> {
    /// What a plan puts back.
    pub(super) fn put_back(&self, plan: &Plan) -> Vec<Drifted> {
        put_back(self.look, plan)
    }

    /// What others made of it and is left to them, since it is refused to take it from them, or the union is suspended. Told
    /// where something of that is new or over.
    pub(super) async fn keep(&self, planned: &Result<Plan, Vec<Refusal>>) -> Result<(), Failure> {
        let look = self.look;
        let claim = self.lease.claim();
        let is_suspended =
            plan::suspended(&look.accepted.union.spec, look.desired.life, claim.claimed_at).is_some();
        let mut kept = match planned {
            Ok(plan) if is_suspended && self.fell_ill() => put_back(look, plan),
            // What differs may be what was pushed meanwhile.
            Ok(_) if is_suspended => return Ok(()),
            Ok(_) => Vec::new(),
            Err(refusals) => plan::disputed(&look.desired, &look.observed, refusals)
                .map(|(id, manager, field)| Drifted::new(id, &field, manager.to_string()))
                .collect(),
        };
        kept = Drifted::bounded(kept);
        if kept != self.drifts.kept {
            self.parts.database(self.parts.store.record_kept(claim, &kept)).await?;
        }
        Ok(())
    }

    /// What a person should know of the union; `None` while it is not known what is foreign.
    pub(super) fn findings(&self) -> Option<Vec<String>> {
        let foreign = self.parts.cluster.foreign(&self.lease.claim().union)?;
        Some(self.look.findings(&foreign, &self.drifts.disputes))
    }

    /// How long a plan still waits that does nothing but what was put back several times, and why.
    pub(super) fn holds_off(&self, plan: &Plan, put_back: &[Drifted]) -> Option<(Duration, String)> {
        let claim = self.lease.claim();
        let asked = matches!(claim.reason, Reason::Push | Reason::Request);
        if asked || self.look.desired.life != Life::Running {
            return None;
        }
        let changes = plan.changes().filter(|change| !change.is_keep()).count();
        let fought: Vec<&Dispute> = self
            .drifts
            .disputes
            .iter()
            .filter(|dispute| is_fight(dispute))
            .filter(|dispute| {
                let same = |put_back: &Drifted| {
                    put_back.resource == dispute.field.resource && put_back.field == dispute.field.field
                };
                put_back.iter().any(same)
            })
            .collect();
        let resources: BTreeSet<&ResourceId> = fought.iter().map(|dispute| &dispute.field.resource).collect();
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
