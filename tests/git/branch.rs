//! Every state that the followed branch can be in.

use keyforge::git::{Change, Mirror, Options, Source};
use keyforge::revision::ObjectId;
use tokio_util::sync::CancellationToken;

use crate::fixture::{acme, fetch, head, mirror, mirror_dir, snapshot, told};
use crate::support::repo::Repo;

#[tokio::test]
async fn the_head_is_fetched_with_who_and_when() {
    let repo = acme();
    let fetched = head(&mirror(&repo)).await;
    assert_eq!(fetched.revision.to_string(), "main@sha1:899c8ea885b32fb2a1132a94f4a62a8847ae130c");
    assert_eq!((fetched.author.as_str(), fetched.author_email.as_str()), ("Ana Officer", "ana@acme.example"));
    assert_eq!(fetched.subject, "Add acme");
    assert_eq!(fetched.committed_at.to_string(), "2026-01-01 00:00:00 UTC");
}

#[tokio::test]
async fn each_fetch_says_how_the_head_follows_the_one_before() {
    let repo = acme();
    let mirror = mirror(&repo);
    assert_eq!(head(&mirror).await.change, Change::First);
    assert_eq!(head(&mirror).await.change, Change::Same);

    repo.change().file("unions/acme/union.yaml", "kind: Union # 2\n").push("Change acme");
    let second = head(&mirror).await;
    assert_eq!(second.change, Change::FastForward);

    repo.root().file("keyforge.yaml", "kind: Keyforge # anew\n").push("Begin anew");
    let anew = head(&mirror).await;
    assert_eq!(anew.change, Change::Rewritten { from: second.revision.commit });
    assert_eq!(anew.subject, "Begin anew");

    // The mirror keeps what was force-pushed away: whoever is at it can still read it.
    let before = mirror.snapshot(&second.revision, |_| None).await.expect("a snapshot of the past");
    assert_eq!(before.unions.keys().collect::<Vec<_>>(), ["acme"]);
}

#[tokio::test]
async fn a_branch_set_back_to_its_past_is_rewritten() {
    let repo = acme();
    let mirror = mirror(&repo);
    let first = head(&mirror).await.revision.commit;
    repo.change().file("a", "").push("Second");
    let second = head(&mirror).await.revision.commit;
    repo.set_branch("main", git2::Oid::from_bytes(first.as_bytes()).expect("20 bytes"));
    let back = head(&mirror).await;
    assert_eq!((back.revision.commit, back.change), (first, Change::Rewritten { from: second }));
}

#[tokio::test]
async fn a_commit_came_with_the_first_revision_that_has_it_also_where_another_one_was_taken_back() {
    let repo = acme();
    let mirror = mirror(&repo);
    let first = head(&mirror).await.revision.commit;
    let asked = repo.change().file("a", "").commit("Asked for");
    let with = repo.after(asked).file("b", "").push("With it");
    head(&mirror).await;
    repo.root().file("c", "").push("Without it");
    let taken_back = head(&mirror).await.revision.commit;
    repo.after(with).file("d", "").push("With it again");
    let last = head(&mirror).await.revision;
    let [asked, with] = [asked, with].map(|id| id.to_string().parse::<ObjectId>().expect("a name"));
    let revisions = vec![first, with, taken_back, last.commit];
    let brought = mirror.brought(&last, asked, revisions, ()).await.expect("it reads");
    assert_eq!(brought, Some(with));
    let none = mirror.brought(&last, first, vec![taken_back], ()).await.expect("it reads");
    assert_eq!(none, None);
}

#[tokio::test]
async fn a_deleted_branch_is_a_state_and_may_return() {
    let repo = acme();
    let mirror = mirror(&repo);
    let before = head(&mirror).await;
    let commit = repo.git().refname_to_id("refs/heads/main").expect("main");
    repo.set_branch("trunk", commit);
    repo.delete_branch("main");
    assert_eq!(
        fetch(&mirror).await.expect("a fetch"),
        Source::BranchMissing { others: vec!["trunk".into()] }
    );

    repo.set_branch("main", commit);
    let after = head(&mirror).await;
    assert_eq!((after.revision, after.change), (before.revision, Change::Same));
}

#[tokio::test]
async fn an_empty_repository_is_a_state() {
    for repo in [Repo::bare(), Repo::with_work_tree()] {
        assert_eq!(fetch(&mirror(&repo)).await.expect("a fetch"), Source::Empty);
        repo.change().file("keyforge.yaml", "").push("First");
        assert_eq!(head(&mirror(&repo)).await.change, Change::First);
    }
}

#[tokio::test]
async fn only_the_followed_branch_is_copied() {
    let repo = acme();
    let other = repo.change().file("unions/acme/union.yaml", "proposed\n").commit("Propose");
    repo.set_branch("feature/proposal", other);
    head(&mirror(&repo)).await;
    let copy = git2::Repository::open_bare(mirror_dir(&repo)).expect("the mirror");
    assert!(copy.find_commit(other).is_err());
}

#[tokio::test]
async fn a_branch_with_slashes_is_followed() {
    let repo = acme();
    repo.set_branch("env/prod", repo.git().refname_to_id("refs/heads/main").expect("main"));
    let mirror = Mirror::open(&Options { branch: "env/prod".into(), ..repo.options() }).expect("a mirror");
    assert!(head(&mirror).await.revision.to_string().starts_with("env/prod@sha1:"));
}

#[tokio::test]
async fn two_followers_share_a_mirror_in_peace() {
    let repo = acme();
    let mirrors: Vec<_> = (0..4).map(|_| mirror(&repo)).collect();
    for round in 0..5 {
        let pushed = repo.change().file("round", round.to_string()).push("Round");
        let fetched = futures::future::join_all(mirrors.iter().flat_map(|m| [head(m), head(m)])).await;
        assert!(fetched.iter().all(|f| f.revision.commit.as_bytes() == pushed.as_bytes()));
    }
}

#[tokio::test]
async fn a_cancelled_fetch_ends_at_once_and_leaves_the_mirror_whole() {
    let repo = acme();
    let mirror = mirror(&repo);
    let cancel = CancellationToken::new();
    cancel.cancel();
    let error = mirror.fetch(&cancel).await.expect_err("cancelled");
    assert_eq!(told(&error, &repo), "cancelled");
    assert_eq!(snapshot(&mirror).await.unions.len(), 1);
}
