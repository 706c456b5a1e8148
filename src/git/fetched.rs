//! What a fetch has found: the head of the branch and how it follows the one before, or why there is none.
//!
//! Names and texts of a commit are other people's words: they are cut and made printable here, once.

use chrono::{DateTime, Utc};
use git2::{Oid, Repository};

use super::history;
use super::mirror::object_id;
use crate::revision::{ObjectId, Revision};

/// Characters of a commit's subject or author that are kept.
const MAX_TEXT: usize = 200;

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

impl Fetched {
    /// The head `tip` of a mirror whose head was `before`.
    pub(super) fn read(
        mirror: &Repository,
        branch: &str,
        tip: Oid,
        before: Option<Oid>,
    ) -> Result<Self, git2::Error> {
        let commit = mirror.find_commit(tip)?;
        let change = match before {
            None => Change::First,
            Some(before) if before == tip => Change::Same,
            // A mirror made anew does not have what was force-pushed away.
            Some(before) if mirror.graph_descendant_of(tip, before).unwrap_or(false) => Change::FastForward,
            Some(before) => Change::Rewritten { from: object_id(before) },
        };
        let author = commit.author();
        Ok(Self {
            revision: Revision { branch: branch.to_owned(), commit: object_id(tip) },
            author: one_line(author.name_bytes()),
            author_email: one_line(author.email_bytes()),
            subject: one_line(commit.summary_bytes().unwrap_or_default()),
            committed_at: history::time(commit.time()),
            change,
        })
    }
}

/// Foreign text made fit for a log line, a table cell and a terminal.
pub(super) fn one_line(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes)
        .chars()
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .take(MAX_TEXT)
        .collect()
}
