//! Passwords: made, written, moved, put into the bin and taken out of it.
//!
//! A text that Git knows, in the document or sealed, is put right wherever it differs. A generated one is drawn anew only
//! when its number is raised, or somebody who knew it has left and `keyforge.yaml` asks for that: what a person made of it
//! stays until then. Invariant: an item without our marker is never touched, and of several with one marker only the one that
//! we made (`copies`); what we made twice goes into the bin.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;

use super::build::general;
use super::change::Change;
use super::contents::{self, Content};
use super::copies::{self, Marked, Ours};
use super::finding::{Finding, PasswordStanding};
use super::members::Leaver;
use super::observed::ObservedContent;
use super::place::{Place, Slot};
use super::planning::Planning;
use super::slots::Slots;
use crate::ids::{CollectionId, ItemId};
use crate::spec::Password;

/// Plans all passwords of the society.
pub(super) fn plan(planning: &mut Planning<'_>, leavers: &[Leaver]) -> Vec<Change> {
    let mut changes = Vec::new();
    let mut claimed: BTreeSet<ItemId> = BTreeSet::new();
    let mut wanted: Vec<&Password> = planning.document.passwords.iter().collect();
    wanted.sort_by(|a, b| a.name.cmp(&b.name));
    for password in wanted {
        changes.extend(one(planning, password, leavers, &mut claimed));
    }
    changes.extend(removed(planning, &claimed));
    changes
}

fn one(
    planning: &mut Planning<'_>,
    password: &Password,
    leavers: &[Leaver],
    claimed: &mut BTreeSet<ItemId>,
) -> Vec<Change> {
    let places = contents::former(planning.input.union, planning.name(), password);
    let place = places[0].clone();
    let remembered = places.iter().find_map(|place| planning.before.passwords.get(&place.password)).copied();
    let observed = planning.observed;
    let item = |id| observed.items.iter().find(|item| item.id == id);
    if let Some(broken) = remembered.and_then(item).filter(|item| item.content == ObservedContent::Broken) {
        claimed.insert(broken.id);
        planning.ledger.passwords.insert(password.name.clone(), broken.id);
        planning.findings.push(Finding::Broken { place });
        return Vec::new();
    }
    let marked = copies::marked(observed).filter(|one| places.contains(&one.marker.place)).collect();
    let Ours { ours, doubles, copies } = copies::tell_apart(marked, remembered, planning.copies());
    claimed.extend(ours.iter().chain(&doubles).chain(&copies).map(|one| one.item.id));
    let mut changes = binned(&doubles);
    planning.ledger.copies.extend(copies.iter().map(|one| one.item.id));
    let count = copies.iter().filter(|one| one.item.deleted.is_none()).count();
    if count > 0 {
        planning.findings.push(Finding::Copied { place: place.clone(), count });
    }
    let into = password.collection.clone().unwrap_or_else(general);
    let collection = planning.collections.get(&into).copied();
    let value = ours.and_then(|ours| ours.marker.slots.get(&Slot::Value)).map(|applied| applied.origin);
    let name = password.name.clone();
    planning.passwords.push(PasswordStanding { name, collection: into, value });
    if let Some(ours) = ours {
        planning.ledger.passwords.insert(password.name.clone(), ours.item.id);
    }
    changes.extend(match (ours, collection) {
        // Its collection is made first.
        (_, None) => Vec::new(),
        (None, Some(collection)) => create(planning, place, collection).into_iter().collect(),
        (Some(ours), Some(collection)) => there(planning, place, ours, collection, leavers),
    });
    changes
}

/// What we made twice goes into the bin and stays there: somebody may have used it already.
fn binned(doubles: &[Marked<'_>]) -> Vec<Change> {
    let there = doubles.iter().filter(|double| double.item.deleted.is_none());
    there.map(|double| Change::BinDouble { id: double.item.id, place: double.marker.place.clone() }).collect()
}

/// It is made once all of its sealed texts open.
fn create(planning: &mut Planning<'_>, place: Place, collection: CollectionId) -> Option<Change> {
    let mut write = BTreeMap::new();
    let mut unopened = Vec::new();
    for (slot, content) in planning.input.contents.slots(&place) {
        match content {
            Content::Known { source, .. } | Content::Drawn(source) => {
                write.insert(slot.clone(), *source);
            }
            Content::Unopened(why) => {
                let (place, slot, why) = (place.clone(), slot.clone(), why.clone());
                unopened.push(Finding::Unopened { place, slot, why });
            }
        }
    }
    if unopened.is_empty() {
        return Some(Change::CreateItem { place, collection, write });
    }
    planning.findings.append(&mut unopened);
    None
}

fn there(
    planning: &mut Planning<'_>,
    place: Place,
    ours: Marked<'_>,
    collection: CollectionId,
    leavers: &[Leaver],
) -> Vec<Change> {
    let Marked { item, marker, slots: there, .. } = ours;
    let id = item.id;
    if item.deleted.is_some() {
        // What else it needs is seen at the next look: taking it out changes when it was changed last.
        return vec![Change::RestoreItem { id, place }];
    }
    let saw = |leaver: &&Leaver| item.collections.iter().any(|id| leaver.saw(*id));
    let saw: Vec<&Leaver> = leavers.iter().filter(saw).collect();
    let moved = marker.place != place;
    let mut slots = Slots::new(planning.input, &place, moved, saw);
    let mut remove: BTreeSet<Slot> = marker.slots.keys().cloned().collect();
    for (slot, content) in planning.input.contents.slots(&place) {
        remove.remove(slot);
        slots.decide(slot, content, marker.slots.get(slot).copied(), there.get(slot).copied());
    }
    let Slots { write, carry, mut findings, .. } = slots;
    planning.findings.append(&mut findings);
    let mut changes = Vec::new();
    if !remove.is_empty() || !write.is_empty() {
        let (place, revised) = (place.clone(), item.revised);
        changes.push(Change::UpdateItem { id, place, revised, write, remove, carry });
    }
    // What is in a collection of people's own stays in it.
    let theirs = item.collections.iter().filter(|id| !planning.ours.contains(id)).copied();
    let collections: BTreeSet<CollectionId> = theirs.chain([collection]).collect();
    if collections != item.collections {
        changes.push(Change::MoveItem { id, place, collections });
    }
    changes
}

/// What no document has any more: into the bin, and out of it after the society's days. What people copied stays.
fn removed(planning: &mut Planning<'_>, claimed: &BTreeSet<ItemId>) -> Vec<Change> {
    let is_here =
        |place: &Place| place.union == planning.input.union.name && planning.names.contains(&place.society);
    let mut places: BTreeMap<&Place, Vec<Marked<'_>>> = BTreeMap::new();
    for one in copies::marked(planning.observed) {
        if !claimed.contains(&one.item.id) && is_here(&one.marker.place) {
            places.entry(&one.marker.place).or_default().push(one);
        }
    }
    let kept = TimeDelta::days(i64::from(planning.ledger.kept_days));
    let mut changes = Vec::new();
    for (place, marked) in places {
        let remembered = planning.before.passwords.get(&place.password).copied();
        let Ours { ours, doubles, copies } = copies::tell_apart(marked, remembered, planning.copies());
        changes.extend(binned(&doubles));
        planning.ledger.copies.extend(copies.iter().map(|one| one.item.id));
        let Some(ours) = ours else { continue };
        let (id, name) = (ours.item.id, place.clone());
        match ours.item.deleted {
            None => changes.push(Change::BinItem { id, place: name }),
            Some(since) if since + kept <= planning.input.now => {
                changes.push(Change::PurgeItem { id, place: name });
            }
            Some(_) => {}
        }
        // Remembered until it is gone, so that a copy is not taken for it.
        planning.ledger.passwords.entry(place.password.clone()).or_insert(id);
    }
    changes
}
