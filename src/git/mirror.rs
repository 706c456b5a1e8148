//! The mirror: a bare copy of the followed branch in the state folder.
//!
//! Separate from the config repo, so that nothing that happens there (a force-push, a `git gc`, a full disk) pulls objects
//! away while they are read. Invariant: a mirror is whole or it is not there. It is made aside and moved into place, and
//! what turns out to be damaged is thrown away; the next fetch makes it anew.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use git2::{Oid, Repository, RepositoryInitOptions};
use tokio_util::sync::CancellationToken;

use super::local::{self, Tip};
use super::repo::Repo;
use super::{Error, Options, snapshot};
use crate::revision::{ObjectId, Revision};
use crate::spec::Snapshot;

/// After this long a fetch is given up. A first fetch of a repository of 10,000 unions takes seconds.
const DEADLINE: Duration = Duration::from_secs(120);

/// A config repo is text: this is a hundred times that of 10,000 unions.
const MAX_FETCH: u64 = 512 << 20;

/// What has to stay free in the state folder. libgit2 writes packs through a memory map: on a full file system that is a
/// SIGBUS, not an error, so writing must stop before.
const MIN_ROOM: u64 = 32 << 20;

/// Each fetch adds a pack and libgit2 never gathers them; with more than this many the mirror is made anew.
const MAX_PACKS: usize = 200;

/// Between two attempts to get the lock of a mirror that somebody else works on.
const LOCK_RETRY: Duration = Duration::from_millis(10);

/// Characters of a commit's subject or author that are kept.
const MAX_TEXT: usize = 200;

/// The followed branch in the mirror, under a name that no branch has.
const HEAD: &str = "refs/keyforge/head";

const MIB: u64 = 1 << 20;

/// What the followed branch was found to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// It has a head.
    Head(Fetched),
    /// It does not exist (any more); other branches do.
    BranchMissing {
        /// Some of the branches that exist.
        others: Vec<String>,
    },
    /// The config repo has no branch at all: nobody has pushed yet.
    Empty,
}

/// The head of the followed branch, safe in the mirror.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// The commit.
    pub revision: Revision,
    /// Who wrote it, as the commit claims.
    pub author: String,
    /// Their address, as the commit claims.
    pub author_email: String,
    /// The first line of its message.
    pub subject: String,
    /// When it was committed, as the commit claims.
    pub committed_at: DateTime<Utc>,
    /// How it follows what the mirror had. For people: whether a revision is news is for the store to say, since the
    /// mirror may be lost, and a fetch may be forgotten by who asked for it.
    pub change: Change,
}

/// How a head follows the one before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// The mirror had none.
    First,
    /// The same commit.
    Same,
    /// Its descendant.
    FastForward,
    /// Not its descendant: somebody has force-pushed.
    Rewritten {
        /// The head before.
        from: ObjectId,
    },
}

/// The mirror of one branch of a config repo.
#[derive(Debug, Clone)]
pub struct Mirror {
    repo: Repo,
    branch: String,
    path: String,
    storage: Storage,
}

/// Where a mirror is on disk.
#[derive(Debug, Clone)]
pub(super) struct Storage {
    state_dir: PathBuf,
    pub(super) mirror: PathBuf,
}

/// When a fetch has to end.
pub(super) struct Stop {
    cancel: CancellationToken,
    deadline: Instant,
}

impl Stop {
    pub(super) fn check(&self) -> Result<(), Error> {
        if self.cancel.is_cancelled() {
            Err(Error::Cancelled)
        } else if Instant::now() >= self.deadline {
            Err(Error::Deadline { after: DEADLINE })
        } else {
            Ok(())
        }
    }
}

impl Mirror {
    /// Checks the options and makes the state folder. The config repo itself is first looked at by `fetch`.
    pub fn open(options: &Options) -> Result<Self, Error> {
        super::init();
        let Options { repo, branch, path, state_dir, poll_interval: _ } = options;
        let repo = Repo::parse(repo)?;
        if !git2::Reference::is_valid_name(&format!("refs/heads/{branch}")) {
            return Err(Error::MalformedBranch { branch: branch.clone() });
        }
        let path = inside(path).ok_or_else(|| Error::MalformedPath { path: path.clone() })?;
        let mirror = state_dir.join("git").join(format!("{}.git", repo.key(branch)));
        let storage = Storage { state_dir: state_dir.clone(), mirror };
        storage.prepare()?;
        Ok(Self { repo, branch: branch.clone(), path, storage })
    }

    /// Brings the head of the followed branch into the mirror.
    pub async fn fetch(&self, cancel: &CancellationToken) -> Result<Source, Error> {
        let mirror = self.clone();
        let stop = Stop { cancel: cancel.clone(), deadline: Instant::now() + DEADLINE };
        let fetching = blocking(move || mirror.fetch_now(&stop));
        // The thread looks at `stop` itself. It is not waited for, since a dead network file system may hold it forever.
        tokio::select! {
            biased;
            result = fetching => result,
            () = cancel.cancelled() => Err(Error::Cancelled),
            () = tokio::time::sleep(DEADLINE) => Err(Error::Deadline { after: DEADLINE }),
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
        let (mirror, revision) = (self.clone(), revision.clone());
        blocking(move || mirror.snapshot_now(&revision, &known)).await
    }

    fn fetch_now(&self, stop: &Stop) -> Result<Source, Error> {
        let source = local::open(self.repo.path())?;
        // First the lock: a tip that was read before waiting for it may be an old one.
        let _lock = self.storage.lock(stop)?;
        let tip = match local::tip(&source, &self.branch)? {
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
            Some(mirror) if before == Some(tip) => Some(mirror),
            Some(mirror) => match self.advance(&source, tip, before, &mirror, stop) {
                Ok(()) => Some(mirror),
                Err(Error::Mirror { .. }) => None,
                Err(error) => return Err(error),
            },
            None => None,
        };
        let mirror = match advanced {
            Some(mirror) => mirror,
            None => self.rebuild(&source, tip, stop)?,
        };
        self.describe(&mirror, tip, before).map(Source::Head)
    }

    /// Copies what is new, then moves the head: in this order, so that the head never names what is not there.
    fn advance(
        &self,
        source: &Repository,
        tip: Oid,
        before: Option<Oid>,
        mirror: &Repository,
        stop: &Stop,
    ) -> Result<(), Error> {
        local::copy(source, tip, before, mirror, &self.storage, stop)?;
        mirror
            .reference(HEAD, tip, true, "fetch")
            .map(|_| ())
            .map_err(|source| Error::Mirror { dir: self.storage.mirror.clone(), source })
    }

    /// Makes the mirror anew, beside the old one until it is whole.
    fn rebuild(&self, source: &Repository, tip: Oid, stop: &Stop) -> Result<Repository, Error> {
        let storage = &self.storage;
        let aside = storage.mirror.with_extension("new");
        storage.discard(&aside)?;
        let made =
            Repository::init_opts(&aside, RepositoryInitOptions::new().bare(true).external_template(false))
                .map_err(|source| Error::Mirror { dir: storage.mirror.clone(), source })
                .and_then(|fresh| self.advance(source, tip, None, &fresh, stop));
        if let Err(error) = made {
            storage.discard(&aside)?;
            return Err(error);
        }
        storage.discard(&storage.mirror)?;
        fs::rename(&aside, &storage.mirror).map_err(|error| storage.unusable(error))?;
        Repository::open_bare(&storage.mirror)
            .map_err(|source| Error::Mirror { dir: storage.mirror.clone(), source })
    }

    fn describe(&self, mirror: &Repository, tip: Oid, before: Option<Oid>) -> Result<Fetched, Error> {
        let damaged = |source| Error::Damaged { dir: self.storage.mirror.clone(), source };
        let commit = mirror.find_commit(tip).map_err(damaged)?;
        let change = match before {
            None => Change::First,
            Some(before) if before == tip => Change::Same,
            // A mirror made anew does not have what was force-pushed away.
            Some(before) if mirror.graph_descendant_of(tip, before).unwrap_or(false) => Change::FastForward,
            Some(before) => Change::Rewritten { from: object_id(before) },
        };
        let author = commit.author();
        Ok(Fetched {
            revision: Revision { branch: self.branch.clone(), commit: object_id(tip) },
            author: one_line(author.name_bytes()),
            author_email: one_line(author.email_bytes()),
            subject: one_line(commit.summary_bytes().unwrap_or_default()),
            committed_at: DateTime::from_timestamp(commit.time().seconds(), 0).unwrap_or_default(),
            change,
        })
    }

    fn snapshot_now(
        &self,
        revision: &Revision,
        known: &dyn Fn(&str) -> Option<ObjectId>,
    ) -> Result<Snapshot, Error> {
        let unknown = || Error::UnknownRevision { revision: revision.clone() };
        let read = {
            let _lock = self.storage.lock_shared()?;
            let mirror = Repository::open_bare(&self.storage.mirror).map_err(|_| unknown())?;
            let commit = mirror.find_commit(oid(revision.commit)).map_err(|_| unknown())?;
            snapshot::read(&mirror, &commit, &self.path, known)
        };
        match read {
            Ok(Some(snapshot)) => Ok(snapshot),
            Ok(None) => Err(Error::NoFolder { revision: revision.clone(), path: self.path.clone() }),
            Err(source) => {
                let forever = Stop { cancel: CancellationToken::new(), deadline: Instant::now() + DEADLINE };
                let _lock = self.storage.lock(&forever)?;
                self.storage.discard(&self.storage.mirror)?;
                Err(Error::Damaged { dir: self.storage.mirror.clone(), source })
            }
        }
    }
}

impl Storage {
    fn prepare(&self) -> Result<(), Error> {
        self.mirror.parent().map_or(Ok(()), fs::create_dir_all).map_err(|error| self.unusable(error))?;
        self.lock_file().map(|_| ())
    }

    fn unusable(&self, source: std::io::Error) -> Error {
        Error::StateDir { dir: self.state_dir.clone(), source }
    }

    fn lock_file(&self) -> Result<File, Error> {
        let path = self.mirror.with_extension("lock");
        File::options().create(true).append(true).open(path).map_err(|error| self.unusable(error))
    }

    /// Alone with the mirror, among all threads and processes, until the file is dropped.
    fn lock(&self, stop: &Stop) -> Result<File, Error> {
        // The folder may be lost while we run.
        self.prepare()?;
        let file = self.lock_file()?;
        loop {
            stop.check()?;
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(TryLockError::WouldBlock) => std::thread::sleep(LOCK_RETRY),
                Err(TryLockError::Error(error)) => return Err(self.unusable(error)),
            }
        }
    }

    /// Among readers only, until the file is dropped.
    fn lock_shared(&self) -> Result<File, Error> {
        self.prepare()?;
        let file = self.lock_file()?;
        file.lock_shared().map_err(|error| self.unusable(error))?;
        Ok(file)
    }

    /// Whether `size` bytes of one fetch are acceptable, and whether there is room for more.
    pub(super) fn admit(&self, size: u64) -> Result<(), Error> {
        if size > MAX_FETCH {
            return Err(Error::TooLarge { limit_mib: MAX_FETCH / MIB });
        }
        let system = rustix::fs::statvfs(&self.state_dir).map_err(|error| self.unusable(error.into()))?;
        let free = system.f_bavail.saturating_mul(system.f_frsize);
        if free < MIN_ROOM {
            return Err(Error::NoRoom {
                dir: self.state_dir.clone(),
                free_mib: free / MIB,
                needed_mib: MIN_ROOM / MIB,
            });
        }
        Ok(())
    }

    fn is_crowded(&self) -> bool {
        let packs = fs::read_dir(self.mirror.join("objects/pack")).into_iter().flatten().flatten();
        packs.filter(|entry| entry.path().extension().is_some_and(|ext| ext == "pack")).count() > MAX_PACKS
    }

    fn discard(&self, dir: &Path) -> Result<(), Error> {
        match fs::remove_dir_all(dir) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(self.unusable(error)),
            _ => Ok(()),
        }
    }
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
fn inside(path: &str) -> Option<String> {
    let parts: Vec<_> = path.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
    (!path.starts_with('/') && !parts.contains(&"..")).then(|| parts.join("/"))
}

/// Foreign text made fit for a log line, a table cell and a terminal.
fn one_line(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes)
        .chars()
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .take(MAX_TEXT)
        .collect()
}

pub(super) fn oid(id: ObjectId) -> Oid {
    Oid::from_bytes(id.as_bytes()).unwrap_or(Oid::ZERO_SHA1)
}

pub(super) fn object_id(oid: Oid) -> ObjectId {
    let mut bytes = [0; 20];
    bytes.copy_from_slice(oid.as_bytes());
    bytes.into()
}
