//! The config repo: what its followed branch says, read from a bare mirror without any work tree.
//!
//! ```text
//! repo ─fetch→ mirror in the state folder ─snapshot→ spec::Snapshot      (Mirror)
//!    │                                    └─history→ signing::History
//!    └──watch, poll→ "look again"                                        (Watcher)
//! repo on this machine, in place ─snapshot→ spec::Snapshot               (Objects)
//! ```
//!
//! Separate from what the documents mean (`spec`) and from what is done about them (`reconcile`). Invariants: nothing is
//! checked out, no program is run but `ssh`, the host's Git configuration is not read; the mirror is a cache and may be lost.

mod arrival;
mod blame;
mod changes;
pub mod directory;
mod error;
mod fetched;
mod history;
mod local;
mod mirror;
mod objects;
mod origin;
mod remote;
mod repo;
mod snapshot;
mod storage;
mod watch;

pub use blame::{Line, Origin, Written};
pub use changes::{ChangedFile, Changes, ChangesQuery};
pub use error::Error;
pub use fetched::{Change, Fetched, Source};
pub use history::Since;
pub use mirror::Mirror;
pub use objects::Objects;
pub use remote::RemoteError;
pub use watch::{NotWatched, Nudge, Watcher, Woken};

use std::path::PathBuf;
use std::sync::Once;
use std::time::Duration;

use crate::duration;

/// Which config repo is followed, and how.
#[derive(Debug, Clone, clap::Args)]
#[group(skip)]
pub struct Options {
    /// The config repo: a path, `file://`, `https://`, `ssh://` or `user@host:path`. Without credentials in it.
    #[arg(long, env = "KEYFORGE_REPO", hide_env_values = true)]
    pub repo: String,
    /// The branch to follow.
    #[arg(long, env = "KEYFORGE_BRANCH", default_value = "main")]
    pub branch: String,
    /// The folder of the config repo that has `keyforge.yaml`; its root if left out.
    #[arg(long, env = "KEYFORGE_PATH", default_value = "", hide_default_value = true)]
    pub path: String,
    /// File with what lets us in: for https a token or `user:password`, for ssh a private key. Read again at each fetch.
    #[arg(long, env = "KEYFORGE_REPO_CREDENTIALS_FILE", value_name = "FILE")]
    pub repo_credentials_file: Option<PathBuf>,
    /// File with the certificates of the only authorities to trust for https; those of the system if left out.
    #[arg(long, env = "KEYFORGE_REPO_CA_FILE", value_name = "FILE")]
    pub repo_ca_file: Option<PathBuf>,
    /// File with the host keys of ssh servers, as OpenSSH keeps them. An unknown one is refused.
    #[arg(long, env = "KEYFORGE_REPO_KNOWN_HOSTS_FILE", value_name = "FILE")]
    pub repo_known_hosts_file: Option<PathBuf>,
    /// After this long a fetch is given up.
    #[arg(long, env = "KEYFORGE_REPO_TIMEOUT", default_value = "2m", value_name = "DURATION",
          value_parser = duration::parse)]
    pub repo_timeout: Duration,
    /// The most that one fetch may bring. The default is a hundred times what 10,000 unions are.
    #[arg(long, env = "KEYFORGE_REPO_MAX_MIB", default_value_t = 512, value_name = "MIB",
          value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub repo_max_mib: u64,
    /// How often the config repo is asked for news, give or take a tenth. One on this machine is also watched.
    #[arg(long, env = "KEYFORGE_POLL_INTERVAL", default_value = "60s", value_parser = poll_interval)]
    pub poll_interval: Duration,
    /// Where the mirror of the config repo is cached; it may be lost at any time. Without it `keyforge` in
    /// `$XDG_STATE_HOME` or in `~/.local/state`, and without a home `/var/lib/keyforge`.
    #[arg(long, env = "KEYFORGE_STATE_DIR", default_value_os_t = state_dir(), hide_default_value = true)]
    pub state_dir: PathBuf,
}

/// Why a text is no poll interval.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
enum PollIntervalError {
    #[error(transparent)]
    Form(#[from] duration::DurationError),
    #[error("the poll interval is between `1s` and `24h`")]
    Range,
}

fn poll_interval(text: &str) -> Result<Duration, PollIntervalError> {
    let interval = duration::parse(text)?;
    let range = Duration::from_secs(1)..=Duration::from_hours(24);
    if range.contains(&interval) { Ok(interval) } else { Err(PollIntervalError::Range) }
}

#[expect(clippy::disallowed_methods, reason = "a default of a setting, asked for while settings are read")]
fn state_dir() -> PathBuf {
    let absolute = |path: PathBuf| path.is_absolute().then_some(path);
    std::env::var_os("XDG_STATE_HOME")
        .and_then(|state| absolute(state.into()))
        .or_else(|| std::env::home_dir().and_then(absolute).map(|home| home.join(".local/state")))
        .map_or_else(|| "/var/lib/keyforge".into(), |state| state.join("keyforge"))
}

/// Process-wide options of libgit2, set before its first use: the host's Git configuration (URL rewriting,
/// credential helpers) has no say here. That repositories must belong to our own user stays on.
fn init() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        use git2::ConfigLevel::{Global, ProgramData, System, XDG};
        for level in [ProgramData, System, XDG, Global] {
            // SAFETY: `Once` lets nobody else in, and every use of libgit2 in this module comes after `init`.
            #[expect(unsafe_code, reason = "libgit2 has this option for the whole process only")]
            let set = unsafe { git2::opts::set_search_path(level, "/nonexistent") };
            debug_assert!(set.is_ok(), "setting a search path only allocates");
        }
        remote::register();
    });
}
