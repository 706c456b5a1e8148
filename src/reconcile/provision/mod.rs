//! The inside of one union's vault: from a healthy server to societies that are as their documents say.
//!
//! ```text
//! look     what is there: due, is one needed at all?     clients  one client per server, kept; who is slow waits apart
//! texts    sealed values, opened                         walk     executes one plan: decides nothing
//! record   what is remembered and told of it             shown    as it is shown
//! ```
//!
//! After the manifests' health is current, and before their deployment is closed. A pass looks, plans and executes until a
//! plan writes nothing, for twenty seconds at most; what is left is gone on with at the next one. Invariants: the lease
//! outlasts every write; what has to be known after a crash is written down before; a union without societies costs nothing.

pub(super) mod clients;
mod due;
mod look;
mod record;
mod shown;
mod texts;
mod walk;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use tokio_util::sync::CancellationToken;

use self::clients::Known;
use super::Parts;
use super::failure::Failure;
use super::lease::Lease;
use super::look::Look;
use crate::digest::Digest;
use crate::ids::{DeploymentId, MembershipId};
use crate::names::SocietyName;
use crate::outcome::{Done, Step};
use crate::plan::guards;
use crate::plan::society::{
    Change, Contents, FingerprintKey, Input, Ledger, ObservedVault, Policy, SocietyPlan, VaultPlan, Work,
    build,
};
use crate::store::{VaultLook, VaultSettings};

/// The most that one pass may take: a server that is slow holds no worker for longer.
const PASS: Duration = Duration::from_secs(20);

/// How many times a pass looks again after it wrote something. What is made in one round is filled in the next.
const ROUNDS: usize = 6;

/// How soon a vault is looked at again whose server does not answer, or that is not done.
pub(super) const AGAIN: Duration = Duration::from_secs(5);

/// What a pass came to.
pub(super) enum Vault {
    /// Nothing was ever done in it, and nothing is to be.
    Untouched,
    /// As declared, but for who has to act.
    Settled {
        /// To be looked at again after this time, if it has one of its own.
        again: Option<Duration>,
        /// What of it waits for an approval.
        awaiting: Option<String>,
    },
    /// Not done, and why; to be gone on with after this time.
    Unfinished(String, Duration),
    /// Its server is away, and why; to be asked again after this time.
    Away(String, Duration),
}

/// What a look came to.
pub(super) enum Found {
    /// Nothing was ever done in it, and nothing is to be.
    Untouched,
    /// It is as it was. What waited for an approval still does.
    Same(Option<String>),
    /// It was looked at.
    Looked(Box<Looked>),
}

/// One pass.
pub(super) struct Pass<'a> {
    pub parts: &'a Parts,
    pub lease: &'a Lease,
    pub look: &'a Look,
    pub shutdown: &'a CancellationToken,
}

/// What a look found.
pub(super) struct Looked {
    known: Arc<Known>,
    contents: Contents,
    key: FingerprintKey,
    policy: Policy,
    input: Digest,
    revision: i64,
    settings: VaultSettings,
    observed: ObservedVault,
    ledger: Ledger,
    /// What the union's state object says of memberships.
    made: BTreeSet<MembershipId>,
    last: Option<VaultLook>,
    plan: VaultPlan,
    /// Why a change of these societies failed in this pass. They are left alone until the next one.
    refused: BTreeMap<SocietyName, String>,
}

impl Looked {
    /// Whether something is to be done about a society, and may be.
    fn is_open(&self, society: &SocietyPlan) -> bool {
        !society.work.is_empty() && !self.refused.contains_key(&society.name)
    }

    /// Whether somebody is invited or let in, which depends on whether an invitation is a mail.
    fn lets_in(&self) -> bool {
        let lets_in = |change: &Change| {
            matches!(change, Change::Invite { .. } | Change::Reinvite(_) | Change::Confirm { .. })
        };
        let lets_anybody_in = |society: &SocietyPlan| match &society.work {
            Work::Change(_, changes) => changes.iter().any(lets_in),
            Work::Found { .. } | Work::Blocked => false,
        };
        self.plan.societies().iter().any(lets_anybody_in)
    }

    /// Whether something is to be written.
    pub(super) fn writes(&self) -> bool {
        !self.plan.is_empty()
    }

    /// How much.
    pub(super) fn changes(&self) -> usize {
        self.plan.societies().iter().map(|society| society.work.changes()).sum()
    }

    /// The plan, as a deployment's record has it.
    pub(super) fn json(&self) -> serde_json::Value {
        let text = crate::plan::society::text(&self.plan);
        serde_json::json!({ "vault": shown::pseudonymous(&text, &self.key) })
    }

    fn plan(&self, pass: &Pass<'_>) -> VaultPlan {
        build(&Input {
            union: &pass.look.accepted.union,
            contents: &self.contents,
            key: &self.key,
            observed: &self.observed,
            ledger: &self.ledger,
            policy: self.policy,
            now: pass.lease.claim().claimed_at,
        })
    }
}

impl Pass<'_> {
    /// Does what the look asks for, and looks again, until nothing is written any more.
    ///
    /// # Errors
    /// The first change that failed; other societies are brought to their end all the same, as far as the server answers.
    pub(super) async fn run(
        &self,
        mut looked: Looked,
        deployment: Option<DeploymentId>,
    ) -> Result<Vault, Failure> {
        let now = self.lease.claim().claimed_at;
        let (mut wrote, mut failed) = (false, None);
        for _ in 0..ROUNDS {
            self.record(&mut looked, None).await?;
            let is_open = looked.plan.societies().iter().any(|society| looked.is_open(society));
            if let Some(failure) = failed.take_if(|_| !is_open) {
                return Err(failure);
            }
            if looked.plan.is_empty() {
                let is_new =
                    looked.last.as_ref().and_then(|last| last.verified_at).is_none_or(due::is_old(now));
                if wrote || is_new {
                    // As a session of its own: what another one was told could be kept somewhere.
                    looked.known.client.afresh().await;
                    looked.revision = self.call("revision", looked.known.client.revision()).await?;
                    looked.observed =
                        Box::pin(self.observe(&looked.known, &looked.key, &looked.settings)).await?;
                    looked.plan = looked.plan(self);
                    if !looked.plan.is_empty() {
                        continue;
                    }
                    self.record(&mut looked, Some(now)).await?;
                }
                if let Some(deployment) = deployment {
                    self.tell_societies(deployment, &looked).await?;
                    self.tell(deployment, Step::Verified, None, Done::Kept, None).await?;
                }
                let (again, awaiting) = (due::again(&looked.plan), guards::why(looked.plan.awaiting()));
                return Ok(Vault::Settled { again, awaiting });
            }
            if looked.settings.read_at < now && looked.lets_in() {
                // Not believed from before: they may have changed with the document, or on the admin page.
                looked.settings = self.settings(&looked.known, None).await?;
                looked.observed.mail = looked.settings.mail;
                looked.observed.overridden = looked.settings.overridden.clone();
                looked.plan = looked.plan(self);
                continue;
            }
            wrote = true;
            looked.ledger = looked.plan.ledger().clone();
            let walked = Box::pin(self.walk(&mut looked, deployment)).await;
            self.keep(&looked.known).await?;
            failed = failed.or(walked?);
            looked.observed = Box::pin(self.observe(&looked.known, &looked.key, &looked.settings)).await?;
            looked.plan = looked.plan(self);
        }
        match failed {
            Some(failure) => Err(failure),
            None => Ok(Vault::Unfinished("its societies are being provisioned".to_owned(), Duration::ZERO)),
        }
    }

    /// Calls that make several writes, and end with the pass at the latest. The gates before them: nobody asked us to stop, and
    /// the lease outlasts a pass.
    fn begin<'a, T: Send + 'a>(
        &'a self,
        call: &'static str,
        writes: impl Future<Output = Result<T, crate::vaultwarden::Error>> + Send + 'a,
    ) -> impl Future<Output = Result<T, Failure>> + Send + 'a {
        let writes: BoxFuture<'a, _> = Box::pin(writes);
        async move {
            if self.shutdown.is_cancelled() {
                return Err(Failure::Stopped);
            }
            self.lease.outlasts(PASS)?;
            Ok(self.parts.vault_call(call, writes).await?)
        }
    }

    /// A call of the server: counted, and bounded by our own time. Boxed before anything awaits it: what one call needs is
    /// large, and a pass that carried room for each of them would not fit on the stack of a thread.
    fn call<'a, T: Send + 'a>(
        &'a self,
        call: &'static str,
        future: impl Future<Output = Result<T, crate::vaultwarden::Error>> + Send + 'a,
    ) -> impl Future<Output = Result<T, Failure>> + Send + 'a {
        let future: BoxFuture<'a, _> = Box::pin(future);
        async move { Ok(self.parts.vault_call(call, future).await?) }
    }
}

/// What passes by itself, and how soon it is tried again; `None`: a person has to act.
pub(super) fn waits(failure: &Failure) -> Option<(String, Duration)> {
    let Failure::Vault(error) = failure else { return None };
    let after = match error.retry() {
        crate::vaultwarden::Retry::Never => return None,
        crate::vaultwarden::Retry::Backoff => AGAIN,
        crate::vaultwarden::Retry::After(wait) => wait,
    };
    Some((failure.message(), after))
}

/// The most that a pass takes.
pub(super) async fn in_time<T>(pass: impl Future<Output = Result<T, Failure>>) -> Option<Result<T, Failure>> {
    tokio::time::timeout(PASS, pass).await.ok()
}
