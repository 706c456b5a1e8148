//! Taking a revision in: read, load, check signatures, weigh, approve, accept, record.
//!
//! ```text
//! snapshot (unknown trees only) → load → signatures → weigh ─guards→ history → approve → accept → one transaction → unions due
//! ```
//!
//! Cost follows what changed: trees that were accepted already, with the defaults and by the limits that they were accepted
//! with, are not even read, and what is not read has no row written.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::Parts;
use super::accept::{
    Before, Court, Hearing, Judged, Read, Revision, Weighed, accept, approve, approving, touching, weigh,
};
use super::ending;
use super::failure::Failure;
use super::select::Selector;
use super::signatures::{self, Standard};
use crate::desired::Life;
use crate::diagnostic::{Diagnostic, Severity, print};
use crate::git::{Fetched, Line, Since};
use crate::names::UnionName;
use crate::outcome::Reason;
use crate::plan::guards::Guard;
use crate::revision::ObjectId;
use crate::spec::{self, Keyforge, KeyforgeSpec, Policy, Schemas, Snapshot};
use crate::store::{
    ACCEPTOR_VERSION, Acceptance, AcceptedKeyforge, Decision, Head, IndexEntry, NewRevision, Tombstone,
    Verdict,
};

/// Reads a revision as far as it is new, decides, and records the decision in one transaction.
pub(super) async fn take_in(parts: &Parts, fetched: &Fetched, head: Option<Head>) -> Result<(), Failure> {
    if head.as_ref().is_some_and(|head| head.acceptor_version > ACCEPTOR_VERSION) {
        tracing::debug!("a newer Keyforge follows the config repo; its decisions are left to it");
        return Ok(());
    }
    parts.database(parts.store.record_revision(&new_revision(fetched))).await?;
    if head.is_none() {
        restore_removed(parts, fetched).await?;
    }
    let index = parts.database(parts.store.acceptance_index()).await?;
    let accepted = head.as_ref().and_then(|head| head.keyforge.as_ref());
    let mut revision = read(parts, fetched, accepted, &index).await?;
    leave_to_others(&mut revision, &parts.options.select, &index);
    let now = parts.database(parts.store.now()).await?;
    let own = revision.keyforge.as_ref().map(|(keyforge, _)| keyforge.spec.clone());
    let first = KeyforgeSpec::default();
    let policy = accepted.map(|accepted| &accepted.keyforge.spec).or(own.as_ref()).unwrap_or(&first);
    let root = parts.trusted_signers.borrow().clone();
    let standard = Arc::new(Standard::new(root, policy.signatures.as_ref(), now));
    let known = signatures::Accepted::at(head.as_ref(), &index);
    let vouched = signatures::judge(parts, fetched, known, &standard, &mut revision).await?;
    let opener = parts.opener.borrow().clone();
    if let (Some(opener), Some((keyforge, _))) = (opener, &revision.keyforge) {
        let recipients = &keyforge.spec.sealing.recipients;
        revision.diagnostics.extend(spec::unheld_recipients(recipients, &opener));
    }
    for found in revision.diagnostics.iter().filter(|found| found.severity == Severity::Error) {
        tracing::warn!("{}", print::line(found));
    }

    let documents = parts.database(parts.store.accepted_documents(&compared(&revision, &index))).await?;
    let removals = parts.database(parts.store.removals()).await?;
    let missed = parts.database(parts.store.missed()).await?;
    let before = Before {
        missed: &missed,
        unions: &index,
        documents: &documents,
        keyforge: accepted,
        policy,
        removals: &removals,
        now,
    };
    let weighed = weigh(&mut revision, &before);
    let judged = match &head {
        Some(head) => judge(parts, fetched, head, &before, &weighed, (known, &standard)).await?,
        // Nothing can wait before something was accepted.
        None => Judged::default(),
    };
    let suspends = suspends(&revision);
    let trees = revision.unions.iter().map(|(name, read)| (name.clone(), read.tree)).collect();
    let mut decided = accept(revision, &before, &weighed, &judged);
    name_suspenders(parts, fetched, suspends, &mut decided.verdicts).await?;

    let count =
        |is: fn(&Decision) -> bool| decided.verdicts.iter().filter(|verdict| is(&verdict.decision)).count();
    let changed = count(|decision| matches!(decision, Decision::Accepted(_) | Decision::Removed(_)));
    let held = count(|decision| matches!(decision, Decision::Held { .. }));
    let waiting = decided.verdicts.iter().filter(|verdict| !verdict.awaiting.is_empty()).count();
    let acceptance = Acceptance {
        revision: fetched.revision.commit,
        expected: head.as_ref().map(|head| head.revision.commit),
        keyforge: decided.keyforge,
        diagnostics: decided.diagnostics,
        verdicts: decided.verdicts,
        trees,
        vouched,
        guards: decided.record.guards,
        approvals: decided.record.approvals,
        forgiven: decided.record.forgiven,
        removals: decided.record.removals,
        renamed: decided.record.renamed,
        reason: Reason::Push,
    };
    parts.database_in(acceptance.parts(), parts.store.record_acceptance(&acceptance)).await?;
    tracing::info!(
        git.revision = %fetched.revision,
        "accepted a revision: {changed} unions change, {held} are held, {waiting} wait for an approval"
    );
    Ok(())
}

/// Where the unions that were read say that they are suspended.
fn suspends(revision: &Revision) -> BTreeMap<UnionName, Line> {
    let candidates = revision.unions.iter().filter_map(|(name, read)| Some((name, read.candidate.as_ref()?)));
    let spans = candidates.filter_map(|(name, candidate)| Some((name.clone(), candidate.suspend()?)));
    spans.map(|(name, span)| (name, (span.path.clone(), span.line))).collect()
}

/// Who wrote these lines. It is asked here, since other replicas may not have the history.
async fn name_suspenders(
    parts: &Parts,
    fetched: &Fetched,
    suspends: BTreeMap<UnionName, Line>,
    verdicts: &mut [Verdict],
) -> Result<(), Failure> {
    if suspends.is_empty() {
        return Ok(());
    }
    let lines = suspends.values().cloned().collect();
    let origin = parts.git.origin(&fetched.revision, lines, Vec::new(), ());
    let origin = parts.git_call("origin", origin).await?;
    for verdict in verdicts {
        if let Decision::Accepted(new) = &mut verdict.decision {
            let written = suspends.get(&verdict.union).and_then(|line| origin.written.get(line));
            new.suspended_by = written.map(|written| {
                format!("{} ({}@{})", written.author, fetched.revision.branch, written.commit.short())
            });
        }
    }
    Ok(())
}

/// A database that has just begun learns from the cluster which unions were removed and are not over: their dates and
/// their hosts still count.
async fn restore_removed(parts: &Parts, fetched: &Fetched) -> Result<(), Failure> {
    let known = parts.cluster_call("endings", parts.cluster.endings()).await?;
    let tombstones: Vec<Tombstone> = known.values().filter_map(ending::tombstone).collect();
    if tombstones.is_empty() {
        return Ok(());
    }
    parts.database(parts.store.restore(fetched.revision.commit, &tombstones)).await?;
    tracing::info!(
        "the cluster remembers {} removed unions that the database did not know",
        tombstones.len()
    );
    Ok(())
}

/// The approvals among the new commits.
async fn judge(
    parts: &Parts,
    fetched: &Fetched,
    head: &Head,
    before: &Before<'_>,
    weighed: &Weighed,
    (known, standard): (signatures::Accepted<'_>, &Arc<Standard>),
) -> Result<Judged, Failure> {
    let former = Some(head.revision.commit);
    // Also without a guard: that an approval names nothing is told.
    let mut waiting: BTreeMap<Option<ObjectId>, Vec<Guard>> = BTreeMap::from([(former, Vec::new())]);
    for guard in weighed.guards().chain(before.missed) {
        waiting.entry(known.judged_at(guard.union.as_ref())).or_default().push(guard.clone());
    }
    let mut hearings = Vec::new();
    for (judged, guards) in waiting {
        let since = Since { judged, exempt: None, former, parts: touching(&guards) };
        let history = parts.git_call("history", parts.git.history(since, &fetched.revision)).await?;
        hearings.push(Hearing { guards, history });
    }
    let commits: BTreeSet<ObjectId> =
        hearings.iter().flat_map(|hearing| approving(&hearing.history)).map(|commit| commit.id).collect();
    if commits.is_empty() {
        return Ok(Judged::default());
    }
    let used = parts.database(parts.store.used_approvals(&commits)).await?;
    let (standard, accepted_at, now) = (Arc::clone(standard), head.accepted_at, before.now);
    let second_person = before.policy.guards.approval.second_person;
    let judging = tokio::task::spawn_blocking(move || {
        let trust = standard.trust_after(Some(accepted_at));
        approve(&hearings, &Court { used: &used, trust, second_person, now })
    });
    judging.await.map_err(|_| Failure::Internal { what: "the judge of approvals panicked" })
}

/// An equal tree with equal defaults, judged by equal limits, gives an equal input: such files are left unread.
async fn read(
    parts: &Parts,
    fetched: &Fetched,
    accepted: Option<&AcceptedKeyforge>,
    index: &BTreeMap<UnionName, IndexEntry>,
) -> Result<Revision, Failure> {
    let policy = accepted.map(|accepted| accepted.keyforge.policy());
    let known = accepted.zip(policy.as_ref()).map(|(accepted, policy)| {
        index.iter().filter_map(|(name, entry)| known_tree(name, entry, &accepted.keyforge, policy)).collect()
    });
    let known: BTreeMap<String, ObjectId> = known.unwrap_or_default();
    let mut read = load(parts, snapshot(parts, fetched, known).await?, policy.clone()).await?;
    let has_same_defaults = |(keyforge, _): &(Keyforge, ObjectId)| {
        accepted.is_some_and(|accepted| accepted.keyforge.has_defaults_of(keyforge))
    };
    if !read.keyforge.as_ref().is_none_or(has_same_defaults) {
        read = load(parts, snapshot(parts, fetched, BTreeMap::new()).await?, policy).await?;
    }
    Ok(read)
}

/// The tree of a union that runs as it was accepted, without anything that waits, and by what is accepted still.
fn known_tree(
    name: &UnionName,
    entry: &IndexEntry,
    keyforge: &Keyforge,
    policy: &Policy,
) -> Option<(String, ObjectId)> {
    let accepted = entry.accepted.as_ref().filter(|_| entry.life == Life::Running && !entry.waits)?;
    let input = spec::input_digest(name.as_str(), &accepted.tree, keyforge, policy);
    (input == accepted.input).then(|| (name.to_string(), accepted.tree))
}

async fn snapshot(
    parts: &Parts,
    fetched: &Fetched,
    known: BTreeMap<String, ObjectId>,
) -> Result<Snapshot, Failure> {
    let read = parts.git.snapshot(&fetched.revision, move |directory| known.get(directory).copied());
    Ok(parts.git_call("snapshot", read).await?)
}

async fn load(parts: &Parts, snapshot: Snapshot, policy: Option<Policy>) -> Result<Revision, Failure> {
    let schemas = Arc::clone(&parts.schemas);
    tokio::task::spawn_blocking(move || load_now(&schemas, policy, snapshot))
        .await
        .map_err(|_| Failure::Internal { what: "the loader panicked" })
}

/// Each union on its own: an error in one says nothing about another. Without a policy this is the first revision, which
/// is judged by its own.
pub(super) fn load_now(schemas: &Schemas, policy: Option<Policy>, snapshot: Snapshot) -> Revision {
    let (keyforge, mut diagnostics) = spec::load_keyforge(schemas, snapshot.keyforge.as_ref());
    diagnostics.extend(snapshot.findings);
    // Where they cannot be listed nothing can be said of any, not even which of them are new.
    let unlisted = |found: &Diagnostic| found.span.path == "unions" && found.severity == Severity::Error;
    let (keyforge, directories) = match diagnostics.iter().any(unlisted) {
        true => (None, BTreeMap::new()),
        false => (keyforge, snapshot.unions),
    };
    let found = keyforge.as_ref().map(|keyforge| spec::check_directories(keyforge, directories.keys()));
    diagnostics.extend(found.into_iter().flatten());
    let policy = policy.or_else(|| keyforge.as_ref().map(Keyforge::policy)).unwrap_or_default();
    let mut unions = BTreeMap::new();
    for (directory, tree) in directories {
        let candidate = match (&tree.files, &keyforge) {
            (None, _) | (_, None) => None,
            (Some(_), Some(keyforge)) => {
                Some(spec::load_union(schemas, keyforge, &policy, &directory, &tree))
            }
        };
        match directory.parse::<UnionName>() {
            Ok(name) => {
                let files = tree.files.unwrap_or_default();
                unions.insert(name, Read { tree: tree.tree, files, candidate, unselected: false });
            }
            // A directory that is no name is no union of anybody: its findings are the repo's.
            Err(_) => diagnostics.extend(candidate.into_iter().flat_map(|candidate| candidate.diagnostics)),
        }
    }
    let blob = snapshot.keyforge.map(|file| file.blob);
    Revision { keyforge: keyforge.zip(blob), unions, diagnostics }
}

/// A union that is not selected is not there for us. Only where it was taken before it is held: to drop it would be to remove it.
fn leave_to_others(revision: &mut Revision, select: &Selector, index: &BTreeMap<UnionName, IndexEntry>) {
    revision.unions.retain(|name, read| {
        let document = read.candidate.as_ref().and_then(|candidate| candidate.document.as_ref());
        if document.is_none_or(|union| select.takes(&union.labels)) {
            return true;
        }
        read.candidate = None;
        read.unselected = true;
        index.get(name).is_some_and(|entry| entry.accepted.is_some() && entry.life == Life::Running)
    });
}

/// The unions whose accepted documents are needed: those that were read, and those whose directory is gone.
fn compared<'a>(revision: &Revision, index: &'a BTreeMap<UnionName, IndexEntry>) -> BTreeSet<&'a UnionName> {
    let is_read = |read: &Read| read.candidate.as_ref().is_some_and(|candidate| candidate.document.is_some());
    let accepted = index.iter().filter(|(_, entry)| entry.accepted.is_some()).map(|(name, _)| name);
    accepted.filter(|name| revision.unions.get(*name).is_none_or(is_read)).collect()
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
