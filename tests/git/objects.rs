//! Revisions by the names that people have for them, read in place.

use git2::Oid;
use keyforge::git::Objects;
use keyforge::revision::ObjectId;

use crate::support::repo::Repo;

fn objects(repo: &Repo) -> Objects {
    Objects::open(repo.path().to_str().expect("a path"), "").expect("a repository")
}

fn id(commit: Oid) -> ObjectId {
    commit.to_string().parse().expect("a commit")
}

/// `main` of three commits, and `change` that leaves it after the second.
fn branched() -> (Repo, [Oid; 3], Oid) {
    let repo = Repo::bare();
    let commit = |text: &str| repo.change().file("unions/acme/union.yaml", text).push(text);
    let (first, second) = (commit("1"), commit("2"));
    let change = repo.change().file("unions/acme/union.yaml", "changed").commit("Change");
    repo.set_branch("change", change);
    let third = commit("3");
    (repo, [first, second, third], change)
}

#[test]
fn a_commit_has_many_names() {
    let (repo, [first, _, third], change) = branched();
    repo.run(&["tag", "--annotate", "--message", "First", "v1", &first.to_string()]);
    let objects = objects(&repo);
    for (name, commit) in [
        ("main", third),
        ("main~2", first),
        ("change", change),
        ("v1", first),
        (&first.to_string(), first),
        (&first.to_string()[..12], first),
    ] {
        assert_eq!(objects.commit(name).expect(name), id(commit), "{name}");
    }
    let blob = "main:unions/acme/union.yaml";
    assert_eq!(
        objects.commit(blob).expect_err("a file").to_string(),
        format!("`{blob}` is no commit in this repository")
    );
}

#[test]
fn a_branch_is_compared_with_where_it_left_and_a_commit_of_main_with_the_one_before() {
    let (repo, [first, second, third], change) = branched();
    let objects = objects(&repo);
    let departure = |commit| objects.departure(id(commit), "main").expect("a history");
    assert_eq!(departure(change), Some(id(second)));
    assert_eq!(departure(third), Some(id(second)));
    assert_eq!(departure(first), None);
    // What is pushed counts, not what is only here.
    repo.git().reference("refs/remotes/origin/main", first, true, "fetch").expect("a reference");
    assert_eq!(departure(third), Some(id(first)));
    assert_eq!(objects.departure(id(third), "other").expect("a history"), Some(id(second)));
}

#[test]
fn a_shallow_clone_does_not_say_that_everything_is_new() {
    let (repo, [_, _, third], _) = branched();
    let clone = repo.state_dir();
    let (from, to) = (format!("file://{}", repo.path().display()), clone.display().to_string());
    repo.run(&["clone", "--quiet", "--bare", "--depth", "1", &from, &to]);
    let objects = Objects::open(&to, "").expect("a repository");
    let refused = objects.departure(id(third), "main").expect_err("its history is cut off");
    assert_eq!(refused.to_string(), "this clone is shallow: where the revision left `main` is not in it");
}

#[test]
fn the_config_may_be_in_a_folder() {
    let repo = Repo::bare();
    let commit = id(repo.change().file("config/unions/acme/union.yaml", "x").file("README", "x").push("Add"));
    let objects = Objects::open(repo.path().to_str().expect("a path"), "config").expect("a repository");
    assert_eq!(objects.trees(commit).expect("a config").keys().collect::<Vec<_>>(), ["acme"]);
    let snapshot = objects.snapshot(commit, &|_| None).expect("a config");
    assert_eq!(snapshot.unions["acme"].files.as_deref().map(<[_]>::len), Some(1));
}
