//! Of several items with one marker, which one is ours: clients copy a marker when people *Clone* an item.
//!
//! Apart, since passwords that stay, those that go and societies that go ask alike. Invariant: what was once told apart as a
//! copy is never ours, also not when the one that it was copied of is gone.

use std::collections::{BTreeMap, BTreeSet};

use super::marker::Marker;
use super::observed::{ObservedContent, ObservedItem, ObservedSociety};
use super::place::{Fingerprint, Slot};
use crate::ids::ItemId;

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
/// remembered one is gone, none is: what is made in its stead is made later.
pub(super) fn tell_apart<'a>(
    marked: Vec<Marked<'a>>,
    remembered: Option<ItemId>,
    known: &BTreeSet<ItemId>,
) -> Ours<'a> {
    let candidates = marked.iter().filter(|one| one.genuine && !known.contains(&one.item.id));
    let ours = match remembered {
        Some(id) => marked.iter().find(|one| one.item.id == id),
        None => candidates.min_by_key(|one| (one.item.created, one.item.id)),
    };
    let ours = ours.copied();
    let is_copy = |one: &Marked<'_>| ours.is_none_or(|ours| ours.item.id != one.item.id);
    Ours { ours, copies: marked.into_iter().filter(is_copy).collect() }
}
