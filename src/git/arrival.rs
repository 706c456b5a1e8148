//! Which revision brought a commit that never was the head of the followed branch itself.
//!
//! Separate from `blame`, which asks it of lines: here a person names the commit. Bounded by the number of revisions, of which
//! one in each half that is left is looked at, since each has all that those before it have.

use git2::{Commit, Oid, Repository};

use super::Error;
use super::mirror::{Halt, Mirror, object_id, oid};
use super::storage::Stop;
use crate::revision::{ObjectId, Revision, ShortId};

/// A commit, and the revision that brought it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrival {
    /// In full.
    pub commit: ObjectId,
    /// The first revision that has it.
    pub with: ObjectId,
}

impl Mirror {
    /// The commit of this name, and which of `revisions`, oldest first, brought it; none where it is none of `head`'s past, or
    /// the name is that of several. What `turn` stands for is over when the thread that looks has ended.
    ///
    /// # Errors
    /// The mirror does not have the head, or cannot be read, or it takes too long.
    pub async fn arrival(
        &self,
        head: &Revision,
        name: &ShortId,
        revisions: Vec<ObjectId>,
        turn: impl Send + 'static,
    ) -> Result<Option<Arrival>, Error> {
        let name = name.to_string();
        let look = move |mirror: &Repository, head: &Commit<'_>, stop: &Stop| {
            let _turn = turn;
            arrival(mirror, head.id(), &name, &revisions, stop)
        };
        self.read(head, look).await
    }
}

fn arrival(
    mirror: &Repository,
    head: Oid,
    name: &str,
    revisions: &[ObjectId],
    stop: &Stop,
) -> Result<Option<Arrival>, Halt> {
    let Ok(commit) = mirror.find_commit_by_prefix(name).map(|commit| commit.id()) else { return Ok(None) };
    let has = |revision: Oid| -> Result<bool, Halt> {
        stop.check()?;
        Ok(revision == commit || mirror.graph_descendant_of(revision, commit)?)
    };
    if !has(head)? {
        return Ok(None);
    }
    // Revisions of before the branch was rewritten may be gone from the mirror.
    let there = |revision: &&ObjectId| mirror.find_commit(oid(**revision)).is_ok();
    let revisions: Vec<ObjectId> = revisions.iter().filter(there).copied().collect();
    let (mut without, mut with) = (0, revisions.len());
    while without < with {
        let middle = without + (with - without) / 2;
        if has(oid(revisions[middle]))? { with = middle } else { without = middle + 1 }
    }
    let commit = object_id(commit);
    Ok(revisions.get(with).map(|with| Arrival { commit, with: *with }))
}
