//! What this process knows without asking: what was found equal to what is wanted, what the watches see, what moved.
//!
//! A shortcut, never the truth: nothing here is stored, losing it costs requests. An object that was found equal needs
//! no request while the watch still shows that version; our own writes are entered when they are answered, so that
//! their echo is told from somebody else's change.
//! Invariant: the lock is held for moments, never over a call. The outbox has at most one entry per resource, so it is
//! bounded by what we own and no watch ever waits for who reads it.

mod foreign;
mod rest;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use super::credentials::ControllerFacts;
use super::references::Referenced;
use super::seen::Seen;
use super::server::Server;
use crate::desired::{Manifest, Reference};
use crate::digest::Digest;
use crate::health::Health;
use crate::ids::{ResourceId, Uid};
use crate::names::UnionName;

/// Everything is looked at again after this time, whatever the watches say.
const VERIFIED_LASTS: Duration = Duration::from_secs(24 * 3600);
/// What no watch looks at (Secrets) is looked at again after this time.
const UNWATCHED_LASTS: Duration = Duration::from_secs(30 * 60);

/// Something moved that belongs to a union.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// Which union.
    pub union: UnionName,
    /// Which resource.
    pub id: ResourceId,
    /// How.
    pub what: What,
}

/// How something moved. Several moves of one resource are told as the greatest of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// Its status: of interest to who waits for health.
    Status,
    /// It was made, not by this process.
    Appeared,
    /// Its content or metadata, not by this process.
    Spec,
    /// It is gone, or carries our label no more.
    Deleted,
}

/// A kind: API version and kind.
pub(super) type KindName = (&'static str, &'static str);

/// What one watch sees: by namespace and name.
pub(super) type Index = HashMap<(Box<str>, Box<str>), Seen>;

/// Found equal to what is wanted.
struct Verified {
    desired: Digest,
    seen: Seen,
    content: Digest,
    health: Health,
    /// When the server last compared it for us.
    at: Instant,
    /// When it was last read; `None`: the next look reads it.
    read: Option<Instant>,
}

/// Found equal, and until when that counts.
struct Trusted<'a> {
    verified: &'a Verified,
    until: Instant,
}

/// What this process knows.
pub(super) struct Memory {
    namespace: Arc<str>,
    known: Mutex<Known>,
    moved: Notify,
    synced: Notify,
}

#[derive(Default)]
struct Known {
    verified: HashMap<ResourceId, Verified>,
    controllers: HashMap<UnionName, (ControllerFacts, Instant)>,
    resting: rest::Resting,
    references: HashMap<UnionName, (Vec<Reference>, Referenced, Instant)>,
    indexes: HashMap<KindName, Index>,
    /// Kinds that are watched, whether or not their first list is complete.
    watched: HashSet<KindName>,
    /// Those of which nothing is seen until the next list.
    blind: HashSet<KindName>,
    foreign: foreign::Foreign,
    /// Resources that this process is writing to, with the versions that the watch showed meanwhile.
    writing: HashMap<ResourceId, Vec<Seen>>,
    outbox: BTreeMap<ResourceId, (UnionName, What)>,
    server: Option<Server>,
    /// Until when the installation's lease is held; `None` if none was taken.
    held: Option<Instant>,
}

impl Memory {
    pub(super) fn new(namespace: Arc<str>) -> Self {
        Self { namespace, known: Mutex::default(), moved: Notify::new(), synced: Notify::new() }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        // A panic elsewhere leaves a map that is whole: entries are replaced, never half-written.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Uid and health of a manifest that needs no request. One that is not healthy is always looked at.
    pub(super) fn trusted(&self, want: &Manifest) -> Option<(Uid, Health)> {
        let known = self.known();
        let verified = known.trusted(want)?.verified;
        Some((verified.seen.uid.clone(), verified.health.clone()))
    }

    /// Whether an object that was just read has the very content that was found equal for this manifest.
    pub(super) fn still_equal(&self, want: &Manifest, uid: &Uid, content: &Digest) -> bool {
        self.known().verified.get(&want.id).is_some_and(|verified| {
            verified.desired == want.digest
                && verified.seen.uid == *uid
                && verified.content == *content
                && verified.at.elapsed() < VERIFIED_LASTS
        })
    }

    /// This version is equal to what is wanted.
    pub(super) fn verified(&self, want: &Manifest, seen: Seen, content: Digest, health: Health) {
        let mut known = self.known();
        // Read again and equal: the time of the last dry-run stays.
        let at = match known.verified.get(&want.id) {
            Some(old) if old.desired == want.digest && old.content == content => old.at,
            _ => Instant::now(),
        };
        let read = Some(Instant::now());
        let verified = Verified { desired: want.digest, seen, content, health, at, read };
        known.verified.insert(want.id.clone(), verified);
    }

    /// The uid of what was found equal, if the watch shows nothing else.
    pub(super) fn uid(&self, id: &ResourceId) -> Option<Uid> {
        let known = self.known();
        let verified = known.verified.get(id)?;
        let seen = known.index_of(id)?.get(&key(id))?;
        (seen.uid == verified.seen.uid).then(|| seen.uid.clone())
    }

    /// Nothing is known of this resource any more.
    pub(super) fn forget(&self, id: &ResourceId) {
        self.known().verified.remove(id);
    }

    /// The next look reads what no watch looks at, since somebody asks for what is there now.
    pub(super) fn reread(&self, union: &UnionName) {
        let mut known = self.known();
        let Known { verified, watched, .. } = &mut *known;
        let namespace = union.namespace();
        for (id, verified) in verified.iter_mut().filter(|(id, _)| id.namespace.as_ref() == Some(&namespace))
        {
            if !watched.contains(&(id.api_version.as_str(), id.kind.as_str())) {
                verified.read = None;
            }
        }
        known.controllers.remove(union);
        known.references.remove(union);
    }

    /// Nothing is known of this union any more: its secret values changed.
    pub(super) fn forget_union(&self, union: &UnionName) {
        let mut known = self.known();
        known.stirred(union);
        let namespace = union.namespace();
        known.verified.retain(|id, _| id.namespace.as_ref() != Some(&namespace));
        known.controllers.remove(union);
    }

    /// The server and cluster that were found last.
    pub(super) fn server(&self) -> Option<Server> {
        self.known().server.clone()
    }

    /// This server answers. Another version has other defaults, another cluster other objects: nothing that was
    /// verified holds there.
    pub(super) fn identified(&self, server: &Server) {
        let mut known = self.known();
        if known.server.as_ref().is_some_and(|before| before != server) {
            known.verified.clear();
            known.controllers.clear();
            known.resting.clear();
            known.references.clear();
        }
        known.server = Some(server.clone());
    }

    /// What the controller keeps about a union, if it was read not long ago and its state object has not moved.
    pub(super) fn controller(&self, union: &UnionName, record: &ResourceId) -> Option<ControllerFacts> {
        let known = self.known();
        let (facts, at) = known.controllers.get(union)?;
        let shown = known.index_of(record)?.get(&key(record)).map(|seen| &*seen.version);
        (at.elapsed() < UNWATCHED_LASTS && shown == facts.record_version()).then(|| facts.clone())
    }

    /// What the controller keeps about a union, as just read. Other numbers mean that another replica drew.
    pub(super) fn learn(&self, union: &UnionName, facts: ControllerFacts) {
        let changed =
            self.known().controllers.get(union).is_some_and(|(old, _)| old.admin_token != facts.admin_token);
        if changed {
            self.forget_union(union);
        }
        self.known().controllers.insert(union.clone(), (facts, Instant::now()));
    }

    /// The controller's facts were changed by us or refused by the server: read them again.
    pub(super) fn unlearn(&self, union: &UnionName) {
        let mut known = self.known();
        known.controllers.remove(union);
        known.stirred(union);
    }

    /// The same, if this is one of the controller's own objects.
    pub(super) fn unlearn_kept(&self, id: &ResourceId) {
        if id.namespace.as_deref() == Some(&*self.namespace)
            && let Some(union) = self.union_of(id)
        {
            self.unlearn(&union);
        }
    }

    /// What was found of the Secrets that a document names, if these were looked at not long ago and all were usable.
    pub(super) fn referenced(&self, union: &UnionName, references: &[Reference]) -> Option<Referenced> {
        if references.is_empty() {
            return Some(Referenced::default());
        }
        let known = self.known();
        let (asked, found, at) = known.references.get(union)?;
        (asked == references && at.elapsed() < UNWATCHED_LASTS).then(|| found.clone())
    }

    /// What was found of the Secrets that a document names. What is unusable is looked at again every time, since
    /// somebody is about to mend it.
    pub(super) fn learn_references(&self, union: &UnionName, asked: &[Reference], found: &Referenced) {
        let references = &mut self.known().references;
        if found.unusable.is_empty() {
            references.insert(union.clone(), (asked.to_vec(), found.clone(), Instant::now()));
        } else {
            references.remove(union);
        }
    }

    /// The Secrets that a document names are read again.
    pub(super) fn unlearn_references(&self, union: &UnionName) {
        self.known().references.remove(union);
    }

    /// The installation's lease lasts until then.
    pub(super) fn held_until(&self, end: Instant) {
        self.known().held = Some(end);
    }

    /// Until when the installation's lease lasts, if there is one.
    pub(super) fn held(&self) -> Option<Instant> {
        self.known().held
    }

    /// Says that this process writes to a resource now, until the answer is entered.
    pub(super) fn writing<'a>(&'a self, id: &'a ResourceId) -> Writing<'a> {
        self.known().writing.insert(id.clone(), Vec::new());
        Writing { memory: self, id, answer: None }
    }

    // What the watches tell.

    /// A kind is watched from now on: nothing of it is trusted before its first list is complete.
    pub(super) fn watch(&self, kind: KindName) {
        self.known().watched.insert(kind);
    }

    /// A kind is not watched any more.
    pub(super) fn unwatch(&self, kind: KindName) {
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
    pub(super) fn blinded(&self, kind: KindName) {
        let mut known = self.known();
        known.blind.insert(kind);
        known.resting.clear();
    }

    /// Whether a kind was listed before.
    pub(super) fn is_listed(&self, kind: KindName) -> bool {
        self.known().indexes.contains_key(&kind)
    }

    /// The watch shows this version.
    pub(super) fn shown(&self, kind: KindName, id: ResourceId, seen: &Seen) {
        let mut known = self.known();
        let Some(index) = known.indexes.get_mut(&kind) else { return };
        let before = index.insert(key(&id), seen.clone());
        let moved = known.judge(&id, before.as_ref(), seen);
        self.tell(known, id, moved);
    }

    /// The watch says that this is gone.
    pub(super) fn gone(&self, kind: KindName, id: ResourceId) {
        let mut known = self.known();
        let before = known.indexes.get_mut(&kind).and_then(|index| index.remove(&key(&id)));
        let moved = before.map(|_| What::Deleted);
        self.tell(known, id, moved);
    }

    /// The watch listed everything anew, the first time or after a gap: what moved meanwhile is told by comparing.
    pub(super) fn listed(&self, kind: KindName, fresh: Index) {
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

    fn tell(&self, mut known: MutexGuard<'_, Known>, id: ResourceId, what: Option<What>) {
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
    fn union_of(&self, id: &ResourceId) -> Option<UnionName> {
        let place = match &id.namespace {
            Some(namespace) if **namespace == *self.namespace => &id.name,
            Some(namespace) => namespace,
            None if id.kind == "Namespace" => &id.name,
            None => return None,
        };
        place.strip_prefix("union-")?.parse().ok()
    }

    /// The next thing that moved; waits for one.
    pub(super) async fn next(&self) -> Moved {
        loop {
            if let Some((id, (union, what))) = self.known().outbox.pop_first() {
                return Moved { union, id, what };
            }
            self.moved.notified().await;
        }
    }

    /// Waits until every watch has its first list.
    pub(super) async fn synced(&self) {
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
    fn index_of<'a>(&'a self, id: &'a ResourceId) -> Option<&'a Index> {
        let kind = (id.api_version.as_str(), id.kind.as_str());
        self.indexes.get(&kind).filter(|_| !self.blind.contains(&kind))
    }

    fn is_watched(&self, id: &ResourceId) -> bool {
        self.watched.contains(&(id.api_version.as_str(), id.kind.as_str()))
    }

    /// What was found equal to a manifest and counts still.
    fn trusted(&self, want: &Manifest) -> Option<Trusted<'_>> {
        let verified = self.verified.get(&want.id)?;
        let current = verified.health == Health::Current && verified.desired == want.digest;
        let compared = verified.at + VERIFIED_LASTS;
        let until = match self.index_of(&want.id) {
            Some(index) => {
                let seen = index.get(&key(&want.id))?;
                (!seen.deleting && seen.same(&verified.seen)).then_some(compared)?
            }
            None if self.is_watched(&want.id) => return None,
            None => compared.min(verified.read? + UNWATCHED_LASTS),
        };
        (current && Instant::now() < until).then_some(Trusted { verified, until })
    }

    /// Whether a version that the watch shows is news, and which.
    fn judge(&mut self, id: &ResourceId, before: Option<&Seen>, seen: &Seen) -> Option<What> {
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

/// A write of this process that is not answered yet. Ends with the answer, or without one when it is dropped.
pub(super) struct Writing<'a> {
    memory: &'a Memory,
    id: &'a ResourceId,
    answer: Option<Seen>,
}

impl Writing<'_> {
    /// The server answered with this version; what it means is entered before the watch is listened to again.
    pub(super) fn answered(mut self, seen: Seen) {
        self.answer = Some(seen);
    }
}

impl Drop for Writing<'_> {
    fn drop(&mut self) {
        let mut known = self.memory.known();
        let during = known.writing.remove(self.id).unwrap_or_default();
        let Some(last) = during.last() else { return };
        let what = match &self.answer {
            // Ours is still to come, and is known when it does.
            Some(answer) if !during.iter().any(|seen| seen.same(answer)) => None,
            Some(answer) if last.same(answer) => None,
            Some(answer) if last.same_but_status(answer) => Some(What::Status),
            _ => Some(What::Spec),
        };
        self.memory.tell(known, self.id.clone(), what);
    }
}

fn key(id: &ResourceId) -> (Box<str>, Box<str>) {
    (id.namespace.as_deref().unwrap_or_default().into(), id.name.as_str().into())
}

fn id_of(kind: KindName, (namespace, name): &(Box<str>, Box<str>)) -> ResourceId {
    ResourceId {
        kind: kind.1.into(),
        namespace: (!namespace.is_empty()).then(|| namespace.to_string()),
        name: name.to_string(),
        api_version: kind.0.into(),
    }
}

#[cfg(test)]
mod tests;
