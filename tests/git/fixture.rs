//! How tests follow a repository, and how they read what they are told.

use std::error::Error as _;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use keyforge::diagnostic::Diagnostic;
use keyforge::git::{Error, Fetched, Mirror, Source};
use keyforge::spec::{Snapshot, UnionTree};
use tokio_util::sync::CancellationToken;

use crate::support::repo::Repo;

/// Longer than anything here takes, on the slowest machine.
pub(crate) const SOON: Duration = Duration::from_secs(20);

pub(crate) fn mirror(repo: &Repo) -> Mirror {
    Mirror::open(&repo.options()).expect("a mirror")
}

pub(crate) async fn fetch(mirror: &Mirror) -> Result<Source, Error> {
    mirror.fetch(&CancellationToken::new()).await
}

pub(crate) async fn head(mirror: &Mirror) -> Fetched {
    match fetch(mirror).await.expect("a fetch") {
        Source::Head(fetched) => fetched,
        other => panic!("no head: {other:?}"),
    }
}

pub(crate) async fn snapshot(mirror: &Mirror) -> Snapshot {
    let revision = head(mirror).await.revision;
    mirror.snapshot(&revision, |_| None).await.expect("a snapshot")
}

/// A config repo of one union.
pub(crate) fn acme() -> Repo {
    let repo = Repo::bare();
    repo.change()
        .file("keyforge.yaml", "kind: Keyforge\n")
        .file("unions/acme/union.yaml", "kind: Union\n")
        .file("unions/acme/societies/chess.yaml", "kind: Society\n")
        .file("README.md", "not ours\n")
        .push("Add acme");
    repo
}

/// The error and its causes, on one line, without the test's own folder.
pub(crate) fn told(error: &Error, repo: &Repo) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    if let Some(hint) = error.hint() {
        text = format!("{text} (hint: {hint})");
    }
    let folder = repo.path().parent().expect("a folder").to_str().expect("a path of ours").to_owned();
    text.replace(&folder, "…")
}

pub(crate) fn lines(findings: &[Diagnostic]) -> String {
    findings.iter().map(|d| format!("{}: {}\n", d.code, d.message)).collect()
}

pub(crate) fn paths(union: &UnionTree) -> Vec<&str> {
    union.files.iter().flatten().map(|file| file.path.as_str()).collect()
}

/// The folder of the mirror, of which there is one.
pub(crate) fn mirror_dir(repo: &Repo) -> PathBuf {
    let mirrors = fs::read_dir(repo.state_dir().join("git")).expect("the state folder");
    let mut mirrors = mirrors.map(|entry| entry.expect("an entry").path());
    mirrors.find(|path| path.extension().is_some_and(|ext| ext == "git")).expect("a mirror")
}
