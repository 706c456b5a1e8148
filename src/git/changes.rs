//! Which files a revision changed, and by how many lines.
//!
//! Separate from `history`, which judges commits by the names of trees: here people want to see files. Lines are counted for a
//! page alone, since that reads both files. Invariant: of a file that is too large or no text the lines are not counted.

use git2::{Commit, Delta, Diff, DiffOptions, Patch, Repository};

use super::Error;
use super::mirror::{Halt, Mirror, oid};
use super::storage::Stop;
use crate::outcome::Alteration;
use crate::revision::{ObjectId, Revision};

/// A larger file is told without its lines.
const MAX_BYTES: i64 = 1 << 20;

/// Which files.
#[derive(Debug, Clone, Default)]
pub struct ChangesQuery {
    /// Against this revision, if it is at hand; else against what the commit follows.
    pub since: Option<ObjectId>,
    /// Only files in these folders of the config; none: all.
    pub folders: Option<Vec<String>>,
    /// Without so many of the first ones.
    pub without: usize,
    /// How many at most.
    pub limit: usize,
}

/// Files that a revision changed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changes {
    /// So many, by path.
    pub files: Vec<ChangedFile>,
    /// How many there are on all pages.
    pub total: usize,
    /// What they were compared with, if that was the revision that was asked for.
    pub since: Option<ObjectId>,
}

/// A file that a revision changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangedFile {
    /// Its path in the config.
    pub path: String,
    /// What was done to it.
    pub change: Alteration,
    /// How many lines came and how many went; none: that is not known.
    pub lines: Option<(usize, usize)>,
}

impl Mirror {
    /// The files of the config that a revision changed. What `turn` stands for is over when the thread that looks has ended.
    ///
    /// # Errors
    /// The mirror does not have the revision, or cannot be read, or it takes too long.
    pub async fn changes(
        &self,
        revision: &Revision,
        query: ChangesQuery,
        turn: impl Send + 'static,
    ) -> Result<Changes, Error> {
        let root = self.path.clone();
        let look = move |mirror: &Repository, commit: &Commit<'_>, stop: &Stop| {
            let _turn = turn;
            changes(mirror, commit, &root, &query, stop)
        };
        self.read(revision, look).await
    }
}

fn changes(
    mirror: &Repository,
    commit: &Commit<'_>,
    root: &str,
    query: &ChangesQuery,
    stop: &Stop,
) -> Result<Changes, Halt> {
    let since = query.since.and_then(|since| mirror.find_commit(oid(since)).ok());
    let before = since.as_ref().map_or_else(|| commit.parent(0).ok(), |since| Some(since.clone()));
    let before = before.map(|before| before.tree()).transpose()?;
    let mut options = DiffOptions::new();
    options.disable_pathspec_match(true).context_lines(0).max_size(MAX_BYTES);
    let within = if root.is_empty() { String::new() } else { format!("{root}/") };
    match &query.folders {
        Some(folders) if folders.is_empty() => return Ok(Changes::default()),
        Some(folders) => {
            for folder in folders {
                options.pathspec(format!("{within}{folder}"));
            }
        }
        None if root.is_empty() => {}
        None => {
            options.pathspec(root);
        }
    }
    let diff = mirror.diff_tree_to_tree(before.as_ref(), Some(&commit.tree()?), Some(&mut options))?;
    let mut changed: Vec<(String, Alteration, usize)> = diff
        .deltas()
        .enumerate()
        .filter_map(|(place, delta)| {
            let change = match delta.status() {
                Delta::Added => Alteration::Added,
                Delta::Deleted => Alteration::Removed,
                _ => Alteration::Changed,
            };
            let file = delta.new_file().path_bytes().or_else(|| delta.old_file().path_bytes())?;
            let path = String::from_utf8_lossy(file);
            let path = path.strip_prefix(&within)?;
            let is_seen = |folders: &Vec<String>| folders.iter().any(|folder| path.starts_with(folder));
            query.folders.as_ref().is_none_or(is_seen).then(|| (path.to_owned(), change, place))
        })
        .collect();
    changed.sort();
    let total = changed.len();
    let mut files = Vec::new();
    for (path, change, place) in changed.into_iter().skip(query.without).take(query.limit) {
        stop.check()?;
        files.push(ChangedFile { path, change, lines: lines(&diff, place)? });
    }
    Ok(Changes { files, total, since: since.and(query.since) })
}

/// How many lines came and how many went.
fn lines(diff: &Diff<'_>, place: usize) -> Result<Option<(usize, usize)>, git2::Error> {
    let Some(patch) = Patch::from_diff(diff, place)? else { return Ok(None) };
    let (_, added, removed) = patch.line_stats()?;
    let is_text = !patch.delta().flags().is_binary();
    Ok(is_text.then_some((added, removed)))
}
