//! Following the config repo: fetch, and take a new revision in. One replica does it at a time.
//!
//! ```text
//! poll, watch of a local repo ─┐
//! somebody asks (a table) ─────┤
//!                              └→ fetch → nothing new, a state to tell, or intake
//! ```
//!
//! A branch that is missing, a repo that is empty or out of reach is a state, told as a fact: nothing is deleted for it,
//! and what was accepted goes on.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::Parts;
use super::dependencies::System;
use super::failure::Failure;
use super::intake::take_in;
use crate::git::{self, Change, Source, Watcher};
use crate::store::{Listener, SourceState};

/// How long a replica waits before it tries again to be the one that follows.
const TURN: Duration = Duration::from_secs(10);

/// How long to wait before the database is asked again whether somebody wants a look.
const AWAY: Duration = Duration::from_secs(5);

/// Follows until `shutdown`, whenever this replica is the one that does.
pub(super) async fn follow(parts: Arc<Parts>, mut watcher: Watcher, shutdown: CancellationToken) {
    if let Some(why) = watcher.not_watched() {
        tracing::info!("{why}; it is polled");
    }
    while !shutdown.is_cancelled() {
        if let Ok(Some(mut turn)) = parts.database(parts.store.singleton("source")).await {
            let mut requests = None;
            while !shutdown.is_cancelled() && parts.database(turn.alive()).await.is_ok() {
                // What is dropped at the end was not recorded: the next start takes it in.
                let looked = tokio::select! {
                    looked = look_and_answer(&parts, &shutdown) => looked,
                    () = shutdown.cancelled() => return,
                };
                match looked {
                    Ok(()) => watcher.succeeded(),
                    // Only who is asked too often is asked less often.
                    Err(failure @ Failure::Git(_)) => tell(&parts, &failure, Some(watcher.failed())),
                    Err(failure) => tell(&parts, &failure, None),
                }
                tokio::select! {
                    _ = watcher.changed() => {}
                    () = asked(&parts, &mut requests) => {}
                    () = shutdown.cancelled() => {}
                }
            }
        }
        tokio::select! {
            () = tokio::time::sleep(TURN) => {}
            () = shutdown.cancelled() => {}
        }
    }
}

/// Why the config repo is not followed now, since when, and when it is tried again.
fn tell(parts: &Parts, failure: &Failure, wait: Option<Duration>) {
    let since = wait.and_then(|_| parts.dependencies.since(System::Git));
    let since = since.map(|since| format!(" since {}", since.format("%F %T UTC"))).unwrap_or_default();
    let hint = failure.hint().map(|hint| format!(" (hint: {hint})")).unwrap_or_default();
    let retry = wait.map(|wait| format!("; retrying in {}s", wait.as_secs().max(1))).unwrap_or_default();
    tracing::warn!(
        "unable to follow the config repo{since}: {}{hint}; what was accepted goes on{retry}",
        failure.detail()
    );
}

/// Comes back once somebody wants a look that nobody has taken. What is not heard while the database is away is answered by the
/// next poll.
async fn asked(parts: &Parts, requests: &mut Option<Listener>) {
    loop {
        if let Some(listening) = requests {
            match listening.heard().await {
                Ok(Some(_)) => return,
                Ok(None) => {}
                Err(_) => tokio::time::sleep(AWAY).await,
            }
        } else {
            match parts.database(parts.store.listen_to_requests()).await {
                Ok(listening) => *requests = Some(listening),
                Err(_) => tokio::time::sleep(AWAY).await,
            }
        }
        // What came before somebody listened, or while the connection was lost, nobody has heard.
        if matches!(parts.database(parts.store.is_asked_to_sync()).await, Ok(true)) {
            return;
        }
    }
}

/// One look, which answers who asked for one before it.
async fn look_and_answer(parts: &Parts, shutdown: &CancellationToken) -> Result<(), Failure> {
    let began = parts.database(parts.store.now()).await?;
    let looked = look(parts, shutdown).await;
    let why = match &looked {
        Ok(why) => why.clone(),
        Err(Failure::Git(error)) => Some(error.to_string()),
        // Whatever it is, the next look may do better, and then be the answer.
        Err(_) => return looked.map(drop),
    };
    if !shutdown.is_cancelled() {
        parts.database(parts.store.record_sync(began, why.as_deref())).await?;
    }
    looked.map(drop)
}

/// One look at the branch: nothing new, a state to tell, or a revision to take in; why there is nothing, in words.
async fn look(parts: &Parts, shutdown: &CancellationToken) -> Result<Option<String>, Failure> {
    let branch = &parts.branch;
    let found = match parts.git_call("fetch", parts.git.fetch(shutdown)).await {
        Ok(found) => found,
        Err(git::Error::Cancelled) => return Ok(None),
        Err(error) => {
            // A repo out of reach is told, not only logged; what was accepted goes on without it.
            let state = SourceState::Unreachable { why: error.to_string() };
            parts.database(parts.store.record_source(branch, &state)).await?;
            return Err(error.into());
        }
    };
    let fetched = match found {
        Source::Head(fetched) => fetched,
        Source::BranchMissing { others } => {
            let others: Vec<_> = others.iter().map(|other| format!("`{other}`")).collect();
            return missing(
                parts,
                format!("branch `{branch}` is not in the config repo, which has {}", others.join(", ")),
            )
            .await;
        }
        Source::Empty => return missing(parts, "the config repo has no commit yet".to_owned()).await,
    };
    parts.dependencies.up(System::Git);
    let head = parts.database(parts.store.head()).await?;
    let state = match fetched.change {
        Change::Rewritten { from } => {
            tracing::warn!(
                "branch `{branch}` was rewritten: {} does not descend from {from}",
                fetched.revision.commit
            );
            SourceState::Rewritten { from }
        }
        Change::First | Change::Same | Change::FastForward => SourceState::Followed,
    };
    if head.as_ref().is_none_or(|head| head.revision != fetched.revision) {
        // Boxed: the policies before and after are in it.
        Box::pin(take_in(parts, &fetched, head)).await?;
    }
    parts.database(parts.store.record_source(branch, &state)).await?;
    Ok(None)
}

/// There is nothing to follow. That is told once, and is no failure: somebody may want it so.
async fn missing(parts: &Parts, why: String) -> Result<Option<String>, Failure> {
    if parts.dependencies.since(System::Git).is_none() {
        tracing::warn!("{why}; what was accepted goes on");
    }
    parts.dependencies.down(System::Git, why.clone());
    parts.database(parts.store.record_source(&parts.branch, &SourceState::Missing)).await?;
    Ok(Some(why))
}
