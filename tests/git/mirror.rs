//! Every way that the mirror can be lost, and that none of them matters.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use keyforge::git::{Change, Error, Mirror, Source};

use crate::fixture::{SOON, acme, fetch, head, mirror, mirror_dir, snapshot, told};

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
async fn a_mirror_that_is_told_as_damaged_is_gone() {
    let repo = acme();
    let mirror = mirror(&repo);
    let first = head(&mirror).await.revision.commit;
    let dir = mirror_dir(&repo);
    let pack = files_under(&dir).into_iter().find(|path| path.extension().is_some_and(|e| e == "pack"));
    repo.change().file("README.md", "changed\n").push("Second");
    head(&mirror).await;
    // The name and length of each object stay, its content does not: the branch can be set back to what cannot be read.
    let pack = pack.expect("a pack");
    let mut bytes = fs::read(&pack).expect("readable");
    let content = 16..bytes.len() - 20;
    bytes[content].fill(0);
    fs::remove_file(&pack).expect("removed");
    fs::write(&pack, bytes).expect("written");
    repo.set_branch("main", git2::Oid::from_bytes(first.as_bytes()).expect("20 bytes"));

    let error = fetch(&mirror).await.expect_err("damaged");
    assert!(matches!(error, Error::Damaged { .. }), "{error:?}");
    assert!(!dir.exists());
    assert_eq!(snapshot(&mirror).await.unions.len(), 1);
}

#[tokio::test]
async fn a_snapshot_that_nobody_awaits_stops_waiting_for_the_mirror() {
    let repo = acme();
    let mirror = mirror(&repo);
    let revision = head(&mirror).await.revision;
    let lock = fs::File::open(mirror_dir(&repo).with_extension("lock")).expect("a lock");
    lock.lock().expect("nobody works on it");
    let (alive, gone) = tokio::sync::oneshot::channel::<()>();
    let known = move |_: &str| alive.is_closed().then_some([0; 20].into());
    let waiting = tokio::time::timeout(Duration::from_millis(50), mirror.snapshot(&revision, known)).await;
    assert!(waiting.is_err(), "{waiting:?}");
    // What the thread holds goes with it.
    assert!(tokio::time::timeout(SOON, gone).await.is_ok());
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
        let output = std::process::Command::new(program).args(args).arg(repo.state_dir()).output();
        output.is_ok_and(|output| output.status.success())
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
