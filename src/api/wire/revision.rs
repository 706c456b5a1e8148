//! Revisions, and what became of each.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Changes, Place};
use crate::diagnostic::Code;
use crate::outcome::{Actor, Alteration, Outcome, RevisionState, RevisionStep, SignatureState, UnionState};

/// A commit of the followed branch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Revision {
    /// Its 40 hexadecimal digits.
    pub commit: String,
    /// The same as it is printed elsewhere, with its branch.
    pub revision: String,
    /// The first line of its message; `null` for who does not see all unions that it touched.
    pub subject: Option<String>,
    /// Who wrote it; `null` for the same.
    pub author: Option<String>,
    /// When, by the committer's clock.
    pub committed_at: DateTime<Utc>,
    /// When it was fetched first.
    pub fetched_at: DateTime<Utc>,
}

/// A revision, looked at alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RevisionDetail {
    /// As in lists.
    #[serde(flatten)]
    pub revision: Revision,
    /// Whether it is the revision that was accepted last.
    pub head: bool,
    /// The unions whose accepted documents it brought, by their state now.
    pub counts_by_state: BTreeMap<UnionState, u64>,
    /// How many of these have applied them in full.
    pub applied: u64,
    /// Its deployments that are over, by outcome.
    pub deployments: BTreeMap<Outcome, u64>,
    /// How many of its deployments go on.
    pub open: u64,
    /// When the first of its deployments was opened.
    pub opened_at: Option<DateTime<Utc>>,
    /// When the last of them that is over was closed.
    pub closed_at: Option<DateTime<Utc>>,
}

/// A revision, and where it stands in each union that it touches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RevisionWay {
    /// The commit that was asked for, where it is no revision itself: it came with this one.
    pub asked: Option<String>,
    /// What became of it.
    #[serde(flatten)]
    pub detail: RevisionDetail,
    /// The revision before it on its branch; `null` for the first, and for who does not see all unions.
    pub previous: Option<String>,
    /// Who vouches for it; `null` for who does not see all unions that it touched.
    pub signature: Option<Signature>,
    /// What the plans of its rollouts change, of each union the first. As `steps`, where `union` is given, of it alone.
    pub planned: Changes,
    /// The same of those that are applied.
    pub done: Changes,
    /// How many unions have reached each step, in the order of steps. Where `union` is given, what is counted is it alone.
    pub steps: Vec<StepCount>,
    /// In how many unions it stands how; a state without unions is left out.
    pub unions_by_state: BTreeMap<RevisionState, u64>,
    /// How many unions it touches.
    pub total: u64,
    /// The unions that are asked for: those that failed first, then those that wait, by name.
    pub items: Vec<RevisionUnion>,
    /// What to give as `after` for those that follow; `null` at the end.
    pub next: Option<String>,
}

/// The files that a revision changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RevisionFiles {
    /// By path.
    pub items: Vec<RevisionFile>,
    /// What to give as `after` for those that follow; `null` at the end.
    pub next: Option<String>,
    /// How many there are on all pages.
    pub total: u64,
    /// The revision that it is compared with, the one before it; `null` where it is compared with its parent, and for who does
    /// not see all unions.
    pub since: Option<String>,
}

/// A file that a revision changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RevisionFile {
    /// Its path below the folder of `keyforge.yaml`.
    pub path: String,
    /// What was done to it.
    pub change: Alteration,
    /// How many lines came; `null`: it is no text, or too large.
    pub added: Option<u64>,
    /// How many lines went; `null` for the same.
    pub removed: Option<u64>,
}

/// How many unions have reached a step of a revision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StepCount {
    /// Which.
    pub step: RevisionStep,
    /// How many have reached it.
    pub reached: u64,
    /// How many there are that go so far: a union that is removed is through once it is applied.
    pub of: u64,
    /// Unions that failed or wait before it, by name; the first three.
    pub lost: Vec<String>,
    /// When the last of those that have reached it did, as far as it is known.
    pub at: Option<DateTime<Utc>>,
}

/// Who vouches for a revision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Signature {
    /// Whether that is enough.
    pub state: SignatureState,
    /// Whose keys signed its commits.
    pub signers: Vec<String>,
    /// The commits that are signed, with the fingerprints of their keys.
    pub commits: Vec<SignedCommit>,
    /// Why it is not enough.
    pub why: Option<String>,
}

/// A commit that is signed by somebody who may.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SignedCommit {
    /// Its 40 hexadecimal digits.
    pub commit: String,
    /// The fingerprint of the key; `null`: only the name of its author is known.
    pub key: Option<String>,
}

/// When a revision came how far in a union.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReachedAt {
    /// When it was fetched.
    pub fetched: DateTime<Utc>,
    /// When its documents were judged: accepted, held back, or refused.
    pub judged: Option<DateTime<Utc>>,
    /// When its first rollout was planned; `null`: it was not, or nothing was to be done.
    pub planned: Option<DateTime<Utc>>,
    /// When the first one was applied.
    pub applied: Option<DateTime<Utc>>,
    /// When the first one that succeeded was over, and the union healthy.
    pub healthy: Option<DateTime<Utc>>,
}

/// Where a revision stands in one union.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RevisionUnion {
    /// Which union.
    pub union: String,
    /// Shown to people.
    pub display_name: String,
    /// How it stands.
    pub state: RevisionState,
    /// The last step that it has reached.
    pub step: RevisionStep,
    /// The step that it is at; `null` once it is through, and for one that a newer revision took the place of.
    pub ahead: Option<RevisionStep>,
    /// The state of the union now, which may follow from another revision; `null` for one that is forgotten.
    pub union_state: Option<UnionState>,
    /// Whether it removes the union.
    pub removes: bool,
    /// What stands in its way.
    pub reason: Option<String>,
    /// Where the mistake is that holds it.
    pub place: Option<Place>,
    /// Which mistake that is.
    pub code: Option<Code>,
    /// The way out, in a sentence.
    pub hint: Option<String>,
    /// Who acts next; `null` where nobody has to.
    pub actor: Option<Actor>,
    /// Since when it stands so.
    pub since: DateTime<Utc>,
    /// When it came so far.
    pub reached_at: ReachedAt,
    /// Its deployment, the newest.
    pub deployment: Option<String>,
    /// The revision that took its place.
    pub superseded_by: Option<String>,
}
