//! The dashboard of ten thousand unions, scrolled and searched in a browser that tells how long it was busy at a time.
//!
//! Apart from the demo's stage: nothing is rolled out here. The database is filled as a year leaves it, and the daemon reaches no
//! cluster, so all it does is to answer.

use std::fs::{self, File};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use tokio::process::Command;
use tokio::time::timeout;

use crate::eyes::{Api, until};
use crate::part::Part;
use crate::postgres::Database;
use crate::repo::Repo;
use crate::seed::{Size, seed};
use crate::{info, stage};

/// Two deployments of each union, with three lines each.
const SIZE: Size = Size { unions: 10_000, deployments: 20_000, lines: 60_000 };

/// How long the walk may take. Far above what it takes, so that only a fault meets it.
const DEADLINE: Duration = Duration::from_secs(15 * 60);

/// A cluster that is not there.
const NOWHERE: &str = "\
apiVersion: v1
kind: Config
current-context: nowhere
contexts: [{name: nowhere, context: {cluster: nowhere, user: nobody}}]
clusters: [{name: nowhere, cluster: {server: 'http://127.0.0.1:9'}}]
users: [{name: nobody, user: {}}]
";

/// Walks; what it measures is printed.
pub(crate) async fn walk() -> Result<()> {
    let database = Database::migrated().await;
    seed(&mut database.connection().await, SIZE).await;
    let (folder, repo) = (tempfile::tempdir()?, Repo::bare());
    let kubeconfig = folder.path().join("kubeconfig");
    fs::write(&kubeconfig, NOWHERE)?;
    fs::create_dir_all(info::folder())?;
    let api = Api::new(format!("http://127.0.0.1:{}", stage::free_port()?))?;
    let mut daemon = Part::tied(&stage::built("keyforge")?);
    daemon
        .args(["run", "--listen", api.url.strip_prefix("http://").context("our own URL")?])
        .arg("--repo")
        .arg(repo.path())
        .arg("--state-dir")
        .arg(folder.path().join("state"))
        .arg("--kubeconfig")
        .arg(&kubeconfig)
        .env("KEYFORGE_DATABASE_URL", &database.url)
        .stderr(File::create(info::folder().join("large.log"))?);
    let (_daemon, _) = Part::start(&mut daemon, 0)?;
    until("the daemon answers", async || api.answers("/api/v1/unions").await).await?;
    let screens = info::folder().join("large");
    let walk = concat!(env!("CARGO_MANIFEST_DIR"), "/frontend/walk/large.mjs");
    let mut node = Command::new("node");
    node.arg(walk).arg(&screens).arg(&api.url).stdin(Stdio::null()).kill_on_drop(true);
    let ended = timeout(DEADLINE, node.status()).await.context("the walk does not end")??;
    ensure!(ended.success(), "the walk found what is told above");
    Ok(())
}
