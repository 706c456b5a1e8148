//! The mirror: a bare copy of the followed branch in the state folder.
//!
//! Separate from the config repo, so that nothing that happens there (a force-push, a `git gc`, a full disk) pulls objects
//! away while they are read. Invariant: a mirror is whole or it is not there. It is made aside and moved into place, and
//! what turns out to be damaged is thrown away; the next fetch makes it anew.

use std::fs;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use git2::{Commit, Oid, Repository, RepositoryInitOptions};
use tokio_util::sync::CancellationToken;

use super::local::Tip;
use super::origin::Origin;
use super::remote::Access;
use super::repo::Repo;
use super::storage::{MIB, Stop, Storage};
use super::{Error, Fetched, Options, Since, Source, history, snapshot};
use crate::revision::{ObjectId, Revision};
use crate::signing::History;
use crate::spec::Snapshot;

/// The followed branch in the mirror, under a name that no branch has.
const HEAD: &str = "refs/keyforge/head";

/// The mirror of one branch of a config repo.
#[derive(Debug, Clone)]
pub struct Mirror {
    repo: Repo,
    access: Access,
    branch: String,
    pub(super) path: String,
    storage: Storage,
    /// After this long a fetch, or reading, is given up.
    patience: Duration,
    /// The commit at which the mirror was thrown away last: once for each is enough.
    discarded_at: Arc<Mutex<Option<ObjectId>>>,
}

impl Mirror {
    /// Checks the options and makes the state folder. The config repo itself is first looked at by `fetch`.
    pub fn open(options: &Options) -> Result<Self, Error> {
        super::init();
        let Options { repo, branch, path, state_dir, repo_max_mib, repo_timeout, poll_interval: _, .. } =
            options;
        let repo = Repo::parse(repo)?;
        if !git2::Reference::is_valid_name(&format!("refs/heads/{branch}")) {
            return Err(Error::MalformedBranch { branch: branch.clone() });
        }
        let path = inside(path).ok_or_else(|| Error::MalformedPath { path: path.clone() })?;
        let storage = Storage::new(state_dir, &repo.key(branch), repo_max_mib * MIB);
        storage.prepare()?;
        let access = Access::of(options);
        access.suits(&repo)?;
        Ok(Self {
            repo,
            access,
            branch: branch.clone(),
            path,
            storage,
            patience: *repo_timeout,
            discarded_at: Arc::default(),
        })
    }

    /// Brings the head of the followed branch into the mirror.
    pub async fn fetch(&self, cancel: &CancellationToken) -> Result<Source, Error> {
        let mirror = self.clone();
        let stop = Stop::new(cancel, self.patience);
        let late = stop.too_late();
        let fetching = blocking(move || mirror.fetch_now(&stop));
        // The thread looks at `stop` itself. It is not waited for, since a dead network file system may hold it forever.
        tokio::select! {
            biased;
            result = fetching => result,
            () = cancel.cancelled() => Err(Error::Cancelled),
            () = tokio::time::sleep(self.patience) => Err(late),
        }
    }

    /// Reads the config at a revision that was fetched before.
    ///
    /// A union's directory whose tree `known` names is left unread, together with what there would be to find in it.
    pub async fn snapshot(
        &self,
        revision: &Revision,
        known: impl Fn(&str) -> Option<ObjectId> + Send + 'static,
    ) -> Result<Snapshot, Error> {
        let path = self.path.clone();
        let read = move |mirror: &Repository, commit: &Commit<'_>, _: &Stop| {
            Ok(snapshot::read(mirror, commit, &path, &known)?)
        };
        let read = self.read(revision, read).await?;
        read.ok_or_else(|| Error::NoFolder { revision: revision.clone(), path: self.path.clone() })
    }

    /// Reads the commits that a revision, fetched before, has brought since then.
    pub async fn history(&self, since: Since, revision: &Revision) -> Result<History, Error> {
        let path = self.path.clone();
        let read = move |mirror: &Repository, commit: &Commit<'_>, stop: &Stop| {
            history::read(mirror, &path, &since, commit, &|| stop.check())
        };
        self.read(revision, read).await
    }

    /// Reads something of a revision on a thread that may wait. What takes long looks at `Stop` in between: it says so once
    /// nobody waits any more.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        revision: &Revision,
        read: impl FnOnce(&Repository, &Commit<'_>, &Stop) -> Result<T, Halt> + Send + 'static,
    ) -> Result<T, Error> {
        let (mirror, revision) = (self.clone(), revision.clone());
        let cancel = CancellationToken::new();
        let stop = Stop::new(&cancel, self.patience);
        // The thread does not wait for the mirror any longer than somebody waits for the thread.
        let _cancelled = cancel.drop_guard();
        blocking(move || mirror.read_now(&revision, read, &stop)).await
    }

    fn fetch_now(&self, stop: &Stop) -> Result<Source, Error> {
        let origin = Origin::open(&self.repo, &self.access, &self.storage, stop)?;
        // First the lock: a tip that was read before waiting for it may be an old one.
        let _lock = self.storage.lock(stop)?;
        let tip = match origin.tip(&self.branch)? {
            Tip::At(tip) => tip,
            Tip::Missing { others } => return Ok(Source::BranchMissing { others }),
            Tip::Empty => return Ok(Source::Empty),
        };
        let old = Repository::open_bare(&self.storage.mirror).ok();
        let before = old.as_ref().and_then(|mirror| mirror.refname_to_id(HEAD).ok());
        let usable = old.filter(|mirror| {
            before.is_some_and(|before| is_whole(mirror, before))
                && (before == Some(tip) || !self.storage.is_crowded())
        });
        // An old mirror is closed before a new one takes its place: libgit2 keeps packs by their path.
        let advanced = match usable {
            Some(mirror) if before == Some(tip) => Some((mirror, tip)),
            Some(mirror) => match self.advance(&origin, tip, before, &mirror, stop) {
                Ok(tip) => Some((mirror, tip)),
                Err(Error::Mirror { .. }) => None,
                Err(error) => return Err(error),
            },
            None => None,
        };
        let (mirror, tip) = match advanced {
            Some(advanced) => advanced,
            None => self.rebuild(&origin, tip, stop)?,
        };
        Fetched::read(&mirror, &self.branch, tip, before)
            .map(Source::Head)
            .map_err(|source| self.damaged(source))
    }

    /// Throws the mirror away, under the lock of the caller.
    fn damaged(&self, source: git2::Error) -> Error {
        let dir = self.storage.mirror.clone();
        self.storage.discard(&dir).err().unwrap_or(Error::Damaged { dir, source })
    }

    /// Copies what is new, then moves the head: in this order, so that the head never names what is not there.
    fn advance(
        &self,
        origin: &Origin,
        tip: Oid,
        before: Option<Oid>,
        mirror: &Repository,
        stop: &Stop,
    ) -> Result<Oid, Error> {
        self.storage.admit(0)?;
        let tip = origin.copy(&self.branch, tip, before, mirror, &self.storage, stop)?;
        mirror
            .reference(HEAD, tip, true, "fetch")
            .map(|_| tip)
            .map_err(|source| Error::Mirror { dir: self.storage.mirror.clone(), source })
    }

    /// Makes the mirror anew, beside the old one until it is whole.
    fn rebuild(&self, origin: &Origin, tip: Oid, stop: &Stop) -> Result<(Repository, Oid), Error> {
        let storage = &self.storage;
        let aside = storage.mirror.with_extension("new");
        storage.discard(&aside)?;
        let made =
            Repository::init_opts(&aside, RepositoryInitOptions::new().bare(true).external_template(false))
                .map_err(|source| Error::Mirror { dir: storage.mirror.clone(), source })
                .and_then(|fresh| self.advance(origin, tip, None, &fresh, stop));
        let tip = match made {
            Ok(tip) => tip,
            Err(error) => {
                storage.discard(&aside)?;
                return Err(error);
            }
        };
        storage.discard(&storage.mirror)?;
        fs::rename(&aside, &storage.mirror).map_err(|error| storage.unusable(error))?;
        Repository::open_bare(&storage.mirror)
            .map(|mirror| (mirror, tip))
            .map_err(|source| Error::Mirror { dir: storage.mirror.clone(), source })
    }

    fn read_now<T>(
        &self,
        revision: &Revision,
        read: impl FnOnce(&Repository, &Commit<'_>, &Stop) -> Result<T, Halt>,
        stop: &Stop,
    ) -> Result<T, Error> {
        let unknown = || Error::UnknownRevision { revision: revision.clone() };
        let read = {
            let _lock = self.storage.lock_shared(stop)?;
            let mirror = Repository::open_bare(&self.storage.mirror).map_err(|_| unknown())?;
            let commit = mirror.find_commit(oid(revision.commit)).map_err(|_| unknown())?;
            read(&mirror, &commit, stop)
        };
        read.or_else(|halt| {
            let source = match halt {
                Halt::Stopped(error) => return Err(error),
                Halt::Git(source) => source,
            };
            // Where it comes back with a new mirror it is in the config repo.
            let before = self.discarded_at.lock().map(|mut at| at.replace(revision.commit)).ok().flatten();
            if !is_damage(&source) || before == Some(revision.commit) {
                return Err(Error::Unsound { revision: revision.clone(), source });
            }
            let _lock = self.storage.lock(stop)?;
            Err(self.damaged(source))
        })
    }
}

/// Why reading ended early.
#[derive(Debug)]
pub(super) enum Halt {
    /// What is read is not sound.
    Git(git2::Error),
    /// Nobody waits any longer.
    Stopped(Error),
}

impl From<git2::Error> for Halt {
    fn from(source: git2::Error) -> Self {
        Self::Git(source)
    }
}

impl From<Error> for Halt {
    fn from(error: Error) -> Self {
        Self::Stopped(error)
    }
}

/// Whether it may be the mirror that lost something, rather than what was pushed.
fn is_damage(error: &git2::Error) -> bool {
    let classes = [git2::ErrorClass::Odb, git2::ErrorClass::Zlib, git2::ErrorClass::Os];
    error.code() == git2::ErrorCode::NotFound || classes.contains(&error.class())
}

/// Whether a head can be read. Not every object under it: what is found missing later is found by `snapshot`.
fn is_whole(mirror: &Repository, head: Oid) -> bool {
    mirror.find_commit(head).and_then(|commit| commit.tree()).is_ok()
}

/// Runs what waits for a disk on a thread that may wait.
pub(super) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(failed) => match failed.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // Only a runtime that is going down cancels such a task, and then nobody awaits it.
            Err(_) => std::future::pending().await,
        },
    }
}

/// `path` in one spelling, without slashes around it; `None` if it leads out.
pub(super) fn inside(path: &str) -> Option<String> {
    let parts: Vec<_> = path.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
    (!path.starts_with('/') && !parts.contains(&"..")).then(|| parts.join("/"))
}

pub(super) fn oid(id: ObjectId) -> Oid {
    Oid::from_bytes(id.as_bytes()).unwrap_or(Oid::ZERO_SHA1)
}

pub(super) fn object_id(oid: Oid) -> ObjectId {
    let mut bytes = [0; 20];
    bytes.copy_from_slice(oid.as_bytes());
    bytes.into()
}
