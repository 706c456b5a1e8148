//! What is remembered of what no watch looks at: the server, the controller's own facts, the Secrets that documents name, the
//! installation's lease.

use tokio::time::Instant;

use super::{Memory, UNWATCHED_LASTS, key};
use crate::cluster::credentials::ControllerFacts;
use crate::cluster::references::Referenced;
use crate::cluster::server::Server;
use crate::desired::Reference;
use crate::ids::ResourceId;
use crate::names::UnionName;

impl Memory {
    /// The server and cluster that were found last.
    pub(in super::super) fn server(&self) -> Option<Server> {
        self.known().server.clone()
    }

    /// This server answers. Another version has other defaults, another cluster other objects: nothing that was
    /// verified holds there.
    pub(in super::super) fn identified(&self, server: &Server) {
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
    pub(in super::super) fn controller(
        &self,
        union: &UnionName,
        record: &ResourceId,
    ) -> Option<ControllerFacts> {
        let known = self.known();
        let (facts, at) = known.controllers.get(union)?;
        let shown = known.index_of(record)?.get(&key(record)).map(|seen| &*seen.version);
        (at.elapsed() < UNWATCHED_LASTS && shown == facts.record_version()).then(|| facts.clone())
    }

    /// What the controller keeps about a union, as just read. Other numbers mean that another replica drew.
    pub(in super::super) fn learn(&self, union: &UnionName, facts: ControllerFacts) {
        let changed =
            self.known().controllers.get(union).is_some_and(|(old, _)| old.admin_token != facts.admin_token);
        if changed {
            self.forget_union(union);
        }
        self.known().controllers.insert(union.clone(), (facts, Instant::now()));
    }

    /// The controller's facts were changed by us or refused by the server: read them again.
    pub(in super::super) fn unlearn(&self, union: &UnionName) {
        let mut known = self.known();
        known.controllers.remove(union);
        known.stirred(union);
    }

    /// The same, if this is one of the controller's own objects.
    pub(in super::super) fn unlearn_kept(&self, id: &ResourceId) {
        if id.namespace.as_deref() == Some(&*self.namespace)
            && let Some(union) = self.union_of(id)
        {
            self.unlearn(&union);
        }
    }

    /// What was found of the Secrets that a document names, if these were looked at not long ago and all were usable.
    pub(in super::super) fn referenced(
        &self,
        union: &UnionName,
        references: &[Reference],
    ) -> Option<Referenced> {
        if references.is_empty() {
            return Some(Referenced::default());
        }
        let known = self.known();
        let (asked, found, at) = known.references.get(union)?;
        (asked == references && at.elapsed() < UNWATCHED_LASTS).then(|| found.clone())
    }

    /// What was found of the Secrets that a document names. What is unusable is looked at again every time, since
    /// somebody is about to mend it.
    pub(in super::super) fn learn_references(
        &self,
        union: &UnionName,
        asked: &[Reference],
        found: &Referenced,
    ) {
        let references = &mut self.known().references;
        if found.unusable.is_empty() {
            references.insert(union.clone(), (asked.to_vec(), found.clone(), Instant::now()));
        } else {
            references.remove(union);
        }
    }

    /// The Secrets that a document names are read again.
    pub(in super::super) fn unlearn_references(&self, union: &UnionName) {
        self.known().references.remove(union);
    }

    /// The installation's lease lasts until then.
    pub(in super::super) fn held_until(&self, end: Instant) {
        self.known().held = Some(end);
    }

    /// Until when the installation's lease lasts, if there is one.
    pub(in super::super) fn held(&self) -> Option<Instant> {
        self.known().held
    }
}
