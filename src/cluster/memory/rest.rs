//! Unions at rest: all of theirs was found as it is wanted, and nothing of it moved since.
//!
//! A mark per union, so that looking at thousands of unchanged unions takes no look at their objects. It is set while
//! every object is trusted, and goes with the first thing that could end that.

use std::collections::HashMap;

use tokio::time::Instant;

use super::{Known, Memory, UNWATCHED_LASTS};
use crate::cluster::Cluster;
use crate::desired::DesiredState;
use crate::digest::Digest;
use crate::names::UnionName;

/// What is at rest.
pub(super) type Resting = HashMap<UnionName, Mark>;

/// One union at rest.
pub(super) struct Mark {
    /// What its desired state was made from.
    input: Digest,
    /// When the first of its objects has to be looked at again.
    until: Instant,
}

impl Cluster {
    /// Marks a union as resting, if everything it wants is trusted at this moment.
    pub fn rests(&self, desired: &DesiredState, input: Digest) {
        let record = self.record_id(&desired.union);
        if self.memory.controller(&desired.union, &record).is_some() {
            self.memory.rests(desired, input);
        }
    }

    /// Those of the unions that rest with this input.
    pub fn at_rest(&self, unions: Vec<(UnionName, Digest)>) -> Vec<UnionName> {
        let known = self.memory.known();
        let now = Instant::now();
        let rests = |(union, input): &(UnionName, Digest)| {
            known.resting.get(union).is_some_and(|mark| mark.input == *input && now < mark.until)
        };
        unions.into_iter().filter(rests).map(|(union, _)| union).collect()
    }
}

impl Memory {
    fn rests(&self, desired: &DesiredState, input: Digest) {
        let mut known = self.known();
        let objects = desired.manifests.iter().map(|want| Some(known.trusted(want)?.until));
        // Nor are Secrets watched that the document names.
        let named = known.references.get(&desired.union).map(|(_, _, at)| Some(*at + UNWATCHED_LASTS));
        let until = objects.chain(named).min().flatten();
        if let Some(until) = until {
            known.resting.insert(desired.union.clone(), Mark { input, until });
        }
    }
}

impl Known {
    /// Something of this union is not as it was.
    pub(super) fn stirred(&mut self, union: &UnionName) {
        self.resting.remove(union);
    }
}
