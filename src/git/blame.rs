//! Who wrote a line, in which commit, and which revision brought that commit first.
//!
//! Separate from reading what a revision says: this is asked by people, about few lines, and looks back into history. So it
//! is bounded: commits further back than `MAX_COMMITS` are not told apart, and it ends once nobody waits for it. That is why
//! lines are followed here and not by `git_blame_file`, which nothing can stop.

use std::collections::{BTreeMap, BTreeSet, BinaryHeap};
use std::path::Path;

use chrono::{DateTime, Utc};
use git2::{Blob, Commit, DiffOptions, ErrorCode, ObjectType, Oid, Patch, Repository};

use super::Error;
use super::mirror::{Halt, Mirror, object_id, oid};
use super::snapshot::SYMLINK;
use super::storage::Stop;
use crate::revision::{ObjectId, Revision};
use crate::spec;

/// How far back it is looked.
const MAX_COMMITS: usize = 20_000;

/// A line of a file of the config: its path from the config's root, and its number.
pub type Line = (String, u32);

/// The commit that wrote a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// Which; the oldest that was looked at stands for all before it.
    pub commit: ObjectId,
    /// Name of its author.
    pub author: String,
    /// First line of its message.
    pub subject: String,
    /// When it was written, by its author's clock.
    pub at: DateTime<Utc>,
}

/// What history says about lines.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origin {
    /// Who wrote each line. Without those that are not there.
    pub written: BTreeMap<Line, Written>,
    /// By commit that wrote a line, which of the revisions brought it first.
    pub brought: BTreeMap<ObjectId, ObjectId>,
}

impl Mirror {
    /// The content of files of the config at a revision. Those that are no plain files of a document's size are left out.
    ///
    /// # Errors
    /// The mirror does not have the revision, or cannot be read.
    pub async fn files(
        &self,
        revision: &Revision,
        paths: Vec<String>,
    ) -> Result<BTreeMap<String, Vec<u8>>, Error> {
        let root = self.path.clone();
        self.read(revision, move |mirror, commit, _| Ok(files(mirror, commit, &root, paths)?)).await
    }

    /// Who wrote these lines of a revision, and which of `revisions`, oldest first, brought each of their commits. What
    /// `turn` stands for is over when the thread that looks has ended, not when nobody waits for it any more.
    ///
    /// # Errors
    /// The mirror does not have the revision, or cannot be read, or it takes too long.
    pub async fn origin(
        &self,
        revision: &Revision,
        lines: BTreeSet<Line>,
        revisions: Vec<ObjectId>,
        turn: impl Send + 'static,
    ) -> Result<Origin, Error> {
        let root = self.path.clone();
        let look = move |mirror: &Repository, commit: &Commit<'_>, stop: &Stop| {
            let _turn = turn;
            origin(mirror, commit, &root, &lines, &revisions, stop)
        };
        self.read(revision, look).await
    }
}

/// A path of the config as one of the repository.
fn in_repository(root: &str, path: &str) -> String {
    if root.is_empty() { path.to_owned() } else { format!("{root}/{path}") }
}

fn files(
    mirror: &Repository,
    commit: &Commit<'_>,
    root: &str,
    paths: Vec<String>,
) -> Result<BTreeMap<String, Vec<u8>>, git2::Error> {
    let mut files = BTreeMap::new();
    for path in paths {
        if let Some(file) = version(mirror, commit, &in_repository(root, &path))? {
            files.insert(path, file.content().to_vec());
        }
    }
    Ok(files)
}

fn origin(
    mirror: &Repository,
    commit: &Commit<'_>,
    root: &str,
    lines: &BTreeSet<Line>,
    revisions: &[ObjectId],
    stop: &Stop,
) -> Result<Origin, Halt> {
    let files: BTreeSet<&str> = lines.iter().map(|(path, _)| path.as_str()).collect();
    let mut written = BTreeMap::new();
    for file in files {
        let asked = lines.iter().filter(|(path, _)| path == file).map(|(_, line)| *line);
        for (line, id) in writers(mirror, commit, &in_repository(root, file), asked, &|| stop.check())? {
            written.insert((file.to_owned(), line), of(&mirror.find_commit(id)?));
        }
    }
    let wanted: BTreeSet<ObjectId> = written.values().map(|written: &Written| written.commit).collect();
    Ok(Origin { written, brought: brought(mirror, revisions, wanted, stop)? })
}

/// Who wrote one line.
pub(super) fn writer(
    repository: &Repository,
    commit: &Commit<'_>,
    root: &str,
    (path, line): &Line,
) -> Result<Option<Written>, Halt> {
    let path = in_repository(root, path);
    let wrote = writers(repository, commit, &path, std::iter::once(*line), &|| Ok(()))?;
    let written = wrote.get(line).map(|id| repository.find_commit(*id).map(|commit| of(&commit)));
    Ok(written.transpose()?)
}

/// A line that is followed back: its number in the commit that was reached, and in the one that was asked about.
type Followed = (u32, u32);

/// The commits that wrote lines of a file. From the newest commit back, each passes its lines on to the first parent that has
/// them too; those that none has are its own. By time as `git blame` does it: where clocks were wrong, a commit is looked at
/// once more, and nothing else is different.
fn writers(
    mirror: &Repository,
    head: &Commit<'_>,
    path: &str,
    asked: impl Iterator<Item = u32>,
    stop: &dyn Fn() -> Result<(), Error>,
) -> Result<BTreeMap<u32, Oid>, Halt> {
    let mut wrote = BTreeMap::new();
    let Some(file) = version(mirror, head, path)? else { return Ok(wrote) };
    let length = lines_of(&file);
    let asked: Vec<Followed> = asked.filter(|line| *line <= length).map(|line| (line, line)).collect();
    let mut reached = BTreeMap::from([(head.id(), asked)]);
    let mut next = BinaryHeap::from([(head.time().seconds(), head.id())]);
    for looked in 0.. {
        let Some((_, id)) = next.pop() else { break };
        stop()?;
        let Some(mut lines) = reached.remove(&id) else { continue };
        let commit = mirror.find_commit(id)?;
        if looked < MAX_COMMITS
            && let Some(here) = version(mirror, &commit, path)?
        {
            for parent in commit.parents() {
                let Some(before) = version(mirror, &parent, path)? else { continue };
                let passed = pass_on(&mut lines, &before, &here)?;
                if !passed.is_empty() {
                    next.push((parent.time().seconds(), parent.id()));
                    reached.entry(parent.id()).or_default().extend(passed);
                }
            }
        }
        wrote.extend(lines.into_iter().map(|(_, asked)| (asked, id)));
    }
    Ok(wrote)
}

/// A file as a commit has it, unless it is no plain file or no document's size.
fn version<'m>(
    mirror: &'m Repository,
    commit: &Commit<'_>,
    path: &str,
) -> Result<Option<Blob<'m>>, git2::Error> {
    let entry = match commit.tree()?.get_path(Path::new(path)) {
        Ok(entry) => entry,
        Err(error) if error.code() == ErrorCode::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let is_plain = entry.kind() == Some(ObjectType::Blob) && entry.filemode() != SYMLINK;
    if !is_plain || mirror.odb()?.read_header(entry.id())?.0 as u64 > spec::MAX_FILE_BYTES {
        return Ok(None);
    }
    mirror.find_blob(entry.id()).map(Some)
}

fn lines_of(file: &Blob<'_>) -> u32 {
    u32::try_from(file.content().split_inclusive(|byte| *byte == b'\n').count()).unwrap_or(u32::MAX)
}

/// Takes out the lines that the file had before too, with the numbers that they had there.
fn pass_on(
    lines: &mut Vec<Followed>,
    before: &Blob<'_>,
    here: &Blob<'_>,
) -> Result<Vec<Followed>, git2::Error> {
    if before.id() == here.id() {
        return Ok(std::mem::take(lines));
    }
    let mut options = DiffOptions::new();
    options.context_lines(0).force_text(true);
    let patch = Patch::from_blobs(before, None, here, None, Some(&mut options))?;
    let hunks = (0..patch.num_hunks()).map(|at| {
        let (hunk, _) = patch.hunk(at)?;
        Ok([hunk.old_lines(), hunk.new_start(), hunk.new_lines()])
    });
    let hunks = hunks.collect::<Result<Vec<_>, git2::Error>>()?;
    let mut passed = Vec::new();
    lines.retain(|(line, asked)| match number_before(*line, &hunks) {
        Some(line) => {
            passed.push((line, *asked));
            false
        }
        None => true,
    });
    Ok(passed)
}

/// The number that a line had before hunks without context (lines before, start and lines after) changed its file; none if
/// it is of such a hunk.
fn number_before(line: u32, hunks: &[[u32; 3]]) -> Option<u32> {
    let mut before = line;
    for [old_lines, new_start, new_lines] in hunks {
        // Where lines only go, the start is the line above them.
        let first = if *new_lines == 0 { new_start + 1 } else { *new_start };
        if line < first {
            break;
        }
        if line < first + new_lines {
            return None;
        }
        before = before + old_lines - new_lines;
    }
    Some(before)
}

fn of(commit: &Commit<'_>) -> Written {
    let author = commit.author();
    Written {
        commit: object_id(commit.id()),
        author: String::from_utf8_lossy(author.name_bytes()).into_owned(),
        subject: String::from_utf8_lossy(commit.summary_bytes().unwrap_or_default()).into_owned(),
        at: DateTime::from_timestamp(author.when().seconds(), 0).unwrap_or_default(),
    }
}

/// Which of the revisions, oldest first, brought each of these commits. One that history lost is passed over.
fn brought(
    mirror: &Repository,
    revisions: &[ObjectId],
    mut wanted: BTreeSet<ObjectId>,
    stop: &Stop,
) -> Result<BTreeMap<ObjectId, ObjectId>, Halt> {
    let mut brought = BTreeMap::new();
    let mut before: Vec<Oid> = Vec::new();
    for revision in revisions {
        stop.check()?;
        let head = oid(*revision);
        if mirror.find_commit(head).is_err() {
            continue;
        }
        let mut walk = mirror.revwalk()?;
        walk.push(head)?;
        for known in &before {
            walk.hide(*known)?;
        }
        for id in walk.take(MAX_COMMITS) {
            stop.check()?;
            let id = object_id(id?);
            if wanted.remove(&id) {
                brought.insert(id, *revision);
            }
        }
        if wanted.is_empty() {
            break;
        }
        before = vec![head];
    }
    Ok(brought)
}
