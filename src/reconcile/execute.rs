//! Execution: walks a plan, stage by stage, and decides nothing.
//!
//! ```text
//! before      the record opened: fencing token checked, what will be made entered into the inventory
//! per change  lease outlasts the write → the write → what it did
//! per stage   fencing token checked, uids learned, events and log lines stored → next stage
//! ```
//!
//! Invariant: this is the only place that writes to the cluster. A crash at any point leaves an inventory that names
//! everything that may exist, and an open deployment that the next start closes as interrupted.

use std::collections::BTreeSet;

use tokio_util::sync::CancellationToken;

use super::Parts;
use super::failure::Failure;
use super::lease::{Lease, WRITE_TIMEOUT};
use crate::cluster::{self, Call, ControllerFacts, Verb};
use crate::desired::{DesiredState, Life};
use crate::ids::{DeploymentId, ResourceId};
use crate::names::UnionName;
use crate::outcome::{Done, Level};
use crate::plan::{self, Change, Plan, Stage, StageName, Waits};
use crate::store::{Event, LogLine, StageDone};
use crate::vaultwarden::Fields;

/// What became of a plan.
#[derive(Debug)]
pub(super) struct Executed {
    /// How many resources were created, updated and deleted.
    pub counts: Counts,
    /// Which were made or changed.
    pub written: BTreeSet<ResourceId>,
    /// Why the rest was skipped, and in which stage; `None`: all of it was done.
    pub failure: Option<(StageName, Failure)>,
}

/// How many changes ended how.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Counts {
    /// Made.
    pub created: usize,
    /// Changed.
    pub updated: usize,
    /// Deletion asked for, or confirmed.
    pub deleted: usize,
    /// Equal already.
    pub kept: usize,
}

/// Where a plan is executed.
pub(super) struct Executor<'a> {
    /// The outside systems.
    pub parts: &'a Parts,
    /// The right to write.
    pub lease: &'a Lease,
    /// What the plan leads to.
    pub desired: &'a DesiredState,
    /// What the controller's objects were when the plan was made.
    pub facts: &'a ControllerFacts,
    /// What is kept of our account in the server from the first credential on.
    pub account: Fields,
    /// The record.
    pub deployment: DeploymentId,
    /// Ends the walk between two writes.
    pub shutdown: &'a CancellationToken,
}

impl Executor<'_> {
    /// Walks the plan. A failed change ends it; what was done stays done and recorded, and so is what waits for its time.
    ///
    /// # Errors
    /// The record could not be kept: then nothing further is written either.
    pub(super) async fn execute(&self, plan: Plan, waits: Option<&Waits>) -> Result<Executed, Failure> {
        let (mut counts, mut written) = (Counts::default(), BTreeSet::new());
        if let Some(waits) = waits {
            let (claim, left) = (self.lease.claim(), waiting(waits));
            self.parts.database(self.parts.store.record_stage(claim, self.deployment, &left)).await?;
        }
        for stage in plan.stages() {
            if let Some(failure) = self.stage(&plan, stage, &mut counts, &mut written).await? {
                return Ok(Executed { counts, written, failure: Some((stage.name, failure)) });
            }
        }
        Ok(Executed { counts, written, failure: None })
    }

    async fn stage(
        &self,
        plan: &Plan,
        stage: &Stage,
        counts: &mut Counts,
        written: &mut BTreeSet<ResourceId>,
    ) -> Result<Option<Failure>, Failure> {
        let changes: Vec<&Change> = stage.changes.iter().filter(|change| !change.is_keep()).collect();
        counts.kept += stage.changes.len() - changes.len();
        if changes.is_empty() {
            return Ok(None);
        }
        let mut done = StageDone::default();
        let mut failure = None;
        for change in changes {
            let result = match &failure {
                None => self.change(plan, change, &mut done).await,
                Some(_) => Ok(Done::Skipped),
            };
            match result {
                Ok(became) => {
                    counts.add(became);
                    if matches!(became, Done::Created | Done::Updated) {
                        written.insert(change.id().clone());
                    }
                    tell(&mut done, stage.name, change, became, None);
                }
                Err(error) => {
                    tell(&mut done, stage.name, change, Done::Failed, Some(&error));
                    failure = Some(error);
                }
            }
        }
        let record = self.parts.store.record_stage(self.lease.claim(), self.deployment, &done);
        self.parts.database(record).await?;
        Ok(failure)
    }

    /// One write. The gates before it: nobody asked us to stop, and the lease outlasts the write, which may take several
    /// calls but no longer than its time.
    async fn change(&self, plan: &Plan, change: &Change, done: &mut StageDone) -> Result<Done, Failure> {
        if self.shutdown.is_cancelled() {
            return Err(Failure::Stopped);
        }
        self.lease.outlasts_a_write()?;
        let write = self.write(plan, change, done);
        let Ok(written) = tokio::time::timeout(WRITE_TIMEOUT, write).await else {
            let verb = match change {
                Change::Delete { .. } => Verb::Delete,
                Change::Draw { .. } | Change::Record { .. } | Change::End { .. } => Verb::Replace,
                _ => Verb::Apply,
            };
            let call = Call { verb, id: Box::new(change.id().clone()) };
            return Err(cluster::Error::Timeout { call, after: WRITE_TIMEOUT }.into());
        };
        written
    }

    async fn write(&self, plan: &Plan, change: &Change, done: &mut StageDone) -> Result<Done, Failure> {
        let (cluster, union) = (&self.parts.cluster, plan.union());
        Ok(match change {
            Change::Draw { credential, rotation, .. } => {
                let drawn = cluster.draw(union, self.facts, *credential, *rotation, &self.account);
                self.parts.cluster_call("draw", drawn).await?;
                if self.facts.admin_token.is_some() { Done::Updated } else { Done::Created }
            }
            Change::Create { want } => {
                let applied = self.parts.cluster_call("apply", cluster.apply(union, want, None, &[])).await?;
                done.learned.push((want.id.clone(), applied.uid));
                Done::Created
            }
            Change::Update { want, uid, takeover, .. } => {
                let applied = cluster.apply(union, want, Some(uid), takeover);
                self.parts.cluster_call("apply", applied).await?;
                Done::Updated
            }
            Change::Record { .. } => {
                let controller = self.desired.controller.as_ref();
                let controller =
                    controller.ok_or(Failure::Internal { what: "a record for a union that is gone" })?;
                self.parts
                    .cluster_call("record", cluster.record(self.desired, controller, self.facts))
                    .await?;
                if self.facts.record.is_some() { Done::Updated } else { Done::Created }
            }
            Change::End { ending, .. } => {
                self.parts.cluster_call("record", cluster.end(union, ending, self.facts)).await?;
                Done::Updated
            }
            Change::Delete { id, uid } => {
                self.end_life(union, id).await?;
                self.parts.cluster_call("delete", cluster.delete(union, id, uid)).await?;
                Done::Deleted
            }
            Change::Forget { id } => {
                self.end_life(union, id).await?;
                done.left.push(id.clone());
                Done::Deleted
            }
            Change::Keep { .. } => Done::Kept,
        })
    }

    /// With what the controller keeps of a removed union ends what is remembered of its vault, before it does: what is founded
    /// under the name after that is another vault.
    async fn end_life(&self, union: &UnionName, id: &ResourceId) -> Result<(), Failure> {
        if self.desired.life == Life::Gone && StageName::of(id, union) == StageName::Controller {
            self.parts.database(self.parts.store.forget_vault(self.lease.claim())).await?;
        }
        Ok(())
    }
}

/// What is left for its time: one event and one line each.
fn waiting(waits: &Waits) -> StageDone {
    let mut record = StageDone::default();
    for stage in &waits.stages {
        for change in stage.changes.iter().filter(|change| !change.is_keep()) {
            let message = format!("{}: {}", waits.why(), plan::line(change));
            record.lines.push(LogLine { level: Level::Info, message, fields: serde_json::Map::new() });
            let (stage, resource) = (stage.name, change.id().clone());
            let (done, message) = (Done::Skipped, Some(waits.why()));
            record.events.push(Event { stage, resource, change: change.word(), done, message });
        }
    }
    record
}

/// One event and one line, in the words of the plan's own printer: what it says will be done, in the past tense.
fn tell(record: &mut StageDone, stage: StageName, change: &Change, done: Done, failure: Option<&Failure>) {
    let planned = plan::line(change);
    let (_, what) = planned.split_once(' ').unwrap_or_default();
    let detail = what.split_once(": ").map(|(_, detail)| detail.to_owned());
    let message = failure.map(Failure::message).or(detail);
    let line = match failure {
        Some(failure) => format!("{done} {}: {}", change.id(), failure.message()),
        None => format!("{done} {what}"),
    };
    let level = if done == Done::Failed { Level::Error } else { Level::Info };
    tracing::info!(resource.id = %change.id(), change = %done, %stage, "{line}");
    record.lines.push(LogLine { level, message: line, fields: serde_json::Map::new() });
    record.events.push(Event { stage, resource: change.id().clone(), change: change.word(), done, message });
}

impl Counts {
    fn add(&mut self, done: Done) {
        match done {
            Done::Created => self.created += 1,
            Done::Updated => self.updated += 1,
            Done::Deleted => self.deleted += 1,
            Done::Kept | Done::Skipped | Done::Failed => {}
        }
    }
}

impl std::fmt::Display for Counts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { created, updated, deleted, kept } = self;
        write!(f, "{created} created, {updated} updated, {deleted} deleted, {kept} kept")
    }
}
