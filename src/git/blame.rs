//! Who wrote a line, in which commit, and which revision brought that commit first.
//!
//! Separate from reading what a revision says: this is asked by people, about few lines, and looks back into history. So it
//! is bounded: commits further back than `MAX_COMMITS` are not told apart, since libgit2 cannot be stopped meanwhile.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use chrono::{DateTime, Utc};
use git2::{BlameOptions, Commit, ErrorCode, ObjectType, Oid, Repository};

use super::Error;
use super::mirror::{Mirror, object_id, oid};
use super::snapshot::SYMLINK;
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
        self.read(revision, move |mirror, commit| files(mirror, commit, &root, paths)).await
    }

    /// Who wrote these lines of a revision, and which of `revisions`, oldest first, brought each of their commits.
    ///
    /// # Errors
    /// The mirror does not have the revision, or cannot be read.
    pub async fn origin(
        &self,
        revision: &Revision,
        lines: BTreeSet<Line>,
        revisions: Vec<ObjectId>,
    ) -> Result<Origin, Error> {
        let root = self.path.clone();
        self.read(revision, move |mirror, commit| {
            let written = written(mirror, commit, &root, &lines)?;
            let wanted: BTreeSet<ObjectId> = written.values().map(|written| written.commit).collect();
            Ok(Origin { written, brought: brought(mirror, &revisions, wanted)? })
        })
        .await
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
    let (tree, objects) = (commit.tree()?, mirror.odb()?);
    let mut files = BTreeMap::new();
    for path in paths {
        let entry = match tree.get_path(Path::new(&in_repository(root, &path))) {
            Ok(entry) => entry,
            Err(error) if error.code() == ErrorCode::NotFound => continue,
            Err(error) => return Err(error),
        };
        let is_plain = entry.kind() == Some(ObjectType::Blob) && entry.filemode() != SYMLINK;
        if is_plain && objects.read_header(entry.id())?.0 as u64 <= spec::MAX_FILE_BYTES {
            files.insert(path, objects.read(entry.id())?.data().to_vec());
        }
    }
    Ok(files)
}

fn written(
    mirror: &Repository,
    commit: &Commit<'_>,
    root: &str,
    lines: &BTreeSet<Line>,
) -> Result<BTreeMap<Line, Written>, git2::Error> {
    let mut walk = mirror.revwalk()?;
    walk.push(commit.id())?;
    let oldest = walk.nth(MAX_COMMITS).transpose()?;
    let files: BTreeSet<&str> = lines.iter().map(|(path, _)| path.as_str()).collect();
    let mut found = BTreeMap::new();
    for file in files {
        let mut options = BlameOptions::new();
        options.newest_commit(commit.id());
        if let Some(oldest) = oldest {
            options.oldest_commit(oldest);
        }
        let blame = match mirror.blame_file(Path::new(&in_repository(root, file)), Some(&mut options)) {
            Ok(blame) => blame,
            Err(error) if error.code() == ErrorCode::NotFound => continue,
            Err(error) => return Err(error),
        };
        for line in lines.iter().filter(|(path, _)| path == file) {
            if let Some(hunk) = blame.get_line(line.1 as usize) {
                let id = hunk.final_commit_id();
                found.insert(line.clone(), of(&mirror.find_commit(id)?));
            }
        }
    }
    Ok(found)
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
) -> Result<BTreeMap<ObjectId, ObjectId>, git2::Error> {
    let mut brought = BTreeMap::new();
    let mut before: Vec<Oid> = Vec::new();
    for revision in revisions {
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
