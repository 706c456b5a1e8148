//! The config repo read through its mirror: every state that a branch can be in, and every way that the mirror can be lost.
//!
//! Real repositories over their path; the mirror is looked at from outside only to damage it.

mod support;

use std::error::Error as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use keyforge::diagnostic::Diagnostic;
use keyforge::git::{Change, Error, Fetched, Mirror, Options, Source, Watcher, Woken};
use keyforge::spec::{Snapshot, UnionTree};
use support::repo::Repo;
use tokio_util::sync::CancellationToken;

/// Longer than anything here takes, on the slowest machine.
const SOON: Duration = Duration::from_secs(20);

fn mirror(repo: &Repo) -> Mirror {
    Mirror::open(&repo.options()).expect("a mirror")
}

async fn fetch(mirror: &Mirror) -> Result<Source, Error> {
    mirror.fetch(&CancellationToken::new()).await
}

async fn head(mirror: &Mirror) -> Fetched {
    match fetch(mirror).await.expect("a fetch") {
        Source::Head(fetched) => fetched,
        other => panic!("no head: {other:?}"),
    }
}

async fn snapshot(mirror: &Mirror) -> Snapshot {
    let revision = head(mirror).await.revision;
    mirror.snapshot(&revision, |_| None).await.expect("a snapshot")
}

/// A config repo of one union.
fn acme() -> Repo {
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
fn told(error: &Error, repo: &Repo) -> String {
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

fn lines(findings: &[Diagnostic]) -> String {
    findings.iter().map(|d| format!("{}: {}\n", d.code, d.message)).collect()
}

fn paths(union: &UnionTree) -> Vec<&str> {
    union.files.iter().flatten().map(|file| file.path.as_str()).collect()
}

// ── the branch ──

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

// ── what cannot be followed ──

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
        refused(Options { repo: "git@git.example.org:config".into(), ..repo.options() }),
        "`repo` over ssh is not yet supported by this version (hint: set `repo` to the path of a repository on \
         this machine, or `file://` and that path)"
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

// ── the snapshot ──

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

// ── the mirror ──

/// The folder of the mirror, of which there is one.
fn mirror_dir(repo: &Repo) -> PathBuf {
    let mirrors = fs::read_dir(repo.state_dir().join("git")).expect("the state folder");
    let mut mirrors = mirrors.map(|entry| entry.expect("an entry").path());
    mirrors.find(|path| path.extension().is_some_and(|ext| ext == "git")).expect("a mirror")
}

fn files_under(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).expect("a readable folder").map(|entry| entry.expect("an entry").path());
    entries.flat_map(|path| if path.is_dir() { files_under(&path) } else { vec![path] }).collect()
}

#[tokio::test]
async fn a_mirror_is_made_anew_whatever_was_done_to_it() {
    type Damage = fn(&Path);
    let damages: [(&str, Damage); 7] = [
        ("state folder gone", |dir| {
            fs::remove_dir_all(dir.parent().and_then(Path::parent).expect("the state folder"))
                .expect("removed");
        }),
        ("mirror gone", |dir| fs::remove_dir_all(dir).expect("removed")),
        ("no HEAD", |dir| fs::remove_file(dir.join("HEAD")).expect("removed")),
        ("no objects", |dir| fs::remove_dir_all(dir.join("objects")).expect("removed")),
        ("packs are noise", |dir| replace(dir, ".pack", b"noise")),
        ("packs and indexes are empty", |dir| {
            replace(dir, ".pack", b"");
            replace(dir, ".idx", b"");
        }),
        ("the head is noise", |dir| replace(dir, "keyforge/head", b"noise\n")),
    ];
    for (name, damage) in damages {
        let repo = acme();
        let mirror = mirror(&repo);
        head(&mirror).await;
        damage(&mirror_dir(&repo));
        assert_eq!(snapshot(&mirror).await.unions.len(), 1, "{name}");
        repo.change().file("unions/northside/union.yaml", "").push("Add northside");
        assert_eq!(snapshot(&mirror).await.unions.len(), 2, "{name}");
    }
}

/// Replaces the files whose path ends so.
fn replace(dir: &Path, end: &str, content: &[u8]) {
    let mut replaced = 0;
    for path in files_under(dir).into_iter().filter(|path| path.to_string_lossy().ends_with(end)) {
        fs::remove_file(&path).expect("a removed file");
        fs::write(&path, content).expect("a written file");
        replaced += 1;
    }
    assert_ne!(replaced, 0, "nothing ends with {end}");
}

#[tokio::test]
async fn damage_below_the_head_costs_one_snapshot_and_then_the_mirror_is_anew() {
    let repo = acme();
    let mirror = mirror(&repo);
    let first = head(&mirror).await.revision;
    // A second pack has the head, so that only the files of the first are lost.
    let pack = files_under(&mirror_dir(&repo))
        .into_iter()
        .find(|path| path.extension().is_some_and(|e| e == "pack"));
    repo.change().file("README.md", "changed\n").push("Second");
    let second = head(&mirror).await.revision;
    fs::remove_file(pack.expect("a pack")).expect("removed");

    let error = mirror.snapshot(&second, |_| None).await.expect_err("damaged");
    assert!(matches!(error, Error::Damaged { .. }), "{error:?}");
    assert_eq!(snapshot(&mirror).await.unions.len(), 1);
    assert!(mirror.snapshot(&first, |_| None).await.is_ok());
}

#[tokio::test]
async fn a_revision_that_the_mirror_does_not_have_is_told() {
    let repo = acme();
    let mirror = mirror(&repo);
    let mut revision = head(&mirror).await.revision;
    revision.commit = [0x5f; 20].into();
    let error = mirror.snapshot(&revision, |_| None).await.expect_err("unknown");
    assert_eq!(error.to_string(), "main@sha1:5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f is not in the mirror");
}

#[tokio::test]
async fn a_mirror_does_not_grow_by_a_pack_per_commit_for_ever() {
    let repo = acme();
    let mirror = mirror(&repo);
    let mut most = 0;
    for round in 0..210 {
        repo.change().file("round", round.to_string()).push("Round");
        head(&mirror).await;
        let packs = files_under(&mirror_dir(&repo))
            .into_iter()
            .filter(|p| p.extension().is_some_and(|e| e == "pack"));
        most = most.max(packs.count());
    }
    assert_eq!(most, 201);
    assert_eq!(head(&mirror).await.change, Change::Same);
}

#[tokio::test]
async fn a_state_folder_that_cannot_be_one_is_told_with_its_remedy() {
    let repo = acme();
    fs::write(repo.state_dir(), "a file").expect("a file in its place");
    let error = Mirror::open(&repo.options()).expect_err("no folder");
    assert_eq!(
        told(&error, &repo),
        "state folder `…/state` cannot be used: Not a directory (os error 20) (hint: set `state_dir` to a folder \
         that the daemon's user may write)"
    );
}

#[tokio::test]
async fn a_full_state_folder_is_told_and_costs_nothing_else() {
    let repo = acme();
    fs::create_dir(repo.state_dir()).expect("a folder");
    let mount = |program: &str, args: &[&str]| {
        let status = std::process::Command::new(program).args(args).arg(repo.state_dir()).status();
        status.is_ok_and(|status| status.success())
    };
    // A small file system is root's to make; without it there is nothing to fill here.
    if !mount("mount", &["-t", "tmpfs", "-o", "size=1m", "tmpfs"]) {
        return;
    }
    let mirror = mirror(&repo);
    let full = fetch(&mirror).await;
    let roomy = mount("mount", &["-o", "remount,size=64m"]);
    let after = fetch(&mirror).await;
    assert!(roomy && mount("umount", &["-l"]), "the small file system is gone again");

    assert_eq!(
        told(&full.expect_err("full"), &repo),
        "state folder `…/state` has 0 MiB of room; 32 MiB are needed (hint: make room, or set `state_dir` to a \
         folder elsewhere; what is in it is only a cache)"
    );
    assert!(matches!(after, Ok(Source::Head(_))), "{after:?}");
}

// ── the watch ──

async fn changed(watcher: &mut Watcher) -> Woken {
    tokio::time::timeout(SOON, watcher.changed()).await.expect("a change that is seen")
}

#[tokio::test]
async fn a_commit_is_seen_at_once() {
    for repo in [Repo::bare(), Repo::with_work_tree()] {
        repo.change().file("keyforge.yaml", "").push("First");
        let mut watcher = Watcher::start(&repo.options()).await.expect("a watcher");
        assert!(watcher.not_watched().is_none());
        for content in ["a", "b"] {
            repo.change().file("keyforge.yaml", content).push("Next");
            assert_eq!(changed(&mut watcher).await, Woken::Moved);
        }
    }
}

#[tokio::test]
async fn the_first_commit_and_a_branch_in_a_new_folder_are_seen() {
    let repo = Repo::bare();
    let mut watcher = Watcher::start(&repo.options()).await.expect("a watcher");
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
    let mut watcher = Watcher::start(&options).await.expect("a watcher");
    assert!(watcher.not_watched().is_some());
    assert_eq!(changed(&mut watcher).await, Woken::Polled);

    fs::rename(repo.path(), &later).expect("a repository in its place");
    while watcher.not_watched().is_some() {
        assert_eq!(changed(&mut watcher).await, Woken::Polled);
    }
}
