//! A suspended union: looked at, told, and left as it is.

use super::{Failure, HEALTH_DEADLINE, Rollout, close_overdue};
use crate::health::Health;
use crate::outcome::{Outcome, UnionState};
use crate::plan::Waits;
use crate::store::Next;

impl Rollout<'_> {
    /// Nothing is changed: why, by whom and until when is told, and what differs; also what keeps it from being planned.
    pub(super) async fn suspend(
        &self,
        health: Health,
        waits: &Waits,
        refused: Option<&Failure>,
    ) -> Result<Next, Failure> {
        match refused {
            None => self.close_awaited(&health).await?,
            // What it waits for cannot be judged now; its deadline counts all the same.
            Some(failure) => close_overdue(self.parts, self.lease, failure).await?,
        }
        let accepted = &self.look.accepted;
        let mut why = waits.told(&accepted.union.spec, accepted.suspended_by.as_deref());
        if let Some(what) = waits.what().or_else(|| refused.map(Failure::message)) {
            why.push_str(&format!("; what waits: {what}"));
        }
        self.tell(UnionState::Suspended, health, Some(why), None).await?;
        Ok(self.at(waits))
    }

    /// What was applied before the suspend is still judged by its health.
    async fn close_awaited(&self, health: &Health) -> Result<(), Failure> {
        let waiting = self.parts.store.waiting_deployment(&self.lease.claim().union);
        let Some(waiting) = self.parts.database(waiting).await? else { return Ok(()) };
        let failure = match health {
            Health::Current | Health::Unknown => None,
            Health::Failed(why) => Some(Failure::Unhealthy { why: why.clone() }),
            Health::InProgress(_) if !waiting.remaining.is_zero() => return Ok(()),
            Health::InProgress(why) => {
                Some(Failure::TooLate { minutes: HEALTH_DEADLINE.as_secs() / 60, why: why.clone() })
            }
        };
        match &failure {
            None => self.close(waiting.id, Outcome::Succeeded, None).await,
            Some(failure) => self.close(waiting.id, Outcome::Failed, Some((None, failure))).await,
        }
    }
}
