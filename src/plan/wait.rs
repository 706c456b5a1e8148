//! What of a plan is done now and what waits for its time: an update window that is closed, a suspend.
//!
//! A window holds what restarts a pod, as one: with the workload wait the ConfigMaps and Secrets that it reads at its
//! start, what is drawn for them, and the record that all was applied; everything else goes on at once. It protects only
//! what runs well: a server that is down is not kept down until the night. A suspend holds everything.
//!
//! Pure: time is an argument. Invariant: of a closure either all changes are done now or none.

use chrono::{DateTime, NaiveTime, TimeDelta, Utc};

use super::observed::{Live, Observed};
use super::{Change, Plan, Stage};
use crate::desired::{DesiredState, Life};
use crate::health::Health;
use crate::ids::ResourceId;
use crate::spec::{Suspend, UnionSpec, UpdateWindow};

/// So many changes are named in a line.
const NAMED: usize = 5;

/// A plan, parted by time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parted {
    /// What is done now.
    pub now: Plan,
    /// What waits, if something does.
    pub waits: Option<Waits>,
}

/// What waits, and for what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waits {
    /// Why.
    pub cause: Cause,
    /// When it ends; none: by a commit only.
    pub until: Option<DateTime<Utc>>,
    /// What is not done before. May be empty under a suspend, which holds also what is not yet known.
    pub stages: Vec<Stage>,
}

/// What is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// The opening of `updateWindow`.
    UpdateWindow,
    /// The end of `suspend`.
    Suspend,
}

impl Cause {
    /// The word for programs: the field of the document.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::UpdateWindow => "updateWindow",
            Self::Suspend => "suspend",
        }
    }
}

/// Parts a plan. Only a running union waits: a removal is meant.
pub fn part(
    plan: Plan,
    spec: &UnionSpec,
    desired: &DesiredState,
    observed: &Observed,
    now: DateTime<Utc>,
) -> Parted {
    if let Some(waits) = suspended(spec, desired.life, now) {
        let Plan { union, desired, stages, awaited } = plan;
        let waits = Waits { stages, ..waits };
        return Parted { now: Plan { union, desired, stages: Vec::new(), awaited }, waits: Some(waits) };
    }
    match &spec.update_window {
        Some(window)
            if desired.life == Life::Running && !is_open(window, now) && runs_well(desired, observed) =>
        {
            hold_restarts(plan, window.opens().next_after(now))
        }
        _ => Parted { now: plan, waits: None },
    }
}

/// Whether nothing at all is to be done for a union now, also where nothing could be planned for it.
pub fn suspended(spec: &UnionSpec, life: Life, now: DateTime<Utc>) -> Option<Waits> {
    let suspend =
        spec.suspend.as_ref().filter(|suspend| life == Life::Running && is_suspended(suspend, now))?;
    Some(Waits { cause: Cause::Suspend, until: suspend_ends(suspend), stages: Vec::new() })
}

/// Whether a suspend counts: until the end of its last day, UTC.
pub(super) fn is_suspended(suspend: &Suspend, now: DateTime<Utc>) -> bool {
    suspend_ends(suspend).is_none_or(|end| now < end)
}

/// The end of a suspend's last day; none: it has no last day.
fn suspend_ends(suspend: &Suspend) -> Option<DateTime<Utc>> {
    let next_day = suspend.until?.succ_opt()?;
    Some(next_day.and_time(NaiveTime::MIN).and_utc())
}

fn is_open(window: &UpdateWindow, now: DateTime<Utc>) -> bool {
    window.opens().is_open(now, window.duration.into())
}

/// Whether what a restart would interrupt is there and healthy.
fn runs_well(desired: &DesiredState, observed: &Observed) -> bool {
    let workloads = desired.manifests.iter().filter(|want| is_workload(&want.id.kind));
    let mut health = workloads.map(|want| match observed.resources.get(&want.id) {
        Some(Live::Verified { health, .. }) => Some(health),
        // One that was stopped, since its union was removed, is started at once when that comes back.
        Some(Live::Present(present)) if present.live["spec"]["replicas"] == 0 => None,
        Some(Live::Present(present)) => Some(&present.health),
        Some(Live::Absent) | None => None,
    });
    health.all(|health| health == Some(&Health::Current))
}

fn hold_restarts(plan: Plan, until: Option<DateTime<Utc>>) -> Parted {
    if !plan.changes().any(|change| match change {
        Change::Update { want, fields, .. } => {
            restarts(&want.id.kind, fields.iter().map(|field| field.path.as_str()))
        }
        Change::Delete { id, .. } => is_workload(&id.kind),
        _ => false,
    }) {
        return Parted { now: plan, waits: None };
    }
    let Plan { union, desired, stages, awaited } = plan;
    let (mut now, mut later) = (Vec::new(), Vec::new());
    for Stage { name, changes } in stages {
        let (held, go): (Vec<_>, Vec<_>) = changes.into_iter().partition(is_of_closure);
        for (stages, changes) in [(&mut now, go), (&mut later, held)] {
            if !changes.is_empty() {
                stages.push(Stage { name, changes });
            }
        }
    }
    let waits = Waits { cause: Cause::UpdateWindow, until, stages: later };
    Parted { now: Plan { union, desired, stages: now, awaited }, waits: Some(waits) }
}

/// Whether a change goes with a restart. What is kept and what is gone already costs nothing and stays with the rest.
fn is_of_closure(change: &Change) -> bool {
    match change {
        Change::Draw { .. } | Change::Record { .. } => true,
        Change::Create { .. } | Change::Update { .. } | Change::Delete { .. } => {
            is_read_at_start(change.id())
        }
        Change::End { .. } | Change::Forget { .. } | Change::Keep { .. } => false,
    }
}

/// What a pod is made of, and what it reads when it starts.
fn is_read_at_start(id: &ResourceId) -> bool {
    is_workload(&id.kind) || matches!(id.kind.as_str(), "ConfigMap" | "Secret")
}

/// Whether pods come from it that serve members. A CronJob's come and go by themselves.
fn is_workload(kind: &str) -> bool {
    matches!(kind, "Deployment" | "StatefulSet")
}

/// Whether a change of these fields replaces the pods of a resource.
pub(super) fn restarts<'a>(kind: &str, fields: impl IntoIterator<Item = &'a str>) -> bool {
    is_workload(kind) && fields.into_iter().any(|path| path.starts_with(".spec.template"))
}

/// Whether a resource waits together with a restart.
pub(super) fn goes_with_a_restart(kind: &str) -> bool {
    is_workload(kind) || matches!(kind, "ConfigMap" | "Secret")
}

impl Waits {
    /// What waits, in order; without the record, which is only about the rest.
    pub fn changes(&self) -> impl Iterator<Item = &Change> {
        let all = self.stages.iter().flat_map(|stage| &stage.changes);
        all.filter(|change| !matches!(change, Change::Record { .. } | Change::Keep { .. }))
    }

    /// What is waited for, and until when.
    pub fn why(&self) -> String {
        match (self.cause, self.until) {
            (Cause::UpdateWindow, Some(opens)) => {
                format!("waits for its update window, which opens at {}", opens.format("%Y-%m-%d %H:%M UTC"))
            }
            (Cause::UpdateWindow, None) => {
                "waits for its update window, which does not open again".to_owned()
            }
            // The day that the document names is the last one.
            (Cause::Suspend, Some(end)) => {
                format!("suspended until the end of {} UTC", (end - TimeDelta::seconds(1)).format("%Y-%m-%d"))
            }
            (Cause::Suspend, None) => "suspended".to_owned(),
        }
    }

    /// The same with who says so in the document that has this `spec`, and their reason.
    pub fn told(&self, spec: &UnionSpec, by: Option<&str>) -> String {
        let suspend = spec.suspend.as_ref().filter(|_| self.cause == Cause::Suspend);
        let by = by.filter(|_| suspend.is_some()).map(|by| format!(" by {by}")).unwrap_or_default();
        let reason = suspend.map(|suspend| format!(": {}", suspend.reason)).unwrap_or_default();
        format!("{}{by}{reason}", self.why())
    }

    /// What waits, in a line; the first of it, where it is much.
    pub fn what(&self) -> Option<String> {
        let mut all: Vec<String> =
            self.changes().map(|change| format!("{} {}", change.word(), change.id())).collect();
        let more = all.len().saturating_sub(NAMED);
        all.truncate(NAMED);
        let named = all.join(", ");
        match more {
            _ if named.is_empty() => None,
            0 => Some(named),
            more => Some(format!("{named} and {more} more")),
        }
    }
}
