//! A suspended union: looked at, told, and left as it is.

use super::{Failure, HEALTH_DEADLINE, Rollout};
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
        if refused.is_none() {
            self.close_awaited(&health).await?;
        }
        let mut why = waits.why();
        if let Some(author) = self.author().await? {
            why.push_str(&format!(" by {author}"));
        }
        if let Some(suspend) = &self.look.accepted.union.spec.suspend {
            why.push_str(&format!(": {}", suspend.reason));
        }
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

    /// Who wrote the commit whose documents count, and which one that is.
    async fn author(&self) -> Result<Option<String>, Failure> {
        let revision = &self.look.accepted.revision;
        let known = self.parts.database(self.parts.store.revision(revision.commit)).await?;
        Ok(known.map(|known| {
            format!("{} ({}@{})", known.revision.author_name, revision.branch, revision.commit.short())
        }))
    }
}
