//! A removed union: stopped and kept until its date, then deleted, then forgotten.

use std::time::Duration;

use super::{Failure, HEALTH_DEADLINE, Rollout};
use crate::desired::{Ending, Life};
use crate::health::Health;
use crate::outcome::{Outcome, Reason, UnionState};
use crate::reconcile::{ending, wake};
use crate::store::Next;

impl Rollout<'_> {
    /// Puts into the table what follows from the date. False if the union came back meanwhile: nothing is done then.
    pub(super) async fn remember(&self, ending: &Ending) -> Result<bool, Failure> {
        let (parts, claim, accepted) = (self.parts, self.lease.claim(), &self.look.accepted);
        let (Life::Retained, Some(mut kept_until)) = (accepted.life, accepted.kept_until) else {
            return Ok(true);
        };
        if kept_until < ending.until {
            kept_until = ending.until;
            parts.database(parts.store.keep_until(claim, kept_until)).await?;
        }
        if !ending.begun {
            return Ok(true);
        }
        Ok(parts.database(parts.store.begin_deletion(claim, kept_until)).await?)
    }

    /// Nothing can be done now: it waits for its date, for the server to end what it deletes, or is over.
    pub(super) async fn settle_removed(&self, ending: &Ending, health: Health) -> Result<Next, Failure> {
        let (parts, claim) = (self.parts, self.lease.claim());
        let waiting = parts.database(parts.store.waiting_deployment(&claim.union)).await?;
        if let Health::InProgress(why) = &health {
            if let Some(overdue) = waiting.filter(|waiting| waiting.remaining.is_zero()) {
                let minutes = HEALTH_DEADLINE.as_secs() / 60;
                let failure = Failure::TooLate { minutes, why: why.clone() };
                self.close(overdue.id, Outcome::Failed, Some((None, &failure))).await?;
            }
            self.tell_removed(ending, health).await?;
            return Ok(Next::Retry(wake::backoff(&claim.union, claim.attempts)));
        }
        if let Some(waiting) = waiting {
            self.close(waiting.id, Outcome::Succeeded, None).await?;
        }
        if ending.begun && self.look.inventory.entries.is_empty() {
            return self.is_over().await;
        }
        self.tell_removed(ending, health).await?;
        let rest = (ending.until - claim.claimed_at).to_std().unwrap_or_default();
        let (after, reason) = wake::at(&claim.union, parts.options.resync_interval, Some(rest));
        Ok(Next::After(after, reason))
    }

    /// Nothing of it is left. One that is in Git again begins anew.
    async fn is_over(&self) -> Result<Next, Failure> {
        let (parts, claim) = (self.parts, self.lease.claim());
        if self.look.accepted.life == Life::Running {
            return Ok(Next::After(Duration::ZERO, Reason::Push));
        }
        parts.database(parts.store.forget(claim)).await?;
        if let Some(vaults) = &parts.vaults {
            vaults.forget(&claim.union);
        }
        tracing::info!("nothing of the union is left; its domain is free");
        Ok(Next::Idle)
    }

    /// Its state and the countdown, what keeps its deletion, and what of its data is not there to be kept.
    pub(super) async fn tell_removed(&self, ending: &Ending, health: Health) -> Result<(), Failure> {
        let mut why = ending::words(ending.until, ending.begun, self.lease.claim().claimed_at);
        if let Health::InProgress(more) | Health::Failed(more) = &health {
            why.push_str(&format!("; {more}"));
        }
        if let Some(lost) = self.look.losses().first() {
            why.push_str(&format!("; {lost}"));
        }
        let state = match self.look.accepted.life {
            Life::Retained | Life::Gone => UnionState::Tombstone,
            Life::Running => {
                why = format!("founded anew once its former life is over: {why}");
                UnionState::InProgress
            }
        };
        self.tell(state, health, Some(why), None).await
    }
}
