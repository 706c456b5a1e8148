//! What the watches tell, and what of it is news.

use std::collections::HashMap;
use std::sync::MutexGuard;

use super::{Index, KindName, Known, Memory, Moved, What, id_of, key};
use crate::cluster::seen::Seen;
use crate::ids::ResourceId;
use crate::names::UnionName;

impl Memory {
    /// A kind is watched from now on: nothing of it is trusted before its first list is complete.
    pub(in super::super) fn watch(&self, kind: KindName) {
        self.known().watched.insert(kind);
    }

    /// A kind is not watched any more.
    pub(in super::super) fn unwatch(&self, kind: KindName) {
        let mut known = self.known();
        known.watched.remove(&kind);
        // A kind that the server does not serve was never seen: who rests, rests without it.
        if known.indexes.remove(&kind).is_some() {
            known.resting.clear();
        }
        drop(known);
        self.synced.notify_waiters();
    }

    /// Nothing is seen of a kind until its next list: what it shows is kept for comparison, and counts no more. A replica
    /// that is cut off would take its memory for the world otherwise, and release as current what somebody changed.
    pub(in super::super) fn blinded(&self, kind: KindName) {
        let mut known = self.known();
        known.blind.insert(kind);
        known.resting.clear();
    }

    /// Whether a kind was listed before.
    pub(in super::super) fn is_listed(&self, kind: KindName) -> bool {
        self.known().indexes.contains_key(&kind)
    }

    /// The watch shows this version.
    pub(in super::super) fn shown(&self, kind: KindName, id: ResourceId, seen: &Seen) {
        let mut known = self.known();
        let Some(index) = known.indexes.get_mut(&kind) else { return };
        let before = index.insert(key(&id), seen.clone());
        let moved = known.judge(&id, before.as_ref(), seen);
        self.tell(known, id, moved);
    }

    /// The watch says that this is gone.
    pub(in super::super) fn gone(&self, kind: KindName, id: ResourceId) {
        let mut known = self.known();
        let before = known.indexes.get_mut(&kind).and_then(|index| index.remove(&key(&id)));
        let moved = before.map(|_| What::Deleted);
        self.tell(known, id, moved);
    }

    /// The watch listed everything anew, the first time or after a gap: what moved meanwhile is told by comparing.
    pub(in super::super) fn listed(&self, kind: KindName, fresh: Index) {
        let mut known = self.known();
        let old = known.indexes.insert(kind, HashMap::new());
        let first = old.is_none();
        let mut old = old.unwrap_or_default();
        let mut moves = Vec::new();
        for (key, seen) in &fresh {
            let id = id_of(kind, key);
            let before = old.remove(key);
            // At the first list everything appears; start-up looks at all unions anyway.
            if first && !known.verified.contains_key(&id) {
                continue;
            }
            moves.push((id.clone(), known.judge(&id, before.as_ref(), seen)));
        }
        moves.extend(old.keys().map(|key| (id_of(kind, key), Some(What::Deleted))));
        known.indexes.insert(kind, fresh);
        known.blind.remove(&kind);
        drop(known);
        for (id, what) in moves {
            self.tell(self.known(), id, what);
        }
        self.synced.notify_waiters();
    }

    pub(super) fn tell(&self, mut known: MutexGuard<'_, Known>, id: ResourceId, what: Option<What>) {
        let Some(what) = what else { return };
        if what == What::Deleted {
            known.verified.remove(&id);
        }
        let Some(union) = self.union_of(&id) else { return };
        known.stirred(&union);
        known.outbox.entry(id).and_modify(|(_, told)| *told = what.max(*told)).or_insert((union, what));
        drop(known);
        self.moved.notify_one();
    }

    /// By the namespace, not by a label, which may have been removed by hand.
    pub(super) fn union_of(&self, id: &ResourceId) -> Option<UnionName> {
        let place = match &id.namespace {
            // Of the two that are kept for a union, the Secret has a name of its own.
            Some(namespace) if **namespace == *self.namespace && id.kind == "Secret" => {
                id.name.strip_suffix("-credentials")?
            }
            Some(namespace) if **namespace == *self.namespace => &id.name,
            Some(namespace) => namespace,
            None if id.kind == "Namespace" => &id.name,
            None => return None,
        };
        place.strip_prefix("union-")?.parse().ok()
    }

    /// The next thing that moved; waits for one.
    pub(in super::super) async fn next(&self) -> Moved {
        loop {
            if let Some((id, (union, what))) = self.known().outbox.pop_first() {
                return Moved { union, id, what };
            }
            self.moved.notified().await;
        }
    }

    /// All that moved and was not told yet.
    pub(in super::super) fn more(&self) -> Vec<Moved> {
        let outbox = std::mem::take(&mut self.known().outbox);
        outbox.into_iter().map(|(id, (union, what))| Moved { union, id, what }).collect()
    }

    /// Waits until every watch has its first list.
    pub(in super::super) async fn synced(&self) {
        loop {
            let synced = self.synced.notified();
            {
                let known = self.known();
                if known.watched.iter().all(|kind| known.indexes.contains_key(kind))
                    && known.foreign.is_listed()
                {
                    return;
                }
            }
            synced.await;
        }
    }
}

impl Known {
    /// Whether a version that the watch shows is news, and which.
    pub(super) fn judge(&mut self, id: &ResourceId, before: Option<&Seen>, seen: &Seen) -> Option<What> {
        if let Some(during) = self.writing.get_mut(id) {
            during.push(seen.clone());
            return None;
        }
        let verified = self.verified.get(id).map(|verified| &verified.seen);
        if [verified, before].into_iter().flatten().any(|known| known.same(seen)) {
            return None;
        }
        Some(match before.or(verified) {
            None => What::Appeared,
            Some(known) if known.same_but_status(seen) => What::Status,
            Some(_) => What::Spec,
        })
    }
}
