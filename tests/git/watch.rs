//! A commit is seen at once, and at the latest at the next poll.

use std::fs;
use std::time::Duration;

use keyforge::git::{Mirror, Options, Source, Watcher, Woken};

use crate::fixture::{SOON, acme, fetch, head, mirror};
use crate::support::repo::Repo;

async fn changed(watcher: &mut Watcher) -> Woken {
    tokio::time::timeout(SOON, watcher.changed()).await.expect("a change that is seen")
}

#[tokio::test]
async fn a_commit_is_seen_at_once() {
    for repo in [Repo::bare(), Repo::with_work_tree()] {
        repo.change().file("keyforge.yaml", "").push("First");
        let (mut watcher, _nudge) = Watcher::start(&repo.options()).await.expect("a watcher");
        assert!(watcher.not_watched().is_none());
        for content in ["a", "b"] {
            repo.change().file("keyforge.yaml", content).push("Next");
            assert_eq!(changed(&mut watcher).await, Woken::Moved);
        }
    }
}

#[tokio::test]
async fn commits_by_the_git_program_are_seen_also_after_it_has_tidied_up() {
    let repo = Repo::with_work_tree();
    repo.change().file("keyforge.yaml", "").push("First");
    let mirror = mirror(&repo);
    head(&mirror).await;
    let (mut watcher, _nudge) = Watcher::start(&repo.options()).await.expect("a watcher");
    for tidy in [&["status"][..], &["pack-refs", "--all"], &["gc", "--quiet"]] {
        repo.run(tidy);
        repo.run(&["commit", "--quiet", "--allow-empty", "--message", "Next"]);
        let commit = repo.git().refname_to_id("refs/heads/main").expect("main");
        loop {
            assert_eq!(changed(&mut watcher).await, Woken::Moved, "after {tidy:?}");
            if head(&mirror).await.revision.commit.as_bytes() == commit.as_bytes() {
                break;
            }
        }
    }
}

#[tokio::test]
async fn the_first_commit_and_a_branch_in_a_new_folder_are_seen() {
    let repo = Repo::bare();
    let (mut watcher, _nudge) = Watcher::start(&repo.options()).await.expect("a watcher");
    let commit = repo.change().file("keyforge.yaml", "").push("First");
    assert_eq!(changed(&mut watcher).await, Woken::Moved);

    let options = Options { branch: "env/prod/eu".into(), ..repo.options() };
    let mirror = Mirror::open(&options).expect("a mirror");
    repo.set_branch("env/prod/eu", commit);
    loop {
        assert_eq!(changed(&mut watcher).await, Woken::Moved);
        if matches!(fetch(&mirror).await.expect("a fetch"), Source::Head(_)) {
            break;
        }
    }
    // And what happens in those folders from now on.
    let next = repo.change().file("keyforge.yaml", "next").commit("Next");
    repo.set_branch("env/prod/eu", next);
    while head(&mirror).await.revision.commit.as_bytes() != next.as_bytes() {
        assert_eq!(changed(&mut watcher).await, Woken::Moved);
    }
}

#[tokio::test]
async fn a_repository_that_comes_later_is_polled_and_then_watched() {
    let repo = acme();
    let later = repo.path().with_extension("later");
    let options = Options {
        repo: later.display().to_string(),
        poll_interval: Duration::from_millis(20),
        ..repo.options()
    };
    let (mut watcher, _nudge) = Watcher::start(&options).await.expect("a watcher");
    assert!(watcher.not_watched().is_some());
    assert_eq!(changed(&mut watcher).await, Woken::Polled);

    fs::rename(repo.path(), &later).expect("a repository in its place");
    while watcher.not_watched().is_some() {
        assert_eq!(changed(&mut watcher).await, Woken::Polled);
    }
}
