//! What was read of one revision: the input of `load`, filled by `git` (or by `cli`, from a directory).
//!
//! Its limits (`unread`) are kept by who fills it; what was left out for them is in `findings`, those below a union's
//! directory with that union.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::diagnostic::Diagnostic;
use crate::revision::ObjectId;

/// One file: its path from the root of the config, and what it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// With `/`, for example `unions/acme/union.yaml`.
    pub path: String,
    /// The name of its content in Git.
    pub blob: ObjectId,
    /// Its content.
    pub content: Arc<[u8]>,
}

/// The directory `unions/<name>/`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnionTree {
    /// The name of the directory's content in Git: equal trees have equal documents.
    pub tree: ObjectId,
    /// Its files, sorted by path; `None` where the reader already knew this tree and left them unread.
    pub files: Option<Vec<File>>,
    /// What in it could not be read as a plain file: symlinks, submodules, too large, too many.
    pub findings: Vec<Diagnostic>,
}

/// The config repo at one revision, as far as it is config.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// `keyforge.yaml`, if it is there.
    pub keyforge: Option<File>,
    /// By the directory's name, which need not be a union's name yet.
    pub unions: BTreeMap<String, UnionTree>,
    /// What outside the unions' directories could not be read, or is misplaced.
    pub findings: Vec<Diagnostic>,
}
