//! A healthy union's vault: looked at, brought to what the documents say, and told as steps of a deployment.

use std::time::Duration;

use super::{Failure, HEALTH_DEADLINE, Rollout};
use crate::ids::DeploymentId;
use crate::outcome::{Done, Outcome, Reason, Step};
use crate::reconcile::provision::{self, Found, Pass, Vault};
use crate::reconcile::{Vaults, in_deployment};
use crate::store::{Next, PlanCounts};
use crate::vaultwarden;

/// How soon a vault gets its turn again that is slow, or waits for others that are.
const TURN: Duration = Duration::from_secs(1);

impl Rollout<'_> {
    /// One pass. A deployment is opened where something is written and none is open.
    pub(super) async fn provision(&self, open: &mut Option<DeploymentId>) -> Result<Vault, Failure> {
        let union = &self.lease.claim().union;
        let Some(vaults) = &self.parts.vaults else { return Ok(Vault::Untouched) };
        let Some(_lane) = vaults.lane(union) else {
            return Ok(Vault::Unfinished("waits for other vaults that are slow".to_owned(), TURN));
        };
        let mut entered = false;
        let done = provision::in_time(Box::pin(self.pass(vaults, open, &mut entered))).await;
        vaults.hang_up(union);
        let Some(done) = done else {
            vaults.was_slow(union, true);
            return Ok(Vault::Unfinished("its vault is slow; it is gone on with".to_owned(), TURN));
        };
        let waits = done.as_ref().err().and_then(provision::waits);
        vaults.was_slow(union, waits.is_some());
        match (done, waits) {
            (Err(Failure::Vault(error)), Some((why, after))) if error.is_away() => {
                Ok(Vault::Away(why, after))
            }
            (Err(_), Some((why, after))) => Ok(Vault::Unfinished(why, after)),
            (Err(failure), None) => {
                if let (Some(open), Failure::Vault(error)) = (*open, &failure) {
                    let (step, why) = (failed_step(error, entered), Some(failure.message()));
                    self.vault().tell(open, step, None, Done::Failed, why).await?;
                }
                Err(failure)
            }
            (done, _) => done,
        }
    }

    async fn pass(
        &self,
        vaults: &Vaults,
        open: &mut Option<DeploymentId>,
        entered: &mut bool,
    ) -> Result<Vault, Failure> {
        let pass = self.vault();
        let looked = match Box::pin(pass.look(vaults)).await? {
            Found::Looked(looked) => looked,
            Found::Untouched => return Ok(Vault::Untouched),
            Found::Same(awaiting) => return Ok(Vault::Settled { again: None, awaiting }),
        };
        *entered = true;
        if looked.writes() && open.is_none() {
            *open = Some(self.open_for_vault(looked.json(), looked.changes()).await?);
        }
        if let Some(open) = *open {
            let steps = [Step::Applied, Step::DatabaseReady, Step::VaultwardenReady, Step::AccountReady];
            for step in steps {
                pass.tell(open, step, None, Done::Kept, None).await?;
            }
        }
        Box::pin(pass.run(*looked, *open)).await
    }

    fn vault(&self) -> Pass<'_> {
        Pass { parts: self.parts, lease: self.lease, look: self.look, shutdown: self.shutdown }
    }

    /// A deployment that changes nothing outside of the vault.
    async fn open_for_vault(&self, plan: serde_json::Value, changes: usize) -> Result<DeploymentId, Failure> {
        let (parts, claim) = (self.parts, self.lease.claim());
        let reason = match claim.reason {
            Reason::Interval | Reason::Startup => Reason::Drift,
            reason => reason,
        };
        let updates = u32::try_from(changes).unwrap_or(u32::MAX);
        let counts = PlanCounts { updates, ..PlanCounts::default() };
        let new = self.record(reason, plan, counts, Vec::new());
        Ok(in_deployment(parts.database(parts.store.open_deployment(claim, &new)).await?.id()))
    }

    /// Whoever takes the union next begins a deployment of its own.
    pub(super) async fn interrupt(
        &self,
        open: Option<DeploymentId>,
        failure: Failure,
    ) -> Result<Next, Failure> {
        if let Some(open) = open {
            self.close(open, Outcome::Interrupted, None).await?;
        }
        Err(failure)
    }

    /// What is not done is gone on with by the next look, and by the one deployment that is open for it.
    pub(super) async fn leave_open(&self, open: Option<DeploymentId>, why: &str) -> Result<(), Failure> {
        if let Some(open) = open {
            let waiting = self.parts.store.wait(self.lease.claim(), open, why, HEALTH_DEADLINE, &[]);
            self.parts.database(waiting).await?;
        }
        Ok(())
    }
}

/// Where it failed: on the way in, or at what was to be done inside. What became of each society is told of it apart.
fn failed_step(error: &vaultwarden::Error, entered: bool) -> Step {
    use vaultwarden::Error;
    match error {
        Error::Version { .. } => Step::VaultwardenReady,
        Error::Account { .. }
        | Error::AdminToken { .. }
        | Error::AdminDisabled { .. }
        | Error::AddressTaken { .. }
        | Error::Kept(_) => Step::AccountReady,
        _ if !entered => Step::AccountReady,
        _ => Step::Verified,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vaultwarden::Error;

    #[test]
    fn a_step_that_was_told_as_done_is_not_told_as_failed_for_what_comes_after_it() {
        let refused = Error::Refused { call: "invite people", message: "no".to_owned() };
        assert_eq!(failed_step(&refused, true), Step::Verified);
        assert_eq!(failed_step(&refused, false), Step::AccountReady);
        // Our account may be disabled in the middle of it.
        let disabled = Error::Account { call: "read the members", message: "disabled".to_owned() };
        assert_eq!(failed_step(&disabled, true), Step::AccountReady);
        assert_eq!(
            failed_step(&Error::Version { found: "1.40.0".to_owned() }, false),
            Step::VaultwardenReady
        );
    }
}
