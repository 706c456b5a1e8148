//! The unions that a revision touches, of those that somebody sees: what is recorded of each, and what is told of some.
//!
//! Apart from `fetched`, which tells of the revision as a whole. Two questions, since how far a revision is in each of its
//! unions is decided in `progress`: the first is about all of them and reads little of each, the second is about a page.

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::fleet::AT_A_NEWER_ONE;
use super::{Error, PlanCounts, RowError, Shown, others, row, verdict};
use crate::diagnostic::Diagnostic;
use crate::ids::DeploymentId;
use crate::names::UnionName;
use crate::outcome::UnionState;
use crate::plan::guards::Guard;
use crate::progress::{Deployed, Facts, Judged};
use crate::revision::{ObjectId, Revision};

/// When a revision came how far in a union. None: it did not, or without a rollout.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reached {
    /// When it was judged.
    pub judged: Option<DateTime<Utc>>,
    /// When its first deployment was opened that has a plan.
    pub planned: Option<DateTime<Utc>>,
    /// When all of one was applied first.
    pub applied: Option<DateTime<Utc>>,
    /// When the first one that succeeded was over, and the union healthy.
    pub healthy: Option<DateTime<Utc>>,
}

/// How much the rollouts of a revision change.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rollout {
    /// What their plans say.
    pub planned: PlanCounts,
    /// Whether all of it is applied.
    pub is_applied: bool,
}

/// A union that a revision touches, as far as it is read of all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Known {
    /// What is recorded of both.
    pub facts: Facts,
    /// When it came how far.
    pub reached: Reached,
    /// What its first deployment of it changes.
    pub rollout: Option<Rollout>,
}

/// What is told of a union that a revision touches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Touched {
    /// Which.
    pub union: UnionName,
    /// Shown to people; the name, if it is forgotten.
    pub display_name: String,
    /// Its state now; none: it is forgotten.
    pub state: Option<UnionState>,
    /// When this revision was judged for it.
    pub judged_at: DateTime<Utc>,
    /// Why its documents of this revision are held.
    pub held: Option<Held>,
    /// What waits for an approval in it now, and why in a line.
    pub awaiting: Vec<Guard>,
    /// The same in a line.
    pub awaiting_why: Option<String>,
    /// What was told of it last, and since when that is so.
    pub progress: Option<Told>,
    /// The newest deployment of this revision.
    pub deployment: Option<TouchedBy>,
    /// The revision that took its place.
    pub newer: Option<Newer>,
}

/// Documents that are not acceptable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// Why, in a line for people.
    pub why: String,
    /// The mistake, if it is one in a file.
    pub finding: Option<Diagnostic>,
}

/// What was told of a union.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// Why it is in its state.
    pub why: Option<String>,
    /// Since when.
    pub since: DateTime<Utc>,
}

/// A deployment of a revision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TouchedBy {
    /// Which.
    pub id: DeploymentId,
    /// What it waits for, or why it failed.
    pub why: Option<String>,
    /// When it was opened.
    pub opened_at: DateTime<Utc>,
    /// When it was closed.
    pub closed_at: Option<DateTime<Utc>>,
}

/// A newer revision of a union.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Newer {
    /// Which.
    pub revision: Revision,
    /// When it was judged.
    pub at: DateTime<Utc>,
}

impl Shown {
    /// What is recorded of each union that a revision touches, or of this one, by name.
    ///
    /// # Errors
    /// The database is away, or a row is a newer program's.
    pub async fn touched(
        &self,
        commit: ObjectId,
        union: Option<&UnionName>,
    ) -> Result<Vec<(UnionName, Known)>, Error> {
        let rows = sqlx::query!(
            r#"with judged as (
                select union_name, what, detail ->> 'digest' as digest, null::bigint as hold_id, null::jsonb as finding,
                    created_at
                from audit
                where revision_id = $1 and what in ('union-accepted', 'union-removed', 'change-held-back')
                    and union_name is not null and ($2::text[] is null or union_name = any($2))
                    and ($4::text is null or union_name = $4)
                union all
                select union_name, 'held', null, hold_id, finding, created_at from hold
                where revision_id = $1 and ($2::text[] is null or union_name = any($2))
                    and ($4::text is null or union_name = $4)
            ), touched as (
                select union_name,
                    bool_or(what = 'union-removed') as is_removed,
                    bool_or(what = 'union-accepted') as is_accepted,
                    bool_or(what = 'change-held-back') as is_held_back,
                    array_agg(digest) filter (where what = 'change-held-back') as digests,
                    max(hold_id) as hold_id,
                    min(created_at) as judged_at,
                    bool_or(finding ->> 'code' = any($3)) as is_unvouched
                from judged group by union_name
            ), rolled_out as (
                select distinct on (union_name) union_name, phase, outcome, failure_stage is not null as is_at_stage,
                    creates + updates + deletes + keeps > 0 as is_planned,
                    first_value(creates) over first as creates, first_value(updates) over first as updates,
                    first_value(deletes) over first as deletes, first_value(keeps) over first as keeps,
                    first_value(created_at) over first as planned_at,
                    -- What comes after it, for drift or at another look, is of the same revision.
                    min(applied_at) over (partition by union_name) as applied_at,
                    min(closed_at) filter (where outcome = 'succeeded') over (partition by union_name) as healthy_at,
                    bool_or(outcome = 'succeeded') over (partition by union_name) as has_succeeded
                from deployment
                where revision_id = $1 and ($2::text[] is null or union_name = any($2))
                    and ($4::text is null or union_name = $4)
                window first as (
                    partition by union_name order by creates + updates + deletes + keeps = 0, created_at
                )
                order by union_name, created_at desc
            )
            select union_name as "union_name!",
                is_removed as "is_removed!", is_accepted as "is_accepted!", is_held_back as "is_held_back!",
                coalesce(is_unvouched, false) as "is_unvouched!",
                case
                    when is_accepted or is_removed then accepted_revision_id = $1
                    when hold_id is not null then held_why is not null and not exists (
                        select from hold where hold.union_name = touched.union_name and hold.hold_id > touched.hold_id
                    )
                    else waits
                end as is_newest,
                waits as "awaits!", hold_id is not null as "is_held!",
                progress as "progress?", progress_at >= accepted_at as is_told,
                applied_input = accepted_input as is_applied, applied_revision_id = $1 as was_applied,
                phase as "phase?", outcome, is_at_stage, is_planned, has_succeeded,
                judged_at, planned_at as "planned_at?", rolled_out.applied_at, healthy_at,
                creates as "creates?", updates as "updates?", deletes as "deletes?", keeps as "keeps?"
            from touched
            left join union_status using (union_name)
            left join rolled_out using (union_name)
            -- What a later revision holds back for another reason is not this one's.
            cross join lateral (select exists (
                select from jsonb_array_elements(awaiting) as guard where guard ->> 'digest' = any(digests)
            ) as waits) as now
            order by union_name"#,
            commit.as_bytes(),
            self.names(),
            &verdict::UNVOUCHED.map(|code| code.to_string()),
            union.map(UnionName::as_str)
        )
        .fetch_all(self.pool())
        .await?;
        let touched = rows.into_iter().map(|row| {
            let judged = match (row.is_removed, row.is_accepted) {
                (true, _) => Judged::Removed,
                (_, true) => Judged::Accepted,
                _ if row.is_unvouched => Judged::Unvouched,
                _ if row.is_held => Judged::Refused,
                _ => Judged::HeldBack,
            };
            // Of which only a newer program knows how it is, nothing is known.
            let phase = row.phase.as_deref().and_then(|phase| row::word(phase).ok());
            let outcome = row.outcome.as_deref().map(row::word).transpose().ok();
            let deployment = phase.zip(outcome).map(|(phase, outcome)| Deployed {
                phase,
                outcome,
                is_planned: row.is_planned.unwrap_or_default(),
                is_at_stage: row.is_at_stage.unwrap_or_default(),
                has_succeeded: row.has_succeeded.unwrap_or_default(),
            });
            let facts = Facts {
                judged,
                is_newest: row.is_newest.unwrap_or_default(),
                awaits: row.awaits && row.is_held_back,
                progress: row.progress.as_deref().map(state),
                is_told: row.is_told.unwrap_or_default(),
                is_applied: row.is_applied.unwrap_or_default(),
                was_applied: row.was_applied.unwrap_or_default(),
                deployment,
            };
            let reached = Reached {
                judged: row.judged_at,
                planned: row.planned_at,
                applied: row.applied_at,
                healthy: row.healthy_at,
            };
            let count = |number: Option<i32>| {
                number.and_then(|number| u32::try_from(number).ok()).unwrap_or_default()
            };
            let rollout = row.planned_at.map(|_| Rollout {
                planned: PlanCounts {
                    creates: count(row.creates),
                    updates: count(row.updates),
                    deletes: count(row.deletes),
                    keeps: count(row.keeps),
                },
                is_applied: row.applied_at.is_some() || row.healthy_at.is_some(),
            });
            Ok((row::union_name(&row.union_name)?, Known { facts, reached, rollout }))
        });
        Ok(touched.collect::<Result<_, RowError>>()?)
    }

    /// What is told of some of these unions, in no order.
    ///
    /// # Errors
    /// The database is away, or a row is a newer program's.
    pub async fn told_of(&self, commit: ObjectId, unions: &[&UnionName]) -> Result<Vec<Touched>, Error> {
        let names: Vec<_> = unions.iter().map(|union| union.as_str().to_owned()).collect();
        let rows = sqlx::query!(
            r#"select asked.union_name as "union_name!", display_name as "display_name?", state as "state?",
                awaiting_why, progress_why, progress_at as "progress_at?",
                coalesce(union_status.awaiting, '[]') || coalesce(missed, '[]')
                    || coalesce(vault.awaiting, '[]') as "awaiting!",
                hold.why as "held_why?", hold.finding, hold.created_at as "held_at?", judged.created_at as "judged_at?",
                deployment_id as "deployment_id?", coalesce(failure_message, deployed.health_why) as deployment_why,
                deployed.created_at as "opened_at?", closed_at,
                newer.revision_id as "newer_id?", newer.branch as "newer_branch?", newer.created_at as newer_at
            from unnest($2::text[]) as asked (union_name)
            left join union_status using (union_name)
            left join vault using (union_name)
            left join hold on hold.union_name = asked.union_name and hold.revision_id = $1
            left join lateral (
                select max(audit_id) as audit_id, min(created_at) as created_at from audit
                where revision_id = $1 and audit.union_name = asked.union_name
                    and what in ('union-accepted', 'union-removed', 'change-held-back')
            ) as judged on true
            left join lateral (
                select deployment_id, failure_message, health_why, created_at, closed_at from deployment
                where revision_id = $1 and deployment.union_name = asked.union_name
                order by created_at desc limit 1
            ) as deployed on true
            left join lateral (
                select revision_id, branch, at as created_at from (
                    (
                        select revision_id, created_at as at from audit
                        where audit.union_name = asked.union_name and what in ('union-accepted', 'union-removed')
                            and (audit_id > judged.audit_id or (judged.audit_id is null and created_at > hold.created_at))
                        order by audit_id limit 1
                    ) union all (
                        select later.revision_id, later.created_at from hold as later
                        where later.union_name = asked.union_name and later.hold_id > hold.hold_id
                        order by later.hold_id limit 1
                    )
                ) as later join revision using (revision_id)
                order by at limit 1
            ) as newer on true
            where $3::text[] is null or asked.union_name = any($3)"#,
            commit.as_bytes(),
            &names,
            self.names()
        )
        .fetch_all(self.pool())
        .await?;
        let told = rows.into_iter().map(|row| {
            let union = row::union_name(&row.union_name)?;
            let held = match row.held_why {
                Some(why) => Some(self.held(&union, why, row.finding)),
                None => None,
            };
            let mut awaiting: Vec<Guard> = serde_json::from_value(row.awaiting)?;
            let mut awaiting_why = row.awaiting_why;
            if !self.sight().is_all() {
                awaiting = awaiting.into_iter().map(others::guard).collect();
                awaiting_why = awaiting_why.map(others::awaiting);
            }
            let newer = row::revision(row.newer_branch, row.newer_id.as_deref())?.zip(row.newer_at);
            Ok(Touched {
                display_name: row.display_name.unwrap_or_else(|| union.to_string()),
                union,
                state: row.state.as_deref().map(state),
                judged_at: row.held_at.or(row.judged_at).unwrap_or_default(),
                held,
                awaiting,
                awaiting_why,
                progress: row.progress_at.map(|since| Told { why: row.progress_why, since }),
                deployment: row.deployment_id.zip(row.opened_at).map(|(id, opened_at)| TouchedBy {
                    id: DeploymentId(id),
                    why: row.deployment_why,
                    opened_at,
                    closed_at: row.closed_at,
                }),
                newer: newer.map(|(revision, at)| Newer { revision, at }),
            })
        });
        Ok(told.collect::<Result<_, RowError>>()?)
    }

    /// Whether what waits takes an approval of somebody else than its author.
    ///
    /// # Errors
    /// The database is away.
    pub async fn approval_takes_two(&self) -> Result<bool, Error> {
        let found = sqlx::query_scalar!(
            r#"select coalesce((keyforge #>> '{spec,guards,approval,secondPerson}')::boolean, false) as "takes!" from head"#
        )
        .fetch_optional(self.pool())
        .await?;
        Ok(found.unwrap_or_default())
    }

    /// Why documents are held, without what that tells of others. A finding that only a newer program knows is not told.
    pub(super) fn held(&self, union: &UnionName, why: String, found: Option<Value>) -> Held {
        if self.sight().is_all() {
            return Held { why, finding: found.and_then(known) };
        }
        match found.map(known) {
            // It may be about others.
            Some(None) => Held { why: others::HELD.to_owned(), finding: None },
            finding => others::held(union, why, finding.flatten()),
        }
    }
}

fn known(finding: Value) -> Option<Diagnostic> {
    serde_json::from_value(finding).ok()
}

/// A state; what only a newer program knows is in progress, as in lists.
fn state(word: &str) -> UnionState {
    row::word(word).unwrap_or(AT_A_NEWER_ONE)
}
