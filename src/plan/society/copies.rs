//! Of several items with one marker, which one is ours: clients copy a marker when people *Clone* an item, and a server that
//! answers too late has made an item twice.
//!
//! Apart, since passwords that stay, those that go and societies that go ask alike. Invariants: what was once told apart as a
//! copy is never ours, also not when the one that it was copied of is gone; what may be a person's is a copy.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};

use super::marker::Marker;
use super::observed::{ObservedContent, ObservedItem, ObservedSociety};
use super::place::{Fingerprint, Slot};
use crate::ids::ItemId;

/// For how long a server may be making an item. What was changed later was changed by somebody.
const MADE: TimeDelta = TimeDelta::minutes(1);

/// An item with our marker.
#[derive(Clone, Copy)]
pub(super) struct Marked<'a> {
    pub(super) item: &'a ObservedItem,
    pub(super) marker: &'a Marker,
    /// Whether its tag shows that we wrote it.
    genuine: bool,
    pub(super) slots: &'a BTreeMap<Slot, Fingerprint>,
}

/// Items with one marker.
pub(super) struct Ours<'a> {
    /// The one that we made, if it is there.
    pub(super) ours: Option<Marked<'a>>,
    /// What we made beside it, and nobody has touched.
    pub(super) doubles: Vec<Marked<'a>>,
    /// What people made of it.
    pub(super) copies: Vec<Marked<'a>>,
}

/// All items with a marker.
pub(super) fn marked(society: &ObservedSociety) -> impl Iterator<Item = Marked<'_>> {
    society.items.iter().filter_map(|item| match &item.content {
        ObservedContent::Marked { marker, genuine, slots } => {
            Some(Marked { item, marker, genuine: *genuine, slots })
        }
        ObservedContent::Unmarked | ObservedContent::Broken => None,
    })
}

/// Ours is the one that is remembered; if none is, the oldest of those that we wrote and that are no known copies. If the
/// remembered one is gone, none is: what is made in its stead is made later. `known` are the copies that were told apart
/// before; `None`: nothing of the society is remembered.
pub(super) fn tell_apart<'a>(
    marked: Vec<Marked<'a>>,
    remembered: Option<ItemId>,
    known: Option<&BTreeSet<ItemId>>,
) -> Ours<'a> {
    let is_known = |one: &Marked<'_>| known.is_some_and(|copies| copies.contains(&one.item.id));
    let candidates = marked.iter().filter(|one| one.genuine && !is_known(one));
    let ours = match remembered {
        Some(id) => marked.iter().find(|one| one.item.id == id),
        None => candidates.min_by_key(|one| one.age()),
    };
    let ours = ours.copied();
    let others = marked.iter().filter(|one| ours.is_none_or(|ours| ours.item.id != one.item.id));
    // Who remembers nothing cannot tell one from a copy of what is gone.
    let is_double = |one: &Marked<'_>| {
        known.is_some_and(|copies| !copies.contains(&one.item.id))
            && one.is_first(&marked)
            && ours.is_some_and(|ours| one.is_double(&ours))
    };
    let (doubles, copies) = others.copied().partition(is_double);
    Ours { ours, doubles, copies }
}

impl Marked<'_> {
    fn age(&self) -> (DateTime<Utc>, ItemId) {
        (self.item.created, self.item.id)
    }

    /// Whether it is what was made; all others of its making were copied of it.
    fn is_first(&self, all: &[Marked<'_>]) -> bool {
        let same = all.iter().filter(|one| one.genuine && one.marker.making == self.marker.making);
        same.map(Marked::age).min() == Some(self.age())
    }

    /// Whether it is of another making than ours and as it was made: in the same place, with what was written, and nothing
    /// else. Who takes one out of the bin, where we put it, changes it.
    fn is_double(&self, ours: &Marked<'_>) -> bool {
        let (own, other) = (self.marker, ours.marker);
        let is_of_another_making =
            own.making.is_some() && other.making.is_some() && own.making != other.making;
        let untouched = self.item.deleted.is_some() || self.item.revised - self.item.created < MADE;
        let written = own.slots.iter().map(|(slot, applied)| (slot, &applied.fingerprint));
        self.genuine
            && ours.genuine
            && is_of_another_making
            && untouched
            && own.place == other.place
            && self.item.collections == ours.item.collections
            && self.slots.iter().eq(written)
    }
}
