//! Who wrote the lines of a file, from a history of changes, additions, removals and merges.

use std::collections::BTreeSet;

use keyforge::git::Mirror;
use keyforge::revision::{ObjectId, Revision};
use tokio::sync::oneshot;

use crate::fixture::{SOON, head, mirror};
use crate::support::repo::Repo;

const FILE: &str = "unions/acme/union.yaml";

/// Each line of the file with the subject of the commit that wrote it.
async fn written(mirror: &Mirror, revision: &Revision, lines: u32) -> Vec<String> {
    let asked: BTreeSet<_> = (1..=lines).map(|line| (FILE.to_owned(), line)).collect();
    let origin = mirror.origin(revision, asked, Vec::new(), ()).await.expect("a history");
    origin.written.into_iter().map(|((_, line), by)| format!("{line} {}", by.subject)).collect()
}

#[tokio::test]
async fn a_line_is_of_the_commit_that_wrote_it_wherever_it_stands_now() {
    let repo = Repo::bare();
    repo.change().file(FILE, "a\nb\nc\nd\n").push("first");
    repo.change().file(FILE, "new\na\nb\nc\nd\n").push("above");
    repo.change().file(FILE, "new\na\nc\nd\n").push("without b");
    repo.change().file("README.md", "no matter\n").push("elsewhere");
    repo.change().file(FILE, "new\na\nC\nd\ne").push("c and e");
    let mirror = mirror(&repo);
    let revision = head(&mirror).await.revision;
    assert_eq!(
        written(&mirror, &revision, 9).await,
        ["1 above", "2 first", "3 c and e", "4 first", "5 c and e"]
    );
}

#[tokio::test]
async fn a_merge_wrote_only_what_no_parent_has() {
    let repo = Repo::bare();
    let first = repo.change().file(FILE, "a\nb\nc\n").push("first");
    let ours = repo.after(first).file(FILE, "ours\nb\nc\n").commit("ours");
    let theirs = repo.after(first).file(FILE, "a\nb\ntheirs\n").commit("theirs");
    repo.after(ours).and(theirs).file(FILE, "ours\nmerged\ntheirs\n").push("merge");
    let mirror = mirror(&repo);
    let revision = head(&mirror).await.revision;
    assert_eq!(written(&mirror, &revision, 3).await, ["1 ours", "2 merge", "3 theirs"]);
}

#[tokio::test]
async fn a_turn_lasts_as_long_as_the_thread_that_looks() {
    let repo = Repo::bare();
    repo.change().file(FILE, "a\n").push("first");
    let mirror = mirror(&repo);
    let revision = head(&mirror).await.revision;
    let asked = BTreeSet::from([(FILE.to_owned(), 1)]);
    let (turn, over) = oneshot::channel::<()>();
    let mut looking = Box::pin(mirror.origin(&revision, asked.clone(), Vec::new(), turn));
    // Begun, and given up, unless the thread was quicker: it sees that, and the turn goes with it.
    let _ = futures::poll!(&mut looking);
    drop(looking);
    assert!(tokio::time::timeout(SOON, over).await.is_ok(), "nothing holds the turn for ever");

    let (turn, over) = oneshot::channel::<()>();
    mirror.origin(&revision, asked, vec![ObjectId::from([7; 20])], turn).await.expect("a history");
    assert!(tokio::time::timeout(SOON, over).await.is_ok());
}

#[tokio::test]
async fn looking_back_has_an_end() {
    let repo = Repo::bare();
    repo.change().file(FILE, "a\n").push("first");
    let revision = head(&mirror(&repo)).await.revision;
    let options = keyforge::git::Options { repo_timeout: std::time::Duration::ZERO, ..repo.options() };
    let hasty = Mirror::open(&options).expect("a mirror");
    let asked = BTreeSet::from([(FILE.to_owned(), 1)]);
    let error = hasty.origin(&revision, asked, Vec::new(), ()).await.expect_err("no time");
    assert!(matches!(error, keyforge::git::Error::Deadline { .. }), "{error}");
}
