//! Collections: each once, under its marker and title; what people made is theirs.

use super::build::general;
use super::change::Change;
use super::finding::Finding;
use super::marker::{CollectionMarker, founding};
use super::observed::{ObservedCollection, ObservedContent};
use super::planning::Planning;
use crate::ids::CollectionId;
use crate::names::CollectionName;
use crate::spec::{GENERAL, Society};

/// As people see it.
pub(super) fn title<'a>(document: &'a Society, name: &'a str) -> &'a str {
    let listed = document.collections.iter().find(|collection| collection.name.as_str() == name);
    listed.map_or(name, |collection| collection.shown())
}

/// What has to be made or put right. What is there is known to the planning from here on.
pub(super) fn made(planning: &mut Planning<'_>) -> Vec<Change> {
    let document = planning.document;
    let listed = document.collections.iter().map(|collection| {
        // What another collection is called now is not what this one was called.
        let free = |former: &&CollectionName| document.collections.iter().all(|other| other.name != **former);
        (collection.name.clone(), collection.renamed_from.as_ref().filter(free))
    });
    let implied = document.collections.iter().all(|collection| collection.name.as_str() != GENERAL);
    let mut wanted: Vec<_> = listed.chain(implied.then(|| (general(), None))).collect();
    wanted.sort_by(|a, b| a.0.cmp(&b.0));
    let mut changes = Vec::new();
    for (name, former) in wanted {
        let marker = CollectionMarker { society: planning.name().clone(), collection: name.clone() };
        let title = title(document, name.as_str()).to_owned();
        let Some(found) = find(planning, &name, former) else {
            changes.push(Change::CreateCollection { marker, title });
            continue;
        };
        planning.ours.insert(found.id);
        planning.collections.insert(name.clone(), found.id);
        planning.ledger.collections.insert(name, found.id);
        if found.marker.as_ref() != Some(&marker) || found.title.as_ref() != Some(&title) {
            changes.push(Change::UpdateCollection { id: found.id, marker, title });
        }
    }
    let claimed = planning.ours.clone();
    let marked = planning.observed.collections.iter().filter(|collection| is_ours(planning, collection));
    let more: Vec<CollectionId> =
        marked.map(|collection| collection.id).filter(|id| !claimed.contains(id)).collect();
    planning.ours.extend(more);
    changes
}

/// The one that a name of the document is about.
fn find<'a>(
    planning: &mut Planning<'a>,
    name: &CollectionName,
    former: Option<&CollectionName>,
) -> Option<&'a ObservedCollection> {
    let observed = &planning.observed.collections;
    let names: Vec<&CollectionName> = [Some(name), former].into_iter().flatten().collect();
    let mut marked: Vec<&ObservedCollection> = Vec::new();
    for society in &planning.names {
        for name in &names {
            let is = |collection: &&ObservedCollection| {
                let marker = collection.marker.as_ref();
                marker.is_some_and(|marker| marker.society == *society && marker.collection == **name)
            };
            let mut found: Vec<_> = observed.iter().filter(is).collect();
            found.sort_by_key(|collection| collection.id);
            marked.extend(found);
        }
    }
    let remembered = names.iter().find_map(|name| planning.before.collections.get(*name));
    let known = remembered.and_then(|id| observed.iter().find(|collection| collection.id == *id));
    // Of two that are alike the one that is in use.
    let first = marked.first().copied();
    let is_like_it = |one: &&&ObservedCollection| first.is_some_and(|first| first.marker == one.marker);
    let in_use = marked.iter().filter(is_like_it).find(|one| !is_spare(planning, one)).copied();
    let found = known.or(in_use).or(first);
    let same = |collection: &&&ObservedCollection| {
        collection.marker.as_ref().is_some_and(|marker| marker.collection == *name)
    };
    let others = marked.iter().filter(same).filter(|other| Some(other.id) != found.map(|one| one.id));
    let twice = others.filter(|other| !is_spare(planning, other)).count();
    if twice > 0 {
        let (society, collection) = (planning.name().clone(), name.clone());
        planning.findings.push(Finding::CollectionTwice { society, collection, count: twice + 1 });
    }
    // What founding made and nobody has marked yet. Nothing else is ever taken for ours by its title.
    let founded = || {
        let title = founding(planning.input.key, &planning.input.union.name, planning.name());
        let titled = |collection: &&ObservedCollection| collection.title.as_ref() == Some(&title);
        observed.iter().find(titled).filter(|_| name.as_str() == GENERAL)
    };
    found.or_else(founded)
}

/// Whether its marker is one of this society, by its name or its former one.
fn is_ours(planning: &Planning<'_>, collection: &ObservedCollection) -> bool {
    collection.marker.as_ref().is_some_and(|marker| planning.names.contains(&marker.society))
}

/// Whether it is as we made it: under its title, with nothing in it, and seen by nobody but owners and admins.
fn is_spare(planning: &Planning<'_>, collection: &ObservedCollection) -> bool {
    let id = &collection.id;
    let has_its_title = collection.marker.as_ref().is_some_and(|marker| {
        collection.title.as_deref() == Some(title(planning.document, marker.collection.as_str()))
    });
    let observed = planning.observed;
    has_its_title
        && observed.items.iter().all(|item| !item.collections.contains(id))
        && observed.members.iter().all(|member| !member.access.contains_key(id))
}

/// What the document does not have any more and holds nothing of a person. Passwords that stay leave it first.
pub(super) fn removed(planning: &mut Planning<'_>) -> Vec<Change> {
    let kept: Vec<CollectionId> = planning.collections.values().copied().collect();
    let wanted = |marker: &CollectionMarker| planning.collections.contains_key(&marker.collection);
    let mut changes = Vec::new();
    let mut findings = Vec::new();
    let mut observed: Vec<&ObservedCollection> = planning.observed.collections.iter().collect();
    observed.sort_by_key(|collection| collection.id);
    for collection in observed.into_iter().filter(|collection| is_ours(planning, collection)) {
        let Some(marker) = collection.marker.clone() else { continue };
        if kept.contains(&collection.id) {
            continue;
        }
        if wanted(&marker) {
            // Of one that is in use is told: which of them is the right one, people know.
            if is_spare(planning, collection) {
                changes.push(Change::DeleteDoubleCollection { id: collection.id, marker });
            }
            continue;
        }
        let items = planning.observed.items.iter().filter(|item| item.collections.contains(&collection.id));
        let (mut theirs, mut ours) = (0, 0);
        for item in items {
            match &item.content {
                ObservedContent::Unmarked | ObservedContent::Broken => theirs += 1,
                ObservedContent::Marked { .. } if planning.ledger.copies.contains(&item.id) => theirs += 1,
                ObservedContent::Marked { .. } if item.deleted.is_none() => ours += 1,
                ObservedContent::Marked { .. } => {}
            }
        }
        if theirs > 0 {
            let (society, collection) = (planning.name().clone(), marker.collection);
            findings.push(Finding::CollectionKept { society, collection, items: theirs });
        } else if ours == 0 {
            changes.push(Change::DeleteCollection { id: collection.id, marker });
        }
    }
    planning.findings.extend(findings);
    changes
}
