//! A config repo on this machine as the source of a fetch: its tip, and what the mirror lacks of it.
//!
//! Not libgit2's own local transport: that one packs the commits of *all* branches at each fetch, so every open pull
//! request would make each fetch dearer. Here one branch is walked, from its tip to what the mirror has.

use std::io::Write as _;
use std::path::Path;

use git2::{BranchType, ErrorCode, Oid, Repository};

use super::Error;
use super::fetched::one_line;
use super::storage::{Stop, Storage};

/// What the followed branch points to.
pub(super) enum Tip {
    /// A commit.
    At(Oid),
    /// There are others, some of which are named.
    Missing { others: Vec<String> },
    /// There is no branch at all.
    Empty,
}

/// At most so many other branches are named.
pub(super) const MAX_OTHERS: usize = 5;

/// Opens the config repo, or says why not.
pub(super) fn open(path: &Path) -> Result<Repository, Error> {
    let repo = || path.to_owned();
    // The folder itself is asked first, since libgit2 says "not found" of what it may not read.
    match std::fs::read_dir(path) {
        Ok(_) => {}
        Err(error) => match error.kind() {
            std::io::ErrorKind::NotFound => return Err(Error::Missing { repo: repo() }),
            std::io::ErrorKind::NotADirectory => return Err(Error::NotARepository { repo: repo() }),
            _ => return Err(Error::Unreadable { repo: repo(), source: error }),
        },
    }
    Repository::open(path).map_err(|source| match source.code() {
        ErrorCode::NotFound => Error::NotARepository { repo: repo() },
        ErrorCode::Owner => Error::ForeignOwner { repo: repo(), owner: owner(path), user: user() },
        _ => Error::Fetch { source },
    })
}

/// Whose folder it is, where it belongs to another than us.
fn owner(path: &Path) -> u32 {
    use std::os::unix::fs::MetadataExt as _;
    let foreign = |path: &Path| path.metadata().map(|meta| meta.uid()).ok().filter(|uid| *uid != user());
    foreign(path).or_else(|| foreign(&path.join(".git"))).unwrap_or(0)
}

fn user() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// What the branch points to now.
pub(super) fn tip(source: &Repository, branch: &str) -> Result<Tip, Error> {
    let failed = |source| Error::Fetch { source };
    match source.find_reference(&format!("refs/heads/{branch}")) {
        Ok(reference) => Ok(Tip::At(reference.peel_to_commit().map_err(failed)?.id())),
        Err(error) if error.code() == ErrorCode::NotFound => {
            let branches = source.branches(Some(BranchType::Local)).map_err(failed)?;
            let others: Vec<String> = branches
                .filter_map(Result::ok)
                .filter_map(|(branch, _)| Some(one_line(branch.name_bytes().ok()?)))
                .take(MAX_OTHERS)
                .collect();
            Ok(if others.is_empty() { Tip::Empty } else { Tip::Missing { others } })
        }
        Err(error) => Err(failed(error)),
    }
}

/// Copies `tip` with all that it needs into `mirror`, which has `known` with all that it needs.
pub(super) fn copy(
    source: &Repository,
    tip: Oid,
    known: Option<Oid>,
    mirror: &Repository,
    storage: &Storage,
    stop: &Stop,
) -> Result<(), Error> {
    let failed = |source| stop.check().err().unwrap_or(Error::Fetch { source });
    let unwritable = |source| Error::Mirror { dir: storage.mirror.clone(), source };

    let mut walk = source.revwalk().map_err(failed)?;
    walk.push(tip).map_err(failed)?;
    // After a force-push the source may have forgotten what we know of it; then everything is copied.
    if let Some(known) = known.filter(|known| source.find_commit(*known).is_ok()) {
        walk.hide(known).map_err(failed)?;
    }
    let mut pack = source.packbuilder().map_err(failed)?;
    pack.set_threads(1);
    pack.set_progress_callback(|_, _, _| stop.check().is_ok()).map_err(failed)?;
    pack.insert_walk(&mut walk).map_err(failed)?;
    if pack.object_count() == 0 {
        return Ok(());
    }

    let objects = mirror.odb().map_err(unwritable)?;
    let mut writer = objects.packwriter().map_err(unwritable)?;
    let mut size = 0;
    let mut written = Ok(());
    let packed = pack.foreach(|bytes| {
        size += bytes.len() as u64;
        written = stop.check().and_then(|()| storage.admit(size)).and_then(|()| {
            // The writer's own error is a bare "write error"; libgit2 keeps what it means.
            writer.write_all(bytes).map_err(|_| unwritable(git2::Error::last_error(-1)))
        });
        written.is_ok()
    });
    written?;
    packed.map_err(failed)?;
    writer.commit().map(|_| ()).map_err(unwritable)
}
