//! What this process knows without asking: what was found equal to what is wanted, what the watches see, what moved.
//!
//! A shortcut, never the truth: nothing here is stored, losing it costs requests. An object that was found equal needs
//! no request while the watch still shows that version; our own writes are entered when they are answered, so that
//! their echo is told from somebody else's change.
//! Invariant: the lock is held for moments, never over a call. The outbox has at most one entry per resource, so it is
//! bounded by what we own and no watch ever waits for who reads it.

mod foreign;
mod kept;
mod rest;
mod watched;
mod writing;

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
