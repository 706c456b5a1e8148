//! The timeline of a union: all that happened to it, in words for people.
//!
//! What happened again and again with nothing else in between is told once, with its count. Invariant: a page ends where the
//! last thing that it tells ends, so that nothing is told on two pages unless it fills more than one.

use chrono::DateTime;

use super::place::{List, Places};
use super::query::{Kind, Number, Parameter, Query};
use super::{View, problem::Problem, wire};
use crate::names::UnionName;
use crate::outcome::{DriftOutcome, MomentKind, Outcome, Phase, Reason, UnionState};
use crate::store::{Moment, MomentPlace, TimelineQuery, What};

/// What it can be asked for.
pub(super) const PARAMETERS: &[Parameter] = &[
    Parameter { name: "since", about: "Only what happened at this moment or later.", kind: Kind::Moment },
    Parameter { name: "until", about: "Only what happened at this moment or earlier.", kind: Kind::Moment },
    Parameter { name: "kind", about: "Only what is of this kind.", kind: Kind::Word(MomentKind::WORDS) },
    Parameter::AFTER,
    LIMIT.parameter(),
];

/// How many are told on a page.
const LIMIT: Number = Number { default: 50, most: 200, ..Number::LIMIT };

/// So many are read for each that is told: of a run that is longer the rest is told on the next page.
const RUN: u32 = 5;

/// What happened, the last first; it outlives the union.
pub(super) async fn list(
    view: View,
    union: UnionName,
    query: Query,
) -> Result<wire::Page<wire::Moment>, Problem> {
    let limit = query.number(LIMIT)?;
    let read = limit * RUN;
    let wanted = TimelineQuery {
        union: union.clone(),
        since: query.moment("since")?,
        until: query.moment("until")?,
        kind: query.value("kind")?,
        after: after(&view.places, &query)?,
        limit: read + 1,
    };
    let mut found = view.store.timeline(&wanted).await?;
    if found.is_empty() && view.store.union(&union).await?.is_none() {
        return Err(Problem::no_union(&union));
    }
    let is_cut = found.len() > read as usize;
    found.truncate(read as usize);
    let (runs, is_rest) = runs(found, limit as usize);
    let last = runs.last().filter(|_| is_cut || is_rest);
    let next = last.map(|run| place(&view.places, &run.last));
    Ok(wire::Page { items: runs.into_iter().map(|run| moment(run.first)).collect(), next })
}

/// Equal things in a row.
struct Run {
    /// The newest of them, with the count of all.
    first: Moment,
    /// Where the oldest is.
    last: MomentPlace,
}

/// So many runs of these, and whether others follow.
fn runs(found: Vec<Moment>, limit: usize) -> (Vec<Run>, bool) {
    let mut runs: Vec<Run> = Vec::new();
    for moment in found {
        if let Some(run) = runs.last_mut().filter(|run| is_again(&run.first, &moment)) {
            run.first.times = run.first.times.saturating_add(moment.times);
            run.first.first_at = moment.first_at;
            run.last = moment.place;
        } else if runs.len() < limit {
            runs.push(Run { last: moment.place.clone(), first: moment });
        } else {
            return (runs, true);
        }
    }
    (runs, false)
}

/// Whether the same happened before.
fn is_again(later: &Moment, earlier: &Moment) -> bool {
    match (&later.what, &earlier.what) {
        (
            What::Deployment { reason, outcome: Some(outcome), why, .. },
            What::Deployment { reason: before, outcome: Some(ended), why: because, .. },
        ) => (reason, outcome, why, &later.revision) == (before, ended, because, &earlier.revision),
        (What::Request { by }, What::Request { by: before }) => by == before,
        _ => false,
    }
}

/// A place in the timeline: `1764424802000000.deployment.0193…`.
fn place(places: &Places, place: &MomentPlace) -> String {
    let id = match place.id.parse() {
        Ok(number) => places.show(List::Moments, number),
        Err(_) => place.id.clone(),
    };
    format!("{}.{}.{id}", place.at.timestamp_micros(), place.kind)
}

fn after(places: &Places, query: &Query) -> Result<Option<MomentPlace>, Problem> {
    let Some(text) = query.text("after")? else { return Ok(None) };
    let read = || {
        let mut parts = text.splitn(3, '.');
        let at = DateTime::from_timestamp_micros(parts.next()?.parse().ok()?)?;
        let kind: MomentKind = parts.next()?.parse().ok()?;
        let id = parts.next()?;
        let id = match kind {
            MomentKind::Deployment => id.parse::<uuid::Uuid>().ok()?.to_string(),
            _ => places.read(List::Moments, id)?.to_string(),
        };
        Some(MomentPlace { at, kind, id })
    };
    let why = || "it is the `next` of an earlier answer".to_owned();
    read().map(Some).ok_or_else(|| Problem::InvalidParameter { name: "after", why: why() })
}

fn moment(moment: Moment) -> wire::Moment {
    let (title, detail) = words(&moment);
    let Moment { place: MomentPlace { at, kind, .. }, first_at, revision, deployment, what, times, .. } =
        moment;
    let mut told = wire::Moment {
        kind,
        at,
        first_at,
        times,
        title,
        detail,
        state: None,
        outcome: None,
        reason: None,
        drift: None,
        revision: revision.map(|revision| revision.to_string()),
        deployment: deployment.map(|deployment| deployment.to_string()),
    };
    match what {
        What::Deployment { reason, outcome, .. } => (told.reason, told.outcome) = (Some(reason), outcome),
        What::State { state, .. } => told.state = Some(state),
        What::Drift { outcome, .. } => told.drift = Some(outcome),
        What::Hold { .. } | What::Approval { .. } | What::Revision { .. } | What::Request { .. } => {}
    }
    told
}

/// What happened, and why or to what.
fn words(moment: &Moment) -> (String, Option<String>) {
    let plain = |title: &str, detail: Option<String>| (title.to_owned(), detail);
    match &moment.what {
        What::Deployment { reason, phase, outcome, why, creates, updates, deletes, seconds } => {
            let why_it_ran = started(*reason);
            let became = match (outcome, phase) {
                (Some(Outcome::Succeeded), _) => "succeeded",
                (Some(Outcome::Failed), _) => "failed",
                (Some(Outcome::Superseded), _) => "was overtaken by a newer one",
                (Some(Outcome::Interrupted), _) => "was interrupted and is run again",
                (None, Phase::Waiting) => "waits for health",
                (None, _) => "goes on",
            };
            let counts = [(creates, "to create"), (updates, "to update"), (deletes, "to delete")];
            let counts = counts.iter().filter(|(count, _)| **count > 0);
            let counts = counts.map(|(count, what)| format!("{count} {what}"));
            let took = seconds.filter(|_| moment.times == 1).map(|seconds| format!("in {seconds:.0} s"));
            let planned: Vec<String> = counts.chain(took).collect();
            let detail = why.clone().or_else(|| (!planned.is_empty()).then(|| planned.join(", ")));
            (format!("Deployment {why_it_ran} {became}"), detail)
        }
        What::State { state, why } => {
            let title = match state {
                UnionState::Failed => "Failed",
                UnionState::Suspended => "Suspended",
                UnionState::Tombstone => "Stopped, its data is kept",
                UnionState::AwaitingApproval => "Waits for an approval",
                UnionState::Held => "Held",
                UnionState::InProgress => "In progress",
                UnionState::Current => "Current again",
            };
            plain(title, why.clone())
        }
        What::Hold { why, .. } => plain("Newer documents held", Some(why.clone())),
        What::Approval { what, guard, changes } => {
            let title = match what.as_str() {
                "change-approved" => "Approved",
                "change-released" => "No approval is asked for any more",
                _ => "Changes wait for an approval",
            };
            let count = changes.map(|count| match count {
                1 => "1 change".to_owned(),
                count => format!("{count} changes"),
            });
            let guard = guard.as_ref().map(|guard| format!("guard `{guard}`"));
            let detail: Vec<String> = guard.into_iter().chain(count).collect();
            plain(title, (!detail.is_empty()).then(|| detail.join(", ")))
        }
        What::Drift { resource, field, manager, outcome } => {
            let title = match outcome {
                DriftOutcome::PutBack => "Drift put back",
                DriftOutcome::Kept => "Drift kept",
            };
            let field = if field.is_empty() { String::new() } else { format!(" `{field}`") };
            let by = if manager.is_empty() { String::new() } else { format!(", by {manager}") };
            plain(title, Some(format!("{resource}{field}{by}")))
        }
        What::Revision { is_removed: false } => plain("Accepted", moment.subject.clone()),
        What::Revision { is_removed: true } => plain("Removed", moment.subject.clone()),
        What::Request { by } => plain("Asked to look at once", by.as_ref().map(|by| format!("by {by}"))),
    }
}

/// Why a deployment was started.
fn started(reason: Reason) -> &'static str {
    match reason {
        Reason::Push => "after a push",
        Reason::Drift => "to put back drift",
        Reason::Rotation => "for a rotation",
        Reason::Retry => "as another attempt",
        Reason::Startup => "at a start of Keyforge",
        Reason::Interval => "at a regular look",
        Reason::Schedule => "at its time",
        Reason::Request => "on request",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deployment(minute: i64, outcome: Option<Outcome>, why: Option<&str>) -> Moment {
        let at = DateTime::from_timestamp(minute * 60, 0).unwrap_or_default();
        let id = format!("{minute}");
        Moment {
            place: MomentPlace { at, kind: MomentKind::Deployment, id },
            first_at: at,
            revision: None,
            subject: None,
            deployment: None,
            what: What::Deployment {
                reason: Reason::Retry,
                phase: if outcome.is_some() { Phase::Closed } else { Phase::Running },
                outcome,
                why: why.map(str::to_owned),
                creates: 1,
                updates: 0,
                deletes: 0,
                seconds: outcome.map(|_| 31.4),
            },
            times: 1,
        }
    }

    /// As a person reads it, newest first.
    fn told(runs: Vec<Run>) -> Vec<String> {
        let line = |run: Run| {
            let (title, detail) = words(&run.first);
            let last = run.last.id;
            format!("{title} ×{} to {last}: {}", run.first.times, detail.unwrap_or_default())
        };
        runs.into_iter().map(line).collect()
    }

    #[test]
    fn equal_runs_are_told_once_and_a_page_ends_after_the_last_of_them() {
        let failed = Some(Outcome::Failed);
        let moments = vec![
            deployment(9, None, None),
            deployment(8, failed, Some("no quota")),
            deployment(7, failed, Some("no quota")),
            deployment(6, failed, Some("no node")),
            deployment(5, Some(Outcome::Succeeded), None),
        ];
        let all = [
            "Deployment as another attempt goes on ×1 to 9: 1 to create",
            "Deployment as another attempt failed ×2 to 7: no quota",
            "Deployment as another attempt failed ×1 to 6: no node",
            "Deployment as another attempt succeeded ×1 to 5: 1 to create, in 31 s",
        ];
        let (found, is_rest) = runs(moments.clone(), 10);
        assert_eq!((told(found), is_rest), (all.map(str::to_owned).to_vec(), false));
        let (found, is_rest) = runs(moments, 2);
        assert_eq!((told(found), is_rest), (all[..2].iter().map(|line| (*line).to_owned()).collect(), true));
    }
}
