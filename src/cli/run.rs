//! `keyforge run`: the daemon, from settings to a clean end.
//!
//! ```text
//! settings → listen (health answers from here on) → database → cluster → lease of the installation → reconcile
//! ```
//!
//! What is away at the start is waited for, and readiness says so; what is wrong ends the program with exit code 2.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::reload::{Reload, Renewed};
use super::{Invocation, Verdict};
use crate::cluster::{self, Cluster};
use crate::git::{Mirror, Watcher};
use crate::reconcile::dependencies::{Dependencies, System};
use crate::reconcile::live::LivePlans;
use crate::reconcile::notary::Notary;
use crate::reconcile::notifier::Notifier;
use crate::reconcile::request::Requests;
use crate::reconcile::trouble::Troubles;
use crate::reconcile::{self, Parts, Vaults};
use crate::settings::{AuthMode, Provider, Settings, SignIn};
use crate::spec::Schemas;
use crate::store::{self, Store};
use crate::{api, telemetry};

/// How long the end may take once it is asked for.
const DRAIN: Duration = Duration::from_secs(20);

/// How long to wait between two tries of what is away at the start.
const AWAY: Duration = Duration::from_secs(1);

/// Runs until SIGTERM or SIGINT.
///
/// # Errors
/// A setting is wrong, the address is taken, the database is of a newer release, or another daemon has the installation.
pub(super) async fn run(settings: Settings, invocation: Invocation) -> anyhow::Result<Verdict> {
    let reload = Reload::watch(&settings, invocation).await;
    let Settings {
        git,
        store,
        retention,
        audit,
        cluster,
        reconcile,
        telemetry,
        listen,
        tls,
        proxies,
        origins,
        rate,
        auth,
        oidc,
        sign_in,
        templates,
        signers,
        sealing,
        messages,
        vaultwarden,
    } = settings;
    let (filter, traces) = telemetry::start(&telemetry)?;
    open_files();

    let schemas = Arc::new(Schemas::new());
    let templates = templates.load()?;
    let trusted_signers = signers.load()?;
    let opener = sealing.load()?;
    let audit_keys = watch::Sender::new(audit.load()?);
    let certificate = watch::Sender::new(tls.load()?);
    let mirror = Mirror::open(&git)?;
    let (watcher, nudge) = Watcher::start(&git).await?;
    let (store, shown) = (Store::open(&store)?, Store::open_to_read(&store)?);
    let cluster = Cluster::connect(&cluster, reconcile.installation.clone()).await?;
    // Also what forgets that it only looks is refused then.
    let cluster = if reconcile.observe { cluster.observing() } else { cluster };
    let way = vaultwarden.way(cluster.is_around_us()).filter(|_| !reconcile.observe);
    let vaults = way.map(|way| Vaults::new(vaultwarden, way, reconcile.workers)).transpose()?;
    let (metrics, dependencies) = (telemetry::Metrics::new(), Dependencies::new());

    let shutdown = CancellationToken::new();
    tokio::spawn(signals(shutdown.clone()));
    let provider = oidc.load(auth.auth, sign_in.is_wanted())?;
    let notifier = Notifier {
        store: store.clone(),
        cluster: cluster.clone(),
        messenger: messages.load()?,
        metrics: metrics.clone(),
        dependencies: dependencies.clone(),
        page: sign_in.public_url.clone(),
    };
    let notary = Notary {
        store: store.clone(),
        cluster: cluster.clone(),
        keys: audit_keys.subscribe(),
        dependencies: dependencies.clone(),
    };
    let client = sign_in.load(provider.as_ref())?.map(watch::Sender::new);
    let listener = listen.bind(auth.auth, &tls, &proxies).await?;
    let scheme = if certificate.borrow().is_some() { "https" } else { "http" };
    tracing::info!("listening on {scheme}://{}", listener.local_addr()?);
    let door = api::Door {
        listener,
        tls: certificate.subscribe(),
        proxies: proxies.behind_proxy,
        origins: origins.allowed_origins,
    };
    let parts = Arc::new(Parts {
        git: mirror,
        branch: git.branch,
        schemas,
        templates: watch::Sender::new(Arc::new(templates)),
        trusted_signers: watch::Sender::new(trusted_signers),
        opener: watch::Sender::new(opener),
        store,
        cluster,
        vaults,
        metrics,
        traces,
        dependencies,
        options: reconcile,
        notifier,
        notary,
        retention,
        due: watch::Sender::default(),
    });
    let state = api::State {
        access: access(auth.auth, provider, client.as_ref(), &parts.store)?,
        store: shown.clone(),
        metrics: parts.metrics.clone(),
        past: api::Past::new(parts.git.clone()),
        plans: LivePlans::new(Arc::clone(&parts)),
        requests: Requests::new(Arc::clone(&parts)),
        troubles: Troubles::new(Arc::clone(&parts)),
        dependencies: parts.dependencies.clone(),
        looks_inside: parts.vaults.is_some(),
        stopping: shutdown.clone(),
    };
    let recorded = CancellationToken::new();
    let limits = api::Limits { rate, ..api::Limits::default() };
    let serving = tokio::spawn(api::serve(door, state, limits, recorded.clone(), DRAIN));
    let renewed = Renewed { certificate, client, audit_keys };
    tokio::spawn(reload.run(Arc::clone(&parts), shown.clone(), renewed, nudge, filter, shutdown.clone()));
    // Boxed: what was accepted is in it for a moment, and that is large.
    let ended = Box::pin(work(&parts, watcher, &shutdown)).await;
    shutdown.cancel();
    // Health goes on answering until here: that it is not ready, and why.
    recorded.cancel();
    serving.await.context("the API ended badly")?;
    let closed = async { tokio::join!(parts.store.close(), shown.close(), parts.traces.flush()) };
    let _ = tokio::time::timeout(DRAIN, closed).await;
    ended.map(|()| Verdict::Fine)
}

/// Who has to say who they are, and how.
fn access(
    auth: AuthMode,
    provider: Option<Provider>,
    client: Option<&watch::Sender<SignIn>>,
    store: &Store,
) -> anyhow::Result<api::Access> {
    let access = match auth {
        AuthMode::None => return Ok(api::Access::open()),
        AuthMode::Required => api::Access::closed(store.clone()),
    };
    let Some(provider) = provider else { return Ok(access) };
    let access = access.with_provider(provider).context("failed to prepare to ask the identity provider")?;
    Ok(match client {
        Some(client) => access.with_sign_in(client.subscribe()),
        None => access,
    })
}

/// Waits for what is needed, takes the installation's lease, reconciles.
async fn work(parts: &Arc<Parts>, watcher: Watcher, shutdown: &CancellationToken) -> anyhow::Result<()> {
    let prepared = async {
        let database = reach_database(parts).await?;
        // A repo that is none is a mistake of the settings while nothing has been followed; later it is a state.
        if let Ok(None) = parts.store.head().await {
            match parts.git.fetch(shutdown).await {
                Err(error) if !error.is_passing() => return Err(error.into()),
                // What is away is told by who follows it.
                _ => {}
            }
        }
        // Who only observes may do so beside a daemon that works, and holds nothing.
        if parts.options.observe { Ok(None) } else { reach_cluster(parts, database).await.map(Some) }
    };
    let lease = tokio::select! {
        lease = prepared => lease?,
        () = shutdown.cancelled() => return Ok(()),
    };
    let kept = async {
        match &lease {
            Some(lease) => lease.keep().await,
            None => std::future::pending().await,
        }
    };
    parts.dependencies.started();
    let reconciling = reconcile::run(Arc::clone(parts), watcher, shutdown.clone(), DRAIN);
    tokio::select! {
        ended = reconciling => ended.context("failed to reconcile"),
        lost = kept => Err(lost.into()),
    }
}

/// The database's identity, once it answers and has the schema of this program.
async fn reach_database(parts: &Parts) -> anyhow::Result<Uuid> {
    let mut cause = String::new();
    loop {
        let reached = async {
            parts.store.migrate().await?;
            parts.store.database_id().await
        };
        match reached.await {
            Ok(identity) => {
                parts.dependencies.up(System::Database);
                return Ok(identity);
            }
            Err(error @ store::Error::Away { .. }) => {
                parts.dependencies.down(System::Database, "the database does not answer");
                let why = reconcile::chain(&error);
                if cause != why {
                    tracing::warn!("waiting for the database: {why}");
                    cause = why;
                }
            }
            Err(error) => return Err(error.into()),
        }
        tokio::time::sleep(AWAY).await;
    }
}

/// The installation's lease, once the API server answers and no other database works under the same name.
async fn reach_cluster(parts: &Parts, database: Uuid) -> anyhow::Result<cluster::Lease> {
    let lease = parts.cluster.lease(database);
    let (mut told, mut cause) = (false, String::new());
    loop {
        let reached = async {
            parts.cluster.ensure_namespace().await?;
            let lacking = parts.cluster.ensure_roles().await?;
            lease.hold().await?;
            Ok(lacking)
        };
        match reached.await {
            Ok(lacking) => {
                for role in lacking {
                    tracing::warn!(
                        "{role} lacks rights of this version: apply the one that is shipped with it \
                         (deploy/kubernetes/base/unions.yaml)"
                    );
                }
                parts.dependencies.up(System::Cluster);
                return Ok(lease);
            }
            Err(error @ cluster::Error::HeldByOther { renewed: true, .. }) => {
                let installation = parts.cluster.installation();
                return Err(anyhow::Error::new(error).context(format!(
                    "installation `{installation}` is in use by another database: use that database to run a replica, \
                     or another `--installation`"
                )));
            }
            Err(error) if error.retry() == cluster::Retry::Never => return Err(error.into()),
            Err(error @ cluster::Error::HeldByOther { .. }) => {
                if !std::mem::replace(&mut told, true) {
                    tracing::info!("{error}; waiting for it to end");
                }
            }
            Err(error) => {
                parts
                    .dependencies
                    .down(System::Cluster, "the API server does not answer, or not as it should");
                let why = reconcile::chain(&error);
                if cause != why {
                    tracing::warn!("waiting for the API server: {why}");
                    cause = why;
                }
            }
        }
        tokio::time::sleep(AWAY).await;
    }
}

/// Each connection of a client is an open file, and shells give a program few of them.
fn open_files() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    if let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit }) {
        tracing::warn!("unable to have more than {} files open: {error}", limit.current.unwrap_or_default());
    }
}

async fn signals(shutdown: CancellationToken) {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut term), Ok(mut int)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        return;
    };
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
