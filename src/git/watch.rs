//! When to look at the config repo again: at once when one on this machine moves or somebody asks for it, else when the poll
//! interval is over; later and later while one on another machine cannot be read.
//!
//! Watching only makes it sooner; polling alone would do. So a watch that cannot be set up is no failure, and each poll
//! sets it up anew, since a folder may be replaced by another of the same name without a word.

use std::hash::{BuildHasher as _, RandomState};
use std::path::Path;
use std::time::Duration;

use notify::event::{AccessKind, AccessMode, CreateKind, ModifyKind, RemoveKind};
use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use super::mirror::blocking;
use super::repo::Repo;
use super::{Error, Options, local};

/// Why it is time to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Woken {
    /// A branch of the watched repository was written.
    Moved,
    /// Somebody asked for it.
    Asked,
    /// The poll interval is over.
    Polled,
}

/// The longest wait for a server that cannot be read, unless the poll interval is longer.
const MAX_BACKOFF: Duration = Duration::from_mins(10);

/// Tells when the config repo may have changed.
pub struct Watcher {
    repo: Repo,
    /// Sent anew whenever somebody asks to look.
    interval: watch::Receiver<Duration>,
    next_poll: Instant,
    /// Polls in a row that could not read it.
    failures: u32,
    watch: Result<Watch, NotWatched>,
    /// The watch has to be set up anew before this is told.
    outdated: Option<Woken>,
}

/// Asks a watcher to look.
#[derive(Debug, Clone)]
pub struct Nudge(watch::Sender<Duration>);

impl Nudge {
    /// Now.
    pub fn look(&self) {
        self.0.send_modify(|_| {});
    }

    /// Now, and at another interval from then on.
    pub fn poll_every(&self, interval: Duration) {
        self.0.send_replace(interval);
    }
}

/// Why a repository is only polled.
#[derive(Debug, thiserror::Error)]
pub enum NotWatched {
    /// It is not on this machine.
    #[error("the config repo is on another machine")]
    Elsewhere,
    /// It cannot be opened; `fetch` says the same.
    #[error("unable to watch the config repo")]
    Repo(#[from] Error),
    /// The system has no watch to give.
    #[error("unable to watch the config repo")]
    System(#[from] notify::Error),
}

struct Watch {
    signals: mpsc::Receiver<Signal>,
    _watcher: RecommendedWatcher,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Signal {
    /// A file was written.
    Moved,
    /// Folders came or went, or events were lost: what is in them has to be watched anew.
    Rescan,
    /// Somebody wants to know.
    Asked,
}

impl Watcher {
    /// Starts to watch. What moves from now on is told, so a first fetch belongs after it.
    pub async fn start(options: &Options) -> Result<(Self, Nudge), Error> {
        super::init();
        let repo = Repo::parse(&options.repo)?;
        let watch = Watch::start(&repo).await;
        let (nudge, interval) = watch::channel(options.poll_interval);
        let next_poll = Instant::now() + jittered(options.poll_interval);
        Ok((Self { repo, interval, next_poll, failures: 0, watch, outdated: None }, Nudge(nudge)))
    }

    /// Why the config repo is only polled at present, if so.
    pub fn not_watched(&self) -> Option<&NotWatched> {
        self.watch.as_ref().err()
    }

    /// What was found could be read: polls come at their interval.
    pub fn succeeded(&mut self) {
        self.failures = 0;
    }

    /// It could not be read; how long the next poll waits. A server is asked less and less often, a folder of this machine
    /// costs nothing.
    pub fn failed(&mut self) -> Duration {
        self.failures = self.failures.saturating_add(1);
        let interval = *self.interval.borrow();
        let wait = match self.repo.local() {
            Some(_) => jittered(interval),
            None => jittered(backoff(interval, self.failures)),
        };
        self.next_poll = Instant::now() + wait;
        wait
    }

    /// Waits until it is time to look again. Cancel safe: what was not told yet is told by the next call.
    pub async fn changed(&mut self) -> Woken {
        if self.outdated.is_none() {
            match self.signal().await {
                Some(Signal::Moved) => return Woken::Moved,
                Some(Signal::Rescan) => self.outdated = Some(Woken::Moved),
                Some(Signal::Asked) => self.outdated = Some(Woken::Asked),
                None => self.outdated = Some(Woken::Polled),
            }
            self.next_poll = Instant::now() + jittered(*self.interval.borrow());
        }
        // The new watch stands before the answer is given: what came before it is seen by the fetch that follows.
        self.watch = Watch::start(&self.repo).await;
        self.outdated.take().unwrap_or(Woken::Polled)
    }

    /// The next signal of the watch, or `None` when the poll interval is over.
    async fn signal(&mut self) -> Option<Signal> {
        let poll = tokio::time::sleep_until(self.next_poll);
        let interval = &mut self.interval;
        let asked = async {
            // Nobody is left who could ask.
            if interval.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        };
        let moved = async {
            match &mut self.watch {
                Ok(watch) => watch.signals.recv().await.unwrap_or(Signal::Rescan),
                Err(_) => std::future::pending().await,
            }
        };
        tokio::select! {
            signal = moved => Some(signal),
            () = asked => Some(Signal::Asked),
            () = poll => None,
        }
    }
}

impl Watch {
    async fn start(repo: &Repo) -> Result<Self, NotWatched> {
        let path = repo.local().ok_or(NotWatched::Elsewhere)?.to_owned();
        blocking(move || Self::start_now(&path)).await
    }

    fn start_now(path: &Path) -> Result<Self, NotWatched> {
        let repository = local::open(path)?;
        // Branches of a work tree are kept in the repository that it belongs to.
        let dir = repository.commondir();
        let (sender, signals) = mpsc::channel(1);
        let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            let signal = match event {
                Ok(event) if event.need_rescan() => Some(Signal::Rescan),
                Ok(event) => signal(&event),
                Err(_) => Some(Signal::Rescan),
            };
            if let Some(signal) = signal {
                // A full channel tells the same already, but for the need to watch anew, which waits its turn.
                match signal {
                    Signal::Rescan => drop(sender.blocking_send(signal)),
                    Signal::Moved | Signal::Asked => drop(sender.try_send(signal)),
                }
            }
        })?;
        // Git replaces files by renaming, so folders are watched: `HEAD` and `packed-refs`, then the branches.
        watcher.watch(dir, RecursiveMode::NonRecursive)?;
        watcher.watch(&dir.join("refs/heads"), RecursiveMode::Recursive)?;
        Ok(Self { signals, _watcher: watcher })
    }
}

/// What an event means. Reading is none, or our own fetch would wake us; nor is a lock file, which comes before the
/// rename that counts.
fn signal(event: &notify::Event) -> Option<Signal> {
    let is_lock = |path: &Path| path.extension().is_some_and(|extension| extension == "lock");
    match event.kind {
        _ if !event.paths.is_empty() && event.paths.iter().all(|path| is_lock(path)) => None,
        EventKind::Create(CreateKind::Folder) | EventKind::Remove(RemoveKind::Folder) => Some(Signal::Rescan),
        EventKind::Access(kind) if kind != AccessKind::Close(AccessMode::Write) => None,
        EventKind::Modify(ModifyKind::Metadata(_)) => None,
        _ => Some(Signal::Moved),
    }
}

/// Twice as long after each failure, up to a bound that never makes it shorter than the interval.
fn backoff(interval: Duration, failures: u32) -> Duration {
    let longer = 1_u32.checked_shl(failures.saturating_sub(1)).unwrap_or(u32::MAX);
    interval.saturating_mul(longer).min(MAX_BACKOFF.max(interval))
}

/// The interval, up to a tenth shorter or longer, so that many daemons do not ask one server at once.
fn jittered(interval: Duration) -> Duration {
    // The standard library's hasher has random keys: chance enough for jitter, without another crate.
    let chance = RandomState::new().hash_one(()) as f64 / u64::MAX as f64;
    interval.mul_f64(0.9 + 0.2 * chance)
}

#[cfg(test)]
mod tests {
    use notify::Event;
    use notify::event::{DataChange, MetadataKind, RenameMode};

    use super::*;

    fn told(kind: EventKind, paths: &[&str]) -> Option<Signal> {
        let event = paths.iter().fold(Event::new(kind), |event, path| event.add_path(path.into()));
        signal(&event)
    }

    #[test]
    fn a_written_branch_is_a_signal_and_a_read_or_locked_one_is_not() {
        let written = EventKind::Modify(ModifyKind::Data(DataChange::Any));
        let renamed = EventKind::Modify(ModifyKind::Name(RenameMode::Both));
        assert_eq!(told(written, &["refs/heads/main"]), Some(Signal::Moved));
        assert_eq!(told(renamed, &["refs/heads/main.lock", "refs/heads/main"]), Some(Signal::Moved));
        assert_eq!(told(EventKind::Remove(RemoveKind::File), &["refs/heads/main"]), Some(Signal::Moved));
        assert_eq!(
            told(EventKind::Create(CreateKind::Folder), &["refs/heads/feature"]),
            Some(Signal::Rescan)
        );
        for kind in [
            EventKind::Access(AccessKind::Open(AccessMode::Any)),
            EventKind::Access(AccessKind::Close(AccessMode::Read)),
            EventKind::Modify(ModifyKind::Metadata(MetadataKind::AccessTime)),
        ] {
            assert_eq!(told(kind, &["refs/heads/main"]), None, "{kind:?}");
        }
        assert_eq!(told(written, &["refs/heads/main.lock"]), None);
    }

    #[test]
    fn a_server_that_cannot_be_read_is_asked_less_and_less_often() {
        let waits = |interval, failures: &[u32]| -> Vec<u64> {
            failures.iter().map(|n| backoff(Duration::from_secs(interval), *n).as_secs()).collect()
        };
        assert_eq!(waits(60, &[1, 2, 3, 4, 5, 100]), [60, 120, 240, 480, 600, 600]);
        assert_eq!(waits(3600, &[1, 2, 100]), [3600, 3600, 3600]);
    }

    #[test]
    fn jitter_stays_within_a_tenth_and_varies() {
        let drawn: Vec<_> = (0..100).map(|_| jittered(Duration::from_secs(100)).as_millis()).collect();
        assert!(drawn.iter().all(|ms| (90_000..=110_000).contains(ms)), "{drawn:?}");
        assert!(drawn.iter().any(|ms| *ms != drawn[0]), "{drawn:?}");
    }
}
