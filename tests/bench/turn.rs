//! One rollout of a fresh fleet, by the daemon or by the bare loop; before each the cluster has come to rest.

use std::time::{Duration, Instant};

use k8s_openapi::api::apps::v1::Deployment;
use kube::api::ListParams;
use kube::{Api, Client};
use serde_json::Value;
use tokio::time::{interval, timeout};

use crate::UNIONS;
use crate::bare::Bare;
use crate::fleet::Fleet;
use crate::meter::Process;
use crate::support::daemon::{Daemon, until};
use crate::support::devcluster::DevCluster;
use crate::support::site::Site;

/// A fleet that takes longer than this will never be rolled out.
const PATIENCE: Duration = Duration::from_secs(180);

/// What the bare loop took.
pub(crate) struct BareTurn {
    pub(crate) objects: usize,
    pub(crate) applied: Duration,
}

/// What the daemon took, from the push on.
pub(crate) struct DaemonTurn {
    pub(crate) applied: Duration,
    pub(crate) healthy: Duration,
    /// MiB.
    pub(crate) memory: u64,
}

pub(crate) async fn bare_turn(client: &Client, number: usize) -> BareTurn {
    let fleet = Fleet::new(&format!("bare{number}"), UNIONS);
    let folder = tempfile::tempdir().expect("a folder");
    fleet.write(folder.path());
    let bare = Bare::prepare(client, folder.path(), &fleet.names).await;
    quiet(client).await;
    let applied = bare.apply(client).await;
    BareTurn { objects: bare.objects(), applied }
}

pub(crate) async fn daemon_turn(cluster: &DevCluster, client: &Client, number: usize) -> DaemonTurn {
    let turn = Turn::start(cluster, &format!("daemon{number}"), &[]).await;
    quiet(client).await;
    let (applied, healthy) = turn.roll_out().await;
    let memory = turn.process().peak_memory();
    turn.end();
    DaemonTurn { applied, healthy, memory }
}

/// A daemon at a site of its own.
pub(crate) struct Turn {
    daemon: Daemon,
    site: Site,
}

impl Turn {
    /// Starts it on a repo that declares no union yet.
    pub(crate) async fn start(cluster: &DevCluster, name: &str, flags: &[&str]) -> Self {
        let site = Site::on(cluster, name).await;
        Fleet::new(name, 0).push(&site.repo);
        let daemon = Daemon::start_with(&site.told(), &[&["--log", "info"], flags].concat());
        let ready = async || (daemon.get("/health/ready").await?.0 == 200).then_some(());
        daemon.until("the daemon is ready", ready).await;
        Self { daemon, site }
    }

    /// Pushes the fleet: how long until all of it is applied, and healthy.
    pub(crate) async fn roll_out(&self) -> (Duration, Duration) {
        let fleet = Fleet::new(&self.site.name, UNIONS);
        let start = Instant::now();
        fleet.push(&self.site.repo);
        let all = async |what: &str, path: &str, counts: fn(&Value) -> bool| {
            // Seldom enough to take no time of the machine that is measured.
            let mut tick = interval(Duration::from_millis(250));
            let looks = async {
                loop {
                    tick.tick().await;
                    let Some((_, page)) = self.daemon.get(path).await else { continue };
                    let items = page["items"].as_array().into_iter().flatten();
                    if items.filter(|item| counts(item)).count() >= UNIONS {
                        return start.elapsed();
                    }
                }
            };
            let Ok(elapsed) = timeout(PATIENCE, looks).await else {
                panic!("in vain: {what}; the daemon's log:\n{}", self.daemon.log());
            };
            elapsed
        };
        let applied = |deployment: &Value| deployment["phase"] != "running";
        let applied = all("everything is applied", "/api/v1/deployments?limit=500", applied).await;
        let healthy = all("everything is healthy", "/api/v1/unions?state=current&limit=500", |_| true).await;
        (applied, healthy)
    }

    pub(crate) fn process(&self) -> Process {
        Process(self.daemon.id())
    }

    pub(crate) fn end(self) {
        assert_eq!(self.daemon.terminate(), Some(0), "the daemon ends when it is told to");
    }
}

/// Waits until all servers run, so that what controllers still do for the last turn is not the next one's.
pub(crate) async fn quiet(client: &Client) {
    let deployments: Api<Deployment> = Api::all(client.clone());
    let look = async || {
        let all = deployments.list(&ListParams::default()).await.ok()?;
        let ready =
            |one: &Deployment| one.status.as_ref().is_some_and(|status| status.available_replicas == Some(1));
        all.items.iter().all(ready).then_some(())
    };
    until(look).await.expect("the cluster comes to rest");
}
