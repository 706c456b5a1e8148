//! A look into a vault: whether one is due, what is there, and the plan that follows. It writes nothing but what lets our
//! account in.

use std::collections::BTreeMap;

use chrono::TimeDelta;

use super::clients::{self, Known, Vaults};
use super::{Found, Looked, Pass, due, texts};
use crate::digest::Digest;
use crate::plan::guards;
use crate::plan::society::{FingerprintKey, Ledger, ObservedVault, Policy, VaultPlan};
use crate::reconcile::failure::Failure;
use crate::spec::KeyforgeSpec;
use crate::store::{VaultLook, VaultSettings};

/// For how long settings in effect are believed: asking for them needs a cookie, of which there are few.
const SETTINGS: TimeDelta = TimeDelta::minutes(15);

impl Pass<'_> {
    /// Looks at the vault, if it is time to.
    ///
    /// # Errors
    /// What cannot be read, also of the server: `waits` tells what passes by itself.
    pub(in crate::reconcile) async fn look(&self, vaults: &Vaults) -> Result<Found, Failure> {
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

    /// The settings in effect, as somebody read them not long ago, else as they are now.
    pub(super) async fn settings(
        &self,
        known: &Known,
        last: Option<&VaultLook>,
    ) -> Result<VaultSettings, Failure> {
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

    pub(super) async fn observe(
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
}
