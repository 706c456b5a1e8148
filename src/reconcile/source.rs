//! Following the config repo: fetch, read, load, accept, record. One replica does it at a time.
//!
//! ```text
//! poll, watch of a local repo ─┐
//!                              └→ fetch → snapshot (unknown trees only) → load → accept → one transaction → unions due
//! ```
//!
//! A branch that is missing, a repo that is empty or out of reach is a state, told as a fact: nothing is deleted for it,
//! and what was accepted goes on. Cost follows what changed: trees that were accepted already are not even read.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::Parts;
use super::accept::{Before, Read, accept};
use super::dependencies::System;
use super::failure::Failure;
use crate::desired::Life;
use crate::diagnostic::{Diagnostic, Severity, print};
use crate::git::{self, Change, Fetched, Source, Watcher};
use crate::names::UnionName;
use crate::outcome::Reason;
use crate::revision::ObjectId;
use crate::spec::{self, DeletionPolicy, Guards, Keyforge, Policy, Schemas, Snapshot};
use crate::store::{Acceptance, Decision, Head, IndexEntry, NewRevision, SourceState};

/// How long a replica waits before it tries again to be the one that follows.
const TURN: Duration = Duration::from_secs(10);

/// Follows until `shutdown`, whenever this replica is the one that does.
pub(super) async fn follow(parts: Arc<Parts>, mut watcher: Watcher, shutdown: CancellationToken) {
    if let Some(why) = watcher.not_watched() {
        tracing::info!("{why}; it is polled");
    }
    while !shutdown.is_cancelled() {
        if let Ok(Some(mut turn)) = parts.database(parts.store.singleton("source")).await {
            while !shutdown.is_cancelled() && parts.database(turn.alive()).await.is_ok() {
                // What is dropped at the end was not recorded: the next start takes it in.
                let looked = tokio::select! {
                    looked = look(&parts, &shutdown) => looked,
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

/// One look at the branch: nothing new, a state to tell, or a revision to take in.
async fn look(parts: &Parts, shutdown: &CancellationToken) -> Result<(), Failure> {
    let branch = &parts.branch;
    let found = match parts.git_call("fetch", parts.git.fetch(shutdown)).await {
        Ok(found) => found,
        Err(git::Error::Cancelled) => return Ok(()),
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
    Ok(parts.database(parts.store.record_source(branch, &state)).await?)
}

/// There is nothing to follow. That is told once, and is no failure: somebody may want it so.
async fn missing(parts: &Parts, why: String) -> Result<(), Failure> {
    if parts.dependencies.since(System::Git).is_none() {
        tracing::warn!("{why}; what was accepted goes on");
    }
    parts.dependencies.down(System::Git, why);
    Ok(parts.database(parts.store.record_source(&parts.branch, &SourceState::Missing)).await?)
}

/// Reads a revision as far as it is new, decides, and records the decision in one transaction.
async fn take_in(parts: &Parts, fetched: &Fetched, head: Option<Head>) -> Result<(), Failure> {
    parts.database(parts.store.record_revision(&new_revision(fetched))).await?;
    let index = parts.database(parts.store.acceptance_index()).await?;
    let expected = head.as_ref().map(|head| head.revision.commit);
    let before = head.and_then(|head| head.keyforge);

    // Equal defaults and an equal tree give an equal input: the files need not be read to know that.
    let known: BTreeMap<String, ObjectId> =
        index.iter().filter_map(|(name, entry)| known_tree(name, entry)).collect();
    let mut snapshot = snapshot(parts, fetched, known).await?;
    let same = match (&snapshot.keyforge, &before) {
        (Some(file), Some((_, blob))) => file.blob == *blob,
        _ => false,
    };
    if !same {
        snapshot = self::snapshot(parts, fetched, BTreeMap::new()).await?;
    }

    let schemas = Arc::clone(&parts.schemas);
    let policy = before.as_ref().map(|(keyforge, _)| keyforge.policy());
    let loaded = tokio::task::spawn_blocking(move || load(&schemas, policy, snapshot))
        .await
        .map_err(|_| Failure::Internal { what: "the loader panicked" })?;
    let deletion = deletions(parts, &loaded, &index).await?;
    let first = Guards::default();
    // A revision is judged by the policy before it; only the first one has none but its own.
    let guards = match (&before, &loaded.keyforge) {
        (Some((keyforge, _)), _) | (None, Some((keyforge, _))) => &keyforge.spec.guards,
        (None, None) => &first,
    };
    let mut errors = loaded.diagnostics.iter().filter(|diagnostic| diagnostic.severity == Severity::Error);
    let broken = if loaded.keyforge.is_none() { errors.next() } else { None };
    let known = Before { unions: &index, deletion: &deletion, guards };
    let verdicts = accept(loaded.unions, &known, broken, &loaded.diagnostics);
    for found in loaded.diagnostics.iter().filter(|found| found.severity == Severity::Error) {
        tracing::warn!("{}", print::line(found));
    }
    let held = verdicts.iter().filter(|verdict| matches!(verdict.decision, Decision::Held { .. })).count();
    let changes = |decision: &Decision| matches!(decision, Decision::Accepted(_) | Decision::Removed(_));
    let changed = verdicts.iter().filter(|verdict| changes(&verdict.decision)).count();
    let acceptance = Acceptance {
        revision: fetched.revision.commit,
        expected,
        keyforge: loaded.keyforge,
        diagnostics: loaded.diagnostics,
        verdicts,
        reason: Reason::Push,
    };
    parts.database(parts.store.record_acceptance(&acceptance)).await?;
    tracing::info!(git.revision = %fetched.revision, "accepted a revision: {changed} unions change, {held} are held");
    Ok(())
}

/// The tree of a union that runs as it was accepted, without anything that waits.
fn known_tree(name: &UnionName, entry: &IndexEntry) -> Option<(String, ObjectId)> {
    let accepted = entry.accepted.as_ref().filter(|_| entry.life == Life::Running && !entry.waits)?;
    Some((name.to_string(), accepted.tree))
}

async fn snapshot(
    parts: &Parts,
    fetched: &Fetched,
    known: BTreeMap<String, ObjectId>,
) -> Result<Snapshot, Failure> {
    let read = parts.git.snapshot(&fetched.revision, move |directory| known.get(directory).copied());
    Ok(parts.git_call("snapshot", read).await?)
}

/// A revision as the loader understands it.
pub(super) struct Loaded {
    /// `keyforge.yaml` and its blob, if it is sound.
    pub(super) keyforge: Option<(Keyforge, ObjectId)>,
    pub(super) unions: BTreeMap<UnionName, Read>,
    /// About `keyforge.yaml` and the repo as a whole.
    pub(super) diagnostics: Vec<Diagnostic>,
}

/// Each union on its own: an error in one says nothing about another. The first revision has no policy but its own.
pub(super) fn load(schemas: &Schemas, policy: Option<Policy>, snapshot: Snapshot) -> Loaded {
    let (keyforge, mut diagnostics) = spec::load_keyforge(schemas, snapshot.keyforge.as_ref());
    let policy = policy.or_else(|| keyforge.as_ref().map(Keyforge::policy)).unwrap_or_default();
    diagnostics.extend(snapshot.findings);
    let mut unions = BTreeMap::new();
    for (directory, tree) in snapshot.unions {
        let candidate = match (&tree.files, &keyforge) {
            (None, _) | (_, None) => None,
            (Some(_), Some(keyforge)) => {
                Some(spec::load_union(schemas, keyforge, &policy, &directory, &tree))
            }
        };
        match directory.parse::<UnionName>() {
            Ok(name) => {
                let files = tree.files.unwrap_or_default();
                unions.insert(name, Read { tree: tree.tree, files, candidate });
            }
            // A directory that is no name is no union of anybody: its findings are the repo's.
            Err(_) => diagnostics.extend(candidate.into_iter().flat_map(|candidate| candidate.diagnostics)),
        }
    }
    let blob = snapshot.keyforge.map(|file| file.blob);
    Loaded { keyforge: keyforge.zip(blob), unions, diagnostics }
}

/// What the unions whose directory is gone wanted for that day.
async fn deletions(
    parts: &Parts,
    loaded: &Loaded,
    index: &BTreeMap<UnionName, IndexEntry>,
) -> Result<BTreeMap<UnionName, DeletionPolicy>, Failure> {
    let mut policies = BTreeMap::new();
    for name in index.keys().filter(|name| !loaded.unions.contains_key(*name)) {
        if let Some(accepted) = parts.database(parts.store.accepted(name)).await? {
            policies.insert(name.clone(), accepted.union.spec.deletion.policy);
        }
    }
    Ok(policies)
}

fn new_revision(fetched: &Fetched) -> NewRevision {
    NewRevision {
        revision: fetched.revision.clone(),
        author_name: fetched.author.clone(),
        author_email: fetched.author_email.clone(),
        subject: fetched.subject.clone(),
        committed_at: fetched.committed_at,
    }
}
