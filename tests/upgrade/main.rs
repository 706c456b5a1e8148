//! A rolling upgrade with two built programs: the version before the newest migration, and this one. `make test-upgrade`
//! builds the former one; one replica after the other is replaced, while what is pushed is rolled out by whoever takes it.

#[path = "../support/mod.rs"]
mod support;

use std::path::{Path, PathBuf};

use sqlx::Row as _;
use support::daemon::{Daemon, Told};
use support::site::Site;

const UNIONS: usize = 6;
const REPLICAS: usize = 3;

#[expect(clippy::disallowed_methods, reason = "the one setting of the test itself")]
fn former_program() -> PathBuf {
    std::env::var_os("KEYFORGE_FORMER").expect("run it by `make test-upgrade`").into()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_pushed_during_an_upgrade_is_rolled_out_once_and_every_replica_answers() {
    let former = former_program();
    let this = PathBuf::from(env!("CARGO_BIN_EXE_keyforge"));
    let site = Site::new("upgrade").await;
    let unions: Vec<String> = (0..UNIONS).map(|n| site.union(&format!("u{n}"))).collect();
    let mut revision = push(&site, &unions, 1);
    let mut replicas: Vec<Daemon> = Vec::new();
    for number in 0..REPLICAS {
        replicas.push(start(&former, &site, number).await);
    }
    are_current(&replicas, &unions, &revision).await;
    let volumes: Vec<String> =
        unions.iter().map(|union| site.uid("pvc", union, "vaultwarden-data")).collect();

    let mut said = String::new();
    for number in 0..REPLICAS {
        replicas.push(start(&this, &site, REPLICAS + number).await);
        revision = push(&site, &unions, number + 2);
        are_current(&replicas, &unions, &revision).await;
        let (code, log) = replicas.remove(0).terminate_and_tell();
        assert_eq!(code, Some(0), "{log}");
        said.push_str(&log);
        are_current(&replicas, &unions, &revision).await;
    }

    // What a replica of either version cannot do with the other's rows is an error.
    said.extend(replicas.iter().map(Daemon::log));
    assert!(!said.contains("ERROR") && !said.contains("the database refused a statement"), "{said}");
    let rows = "select union_name, outcome from deployment";
    let mut connection = site.database.connection().await;
    let rows = sqlx::query(rows).fetch_all(&mut connection).await.expect("the deployments");
    let ended: Vec<(&str, Option<&str>)> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
    assert!(ended.iter().all(|(_, outcome)| *outcome == Some("succeeded")), "{ended:?}");
    for (union, volume) in unions.iter().zip(volumes) {
        assert_eq!(site.uid("pvc", union, "vaultwarden-data"), volume);
        let of_it = ended.iter().filter(|(name, _)| name == union).count();
        assert_eq!(of_it, 1 + REPLICAS, "each state was rolled out once: {ended:?}");
    }
}

/// One more replica, once it is ready.
async fn start(program: &Path, site: &Site, number: usize) -> Daemon {
    // Each has a mirror of its own.
    let state = site.repo.state_dir().with_extension(number.to_string());
    let told = Told { state: &state, ..site.told() };
    let daemon = Daemon::start_by(Daemon::command_of(program, &told, &[]));
    daemon
        .until("it is ready", || async { (daemon.get("/health/ready").await?.0 == 200).then_some(()) })
        .await;
    daemon
}

/// All of these say so.
async fn are_current(replicas: &[Daemon], unions: &[String], revision: &str) {
    for daemon in replicas {
        for union in unions {
            daemon.union_is(union, "current", Some(revision)).await;
        }
    }
}

/// The `n`th state of all unions.
fn push(site: &Site, unions: &[String], n: usize) -> String {
    let keyforge = "apiVersion: keyforge.dev/v1\nkind: Keyforge\nmetadata:\n  name: federation\nspec:\n  defaults:\n    \
                    vaultwarden: {image: 'vaultwarden/server:1.37.2'}\n";
    let change = site.repo.change().file("keyforge.yaml", keyforge);
    let change = unions.iter().fold(change, |change, name| {
        let text = format!(
            "apiVersion: keyforge.dev/v1\nkind: Union\nmetadata:\n  name: {name}\nspec:\n  displayName: Number {n}\n  \
             contacts: [it@{name}.example]\n  domain: https://{name}.localhost\n  rotation: {{adminToken: {n}}}\n"
        );
        change.file(&format!("unions/{name}/union.yaml"), text)
    });
    change.push("Rotate everything").to_string()
}
