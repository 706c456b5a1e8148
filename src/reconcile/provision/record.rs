//! What is remembered of a pass, and told of it: in the table, in the union's state object, as steps of a deployment.

use super::clients::Known;
use super::{Looked, Pass, shown};
use crate::ids::{DeploymentId, ResourceId};
use crate::names::SocietyName;
use crate::outcome::{Done, Step};
use crate::reconcile::failure::Failure;
use crate::store::{StepDone, VaultLook};

impl Pass<'_> {
    /// What is remembered and shown from now on.
    pub(super) async fn record(
        &self,
        looked: &mut Looked,
        verified: Option<chrono::DateTime<chrono::Utc>>,
    ) -> Result<(), Failure> {
        let (parts, claim) = (self.parts, self.lease.claim());
        let look = VaultLook {
            input: looked.input,
            revision: looked.revision,
            looked_at: claim.claimed_at,
            verified_at: verified.or_else(|| looked.last.as_ref().and_then(|last| last.verified_at)),
            settings: Some(looked.settings.clone()),
            awaiting: looked.plan.awaiting().to_vec(),
            approved: looked.ledger.approved.clone(),
        };
        let findings: Vec<String> = looked.plan.findings().iter().map(ToString::to_string).collect();
        let societies = shown::records(looked, &self.look.accepted.union);
        parts.database(parts.store.record_vault(claim, &look, &findings, &societies)).await?;
        self.remember_made(looked).await
    }

    /// Which memberships are ours, in the state object that outlives the database. Written where it says something else.
    async fn remember_made(&self, looked: &mut Looked) -> Result<(), Failure> {
        let made = looked.plan.ledger().memberships();
        if self.look.facts.record.is_none() || looked.made == made {
            return Ok(());
        }
        self.lease.outlasts_a_write()?;
        let union = &self.lease.claim().union;
        let remembering = self.parts.cluster.remember_memberships(union, made.clone());
        self.parts.cluster_call("record", remembering).await?;
        looked.made = made;
        Ok(())
    }

    pub(super) async fn tell_societies(
        &self,
        deployment: DeploymentId,
        looked: &Looked,
    ) -> Result<(), Failure> {
        for society in looked.plan.societies() {
            let findings: Vec<String> = society.findings.iter().map(ToString::to_string).collect();
            let why = Some(shown::pseudonymous(&findings.join("; "), &looked.key));
            let why = why.filter(|why| !why.is_empty());
            self.tell(deployment, Step::Society, Some(&society.name), Done::Kept, why).await?;
        }
        Ok(())
    }

    /// One step of a deployment.
    pub(in crate::reconcile) async fn tell(
        &self,
        deployment: DeploymentId,
        step: Step,
        society: Option<&SocietyName>,
        done: Done,
        message: Option<String>,
    ) -> Result<(), Failure> {
        let union = &self.lease.claim().union;
        let name = society.map_or_else(|| "vaultwarden".to_owned(), ToString::to_string);
        let kind = if society.is_some() { "Society" } else { "VaultWarden" };
        let resource = ResourceId {
            kind: kind.to_owned(),
            namespace: Some(union.namespace()),
            name,
            api_version: "keyforge.dev/v1".to_owned(),
        };
        let told = StepDone { step, resource, done, message };
        self.parts.database(self.parts.store.record_step(self.lease.claim(), deployment, &told)).await?;
        Ok(())
    }

    /// Keeps what is new of our account. What cannot be kept stays new.
    pub(super) async fn keep(&self, known: &Known) -> Result<(), Failure> {
        if let Some(fields) = known.client.unkept().await {
            self.lease.outlasts_a_write()?;
            let (union, at) = (&self.lease.claim().union, known.at());
            let keeping = self.parts.cluster.keep_account(union, &at, &fields);
            let at = self.parts.cluster_call("credentials", keeping).await?;
            known.is_kept(at, fields).await;
        }
        Ok(())
    }
}
