//! Is the process alive, and is it of use?
//!
//! Ready means: start-up is complete and nobody asked for the end. What is missing beyond that is told in the body, since
//! a daemon without its database still shows that its database is away (decisions.md 1.15).

use std::time::Duration;

use http::{Method, StatusCode};
use warp::reply::Reply;

use super::access::Audience;
use super::diagnostics::diagnostic;
use super::route::{Described, Form, Route};
use super::{State, View, wire};
use crate::reconcile::dependencies::System;
use crate::store::{self, Shown, Source, SourceState};

/// How long a probe waits for what the database knows.
const PATIENCE: Duration = Duration::from_secs(1);

/// How many findings a probe is told; the list has them all.
const MOST_FOUND: u32 = 20;

/// What probes ask. `/health` is the short name of readiness.
pub(super) fn routes(state: &State) -> [Route; 3] {
    let ready = ["/health/ready", "/health"].map(|path| {
        let about = "Whether the daemon is of use, and what it misses; 503 before its start is complete and at its end.";
        let form = Form::json::<wire::Readiness>().of_probes();
        let described = Described { path, method: Method::GET, about, parameters: &[], audience: Audience::Anyone, form };
        Route::new(described, state, |view, (): (), _| async move {
            let (ready, body) = readiness(&view).await;
            let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
            warp::reply::with_status(warp::reply::json(&body), status).into_response()
        })
    });
    let live = Described {
        path: "/health/live",
        method: Method::GET,
        about: "That the process is alive.",
        parameters: &[],
        audience: Audience::Anyone,
        form: Form::other("text/plain; charset=utf-8"),
    };
    let live = Route::new(live, state, |_, (): (), _| async { "alive\n".into_response() });
    let [ready, short] = ready;
    [ready, short, live]
}

/// Whether a probe succeeds, and what it is told: of the config repo only where all unions are seen, since that is about
/// them.
async fn readiness(view: &View) -> (bool, wire::Readiness) {
    let (source, diagnostics) = match tokio::time::timeout(PATIENCE, known(&view.store)).await {
        Ok(Ok((found, diagnostics))) => (found.map(source), diagnostics),
        // Who follows it tells that the database is away.
        Ok(Err(_)) | Err(_) => (None, Vec::new()),
    };
    let now = view.dependencies.readiness();
    let status = if view.stopping.is_cancelled() {
        wire::ReadinessStatus::Stopping
    } else if !now.started {
        wire::ReadinessStatus::Starting
    } else if now.down.is_empty() {
        wire::ReadinessStatus::Ready
    } else {
        wire::ReadinessStatus::Degraded
    };
    let dependencies = System::ALL.into_iter().map(|system| {
        let down = now.down.get(&system);
        let dependency = wire::Dependency {
            status: if down.is_some() { wire::DependencyStatus::Down } else { wire::DependencyStatus::Up },
            since: down.map(|down| down.since),
            reason: down.map(|down| down.why.clone().into_owned()),
        };
        (system.as_str().to_owned(), dependency)
    });
    let ready = matches!(status, wire::ReadinessStatus::Ready | wire::ReadinessStatus::Degraded);
    let version = env!("CARGO_PKG_VERSION").to_owned();
    (ready, wire::Readiness { status, version, dependencies: dependencies.collect(), source, diagnostics })
}

/// How the config repo was found, and what was found in it that is no single union's.
async fn known(store: &Shown) -> Result<(Option<Source>, Vec<wire::Diagnostic>), store::Error> {
    if !store.sight().is_all() {
        return Ok((None, Vec::new()));
    }
    let found = store.diagnostics_of_the_repo(MOST_FOUND).await?;
    Ok((store.source().await?, found.into_iter().map(diagnostic).collect()))
}

pub(super) fn source(found: Source) -> wire::Source {
    let branch = &found.branch;
    let (state, reason) = match found.state {
        SourceState::Followed => (wire::SourceState::Followed, None),
        SourceState::Missing => (
            wire::SourceState::Missing,
            Some(format!("branch `{branch}` is not in the config repo; what was accepted goes on")),
        ),
        SourceState::Rewritten { from } => (
            wire::SourceState::Rewritten,
            Some(format!("branch `{branch}` was force-pushed: it does not descend from {from} any more")),
        ),
        SourceState::Unreachable { why } => {
            (wire::SourceState::Unreachable, Some(format!("{why}; what was accepted goes on")))
        }
    };
    wire::Source {
        state,
        reason,
        since: found.since,
        looked_at: found.looked_at,
        revision: found.accepted.map(|revision| revision.to_string()),
        branch: found.branch,
    }
}
