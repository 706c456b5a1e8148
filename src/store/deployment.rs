//! The record of one rollout: opened before the first write, closed always.
//!
//! Everything here is fenced. Invariants: a union has at most one open deployment; waiting is a state of the record and
//! holds no worker; opening and closing stand in the audit too.

use std::time::Duration;

use sqlx::PgConnection;

use super::inventory::{self, Columns};
use super::{Claim, Drifted, Error, RowError, Store, drift, row, work};
use crate::desired::TEMPLATE_VERSION;
use crate::digest::Digest;
use crate::ids::{DeploymentId, ResourceId, Uid};
use crate::names::UnionName;
use crate::outcome::{Done, Level, Outcome, Reason};
use crate::plan::StageName;
use crate::revision::ObjectId;

/// What a deployment is about to do.
#[derive(Debug, Clone)]
pub struct NewDeployment {
    /// Why.
    pub reason: Reason,
    /// The accepted revision that it rolls out.
    pub revision: ObjectId,
    /// Of the accepted state.
    pub input: Digest,
    /// Of the desired state.
    pub desired: Digest,
    /// The plan as it is shown.
    pub plan: serde_json::Value,
    /// The plan in numbers.
    pub counts: PlanCounts,
    /// What the plan makes: in the inventory before it exists, so that a crash at any moment leaks nothing.
    pub makes: Vec<ResourceId>,
}

/// How many changes of each kind a plan has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PlanCounts {
    /// To be made.
    pub creates: u32,
    /// To be changed.
    pub updates: u32,
    /// To be removed.
    pub deletes: u32,
    /// Equal already.
    pub keeps: u32,
}

/// The open deployment of a union.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opened {
    /// A new one.
    New {
        /// Which.
        id: DeploymentId,
        /// What was open before, for another desired state; it is closed now.
        superseded: Option<DeploymentId>,
    },
    /// The one that waited for the same desired state runs again, with the deadline it had.
    Continued(DeploymentId),
}

impl Opened {
    /// Which.
    pub fn id(self) -> DeploymentId {
        match self {
            Self::New { id, .. } | Self::Continued(id) => id,
        }
    }
}

/// What became of one change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Of which stage.
    pub stage: StageName,
    /// The plan's word: create, update, delete or keep.
    pub change: &'static str,
    /// Of which resource.
    pub resource: ResourceId,
    /// What became of it.
    pub done: Done,
    /// Why, where that is not plain.
    pub message: Option<String>,
}

/// One line of a deployment's log.
#[derive(Debug, Clone, PartialEq)]
pub struct LogLine {
    /// How much it matters.
    pub level: Level,
    /// Readable alone.
    pub message: String,
    /// Identifiers and numbers, by dotted names; an object.
    pub fields: serde_json::Map<String, serde_json::Value>,
}

/// What one stage did.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct StageDone {
    /// Resources with the identities that the server gave them.
    pub learned: Vec<(ResourceId, Uid)>,
    /// Resources whose deletion is confirmed: they leave the inventory.
    pub left: Vec<ResourceId>,
    /// What became of its changes.
    pub events: Vec<Event>,
    /// The same in words.
    pub lines: Vec<LogLine>,
}

/// Why a deployment failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// In which stage; `None` before the first and while its health was awaited.
    pub stage: Option<StageName>,
    /// For everybody: no hosts, no SQL, no stack.
    pub message: String,
    /// The whole chain, for the operator.
    pub detail: Option<String>,
}

/// A deployment whose health is awaited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaitingDeployment {
    /// Which.
    pub id: DeploymentId,
    /// Of the desired state.
    pub desired: Digest,
    /// How long it is still waited for; zero: it has failed.
    pub remaining: Duration,
}

impl Store {
    /// Opens the record of a rollout, before its first write; or goes on with the one that waits for the same desired
    /// state.
    ///
    /// # Errors
    /// The lease is lost, or the database is away.
    pub async fn open_deployment(&self, claim: &Claim, new: &NewDeployment) -> Result<Opened, Error> {
        let mut transaction = self.fenced(claim).await?;
        inventory::entered(&mut transaction, &claim.union, &new.makes).await?;
        work::record_templates(&mut transaction, &claim.union, TEMPLATE_VERSION).await?;
        let continued = sqlx::query_scalar!(
            "update deployment set phase = 'running', fencing_token = $3
            where union_name = $1 and phase = 'waiting' and desired = $2 and input = $4
            returning deployment_id",
            claim.union.as_str(),
            new.desired.as_bytes(),
            claim.token.0,
            new.input.as_bytes()
        )
        .fetch_optional(&mut *transaction)
        .await?;
        if let Some(id) = continued {
            transaction.commit().await?;
            return Ok(Opened::Continued(DeploymentId(id)));
        }
        let superseded = sqlx::query_scalar!(
            "select deployment_id from deployment where union_name = $1 and phase <> 'closed'",
            claim.union.as_str()
        )
        .fetch_optional(&mut *transaction)
        .await?
        .map(DeploymentId);
        if let Some(open) = superseded {
            close(&mut transaction, claim, open, Outcome::Superseded, None).await?;
        }
        let id = DeploymentId::next();
        sqlx::query!(
            "with opened as (
                insert into deployment (
                    deployment_id, union_name, reason, revision_id, input, desired, plan,
                    creates, updates, deletes, keeps, fencing_token
                )
                values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
            )
            insert into audit (what, union_name, revision_id, deployment_id, detail)
            values (
                'deployment-opened', $2, $4, $1,
                -- Without a plan there is no digest of one.
                jsonb_strip_nulls(jsonb_build_object(
                    'reason', $3::text, 'creates', $8::int, 'updates', $9::int, 'deletes', $10::int,
                    'desired', 'sha256:' || encode($6::bytea, 'hex'),
                    'plan', 'sha256:' || encode(sha256(convert_to(nullif($7::jsonb, 'null')::text, 'UTF8')), 'hex')
                ))
            )",
            id.0,
            claim.union.as_str(),
            new.reason.as_str(),
            new.revision.as_bytes(),
            new.input.as_bytes(),
            new.desired.as_bytes(),
            new.plan,
            column(new.counts.creates),
            column(new.counts.updates),
            column(new.counts.deletes),
            column(new.counts.keeps),
            claim.token.0
        )
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(Opened::New { id, superseded })
    }

    /// Records what one stage did, in one statement: so a union's inventory and its history never disagree. It holds
    /// the fence too, hence nothing else has to be asked before the next stage.
    ///
    /// # Errors
    /// The lease is lost, or the database is away.
    pub async fn record_stage(
        &self,
        claim: &Claim,
        deployment: DeploymentId,
        done: &StageDone,
    ) -> Result<(), Error> {
        let learned = Columns::of(done.learned.iter().map(|(resource, _)| resource));
        let uids: Vec<_> = done.learned.iter().map(|(_, uid)| uid.0.clone()).collect();
        let left = Columns::of(done.left.iter());
        let resources: Vec<_> = done
            .events
            .iter()
            .map(|event| serde_json::to_value(&event.resource))
            .collect::<Result<_, _>>()
            .map_err(RowError::from)?;
        let (events, lines) = (&done.events, &done.lines);
        let held = sqlx::query_scalar!(
            r#"with held as (
                select union_name from work
                where union_name = $1 and fencing_token = $2 and leased_until > clock_timestamp()
                for share
            ), learned as (
                insert into inventory (union_name, api_version, kind, namespace, name, uid)
                select union_name, new.*
                from held, unnest($4::text[], $5::text[], $6::text[], $7::text[], $8::text[]) as new
                on conflict on constraint inventory_resource do update set uid = excluded.uid
                where inventory.uid is distinct from excluded.uid
            ), gone as (
                delete from inventory
                using held, unnest($9::text[], $10::text[], $11::text[], $12::text[])
                    as gone (api_version, kind, namespace, name)
                where inventory.union_name = held.union_name
                    and inventory.api_version = gone.api_version and inventory.kind = gone.kind
                    and inventory.namespace is not distinct from gone.namespace and inventory.name = gone.name
            ), events as (
                insert into deployment_event (deployment_id, stage, change, resource, done, message)
                select $3, new.*
                from held, unnest($13::text[], $14::text[], $15::jsonb[], $16::text[], $17::text[]) as new
            ), lines as (
                insert into deployment_log (deployment_id, level, message, fields)
                select $3, new.*
                from held, unnest($18::text[], $19::text[], $20::jsonb[]) as new
            )
            select exists(select from held) as "held!""#,
            claim.union.as_str(),
            claim.token.0,
            deployment.0,
            &learned.api_versions,
            &learned.kinds,
            &learned.namespaces as &[Option<String>],
            &learned.names,
            &uids,
            &left.api_versions,
            &left.kinds,
            &left.namespaces as &[Option<String>],
            &left.names,
            &events.iter().map(|event| event.stage.to_string()).collect::<Vec<_>>(),
            &events.iter().map(|event| event.change.to_owned()).collect::<Vec<_>>(),
            &resources,
            &events.iter().map(|event| event.done.to_string()).collect::<Vec<_>>(),
            &events.iter().map(|event| event.message.clone()).collect::<Vec<_>>() as &[Option<String>],
            &lines.iter().map(|line| line.level.to_string()).collect::<Vec<_>>(),
            &lines.iter().map(|line| line.message.clone()).collect::<Vec<_>>(),
            &lines.iter().map(|line| serde_json::Value::Object(line.fields.clone())).collect::<Vec<_>>()
        )
        .fetch_one(&self.pool)
        .await?;
        if held { Ok(()) } else { Err(claim.lost()) }
    }

    /// Everything is applied: from now on health is awaited, for `patience` at most. A deadline that was set before
    /// stays, so that a fight over a field does not put it off for ever. What is closed stays closed. What the deployment has
    /// put back is counted with it.
    ///
    /// # Errors
    /// The lease is lost, or the database is away.
    pub async fn wait(
        &self,
        claim: &Claim,
        deployment: DeploymentId,
        awaited: &str,
        patience: Duration,
        put_back: &[Drifted],
    ) -> Result<(), Error> {
        let mut transaction = self.fenced(claim).await?;
        drift::put_back(&mut transaction, &claim.union, deployment, put_back).await?;
        sqlx::query!(
            "update deployment set
                phase = 'waiting',
                health_why = $2,
                applied_at = coalesce(applied_at, clock_timestamp()),
                deadline_at = coalesce(deadline_at, clock_timestamp() + make_interval(secs => $3))
            where deployment_id = $1 and phase <> 'closed'",
            deployment.0,
            awaited,
            patience.as_secs_f64()
        )
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Closes the record. A second time changes nothing.
    ///
    /// # Errors
    /// The lease is lost, or the database is away.
    pub async fn close_deployment(
        &self,
        claim: &Claim,
        deployment: DeploymentId,
        outcome: Outcome,
        failure: Option<&Failure>,
    ) -> Result<(), Error> {
        let mut transaction = self.fenced(claim).await?;
        close(&mut transaction, claim, deployment, outcome, failure).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// The deployment of a union whose health is awaited, if there is one.
    ///
    /// # Errors
    /// The database is away, or the row is a newer program's.
    pub async fn waiting_deployment(&self, union: &UnionName) -> Result<Option<WaitingDeployment>, Error> {
        let found = sqlx::query!(
            r#"select deployment_id, desired,
                extract(epoch from deadline_at - clock_timestamp())::float8 as "remaining!"
            from deployment where union_name = $1 and phase = 'waiting'"#,
            union.as_str()
        )
        .fetch_optional(&self.pool)
        .await?;
        Ok(found
            .map(|row| {
                Ok::<_, RowError>(WaitingDeployment {
                    id: DeploymentId(row.deployment_id),
                    desired: row::digest(&row.desired)?,
                    // A time that has passed is negative, which is no duration.
                    remaining: Duration::try_from_secs_f64(row.remaining).unwrap_or_default(),
                })
            })
            .transpose()?)
    }
}

fn column(count: u32) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

async fn close(
    connection: &mut PgConnection,
    claim: &Claim,
    deployment: DeploymentId,
    outcome: Outcome,
    failure: Option<&Failure>,
) -> Result<(), Error> {
    sqlx::query!(
        "with closed as (
            update deployment set
                phase = 'closed',
                outcome = $3,
                failure_stage = $4,
                failure_message = $5,
                failure_detail = $6,
                closed_at = clock_timestamp()
            where deployment_id = $1 and union_name = $2 and phase <> 'closed'
            returning deployment_id, union_name, revision_id
        )
        insert into audit (what, union_name, revision_id, deployment_id, detail)
        select 'deployment-closed', union_name, revision_id, deployment_id, jsonb_build_object('outcome', $3::text)
        from closed",
        deployment.0,
        claim.union.as_str(),
        outcome.as_str(),
        failure.and_then(|failure| failure.stage).map(StageName::as_str),
        failure.map(|failure| failure.message.as_str()),
        failure.and_then(|failure| failure.detail.as_deref())
    )
    .execute(connection)
    .await?;
    Ok(())
}
