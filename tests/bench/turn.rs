//! One rollout of a fresh fleet, by the daemon or by the bare loop; before each the cluster has come to rest.

use std::time::{Duration, Instant};

use k8s_openapi::api::apps::v1::Deployment;
use kube::api::ListParams;
use kube::{Api, Client};
use tokio::time::{interval, timeout};

use crate::bare::Bare;
use crate::fleet::Fleet;
use crate::meter::Process;
use crate::support::daemon::{Daemon, until};
use crate::support::devcluster::DevCluster;
use crate::support::site::Site;

/// A fleet that takes longer than this will never be rolled out.
const PATIENCE: Duration = Duration::from_secs(300);

/// How many unions are changed, one after the other.
const CHANGES: usize = 11;

/// Deployments whose writes are done.
const APPLIED: &str = "select count(*) from deployment where phase <> 'running'";

/// What the bare loop took.
pub(crate) struct BareTurn {
    pub(crate) objects: usize,
    pub(crate) applied: Duration,
}

/// What the daemon took, from the push on.
pub(crate) struct DaemonTurn {
    pub(crate) applied: Duration,
    pub(crate) healthy: Duration,
    /// Of one union each, from its push until it is applied.
    pub(crate) changes: Vec<Duration>,
    /// MiB.
    pub(crate) memory: u64,
}

pub(crate) async fn bare_turn(client: &Client, number: usize, unions: usize) -> BareTurn {
    let fleet = Fleet::new(&format!("bare{number}"), unions);
    let folder = tempfile::tempdir().expect("a folder");
    fleet.write(folder.path());
    let bare = Bare::prepare(client, folder.path(), &fleet.names).await;
    quiet(client).await;
    let applied = bare.apply(client).await;
    BareTurn { objects: bare.objects(), applied }
}

/// `kubectl apply --server-side` of the same objects.
pub(crate) async fn kubectl_turn(cluster: &DevCluster, client: &Client, unions: usize) -> BareTurn {
    let fleet = Fleet::new("kubectl", unions);
    let folder = tempfile::tempdir().expect("a folder");
    fleet.write(folder.path());
    let bare = Bare::prepare(client, folder.path(), &fleet.names).await;
    quiet(client).await;
    let applied = bare.kubectl(&cluster.kubeconfig);
    BareTurn { objects: bare.objects(), applied }
}

pub(crate) async fn daemon_turn(
    cluster: &DevCluster,
    client: &Client,
    number: usize,
    unions: usize,
) -> DaemonTurn {
    let turn = Turn::start(cluster, &format!("daemon{number}"), &[]).await;
    quiet(client).await;
    let (applied, healthy) = turn.roll_out(unions).await;
    let memory = turn.process().peak_memory();
    quiet(client).await;
    let changes = turn.change(unions).await;
    turn.end();
    DaemonTurn { applied, healthy, changes, memory }
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

    /// Pushes a fleet: how long until all of it is applied, and healthy.
    pub(crate) async fn roll_out(&self, unions: usize) -> (Duration, Duration) {
        let fleet = Fleet::new(&self.site.name, unions);
        let start = Instant::now();
        fleet.push(&self.site.repo);
        // Seldom enough to take no time of the machine that is measured.
        let tick = Duration::from_millis(250);
        let applied = self.since(start, tick, APPLIED, unions).await;
        let healthy = self
            .since(start, tick, "select count(*) from union_status where state = 'current'", unions)
            .await;
        (applied, healthy)
    }

    /// Changes one union after the other: how long each takes from the push until it is applied, sorted.
    pub(crate) async fn change(&self, unions: usize) -> Vec<Duration> {
        let fleet = Fleet::new(&self.site.name, unions);
        let mut taken = Vec::new();
        for (number, name) in fleet.names.iter().take(CHANGES).enumerate() {
            let start = Instant::now();
            fleet.push_change(&self.site.repo, name);
            taken.push(self.since(start, Duration::from_millis(10), APPLIED, unions + number + 1).await);
        }
        taken.sort();
        taken
    }

    /// How often unions were looked at so far: each look puts off the next one.
    pub(crate) async fn looks(&self) -> i64 {
        let updates = "select n_tup_upd from pg_stat_user_tables where relname = 'work'";
        let mut connection = self.site.database.connection().await;
        sqlx::query_scalar(updates).fetch_one(&mut connection).await.expect("PostgreSQL counts")
    }

    /// How long after `start` a query first counts so many.
    async fn since(&self, start: Instant, tick: Duration, query: &'static str, wanted: usize) -> Duration {
        let mut connection = self.site.database.connection().await;
        let mut tick = interval(tick);
        let looks = async {
            loop {
                tick.tick().await;
                let counted: i64 =
                    sqlx::query_scalar(query).fetch_one(&mut connection).await.expect("a count");
                if usize::try_from(counted).expect("a count") >= wanted {
                    return start.elapsed();
                }
            }
        };
        let Ok(elapsed) = timeout(PATIENCE, looks).await else {
            panic!("in vain: {wanted} of `{query}`; the daemon's log:\n{}", self.daemon.log());
        };
        elapsed
    }

    pub(crate) fn process(&self) -> Process {
        Process(self.daemon.id())
    }

    pub(crate) fn end(self) {
        let (code, log) = self.daemon.terminate_and_tell();
        let last_words: Vec<&str> = log.lines().rev().take(40).collect();
        assert_eq!(
            code,
            Some(0),
            "the daemon ends when it is told to; its last words, last one first: {last_words:#?}"
        );
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
