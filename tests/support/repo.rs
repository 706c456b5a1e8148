//! Config repos for tests: real repositories, made with git2, the same bytes each time.
//!
//! Author, committer and date are fixed, so commits have the same names in each run; nothing of the host's Git
//! configuration is read, since git2 is given all that it needs.

use std::path::{Path, PathBuf};

use git2::{Commit, Oid, Repository, RepositoryInitOptions, Signature, Time};
use keyforge::git::Options;
use tempfile::TempDir;

/// 2026-01-01 00:00:00 UTC, the date of the first commit; each further one is a minute later.
const FIRST: i64 = 1_767_225_600;

const FILE: i32 = 0o100_644;
const SYMLINK: i32 = 0o120_000;
const SUBMODULE: i32 = 0o160_000;

/// A repository in a folder of its own, with a state folder beside it; both go with it.
pub struct Repo {
    dir: TempDir,
    git: Repository,
}

/// One commit to be.
#[must_use = "a commit is made by `commit`"]
pub struct Change<'r> {
    repo: &'r Repo,
    index: git2::Index,
    parents: Vec<Oid>,
    by: Option<(&'r str, i64)>,
}

impl Repo {
    /// A bare repository without any commit.
    pub fn bare() -> Self {
        Self::init(RepositoryInitOptions::new().bare(true))
    }

    /// A repository with a work tree and without any commit.
    pub fn with_work_tree() -> Self {
        Self::init(RepositoryInitOptions::new().bare(false))
    }

    fn init(options: &mut RepositoryInitOptions) -> Self {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let git = Repository::init_opts(
            dir.path().join("config"),
            options.initial_head("main").external_template(false),
        )
        .expect("a new repository");
        Self { dir, git }
    }

    /// Where it is.
    pub fn path(&self) -> PathBuf {
        self.dir.path().join("config")
    }

    /// The state folder of who follows it.
    pub fn state_dir(&self) -> PathBuf {
        self.dir.path().join("state")
    }

    /// The repository itself.
    pub fn git(&self) -> &Repository {
        &self.git
    }

    /// How `main` of it is followed.
    pub fn options(&self) -> Options {
        Options {
            repo: self.path().to_str().expect("a path of ours").to_owned(),
            branch: "main".into(),
            path: String::new(),
            poll_interval: std::time::Duration::from_secs(3600),
            repo_credentials_file: None,
            repo_ca_file: None,
            repo_known_hosts_file: None,
            repo_timeout: std::time::Duration::from_secs(120),
            repo_max_mib: 512,
            state_dir: self.state_dir(),
        }
    }

    /// A commit that follows the head of `main`, or is its first.
    pub fn change(&self) -> Change<'_> {
        let head = self.git.find_reference("refs/heads/main").and_then(|head| head.peel_to_commit()).ok();
        self.change_of(head.as_ref())
    }

    /// A commit that has no parent and no files yet.
    pub fn root(&self) -> Change<'_> {
        self.change_of(None)
    }

    /// A commit that follows this one.
    pub fn after(&self, parent: Oid) -> Change<'_> {
        self.change_of(Some(&self.git.find_commit(parent).expect("the parent")))
    }

    fn change_of(&self, parent: Option<&Commit<'_>>) -> Change<'_> {
        let mut index = git2::Index::new().expect("an index in memory");
        if let Some(parent) = parent {
            index.read_tree(&parent.tree().expect("the parent's tree")).expect("a readable tree");
        }
        Change { repo: self, index, parents: parent.map(Commit::id).into_iter().collect(), by: None }
    }

    /// Points a branch to a commit, by force, as a push does it.
    pub fn set_branch(&self, branch: &str, commit: Oid) {
        self.git.reference(&format!("refs/heads/{branch}"), commit, true, "push").expect("a written branch");
    }

    /// Runs the program `git` in it, as people do, without anything of theirs.
    #[expect(
        clippy::disallowed_methods,
        reason = "the program gets nothing of the environment but where programs are"
    )]
    pub fn run(&self, arguments: &[&str]) {
        let mut git = std::process::Command::new("git");
        git.arg("-C").arg(self.path()).args(arguments).env_clear();
        git.env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("GIT_CONFIG_NOSYSTEM", "1");
        for who in ["AUTHOR", "COMMITTER"] {
            git.env(format!("GIT_{who}_NAME"), "Ana Officer")
                .env(format!("GIT_{who}_EMAIL"), "ana@acme.example");
        }
        let output = git.output().expect("git runs");
        assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    }

    /// Deletes a branch.
    pub fn delete_branch(&self, branch: &str) {
        let mut reference = self.git.find_reference(&format!("refs/heads/{branch}")).expect("the branch");
        reference.delete().expect("a deleted branch");
    }
}

impl<'r> Change<'r> {
    /// By somebody else than the usual person, at a time in seconds since 1970.
    pub fn by(self, email: &'r str, at: i64) -> Self {
        Self { by: Some((email, at)), ..self }
    }

    /// A merge, which brings this one in too.
    pub fn and(mut self, parent: Oid) -> Self {
        self.parents.push(parent);
        self
    }

    /// With these files alone, after this commit.
    pub fn onto(self, parent: Oid) -> Self {
        Self { parents: vec![parent], ..self }
    }

    /// Writes a file.
    pub fn file(self, path: &str, content: impl AsRef<[u8]>) -> Self {
        let blob = self.repo.git.blob(content.as_ref()).expect("a written blob");
        self.entry(path.as_bytes(), blob, FILE)
    }

    /// Writes a file whose path is any bytes.
    pub fn file_named(self, path: &[u8], content: impl AsRef<[u8]>) -> Self {
        let blob = self.repo.git.blob(content.as_ref()).expect("a written blob");
        self.entry(path, blob, FILE)
    }

    /// Makes a symbolic link.
    pub fn symlink(self, path: &str, target: &str) -> Self {
        let blob = self.repo.git.blob(target.as_bytes()).expect("a written blob");
        self.entry(path.as_bytes(), blob, SYMLINK)
    }

    /// Puts a commit of another repository in the place of a folder.
    pub fn submodule(self, path: &str) -> Self {
        let elsewhere = Oid::from_str("5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f").expect("40 digits");
        self.entry(path.as_bytes(), elsewhere, SUBMODULE)
    }

    /// Removes a file or a folder.
    pub fn remove(mut self, path: &str) -> Self {
        self.index.remove_dir(Path::new(path), 0).expect("an index without it");
        self.index.remove_path(Path::new(path)).expect("an index without it");
        self
    }

    fn entry(mut self, path: &[u8], id: Oid, mode: i32) -> Self {
        let zero = git2::IndexTime::new(0, 0);
        let entry = git2::IndexEntry {
            ctime: zero,
            mtime: zero,
            dev: 0,
            ino: 0,
            mode: mode.cast_unsigned(),
            uid: 0,
            gid: 0,
            file_size: 0,
            id,
            flags: 0,
            flags_extended: 0,
            path: path.to_vec(),
        };
        self.index.add(&entry).expect("an index with it");
        self
    }

    /// Makes the commit, without pointing a branch to it.
    pub fn commit(mut self, subject: &str) -> Oid {
        let git = &self.repo.git;
        let parents: Vec<_> =
            self.parents.iter().map(|id| git.find_commit(*id).expect("the parent")).collect();
        let at = parents.first().map_or(FIRST, |parent| parent.time().seconds() + 60);
        let (email, at) = self.by.unwrap_or(("ana@acme.example", at));
        let who = Signature::new("Ana Officer", email, &Time::new(at, 0)).expect("a signature");
        let tree = self.index.write_tree_to(git).expect("a written tree");
        let tree = git.find_tree(tree).expect("the tree just written");
        git.commit(None, &who, &who, subject, &tree, &parents.iter().collect::<Vec<_>>()).expect("a commit")
    }

    /// Makes the commit with the signature that `sign` makes of it, and points `main` to it.
    pub fn push_signed(self, subject: &str, sign: impl Fn(&[u8]) -> String) -> Oid {
        let repo = self.repo;
        let unsigned = self.commit(subject);
        let object =
            repo.git.odb().and_then(|odb| Ok(odb.read(unsigned)?.data().to_vec())).expect("the commit");
        let armor = sign(&object);
        let text = String::from_utf8(object).expect("text");
        let commit = repo.git.commit_signed(&text, armor.trim_end(), None).expect("a commit");
        repo.set_branch("main", commit);
        commit
    }

    /// Makes the commit and points `main` to it.
    pub fn push(self, subject: &str) -> Oid {
        let repo = self.repo;
        let commit = self.commit(subject);
        repo.set_branch("main", commit);
        commit
    }
}
