//! One union, from its claim to the moment when nothing more can be done for it now.
//!
//! ```text
//! look → plan ─┬ refused → failed, told once
//!              ├ waits   → told; due again at its time
//!              ├ empty   → healthy? current : wait or fail
//!              └ changes → deployment: execute → wait for health
//! ```
//!
//! Level-triggered: nothing is remembered from the last run but what the tables say. Waiting is state, not a worker:
//! after its last write a union is `in-progress` in the table and its worker takes the next one.

mod dispute;
mod orphan;
mod removed;
mod suspend;
mod vault;

use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use super::execute::Executor;
use super::failure::Failure;
use super::lease::Lease;
use super::look::{Look, look};
use super::provision::{self, Vault};
use super::{Parts, ending, wake};
use crate::desired::Life;
use crate::health::Health;
use crate::ids::{DeploymentId, ResourceId};
use crate::outcome::{Level, Outcome, Reason, UnionState};
use crate::plan::{self, Cause, Change, Parted, Plan, Refusal, Waits};
use crate::store::{
    self, Applied, Claim, Dispute, LogLine, NewDeployment, Next, Opened, PlanCounts, StageDone, UnionFacts,
    WaitingDeployment,
};

/// How long a union may take from its last write to being healthy.
const HEALTH_DEADLINE: Duration = Duration::from_secs(10 * 60);

/// How soon a waiting union is looked at again if no watch says anything: a safety net, not the way it works.
const WAITING_LOOK: Duration = Duration::from_secs(15);

/// Brings one claimed union as near to its desired state as is possible now, and says when to look again.
///
/// # Errors
/// Only interruptions, which say nothing about the union; everything else is told as its state.
pub(super) async fn roll_out(
    parts: &Parts,
    lease: &Lease,
    shutdown: &CancellationToken,
) -> Result<Next, Failure> {
    // Boxed: a rollout is large, and most workers idle most of the time.
    match Box::pin(look_and_act(parts, lease, shutdown)).await {
        Err(failure) if !failure.is_interruption() => {
            close_overdue(parts, lease, &failure).await?;
            fail(parts, lease, &failure, None, Seen::default()).await
        }
        other => other,
    }
}

/// When to go on after an interruption. One that comes again is told as the union's reason: it may be about this one alone.
pub(super) async fn interrupted(parts: &Parts, failure: &Failure, claim: &Claim) -> Next {
    if matches!(failure, Failure::Stopped | Failure::Lease(_)) {
        return Next::Resume;
    }
    let wait = wake::backoff(&claim.union, claim.attempts);
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

async fn look_and_act(parts: &Parts, lease: &Lease, shutdown: &CancellationToken) -> Result<Next, Failure> {
    let claim = lease.claim();
    // A look by the clock trusts what was read not long ago; whoever has a reason sees what is there now.
    if claim.reason != Reason::Interval {
        parts.cluster.unlearn_references(&claim.union);
    }
    // Boxed: everything that is read of a union is in it.
    let Some(look) = Box::pin(look(parts, &claim.union)).await? else {
        return orphan::look_after(parts, lease).await;
    };
    learn(parts, lease, &look).await?;
    let disputes = parts.database(parts.store.disputes(&claim.union)).await?;
    let rollout = Rollout { parts, lease, shutdown, look: &look, disputes };
    let (spec, life) = (&look.accepted.union.spec, look.desired.life);
    if let Some(ending) = &look.desired.ending
        && !rollout.remember(ending).await?
    {
        return Ok(Next::After(Duration::ZERO, claim.reason));
    }
    let plan = look.plan();
    if let Err(refusals) = &plan
        && let Some(version) = refusals.iter().find_map(Refusal::newer_templates)
    {
        return rollout.leave_to_newer(version).await;
    }
    let plan = match (plan, plan::suspended(spec, life, claim.claimed_at)) {
        (Ok(plan), _) => plan,
        (Err(refusals), None) => return rollout.refuse(&Failure::Refused(refusals)).await,
        (Err(refusals), Some(waits)) => {
            return rollout.suspend(Health::Unknown, &waits, Some(&Failure::Refused(refusals))).await;
        }
    };
    let health = look.health(plan.awaited());
    let parted = plan::part(plan, spec, &look.desired, &look.observed, claim.claimed_at);
    match &parted.waits {
        Some(waits) if waits.cause == Cause::Suspend => rollout.suspend(health, waits, None).await,
        waits if parted.now.is_empty() => match &look.desired.ending {
            Some(ending) => rollout.settle_removed(ending, health).await,
            None => rollout.settle(health, waits.as_ref()).await,
        },
        _ => rollout.run(parted).await,
    }
}

/// What is told of a union whatever failed: nothing of one that could not even be looked at.
#[derive(Default)]
struct Seen {
    health: Option<Health>,
    /// What was applied all the same.
    applied: Option<Applied>,
}

/// The union's state says why; it is tried again later.
async fn fail(
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

/// What became of the union; a finding is logged when it is new.
async fn set_status(parts: &Parts, lease: &Lease, facts: &UnionFacts) -> Result<(), Failure> {
    let new = parts.database(parts.store.set_status(lease.claim(), facts)).await?;
    new.iter().for_each(|finding| tracing::warn!("{finding}"));
    Ok(())
}

/// A deployment waits for its health until its deadline, also when its union cannot even be looked at.
async fn close_overdue(parts: &Parts, lease: &Lease, failure: &Failure) -> Result<(), Failure> {
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

/// What exists and is ours belongs into the inventory with its uid: after a crash between a write and its record, and
/// after the loss of the database. What is missed is told, and not any more once it is there.
async fn learn(parts: &Parts, lease: &Lease, look: &Look) -> Result<(), Failure> {
    let missed = look.missed();
    let known = look.accepted.missed.as_ref().map(|missed| missed.guard.digest);
    if missed.as_ref().map(|guard| guard.digest) != known {
        parts.database(parts.store.record_missed(lease.claim(), missed.as_ref())).await?;
    }
    let unknown = look.unknown();
    if !unknown.is_empty() {
        parts.database(parts.store.learned(lease.claim(), &unknown)).await?;
    }
    Ok(())
}

/// A deployment that could have been healthy by now, whose state is to be applied once more: somebody keeps changing it.
fn overdue(plan: &Plan, waiting: &WaitingDeployment) -> Option<(DeploymentId, Failure)> {
    if !waiting.remaining.is_zero() {
        return None;
    }
    let change = plan.changes().find(|change| !change.is_keep()).map(plan::line).unwrap_or_default();
    let why = format!("it is changed again and again, now it would take: {change}");
    Some((waiting.id, Failure::TooLate { minutes: HEALTH_DEADLINE.as_secs() / 60, why }))
}

struct Rollout<'a> {
    parts: &'a Parts,
    lease: &'a Lease,
    shutdown: &'a CancellationToken,
    look: &'a Look,
    disputes: Vec<Dispute>,
}

impl Rollout<'_> {
    /// A deployment is opened before the first write, executed, and left waiting for health. What waits for its time is
    /// part of its record, and the matter of another deployment.
    async fn run(&self, parted: Parted) -> Result<Next, Failure> {
        let (parts, claim) = (self.parts, self.lease.claim());
        let (started, plan) = (Instant::now(), &parted.now);
        let waiting = parts.database(parts.store.waiting_deployment(&claim.union)).await?;
        let waiting = waiting.filter(|waiting| waiting.desired == self.look.desired.digest);
        if let Some((id, failure)) = waiting.as_ref().and_then(|waiting| overdue(plan, waiting)) {
            self.close(id, Outcome::Failed, Some((None, &failure))).await?;
            return self.fail_beside(self.look.health(&[]), None, &failure).await;
        }
        // What was applied once and is not so now was changed by somebody.
        let put_back =
            if waiting.is_some() || self.fell_ill() { dispute::put_back(plan) } else { Vec::new() };
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
        let deployment = opened.id();
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
                parts.database(parts.store.wait(claim, deployment, why, HEALTH_DEADLINE)).await?;
                if !put_back.is_empty() {
                    parts.database(parts.store.count_put_back(claim, &put_back)).await?;
                }
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
                self.close(deployment, Outcome::Failed, Some((Some(stage), &failure))).await?;
                self.fail(&failure).await
            }
        }
    }

    /// Nothing to write: is it healthy, will it be, or not?
    async fn settle(&self, health: Health, waits: Option<&Waits>) -> Result<Next, Failure> {
        let (parts, claim) = (self.parts, self.lease.claim());
        let waiting = parts.database(parts.store.waiting_deployment(&claim.union)).await?;
        let mut open = waiting.as_ref().map(|waiting| waiting.id);
        // Whatever becomes of its vault: all of it but what waits for its time is applied.
        let applied = waits.is_none().then(|| self.applied());
        match (&health, waiting) {
            (Health::Current | Health::Unknown, waiting) => {
                let waited = open;
                let (looks_inside, again, awaiting) = match self.provision(&mut open).await {
                    Ok(Vault::Untouched) => (false, None, None),
                    Ok(Vault::Settled { again, awaiting }) => (true, again, awaiting),
                    Ok(Vault::Unfinished(why, after)) => {
                        return self.unfinished((health, applied), why, after, open, waiting).await;
                    }
                    Ok(Vault::Away(why, after)) => {
                        let health = Health::Failed(why.clone());
                        return self.unfinished((health, applied), why, after, open, waiting).await;
                    }
                    Err(failure) if failure.is_interruption() => {
                        return self.interrupt(open.filter(|_| waited.is_none()), failure).await;
                    }
                    Err(failure) => {
                        if let Some(open) = open {
                            self.close(open, Outcome::Failed, Some((None, &failure))).await?;
                        }
                        return self.fail_beside(health, applied, &failure).await;
                    }
                };
                if let Some(open) = open {
                    self.close(open, Outcome::Succeeded, None).await?;
                }
                if let Some(waits) = waits {
                    let why = [Some(waits.why()), waits.what()]
                        .into_iter()
                        .flatten()
                        .collect::<Vec<_>>()
                        .join(": ");
                    self.tell(UnionState::InProgress, health, Some(why), None).await?;
                    return Ok(self.at(waits));
                }
                let rests = health == Health::Current;
                let state =
                    if awaiting.is_some() { UnionState::AwaitingApproval } else { UnionState::Current };
                self.tell(state, health, awaiting, applied).await?;
                // What is in a vault no watch tells.
                if rests && !looks_inside {
                    parts.cluster.rests(&self.look.desired, self.look.accepted.input);
                }
                let resync = wake::resync(&claim.union, parts.options.resync_interval);
                Ok(Next::After(again.map_or(resync, |again| again.min(resync)), Reason::Interval))
            }
            (Health::InProgress(why), Some(waiting)) if waiting.remaining.is_zero() => {
                let minutes = HEALTH_DEADLINE.as_secs() / 60;
                let failure = Failure::TooLate { minutes, why: why.clone() };
                self.close(waiting.id, Outcome::Failed, Some((None, &failure))).await?;
                self.fail(&failure).await
            }
            (Health::InProgress(why), waiting) => {
                let (why, waits) = (why.clone(), waiting.is_some());
                let state = if waits { UnionState::InProgress } else { self.state_without_rollout() };
                self.tell(state, health, Some(why), None).await?;
                Ok(if claim.attempts > 0 {
                    Next::Retry(WAITING_LOOK)
                } else {
                    Next::After(WAITING_LOOK, Reason::Interval)
                })
            }
            (Health::Failed(why), waiting) => {
                let failure = Failure::Unhealthy { why: why.clone() };
                if let Some(waiting) = waiting {
                    self.close(waiting.id, Outcome::Failed, Some((None, &failure))).await?;
                } else if self.fell_ill() {
                    self.tell(UnionState::Current, health.clone(), Some(why.clone()), None).await?;
                    return Ok(Next::Retry(wake::backoff(&claim.union, claim.attempts)));
                }
                self.fail(&failure).await
            }
        }
    }

    /// The inside of its vault is not as declared yet: gone on with soon, for as long as a deployment may take.
    async fn unfinished(
        &self,
        (health, applied): (Health, Option<Applied>),
        why: String,
        after: Duration,
        open: Option<DeploymentId>,
        waiting: Option<WaitingDeployment>,
    ) -> Result<Next, Failure> {
        if let Some(waiting) = waiting.filter(|waiting| waiting.remaining.is_zero()) {
            let failure = Failure::Unprovisioned { minutes: HEALTH_DEADLINE.as_secs() / 60, why };
            self.close(waiting.id, Outcome::Failed, Some((None, &failure))).await?;
            return self.fail_beside(health, applied, &failure).await;
        }
        self.leave_open(open, &why).await?;
        // What was pushed may not be in there yet, also where the manifests are applied.
        self.tell(UnionState::InProgress, health, Some(why), applied).await?;
        let claim = self.lease.claim();
        // Who is only slow goes on while its deployment is open; who does not answer is asked less and less often.
        let goes_on = open.is_some() && after < provision::AGAIN;
        let patience = if goes_on { after } else { after.max(wake::backoff(&claim.union, claim.attempts)) };
        Ok(if after.is_zero() { Next::After(after, Reason::Interval) } else { Next::Retry(patience) })
    }

    /// Due when the wait is over; looked at before that like every other union.
    fn at(&self, waits: &Waits) -> Next {
        let claim = self.lease.claim();
        let rest = waits.until.and_then(|until| (until - claim.claimed_at).to_std().ok());
        let (after, reason) = wake::at(&claim.union, self.parts.options.resync_interval, rest);
        Next::After(after, reason)
    }

    /// Whether this very state was applied and healthy once: then what is wrong now is no failed rollout.
    fn fell_ill(&self) -> bool {
        self.look.accepted.applied == Some(self.look.desired.digest)
    }

    /// The state of a union that is not healthy while no deployment waits for it.
    fn state_without_rollout(&self) -> UnionState {
        match self.lease.claim().attempts {
            _ if self.fell_ill() => UnionState::Current,
            0 => UnionState::InProgress,
            _ => UnionState::Failed,
        }
    }

    /// A newer program works on it: that is no failure of the union, so only the reason is told.
    async fn leave_to_newer(&self, template_version: u32) -> Result<Next, Failure> {
        let (parts, claim) = (self.parts, self.lease.claim());
        let why = format!(
            "a newer Keyforge applied templates {template_version}; the union is left to it (update this one, or end it)"
        );
        tracing::warn!("{why}");
        parts.database(parts.store.leave_to_newer(claim, template_version, &why)).await?;
        Ok(Next::After(Duration::ZERO, claim.reason))
    }

    /// There is no plan: told as a deployment that failed before its first write, once per reason.
    async fn refuse(&self, failure: &Failure) -> Result<Next, Failure> {
        let (parts, claim) = (self.parts, self.lease.claim());
        // A retry that is refused as before is no news: the union's state says it already. One that waits ends here.
        let waiting = parts.database(parts.store.waiting_deployment(&claim.union)).await?;
        if waiting.is_some() || claim.attempts == 0 || claim.reason == Reason::Push {
            let new = self.record(claim.reason, serde_json::Value::Null, PlanCounts::default(), Vec::new());
            let deployment = parts.database(parts.store.open_deployment(claim, &new)).await?.id();
            let line =
                LogLine { level: Level::Error, message: failure.message(), fields: serde_json::Map::new() };
            let done = StageDone { lines: vec![line], ..StageDone::default() };
            parts.database(parts.store.record_stage(claim, deployment, &done)).await?;
            self.close(deployment, Outcome::Failed, Some((None, failure))).await?;
        }
        self.fail(failure).await
    }

    async fn fail(&self, failure: &Failure) -> Result<Next, Failure> {
        // A plan that is refused says nothing about the server, unless for what is gone.
        let is_ill = matches!(failure, Failure::Unhealthy { .. } | Failure::TooLate { .. })
            || self.look.missed().is_some();
        let health = if is_ill { Health::Failed(failure.message()) } else { self.look.health(&[]) };
        self.fail_beside(health, None, failure).await
    }

    /// What failed is not the server, for example what is inside of its vault: its health is told as it is, and the manifests
    /// may be applied all the same.
    async fn fail_beside(
        &self,
        health: Health,
        applied: Option<Applied>,
        failure: &Failure,
    ) -> Result<Next, Failure> {
        fail(self.parts, self.lease, failure, Some(self), Seen { health: Some(health), applied }).await
    }

    async fn close(
        &self,
        deployment: DeploymentId,
        outcome: Outcome,
        failure: Option<(Option<plan::StageName>, &Failure)>,
    ) -> Result<(), Failure> {
        close(self.parts, self.lease, deployment, outcome, failure).await
    }

    async fn tell(
        &self,
        state: UnionState,
        health: Health,
        why: Option<String>,
        applied: Option<Applied>,
    ) -> Result<(), Failure> {
        let facts = UnionFacts { state, health: Some(health), why, applied, findings: self.findings() };
        set_status(self.parts, self.lease, &facts).await
    }

    fn record(
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

    fn applied(&self) -> Applied {
        Applied {
            revision: self.look.accepted.revision.commit,
            input: self.look.accepted.input,
            desired: self.look.desired.digest,
        }
    }
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
