//! The config repo as a directory on this machine: what somebody is writing, before it is a commit.
//!
//! Keeps the limits that the reader of commits keeps, and finds the same words for what it leaves unread (`spec::Unread`).
//! Names of contents are those of Git for files, and hashes over them for directories.

use std::collections::BTreeMap;
use std::fs::{self, DirEntry, FileType};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use git2::{ObjectType, Oid};

use crate::diagnostic::Diagnostic;
use crate::revision::ObjectId;
use crate::spec::{self, File, Snapshot, UnionTree, Unread};

/// A directory or file cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("failed to read {}", path.display())]
pub struct ReadError {
    /// Which one.
    pub path: PathBuf,
    /// Why.
    pub source: io::Error,
}

/// Reads `keyforge.yaml` and what is under `unions/`, nothing else.
pub fn read(root: &Path) -> Result<Snapshot, ReadError> {
    let mut snapshot = Snapshot { keyforge: None, unions: BTreeMap::new(), findings: Vec::new() };
    for entry in entries(root)? {
        match entry.name.to_str() {
            Some(spec::KEYFORGE) => {
                snapshot.keyforge = file(&entry, spec::KEYFORGE, &mut snapshot.findings)?;
            }
            Some("unions") => unions(&entry, &mut snapshot)?,
            Some(name) if spec::misplaced(name) => snapshot.findings.push(Unread::Misplaced.at(name)),
            _ => {}
        }
    }
    snapshot.findings.sort();
    Ok(snapshot)
}

struct Entry {
    path: PathBuf,
    name: std::ffi::OsString,
    kind: FileType,
}

/// What a directory holds, sorted by name. A symbolic link is told as one, never followed.
fn entries(directory: &Path) -> Result<Vec<Entry>, ReadError> {
    let error = |source| ReadError { path: directory.to_owned(), source };
    let entry = |entry: DirEntry| {
        Ok(Entry { path: entry.path(), name: entry.file_name(), kind: entry.file_type().map_err(error)? })
    };
    let mut entries = fs::read_dir(directory)
        .and_then(Iterator::collect::<io::Result<Vec<_>>>)
        .map_err(error)?
        .into_iter()
        .map(entry)
        .collect::<Result<Vec<_>, ReadError>>()?;
    entries.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(entries)
}

fn unions(directory: &Entry, into: &mut Snapshot) -> Result<(), ReadError> {
    if !directory.kind.is_dir() {
        into.findings.push(not_plain(directory.kind).unwrap_or(Unread::SpecialFile).at("unions"));
        return Ok(());
    }
    let entries = entries(&directory.path)?;
    let crowded = entries.len() > spec::MAX_UNIONS;
    if crowded {
        into.findings.push(Unread::ManyUnions.at("unions"));
    }
    for entry in &entries {
        let Some(path) = path("unions", entry, &mut into.findings) else { continue };
        let mut union = Union::default();
        if entry.kind.is_dir() {
            if !crowded && let Some(limit) = union.walk(&entry.path, &path, 0)? {
                union.findings.push(limit.at(&path));
            }
        } else if let Some(what) = not_plain(entry.kind) {
            union.findings.push(what.at(&path));
        } else {
            if spec::misplaced(&path) {
                into.findings.push(Unread::Misplaced.at(&path));
            }
            continue;
        }
        into.unions.insert(path["unions/".len()..].to_owned(), union.finish(!crowded));
    }
    Ok(())
}

/// What was read of one union so far.
#[derive(Default)]
struct Union {
    files: Vec<File>,
    bytes: u64,
    findings: Vec<Diagnostic>,
}

impl Union {
    /// Reads a directory and those below it, until the union has reached a limit.
    fn walk(&mut self, directory: &Path, below: &str, depth: usize) -> Result<Option<Unread>, ReadError> {
        for entry in entries(directory)? {
            let Some(path) = path(below, &entry, &mut self.findings) else { continue };
            if entry.kind.is_dir() {
                if depth == spec::MAX_UNION_DEPTH {
                    self.findings.push(Unread::Deep.at(&path));
                } else if let Some(limit) = self.walk(&entry.path, &path, depth + 1)? {
                    return Ok(Some(limit));
                }
            } else if let Some(file) = file(&entry, &path, &mut self.findings)? {
                self.bytes += file.content.len() as u64;
                self.files.push(file);
            }
            if self.files.len() + self.findings.len() > spec::MAX_UNION_FILES {
                return Ok(Some(Unread::ManyFiles));
            }
            if self.bytes > spec::MAX_UNION_BYTES {
                return Ok(Some(Unread::LargeUnion));
            }
        }
        Ok(None)
    }

    fn finish(mut self, was_read: bool) -> UnionTree {
        self.files.sort_by(|a, b| a.path.cmp(&b.path));
        self.findings.sort();
        let names: String = self.files.iter().map(|file| format!("{} {}\n", file.blob, file.path)).collect();
        UnionTree {
            tree: name(names.as_bytes()),
            files: was_read.then_some(self.files),
            findings: self.findings,
        }
    }
}

/// Reads one plain file; what is none, or too large, becomes a finding.
fn file(entry: &Entry, path: &str, findings: &mut Vec<Diagnostic>) -> Result<Option<File>, ReadError> {
    if let Some(what) = not_plain(entry.kind) {
        findings.push(what.at(path));
        return Ok(None);
    }
    let error = |source| ReadError { path: entry.path.clone(), source };
    let opened = fs::File::open(&entry.path).map_err(error)?;
    let bytes = opened.metadata().map_err(error)?.len();
    let mut content = Vec::new();
    // It may grow while it is read.
    opened.take(spec::MAX_FILE_BYTES + 1).read_to_end(&mut content).map_err(error)?;
    let bytes = bytes.max(content.len() as u64);
    if bytes > spec::MAX_FILE_BYTES {
        findings.push(Unread::LargeFile { bytes }.at(path));
        return Ok(None);
    }
    Ok(Some(File { path: path.to_owned(), blob: name(&content), content: content.into() }))
}

/// What Git calls a file with this content.
fn name(content: &[u8]) -> ObjectId {
    let id = Oid::hash_object(ObjectType::Blob, content).expect("hashing in memory does not fail");
    <[u8; 20]>::try_from(id.as_bytes()).expect("SHA-1 has 20 bytes").into()
}

fn not_plain(kind: FileType) -> Option<Unread> {
    if kind.is_symlink() {
        Some(Unread::Symlink)
    } else if kind.is_file() {
        None
    } else {
        Some(Unread::SpecialFile)
    }
}

/// The entry's path, if it can be shown.
fn path(below: &str, entry: &Entry, findings: &mut Vec<Diagnostic>) -> Option<String> {
    match entry.name.to_str() {
        Some(name) => Some(format!("{below}/{name}")),
        None => {
            findings.push(Unread::PathEncoding.at(&format!("{below}/{}", entry.name.to_string_lossy())));
            None
        }
    }
}
