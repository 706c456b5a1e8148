//! A plan that changes something: a deployment is opened before its first write, executed, and left waiting for health.

use std::time::{Duration, Instant};

use super::{Failure, HEALTH_DEADLINE, Rollout, interrupted, wake};
use crate::health::Health;
use crate::ids::{DeploymentId, ResourceId};
use crate::outcome::{Outcome, Reason, UnionState};
use crate::plan::{self, Change, Parted, Plan};
use crate::reconcile::execute::Executor;
use crate::reconcile::in_deployment;
use crate::store::{NewDeployment, Next, Opened, PlanCounts, WaitingDeployment};

impl Rollout<'_> {
    /// A deployment is opened before the first write, executed, and left waiting for health. What waits for its time is
    /// part of its record, and the matter of another deployment.
    pub(super) async fn run(&self, parted: Parted) -> Result<Next, Failure> {
        let (parts, claim) = (self.parts, self.lease.claim());
        let (started, plan) = (Instant::now(), &parted.now);
        let waiting = parts.database(parts.store.waiting_deployment(&claim.union)).await?;
        let waiting = waiting.filter(|waiting| waiting.desired == self.look.desired.digest);
        if let Some((id, failure)) = waiting.as_ref().and_then(|waiting| overdue(plan.changes(), waiting)) {
            self.close(id, Outcome::Failed, Some((None, &failure))).await?;
            return self.fail_beside(self.look.health(&[]), None, &failure).await;
        }
        // What was applied once and is not so now was changed by somebody.
        let mut put_back =
            if waiting.is_some() || self.fell_ill() { self.put_back(plan) } else { Vec::new() };
        if let Some((rest, why)) = self.holds_off(plan, &put_back) {
            let health = self.look.health(plan.awaited());
            self.tell(UnionState::InProgress, health, Some(why), None).await?;
            return Ok(Next::After(rest, Reason::Drift));
        }
        let rotates = plan.changes().any(|change| matches!(change, Change::Draw { .. }));
        let reason =
            if rotates && self.look.facts.admin_token.is_some() { Reason::Rotation } else { claim.reason };
        let writes = |change: &Change| {
            !matches!(change, Change::Keep { .. } | Change::Delete { .. } | Change::Forget { .. })
        };
        let prunes = !plan.changes().any(writes);
        let new = self.record(reason, plan::json(&parted), counts(plan), made_by(plan));
        let opened = parts.database(parts.store.open_deployment(claim, &new)).await?;
        let deployment = in_deployment(opened.id());
        if let Opened::New { superseded: Some(superseded), .. } = opened {
            parts.closed(superseded).await;
        }
        let doing = |what: &str| Health::InProgress(what.to_owned());
        match &self.look.desired.ending {
            Some(ending) => self.tell_removed(ending, doing("being stopped or deleted")).await?,
            None => self.tell(UnionState::InProgress, doing("being applied"), None, None).await?,
        }
        let executor = Executor {
            parts,
            lease: self.lease,
            desired: &self.look.desired,
            facts: &self.look.facts,
            account: parts
                .vaults
                .as_ref()
                .map(|vaults| vaults.reserve(&self.look.accepted.union))
                .unwrap_or_default(),
            deployment,
            shutdown: self.shutdown,
        };
        let Parted { now, waits } = parted;
        let executed = executor.execute(now, waits.as_ref()).await?;
        match executed.failure {
            None => {
                let why = "applied; waiting for it to become healthy";
                let applied = parts.store.wait(claim, deployment, why, HEALTH_DEADLINE, &put_back);
                parts.database(applied).await?;
                let duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
                tracing::info!(deployment.id = %deployment, duration_ms, "applied: {}", executed.counts);
                Ok(match opened {
                    // Stage by stage backward: what is forgotten once is not there to be pruned again.
                    _ if prunes => Next::After(Duration::ZERO, claim.reason),
                    // Its health is looked at once no push waits for a worker.
                    Opened::New { .. } => Next::After(Duration::ZERO, Reason::Interval),
                    // Written before and not equal now: whoever undoes it must not keep a worker busy.
                    Opened::Continued(_) => Next::Retry(wake::backoff(&claim.union, claim.attempts)),
                })
            }
            Some((_, failure)) if failure.is_interruption() => {
                self.close(deployment, Outcome::Interrupted, None).await?;
                Ok(interrupted(parts, &failure, claim).await)
            }
            Some((stage, failure)) => {
                put_back.retain(|drifted| executed.written.contains(&drifted.resource));
                if !put_back.is_empty() {
                    let record = parts.store.record_put_back(claim, deployment, &put_back);
                    parts.database(record).await?;
                }
                self.close(deployment, Outcome::Failed, Some((Some(stage), &failure))).await?;
                self.fail(&failure).await
            }
        }
    }

    pub(super) fn record(
        &self,
        reason: Reason,
        plan: serde_json::Value,
        counts: PlanCounts,
        makes: Vec<ResourceId>,
    ) -> NewDeployment {
        NewDeployment {
            reason,
            revision: self.look.accepted.revision.commit,
            input: self.look.accepted.input,
            desired: self.look.desired.digest,
            plan,
            counts,
            makes,
        }
    }
}

/// A deployment that could have been healthy by now, whose state is to be applied once more: somebody keeps changing it.
/// That another revision says the same, or that what was deleted is gone, is only noted, and changed by nobody.
fn overdue<'a>(
    mut changes: impl Iterator<Item = &'a Change>,
    waiting: &WaitingDeployment,
) -> Option<(DeploymentId, Failure)> {
    if !waiting.remaining.is_zero() {
        return None;
    }
    let is_noted = |change: &Change| {
        matches!(change, Change::Keep { .. } | Change::Record { .. } | Change::Forget { .. })
    };
    let change = plan::line(changes.find(|change| !is_noted(change))?);
    let why = format!("it is changed again and again, now it would take: {change}");
    Some((waiting.id, Failure::TooLate { minutes: HEALTH_DEADLINE.as_secs() / 60, why }))
}

/// What may exist after this plan and did not before.
fn made_by(plan: &Plan) -> Vec<ResourceId> {
    let makes = |change: &&Change| {
        matches!(change, Change::Draw { .. } | Change::Create { .. } | Change::Record { .. })
    };
    plan.changes().filter(makes).map(|change| change.id().clone()).collect()
}

fn counts(plan: &Plan) -> PlanCounts {
    let mut counts = PlanCounts::default();
    for change in plan.changes() {
        match change.word() {
            "create" => counts.creates += 1,
            "update" => counts.updates += 1,
            "delete" => counts.deletes += 1,
            _ => counts.keeps += 1,
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::Digest;
    use crate::plan::Credential;

    #[test]
    fn what_is_only_noted_is_no_change_by_somebody() {
        let id = ResourceId {
            kind: "ConfigMap".into(),
            namespace: Some("keyforge".into()),
            name: "union-acme".into(),
            api_version: "v1".into(),
        };
        let record = Change::Record {
            id: id.clone(),
            input: Digest::of("input"),
            template_version: 1,
            first: false,
            revives: None,
        };
        let forget = Change::Forget { id: id.clone() };
        let draw = Change::Draw { id, credential: Credential::AdminToken, rotation: 2, first: false };
        let waiting = |remaining| WaitingDeployment {
            id: DeploymentId(uuid::Uuid::nil()),
            desired: Digest::of("desired"),
            remaining,
        };
        let is_overdue =
            |changes: &[Change], remaining| overdue(changes.iter(), &waiting(remaining)).is_some();
        assert!(!is_overdue(&[record.clone(), forget], Duration::ZERO), "nobody changed it");
        assert!(is_overdue(&[record.clone(), draw.clone()], Duration::ZERO));
        assert!(!is_overdue(&[record, draw], Duration::from_secs(1)), "it has time");
    }
}
