//! From a commit to a `spec::Snapshot`, straight from the object database.
//!
//! Reads `keyforge.yaml` and what is under `unions/`, nothing else of the repository, and of a union that is known by its
//! tree not even that. Knows nothing of YAML: a file is bytes with a path.

use std::collections::BTreeMap;

use git2::{Commit, ObjectType, Odb, Repository, Tree, TreeEntry};

use super::mirror::object_id;
use crate::diagnostic::Diagnostic;
use crate::revision::ObjectId;
use crate::spec::{self, File, Snapshot, UnionTree, Unread};

pub(super) const SYMLINK: i32 = 0o120_000;

/// Reads the config under `path`; `None` if the commit has no such directory. An error means that the mirror is damaged.
pub(super) fn read(
    mirror: &Repository,
    commit: &Commit<'_>,
    path: &str,
    known: &dyn Fn(&str) -> Option<ObjectId>,
) -> Result<Option<Snapshot>, git2::Error> {
    let Some(root) = directory(mirror, commit.tree()?, path)? else { return Ok(None) };
    let reader = Reader { mirror, objects: mirror.odb()? };
    let mut snapshot = Snapshot { keyforge: None, unions: BTreeMap::new(), findings: Vec::new() };
    for entry in &root {
        match entry.name_bytes() {
            b"keyforge.yaml" => {
                snapshot.keyforge = reader.file(&entry, spec::KEYFORGE, &mut snapshot.findings)?;
            }
            b"unions" => reader.unions(&entry, known, &mut snapshot)?,
            name => {
                let name = String::from_utf8_lossy(name);
                if spec::misplaced(&name) {
                    snapshot.findings.push(Unread::Misplaced.at(&name));
                }
            }
        }
    }
    snapshot.findings.sort();
    Ok(Some(snapshot))
}

/// The directories under `unions/` by name, without a look at what is in them; `None` if the commit has no directory `path`.
pub(super) fn trees(
    repository: &Repository,
    commit: &Commit<'_>,
    path: &str,
) -> Result<Option<BTreeMap<String, ObjectId>>, git2::Error> {
    let Some(root) = directory(repository, commit.tree()?, path)? else { return Ok(None) };
    let Some(unions) = directory(repository, root, "unions")? else { return Ok(Some(BTreeMap::new())) };
    let named = |entry: TreeEntry<'_>| {
        Some((std::str::from_utf8(entry.name_bytes()).ok()?.to_owned(), object_id(entry.id())))
    };
    Ok(Some(unions.iter().filter_map(named).collect()))
}

/// The tree at `path`; a symbolic link or a submodule on the way is no directory.
pub(super) fn directory<'r>(
    mirror: &'r Repository,
    root: Tree<'r>,
    path: &str,
) -> Result<Option<Tree<'r>>, git2::Error> {
    let mut tree = root;
    for part in path.split('/').filter(|part| !part.is_empty()) {
        let below = match tree.get_name(part) {
            Some(entry) if entry.kind() == Some(ObjectType::Tree) => entry.id(),
            _ => return Ok(None),
        };
        tree = mirror.find_tree(below)?;
    }
    Ok(Some(tree))
}

struct Reader<'r> {
    mirror: &'r Repository,
    objects: Odb<'r>,
}

/// What was read of one union so far.
#[derive(Default)]
struct Union {
    files: Vec<File>,
    bytes: u64,
    findings: Vec<Diagnostic>,
}

impl Reader<'_> {
    fn unions(
        &self,
        unions: &TreeEntry<'_>,
        known: &dyn Fn(&str) -> Option<ObjectId>,
        into: &mut Snapshot,
    ) -> Result<(), git2::Error> {
        if unions.kind() != Some(ObjectType::Tree) {
            into.findings.push(not_plain(unions).unwrap_or(Unread::SpecialFile).at("unions"));
            return Ok(());
        }
        let tree = self.mirror.find_tree(unions.id())?;
        // Too many are not read at all, and yet stay in the list: an absent union would read as a removal.
        let crowded = tree.len() > spec::MAX_UNIONS;
        if crowded {
            into.findings.push(Unread::ManyUnions.at("unions"));
        }
        for entry in &tree {
            let Some(path) = path("unions", &entry, &mut into.findings) else { continue };
            let id = object_id(entry.id());
            let mut union = UnionTree { tree: id, files: None, findings: Vec::new() };
            let name = path["unions/".len()..].to_owned();
            if entry.kind() == Some(ObjectType::Tree) {
                if known(&name) != Some(id) && !crowded {
                    let Union { files, findings, .. } = self.union(&entry, &path)?;
                    union.files = Some(files);
                    union.findings = findings;
                }
            } else if let Some(what) = not_plain(&entry) {
                // In the place of a union, and for the same reason in the list.
                union.files = Some(Vec::new());
                union.findings.push(what.at(&path));
            } else {
                if spec::misplaced(&path) {
                    into.findings.push(Unread::Misplaced.at(&path));
                }
                continue;
            }
            into.unions.insert(name, union);
        }
        Ok(())
    }

    fn union(&self, entry: &TreeEntry<'_>, path: &str) -> Result<Union, git2::Error> {
        let mut union = Union::default();
        let tree = self.mirror.find_tree(entry.id())?;
        if let Some(limit) = self.walk(&tree, path, 0, &mut union)? {
            union.findings.push(limit.at(path));
        }
        union.files.sort_by(|a, b| a.path.cmp(&b.path));
        union.findings.sort();
        Ok(union)
    }

    /// Reads a directory and those below it, until the union has reached a limit.
    fn walk(
        &self,
        tree: &Tree<'_>,
        below: &str,
        depth: usize,
        union: &mut Union,
    ) -> Result<Option<Unread>, git2::Error> {
        for entry in tree {
            let Some(path) = path(below, &entry, &mut union.findings) else { continue };
            if entry.kind() == Some(ObjectType::Tree) {
                if depth == spec::MAX_UNION_DEPTH {
                    union.findings.push(Unread::Deep.at(&path));
                    continue;
                }
                let tree = self.mirror.find_tree(entry.id())?;
                if let Some(limit) = self.walk(&tree, &path, depth + 1, union)? {
                    return Ok(Some(limit));
                }
            } else if let Some(file) = self.file(&entry, &path, &mut union.findings)? {
                union.bytes += file.content.len() as u64;
                union.files.push(file);
            }
            // Findings count too: a union of a million links is no better than one of a million files.
            if union.files.len() + union.findings.len() > spec::MAX_UNION_FILES {
                return Ok(Some(Unread::ManyFiles));
            }
            if union.bytes > spec::MAX_UNION_BYTES {
                return Ok(Some(Unread::LargeUnion));
            }
        }
        Ok(None)
    }

    /// Reads one plain file; what is none, or too large, becomes a finding.
    fn file(
        &self,
        entry: &TreeEntry<'_>,
        path: &str,
        findings: &mut Vec<Diagnostic>,
    ) -> Result<Option<File>, git2::Error> {
        if let Some(what) = not_plain(entry) {
            findings.push(what.at(path));
            return Ok(None);
        }
        // The header first: a blob of gigabytes is told by it and never loaded.
        let bytes = self.objects.read_header(entry.id())?.0 as u64;
        if bytes > spec::MAX_FILE_BYTES {
            findings.push(Unread::LargeFile { bytes }.at(path));
            return Ok(None);
        }
        let object = self.objects.read(entry.id())?;
        Ok(Some(File { path: path.to_owned(), blob: object_id(entry.id()), content: object.data().into() }))
    }
}

/// What an entry is, where it is no plain file.
fn not_plain(entry: &TreeEntry<'_>) -> Option<Unread> {
    match entry.kind() {
        Some(ObjectType::Blob) if entry.filemode() == SYMLINK => Some(Unread::Symlink),
        Some(ObjectType::Blob) => None,
        Some(ObjectType::Commit) => Some(Unread::Submodule),
        _ => Some(Unread::SpecialFile),
    }
}

/// The entry's path, if it can be shown.
fn path(below: &str, entry: &TreeEntry<'_>, findings: &mut Vec<Diagnostic>) -> Option<String> {
    match std::str::from_utf8(entry.name_bytes()) {
        Ok(name) => Some(format!("{below}/{name}")),
        Err(_) => {
            let name = String::from_utf8_lossy(entry.name_bytes());
            findings.push(Unread::PathEncoding.at(&format!("{below}/{name}")));
            None
        }
    }
}
