//! The commits between two heads, and what each of them decides about.
//!
//! Compares the names of trees, never files, so the cost is that of the commits, not of what they hold. Who may have made
//! them is not known here (`signing`).

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use git2::{Commit, ErrorCode, ObjectType, Odb, Oid, Repository, Sort, Time, Tree, TreeEntry};

use super::mirror::{object_id, oid};
use super::snapshot::directory;
use crate::revision::ObjectId;
use crate::signing::{self, History, Part, Person, Rewritten, Trailer};
use crate::spec;

/// More commits than a config repo gets between two looks, or since its beginning.
const MAX_COMMITS: usize = 100_000;

/// What is kept of them in memory.
const MAX_BYTES: usize = 64 << 20;

/// A commit object that is larger is left unread.
const MAX_COMMIT_BYTES: usize = 256 << 10;

/// Where a history begins.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Since {
    /// What was judged before.
    pub judged: Option<ObjectId>,
    /// What is not to be judged, with all that it follows.
    pub exempt: Option<ObjectId>,
}

/// Reads what of `to` is new since then, as far as it concerns the config under `path`.
pub(super) fn read(
    mirror: &Repository,
    path: &str,
    since: Since,
    to: &Commit<'_>,
) -> Result<History, git2::Error> {
    let reader = Reader { mirror, objects: mirror.odb()?, path };
    let judged = since.judged.map(oid);
    let known = |id: &Oid| mirror.find_commit(*id).is_ok();
    let mut history = History {
        head: object_id(to.id()),
        commits: Vec::new(),
        graph: BTreeMap::new(),
        rewritten: match judged {
            Some(from) => reader.rewritten(from, to.id())?,
            None => None,
        },
        is_cut: false,
    };
    let mut walk = mirror.revwalk()?;
    walk.set_sorting(Sort::TOPOLOGICAL)?;
    walk.push(to.id())?;
    for hidden in judged.into_iter().chain(since.exempt.map(oid)).filter(known) {
        walk.hide(hidden)?;
    }
    let mut bytes = 0;
    for id in walk {
        let id = id?;
        if history.graph.len() == MAX_COMMITS || bytes > MAX_BYTES {
            history.is_cut = true;
            break;
        }
        let commit = mirror.find_commit(id)?;
        history.graph.insert(object_id(id), commit.parent_ids().map(object_id).collect());
        let touches = reader.touches(&commit)?;
        let trailers = trailers(commit.message_bytes());
        if touches.is_empty() && trailers.is_empty() {
            continue;
        }
        let commit = reader.commit(&commit, touches, trailers)?;
        bytes += size(&commit);
        history.commits.push(commit);
    }
    Ok(history)
}

struct Reader<'r> {
    mirror: &'r Repository,
    objects: Odb<'r>,
    path: &'r str,
}

/// The parts of the config in one tree.
#[derive(Default)]
struct Parts<'r> {
    keyforge: Option<ObjectId>,
    unions: Option<Tree<'r>>,
}

impl<'r> Reader<'r> {
    /// How the branch was moved, if `from` is not part of it any more.
    fn rewritten(&self, from: Oid, to: Oid) -> Result<Option<Rewritten>, git2::Error> {
        let Ok(dropped) = self.mirror.find_commit(from) else {
            return Ok(Some(Rewritten { from: object_id(from), dropped: None }));
        };
        if from == to || self.mirror.graph_descendant_of(to, from)? {
            return Ok(None);
        }
        let common = match self.mirror.merge_base(from, to) {
            Ok(common) => self.parts(&self.mirror.find_commit(common)?)?,
            Err(error) if error.code() == ErrorCode::NotFound => Parts::default(),
            Err(error) => return Err(error),
        };
        let mut changed = BTreeSet::new();
        changes(&self.parts(&dropped)?, &common, &mut changed);
        Ok(Some(Rewritten { from: object_id(from), dropped: Some(changed.into_iter().collect()) }))
    }

    fn parts(&self, commit: &Commit<'r>) -> Result<Parts<'r>, git2::Error> {
        let Some(root) = directory(self.mirror, commit.tree()?, self.path)? else {
            return Ok(Parts::default());
        };
        let keyforge = root.get_name(spec::KEYFORGE).map(|entry| object_id(entry.id()));
        let unions = match root.get_name("unions") {
            Some(entry) if entry.kind() == Some(ObjectType::Tree) => Some(self.mirror.find_tree(entry.id())?),
            _ => None,
        };
        Ok(Parts { keyforge, unions })
    }

    /// What the commit decides about.
    fn touches(&self, commit: &Commit<'r>) -> Result<BTreeMap<Part, Option<ObjectId>>, git2::Error> {
        let now = self.parts(commit)?;
        let parents = commit.parents().map(|parent| self.parts(&parent)).collect::<Result<Vec<_>, _>>()?;
        let mut changed = BTreeSet::new();
        if parents.is_empty() {
            changes(&now, &Parts::default(), &mut changed);
        }
        for parent in &parents {
            changes(&now, parent, &mut changed);
        }
        if parents.len() > 1 && !changed.is_empty() {
            let bases = self.bases(commit)?;
            changed.retain(|part| {
                let sides: Vec<_> = parents.iter().map(|parent| parent.content(part)).collect();
                bases.iter().any(|base| decides(now.content(part), &sides, base.content(part)))
            });
        }
        Ok(changed.into_iter().map(|part| (part.clone(), now.content(&part))).collect())
    }

    /// What the sides of a merge have in common; something empty if they have nothing.
    fn bases(&self, merge: &Commit<'r>) -> Result<Vec<Parts<'r>>, git2::Error> {
        let sides: Vec<Oid> = merge.parent_ids().collect();
        let found = match sides[..] {
            [one, other] => self.mirror.merge_bases(one, other).map(|bases| bases.to_vec()),
            _ => self.mirror.merge_base_octopus(&sides).map(|base| vec![base]),
        };
        match found {
            Ok(bases) => bases.into_iter().map(|base| self.parts(&self.mirror.find_commit(base)?)).collect(),
            Err(error) if error.code() == ErrorCode::NotFound => Ok(vec![Parts::default()]),
            Err(error) => Err(error),
        }
    }

    fn commit(
        &self,
        commit: &Commit<'_>,
        touches: BTreeMap<Part, Option<ObjectId>>,
        trailers: Vec<Trailer>,
    ) -> Result<signing::Commit, git2::Error> {
        let (author, committer) = (commit.author(), commit.committer());
        let oversized = self.objects.read_header(commit.id())?.0 > MAX_COMMIT_BYTES;
        let signature = if oversized {
            signing::Signature::Oversized
        } else {
            signing::Signature::of(self.objects.read(commit.id())?.data())
        };
        let message = &commit.message_bytes()[..commit.message_bytes().len().min(MAX_COMMIT_BYTES)];
        Ok(signing::Commit {
            id: object_id(commit.id()),
            parents: commit.parent_ids().map(object_id).collect(),
            author: person(&author),
            committer: person(&committer),
            authored_at: time(author.when()),
            committed_at: time(commit.time()),
            message: String::from_utf8_lossy(message).into_owned(),
            trailers,
            signature,
            touches,
        })
    }
}

impl Parts<'_> {
    /// The name of a part's content; none if it is not there.
    fn content(&self, part: &Part) -> Option<ObjectId> {
        match part {
            Part::Keyforge => self.keyforge,
            Part::Union(name) => {
                self.unions.as_ref()?.get_name(name).filter(is_union).map(|entry| object_id(entry.id()))
            }
        }
    }
}

/// A file beside the unions is none; whatever else stands in the place of one is.
fn is_union(entry: &TreeEntry<'_>) -> bool {
    entry.kind() != Some(ObjectType::Blob) || entry.filemode() == super::snapshot::SYMLINK
}

/// The parts in which two trees differ.
fn changes(one: &Parts<'_>, other: &Parts<'_>, into: &mut BTreeSet<Part>) {
    if one.keyforge != other.keyforge {
        into.insert(Part::Keyforge);
    }
    let id = |parts: &Parts<'_>| parts.unions.as_ref().map(Tree::id);
    if id(one) == id(other) {
        return;
    }
    for (here, there) in [(one, other), (other, one)] {
        for entry in here.unions.iter().flat_map(Tree::iter).filter(is_union) {
            // No union has a name that is not UTF-8.
            let Ok(name) = std::str::from_utf8(entry.name_bytes()) else { continue };
            let same = there.unions.as_ref().and_then(|tree| tree.get_name(name)).filter(is_union);
            if same.is_none_or(|same| same.id() != entry.id()) {
                into.insert(Part::Union(name.to_owned()));
            }
        }
    }
}

/// Whether a merge decides about a part: it is not simply what the one side that changed it made of it.
fn decides(result: Option<ObjectId>, sides: &[Option<ObjectId>], base: Option<ObjectId>) -> bool {
    let mut changed: Vec<_> = sides.iter().filter(|side| **side != base).collect();
    changed.sort();
    changed.dedup();
    match changed[..] {
        [] => result != base,
        [only] => result != *only,
        _ => true,
    }
}

fn trailers(message: &[u8]) -> Vec<Trailer> {
    // Git's rules are subtle, and libgit2 has them.
    let Ok(found) = git2::message_trailers_bytes(message) else { return Vec::new() };
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).split_whitespace().collect::<Vec<_>>().join(" ");
    found.iter().map(|(key, value)| Trailer { key: text(key), value: text(value) }).collect()
}

fn person(claimed: &git2::Signature<'_>) -> Person {
    Person {
        name: String::from_utf8_lossy(claimed.name_bytes()).into_owned(),
        email: String::from_utf8_lossy(claimed.email_bytes()).into_owned(),
    }
}

fn time(claimed: Time) -> DateTime<Utc> {
    DateTime::from_timestamp(claimed.seconds(), 0).unwrap_or_default()
}

fn size(commit: &signing::Commit) -> usize {
    let signed = match &commit.signature {
        signing::Signature::Present { armor, payload } => armor.len() + payload.len(),
        signing::Signature::Missing | signing::Signature::Oversized => 0,
    };
    commit.message.len() + signed + commit.touches.len() * 64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_merge_decides_unless_it_only_carries_on_what_one_side_did() {
        let id = |number: u8| Some(ObjectId::from([number; 20]));
        let [base, ours, theirs, mixed] = [id(0), id(1), id(2), id(3)];
        for (result, sides, decided) in [
            (base, [base, base], false),
            (mixed, [base, base], true),
            (ours, [ours, base], false),
            (theirs, [base, theirs], false),
            (base, [base, theirs], true),
            (ours, [ours, ours], false),
            (base, [ours, ours], true),
            (ours, [ours, theirs], true),
            (mixed, [ours, theirs], true),
            (None, [None, base], false),
            (None, [base, base], true),
        ] {
            assert_eq!(decides(result, &sides, base), decided, "{result:?} of {sides:?} over {base:?}");
        }
    }
}
