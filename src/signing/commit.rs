//! A commit and a range of commits, as far as somebody has to vouch for them.
//!
//! Filled by `git`. Names, dates and texts are what the commit claims; only a verified signature makes more of them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use chrono::{DateTime, Utc};

use crate::diagnostic::{shown, visible};
use crate::names::UnionName;
use crate::revision::ObjectId;

/// A part of the config repo that is vouched for as one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// `keyforge.yaml`.
    Keyforge,
    /// The directory `unions/<name>`; the name need not be one that a union can have.
    Union(String),
}

impl From<&UnionName> for Part {
    fn from(union: &UnionName) -> Self {
        Self::Union(union.to_string())
    }
}

/// The path of the part from the root of the config.
impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Keyforge => f.write_str("keyforge.yaml"),
            Self::Union(name) => write!(f, "unions/{name}"),
        }
    }
}

/// A commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// Its name.
    pub id: ObjectId,
    /// Those it follows.
    pub parents: Vec<ObjectId>,
    /// Who wrote the change, as the commit claims.
    pub author: Person,
    /// Who made the commit, as the commit claims.
    pub committer: Person,
    /// When the change was written, as the commit claims.
    pub authored_at: DateTime<Utc>,
    /// When it was committed, as the commit claims.
    pub committed_at: DateTime<Utc>,
    /// The first line of the message. The rest is other people's text, of any length, and decides nothing.
    pub subject: String,
    /// What its last paragraph says in the form `Key: value`, by Git's own rules.
    pub trailers: Vec<Trailer>,
    /// Who vouches for it, unverified.
    pub signature: Signature,
    /// The parts that it decides about, and the name of their content after it; `None` where they are gone.
    ///
    /// A merge decides about a part unless the part is what one side made of it and no other side changed it. To throw a
    /// side's change away is a decision too: otherwise a merge that nobody signed could bring an old state back.
    pub touches: BTreeMap<Part, Option<ObjectId>>,
}

/// A person as a commit claims them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Their name.
    pub name: String,
    /// Their address.
    pub email: String,
}

/// One line of the last paragraph of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trailer {
    /// For example `Keyforge-Approve`; Git does not tell upper from lower case here.
    pub key: String,
    /// In one line, however it was folded.
    pub value: String,
}

/// The signature of a commit, unverified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Signature {
    /// There is none.
    Missing,
    /// In armor, over the commit without it.
    Present {
        /// In armor.
        armor: String,
        /// What was signed.
        payload: Vec<u8>,
    },
    /// The commit is larger than any that a person makes, and was left unread.
    Oversized,
}

impl Signature {
    /// Takes the object of a commit apart as Git does: into the signature and all the rest, which is what was signed.
    ///
    /// Only the header is searched. The message is other people's text and may look like one.
    pub fn of(object: &[u8]) -> Self {
        /// Which header a line belongs to, as far as that matters.
        enum Header {
            Signature,
            /// Of a signature over another form of the commit; Git leaves it out too.
            OtherSignature,
            Any,
        }
        let mut armor = String::new();
        let mut payload = Vec::with_capacity(object.len());
        let mut header = Header::Any;
        let mut rest = object;
        while !rest.is_empty() && rest[0] != b'\n' {
            let end = rest.iter().position(|byte| *byte == b'\n').map_or(rest.len(), |at| at + 1);
            let (line, after) = rest.split_at(end);
            rest = after;
            if line[0] != b' ' {
                header = match line.strip_prefix(b"gpgsig") {
                    Some([b' ', ..]) => Header::Signature,
                    Some(_) => Header::OtherSignature,
                    None => Header::Any,
                };
            }
            match header {
                Header::Signature => {
                    let text = line.strip_prefix(b"gpgsig").unwrap_or(line);
                    armor.push_str(&String::from_utf8_lossy(&text[1..]));
                }
                Header::OtherSignature => {}
                Header::Any => payload.extend_from_slice(line),
            }
        }
        payload.extend_from_slice(rest);
        if armor.is_empty() { Self::Missing } else { Self::Present { armor, payload } }
    }
}

impl Commit {
    /// What `key` says, once for each time it is there.
    pub fn trailer<'c>(&'c self, key: &'c str) -> impl Iterator<Item = &'c str> {
        self.trailers
            .iter()
            .filter(move |trailer| trailer.key.eq_ignore_ascii_case(key))
            .map(|trailer| &*trailer.value)
    }

    /// As people find it again: short name, subject, author. Other people's words are made visible and cut.
    pub fn description(&self) -> String {
        format!(
            "commit {} (\"{}\" by {})",
            self.id.short(),
            visible(&shown(&self.subject)),
            visible(&shown(&self.author.name))
        )
    }
}

/// A part as it is accepted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Accepted {
    /// The name of its content; none if it is not there.
    pub content: Option<ObjectId>,
    /// The revision that brought that, which a rewritten branch has to have still; none if nothing ever was accepted.
    pub at: Option<ObjectId>,
}

/// The commits from what was judged before to a head, as far as they concern some parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct History {
    /// The newest one.
    pub head: ObjectId,
    /// Those that touch one of the parts or approve something, children before parents.
    pub commits: Vec<Commit>,
    /// Every commit of the range with its parents, also those that are not in the range.
    pub graph: BTreeMap<ObjectId, Vec<ObjectId>>,
    /// Of the commits just before the range, or of the head if nothing is new: the parts that are there as they are
    /// accepted.
    pub borders: BTreeMap<ObjectId, BTreeSet<Part>>,
    /// Those that need nobody who vouches for them.
    pub exempt: BTreeSet<ObjectId>,
    /// Those that a former revision brought.
    pub known: BTreeSet<ObjectId>,
    /// Parts with more signatures than are kept.
    pub crowded: BTreeSet<Part>,
    /// Whether there are more commits than are read: then nothing can be said about any.
    pub is_cut: bool,
}

impl History {
    /// Whether there is more of a part than is read.
    pub fn is_cut(&self, part: &Part) -> bool {
        self.is_cut || self.crowded.contains(part)
    }

    /// A commit of the history with all that it descends from, as far as the history knows them.
    pub fn reached(&self, from: ObjectId) -> BTreeSet<ObjectId> {
        let mut reached = BTreeSet::new();
        let mut next = vec![from];
        while let Some(id) = next.pop() {
            if let Some(parents) = self.graph.get(&id)
                && reached.insert(id)
            {
                next.extend(parents);
            }
        }
        reached
    }
}
