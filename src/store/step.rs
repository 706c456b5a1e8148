//! The steps of provisioning a vault, as events and lines of a deployment.
//!
//! Apart from stages, which are Kubernetes' and whose changes move the inventory too. A step that is told again in the same
//! words is told once: what is waited for is looked at many times.

use super::{Claim, Error, LogLine, RowError, Store};
use crate::ids::{DeploymentId, ResourceId};
use crate::outcome::{Done, Step};

/// What became of one step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepDone {
    /// Which.
    pub step: Step,
    /// The server, or one of its societies.
    pub resource: ResourceId,
    /// What became of it.
    pub done: Done,
    /// Why, where that is not plain.
    pub message: Option<String>,
}

impl Store {
    /// Records a step of a deployment.
    ///
    /// # Errors
    /// The lease is lost, or the database is away.
    pub async fn record_step(
        &self,
        claim: &Claim,
        deployment: DeploymentId,
        done: &StepDone,
    ) -> Result<(), Error> {
        let change = match done.done {
            Done::Created => "create",
            Done::Deleted => "delete",
            Done::Kept => "keep",
            Done::Updated | Done::Skipped | Done::Failed => "update",
        };
        let mut transaction = self.fenced(claim).await?;
        sqlx::query!(
            "insert into deployment_event (deployment_id, stage, change, resource, done, message)
            select $1, $2, $3, $4, $5, $6
            where not exists (
                select from deployment_event
                where deployment_id = $1 and stage = $2 and change = $3 and resource = $4 and done = $5
                    and message is not distinct from $6
            )",
            deployment.0,
            done.step.as_str(),
            change,
            serde_json::to_value(&done.resource).map_err(RowError::from)?,
            done.done.as_str(),
            done.message
        )
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Adds lines to a deployment's log.
    ///
    /// # Errors
    /// The lease is lost, or the database is away.
    pub async fn record_lines(
        &self,
        claim: &Claim,
        deployment: DeploymentId,
        lines: &[LogLine],
    ) -> Result<(), Error> {
        let mut transaction = self.fenced(claim).await?;
        sqlx::query!(
            "insert into deployment_log (deployment_id, level, message, fields)
            select $1, new.* from unnest($2::text[], $3::text[], $4::jsonb[]) as new",
            deployment.0,
            &lines.iter().map(|line| line.level.to_string()).collect::<Vec<_>>(),
            &lines.iter().map(|line| line.message.clone()).collect::<Vec<_>>(),
            &lines.iter().map(|line| serde_json::Value::Object(line.fields.clone())).collect::<Vec<_>>()
        )
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(())
    }
}
