//! Writes of this process under way, so that their echo in the watches is told from somebody else's change.

use super::{Memory, What};
use crate::cluster::seen::Seen;
use crate::ids::ResourceId;

impl Memory {
    /// Says that this process writes to a resource now, until the answer is entered.
    pub(in super::super) fn writing<'a>(&'a self, id: &'a ResourceId) -> Writing<'a> {
        self.known().writing.insert(id.clone(), Vec::new());
        Writing { memory: self, id, answer: None }
    }
}

/// A write of this process that is not answered yet. Ends with the answer, or without one when it is dropped.
pub(in super::super) struct Writing<'a> {
    memory: &'a Memory,
    id: &'a ResourceId,
    answer: Option<Seen>,
}

impl Writing<'_> {
    /// The server answered with this version; what it means is entered before the watch is listened to again.
    pub(in super::super) fn answered(mut self, seen: Seen) {
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
