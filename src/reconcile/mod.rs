//! Reconciling: makes what exists equal to what Git says, and records it.
//!
//! ```text
//! source   follows the config repo ─intake, accept→ each union ───────┐
//! request  what somebody asks for by hand                             │
//! watch    what moved in the cluster ────────────────────────────────┼→ unions due (a table)
//! wake     when to look again ───────────────────────────────────────┘        │
//! worker   claims a due union, keeps its lease ←──────────────────────────────┘
//! look     desired, observed, inventory → plan; live gives it to whoever asks
//! trouble  what pods and cluster say of a union, for people
//! rollout  plan → execute → health → history     ending  until when a removed union is kept
//! provision   the inside of a healthy union's vault     reach  the way to it
//! janitor  removes what is too old to be kept      notifier  tells people what became of unions
//! notary   vouches for the audit
//! ```
//!
//! Every replica runs all of it: workers share the table, `source`, `janitor`, `notifier` and `notary` are held by one at a time.
//! Invariant: `execute` is the only caller of what writes a union's objects to the cluster, `provision::walk` of what writes to
//! VaultWarden, and both decide nothing.

mod accept;
mod clock;
pub mod dependencies;
mod ending;
mod execute;
mod failure;
mod intake;
mod janitor;
mod lease;
pub mod live;
mod look;
mod movement;
pub mod notary;
pub mod notifier;
pub mod preview;
mod provision;
mod reach;
pub mod request;
mod rest;
mod rollout;
mod select;
mod signatures;
mod source;
pub mod trouble;
mod wake;
mod worker;

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

pub use failure::{Failure, chain};
pub use lease::Lost;
pub use provision::clients::Vaults;
pub use select::{Selector, SelectorError};
pub use signatures::judge_alone;

use crate::access::Sight;
use crate::cluster::{self, Cluster};
use crate::desired::Templates;
use crate::git::{self, Mirror, Watcher};
use crate::ids::DeploymentId;
use crate::outcome::{Outcome, Reason};
use crate::seal::Opener;
use crate::signing::Signers;
use crate::spec::Schemas;
use crate::store::{self, Store};
use crate::telemetry::{self, Metrics, Traces};
use crate::vaultwarden;
use dependencies::{Dependencies, System};

/// How long to wait, before anything is worked on, for what is away.
const AWAY: Duration = Duration::from_secs(1);

/// How many unions' inventories are merged in one statement.
const UNIONS_AT_ONCE: usize = 500;

/// How often it is asked whether the schema has become too new.
const SCHEMA: Duration = Duration::from_secs(10);

/// For how long a database that had no room for something is not believed to have some, since most of what it is asked it
/// can still do.
const ROOM: Duration = Duration::from_secs(10);

/// So many changes of a deployment are looked at for its trace.
const TRACED: u32 = 1_000;

/// How reconciling is done.
#[derive(Debug, Clone, clap::Args)]
#[group(skip)]
pub struct Options {
    /// Name of this installation, a label on everything that it owns. Two daemons with one name share one database.
    #[arg(long, env = "KEYFORGE_INSTALLATION", default_value = "keyforge")]
    pub installation: crate::names::InstallationId,
    /// Which unions are taken, by labels of their documents, as in `stage=prod,!trial`; all if it is empty. What was
    /// taken before and is not selected any more is held.
    #[arg(long, env = "KEYFORGE_SELECT", default_value = "")]
    pub select: Selector,
    /// How many unions are reconciled at once.
    #[arg(long, env = "KEYFORGE_WORKERS", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub workers: u16,
    /// How often a union is looked at although nothing is known to have moved.
    #[arg(long, env = "KEYFORGE_RESYNC_INTERVAL", default_value = "10m", value_parser = crate::duration::parse)]
    pub resync_interval: Duration,
    /// Only look: follow the config repo, judge it, tell what would be done (`plan --live`), and write nothing to the
    /// cluster, whatever is found
    #[arg(long, env = "KEYFORGE_OBSERVE", value_name = "BOOL", num_args = 0..=1, require_equals = true,
          default_value_t = false, default_missing_value = "true", action = clap::ArgAction::Set)]
    pub observe: bool,
}

/// What reconciling works with.
pub struct Parts {
    /// The config repo.
    pub git: Mirror,
    /// The followed branch.
    pub branch: String,
    /// The language.
    pub schemas: Arc<Schemas>,
    /// The manifests; the operator's own may change while we run.
    pub templates: watch::Sender<Arc<Templates>>,
    /// Who alone may sign for `keyforge.yaml`, which may change while we run; `None`: it says so itself.
    pub trusted_signers: watch::Sender<Option<Arc<Signers>>>,
    /// What opens sealed values, which may change while we run; `None`: nothing does.
    pub opener: watch::Sender<Option<Arc<Opener>>>,
    /// The database.
    pub store: Store,
    /// The cluster.
    pub cluster: Cluster,
    /// The clients of the unions' servers; `None`: nothing is done inside of them.
    pub vaults: Option<Vaults>,
    /// What is counted.
    pub metrics: Metrics,
    /// Where the traces of deployments are told.
    pub traces: Traces,
    /// What answers and what does not.
    pub dependencies: Dependencies,
    /// How it is done.
    pub options: Options,
    /// What tells people.
    pub notifier: notifier::Notifier,
    /// What vouches for the audit.
    pub notary: notary::Notary,
    /// How long what of the past is kept.
    pub retention: store::Retention,
    /// Wakes idle workers: its value says nothing, its change does.
    pub due: watch::Sender<()>,
}

impl Parts {
    /// A call of an outside system: its time and result are counted.
    async fn counted<T, E>(
        &self,
        system: System,
        call: &'static str,
        future: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        let started = Instant::now();
        let result = future.await;
        self.metrics.called(system, call, result.is_ok(), started.elapsed());
        result
    }

    /// A call of the config repo or its mirror. That it cannot be read is told to readiness, but not at our own end. That
    /// it can be is not: there is more to the config repo than that it answers.
    async fn git_call<T>(
        &self,
        call: &'static str,
        future: impl Future<Output = Result<T, git::Error>>,
    ) -> Result<T, git::Error> {
        let result = self.counted(System::Git, call, future).await;
        if let Err(error) = &result
            && !matches!(error, git::Error::Cancelled)
        {
            self.dependencies.down(System::Git, error.to_string());
        }
        result
    }

    /// A call of the cluster. That it is away is told to readiness.
    async fn cluster_call<T>(
        &self,
        call: &'static str,
        future: impl Future<Output = Result<T, cluster::Error>>,
    ) -> Result<T, cluster::Error> {
        let result = self.counted(System::Cluster, call, future).await;
        match &result {
            Ok(_) => self.dependencies.up(System::Cluster),
            Err(error) if error.is_away() => {
                self.dependencies.down(System::Cluster, "the API server does not answer");
            }
            Err(_) => {}
        }
        result
    }

    /// A call of a union's server. That one is away is its union's matter alone.
    async fn vault_call<T>(
        &self,
        call: &'static str,
        future: impl Future<Output = Result<T, vaultwarden::Error>>,
    ) -> Result<T, vaultwarden::Error> {
        self.counted(System::VaultWarden, call, future).await
    }

    /// Counts a closed deployment, and tells its trace. What the table does not tell now is not counted: metrics never fail a
    /// rollout.
    async fn closed(&self, deployment: DeploymentId) {
        let Ok(Some(record)) = self.store.shown_to(Sight::All).deployment(deployment).await else { return };
        let (Some(outcome), Some(closed)) = (record.outcome, record.closed_at) else { return };
        let took = (closed - record.opened_at).to_std().unwrap_or_default();
        let mut pushed = None;
        if record.reason == Reason::Push {
            pushed = self.store.revision(record.revision.commit).await.ok().flatten();
        }
        let since_commit = pushed.as_ref().filter(|_| outcome == Outcome::Succeeded);
        let since_commit =
            since_commit.and_then(|found| (closed - found.revision.committed_at).to_std().ok());
        self.metrics.closed(outcome, took, since_commit);
        if self.traces.is_wanted() {
            let events = self.store.shown_to(Sight::All).events(&record, 0, TRACED).await;
            let noticed_at = pushed.map(|found| found.fetched_at);
            self.traces.tell(telemetry::of_deployment(&record, &events.unwrap_or_default(), noticed_at));
        }
    }

    /// A call of the database. That it is away is told to readiness.
    fn database<T>(
        &self,
        future: impl Future<Output = Result<T, store::Error>>,
    ) -> impl Future<Output = Result<T, store::Error>> {
        self.database_in(1, future)
    }

    /// The same for a transaction of so many parts, each of which may take what a call may.
    async fn database_in<T>(
        &self,
        parts: u32,
        future: impl Future<Output = Result<T, store::Error>>,
    ) -> Result<T, store::Error> {
        let result = self.counted(System::Database, "statement", self.store.in_time_for(parts, future)).await;
        match &result {
            Ok(_) => self.dependencies.up(System::Database),
            Err(store::Error::Away { .. }) => {
                self.dependencies.down(System::Database, "the database does not answer");
            }
            Err(store::Error::Full { .. }) => {
                self.dependencies.down_awhile(System::Database, failure::NO_ROOM, ROOM);
            }
            Err(_) => {}
        }
        result
    }
}

/// From here on what is logged of this pass tells which deployment it is in.
fn in_deployment(deployment: DeploymentId) -> DeploymentId {
    tracing::Span::current().record("deployment.id", tracing::field::display(deployment));
    deployment
}

/// Reconciles until `shutdown`, then until what was begun is recorded or `drain` is over.
///
/// # Errors
/// The inventory could not be completed from the labels in the cluster: without it nothing may be removed. A newer program
/// changed the schema so that this one may not go on. Or a task that never ends did.
pub async fn run(
    parts: Arc<Parts>,
    watcher: Watcher,
    shutdown: CancellationToken,
    drain: Duration,
) -> Result<(), Failure> {
    while let Err(failure) = begin(&parts).await {
        if !failure.is_away() {
            return Err(failure);
        }
        tracing::warn!("unable to begin: {}; trying again", failure.detail());
        tokio::select! {
            () = tokio::time::sleep(AWAY) => {}
            () = shutdown.cancelled() => return Ok(()),
        }
    }

    let mut tasks = JoinSet::new();
    let holder = Uuid::new_v4();
    // Leases in the table of work name it.
    tracing::info!("this replica is {holder}");
    let workers = if parts.options.observe { 0 } else { parts.options.workers };
    for _ in 0..workers {
        tasks.spawn(worker::work(Arc::clone(&parts), holder, shutdown.clone()));
    }
    tasks.spawn(source::follow(Arc::clone(&parts), watcher, shutdown.clone()));
    tasks.spawn(movement::cluster(Arc::clone(&parts), holder, shutdown.clone()));
    tasks.spawn(movement::queue(Arc::clone(&parts), shutdown.clone()));
    tasks.spawn(movement::server(Arc::clone(&parts), shutdown.clone()));
    tasks.spawn(clock::compare(Arc::clone(&parts), shutdown.clone()));
    tasks.spawn(janitor::clean(Arc::clone(&parts), shutdown.clone()));
    if !parts.options.observe {
        tasks.spawn(notifier::notify(parts.notifier.clone(), shutdown.clone()));
        tasks.spawn(notary::vouch(parts.notary.clone(), shutdown.clone()));
    }

    let ended = first_end(&mut tasks, &shutdown, Box::pin(outgrown(&parts))).await;
    shutdown.cancel();
    let drained = async { while tasks.join_next().await.is_some() {} };
    if tokio::time::timeout(drain, drained).await.is_err() {
        tracing::warn!(
            "not everything was recorded within {}s; the next start goes on from there",
            drain.as_secs()
        );
    }
    ended
}

/// Waits for the first thing that ends the work: the stop that is asked for, a schema that this program has outgrown, or a
/// task's end. None of them ends by itself. A panic in one is logged by the hook; the others would go on without it, half
/// blind, so the daemon stops and is started again.
async fn first_end(
    tasks: &mut JoinSet<()>,
    shutdown: &CancellationToken,
    outgrown: impl Future<Output = store::Error>,
) -> Result<(), Failure> {
    tokio::select! {
        biased;
        () = shutdown.cancelled() => Ok(()),
        outgrown = outgrown => Err(outgrown.into()),
        Some(_) = tasks.join_next() => match shutdown.is_cancelled() {
            // It ended because it is to: the stop was asked for after we had looked for it.
            true => Ok(()),
            false => Err(Failure::Internal { what: "a task that never ends has ended" }),
        },
    }
}

/// Comes back once a newer program has made the schema one that this one must not work with (decisions.md 1.16).
async fn outgrown(parts: &Parts) -> store::Error {
    loop {
        match parts.database(parts.store.check_schema()).await {
            Err(error @ store::Error::Incompatible { .. }) => return error,
            // That it is away is told by the call.
            Ok(()) | Err(_) => tokio::time::sleep(SCHEMA).await,
        }
    }
}

/// What comes before anything is worked on.
async fn begin(parts: &Parts) -> Result<(), Failure> {
    merge_inventory(parts).await?;
    Ok(parts.database(parts.store.make_all_due(Reason::Startup, Duration::ZERO)).await?)
}

/// What carries our label belongs into the inventory, also after the loss of the database (decisions.md 1.7).
async fn merge_inventory(parts: &Parts) -> Result<(), Failure> {
    let found = parts.cluster_call("inventory", parts.cluster.inventory_by_label()).await?;
    let mut by_union: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for (union, resource, uid) in found {
        by_union.entry(union).or_default().push((resource, uid));
    }
    let by_union: Vec<_> = by_union.into_iter().collect();
    for some in by_union.chunks(UNIONS_AT_ONCE) {
        parts.database(parts.store.merge_inventory(some)).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use super::*;

    #[tokio::test]
    async fn a_task_that_ends_in_the_moment_of_the_stop_is_no_fault_and_one_before_it_is() {
        for asked_for in [true, false] {
            let (shutdown, mut tasks) = (CancellationToken::new(), JoinSet::new());
            tasks.spawn(async {});
            tokio::task::yield_now().await;
            // Polled after the stop was looked for, and before the tasks are.
            let between = async {
                if asked_for {
                    shutdown.cancel();
                }
                pending().await
            };
            assert_eq!(first_end(&mut tasks, &shutdown, between).await.is_ok(), asked_for);
        }
    }
}
