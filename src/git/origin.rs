//! Where a fetch gets its objects from: a repository on this machine, or one behind a server.
//!
//! The mirror asks two things of it and need not know which it is: what the branch points to, and a copy of what the
//! mirror lacks.

use std::sync::Arc;

use git2::{Oid, Repository};

use super::Error;
use super::local::{self, Tip};
use super::remote::{Access, Session};
use super::repo::Repo;
use super::storage::{Stop, Storage};

/// An opened config repo.
pub(super) enum Origin {
    /// On this machine.
    Local(Repository),
    /// On another one.
    Remote(Arc<Session>),
}

impl Origin {
    /// Opens it. One on another machine is not reached yet.
    pub(super) fn open(repo: &Repo, access: &Access, storage: &Storage, stop: &Stop) -> Result<Self, Error> {
        Ok(match repo {
            Repo::Local(path) => Self::Local(local::open(path)?),
            Repo::Web(url) => Self::Remote(Session::over_http(url, access, storage, stop)?),
            Repo::Ssh(place) => Self::Remote(Session::over_ssh(place, access, storage, stop)?),
        })
    }

    /// What the branch points to now.
    pub(super) fn tip(&self, branch: &str) -> Result<Tip, Error> {
        match self {
            Self::Local(source) => local::tip(source, branch),
            Self::Remote(session) => session.tip(branch),
        }
    }

    /// Copies the branch, whose tip was `tip`, with all that it needs into `mirror`, which has `known` with all that it
    /// needs. Gives the commit that was copied: the branch of another machine may have moved meanwhile.
    pub(super) fn copy(
        &self,
        branch: &str,
        tip: Oid,
        known: Option<Oid>,
        mirror: &Repository,
        storage: &Storage,
        stop: &Stop,
    ) -> Result<Oid, Error> {
        match self {
            Self::Local(source) => local::copy(source, tip, known, mirror, storage, stop).map(|()| tip),
            Self::Remote(session) => session.copy(branch, mirror),
        }
    }
}
