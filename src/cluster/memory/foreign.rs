//! Objects in unions' namespaces that are not ours, as their watches tell them.
//!
//! Only these are kept: what is ours, or made for what is ours, costs nothing here. A new one makes its union due, and so
//! does the end of one, so that what is told of the union is true without looking at all namespaces.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::{KindName, Memory, What};
use crate::ids::{FieldManager, ResourceId};
use crate::names::UnionName;

/// What is not ours.
#[derive(Default)]
pub(super) struct Foreign {
    /// Each with who made it.
    objects: HashMap<UnionName, BTreeMap<ResourceId, FieldManager>>,
    /// Kinds that are watched, whether or not their first list is complete.
    watched: HashSet<KindName>,
    listed: HashSet<KindName>,
}

impl Foreign {
    /// Whether every watch has its first list.
    pub(super) fn is_listed(&self) -> bool {
        self.watched.is_subset(&self.listed)
    }

    /// Whether that is news.
    fn enter(&mut self, union: UnionName, id: ResourceId, by: FieldManager) -> bool {
        self.objects.entry(union).or_default().insert(id, by).is_none()
    }

    fn leave(&mut self, union: &UnionName, id: &ResourceId) -> bool {
        let Some(objects) = self.objects.get_mut(union) else { return false };
        let was_there = objects.remove(id).is_some();
        if objects.is_empty() {
            self.objects.remove(union);
        }
        was_there
    }
}

impl Memory {
    /// What stands in a union's namespace and is not ours, with who made it; `None` while that is not known.
    pub(in super::super) fn foreign(&self, union: &UnionName) -> Option<BTreeMap<ResourceId, FieldManager>> {
        let known = self.known();
        let known =
            (!known.foreign.watched.is_empty() && known.foreign.is_listed()).then_some(&known.foreign)?;
        Some(known.objects.get(union).cloned().unwrap_or_default())
    }

    /// A kind is watched for what is not ours.
    pub(in super::super) fn watch_foreign(&self, kind: KindName) {
        self.known().foreign.watched.insert(kind);
    }

    /// It is not any more: nothing of it is known.
    pub(in super::super) fn unwatch_foreign(&self, kind: KindName) {
        let mut known = self.known();
        known.foreign.watched.remove(&kind);
        known.foreign.listed.remove(&kind);
        drop(known);
        self.synced.notify_waiters();
    }

    /// The watch shows this object, which is not ours.
    pub(in super::super) fn shown_foreign(&self, id: ResourceId, by: FieldManager) {
        let Some(union) = self.union_of(&id) else { return };
        let mut known = self.known();
        let news = known.foreign.enter(union, id.clone(), by);
        self.tell(known, id, news.then_some(What::Appeared));
    }

    /// The watch says that this is gone, or ours.
    pub(in super::super) fn gone_foreign(&self, id: &ResourceId) {
        let Some(union) = self.union_of(id) else { return };
        let mut known = self.known();
        let news = known.foreign.leave(&union, id);
        self.tell(known, id.clone(), news.then_some(What::Deleted));
    }

    /// The watch listed all that is not ours anew.
    pub(in super::super) fn listed_foreign(&self, kind: KindName, fresh: BTreeMap<ResourceId, FieldManager>) {
        let gone: Vec<ResourceId> = {
            let mut known = self.known();
            known.foreign.listed.insert(kind);
            let of_kind = |id: &&ResourceId| (id.api_version.as_str(), id.kind.as_str()) == kind;
            let before = known.foreign.objects.values().flat_map(BTreeMap::keys).filter(of_kind);
            before.filter(|id| !fresh.contains_key(*id)).cloned().collect()
        };
        gone.iter().for_each(|id| self.gone_foreign(id));
        fresh.into_iter().for_each(|(id, by)| self.shown_foreign(id, by));
        self.synced.notify_waiters();
    }
}
