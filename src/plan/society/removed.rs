//! Societies that no document has any more: their people are kept out at once, the rest goes after its days.
//!
//! What people made in one is theirs: while such items are in it, it stays, until somebody approves that they go too.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;

use super::build::{Input, locked, marked_as};
use super::change::{Change, SocietyPlan, Work};
use super::copies::{self, Marked, Ours};
use super::finding::{Finding, Standing};
use super::ledger::{Left, SocietyLedger};
use super::members::{made, person, remember, state};
use super::observed::{MemberStatus, ObservedSociety};
use super::place::Place;
use crate::ids::SocietyId;
use crate::names::SocietyName;
use crate::outcome::Actor;
use crate::plan::guards::{Destructive, Guard, GuardKind};
use crate::spec::{DeletionPolicy, Role};

/// What is there, was ours, and is in no document: remembered, or marked for a society that no document has.
pub(super) fn societies<'a>(
    input: &Input<'a>,
    claimed: &BTreeSet<SocietyId>,
) -> BTreeMap<SocietyName, &'a ObservedSociety> {
    let mut found = BTreeMap::new();
    let mut observed: Vec<_> =
        input.observed.societies.iter().filter(|society| !claimed.contains(&society.id)).collect();
    observed.sort_by_key(|society| society.id);
    for society in observed {
        let remembered = input.ledger.societies.iter().find(|(_, ledger)| ledger.id == society.id);
        let Some(name) = remembered.map(|(name, _)| name).or_else(|| marked_as(society)) else { continue };
        if !input.union.societies.contains_key(name) {
            found.entry(name.clone()).or_insert(society);
        }
    }
    found
}

/// What is done about one of them.
pub(super) fn plan(
    input: &Input<'_>,
    name: &SocietyName,
    observed: &ObservedSociety,
) -> (SocietyPlan, SocietyLedger, Option<Guard>) {
    let now = input.now;
    let deletion = &input.union.spec.deletion;
    let union_days = if deletion.policy == DeletionPolicy::Retain { deletion.days } else { 0 };
    let before = input.ledger.societies.get(name).filter(|ledger| ledger.id == observed.id);
    let mut ledger = before
        .cloned()
        .unwrap_or_else(|| SocietyLedger { kept_days: union_days, ..SocietyLedger::new(observed.id) });
    let removed_at = *ledger.removed_at.get_or_insert(now);
    let blocked = |finding, ledger| {
        let (name, work, findings) = (name.clone(), Work::Blocked, vec![finding]);
        (SocietyPlan { name, work, members: Vec::new(), passwords: Vec::new(), findings }, ledger, None)
    };
    if observed.our_role != Role::Owner {
        return blocked(Finding::Demoted { society: name.clone() }, ledger);
    }
    if let Some(finding) = locked(name, observed, Some(&ledger)) {
        return blocked(finding, ledger);
    }
    let ends = removed_at + TimeDelta::days(i64::from(ledger.kept_days));
    let (mut changes, mut findings, mut members) = (Vec::new(), Vec::new(), Vec::new());
    let mut people: Vec<_> = observed.members.iter().collect();
    people.sort_by(|a, b| a.address.cmp(&b.address));
    for member in people {
        let ours = made(&ledger.members, &input.ledger.made, member);
        let mut entry = remember(ledger.members.get(&member.address), member, ours, state(member), now);
        let (mut why, mut must_act) =
            (format!("the society was removed; it goes after {}", ends.format("%F")), Actor::Keyforge);
        if !ours && member.status != MemberStatus::Revoked {
            (why, must_act) = ("is in no document of Keyforge's".to_owned(), Actor::Officer);
            findings.push(Finding::Unlisted { society: name.clone(), address: member.address.clone() });
        } else if member.status != MemberStatus::Revoked {
            changes.push(Change::Revoke(person(member)));
            entry.left = Some(Left { at: now, knew: member.status == MemberStatus::Confirmed });
        }
        let (state, since) = entry.state.unwrap_or((state(member), now));
        members.push(Standing {
            address: member.address.clone(),
            role: member.role,
            access: BTreeMap::new(),
            state,
            since,
            listed: false,
            until: None,
            why: Some(why),
            must_act: Some(must_act),
        });
        ledger.members.insert(member.address.clone(), entry);
    }
    let nobody_is_left = findings.is_empty();
    let mut awaiting = None;
    if ends <= now {
        let items = theirs(observed, before);
        awaiting = waits(input, name, items)
            .filter(|guard| nobody_is_left && !input.ledger.approved.contains(&guard.digest));
        if items > 0 && (awaiting.is_some() || !nobody_is_left) {
            findings.push(Finding::SocietyKept { society: name.clone(), items });
        } else if nobody_is_left {
            changes.push(Change::DeleteSociety { title: observed.title.clone() });
        }
    }
    findings.sort();
    let work = Work::Change(observed.id, changes);
    (SocietyPlan { name: name.clone(), work, members, passwords: Vec::new(), findings }, ledger, awaiting)
}

/// What has to be approved before so many items of people go: one more of them is another matter.
fn waits(input: &Input<'_>, society: &SocietyName, items: usize) -> Option<Guard> {
    let why = format!("society `{society}` is to be deleted now and holds what people made in it ({items})");
    let items = (items > 0).then(|| Destructive::Items { society: society.clone(), items });
    Guard::new(GuardKind::ItemsOfPeople, Some(&input.union.name), items.into_iter().collect(), why)
}

/// How many items in it are not of Keyforge: without a marker, or copied of one with it; the bin included.
fn theirs(observed: &ObservedSociety, before: Option<&SocietyLedger>) -> usize {
    let mut places: BTreeMap<&Place, Vec<Marked<'_>>> = BTreeMap::new();
    for one in copies::marked(observed) {
        places.entry(&one.marker.place).or_default().push(one);
    }
    let ours = places.into_iter().map(|(place, marked)| {
        let remembered = before.and_then(|ledger| ledger.passwords.get(&place.password)).copied();
        let known = before.map(|ledger| &ledger.copies);
        let Ours { ours, doubles, .. } = copies::tell_apart(marked, remembered, known);
        usize::from(ours.is_some()) + doubles.len()
    });
    observed.items.len() - ours.sum::<usize>()
}
