//! The commits between two heads, and what each of them decides about.
//!
//! Compares the names of trees, never files, and of those only the ones that are asked for, so the cost is that of the
//! commits, not of what they hold. Who may have made them is not known here (`signing`).

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use git2::{Commit, ErrorCode, ObjectType, Odb, Oid, Repository, Revwalk, Sort, Time, Tree, TreeEntry};

use super::Error;
use super::mirror::{Halt, object_id, oid};
use super::snapshot::directory;
use crate::revision::ObjectId;
use crate::signing::{self, Accepted, History, Part, Person, Trailer};
use crate::spec;

/// More commits than a config repo gets between two looks, or since its beginning.
const MAX_COMMITS: usize = 100_000;

/// What is kept of signatures in memory, for each part and for approvals: who floods one part holds up that one alone.
const MAX_BYTES: usize = 16 << 20;

/// A commit object that is larger is left unread.
const MAX_COMMIT_BYTES: usize = 64 << 10;

/// As much of a commit's subject is kept.
const MAX_SUBJECT: usize = 200;

/// Which commits are read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Since {
    /// What was judged before.
    pub judged: Option<ObjectId>,
    /// What needs nobody who vouches for it, with all that it follows.
    pub exempt: Option<ObjectId>,
    /// The revision before: what it has brought is known. None: everything is new.
    pub former: Option<ObjectId>,
    /// What they may concern.
    pub parts: BTreeMap<Part, Accepted>,
}

/// Reads what of `to` is new since then, as far as it concerns the config under `path`.
pub(super) fn read(
    mirror: &Repository,
    path: &str,
    since: &Since,
    to: &Commit<'_>,
    stop: &dyn Fn() -> Result<(), Error>,
) -> Result<History, Halt> {
    let reader = Reader { mirror, objects: mirror.odb()?, path, wanted: &since.parts };
    let present = |id: ObjectId| Some(oid(id)).filter(|id| mirror.find_commit(*id).is_ok());
    let judged = since.judged.and_then(present);
    let exempt = since.exempt.and_then(present);
    // What was never judged may begin after it; else the way back to what is accepted may lead through it.
    let is_new = since.judged.is_none() && since.parts.values().all(|accepted| accepted.at.is_none());
    let mut history = History {
        head: object_id(to.id()),
        commits: Vec::new(),
        graph: BTreeMap::new(),
        borders: BTreeMap::new(),
        exempt: BTreeSet::new(),
        known: BTreeSet::new(),
        crowded: BTreeSet::new(),
        is_cut: false,
    };
    let mut kept = Kept::default();
    for id in range(mirror, to.id(), [judged, exempt.filter(|_| is_new)])? {
        stop()?;
        let id = id?;
        if history.graph.len() == MAX_COMMITS {
            history.is_cut = true;
            return Ok(history);
        }
        let commit = mirror.find_commit(id)?;
        history.graph.insert(object_id(id), commit.parent_ids().map(object_id).collect());
        let touches = reader.touches(&commit)?;
        let trailers = trailers(commit.message_bytes());
        if !touches.is_empty() || !trailers.is_empty() {
            history.commits.push(reader.commit(&commit, touches, trailers, &mut kept)?);
        }
    }
    history.crowded = kept.crowded;
    history.borders = reader.borders(&history)?;
    let among = |from: Option<Oid>| -> Result<BTreeSet<ObjectId>, Halt> {
        let mut found = BTreeSet::new();
        for id in from.map(|from| range(mirror, from, [judged, None])).transpose()?.into_iter().flatten() {
            stop()?;
            found.extend(Some(object_id(id?)).filter(|id| history.graph.contains_key(id)));
        }
        Ok(found)
    };
    let (exempt, known) = (among(exempt)?, among(since.former.and_then(present))?);
    (history.exempt, history.known) = (exempt, known);
    if since.former.is_some_and(|former| present(former).is_none()) {
        // The mirror was made anew, so what is new cannot be told.
        history.known = history.graph.keys().copied().collect();
    }
    Ok(history)
}

/// A commit with all that it follows, without what the others follow.
fn range(mirror: &Repository, from: Oid, hidden: [Option<Oid>; 2]) -> Result<Revwalk<'_>, git2::Error> {
    let mut walk = mirror.revwalk()?;
    walk.set_sorting(Sort::TOPOLOGICAL)?;
    walk.push(from)?;
    for hidden in hidden.into_iter().flatten() {
        walk.hide(hidden)?;
    }
    Ok(walk)
}

/// How much of signatures was kept.
#[derive(Default)]
struct Kept {
    of_part: BTreeMap<Part, usize>,
    of_approvals: usize,
    crowded: BTreeSet<Part>,
}

impl Kept {
    /// Whether so many bytes more may be kept of a commit that touches these parts.
    fn admit<'p>(&mut self, parts: impl Iterator<Item = &'p Part>, bytes: usize) -> bool {
        let mut any = false;
        let mut admitted = true;
        for part in parts {
            any = true;
            let kept = self.of_part.entry(part.clone()).or_default();
            *kept += bytes;
            if *kept > MAX_BYTES {
                self.crowded.insert(part.clone());
                admitted = false;
            }
        }
        if !any {
            self.of_approvals += bytes;
            admitted = self.of_approvals <= MAX_BYTES;
        }
        admitted
    }
}

struct Reader<'r> {
    mirror: &'r Repository,
    objects: Odb<'r>,
    path: &'r str,
    wanted: &'r BTreeMap<Part, Accepted>,
}

/// The parts of the config in one tree.
#[derive(Default)]
struct Parts<'r> {
    keyforge: Option<ObjectId>,
    unions: Option<Tree<'r>>,
}

impl<'r> Reader<'r> {
    /// What stood just before the range as it is accepted.
    fn borders(&self, history: &History) -> Result<BTreeMap<ObjectId, BTreeSet<Part>>, git2::Error> {
        let parents = history.graph.values().flatten().chain(std::iter::once(&history.head));
        let before: BTreeSet<&ObjectId> = parents.filter(|id| !history.graph.contains_key(*id)).collect();
        let border = |id: &ObjectId| {
            let there = self.parts(&self.mirror.find_commit(oid(*id))?)?;
            let same = self.wanted.iter().filter(|(part, accepted)| there.content(part) == accepted.content);
            Ok((*id, same.map(|(part, _)| part.clone()).collect()))
        };
        before.into_iter().map(border).collect()
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
        if self.wanted.is_empty() {
            return Ok(BTreeMap::new());
        }
        let now = self.parts(commit)?;
        let parents = commit.parents().map(|parent| self.parts(&parent)).collect::<Result<Vec<_>, _>>()?;
        let nothing = [Parts::default()];
        let sides = if parents.is_empty() { &nothing[..] } else { &parents[..] };
        let differs = |part: &Part| sides.iter().any(|side| side.content(part) != now.content(part));
        let is_same = sides.iter().all(|side| side.is_same(&now));
        let wanted = self.wanted.keys().filter(|_| !is_same);
        let mut changed: BTreeSet<Part> = wanted.filter(|part| differs(part)).cloned().collect();
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
        kept: &mut Kept,
    ) -> Result<signing::Commit, git2::Error> {
        let (author, committer) = (commit.author(), commit.committer());
        let oversized = self.objects.read_header(commit.id())?.0 > MAX_COMMIT_BYTES;
        let signature = if oversized {
            signing::Signature::Oversized
        } else {
            signing::Signature::of(self.objects.read(commit.id())?.data())
        };
        let signature = match signature {
            signing::Signature::Present { armor, payload }
                if !kept.admit(touches.keys(), armor.len() + payload.len()) =>
            {
                signing::Signature::Oversized
            }
            signature => signature,
        };
        Ok(signing::Commit {
            id: object_id(commit.id()),
            parents: commit.parent_ids().map(object_id).collect(),
            author: person(&author),
            committer: person(&committer),
            authored_at: time(author.when()),
            committed_at: time(commit.time()),
            subject: String::from_utf8_lossy(commit.summary_bytes().unwrap_or_default())
                .chars()
                .take(MAX_SUBJECT)
                .collect(),
            trailers,
            signature,
            touches,
        })
    }
}

impl Parts<'_> {
    /// Whether nothing at all differs.
    fn is_same(&self, other: &Self) -> bool {
        let unions = |parts: &Self| parts.unions.as_ref().map(Tree::id);
        self.keyforge == other.keyforge && unions(self) == unions(other)
    }

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
    let approvals = found.iter().filter(|(key, _)| key.eq_ignore_ascii_case(signing::APPROVE.as_bytes()));
    approvals.map(|(key, value)| Trailer { key: text(key), value: text(value) }).collect()
}

fn person(claimed: &git2::Signature<'_>) -> Person {
    Person {
        name: String::from_utf8_lossy(claimed.name_bytes()).into_owned(),
        email: String::from_utf8_lossy(claimed.email_bytes()).into_owned(),
    }
}

/// A date as a commit claims it, kept within what others can hold too: a database ends long before Git does.
pub(super) fn time(claimed: Time) -> DateTime<Utc> {
    const YEAR_9999: i64 = 253_370_764_800;
    DateTime::from_timestamp(claimed.seconds().clamp(0, YEAR_9999), 0).unwrap_or_default()
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
