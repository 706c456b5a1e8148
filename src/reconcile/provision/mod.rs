//! The inside of one union's vault: from a healthy server to societies that are as their documents say.
//!
//! ```text
//! due      is a look needed at all?               clients  one client per server, kept; who is slow waits apart
//! texts    sealed values, opened                  walk     executes one plan: decides nothing
//! shown    what is recorded of a look
//! ```
//!
//! After the manifests' health is current, and before their deployment is closed. A pass looks, plans and executes until a
//! plan writes nothing, for twenty seconds at most; what is left is gone on with at the next one. Invariants: the lease
//! outlasts every write; what has to be known after a crash is written down before; a union without societies costs nothing.

pub(super) mod clients;
mod due;
mod shown;
mod texts;
mod walk;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use futures::future::BoxFuture;
use tokio_util::sync::CancellationToken;

use self::clients::{Known, Vaults};
use super::Parts;
use super::failure::Failure;
use super::lease::Lease;
use super::look::Look;
use crate::digest::Digest;
use crate::ids::{DeploymentId, MembershipId, ResourceId};
use crate::names::SocietyName;
use crate::outcome::{Done, Step};
use crate::plan::guards;
use crate::plan::society::{
    Change, Contents, FingerprintKey, Input, Ledger, ObservedVault, Policy, SocietyPlan, VaultPlan, Work,
    build,
};
use crate::spec::KeyforgeSpec;
use crate::store::{StepDone, VaultLook, VaultSettings};

/// The most that one pass may take: a server that is slow holds no worker for longer.
const PASS: Duration = Duration::from_secs(20);

/// How many times a pass looks again after it wrote something. What is made in one round is filled in the next.
const ROUNDS: usize = 6;

/// How soon a vault is looked at again whose server does not answer, or that is not done.
pub(super) const AGAIN: Duration = Duration::from_secs(5);

/// For how long settings in effect are believed: asking for them needs a cookie, of which there are few.
const SETTINGS: TimeDelta = TimeDelta::minutes(15);

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
    /// Looks at the vault, if it is time to.
    ///
    /// # Errors
    /// What cannot be read, also of the server: [`waits`] tells what passes by itself.
    pub(super) async fn look(&self, vaults: &Vaults) -> Result<Found, Failure> {
        let (parts, claim, union) = (self.parts, self.lease.claim(), &self.look.accepted.union);
        let societies = parts.database(parts.store.societies(&claim.union)).await?;
        // After the last society went nobody is asked any more.
        if union.societies.is_empty() && societies.is_empty() {
            return Ok(Found::Untouched);
        }
        let last = parts.database(parts.store.vault(&claim.union)).await?;
        let policy = self.policy().await?;
        let opener = parts.opener.borrow().clone();
        let input = due::input(self.look.accepted.input, &policy, opener.as_deref());
        let made = self.look.facts.record.as_ref().map(|record| record.made.clone()).unwrap_or_default();
        let known = Box::pin(vaults.client(self, last.is_some() || !made.is_empty())).await?;
        // Before anything is looked at: what moves during a look is seen at the next one.
        let revision = self.call("revision", known.client.revision()).await?;
        let due = due::is_due(last.as_ref(), input, claim.reason, claim.claimed_at, &societies);
        if let Some(last) = last.as_ref().filter(|last| !due && last.revision == revision) {
            return Ok(Found::Same(guards::why(&last.awaiting)));
        }
        let key = parts.cluster_call("fingerprint-key", parts.cluster.fingerprint_key()).await?;
        let key = FingerprintKey::new(key);
        let ledgers = societies.into_iter().filter_map(|society| Some((society.name, society.ledger?)));
        let approved = last.as_ref().map(|last| last.approved.clone()).unwrap_or_default();
        let ledger = Ledger { societies: ledgers.collect(), made: made.clone(), approved };
        let contents = texts::contents(union, opener.as_deref());
        let settings = self.settings(&known, last.as_ref()).await?;
        let observed = Box::pin(self.observe(&known, &key, &settings)).await?;
        let mut looked = Looked {
            known,
            contents,
            key,
            policy,
            input,
            revision,
            settings,
            observed,
            ledger,
            made,
            last,
            plan: VaultPlan::nothing(union.name.clone()),
            refused: BTreeMap::new(),
        };
        looked.plan = looked.plan(self);
        Ok(Found::Looked(Box::new(looked)))
    }

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

    /// The settings in effect, as somebody read them not long ago, else as they are now.
    async fn settings(&self, known: &Known, last: Option<&VaultLook>) -> Result<VaultSettings, Failure> {
        let now = self.lease.claim().claimed_at;
        let given = clients::given(&self.look.desired);
        let texts = given.iter().flat_map(|(name, value)| [name.as_bytes(), value.as_bytes()]);
        let of = Digest::of_parts(texts);
        let counts = |read: &&VaultSettings| read.given == of && now - read.read_at < SETTINGS;
        if let Some(read) = last.and_then(|last| last.settings.as_ref()).filter(counts) {
            return Ok(read.clone());
        }
        let read = self.call("settings", known.client.effective_settings()).await?;
        let given = given.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let overridden = read.overridden(given).into_iter().map(str::to_owned).collect();
        Ok(VaultSettings { read_at: now, given: of, mail: read.mail(), overridden })
    }

    async fn observe(
        &self,
        known: &Known,
        key: &FingerprintKey,
        settings: &VaultSettings,
    ) -> Result<ObservedVault, Failure> {
        let societies = self.call("observe", known.client.observe(key)).await?;
        let (mail, overridden) = (settings.mail, settings.overridden.clone());
        Ok(ObservedVault { account: known.client.address().await, mail, overridden, societies })
    }

    async fn policy(&self) -> Result<Policy, Failure> {
        let head = self.parts.database(self.parts.store.head()).await?;
        let spec = head.and_then(|head| head.keyforge).map(|found| found.keyforge.spec);
        let KeyforgeSpec { limits, unlisted_members, members_leaving, .. } = spec.unwrap_or_default();
        Ok(Policy { confirm: limits.confirm, unlisted: unlisted_members, rotate: members_leaving.rotate })
    }

    /// What is remembered and shown from now on.
    async fn record(
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

    async fn tell_societies(&self, deployment: DeploymentId, looked: &Looked) -> Result<(), Failure> {
        for society in looked.plan.societies() {
            let findings: Vec<String> = society.findings.iter().map(ToString::to_string).collect();
            let why = Some(shown::pseudonymous(&findings.join("; "), &looked.key));
            let why = why.filter(|why| !why.is_empty());
            self.tell(deployment, Step::Society, Some(&society.name), Done::Kept, why).await?;
        }
        Ok(())
    }

    /// One step of a deployment.
    pub(super) async fn tell(
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
    async fn keep(&self, known: &Known) -> Result<(), Failure> {
        if let Some(fields) = known.client.unkept().await {
            self.lease.outlasts_a_write()?;
            let (union, at) = (&self.lease.claim().union, known.at());
            let keeping = self.parts.cluster.keep_account(union, &at, &fields);
            let at = self.parts.cluster_call("credentials", keeping).await?;
            known.is_kept(at, fields).await;
        }
        Ok(())
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
