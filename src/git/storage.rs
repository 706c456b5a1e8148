//! The state folder: where a mirror is kept, who may work on it, and how much may be written.
//!
//! Knows nothing of Git but that it writes files. The lock is the file system's, so it also holds between processes that
//! share a state folder, and goes with a process that dies.

use std::fs::{self, DirBuilder, File, TryLockError};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use super::Error;

/// What has to stay free in the state folder. libgit2 writes packs through a memory map: on a full file system that is a
/// SIGBUS, not an error, so writing must stop before.
const MIN_ROOM: u64 = 32 << 20;

/// Each fetch adds a pack and libgit2 never gathers them; with more than this many the mirror is made anew.
const MAX_PACKS: usize = 200;

/// And when they are together larger than so many times what one fetch may bring: what is force-pushed away stays.
const MAX_FETCHES: u64 = 2;

/// Between two attempts to get the lock of a mirror that somebody else works on.
const LOCK_RETRY: Duration = Duration::from_millis(10);

pub(super) const MIB: u64 = 1 << 20;

/// Where a mirror is on disk.
#[derive(Debug, Clone)]
pub(super) struct Storage {
    state_dir: PathBuf,
    pub(super) mirror: PathBuf,
    /// The most bytes of one fetch.
    limit: u64,
}

/// When work on a mirror has to end.
#[derive(Clone)]
pub(super) struct Stop {
    cancel: CancellationToken,
    patience: Duration,
    deadline: Instant,
}

impl Stop {
    /// When so much time is over, or when it is cancelled.
    pub(super) fn new(cancel: &CancellationToken, patience: Duration) -> Self {
        Self { cancel: cancel.clone(), patience, deadline: Instant::now() + patience }
    }

    pub(super) fn check(&self) -> Result<(), Error> {
        if self.cancel.is_cancelled() {
            Err(Error::Cancelled)
        } else if Instant::now() >= self.deadline {
            Err(self.too_late())
        } else {
            Ok(())
        }
    }

    /// Waits, on a thread that may wait, for something that the runtime does.
    pub(super) fn wait<T>(&self, done: impl Future<Output = T>) -> Result<T, Error> {
        Handle::current().block_on(async {
            tokio::select! {
                biased;
                () = self.cancel.cancelled() => Err(Error::Cancelled),
                () = tokio::time::sleep_until(self.deadline.into()) => Err(self.too_late()),
                done = done => Ok(done),
            }
        })
    }

    pub(super) fn too_late(&self) -> Error {
        Error::Deadline { after: self.patience }
    }
}

impl Storage {
    /// The folder of one mirror, which need not exist.
    pub(super) fn new(state_dir: &Path, key: &str, limit: u64) -> Self {
        let mirror = state_dir.join("git").join(format!("{key}.git"));
        Self { state_dir: state_dir.to_owned(), mirror, limit }
    }

    /// Whether one fetch may bring so many bytes.
    pub(super) fn allow(&self, size: u64) -> Result<(), Error> {
        if size > self.limit { Err(Error::TooLarge { limit_mib: self.limit / MIB }) } else { Ok(()) }
    }

    /// Makes what is around the mirror.
    pub(super) fn prepare(&self) -> Result<(), Error> {
        // The repo may be readable by us alone, so its mirror is too.
        let mut private = DirBuilder::new();
        private.recursive(true).mode(0o700);
        self.mirror
            .parent()
            .map_or(Ok(()), |dir| private.create(dir))
            .map_err(|error| self.unusable(error))?;
        self.lock_file().map(|_| ())
    }

    /// What the system says of the folder.
    pub(super) fn unusable(&self, source: std::io::Error) -> Error {
        Error::StateDir { dir: self.state_dir.clone(), source }
    }

    fn lock_file(&self) -> Result<File, Error> {
        let path = self.mirror.with_extension("lock");
        File::options().create(true).append(true).open(path).map_err(|error| self.unusable(error))
    }

    /// Alone with the mirror, among all threads and processes, until the file is dropped.
    pub(super) fn lock(&self, stop: &Stop) -> Result<File, Error> {
        self.lock_by(File::try_lock, stop)
    }

    /// Among readers only, until the file is dropped.
    pub(super) fn lock_shared(&self, stop: &Stop) -> Result<File, Error> {
        self.lock_by(File::try_lock_shared, stop)
    }

    /// Asks again and again, since a thread that waits inside the system cannot be stopped.
    fn lock_by(&self, attempt: fn(&File) -> Result<(), TryLockError>, stop: &Stop) -> Result<File, Error> {
        // The folder may be lost while we run.
        self.prepare()?;
        let file = self.lock_file()?;
        loop {
            stop.check()?;
            match attempt(&file) {
                Ok(()) => return Ok(file),
                Err(TryLockError::WouldBlock) => std::thread::sleep(LOCK_RETRY),
                Err(TryLockError::Error(error)) => return Err(self.unusable(error)),
            }
        }
    }

    /// Whether `size` bytes of one fetch are acceptable, and whether there is room for more.
    pub(super) fn admit(&self, size: u64) -> Result<(), Error> {
        self.allow(size)?;
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

    /// Whether it has so many packs, or such large ones, that it is better made anew.
    pub(super) fn is_crowded(&self) -> bool {
        let files = fs::read_dir(self.mirror.join("objects/pack")).into_iter().flatten().flatten();
        let packs = files.filter(|entry| entry.path().extension().is_some_and(|ext| ext == "pack"));
        let sizes: Vec<u64> = packs.filter_map(|entry| Some(entry.metadata().ok()?.len())).collect();
        sizes.len() > MAX_PACKS || sizes.iter().sum::<u64>() > MAX_FETCHES * self.limit
    }

    /// Removes a folder, if it is there.
    pub(super) fn discard(&self, dir: &Path) -> Result<(), Error> {
        match fs::remove_dir_all(dir) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(self.unusable(error)),
            _ => Ok(()),
        }
    }
}
