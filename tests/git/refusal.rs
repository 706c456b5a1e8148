//! What cannot be followed, and what a person is told then.

use std::fs;

use keyforge::git::{Mirror, Options};

use crate::fixture::{acme, fetch, mirror, told};
use crate::support::repo::Repo;

#[tokio::test]
async fn a_place_that_is_no_repository_is_told_with_its_remedy() {
    let repo = Repo::bare();
    let base = repo.path().parent().expect("a folder").to_owned();
    fs::create_dir(base.join("plain")).expect("a folder");
    fs::write(base.join("file"), "").expect("a file");
    let mut found = String::new();
    for place in ["absent", "plain", "file"] {
        let options = Options { repo: base.join(place).display().to_string(), ..repo.options() };
        let mirror = Mirror::open(&options).expect("a mirror");
        found += &format!("{}\n", told(&fetch(&mirror).await.expect_err(place), &repo));
    }
    assert_eq!(
        found,
        "\
config repo `…/absent`: there is no such folder (hint: set `repo` to the folder of a repository, bare or with a work tree (`git init --bare` makes one))
config repo `…/plain` is not a Git repository (hint: set `repo` to the folder of a repository, bare or with a work tree (`git init --bare` makes one))
config repo `…/file` is not a Git repository (hint: set `repo` to the folder of a repository, bare or with a work tree (`git init --bare` makes one))
"
    );
}

#[tokio::test]
async fn settings_that_lead_nowhere_are_refused_at_the_start() {
    let repo = Repo::bare();
    let refused = |options: Options| told(&Mirror::open(&options).expect_err("refused"), &repo);
    assert_eq!(
        refused(Options { repo: "https://robot:s3cret@git.example.org/config".into(), ..repo.options() }),
        "`repo` has credentials in it (hint: put them into a file and set `repo_credentials_file` to it; flags are \
         shown to everybody on the machine)"
    );
    assert_eq!(
        refused(Options { repo: "http://git.example.org/config".into(), ..repo.options() }),
        "`repo` is over http, where everybody on the way can read and change it (hint: set `repo` to its `https://` \
         address; `http://` is for this machine alone)"
    );
    assert_eq!(
        refused(Options { repo: "svn://git.example.org/config".into(), ..repo.options() }),
        "`repo` is neither a path nor a URL that can be followed (hint: set `repo` to a path, `file://` and a path, \
         `https://HOST/PATH`, `ssh://USER@HOST/PATH` or `USER@HOST:PATH`)"
    );
    assert_eq!(
        refused(Options { branch: "ma in".into(), ..repo.options() }),
        "`ma in` is no name of a branch (hint: set `branch` to the branch to follow, such as `main`)"
    );
    assert_eq!(
        refused(Options { path: "config/../..".into(), ..repo.options() }),
        "`path` is `config/../..`; it must be a folder inside the config repo, without `..` (hint: set `path` to \
         the folder that has `keyforge.yaml`, or leave it out for the root)"
    );
}

#[tokio::test]
async fn a_repository_of_somebody_else_is_refused_with_their_number() {
    use std::os::unix::fs::{MetadataExt as _, chown};
    let repo = acme();
    let us = fs::metadata(repo.path()).expect("the repository").uid();
    let mirror = mirror(&repo);
    // Only root can give things away; everybody else is stopped here by the system itself.
    if chown(repo.path(), Some(us + 4242), None).is_err() {
        return;
    }
    let error = fetch(&mirror).await.expect_err("a foreign repository");
    assert_eq!(
        told(&error, &repo),
        format!(
            "config repo `…/config` belongs to user {them}, the daemon runs as user {us} (hint: give it to the \
             daemon's user: `chown -R {us} …/config`)",
            them = us + 4242
        )
    );
}

#[tokio::test]
async fn a_repository_that_may_not_be_read_is_told_with_its_remedy() {
    use std::os::unix::fs::PermissionsExt as _;
    let repo = acme();
    let mirror = mirror(&repo);
    let allow =
        |mode| fs::set_permissions(repo.path(), fs::Permissions::from_mode(mode)).expect("its owner may");
    allow(0o000);
    let stopped = fs::read_dir(repo.path()).is_err();
    let fetched = fetch(&mirror).await;
    allow(0o755);
    // Nothing stops root.
    if stopped {
        assert_eq!(
            told(&fetched.expect_err("unreadable"), &repo),
            "config repo `…/config` cannot be read: Permission denied (os error 13) (hint: let the daemon's user read it)"
        );
    }
    assert!(fetch(&mirror).await.is_ok());
}
