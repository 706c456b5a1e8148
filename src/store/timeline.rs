//! What happened to a union, from all that is recorded of it: deployments, how its state went, what was held, approved, accepted
//! or asked for, what somebody else changed.
//!
//! Apart from the lists of each of these, which tell more of it. Invariant: each is read from its own index and no further than
//! a page goes, so that a page costs the same however much there is.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::retention::{BATCH, CENTURY};
use super::{Error, RowError, Shown, Store, others, row};
use crate::ids::{DeploymentId, ResourceId};
use crate::names::UnionName;
use crate::outcome::{DriftOutcome, MomentKind, Outcome, Phase, Reason, UnionState};
use crate::revision::Revision;

/// Later than all that happens.
const FAR: DateTime<Utc> = DateTime::from_timestamp_nanos(i64::MAX);

/// Which moments.
#[derive(Debug, Clone)]
pub struct TimelineQuery {
    /// Of which union.
    pub union: UnionName,
    /// Only those of this moment or later.
    pub since: Option<DateTime<Utc>>,
    /// Only those of this moment or earlier.
    pub until: Option<DateTime<Utc>>,
    /// Only those of this kind.
    pub kind: Option<MomentKind>,
    /// Only those that follow on this one.
    pub after: Option<MomentPlace>,
    /// How many at most.
    pub limit: u32,
}

/// Where something is in a timeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MomentPlace {
    /// When it happened.
    pub at: DateTime<Utc>,
    /// What it is.
    pub kind: MomentKind,
    /// Which one.
    pub id: String,
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq)]
pub struct Moment {
    /// Where it is.
    pub place: MomentPlace,
    /// When the first of those was that are told as one.
    pub first_at: DateTime<Utc>,
    /// Which revision it is of.
    pub revision: Option<Revision>,
    /// The first line of that one's message, where it is of what is seen alone.
    pub subject: Option<String>,
    /// In which deployment.
    pub deployment: Option<DeploymentId>,
    /// What happened.
    pub what: What,
    /// How often.
    pub times: u32,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum What {
    /// A rollout.
    Deployment {
        /// Why it was started.
        reason: Reason,
        /// Where it is.
        phase: Phase,
        /// How it ended.
        outcome: Option<Outcome>,
        /// What it waits for, or why it failed.
        why: Option<String>,
        /// What was to be made.
        creates: u32,
        /// What was to be changed.
        updates: u32,
        /// What was to be removed.
        deletes: u32,
        /// How many seconds it took; none: it is not over.
        seconds: Option<f64>,
    },
    /// It came to a state.
    State {
        /// Which.
        state: UnionState,
        /// Why.
        why: Option<String>,
    },
    /// Documents that are not acceptable.
    Hold {
        /// Why.
        why: String,
        /// The mistake, as a diagnostic.
        finding: Option<serde_json::Value>,
    },
    /// What waits for an approval, or does not any more.
    Approval {
        /// The word of the audit.
        what: String,
        /// Of which guard.
        guard: Option<String>,
        /// How many changes it holds back.
        changes: Option<u32>,
    },
    /// Somebody else changed what the union owns.
    Drift {
        /// Of which object.
        resource: ResourceId,
        /// Which field; empty: the object itself.
        field: String,
        /// Who changed it; empty: nobody knows.
        manager: String,
        /// What became of it.
        outcome: DriftOutcome,
    },
    /// Documents that count from then on, or the end of the union.
    Revision {
        /// Whether it is the end.
        is_removed: bool,
    },
    /// Somebody asked for a look.
    Request {
        /// Who.
        by: Option<String>,
    },
}

impl Store {
    /// How states went longer ago than this, but the last of each union: it says what is another one. So many at most.
    pub(super) async fn remove_state_changes(&self, age: Duration) -> Result<u64, Error> {
        let removed = sqlx::query!(
            "delete from state_change where state_change_id = any(array(
                select state_change_id from state_change
                where last_at < now() - make_interval(secs => $1) and (
                    exists (
                        select from state_change as newer
                        where newer.union_name = state_change.union_name and newer.last_at > state_change.last_at
                    )
                    or not exists (select from union_status where union_status.union_name = state_change.union_name)
                )
                order by last_at limit $2
            ))",
            age.min(CENTURY).as_secs_f64(),
            i64::from(BATCH)
        );
        Ok(removed.execute(&self.pool).await?.rows_affected())
    }
}

impl Shown {
    /// What happened to a union, the last first.
    ///
    /// # Errors
    /// The database is away, or a row is a newer program's.
    pub async fn timeline(&self, query: &TimelineQuery) -> Result<Vec<Moment>, Error> {
        let place = query.after.as_ref();
        let until = [query.until, place.map(|place| place.at)].into_iter().flatten().min();
        let rows = sqlx::query!(
            r#"with told as (
                (
                    select 'deployment' as kind, created_at as at, deployment_id::text as id, created_at as first_at, 1 as times,
                        revision_id, deployment_id, jsonb_build_object(
                            'reason', reason, 'phase', phase, 'outcome', outcome,
                            'why', coalesce(failure_message, case when phase = 'waiting' then health_why end),
                            'creates', creates, 'updates', updates, 'deletes', deletes,
                            'seconds', extract(epoch from closed_at - created_at)
                        ) as what
                    from deployment
                    where union_name = $1 and created_at between $3 and $4 and ($5::text is null or $5 = 'deployment')
                        and ($6::timestamptz is null or (created_at, 'deployment', deployment_id::text) < ($6, $7, $8))
                    order by created_at desc, deployment_id::text desc limit $9
                ) union all (
                    select 'state', last_at, state_change_id::text, created_at, times, null, null,
                        jsonb_build_object('state', state, 'why', why)
                    from state_change
                    where union_name = $1 and last_at between $3 and $4 and ($5::text is null or $5 = 'state')
                        -- What is held is told with the documents that are.
                        and state <> 'held'
                        and ($6::timestamptz is null or (last_at, 'state', state_change_id::text) < ($6, $7, $8))
                    order by last_at desc, state_change_id::text desc limit $9
                ) union all (
                    select 'hold', created_at, hold_id::text, created_at, 1, revision_id, null,
                        jsonb_build_object('why', why, 'finding', finding)
                    from hold
                    where union_name = $1 and created_at between $3 and $4 and ($5::text is null or $5 = 'hold')
                        and ($6::timestamptz is null or (created_at, 'hold', hold_id::text) < ($6, $7, $8))
                    order by created_at desc, hold_id::text desc limit $9
                ) union all (
                    select 'drift', last_at, drift_id::text, created_at, times, null, deployment_id, jsonb_build_object(
                            'resource', resource, 'field', field, 'manager', manager, 'outcome', outcome
                        )
                    from drift
                    where union_name = $1 and last_at between $3 and $4 and ($5::text is null or $5 = 'drift')
                        and ($6::timestamptz is null or (last_at, 'drift', drift_id::text) < ($6, $7, $8))
                    order by last_at desc, drift_id::text desc limit $9
                ) union all (
                    select kind, created_at, audit_id::text, created_at, 1, revision_id, null, case kind
                            when 'revision' then jsonb_build_object('isRemoved', what = 'union-removed')
                            when 'request' then jsonb_build_object('by', detail -> 'by')
                            else jsonb_build_object(
                                'what', what, 'guard', detail -> 'guard', 'changes', detail -> 'changes'
                            )
                        end
                    from audit
                    cross join lateral (select case
                        when what in ('union-accepted', 'union-removed') then 'revision'
                        when what = 'sync-requested' then 'request' else 'approval'
                    end as kind) as named
                    where union_name = $1 and created_at between $3 and $4 and ($5::text is null or $5 = kind)
                        and what in (
                            'union-accepted', 'union-removed', 'change-held-back', 'change-approved', 'change-released',
                            'sync-requested'
                        )
                        and ($6::timestamptz is null or (created_at, kind, audit_id::text) < ($6, $7, $8))
                    order by created_at desc, kind desc, audit_id::text desc limit $9
                )
            )
            select kind as "kind!", at as "at!", id as "id!", first_at as "first_at!", times as "times!",
                told.revision_id as "revision_id?", branch as "branch?", deployment_id as "deployment_id?", what as "what!",
                case when kind = 'revision' and is_of_these_alone(told.revision_id, $2) then subject end as subject
            from told left join revision on revision.revision_id = told.revision_id
            where $2::text[] is null or $1 = any($2)
            order by at desc, kind desc, id desc
            limit $9"#,
            query.union.as_str(),
            self.names(),
            query.since.unwrap_or(DateTime::UNIX_EPOCH),
            until.unwrap_or(FAR),
            query.kind.map(MomentKind::as_str),
            place.map(|place| place.at),
            place.map(|place| place.kind.as_str()),
            place.map(|place| place.id.as_str()),
            i64::from(query.limit)
        )
        .fetch_all(self.pool())
        .await?;
        let moments = rows.into_iter().map(|row| {
            let kind: MomentKind = row::word(&row.kind)?;
            let what = serde_json::from_value(serde_json::json!({ kind.as_str(): row.what }))?;
            Ok(Moment {
                place: MomentPlace { at: row.at, kind, id: row.id },
                first_at: row.first_at,
                revision: row::revision(row.branch, row.revision_id.as_deref())?,
                subject: row.subject,
                deployment: row.deployment_id.map(DeploymentId),
                what: self.what(&query.union, what),
                times: u32::try_from(row.times).unwrap_or_default(),
            })
        });
        Ok(moments.collect::<Result<_, RowError>>()?)
    }

    /// What happened, without what it tells of others.
    fn what(&self, union: &UnionName, what: What) -> What {
        match what {
            What::Hold { why, finding } => {
                What::Hold { why: self.held(union, why, finding).why, finding: None }
            }
            What::State { state: UnionState::AwaitingApproval, why } if !self.sight().is_all() => {
                What::State { state: UnionState::AwaitingApproval, why: why.map(others::awaiting) }
            }
            what => what,
        }
    }
}
