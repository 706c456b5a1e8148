//! The config repo is not as it should be: the daemon says so, since when, and goes on with what was accepted.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

use super::support::daemon::{Daemon, Told};
use super::support::door::Door;
use super::support::site::Site;
use super::support::web::{Proof, Web};
use super::{KEYFORGE, path, union};

/// Waits until health tells this state of the config repo; all that it tells then.
async fn source_is(daemon: &Daemon, state: &str) -> Value {
    daemon
        .until(&format!("the config repo is {state}"), || async {
            let (_, body) = daemon.get("/health").await?;
            (body["source"]["state"] == state).then_some(body)
        })
        .await
}

/// Why health is degraded.
fn degraded(body: &Value) -> &str {
    assert_eq!(body["status"], "degraded", "{body:#}");
    let git = &body["dependencies"]["git"];
    assert!(git["since"].is_string() && body["source"]["since"].is_string(), "{body:#}");
    git["reason"].as_str().expect("a reason")
}

/// At once, so that nobody reads half of it.
fn replace(file: &Path, content: &str) {
    let aside = file.with_extension("aside");
    std::fs::write(&aside, content).expect("a writable folder");
    std::fs::rename(&aside, file).expect("replaced");
}

fn refused(command: &mut Command) -> (Option<i32>, String) {
    let Output { status, stderr, .. } = tokio::task::block_in_place(|| command.output()).expect("it ends");
    let told = String::from_utf8_lossy(&stderr).into_owned();
    let lines: Vec<_> = told.lines().skip_while(|line| !line.starts_with("keyforge: ")).collect();
    (status.code(), lines.join("\n"))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_repository_ends_a_first_start_with_its_remedy() {
    let site = Site::new("norepo").await;
    let folder = site.repo.path().with_extension("plain");
    std::fs::create_dir(&folder).expect("a folder");
    let told = Told { repo: &folder, ..site.told() };
    assert_eq!(
        refused(&mut Daemon::command(&told, &[])),
        (
            Some(2),
            format!(
                "keyforge: config repo `{}` is not a Git repository\n  hint: set `repo` to the folder of a repository, \
                 bare or with a work tree (`git init --bare` makes one)",
                folder.display()
            )
        )
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_repository_is_waited_for() {
    let site = Site::new("empty").await;
    let daemon = Daemon::start(&site.told());
    let body = source_is(&daemon, "missing").await;
    assert_eq!(degraded(&body), "the config repo has no commit yet");
    assert_eq!(body["source"]["revision"], Value::Null);

    let name = site.union("acme");
    let revision =
        site.commit("Found the union", &[("keyforge.yaml", KEYFORGE), (&path(&name), &union(&name))]);
    daemon.union_is(&name, "current", Some(&revision)).await;
    let body = source_is(&daemon, "followed").await;
    assert_eq!(body["status"], "ready");
    assert_eq!(body["source"]["revision"], format!("main@sha1:{revision}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_differs_from_the_directory_holds_that_union() {
    let site = Site::new("misnamed").await;
    let (good, bad) = (site.union("good"), site.union("bad"));
    site.commit(
        "Found two unions",
        &[("keyforge.yaml", KEYFORGE), (&path(&good), &union(&good)), (&path(&bad), &union("other"))],
    );
    let daemon = Daemon::start(&site.told());
    daemon.union_is(&good, "current", None).await;
    let held = daemon.union_is(&bad, "held", None).await;
    let reason = held["reason"].as_str().expect("a reason");
    assert!(reason.contains("`other`") && reason.contains(&bad), "{reason}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_branch_that_is_rewritten_or_deleted_is_told_and_deletes_nothing() {
    let site = Site::new("branch").await;
    let name = site.union("acme");
    let first = site.commit("Found the union", &[("keyforge.yaml", KEYFORGE), (&path(&name), &union(&name))]);
    let daemon = Daemon::start(&site.told());
    daemon.union_is(&name, "current", Some(&first)).await;
    let volume = site.uid("pvc", &name, "vaultwarden-data");

    let anew = site.repo.root().file("keyforge.yaml", KEYFORGE).file(&path(&name), union(&name));
    let anew = anew.file("README.md", "anew\n").push("Begin anew").to_string();
    let body = source_is(&daemon, "rewritten").await;
    assert_eq!(
        body["source"]["reason"],
        format!("branch `main` was force-pushed: it does not descend from {first} any more")
    );
    assert_eq!(body["status"], "ready", "the new head is followed");
    daemon
        .until("the new head is accepted", || async {
            let (_, body) = daemon.get("/health").await?;
            (body["source"]["revision"] == format!("main@sha1:{anew}")).then_some(())
        })
        .await;

    let head = site.repo.git().refname_to_id("refs/heads/main").expect("main");
    site.repo.set_branch("trunk", head);
    site.repo.delete_branch("main");
    let body = source_is(&daemon, "missing").await;
    assert_eq!(degraded(&body), "branch `main` is not in the config repo, which has `trunk`");
    assert_eq!(body["source"]["revision"], format!("main@sha1:{anew}"));
    daemon.union_is(&name, "current", None).await;
    assert_eq!(site.uid("pvc", &name, "vaultwarden-data"), volume);

    site.repo.set_branch("main", head);
    let revision = site.commit("Rename it", &[(&path(&name), &union(&name).replace("The ", "Our "))]);
    daemon.union_is(&name, "current", Some(&revision)).await;
    assert_eq!(source_is(&daemon, "followed").await["status"], "ready");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_away_or_refuses_us_is_told_and_followed_again() {
    let site = Site::new("remote").await;
    let web = Web::with_login(&site.repo, "x-access-token:s3cret-t0ken").await;
    let credentials = site.repo.path().with_extension("credentials");
    std::fs::write(&credentials, "s3cret-t0ken\n").expect("a writable folder");
    let (first, second) = (site.union("first"), site.union("second"));
    let good =
        site.commit("Found the union", &[("keyforge.yaml", KEYFORGE), (&path(&first), &union(&first))]);

    let repo = format!("{}/config", web.url);
    let told = Told { repo: Path::new(&repo), ..site.told() };
    let file = |path: &Path| path.to_str().expect("a path of ours").to_owned();
    let (ca, credentials_file) = (file(&web.ca), file(&credentials));
    let flags = ["--repo-ca-file", &ca, "--repo-credentials-file", &credentials_file, "--log=trace"];
    let daemon = Daemon::start_with(&told, &flags);
    daemon.union_is(&first, "current", Some(&good)).await;

    web.shut(true);
    let next = site.commit("Found another", &[(&path(&second), &union(&second))]);
    let body = source_is(&daemon, "unreachable").await;
    assert_eq!(degraded(&body), "config repo: the server is not reached");
    assert_eq!(body["source"]["reason"], "config repo: the server is not reached; what was accepted goes on");
    assert_eq!(body["source"]["revision"], format!("main@sha1:{good}"));
    // What was accepted is kept as it is meanwhile.
    let namespace = format!("union-{first}");
    site.kubectl(&["-n", &namespace, "delete", "service", "vaultwarden"]);
    daemon
        .until("the Service is there again", || async { site.object("service", &first, "vaultwarden") })
        .await;

    web.shut(false);
    daemon.union_is(&second, "current", Some(&next)).await;
    assert_eq!(source_is(&daemon, "followed").await["status"], "ready");

    // Credentials are renewed on disk, without anybody waiting for the next poll.
    replace(&credentials, "wr0ng-t0ken\n");
    // A poll may come first; who watches the file tells in any case, while it is another one.
    let told = "`repo_credentials_file` has changed; the config repo is asked again";
    daemon.until("the change is told", || async { daemon.log().contains(told).then_some(()) }).await;
    let body = source_is(&daemon, "unreachable").await;
    assert_eq!(degraded(&body), "config repo: the server refuses the credentials (HTTP 401)");
    replace(&credentials, "s3cret-t0ken\n");
    source_is(&daemon, "followed").await;

    let log = daemon.log();
    for told in ["unable to follow the config repo since ", "what was accepted goes on; retrying in "] {
        assert!(log.contains(told), "{told} is not in\n{log}");
    }
    assert!(!log.contains("t0ken") && !site.dump().contains("t0ken"), "a token is in log or database");
    assert_eq!(daemon.terminate(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_never_answers_does_not_keep_the_daemon_from_its_end() {
    let site = Site::new("hung").await;
    let web = Web::open(&site.repo, Proof::OfAuthority).await;
    let repo = format!("{}/silent", web.url);
    let told = Told { repo: Path::new(&repo), ..site.told() };
    let ca = web.ca.to_str().expect("a path of ours");
    let daemon = Daemon::start_with(&told, &["--repo-ca-file", ca]);
    daemon.until("it is asked", || async { (!web.asked().is_empty()).then_some(()) }).await;
    assert_eq!(daemon.terminate(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_state_folder_is_told_and_costs_nothing_else() {
    let site = Site::new("full").await;
    // The server's folder may be another user's, whom that namespace does not have.
    let door = Door::to(&site.database.url).await;
    door.open();
    let told = Told { database: &door.url, ..site.told() };
    std::fs::create_dir_all(told.state).expect("a folder");
    // A small file system in a namespace of the daemon's own, which needs no right but that to have one.
    let mut small = Command::new("unshare");
    small.args(["--user", "--map-root-user", "--mount", "sh", "-c"]);
    let Output { status, .. } = Command::new("unshare")
        .args(["--user", "--map-root-user", "--mount", "true"])
        .output()
        .expect("unshare is there");
    if !status.success() {
        return;
    }
    small.arg(r#"mount -t tmpfs -o size=1m tmpfs "$1" && shift && exec "$@""#).arg("sh").arg(told.state);
    let plain = Daemon::command(&told, &[]);
    small.arg(plain.get_program()).args(plain.get_args()).env_clear();
    small.envs(plain.get_envs().filter_map(|(name, value)| Some((name, value?))));
    small.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());

    let name = site.union("acme");
    let revision =
        site.commit("Found the union", &[("keyforge.yaml", KEYFORGE), (&path(&name), &union(&name))]);
    let daemon = Daemon::start_by(small);
    let body = source_is(&daemon, "unreachable").await;
    assert_eq!(
        degraded(&body),
        format!("state folder `{}` has 0 MiB of room; 32 MiB are needed", told.state.display())
    );

    let inside = ["--user", "--mount", "--preserve-credentials", "mount", "-o", "remount,size=64m"];
    let made = Command::new("nsenter")
        .args(["--target", &daemon.id().to_string()])
        .args(inside)
        .arg(told.state)
        .output()
        .expect("nsenter is there");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    daemon.union_is(&name, "current", Some(&revision)).await;
    assert_eq!(source_is(&daemon, "followed").await["dependencies"]["git"], json!({ "status": "up" }));
}
