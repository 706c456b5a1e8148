//! What is shown of each union: its state, its health, what is desired and what is applied.
//!
//! The worker with the lease writes what became of the union; the state itself follows from that and from what Git says
//! (`union_status.state`), so neither writer overwrites the other.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::{Claim, Error, RowError, Store};
use crate::digest::Digest;
use crate::health::Health;
use crate::names::UnionName;
use crate::outcome::UnionState;
use crate::plan::guards::Guard;
use crate::revision::ObjectId;

/// What a worker found and did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnionFacts {
    /// What became of it. A tombstone or a hold that Git demands is shown before it where it comes first.
    pub state: UnionState,
    /// Does it work? `None` leaves what was seen before.
    pub health: Option<Health>,
    /// Why it is in its state, in a line for people.
    pub why: Option<String>,
    /// What is applied in full; `None` leaves what was applied before.
    pub applied: Option<Applied>,
    /// What a person should know; `None` leaves what was found before.
    pub findings: Option<Vec<String>>,
}

/// A state that was applied in full.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Applied {
    /// The accepted revision.
    pub revision: ObjectId,
    /// Of the accepted state.
    pub input: Digest,
    /// Of the desired state.
    pub desired: Digest,
}

impl Store {
    /// Records what became of a union, and gives the findings that are new. Equal facts write nothing.
    ///
    /// # Errors
    /// The lease is lost, or the database is away.
    pub async fn set_status(&self, claim: &Claim, facts: &UnionFacts) -> Result<Vec<String>, Error> {
        let told = sqlx::query!(
            r#"with held as (
                select union_name from work
                where union_name = $1 and fencing_token = $10 and leased_until > clock_timestamp()
                for share
            ), before as (
                select union_name, findings from held join union_status using (union_name)
            ), told as (
                update union_status set
                    progress = $2,
                    progress_why = $3,
                    health = coalesce($4, health),
                    health_why = case when $4::text is null then health_why else $5 end,
                    applied_revision_id = coalesce($6, applied_revision_id),
                    applied_input = coalesce($7, applied_input),
                    applied_desired = coalesce($8, applied_desired),
                    findings = coalesce($9, union_status.findings),
                    updated_at = now()
                from before
                where union_status.union_name = before.union_name
                    and (progress, progress_why, health, health_why, applied_revision_id, applied_input, applied_desired,
                            union_status.findings)
                        is distinct from ($2, $3, coalesce($4, health),
                            case when $4::text is null then health_why else $5 end,
                            coalesce($6, applied_revision_id), coalesce($7, applied_input),
                            coalesce($8, applied_desired), coalesce($9, union_status.findings))
                returning before.findings
            )
            select exists(select from held) as "held!", (select findings from told) as before"#,
            claim.union.as_str(),
            facts.state.as_str(),
            facts.why,
            facts.health.as_ref().map(Health::as_str),
            facts.health.as_ref().and_then(Health::why),
            facts.applied.as_ref().map(|applied| applied.revision.as_bytes().as_slice()),
            facts.applied.as_ref().map(|applied| applied.input.as_bytes().as_slice()),
            facts.applied.as_ref().map(|applied| applied.desired.as_bytes().as_slice()),
            facts.findings.as_deref(),
            claim.token.0
        )
        .fetch_one(&self.pool)
        .await?;
        if !told.held {
            return Err(claim.lost());
        }
        let Some(before) = told.before else { return Ok(Vec::new()) };
        let found = facts.findings.iter().flatten();
        Ok(found.filter(|finding| !before.contains(finding)).cloned().collect())
    }

    /// Why a union is as it was, where nothing else of it is known anew.
    ///
    /// # Errors
    /// The lease is lost, or the database is away.
    pub async fn tell_reason(&self, claim: &Claim, why: &str) -> Result<(), Error> {
        let mut transaction = self.fenced(claim).await?;
        set_reason(&mut transaction, &claim.union, why).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Records what is missed of a union. An approval is of what was missed then.
    ///
    /// # Errors
    /// The lease is lost, or the database is away.
    pub async fn record_missed(&self, claim: &Claim, missed: Option<&Guard>) -> Result<(), Error> {
        let missed = missed.map(serde_json::to_value).transpose().map_err(RowError::from)?;
        let mut transaction = self.fenced(claim).await?;
        sqlx::query!(
            "update union_status set missed = $2, missed_forgiven = false, updated_at = now()
            where union_name = $1 and missed is distinct from $2",
            claim.union.as_str(),
            missed
        )
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Forgets a union of which nothing is left, its work and lease with it; its history stays. A union that came
    /// back meanwhile, or still owns something, is not forgotten.
    ///
    /// # Errors
    /// The lease is lost, or the database is away.
    pub async fn forget(&self, claim: &Claim) -> Result<(), Error> {
        let mut transaction = self.fenced(claim).await?;
        sqlx::query!(
            "delete from union_status
            where union_name = $1 and life = 'gone'
                and not exists (select from inventory where inventory.union_name = $1)",
            claim.union.as_str()
        )
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Forgets what is owned of a union of which nothing was ever accepted, and the union itself, unless its documents are
    /// held: then it is there, and only the cluster has nothing of it.
    ///
    /// # Errors
    /// The lease is lost, or the database is away.
    pub async fn forget_orphan(&self, claim: &Claim) -> Result<(), Error> {
        let mut transaction = self.fenced(claim).await?;
        sqlx::query!(
            "with orphan as (
                select union_name from union_status where union_name = $1 and accepted_revision_id is null
            ), owned as (
                delete from inventory using orphan where inventory.union_name = orphan.union_name
            )
            delete from union_status using orphan
            where union_status.union_name = orphan.union_name
                and not exists (select from diagnostic where diagnostic.union_name = orphan.union_name)",
            claim.union.as_str()
        )
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Keeps the data of a removed union until then, or for as long as it is kept already.
    ///
    /// # Errors
    /// The lease is lost, or the database is away.
    pub async fn keep_until(&self, claim: &Claim, until: DateTime<Utc>) -> Result<(), Error> {
        let mut transaction = self.fenced(claim).await?;
        sqlx::query!(
            "update union_status set kept_until = $2, updated_at = now()
            where union_name = $1 and life = 'retained' and kept_until < $2",
            claim.union.as_str(),
            until
        )
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(())
    }

    /// The deletion of a removed union that is kept until then has begun: from now on nothing brings it back. False if it
    /// came back meanwhile, also if it was removed once more.
    ///
    /// # Errors
    /// The lease is lost, or the database is away.
    pub async fn begin_deletion(&self, claim: &Claim, kept_until: DateTime<Utc>) -> Result<bool, Error> {
        let mut transaction = self.fenced(claim).await?;
        let begun = sqlx::query!(
            "update union_status set life = 'gone', updated_at = now()
            where union_name = $1 and life = 'retained' and kept_until = $2",
            claim.union.as_str(),
            kept_until
        )
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(begun.rows_affected() > 0)
    }
}

/// The reason is all that changes of what is shown.
pub(super) async fn set_reason(
    connection: &mut PgConnection,
    union: &UnionName,
    why: &str,
) -> Result<(), Error> {
    sqlx::query!(
        "update union_status set progress_why = $2, updated_at = now()
        where union_name = $1 and progress_why is distinct from $2",
        union.as_str(),
        why
    )
    .execute(connection)
    .await?;
    Ok(())
}
