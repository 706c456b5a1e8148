//! Which revision brought a commit that never was the head of the followed branch itself.
//!
//! Separate from `blame`, which asks it of lines: here a person names the commit. First whether there is such a commit, so that
//! only then revisions are read. Of these, those count that still are of the head's past: each has all that those before it
//! have, so one in each half that is left is looked at.

use std::collections::HashSet;

use git2::{Commit, Oid, Repository};

use super::Error;
use super::mirror::{Halt, Mirror, object_id, oid};
use super::storage::Stop;
use crate::revision::{ObjectId, Revision, ShortId};

impl Mirror {
    /// The commit of this name; none where it is none of `head`'s past, or the name is that of several. What `turn` stands for is
    /// over when the thread that looks has ended.
    ///
    /// # Errors
    /// The mirror does not have the head, or cannot be read, or it takes too long.
    pub async fn commit_before(
        &self,
        head: &Revision,
        name: &ShortId,
        turn: impl Send + 'static,
    ) -> Result<Option<ObjectId>, Error> {
        let name = name.to_string();
        let look = move |mirror: &Repository, head: &Commit<'_>, stop: &Stop| {
            let _turn = turn;
            let Ok(commit) = mirror.find_commit_by_prefix(&name) else { return Ok(None) };
            Ok(has(mirror, head.id(), commit.id(), stop)?.then(|| object_id(commit.id())))
        };
        self.read(head, look).await
    }

    /// Which of `revisions`, oldest first, brought a commit of `head`'s past.
    ///
    /// # Errors
    /// As for [`Mirror::commit_before`].
    pub async fn brought(
        &self,
        head: &Revision,
        commit: ObjectId,
        revisions: Vec<ObjectId>,
        turn: impl Send + 'static,
    ) -> Result<Option<ObjectId>, Error> {
        let look = move |mirror: &Repository, head: &Commit<'_>, stop: &Stop| {
            let _turn = turn;
            brought(mirror, head.id(), oid(commit), &revisions, stop)
        };
        self.read(head, look).await
    }
}

fn brought(
    mirror: &Repository,
    head: Oid,
    commit: Oid,
    revisions: &[ObjectId],
    stop: &Stop,
) -> Result<Option<ObjectId>, Halt> {
    let mut walk = mirror.revwalk()?;
    walk.push(head)?;
    walk.hide(commit)?;
    let mut since = HashSet::from([commit]);
    for later in walk {
        stop.check()?;
        since.insert(later?);
    }
    let is_since = |revision: &&ObjectId| since.contains(&oid(**revision));
    let revisions: Vec<_> = revisions.iter().filter(is_since).copied().collect();
    let (mut without, mut with) = (0, revisions.len());
    while without < with {
        let middle = without + (with - without) / 2;
        if has(mirror, oid(revisions[middle]), commit, stop)? { with = middle } else { without = middle + 1 }
    }
    Ok(revisions.get(with).copied())
}

fn has(mirror: &Repository, revision: Oid, commit: Oid, stop: &Stop) -> Result<bool, Halt> {
    stop.check()?;
    Ok(revision == commit || mirror.graph_descendant_of(revision, commit)?)
}
