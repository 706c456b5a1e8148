//! What is read of a revision, and what is never read.

use keyforge::git::{Mirror, Options};

use crate::fixture::{acme, head, lines, mirror, paths, snapshot};
use crate::support::repo::Repo;

#[tokio::test]
async fn a_snapshot_has_the_config_and_nothing_else() {
    let repo = acme();
    let snapshot = snapshot(&mirror(&repo)).await;
    let keyforge = snapshot.keyforge.expect("keyforge.yaml");
    assert_eq!(
        (keyforge.path.as_str(), &*keyforge.content),
        ("keyforge.yaml", b"kind: Keyforge\n".as_slice())
    );
    assert_eq!(
        paths(&snapshot.unions["acme"]),
        ["unions/acme/societies/chess.yaml", "unions/acme/union.yaml"]
    );
    assert_eq!((snapshot.unions.len(), lines(&snapshot.findings).as_str()), (1, ""));
}

#[tokio::test]
async fn a_folder_of_the_repository_may_be_its_root() {
    let repo = Repo::with_work_tree();
    repo.change()
        .file("ops/config/keyforge.yaml", "")
        .file("ops/config/unions/acme/union.yaml", "")
        .file("unions/other/union.yaml", "")
        .symlink("link", "ops/config")
        .push("Nested");
    let at = |path: &str| Mirror::open(&Options { path: path.into(), ..repo.options() }).expect("a mirror");
    for path in ["ops/config", "./ops/config/"] {
        let snapshot = snapshot(&at(path)).await;
        assert!(snapshot.keyforge.is_some());
        assert_eq!(paths(&snapshot.unions["acme"]), ["unions/acme/union.yaml"]);
    }
    for path in ["ops/absent", "link", "ops/config/keyforge.yaml"] {
        let mirror = at(path);
        let revision = head(&mirror).await.revision;
        let error = mirror.snapshot(&revision, |_| None).await.expect_err(path);
        assert_eq!(error.to_string(), format!("{revision} has no folder `{path}`"));
    }
}

#[tokio::test]
async fn what_is_no_plain_file_is_found_and_never_read() {
    let repo = Repo::bare();
    repo.change()
        .symlink("keyforge.yaml", "/etc/passwd")
        .file("keyforge.yml", "")
        .file("unions/README.md", "")
        .file("unions/acme.yaml", "")
        .file("unions/acme/union.yaml", "")
        .symlink("unions/acme/societies/chess.yaml", "../../northside/union.yaml")
        .file("unions/acme/societies/rowing.yaml", vec![b'#'; 1024 * 1024 + 1])
        .file("unions/acme/societies/exact.yaml", vec![b'#'; 1024 * 1024])
        .file_named(b"unions/acme/societies/caf\xe9.yaml", "")
        .file("unions/acme/1/2/3/4/5/6/7/8/9/deep.yaml", "")
        .symlink("unions/linked", "acme")
        .submodule("unions/module")
        .push("Everything at once");
    let snapshot = snapshot(&mirror(&repo)).await;
    assert_eq!(
        lines(&snapshot.findings),
        "\
symlink: `keyforge.yaml` is a symbolic link; only plain files are read
misplaced-file: `keyforge.yml` is no place of a document, so it has no effect
misplaced-file: `unions/acme.yaml` is no place of a document, so it has no effect
"
    );
    assert_eq!(
        lines(&snapshot.unions["acme"].findings),
        "\
size-limit: `unions/acme/1/2/3/4/5/6/7/8/9` is more than 8 directories below its union's
unreadable-path: the path `unions/acme/societies/caf\u{fffd}.yaml` is not UTF-8
symlink: `unions/acme/societies/chess.yaml` is a symbolic link; only plain files are read
size-limit: `unions/acme/societies/rowing.yaml` has 1048577 bytes; allowed are 1048576
"
    );
    assert_eq!(
        paths(&snapshot.unions["acme"]),
        ["unions/acme/societies/exact.yaml", "unions/acme/union.yaml"]
    );
    assert!(snapshot.keyforge.is_none());
    // They are unions that cannot be read, not unions that were removed.
    for (name, finding) in [
        ("linked", "symlink: `unions/linked` is a symbolic link; only plain files are read\n"),
        ("module", "submodule: `unions/module` is a submodule; only plain files are read\n"),
    ] {
        assert_eq!(
            (paths(&snapshot.unions[name]), lines(&snapshot.unions[name].findings)),
            (vec![], finding.into())
        );
    }
}

#[tokio::test]
async fn a_union_may_not_be_large_at_the_cost_of_others() {
    let repo = Repo::bare();
    let many = (0..2_001).fold(repo.change(), |c, n| c.file(&format!("unions/many/{n}.yaml"), ""));
    let both = (0..9).fold(many, |c, n| c.file(&format!("unions/large/{n}.yaml"), vec![b'#'; 1_000_000]));
    both.file("unions/acme/union.yaml", "").push("Two large ones");
    let snapshot = snapshot(&mirror(&repo)).await;
    let found: String = snapshot.unions.values().map(|union| lines(&union.findings)).collect();
    assert_eq!(
        found,
        "\
size-limit: the files of `unions/large` have more than 8388608 bytes together
size-limit: `unions/many` has more than 2000 files
"
    );
    assert_eq!(paths(&snapshot.unions["acme"]), ["unions/acme/union.yaml"]);
}

#[tokio::test]
async fn of_two_thousand_unions_only_the_changed_one_is_read() {
    let repo = Repo::bare();
    let all =
        (0..2_000).fold(repo.change(), |c, n| c.file(&format!("unions/u{n}/union.yaml"), n.to_string()));
    all.push("Two thousand");
    let mirror = mirror(&repo);
    let known: std::collections::BTreeMap<_, _> =
        snapshot(&mirror).await.unions.into_iter().map(|(name, union)| (name, union.tree)).collect();
    assert_eq!(known.len(), 2_000);

    repo.change().file("unions/u1234/union.yaml", "changed").push("One");
    let revision = head(&mirror).await.revision;
    let read = mirror.snapshot(&revision, move |name| known.get(name).copied()).await.expect("a snapshot");
    assert_eq!(read.unions.len(), 2_000);
    let read: Vec<_> = read.unions.iter().filter(|(_, union)| union.files.is_some()).collect();
    assert_eq!(read.len(), 1);
    assert_eq!((read[0].0.as_str(), paths(read[0].1)), ("u1234", vec!["unions/u1234/union.yaml"]));
}
