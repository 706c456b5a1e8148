//! `keyforge run`: the daemon, from settings to a clean end.
//!
//! ```text
//! settings → listen (health answers from here on) → database → cluster → lease of the installation → reconcile
//! ```
//!
//! What is away at the start is waited for, and readiness says so; what is wrong ends the program with exit code 2.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use tokio_util::sync::CancellationToken;

use super::Verdict;
use crate::cluster::Cluster;
use crate::desired::Templates;
use crate::git::{Mirror, Watcher};
use crate::reconcile::dependencies::{Dependencies, System};
use crate::reconcile::{self, Parts};
use crate::settings::Settings;
use crate::spec::Schemas;
use crate::store::Store;
use crate::{api, telemetry};

/// How long the end may take once it is asked for.
const DRAIN: Duration = Duration::from_secs(20);

/// How long to wait between two tries of what is away at the start.
const AWAY: Duration = Duration::from_secs(1);

/// Runs until SIGTERM or SIGINT.
///
/// # Errors
/// A setting is wrong, the address is taken, the database is of a newer release, or another daemon has the installation.
pub async fn run(settings: Settings) -> anyhow::Result<Verdict> {
    let Settings { git, store, cluster, reconcile, telemetry, listen, templates } = settings;
    telemetry::start(&telemetry);

    let schemas = Arc::new(Schemas::compile());
    let templates = templates.load().context("failed to load templates")?;
    let mirror = Mirror::open(&git)?;
    let watcher = Watcher::start(&git).await?;
    let store = Store::open(&store)?;
    let cluster = Cluster::connect(&cluster, reconcile.installation.clone()).await?;
    let (metrics, dependencies) = (telemetry::Metrics::new(), Dependencies::new());

    let shutdown = CancellationToken::new();
    tokio::spawn(signals(shutdown.clone()));
    let listener = listen.bind().await?;
    tracing::info!("listening on http://{}", listener.local_addr()?);
    let state = api::State {
        store: store.clone(),
        metrics: metrics.clone(),
        dependencies: dependencies.clone(),
        stopping: shutdown.clone(),
    };
    let recorded = CancellationToken::new();
    let serving = tokio::spawn(api::serve(listener, state, api::Limits::default(), recorded.clone(), DRAIN));

    let parts = Arc::new(Parts {
        git: mirror,
        branch: git.branch,
        schemas,
        templates,
        store,
        cluster,
        metrics,
        dependencies,
        options: reconcile,
        due: tokio::sync::watch::Sender::default(),
    });
    let ended = work(&parts, watcher, &shutdown).await;
    shutdown.cancel();
    // Health goes on answering until here: that it is not ready, and why.
    recorded.cancel();
    serving.await.context("the API ended badly")?;
    parts.store.close().await;
    ended.map(|()| Verdict::Fine)
}

/// Waits for what is needed, takes the installation's lease, reconciles.
async fn work(parts: &Arc<Parts>, watcher: Watcher, shutdown: &CancellationToken) -> anyhow::Result<()> {
    let database = async || parts.store.migrate().await;
    let Some(()) = patiently(parts, System::Database, shutdown, database, |error| error.is_away()).await? else {
        return Ok(());
    };
    let identity = async || parts.store.database_id().await;
    let Some(database) = patiently(parts, System::Database, shutdown, identity, |error| error.is_away()).await? else {
        return Ok(());
    };
    let reach = async || {
        parts.cluster.ensure_namespace().await?;
        parts.cluster.hold(database).await
    };
    let Some(held) = patiently(parts, System::Cluster, shutdown, reach, |error| error.is_away()).await? else {
        return Ok(());
    };
    parts.dependencies.started();

    let lease = parts.cluster.keep(held, shutdown.clone());
    let reconciling = reconcile::run(Arc::clone(parts), watcher, shutdown.clone(), DRAIN);
    tokio::select! {
        ended = reconciling => ended.context("failed to reconcile"),
        lost = lease => Err(lost).context("failed to keep the installation's lease"),
    }
}

/// Tries until it works, as long as what is missing is only away. `None`: asked to stop meanwhile.
async fn patiently<T, E, F>(
    parts: &Parts,
    system: System,
    shutdown: &CancellationToken,
    mut attempt: impl FnMut() -> F,
    is_away: impl Fn(&E) -> bool,
) -> anyhow::Result<Option<T>>
where
    E: std::error::Error + Send + Sync + 'static,
    F: Future<Output = Result<T, E>>,
{
    let mut told = false;
    loop {
        let result = tokio::select! {
            result = attempt() => result,
            () = shutdown.cancelled() => return Ok(None),
        };
        match result {
            Ok(value) => {
                parts.dependencies.up(system);
                return Ok(Some(value));
            }
            Err(error) if is_away(&error) => {
                parts.dependencies.down(system, "does not answer");
                if !std::mem::replace(&mut told, true) {
                    tracing::warn!("waiting for the {system}: {error}");
                }
            }
            Err(error) => return Err(error.into()),
        }
        tokio::select! {
            () = tokio::time::sleep(AWAY) => {}
            () = shutdown.cancelled() => return Ok(None),
        }
    }
}

async fn signals(shutdown: CancellationToken) {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut term), Ok(mut int)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt())) else { return };
    tokio::select! {
        _ = term.recv() => {}
        _ = int.recv() => {}
    }
    tracing::info!("stopping");
    shutdown.cancel();
    // A second signal means it.
    tokio::select! {
        _ = term.recv() => {}
        _ = int.recv() => {}
    }
    #[expect(clippy::exit, reason = "a person asked twice")]
    std::process::exit(130);
}
