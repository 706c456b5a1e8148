//! A config repo on another machine as the source of a fetch.
//!
//! ```text
//! Session ─tip→ one question (advertisement)          https: requests by reqwest, over the product's TLS stack
//!        └copy→ libgit2, whose bytes go through us    ssh: the program `ssh`
//! ```
//!
//! libgit2 knows the protocol and nothing of the way: to it there is one address, and every byte passes through a
//! [`Session`], which ends at a deadline, when it is cancelled, and at a bound of bytes. Invariants: libgit2's own
//! transports are never used, and no error comes back as its text where we know better.

mod access;
mod advertisement;
mod error;
mod https;
mod ssh;

use std::cell::RefCell;
use std::io::{self, BufReader};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use git2::transport::{Service, SmartSubtransport, SmartSubtransportStream, Transport};
use git2::{AutotagOption, ErrorClass, FetchOptions, Oid, RemoteCallbacks, Repository};
use url::Url;

use super::Error;
use super::local::Tip;
use super::repo::SshPlace;
use super::storage::{Stop, Storage};

pub(super) use access::Access;
pub use error::RemoteError;

/// The one address that libgit2 is told.
const ADDRESS: &str = "keyforge://config-repo";

/// Where a fetched branch is kept until the mirror's head is moved to it.
const INCOMING: &str = "refs/keyforge/incoming";

thread_local! {
    /// Whom a transport that libgit2 makes on this thread belongs to: its registry is one for the process.
    static CURRENT: RefCell<Option<Arc<Session>>> = const { RefCell::new(None) };
}

/// Makes our transport known to libgit2. Called once, before its first use.
pub(super) fn register() {
    // SAFETY: `git::init` calls it under a `Once`, and every use of libgit2 comes after that.
    #[expect(unsafe_code, reason = "libgit2 keeps its transports in a list without a lock")]
    let registered = unsafe {
        git2::transport::register("keyforge", |remote| {
            let session = CURRENT.with_borrow(Clone::clone);
            let session = session.ok_or_else(|| git2::Error::from_str("no session on this thread"))?;
            let by_requests = matches!(session.way, Way::Https(_));
            Transport::smart(remote, by_requests, Channel(session))
        })
    };
    debug_assert!(registered.is_ok(), "it is registered once");
}

/// One fetch from a config repo on another machine.
pub(super) struct Session {
    way: Way,
    stop: Stop,
    storage: Storage,
    received: AtomicU64,
    /// What failed, in our terms: libgit2 carries text only.
    failure: Mutex<Option<Error>>,
}

enum Way {
    Https(https::Server),
    Ssh(ssh::Server),
}

impl Session {
    /// With a web server. Reads the settings' files; nothing is reached yet.
    pub(super) fn over_http(
        url: &Url,
        access: &Access,
        storage: &Storage,
        stop: &Stop,
    ) -> Result<Arc<Self>, Error> {
        Ok(Self::new(Way::Https(https::Server::new(url, access)?), storage, stop))
    }

    /// With an SSH server. Reads the settings' files; nothing is reached yet.
    pub(super) fn over_ssh(
        place: &SshPlace,
        access: &Access,
        storage: &Storage,
        stop: &Stop,
    ) -> Result<Arc<Self>, Error> {
        Ok(Self::new(Way::Ssh(ssh::Server::new(place, access)?), storage, stop))
    }

    fn new(way: Way, storage: &Storage, stop: &Stop) -> Arc<Self> {
        let (stop, storage) = (stop.clone(), storage.clone());
        Arc::new(Self { way, stop, storage, received: 0.into(), failure: Mutex::default() })
    }

    /// What the branch points to now.
    pub(super) fn tip(self: &Arc<Self>, branch: &str) -> Result<Tip, Error> {
        let stream = self.begin(Service::UploadPackLs)?;
        let over_http = matches!(self.way, Way::Https(_));
        match advertisement::tip(BufReader::new(stream), branch, over_http) {
            Ok(tip) => Ok(tip?),
            Err(error) => Err(self.failure(git2::Error::from_str(&error.to_string()))),
        }
    }

    /// Copies the branch with all that it needs into `mirror`, as far as that lacks it. Gives the commit that it points
    /// to by then.
    pub(super) fn copy(self: &Arc<Self>, branch: &str, mirror: &Repository) -> Result<Oid, Error> {
        let _bound = Bound::to(self);
        let mut callbacks = RemoteCallbacks::new();
        callbacks.transfer_progress(|progress| {
            let goes_on =
                self.stop.check().and_then(|()| self.storage.admit(progress.received_bytes() as u64));
            goes_on.map_err(|error| self.keep(error)).is_ok()
        });
        let mut options = FetchOptions::new();
        options.remote_callbacks(callbacks).download_tags(AutotagOption::None).update_fetchhead(false);
        let spec = format!("+refs/heads/{branch}:{INCOMING}");
        let fetched = mirror
            .remote_anonymous(ADDRESS)
            .and_then(|mut remote| remote.fetch(&[spec], Some(&mut options), None));
        fetched.and_then(|()| mirror.refname_to_id(INCOMING)).map_err(|source| match source.class() {
            ErrorClass::Os | ErrorClass::Odb | ErrorClass::Filesystem | ErrorClass::Reference
                if self.is_sound() =>
            {
                Error::Mirror { dir: self.storage.mirror.clone(), source }
            }
            _ => self.failure(source),
        })
    }

    fn begin(self: &Arc<Self>, service: Service) -> Result<Box<dyn SmartSubtransportStream>, Error> {
        let session = Arc::clone(self);
        match (&self.way, service) {
            (Way::Https(_), Service::UploadPackLs) => Ok(Box::new(https::Exchange::branches(session))),
            (Way::Https(_), Service::UploadPack) => Ok(Box::new(https::Exchange::pack(session))),
            (Way::Ssh(server), Service::UploadPackLs) => Ok(Box::new(ssh::Pipe::open(server, session)?)),
            // libgit2 goes on with the pipe that it has; and nothing is ever pushed.
            _ => Err(Error::Fetch { source: git2::Error::from_str("not a way to read") }),
        }
    }

    /// Counts what came in.
    fn receive(&self, bytes: usize) -> Result<(), Error> {
        let received = self.received.fetch_add(bytes as u64, Ordering::Relaxed) + bytes as u64;
        self.storage.allow(received)
    }

    /// Keeps the first failure, and gives what libgit2 can carry of it.
    fn keep(&self, error: Error) -> io::Error {
        let text = io::Error::other(error.to_string());
        self.kept().get_or_insert(error);
        text
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Option<Error>> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_sound(&self) -> bool {
        self.kept().is_none()
    }

    /// What failed, in our terms where we know them.
    fn failure(&self, source: git2::Error) -> Error {
        self.kept().take().or_else(|| self.stop.check().err()).unwrap_or(Error::Fetch { source })
    }
}

/// The session is this thread's until it is dropped.
struct Bound;

impl Bound {
    fn to(session: &Arc<Session>) -> Self {
        CURRENT.set(Some(Arc::clone(session)));
        Self
    }
}

impl Drop for Bound {
    fn drop(&mut self) {
        CURRENT.set(None);
    }
}

/// What libgit2 asks for a stream.
struct Channel(Arc<Session>);

impl SmartSubtransport for Channel {
    fn action(&self, _: &str, service: Service) -> Result<Box<dyn SmartSubtransportStream>, git2::Error> {
        self.0.begin(service).map_err(|error| git2::Error::from_str(&self.0.keep(error).to_string()))
    }

    fn close(&self) -> Result<(), git2::Error> {
        Ok(())
    }
}
