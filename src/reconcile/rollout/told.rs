//! What becomes of a union's row and of its deployment: told once, under the lease, with what a person reads.

use std::time::Duration;

use super::{Failure, Lease, Parts, Rollout, wake};
use crate::desired::Life;
use crate::health::Health;
use crate::ids::DeploymentId;
use crate::outcome::{Level, Outcome, Reason, UnionState};
use crate::plan;
use crate::reconcile::{ending, in_deployment};
use crate::store::{self, Applied, Claim, LogLine, Next, PlanCounts, StageDone, UnionFacts};

/// The union's state says why; it is tried again later.
pub(super) async fn fail(
    parts: &Parts,
    lease: &Lease,
    failure: &Failure,
    rollout: Option<&Rollout<'_>>,
    Seen { health, applied }: Seen,
) -> Result<Next, Failure> {
    let claim = lease.claim();
    let wait = wake::backoff(&claim.union, claim.attempts);
    tracing::warn!(
        attempt = claim.attempts,
        "rollout failed: {}; retrying in {}s",
        failure.detail(),
        wait.as_secs()
    );
    let mut why = match failure.hint() {
        Some(hint) => format!("{} ({hint})", failure.message()),
        None => failure.message(),
    };
    if let Some(stuck) = rollout.and_then(|rollout| rollout.look.stuck()) {
        why.push_str(&format!("; {stuck}"));
    }
    let accepted = match parts.database(parts.store.accepted(&claim.union)).await {
        // What cannot be read is why it failed.
        Err(store::Error::Row(_)) => None,
        accepted => accepted?,
    };
    let state = accepted.map_or(UnionState::Failed, |accepted| {
        if let Some(until) = accepted.kept_until {
            let countdown = ending::words(until, accepted.life == Life::Gone, claim.claimed_at);
            why = format!("{countdown}; {why}");
            UnionState::Tombstone
        // Nothing was to be done for it now, so nothing of it has failed but the look.
        } else if plan::suspended(&accepted.union.spec, accepted.life, claim.claimed_at).is_some() {
            UnionState::Suspended
        } else {
            UnionState::Failed
        }
    });
    let findings = rollout.and_then(Rollout::findings);
    set_status(parts, lease, &UnionFacts { state, health, why: Some(why), applied, findings }).await?;
    Ok(Next::Retry(wait))
}

/// What is told of a union whatever failed: nothing of one that could not even be looked at.
#[derive(Default)]
pub(super) struct Seen {
    pub(super) health: Option<Health>,
    /// What was applied all the same.
    pub(super) applied: Option<Applied>,
}

/// When to go on after an interruption. One that comes again is told as the union's reason: it may be about this one alone.
pub(in crate::reconcile) async fn interrupted(parts: &Parts, failure: &Failure, claim: &Claim) -> Next {
    if matches!(failure, Failure::Stopped | Failure::Lease(_)) {
        return Next::Resume;
    }
    let wait = wake::after_interruption(&claim.union, claim.attempts);
    tracing::warn!(
        attempt = claim.attempts,
        "unable to reconcile: {}; retrying in {}s",
        failure.detail(),
        wait.as_secs()
    );
    if claim.attempts > 0 && matches!(failure, Failure::Cluster(_)) {
        // Where the database is away as well, that is told already.
        let _ = parts.database(parts.store.tell_reason(claim, &failure.message())).await;
    }
    Next::Retry(wait)
}

/// What became of the union; a finding is logged when it is new.
async fn set_status(parts: &Parts, lease: &Lease, facts: &UnionFacts) -> Result<(), Failure> {
    let new = parts.database(parts.store.set_status(lease.claim(), facts)).await?;
    new.iter().for_each(|finding| tracing::warn!("{finding}"));
    Ok(())
}

/// A deployment waits for its health until its deadline, also when its union cannot even be looked at.
pub(super) async fn close_overdue(parts: &Parts, lease: &Lease, failure: &Failure) -> Result<(), Failure> {
    let waiting = parts.database(parts.store.waiting_deployment(&lease.claim().union)).await?;
    match waiting.filter(|waiting| waiting.remaining.is_zero()) {
        Some(overdue) => close(parts, lease, overdue.id, Outcome::Failed, Some((None, failure))).await,
        None => Ok(()),
    }
}

async fn close(
    parts: &Parts,
    lease: &Lease,
    deployment: DeploymentId,
    outcome: Outcome,
    failure: Option<(Option<plan::StageName>, &Failure)>,
) -> Result<(), Failure> {
    let record = failure.map(|(stage, failure)| store::Failure {
        stage,
        message: failure.message(),
        detail: Some(failure.detail()),
    });
    let closing = parts.store.close_deployment(lease.claim(), deployment, outcome, record.as_ref());
    parts.database(closing).await?;
    parts.closed(deployment).await;
    Ok(())
}

impl Rollout<'_> {
    /// There is no plan: told as a deployment that failed before its first write, once per reason.
    pub(super) async fn refuse(&self, failure: &Failure) -> Result<Next, Failure> {
        let (parts, claim) = (self.parts, self.lease.claim());
        // A retry that is refused as before is no news: the union's state says it already. One that waits ends here.
        let waiting = parts.database(parts.store.waiting_deployment(&claim.union)).await?;
        if waiting.is_some() || claim.attempts == 0 || claim.reason == Reason::Push {
            let new = self.record(claim.reason, serde_json::Value::Null, PlanCounts::default(), Vec::new());
            let opened = parts.database(parts.store.open_deployment(claim, &new)).await?;
            let deployment = in_deployment(opened.id());
            let line =
                LogLine { level: Level::Error, message: failure.message(), fields: serde_json::Map::new() };
            let done = StageDone { lines: vec![line], ..StageDone::default() };
            parts.database(parts.store.record_stage(claim, deployment, &done)).await?;
            self.close(deployment, Outcome::Failed, Some((None, failure))).await?;
        }
        self.fail(failure).await
    }

    /// A newer program works on it: that is no failure of the union, so only the reason is told.
    pub(super) async fn leave_to_newer(&self, template_version: u32) -> Result<Next, Failure> {
        let (parts, claim) = (self.parts, self.lease.claim());
        let why = format!(
            "a newer Keyforge applied templates {template_version}; the union is left to it (update this one, or end it)"
        );
        tracing::warn!("{why}");
        parts.database(parts.store.leave_to_newer(claim, template_version, &why)).await?;
        Ok(Next::After(Duration::ZERO, claim.reason))
    }

    pub(super) async fn fail(&self, failure: &Failure) -> Result<Next, Failure> {
        // A plan that is refused says nothing about the server, unless for what is gone.
        let is_ill = matches!(failure, Failure::Unhealthy { .. } | Failure::TooLate { .. })
            || self.look.missed().is_some();
        let health = if is_ill { Health::Failed(failure.message()) } else { self.look.health(&[]) };
        self.fail_beside(health, None, failure).await
    }

    /// What failed is not the server, for example what is inside of its vault: its health is told as it is, and the manifests
    /// may be applied all the same.
    pub(super) async fn fail_beside(
        &self,
        health: Health,
        applied: Option<Applied>,
        failure: &Failure,
    ) -> Result<Next, Failure> {
        fail(self.parts, self.lease, failure, Some(self), Seen { health: Some(health), applied }).await
    }

    pub(super) async fn close(
        &self,
        deployment: DeploymentId,
        outcome: Outcome,
        failure: Option<(Option<plan::StageName>, &Failure)>,
    ) -> Result<(), Failure> {
        close(self.parts, self.lease, deployment, outcome, failure).await
    }

    pub(super) async fn tell(
        &self,
        state: UnionState,
        health: Health,
        why: Option<String>,
        applied: Option<Applied>,
    ) -> Result<(), Failure> {
        let facts = UnionFacts { state, health: Some(health), why, applied, findings: self.findings() };
        set_status(self.parts, self.lease, &facts).await
    }
}
