//! The bench on which commits are made and signed: a repository, keys, and the programs that people sign with.
//!
//! Nothing of the host's configuration is used. Dates are given, so that no test knows the time.

use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use git2::{Index, IndexEntry, IndexTime, Oid, Signature, Time};
use keyforge::git::{Mirror, Since};
use keyforge::revision::{ObjectId, Revision};
use keyforge::signing::{Accepted, Commit, History, Judge, Part, Policy, Signers, Trust, Voucher};
use tokio_util::sync::CancellationToken;

use crate::support::repo::Repo;
pub(crate) use crate::support::signer::{SshKey, output, program};

/// When all this happens.
pub(crate) const NOW: &str = "2026-03-01T12:00:00Z";

pub(crate) fn time(text: &str) -> DateTime<Utc> {
    text.parse().expect("a time")
}

/// Those that these stories are about.
fn parts() -> impl Iterator<Item = Part> {
    let unions = ["acme", "north", "new"].into_iter().map(|name| Part::Union(name.into()));
    std::iter::once(Part::Keyforge).chain(unions)
}

/// A repository and a folder for keys.
pub(crate) struct Bench {
    pub(crate) repo: Repo,
}

/// A commit to be.
#[must_use = "a commit is made by `unsigned` or `signed`"]
pub(crate) struct Draft<'b> {
    bench: &'b Bench,
    index: Index,
    parents: Vec<Oid>,
    message: String,
    at: DateTime<Utc>,
}

impl Bench {
    pub(crate) fn new() -> Self {
        Self { repo: Repo::bare() }
    }

    /// Where keys are.
    pub(crate) fn home(&self) -> PathBuf {
        self.repo.path().parent().expect("a folder").to_owned()
    }

    /// An OpenSSH key, made by ssh-keygen.
    pub(crate) fn ssh_key(&self, name: &str, kind: &[&str]) -> SshKey {
        SshKey::new(&self.home(), name, kind)
    }

    /// A commit after these, with the files of the first.
    pub(crate) fn after(&self, parents: &[Oid]) -> Draft<'_> {
        let git = self.repo.git();
        let mut index = Index::new().expect("an index");
        if let Some(first) = parents.first() {
            let tree = git.find_commit(*first).and_then(|commit| commit.tree()).expect("a tree");
            index.read_tree(&tree).expect("a readable tree");
        }
        let at = time("2026-02-01T00:00:00Z");
        Draft { bench: self, index, parents: parents.to_vec(), message: "Change it".into(), at }
    }

    /// What of `head` is new, read through a mirror.
    pub(crate) async fn history(&self, head: Oid, mut since: Since) -> History {
        for part in parts() {
            since.parts.entry(part).or_default();
        }
        self.repo.set_branch("main", head);
        let mirror = Mirror::open(&self.repo.options()).expect("a mirror");
        mirror.fetch(&CancellationToken::new()).await.expect("a fetch");
        let revision = Revision { branch: "main".into(), commit: id(head) };
        mirror.history(since, &revision).await.expect("a history")
    }

    /// A commit as it is judged.
    pub(crate) async fn commit(&self, commit: Oid) -> Commit {
        let history = self.history(commit, Since::default()).await;
        history.commits.into_iter().find(|found| found.id == id(commit)).expect("the commit")
    }

    /// What is in the way of each part that has changed from `judged` to `head`, without the names of commits.
    pub(crate) async fn judge(&self, trust: Trust<'_>, judged: Option<Oid>, head: Oid) -> String {
        self.judge_after(trust, judged, judged, head).await
    }

    /// The same where what is accepted came in later than what was judged as a whole.
    pub(crate) async fn judge_after(
        &self,
        trust: Trust<'_>,
        judged: Option<Oid>,
        accepted: Option<Oid>,
        head: Oid,
    ) -> String {
        let parts = parts().map(|part| (part.clone(), self.accepted(accepted, &part))).collect();
        let since = Since { judged: judged.map(id), parts, ..Since::default() };
        let history = self.history(head, since).await;
        self.judge_history(&history, trust, accepted, head)
    }

    /// The parts as a commit has them.
    pub(crate) fn parts_at(&self, with: Oid) -> std::collections::BTreeMap<Part, Accepted> {
        parts().map(|part| (part.clone(), self.accepted(Some(with), &part))).collect()
    }

    /// A part as it was accepted with a commit.
    fn accepted(&self, with: Option<Oid>, part: &Part) -> Accepted {
        Accepted { content: with.and_then(|with| self.content(with, part)), at: with.map(id) }
    }

    /// The same of a history that was read before.
    pub(crate) fn judge_history(
        &self,
        history: &History,
        trust: Trust<'_>,
        judged: Option<Oid>,
        head: Oid,
    ) -> String {
        let judge = Judge::new(history, trust, time(NOW));
        let mut told = String::new();
        for part in [Part::Keyforge, Part::Union("acme".into()), Part::Union("north".into())] {
            let accepted = self.accepted(judged, &part);
            if accepted.content != self.content(head, &part) {
                let found = judge.part(&part, accepted).refused;
                let lines: Vec<_> =
                    found.iter().map(|found| format!("{}: {}", found.code, found.message)).collect();
                let lines = if lines.is_empty() { "sound".to_owned() } else { lines.join("; ") };
                told.push_str(&format!("{part}: {lines}\n"));
            }
        }
        self.without_names(&told)
    }

    /// Who vouches for what became of `acme` from `judged` to `head`.
    pub(crate) async fn vouchers(&self, trust: Trust<'_>, judged: Oid, head: Oid) -> Vec<Voucher> {
        let history = self.history(head, Since { judged: Some(id(judged)), ..Since::default() }).await;
        let part = Part::Union("acme".into());
        let judgement =
            Judge::new(&history, trust, time(NOW)).part(&part, self.accepted(Some(judged), &part));
        judgement.vouched.into_iter().collect()
    }

    fn content(&self, commit: Oid, part: &Part) -> Option<ObjectId> {
        let tree = self.repo.git().find_commit(commit).and_then(|commit| commit.tree()).expect("a tree");
        tree.get_path(Path::new(&part.to_string())).ok().map(|entry| id(entry.id()))
    }

    fn without_names(&self, text: &str) -> String {
        let mut text = text.to_owned();
        let odb = self.repo.git().odb().expect("objects");
        odb.foreach(|oid| {
            text = text.replace(&oid.to_string(), "…").replace(&id(*oid).short(), "…");
            true
        })
        .expect("a list of objects");
        text
    }
}

impl Draft<'_> {
    pub(crate) fn write(mut self, path: &str, content: &str) -> Self {
        let zero = IndexTime::new(0, 0);
        let entry = IndexEntry {
            ctime: zero,
            mtime: zero,
            dev: 0,
            ino: 0,
            mode: 0o100_644,
            uid: 0,
            gid: 0,
            file_size: 0,
            id: self.bench.repo.git().blob(content.as_bytes()).expect("a blob"),
            flags: 0,
            flags_extended: 0,
            path: path.as_bytes().to_vec(),
        };
        self.index.add(&entry).expect("an entry");
        self
    }

    /// Writes a union's document.
    pub(crate) fn union(self, name: &str, content: &str) -> Self {
        self.write(&format!("unions/{name}/union.yaml"), content)
    }

    pub(crate) fn remove(mut self, folder: &str) -> Self {
        self.index.remove_dir(Path::new(folder), 0).expect("an index without it");
        self
    }

    pub(crate) fn message(mut self, message: &str) -> Self {
        self.message = message.to_owned();
        self
    }

    pub(crate) fn at(mut self, at: &str) -> Self {
        self.at = time(at);
        self
    }

    /// The commit without a signature, as it is signed.
    pub(crate) fn payload(&mut self) -> Vec<u8> {
        let git = self.bench.repo.git();
        let parents: Vec<_> = self.parents.iter().map(|id| git.find_commit(*id).expect("a parent")).collect();
        let who = Signature::new("Ana Officer", "ana@acme.example", &Time::new(self.at.timestamp(), 0))
            .expect("a person");
        let tree = self.index.write_tree_to(git).and_then(|tree| git.find_tree(tree)).expect("a tree");
        let buffer = git
            .commit_create_buffer(&who, &who, &self.message, &tree, &parents.iter().collect::<Vec<_>>())
            .expect("a commit");
        buffer.to_vec()
    }

    pub(crate) fn unsigned(mut self) -> Oid {
        let payload = self.payload();
        self.bench
            .repo
            .git()
            .odb()
            .and_then(|odb| odb.write(git2::ObjectType::Commit, &payload))
            .expect("a commit")
    }

    /// With the signature that `sign` makes of it.
    pub(crate) fn signed(mut self, sign: impl Fn(&[u8]) -> String) -> Oid {
        let payload = self.payload();
        self.carry(&sign(&payload))
    }

    /// With a signature that was made before, of whatever.
    pub(crate) fn carry(mut self, armor: &str) -> Oid {
        let payload = String::from_utf8(self.payload()).expect("text");
        self.bench.repo.git().commit_signed(&payload, armor.trim_end(), None).expect("a commit")
    }
}

/// What `keyforge.yaml` could say, from the text of both kinds of keys and its rules.
pub(crate) fn policy(keys: &str, rules: &[(&str, &[&str])]) -> Policy {
    let (signers, mistakes) = Signers::read_file(keys);
    assert_eq!(mistakes, []);
    let rules = rules.iter().map(|(path, signers)| keyforge::signing::Rule {
        path: path.parse().expect("a path"),
        signers: signers.iter().map(ToString::to_string).collect(),
    });
    Policy { signers, rules: rules.collect() }
}

pub(crate) fn id(oid: Oid) -> ObjectId {
    <[u8; 20]>::try_from(oid.as_bytes()).expect("20 bytes").into()
}
