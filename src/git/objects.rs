//! A repository on this machine as somebody works in it: any revision by the name that they have for it, read in place.
//!
//! Separate from the mirror, which knows the followed branch alone. What is offline (`keyforge plan`, a hook before a push)
//! needs neither a state folder nor a copy. Invariant: nothing is written.

use std::collections::BTreeMap;

use git2::{Commit, ErrorCode, Repository};

use super::mirror::{Halt, inside, object_id, oid};
use super::repo::Repo;
use super::{Error, Line, Since, Written, blame, history, local, snapshot};
use crate::revision::{ObjectId, Revision};
use crate::signing::History;
use crate::spec::Snapshot;

/// The objects of a repository on this machine.
pub struct Objects {
    repository: Repository,
    path: String,
}

impl Objects {
    /// Opens the repository at a path or `file://` URL; its config is in the folder `path`.
    ///
    /// # Errors
    /// There is no such repository, or it is not on this machine.
    pub fn open(repo: &str, path: &str) -> Result<Self, Error> {
        super::init();
        let path = inside(path).ok_or_else(|| Error::MalformedPath { path: path.to_owned() })?;
        let repo = Repo::parse(repo)?;
        Ok(Self { repository: local::open(repo.local().ok_or(Error::Elsewhere)?)?, path })
    }

    /// The commit that a name stands for: a branch, a tag, `HEAD~2`, an abbreviated commit.
    ///
    /// # Errors
    /// It stands for none, or for several.
    pub fn commit(&self, name: &str) -> Result<ObjectId, Error> {
        let found = self.repository.revparse_single(name).and_then(|object| object.peel_to_commit());
        found.map(|commit| object_id(commit.id())).map_err(|source| Error::NoCommit {
            name: name.to_owned(),
            ambiguous: source.code() == ErrorCode::Ambiguous,
        })
    }

    /// Where a commit left the followed branch, as far as this repository knows it: `origin`'s, else its own. Of a commit
    /// that is on the branch its first parent, so that what it brings is what lies between; none for the first one.
    ///
    /// # Errors
    /// The repository cannot be read.
    pub fn departure(&self, commit: ObjectId, branch: &str) -> Result<Option<ObjectId>, Error> {
        let failed = |source| Error::Fetch { source };
        let names = [format!("refs/remotes/origin/{branch}"), format!("refs/heads/{branch}")];
        let followed = names.iter().find_map(|name| self.repository.refname_to_id(name).ok());
        let base = match followed.map(|tip| self.repository.merge_base(tip, oid(commit))) {
            Some(Ok(base)) => Some(object_id(base)),
            Some(Err(error)) if error.code() != ErrorCode::NotFound => return Err(failed(error)),
            _ => None,
        };
        if let Some(base) = base.filter(|base| *base != commit) {
            return Ok(Some(base));
        }
        let parent = self.find(commit)?.parent_id(0).ok().map(object_id);
        // Where history is cut off nothing can be said, least of all that everything is new.
        if parent.is_none() && self.repository.is_shallow() {
            return Err(Error::Shallow { branch: branch.to_owned() });
        }
        Ok(parent)
    }

    /// The directories of unions at a commit, by their trees.
    ///
    /// # Errors
    /// The repository cannot be read, or the commit has no such folder.
    pub fn trees(&self, commit: ObjectId) -> Result<BTreeMap<String, ObjectId>, Error> {
        let found = self.find(commit)?;
        let trees = snapshot::trees(&self.repository, &found, &self.path);
        trees.map_err(|source| Error::Fetch { source })?.ok_or_else(|| self.no_folder(commit))
    }

    /// The config at a commit. A union's directory whose tree `known` names is left unread.
    ///
    /// # Errors
    /// The repository cannot be read, or the commit has no such folder.
    pub fn snapshot(
        &self,
        commit: ObjectId,
        known: &dyn Fn(&str) -> Option<ObjectId>,
    ) -> Result<Snapshot, Error> {
        let found = self.find(commit)?;
        let read = snapshot::read(&self.repository, &found, &self.path, known);
        read.map_err(|source| Error::Fetch { source })?.ok_or_else(|| self.no_folder(commit))
    }

    /// The commits that a revision has brought since then.
    ///
    /// # Errors
    /// The repository cannot be read, or does not have all of them.
    pub fn history(&self, since: &Since, commit: ObjectId) -> Result<History, Error> {
        let found = self.find(commit)?;
        let history =
            history::read(&self.repository, &self.path, since, &found, &|| Ok(())).map_err(unread)?;
        // Where it is cut off a commit looks as if it had made all that is there.
        let ends = history.graph.values().any(Vec::is_empty);
        if ends && self.repository.is_shallow() { Err(Error::ShallowHistory { commit }) } else { Ok(history) }
    }

    /// Who wrote a line of the config as it is at a commit; `None`: there is no such line.
    ///
    /// # Errors
    /// The repository cannot be read.
    pub fn writer(&self, commit: ObjectId, line: &Line) -> Result<Option<Written>, Error> {
        let found = self.find(commit)?;
        blame::writer(&self.repository, &found, &self.path, line).map_err(unread)
    }

    fn find(&self, commit: ObjectId) -> Result<Commit<'_>, Error> {
        self.repository.find_commit(oid(commit)).map_err(|source| match source.code() {
            ErrorCode::NotFound => Error::NoCommit { name: commit.to_string(), ambiguous: false },
            _ => Error::Fetch { source },
        })
    }

    fn no_folder(&self, commit: ObjectId) -> Error {
        let revision = Revision { branch: "HEAD".into(), commit };
        Error::NoFolder { revision, path: self.path.clone() }
    }
}

/// Why nothing more was read, where nobody stops it.
fn unread(halt: Halt) -> Error {
    match halt {
        Halt::Git(source) => Error::Fetch { source },
        Halt::Stopped(error) => error,
    }
}
