//! What stands in the way of a revision in a union: why, whose turn it is, since when, and the way out.
//!
//! Apart from `way`, which pages: here are the words. Invariant: whatever waits names who acts next.

use chrono::{DateTime, Utc};

use crate::diagnostic::Diagnostic;
use crate::outcome::{Actor, RevisionState, UnionState};
use crate::plan::guards::Guard;
use crate::progress::{Facts, Judged, Stand};
use crate::store::{Held, Touched};

/// What stands in the way.
pub(super) struct Blocker {
    /// Why, in a line for people.
    pub(super) reason: Option<String>,
    /// The mistake that holds it.
    pub(super) finding: Option<Diagnostic>,
    /// The way out, in a sentence.
    pub(super) hint: Option<String>,
    /// Who acts next; none: nobody has to.
    pub(super) actor: Option<Actor>,
    /// Since when.
    pub(super) since: DateTime<Utc>,
}

/// What a rollout without success leaves to do.
const TRIED_AGAIN: &str = "Keyforge tries it again by itself; a newer revision takes its place at once.";

/// How a hold without a mistake in a file ends.
const REPLACED: &str = "It goes on once other documents take their place that can be accepted.";

impl Blocker {
    /// Of a revision that stands so. `approver`: who may approve what waits.
    pub(super) fn new(facts: &Facts, stand: Stand, touched: &Touched, approver: Actor) -> Self {
        let judged_at = touched.judged_at;
        let progress = touched.progress.as_ref();
        let told = progress.map_or(judged_at, |told| told.since.max(judged_at));
        let deployment = touched.deployment.as_ref();
        let closed_at = deployment.and_then(|deployment| deployment.closed_at);
        let nothing = Self { reason: None, finding: None, hint: None, actor: None, since: judged_at };
        match stand.state {
            RevisionState::Done => Self { since: closed_at.unwrap_or(told), ..nothing },
            RevisionState::Superseded => {
                Self { since: touched.newer.as_ref().map_or(judged_at, |newer| newer.at), ..nothing }
            }
            RevisionState::InProgress => {
                let open = deployment.filter(|deployment| deployment.closed_at.is_none());
                let why = progress.filter(|_| facts.is_told).and_then(|told| told.why.clone());
                Self {
                    reason: open.and_then(|open| open.why.clone()).or(why),
                    actor: Some(Actor::Keyforge),
                    since: open.map_or(judged_at, |open| open.opened_at),
                    ..nothing
                }
            }
            RevisionState::Failed => {
                let why = deployment.and_then(|deployment| deployment.why.clone());
                Self {
                    reason: progress.and_then(|told| told.why.clone()).or(why),
                    hint: Some(TRIED_AGAIN.to_owned()),
                    actor: Some(Actor::Operator),
                    since: closed_at.unwrap_or(told),
                    ..nothing
                }
            }
            RevisionState::Waiting => match (&touched.held, facts.judged) {
                (Some(held), Judged::Unvouched | Judged::Refused) => Self::held(held, touched),
                (_, Judged::HeldBack) => Self::awaiting(touched, approver),
                _ if facts.awaits => Self::awaiting(touched, approver),
                _ => {
                    let approved = facts.progress == Some(UnionState::AwaitingApproval);
                    let goes_on = format!(
                        "It goes on at the end of its time, or once `suspend` is taken out of `unions/{}/union.yaml`.",
                        touched.union
                    );
                    Self {
                        reason: progress.and_then(|told| told.why.clone()),
                        hint: if approved { approve(&touched.awaiting) } else { Some(goes_on) },
                        actor: Some(if approved { approver } else { Actor::Officer }),
                        since: told,
                        ..nothing
                    }
                }
            },
        }
    }

    fn held(held: &Held, touched: &Touched) -> Self {
        let own = format!("unions/{}/", touched.union);
        let finding = held.finding.as_ref();
        let is_own = finding.is_some_and(|found| found.span.path.starts_with(&own));
        let remedy =
            finding.map(|found| found.hint.clone().unwrap_or_else(|| found.code.remedy().to_owned()));
        Self {
            reason: Some(held.why.clone()),
            finding: finding.cloned(),
            hint: Some(remedy.unwrap_or_else(|| REPLACED.to_owned())),
            actor: Some(if is_own { Actor::Officer } else { Actor::Operator }),
            since: touched.judged_at,
        }
    }

    fn awaiting(touched: &Touched, approver: Actor) -> Self {
        Self {
            reason: touched.awaiting_why.clone(),
            finding: None,
            hint: approve(&touched.awaiting),
            actor: Some(approver),
            since: touched.judged_at,
        }
    }
}

/// How what waits is approved.
fn approve(guards: &[Guard]) -> Option<String> {
    let lines: Vec<_> = guards.iter().map(|guard| format!("`{}`", guard.trailer())).collect();
    (!lines.is_empty()).then(|| {
        format!(
            "If it is meant, push a commit whose message ends with {}; else revert it.",
            lines.join(" and ")
        )
    })
}
