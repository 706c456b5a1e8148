//! What can fail with a config repo or its mirror. Not the state of the repo: a missing branch is no error.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use super::RemoteError;
use crate::revision::{ObjectId, Revision};

/// An operation on the config repo failed. The texts name no URL, since one may carry credentials.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The way to a config repo on another machine.
    #[error(transparent)]
    Remote(#[from] RemoteError),
    /// `repo` is a URL with a user's password or token.
    #[error("`repo` has credentials in it")]
    CredentialsInRepo,
    /// `repo` is a URL that neither hides nor protects what is sent.
    #[error("`repo` is over http, where everybody on the way can read and change it")]
    Uncovered,
    /// `repo` has a form that no version will understand.
    #[error("`repo` is neither a path nor a URL that can be followed")]
    MalformedRepo,
    /// `branch` is no name that Git allows.
    #[error("`{branch}` is no name of a branch")]
    MalformedBranch {
        /// As it was set.
        branch: String,
    },
    /// `path` leads out of the repository.
    #[error("`path` is `{path}`; it must be a folder inside the config repo, without `..`")]
    MalformedPath {
        /// As it was set.
        path: String,
    },
    /// What is asked takes a repository on this machine.
    #[error("`repo` is on another machine, and this reads one on this machine")]
    Elsewhere,
    /// There is nothing at the path.
    #[error("config repo `{}`: there is no such folder", repo.display())]
    Missing {
        /// Where it should be.
        repo: PathBuf,
    },
    /// There is something, and it is no Git repository.
    #[error("config repo `{}` is not a Git repository", repo.display())]
    NotARepository {
        /// Where it should be.
        repo: PathBuf,
    },
    /// It exists and may not be read.
    #[error("config repo `{}` cannot be read", repo.display())]
    Unreadable {
        /// Where it is.
        repo: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// It belongs to somebody else, who could put anything in it.
    #[error("config repo `{}` belongs to user {owner}, the daemon runs as user {user}", repo.display())]
    ForeignOwner {
        /// Where it is.
        repo: PathBuf,
        /// Whose it is.
        owner: u32,
        /// Who we are.
        user: u32,
    },
    /// Reading the config repo failed in Git's own terms.
    #[error("config repo: fetch failed")]
    Fetch {
        /// What libgit2 says.
        source: git2::Error,
    },
    /// `path` does not exist in this revision, so nothing can be said about any union.
    #[error("{revision} has no folder `{path}`")]
    NoFolder {
        /// Where it was looked for.
        revision: Revision,
        /// As it was set.
        path: String,
    },
    /// A name that somebody gave stands for no commit.
    #[error("`{name}` {} in this repository", if *ambiguous { "stands for several commits" } else { "is no commit" })]
    NoCommit {
        /// As it was given.
        name: String,
        /// Whether it is the beginning of several.
        ambiguous: bool,
    },
    /// The history of this clone ends before the followed branch is met.
    #[error("this clone is shallow: where the revision left `{branch}` is not in it")]
    Shallow {
        /// The followed branch.
        branch: String,
    },
    /// The history of this clone ends before all of it is known of which signatures are asked.
    #[error("this clone is shallow: commits before {commit} whose signatures count are not in it")]
    ShallowHistory {
        /// The newest of them.
        commit: ObjectId,
    },
    /// The mirror does not have it: it was force-pushed away and the mirror was made anew since.
    #[error("{revision} is not in the mirror")]
    UnknownRevision {
        /// What was asked for.
        revision: Revision,
    },
    /// The mirror was damaged. It is gone by now, and the next fetch makes it anew.
    #[error("the mirror of the config repo in `{}` is damaged", dir.display())]
    Damaged {
        /// Where it was.
        dir: PathBuf,
        /// What libgit2 says.
        source: git2::Error,
    },
    /// What was pushed is no sound history: a new mirror does not help.
    #[error("{revision} cannot be read")]
    Unsound {
        /// What was read.
        revision: Revision,
        /// What libgit2 says.
        source: git2::Error,
    },
    /// The mirror cannot be written, although there is room.
    #[error("the mirror of the config repo in `{}` cannot be written", dir.display())]
    Mirror {
        /// Where it is.
        dir: PathBuf,
        /// What libgit2 says.
        source: git2::Error,
    },
    /// The state folder cannot be made or written.
    #[error("state folder `{}` cannot be used", dir.display())]
    StateDir {
        /// Where it is.
        dir: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The state folder's file system is full, or nearly.
    #[error("state folder `{}` has {free_mib} MiB of room; {needed_mib} MiB are needed", dir.display())]
    NoRoom {
        /// Where it is.
        dir: PathBuf,
        /// What is left.
        free_mib: u64,
        /// What has to be left.
        needed_mib: u64,
    },
    /// More data than a config repo has.
    #[error("the config repo sends more than {limit_mib} MiB")]
    TooLarge {
        /// The most.
        limit_mib: u64,
    },
    /// It took too long.
    #[error("config repo: no answer within {} s", after.as_secs())]
    Deadline {
        /// How long it was waited for.
        after: Duration,
    },
    /// The daemon stops.
    #[error("cancelled")]
    Cancelled,
}

impl Error {
    /// What a person can do about it, where that is sure.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Remote(error) => return error.hint(),
            Self::Elsewhere => "clone it and set `repo` to the clone".into(),
            Self::CredentialsInRepo => {
                "put them into a file and set `repo_credentials_file` to it; flags are shown to everybody on the machine"
                    .into()
            }
            Self::Uncovered => "set `repo` to its `https://` address; `http://` is for this machine alone".into(),
            Self::MalformedRepo => {
                "set `repo` to a path, `file://` and a path, `https://HOST/PATH`, `ssh://USER@HOST/PATH` or \
                 `USER@HOST:PATH`"
                    .into()
            }
            Self::MalformedBranch { .. } => "set `branch` to the branch to follow, such as `main`".into(),
            Self::MalformedPath { .. } | Self::NoFolder { .. } => {
                "set `path` to the folder that has `keyforge.yaml`, or leave it out for the root".into()
            }
            Self::NoCommit { ambiguous: false, .. } => {
                "give a branch, a tag or a commit that is here; `git fetch` brings what is elsewhere".into()
            }
            Self::ShallowHistory { .. } => "`git fetch --unshallow` brings the rest".into(),
            Self::Shallow { .. } => "`git fetch --unshallow` brings the rest, or name the older revision".into(),
            Self::NoCommit { ambiguous: true, .. } => "give more of its digits".into(),
            Self::Missing { .. } | Self::NotARepository { .. } => {
                "set `repo` to the folder of a repository, bare or with a work tree (`git init --bare` makes one)".into()
            }
            Self::Unsound { .. } => "find what is broken with `git fsck`, and push the branch without it".into(),
            Self::Unreadable { .. } => "let the daemon's user read it".into(),
            Self::ForeignOwner { repo, user, .. } => {
                format!("give it to the daemon's user: `chown -R {user} {}`", repo.display())
            }
            Self::StateDir { .. } => "set `state_dir` to a folder that the daemon's user may write".into(),
            Self::TooLarge { .. } => {
                "remove large files from the branch's history, or raise `repo_max_mib`".into()
            }
            Self::Deadline { .. } => "see why the server is slow, or raise `repo_timeout`".into(),
            Self::NoRoom { .. } => {
                "make room, or set `state_dir` to a folder elsewhere; what is in it is only a cache".into()
            }
            _ => return None,
        })
    }

    /// Whether it may be well a moment later, without anybody changing a setting.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Remote(error) => error.is_passing(),
            Self::Deadline { .. } | Self::Cancelled | Self::NoRoom { .. } | Self::Damaged { .. } => true,
            _ => false,
        }
    }
}
