//! A plan that changes nothing: the union is healthy, will be, or is not; and so is the inside of its vault.

use std::time::Duration;

use super::{Failure, HEALTH_DEADLINE, Rollout, wake};
use crate::health::Health;
use crate::ids::DeploymentId;
use crate::outcome::{Outcome, Reason, UnionState};
use crate::plan::Waits;
use crate::reconcile::in_deployment;
use crate::reconcile::provision::{self, Vault};
use crate::store::{Applied, Next, WaitingDeployment};

/// How soon a waiting union is looked at again if no watch says anything: a safety net, not the way it works.
const WAITING_LOOK: Duration = Duration::from_secs(15);

impl Rollout<'_> {
    /// Nothing to write: is it healthy, will it be, or not?
    pub(super) async fn settle(&self, health: Health, waits: Option<&Waits>) -> Result<Next, Failure> {
        let (parts, claim) = (self.parts, self.lease.claim());
        let waiting = parts.database(parts.store.waiting_deployment(&claim.union)).await?;
        let mut open = waiting.as_ref().map(|waiting| in_deployment(waiting.id));
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
    pub(super) fn at(&self, waits: &Waits) -> Next {
        let claim = self.lease.claim();
        let rest = waits.until.and_then(|until| (until - claim.claimed_at).to_std().ok());
        let (after, reason) = wake::at(&claim.union, self.parts.options.resync_interval, rest);
        Next::After(after, reason)
    }

    /// Whether this very state was applied and healthy once: then what is wrong now is no failed rollout.
    pub(super) fn fell_ill(&self) -> bool {
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

    fn applied(&self) -> Applied {
        Applied {
            revision: self.look.accepted.revision.commit,
            input: self.look.accepted.input,
            desired: self.look.desired.digest,
        }
    }
}
