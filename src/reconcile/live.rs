//! Live plans for whoever asks: the same look as a rollout's, without what a rollout does about it.
//!
//! Dry-runs need the right to patch, so the daemon makes them for everybody (decisions.md 4). Bounded, since asking costs
//! the API server: few unions at a time, one look at a time for each, and a plan that was just made is given again.
//! Dropping the answer ends the look.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::Parts;
use super::failure::Failure;
use super::look::{Look, look};
use crate::names::UnionName;
use crate::plan::{self, Parted};
use crate::revision::Revision;

/// How many unions are looked at at once, for all who ask.
const AT_ONCE: usize = 2;

/// How long a plan is given again. Somebody who changes something and asks again wants to see it.
const FRESH: Duration = Duration::from_secs(3);

/// What would be done for one union now.
#[derive(Debug, Clone)]
pub struct LivePlan {
    /// Of which union.
    pub union: UnionName,
    /// The revision that counts.
    pub revision: Revision,
    /// When it was looked at, by the database's clock.
    pub at: DateTime<Utc>,
    /// What would be done, or why nothing may be.
    pub planned: Result<Parted, Refused>,
    /// Why something waits, by whom and until when.
    pub waits: Option<String>,
    /// What a person should know.
    pub findings: Vec<String>,
}

/// Why nothing may be done.
#[derive(Debug, Clone)]
pub struct Refused {
    /// What everybody may read.
    pub message: String,
    /// What to do, where it is sure.
    pub hint: Option<String>,
}

/// Where to ask for live plans.
#[derive(Clone)]
pub struct LivePlans {
    parts: Arc<Parts>,
    turns: Arc<Semaphore>,
    made: Arc<Mutex<HashMap<UnionName, Made>>>,
}

/// The last plan of a union, and the turn of whoever looks at it.
type Made = Arc<tokio::sync::Mutex<Option<(Instant, Arc<LivePlan>)>>>;

impl LivePlans {
    /// Of what is reconciled with these parts.
    pub fn new(parts: Arc<Parts>) -> Self {
        Self { parts, turns: Arc::new(Semaphore::new(AT_ONCE)), made: Arc::default() }
    }

    /// What would be done for a union now; `None` where nothing of it was ever accepted.
    ///
    /// # Errors
    /// What could not be read, or cannot be rendered.
    pub async fn of(&self, union: &UnionName) -> Result<Option<Arc<LivePlan>>, Failure> {
        let made = self.place(union);
        // Held over the look on purpose: who asks meanwhile gets the same plan.
        let mut last = made.lock().await;
        if let Some((at, plan)) = last.as_ref()
            && at.elapsed() < FRESH
        {
            return Ok(Some(Arc::clone(plan)));
        }
        let stopped = |_| Failure::Stopped;
        let _turn = self.turns.acquire().await.map_err(stopped)?;
        // Who asks sees what is there now, also what no watch looks at.
        self.parts.cluster.reread(union);
        let Some(look) = Box::pin(look(&self.parts, union)).await? else { return Ok(None) };
        let plan = Arc::new(self.plan(look).await?);
        *last = Some((Instant::now(), Arc::clone(&plan)));
        Ok(Some(plan))
    }

    async fn plan(&self, look: Look) -> Result<LivePlan, Failure> {
        let at = self.parts.database(self.parts.store.now()).await?;
        let spec = &look.accepted.union.spec;
        let planned = match look.plan() {
            Ok(plan) => Ok(plan::part(plan, spec, &look.desired, &look.observed, at)),
            Err(refusals) => {
                let failure = Failure::Refused(refusals);
                Err(Refused { message: failure.message(), hint: failure.hint() })
            }
        };
        let waits = match &planned {
            Ok(Parted { waits: Some(waits), .. }) => {
                Some(waits.told(spec, look.accepted.suspended_by.as_deref()))
            }
            _ => None,
        };
        let union = look.accepted.union.name.clone();
        let foreign = self.parts.cluster.foreign(&union).unwrap_or_default();
        let drifts = self.parts.database(self.parts.store.drifts(&union)).await?;
        let findings = look.findings(&foreign, &drifts.disputes);
        Ok(LivePlan { union, revision: look.accepted.revision, at, planned, waits, findings })
    }

    /// Where the plan of a union is kept. Those that are over and that nobody waits for go.
    fn place(&self, union: &UnionName) -> Made {
        // A panic elsewhere leaves a map that is whole: entries are replaced, never half-written.
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        made.retain(|_, made| {
            let is_fresh =
                |last: &Option<(Instant, _)>| last.as_ref().is_some_and(|(at, _)| at.elapsed() < FRESH);
            Arc::strong_count(made) > 1 || made.try_lock().is_ok_and(|last| is_fresh(&last))
        });
        Arc::clone(made.entry(union.clone()).or_default())
    }
}
