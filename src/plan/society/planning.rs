//! One society that is there and listed: each of its parts in turn, in the order in which changes are made.
//!
//! Who loses something comes first and who gains something last, so that whatever ends the work in between leaves nobody
//! with more than they should have.

use std::collections::{BTreeMap, BTreeSet};

use super::build::{Input, is_untouched};
use super::change::{Change, SocietyPlan, Work};
use super::finding::{Finding, PasswordStanding, Standing};
use super::ledger::SocietyLedger;
use super::observed::ObservedSociety;
use super::{collections, items, members};
use crate::ids::{CollectionId, ItemId, MembershipId};
use crate::names::{CollectionName, SocietyName};
use crate::spec::{DeletionPolicy, Society, Union};

/// The plan of one society while it is made.
pub(super) struct Planning<'a> {
    pub(super) input: &'a Input<'a>,
    /// Its name and then its former one.
    pub(super) names: Vec<SocietyName>,
    pub(super) document: &'a Society,
    pub(super) observed: &'a ObservedSociety,
    /// What is remembered, and what will be.
    pub(super) before: SocietyLedger,
    pub(super) ledger: SocietyLedger,
    /// Whether there is more in it than is remembered: nothing at all is.
    pub(super) forgotten: bool,
    /// The collections of the document that are there.
    pub(super) collections: BTreeMap<CollectionName, CollectionId>,
    /// Collections that are ours, also those that the document does not have any more.
    pub(super) ours: BTreeSet<CollectionId>,
    /// The confirmed owner who stays whatever the document says, if there has to be one.
    pub(super) last_owner: Option<MembershipId>,
    pub(super) taken: Vec<Change>,
    pub(super) given: Vec<Change>,
    pub(super) findings: Vec<Finding>,
    pub(super) members: Vec<Standing>,
    pub(super) passwords: Vec<PasswordStanding>,
}

impl<'a> Planning<'a> {
    pub(super) fn new(
        input: &'a Input<'a>,
        names: &[&SocietyName],
        document: &'a Society,
        observed: &'a ObservedSociety,
        remembered: Option<&SocietyLedger>,
    ) -> Self {
        let before = remembered.cloned().unwrap_or_else(|| SocietyLedger::new(observed.id));
        let ledger = SocietyLedger {
            id: observed.id,
            key: before.key.or(observed.key),
            removed_at: None,
            kept_days: kept_days(document, input.union),
            two_factor: document.policies.two_factor,
            min_length: document.policies.password_generator.is_some(),
            ..SocietyLedger::new(observed.id)
        };
        Self {
            input,
            names: names.iter().copied().cloned().collect(),
            document,
            observed,
            before,
            ledger,
            forgotten: remembered.is_none() && !is_untouched(observed),
            collections: BTreeMap::new(),
            ours: BTreeSet::new(),
            last_owner: None,
            taken: Vec::new(),
            given: Vec::new(),
            findings: Vec::new(),
            members: Vec::new(),
            passwords: Vec::new(),
        }
    }

    /// The items that were told apart as copies before; `None`: nothing is remembered.
    pub(super) fn copies(&self) -> Option<&BTreeSet<ItemId>> {
        (!self.forgotten).then_some(&self.before.copies)
    }

    /// Its name in Git.
    pub(super) fn name(&self) -> &SocietyName {
        &self.names[0]
    }

    pub(super) fn plan(mut self) -> (SocietyPlan, SocietyLedger) {
        let mut changes = self.settings();
        changes.extend(collections::made(&mut self));
        let leavers = members::plan(&mut self);
        let items = items::plan(&mut self, &leavers);
        let collections_removed = collections::removed(&mut self);
        let mut ordered = std::mem::take(&mut self.taken);
        ordered.append(&mut changes);
        ordered.extend(items);
        ordered.append(&mut self.given);
        ordered.extend(collections_removed);
        self.findings.sort();
        self.members.sort_by(|a, b| a.address.cmp(&b.address));
        let plan = SocietyPlan {
            name: self.name().clone(),
            work: Work::Change(self.observed.id, ordered),
            members: self.members,
            passwords: self.passwords,
            findings: self.findings,
        };
        (plan, self.ledger)
    }

    /// Title and policies. A policy that we did not set is somebody's own.
    fn settings(&self) -> Vec<Change> {
        let (observed, document) = (self.observed, self.document);
        let mut changes = Vec::new();
        if observed.title != document.display_name {
            changes.push(Change::Rename { from: observed.title.clone(), to: document.display_name.clone() });
        }
        let (has, wants) = (observed.policies.two_factor, document.policies.two_factor);
        if has != wants && (wants || self.before.two_factor) {
            changes.push(Change::SetTwoFactor(wants));
        }
        let wants = document.policies.password_generator.as_ref().map(|policy| policy.min_length);
        if observed.policies.min_length != wants && (wants.is_some() || self.before.min_length) {
            changes.push(Change::SetMinLength(wants));
        }
        changes
    }
}

/// For how many days what is removed from a society, or it itself, is kept.
pub(super) fn kept_days(document: &Society, union: &Union) -> u32 {
    let deletion = document.deletion.as_ref().unwrap_or(&union.spec.deletion);
    match deletion.policy {
        DeletionPolicy::Retain => deletion.days,
        DeletionPolicy::Delete => 0,
    }
}
