//! Documents, what is in the vault, and what is remembered become a plan.
//!
//! Which society of the vault is which of Git, in this order: by the id that is remembered, by the marker of its
//! collections, under its name and then its former one; by what founding it left where nobody marked it yet, never by its
//! title. What is recognised is planned by `planning`; what no document has any more, by `removed`.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use super::change::{Change, SocietyPlan, VaultPlan, Work};
use super::contents::Contents;
use super::finding::Finding;
use super::ledger::{Ledger, SocietyLedger};
use super::marker::founding;
use super::observed::{ObservedSociety, ObservedVault};
use super::place::FingerprintKey;
use super::planning::Planning;
use super::removed;
use crate::ids::{MembershipId, SocietyId};
use crate::names::{CollectionName, SocietyName};
use crate::spec::{ConfirmBy, GENERAL, Role, Society, Union, UnlistedMembers};

/// Everything that a plan follows from.
pub struct Input<'a> {
    /// The documents, defaults merged.
    pub union: &'a Union,
    /// Their texts.
    pub contents: &'a Contents,
    /// By which they are compared.
    pub key: &'a FingerprintKey,
    /// What is there.
    pub observed: &'a ObservedVault,
    /// What is remembered.
    pub ledger: &'a Ledger,
    /// What `keyforge.yaml` says of people.
    pub policy: Policy,
    /// The time.
    pub now: DateTime<Utc>,
}

/// What `keyforge.yaml` says of people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// How accounts are recognised.
    pub confirm: ConfirmBy,
    /// What becomes of people whom no document lists.
    pub unlisted: UnlistedMembers,
    /// Whether what a leaving member could read is drawn anew.
    pub rotate: bool,
}

/// Plans what is to be done now. Deterministic; no value of any secret is in what it gives.
pub fn build(input: &Input<'_>) -> VaultPlan {
    let union = input.union;
    let mut claimed = BTreeSet::new();
    let mut societies = Vec::new();
    let mut awaiting = Vec::new();
    let mut next = Ledger { societies: BTreeMap::new(), ..input.ledger.clone() };
    for (name, document) in &union.societies {
        // What another document is called now is not what this one was called.
        let former = document.renamed_from.as_ref().filter(|former| !union.societies.contains_key(*former));
        let names: Vec<&SocietyName> = [Some(name), former].into_iter().flatten().collect();
        let (plan, ledger) = match find(input, &names, document, &claimed) {
            Found::Here(observed, twice) => {
                claimed.insert(observed.id);
                let (mut plan, ledger) = here(input, &names, document, observed, twice);
                if let Work::Change(_, changes) = &mut plan.work {
                    changes.extend(spare(input, name, &claimed).map(Change::DeleteDoubleSociety));
                }
                (plan, ledger)
            }
            Found::Absent => (found(input, name, document), None),
            Found::Blocked(finding) => (blocked(name, finding), remembered(input, &names).cloned()),
        };
        if let Some(ledger) = ledger {
            next.societies.insert(name.clone(), ledger);
        }
        societies.push(plan);
    }
    for (name, observed) in removed::societies(input, &claimed) {
        let (plan, ledger, guard) = removed::plan(input, &name, observed);
        awaiting.extend(guard);
        next.societies.insert(name, ledger);
        societies.push(plan);
    }
    if societies.iter().all(|society| society.work != Work::Blocked) {
        let there = next.societies.values().flat_map(|society| society.members.values());
        let there: BTreeSet<MembershipId> = there.filter_map(|member| member.membership).collect();
        // Who is gone for good. Of what could not be looked into nobody knows.
        next.made.retain(|membership| there.contains(membership));
    }
    societies.sort_by(|a, b| a.name.cmp(&b.name));
    let overridden = input.observed.overridden.iter();
    let findings = overridden.map(|setting| Finding::Overridden { setting: setting.clone() }).collect();
    VaultPlan { union: union.name.clone(), societies, findings, awaiting, ledger: next }
}

enum Found<'a> {
    /// With how many others that carry its marker.
    Here(&'a ObservedSociety, usize),
    Absent,
    Blocked(Finding),
}

fn find<'a>(
    input: &Input<'a>,
    names: &[&SocietyName],
    document: &Society,
    claimed: &BTreeSet<SocietyId>,
) -> Found<'a> {
    let free = || input.observed.societies.iter().filter(|society| !claimed.contains(&society.id));
    let society = names[0].clone();
    let marked = |name: &SocietyName| -> Vec<&'a ObservedSociety> {
        let mut marked: Vec<_> = free().filter(|society| marked_as(society) == Some(name)).collect();
        marked.sort_by_key(|society| society.id);
        marked
    };
    if let Some(ledger) = remembered(input, names) {
        let others = names.iter().flat_map(|name| marked(name)).filter(|other| other.id != ledger.id).count();
        return match free().find(|society| society.id == ledger.id) {
            Some(known) => Found::Here(known, others),
            None => Found::Blocked(Finding::Lost { society, account: input.observed.account.clone() }),
        };
    }
    for name in names {
        let marked = marked(name);
        // The one with people is the one that people use.
        if let Some(first) = marked.iter().max_by_key(|society| society.members.len()) {
            let most = marked.iter().find(|society| society.members.len() == first.members.len());
            return Found::Here(most.unwrap_or(first), marked.len() - 1);
        }
    }
    // What a crash leaves between founding and marking.
    let ours = unmarked(input, claimed).filter(|other| was_founded(input, &society, other));
    if let Some(ours) = ours.min_by_key(|society| society.id) {
        return Found::Here(ours, 0);
    }
    if unmarked(input, claimed).any(|other| other.title == document.display_name) {
        return Found::Blocked(Finding::TitleTaken { society, title: document.display_name.clone() });
    }
    Found::Absent
}

/// What nothing of Git is known to be, and nothing marks.
fn unmarked<'a>(
    input: &Input<'a>,
    claimed: &BTreeSet<SocietyId>,
) -> impl Iterator<Item = &'a ObservedSociety> {
    let free = input.observed.societies.iter().filter(|society| !claimed.contains(&society.id));
    free.filter(|society| marked_as(society).is_none())
}

/// Whether we founded it for this society of Git, and have not marked it yet.
fn was_founded(input: &Input<'_>, society: &SocietyName, observed: &ObservedSociety) -> bool {
    let title = founding(input.key, &input.union.name, society);
    observed.collections.iter().any(|collection| collection.title.as_ref() == Some(&title))
}

/// What was founded beside the one that is used, by a call whose answer came too late: it is as founding leaves it.
fn spare<'a>(
    input: &Input<'a>,
    society: &SocietyName,
    claimed: &BTreeSet<SocietyId>,
) -> impl Iterator<Item = SocietyId> {
    let spare =
        unmarked(input, claimed).filter(|other| is_untouched(other) && was_founded(input, society, other));
    spare.map(|other| other.id).collect::<BTreeSet<_>>().into_iter()
}

/// What is remembered of a society, under its name or its former one.
fn remembered<'a>(input: &Input<'a>, names: &[&SocietyName]) -> Option<&'a SocietyLedger> {
    names.iter().find_map(|name| input.ledger.societies.get(*name))
}

/// Whether nothing is in it but what founding it makes.
pub(super) fn is_untouched(society: &ObservedSociety) -> bool {
    society.key.is_some()
        && society.our_role == Role::Owner
        && society.members.is_empty()
        && society.items.is_empty()
        && society.collections.len() <= 1
}

/// Which society of Git it is, by its markers: that of `general`, else the first of the others.
pub(super) fn marked_as(society: &ObservedSociety) -> Option<&SocietyName> {
    let markers = || society.collections.iter().filter_map(|collection| collection.marker.as_ref());
    let general = markers().filter(|marker| marker.collection.as_str() == GENERAL).min();
    general.or_else(|| markers().min()).map(|marker| &marker.society)
}

fn here(
    input: &Input<'_>,
    names: &[&SocietyName],
    document: &Society,
    observed: &ObservedSociety,
    twice: usize,
) -> (SocietyPlan, Option<SocietyLedger>) {
    let society = names[0].clone();
    if observed.our_role != Role::Owner {
        return (
            blocked(&society, Finding::Demoted { society: society.clone() }),
            remembered(input, names).cloned(),
        );
    }
    if let Some(finding) = locked(&society, observed, remembered(input, names)) {
        return (blocked(&society, finding), remembered(input, names).cloned());
    }
    let mut planning = Planning::new(input, names, document, observed, remembered(input, names));
    if twice > 0 {
        planning.findings.push(Finding::SocietyTwice { society, count: twice + 1 });
    }
    let (plan, ledger) = planning.plan();
    (plan, Some(ledger))
}

/// Why nothing can be read in it, or nothing may be written: whoever gave it another key reads what is written then.
pub(super) fn locked(
    name: &SocietyName,
    observed: &ObservedSociety,
    remembered: Option<&SocietyLedger>,
) -> Option<Finding> {
    let society = name.clone();
    match (observed.key, remembered.and_then(|ledger| ledger.key)) {
        (None, _) => Some(Finding::Unreadable { society }),
        (Some(key), Some(first)) if key != first => Some(Finding::OtherSocietyKey { society }),
        (Some(_), _) => None,
    }
}

fn found(input: &Input<'_>, name: &SocietyName, document: &Society) -> SocietyPlan {
    let collection = founding(input.key, &input.union.name, name);
    let work = Work::Found { title: document.display_name.clone(), collection };
    SocietyPlan { name: name.clone(), work, members: Vec::new(), passwords: Vec::new(), findings: Vec::new() }
}

fn blocked(name: &SocietyName, finding: Finding) -> SocietyPlan {
    SocietyPlan {
        name: name.clone(),
        work: Work::Blocked,
        members: Vec::new(),
        passwords: Vec::new(),
        findings: vec![finding],
    }
}

/// The collection that is always there.
pub(super) fn general() -> CollectionName {
    GENERAL.parse().expect("a name of ours")
}
