//! The config repo as it should be read: what each commit declares, and so what has to exist in the end.
//!
//! Pure, and knows nothing of how Keyforge gets there.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Unions that run before anything is broken.
pub(crate) const FOUNDED: u8 = 20;

/// A secret that somebody writes into a document by mistake: it must be shown nowhere.
pub(crate) const MISTAKE: &str = "canary-in-a-document-7f1c";

/// A secret that is sealed in documents, and opened by the daemons for servers alone.
pub(crate) const SEALED: &str = "canary-in-a-sealed-value-5a20";

/// What a society comes to: members with Keyforge's own account, collections, items.
pub(crate) const SOCIETY: (usize, usize, usize) = (2, 1, 2);

/// The Secret with the credentials of the mail server that some unions name.
pub(crate) const MAIL: &str = "mail";

/// A union by its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Union(pub(crate) u8);

impl Union {
    /// Whether it said from its foundation on that its removal deletes everything.
    pub(crate) fn goes_with_its_data(self) -> bool {
        self.0 < FOUNDED && self.0.is_multiple_of(5)
    }

    /// Whether it has a society, so that its server is worked on too.
    pub(crate) fn has_a_society(self) -> bool {
        matches!(self.0, 3 | 10 | 14)
    }

    fn sends_mail(self) -> bool {
        self.0 % 4 == 1
    }
}

/// What a union's documents say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Document {
    /// A number that is rendered, another one with each change.
    pub(crate) edition: u32,
    rotation: u32,
    pub(crate) broken: bool,
}

/// A commit pushed to the followed branch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Push {
    Found(Union),
    Change(Union),
    Rotate(Union),
    /// A document that cannot be accepted, with a secret in it.
    Break(Union),
    Mend(Union),
    Remove(Union),
    Return(Union),
    /// By force: the newest commits are gone, and one that changes a union follows what was before them.
    Rewrite {
        drops: usize,
        changes: Union,
    },
}

/// What one commit declares.
pub(crate) type Tree = BTreeMap<Union, Document>;

/// The branch, with the trees of its commits.
#[derive(Debug, Clone)]
pub(crate) struct Fleet {
    trees: Vec<Tree>,
    edition: u32,
    /// Those that were missing in a head after they were in one.
    left: BTreeSet<Union>,
}

impl Fleet {
    /// The first commit.
    pub(crate) fn founded() -> Self {
        let document = |number| (Union(number), Document { edition: 1, rotation: 1, broken: false });
        Self { trees: vec![(0..FOUNDED).map(document).collect()], edition: 1, left: BTreeSet::new() }
    }

    pub(crate) fn head(&self) -> &Tree {
        self.trees.last().expect("there is a first commit")
    }

    /// What would be the head without the newest commits.
    pub(crate) fn before(&self, drops: usize) -> &Tree {
        &self.trees[self.trees.len() - 1 - drops]
    }

    /// How many commits may be dropped: the first one stays.
    pub(crate) fn droppable(&self) -> usize {
        self.trees.len() - 1
    }

    /// Those that were removed, or whose foundation was taken back, at any time.
    pub(crate) fn left(&self) -> &BTreeSet<Union> {
        &self.left
    }

    /// The next commit.
    pub(crate) fn push(&mut self, push: &Push) {
        let before = self.head().clone();
        if let Push::Rewrite { drops, .. } = push {
            self.trees.truncate(self.trees.len() - drops);
        }
        let mut tree = self.head().clone();
        self.edition += 1;
        let good = |edition| Document { edition, rotation: 1, broken: false };
        match push {
            Push::Found(union) | Push::Return(union) => {
                tree.insert(*union, good(self.edition));
            }
            Push::Remove(union) => {
                tree.remove(union);
            }
            Push::Change(union) | Push::Rotate(union) | Push::Rewrite { changes: union, .. } => {
                let document = tree.get_mut(union).expect("only what is there changes");
                document.edition = self.edition;
                document.rotation += u32::from(matches!(push, Push::Rotate(_)));
            }
            Push::Break(union) | Push::Mend(union) => {
                let document = tree.get_mut(union).expect("only what is there breaks");
                document.edition = self.edition;
                document.broken = matches!(push, Push::Break(_));
            }
        }
        self.left.extend(before.keys().filter(|union| !tree.contains_key(union)));
        self.trees.push(tree);
    }
}

/// The policy of all; a schedule removes more than the guards let through by themselves.
pub(crate) fn keyforge(recipient: &str) -> String {
    format!(
        "apiVersion: keyforge.dev/v1\nkind: Keyforge\nmetadata:\n  name: federation\nspec:\n  defaults:\n    \
         vaultwarden: {{image: 'vaultwarden/server:1.37.2'}}\n  guards: {{unionsRemovedPerRevision: 1000}}\n  \
         sealing: {{recipients: [{recipient}]}}\n"
    )
}

impl Document {
    /// The union's files, by their paths within its directory, with what was sealed for its society.
    pub(crate) fn files(&self, union: Union, name: &str, sealed: &str) -> Vec<(&'static str, String)> {
        let Self { edition, rotation, broken } = self;
        let mut text = format!(
            "apiVersion: keyforge.dev/v1\nkind: Union\nmetadata:\n  name: {name}\nspec:\n  displayName: The {name} union\n  \
             contacts: [it@{name}.example]\n  domain: https://{name}.localhost\n  rotation: {{adminToken: {rotation}}}\n  \
             vaultwarden:\n    settings: {{DATABASE_MAX_CONNS: '{edition}'}}\n"
        );
        if union.sends_mail() {
            text.push_str(&format!(
                "    smtp: {{host: smtp.{name}.example, from: vault@{name}.example, credentials: {{secretRef: {{name: {MAIL}}}}}}}\n"
            ));
        }
        if union.goes_with_its_data() {
            text.push_str("  deletion: {policy: delete}\n");
        }
        let mut files = vec![("union.yaml", text)];
        if *broken || union.has_a_society() {
            let value =
                if *broken { format!("value: {MISTAKE}") } else { "generate: {length: 20}".to_owned() };
            let society = format!(
                "apiVersion: keyforge.dev/v1\nkind: Society\nmetadata:\n  name: chess\nspec:\n  displayName: Chess\n  members:\n    \
                 - {{email: owner@{name}.example, role: owner}}\n  passwords:\n    - {{name: bank, {value}}}\n    \
                 - {{name: safe, sealed: {}}}\n",
                serde_json::json!(sealed)
            );
            files.push(("societies/chess.yaml", society));
        }
        files
    }
}

impl fmt::Display for Union {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "u{:02}", self.0)
    }
}

impl fmt::Display for Push {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Found(union) => write!(f, "found {union}"),
            Self::Change(union) => write!(f, "change {union}"),
            Self::Rotate(union) => write!(f, "rotate the admin token of {union}"),
            Self::Break(union) => write!(f, "break the documents of {union}"),
            Self::Mend(union) => write!(f, "mend the documents of {union}"),
            Self::Remove(union) => write!(f, "remove {union}"),
            Self::Return(union) => write!(f, "add {union} again"),
            Self::Rewrite { drops, changes } => {
                write!(f, "by force: drop the newest {drops} and change {changes}")
            }
        }
    }
}
