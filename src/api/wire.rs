//! The only types that leave the process by HTTP, and the only ones that its clients read.
//!
//! Apart from the core's types, so that a change inside is no change of the contract. Fields are camelCase, words are
//! those of the closed lists (kebab-case), revisions are printed `main@sha1:<40 hex>`.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

use crate::ids::ResourceId;
use crate::outcome::{Actor, Done, Level, MemberState, Outcome, Phase, Reason, SocietyState, UnionState};
use crate::plan::FieldChange;
use crate::plan::guards::GuardKind;
use crate::spec::{CollectionRight, Role};

/// Some of a list, in its order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// What to give as `after` for those that follow; `null` at the end.
    pub next: Option<String>,
}

/// One union, as lists show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Union {
    /// Its name.
    pub name: String,
    /// Shown to people; the name, until a document was accepted.
    pub display_name: String,
    /// The URL that members use; `null` until a document was accepted.
    pub domain: Option<String>,
    /// Its state.
    pub state: UnionState,
    /// Does it work? `current`, `in-progress`, `failed` or `unknown`.
    pub health: String,
    /// The newest revision whose state of this union is accepted.
    pub desired_revision: Option<String>,
    /// The newest revision whose state of this union is applied in full.
    pub applied_revision: Option<String>,
    /// How many societies it has.
    pub societies: u32,
    /// How many members its societies have together.
    pub members: u32,
    /// When something of this changed.
    pub updated_at: DateTime<Utc>,
    /// Why it is in its state.
    pub reason: Option<String>,
}

/// One union, looked at alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UnionDetail {
    /// As in lists.
    #[serde(flatten)]
    pub union: Union,
    /// What its health waits for, or why it failed.
    pub health_reason: Option<String>,
    /// Until when its data is kept; `null` for a union that is not removed.
    pub kept_until: Option<DateTime<Utc>>,
    /// What of its newest documents waits for an approval.
    pub guards: Vec<Guard>,
    /// What a person should know although the rollout goes on: objects in its namespace that are not of Keyforge, fields
    /// that somebody changes again and again. Each with its remedy.
    pub findings: Vec<String>,
}

/// One society of a union, as lists show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Society {
    /// Its name.
    pub name: String,
    /// Shown to people.
    pub display_name: String,
    /// Its state inside of the vault.
    pub state: SocietyState,
    /// How many people are in it or invited to it.
    pub members: u32,
    /// How many passwords of its document are in the vault.
    pub passwords: u32,
    /// Who waits for somebody else than Keyforge.
    pub waits: Vec<Member>,
    /// What a person should know. Each with its remedy.
    pub findings: Vec<String>,
    /// When something of this changed; `null`: it is not in the vault yet.
    pub updated_at: Option<DateTime<Utc>>,
}

/// One society, looked at alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SocietyDetail {
    /// As in lists.
    #[serde(flatten)]
    pub society: Society,
    /// How many people are how far.
    pub counts_by_member_state: BTreeMap<MemberState, u32>,
    /// The names of its collections in the vault.
    pub collections: Vec<String>,
    /// Its people by address, also those whom no document lists.
    pub people: Vec<Member>,
    /// The passwords of its document by name. Never a value.
    pub items: Vec<Password>,
}

/// One person in a society.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Member {
    /// Their address.
    pub email: String,
    /// What they may do.
    pub role: Role,
    /// Where they are.
    pub state: MemberState,
    /// Since when, as far as it was seen.
    pub since: DateTime<Utc>,
    /// Whether a document lists them.
    pub listed: bool,
    /// Their last day.
    pub until: Option<NaiveDate>,
    /// The collections that they see; empty for owners and admins, who see all.
    pub collections: BTreeMap<String, CollectionRight>,
    /// What they wait for, or why they are there.
    pub reason: Option<String>,
    /// Who has to act.
    pub actor: Option<Actor>,
}

/// One password of a society.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Password {
    /// Its name.
    pub name: String,
    /// The collection that it is in.
    pub collection: String,
    /// `generated` or `sealed`; `null`: it is not in the vault yet.
    pub kind: Option<String>,
    /// The number of the generated value that is there.
    pub rotation: Option<u32>,
    /// When the value was drawn or sealed.
    pub changed_at: Option<DateTime<Utc>>,
}

/// Changes that wait for an approval together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Guard {
    /// What it keeps from happening.
    pub guard: GuardKind,
    /// Why it waits.
    pub why: String,
    /// What waits, one line each.
    pub changes: Vec<String>,
    /// Of all that.
    pub digest: String,
    /// The line at the end of a commit message that approves it.
    pub approve: String,
}

/// What would be done for a union now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Plan {
    /// Of which union.
    pub name: String,
    /// The revision that it leads to.
    pub revision: String,
    /// The desired state that it leads to; `null` where it is refused.
    pub digest: Option<String>,
    /// When cluster and union were looked at.
    pub looked_at: DateTime<Utc>,
    /// In order; what stays is left out. Values of secrets are fingerprints.
    pub changes: Vec<PlannedChange>,
    /// What is not done now.
    pub waits: Option<Waits>,
    /// What the server is deleting: the plan goes on when it is gone.
    pub awaited: Vec<Resource>,
    /// Why nothing may be done.
    pub refused: Option<String>,
    /// What to do about that.
    pub hint: Option<String>,
    /// What of its newest documents waits for an approval.
    pub guards: Vec<Guard>,
    /// What a person should know.
    pub findings: Vec<String>,
}

/// One change of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PlannedChange {
    /// `create`, `update` or `delete`.
    pub change: String,
    /// In which stage.
    pub stage: String,
    /// Of which resource.
    pub resource: Resource,
    /// What differs; empty for what is made or removed as a whole.
    pub fields: Vec<FieldChange>,
    /// Field managers whose fields become ours.
    pub taken_over_from: Vec<String>,
    /// Whether the API server has tried it: what is not there yet cannot be.
    pub dry_run: bool,
    /// The change in a line.
    pub text: String,
}

/// What of a plan is not done now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Waits {
    /// The field of the document that says so: `updateWindow` or `suspend`.
    pub cause: String,
    /// When that ends; `null`: by a commit only.
    pub until: Option<DateTime<Utc>>,
    /// The same for people: until when, who says so, and why.
    pub why: String,
    /// What waits.
    pub changes: Vec<PlannedChange>,
}

/// The fields of a union's documents that are in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Fields {
    /// Of which union.
    pub union: String,
    /// Of which of its societies; `null` for the union itself.
    pub society: Option<String>,
    /// The revision that is applied, or accepted where none is applied yet.
    pub revision: String,
    /// What a file sets, in its order. What no file sets has the default that the schema names.
    pub items: Vec<Field>,
}

/// One field, and who set it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Field {
    /// Which, for example `spec.members[1].role`.
    pub path: String,
    /// Its value in a line; a word instead of what is sealed or could be secret.
    pub value: String,
    /// The file that sets it: the document's, or `keyforge.yaml`.
    pub file: String,
    /// Its line there.
    pub line: u32,
    /// The commit that wrote that line.
    pub commit: Option<String>,
    /// Who wrote it.
    pub author: Option<String>,
    /// The first line of its message.
    pub subject: Option<String>,
    /// When it was written.
    pub written_at: Option<DateTime<Utc>>,
    /// The deployment that applied the commit first; `null` if none has, or if that is too long ago.
    pub deployment: Option<String>,
    /// When that was closed.
    pub applied_at: Option<DateTime<Utc>>,
}

/// A finding in the files of the newest revision, in the form of `keyforge validate --output json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Diagnostic {
    /// Whose files; `null`: `keyforge.yaml`, or the repo as a whole.
    pub union: Option<String>,
    /// What, where and how it can be mended.
    #[serde(flatten)]
    pub found: crate::diagnostic::Diagnostic,
}

/// What an event of the stream is about; its kind says what happened, its id is its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Happening {
    /// Which union.
    pub union: String,
    /// Which of its deployments, if one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deployment: Option<String>,
}

/// The record of one rollout of one union.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Deployment {
    /// Its identity.
    pub id: String,
    /// Of which union.
    pub union: String,
    /// Why it was started.
    pub reason: Reason,
    /// What it rolls out.
    pub revision: String,
    /// The desired state that it rolls out.
    pub digest: String,
    /// What was planned.
    pub changes: Changes,
    /// Where it is.
    pub phase: Phase,
    /// What is awaited, while its phase is `waiting`.
    pub awaited: Option<String>,
    /// Until when it is waited for.
    pub deadline: Option<DateTime<Utc>>,
    /// How it ended; `null` until it has.
    pub outcome: Option<Outcome>,
    /// Why it failed.
    pub failure: Option<Failure>,
    /// When it was opened.
    pub opened_at: DateTime<Utc>,
    /// When it was closed.
    pub closed_at: Option<DateTime<Utc>>,
}

/// A plan in numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changes {
    /// What is made.
    pub create: u32,
    /// What is changed.
    pub update: u32,
    /// What is removed.
    pub delete: u32,
    /// What stays.
    pub keep: u32,
}

/// Why a deployment failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// In which stage; `null` before the first and while its health was awaited.
    pub stage: Option<String>,
    /// In words for everybody.
    pub message: String,
}

/// What became of one change of a deployment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// When.
    pub at: DateTime<Utc>,
    /// Of which stage.
    pub stage: String,
    /// What was planned: `create`, `update`, `delete` or `keep`.
    pub change: String,
    /// Of which resource.
    pub resource: Resource,
    /// What became of it, in the past tense.
    pub event: Done,
    /// Why, where that is not plain.
    pub message: Option<String>,
}

/// Which Kubernetes object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resource {
    /// For example `Deployment`.
    pub kind: String,
    /// `null` for what is in no namespace.
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
}

impl Resource {
    /// As plans print it, for example `Deployment union-acme/vaultwarden`.
    pub fn text(&self) -> String {
        match &self.namespace {
            Some(namespace) => format!("{} {namespace}/{}", self.kind, self.name),
            None => format!("{} {}", self.kind, self.name),
        }
    }
}

impl From<&ResourceId> for Resource {
    fn from(id: &ResourceId) -> Self {
        let (kind, namespace, name) = (id.kind.clone(), id.namespace.clone(), id.name.clone());
        Self { kind, namespace, name }
    }
}

/// A numbered page of a deployment's log, oldest line first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogPage {
    /// The lines.
    pub items: Vec<LogLine>,
    /// Which page this is, from 1.
    pub page: u32,
    /// How many lines a page has.
    pub limit: u32,
    /// How many lines all pages have.
    pub total: u64,
    /// The number of the page that follows; `null` at the end.
    pub next: Option<u64>,
}

/// One line of a log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogLine {
    /// When.
    pub at: DateTime<Utc>,
    /// How much it matters.
    pub level: Level,
    /// Readable alone.
    pub message: String,
    /// Identifiers and numbers.
    pub fields: serde_json::Value,
}

/// What a probe is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Readiness {
    /// Whether work is done, and with everything that it needs.
    pub status: ReadinessStatus,
    /// The version of this program.
    pub version: String,
    /// By name, everything that it needs.
    pub dependencies: BTreeMap<String, Dependency>,
    /// How the config repo was found; `null` before the first look, and while the database does not tell.
    pub source: Option<Source>,
    /// What was found in `keyforge.yaml` and in the config repo as a whole, the first of it.
    pub diagnostics: Vec<Diagnostic>,
}

/// The config repo at the last look.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Source {
    /// The followed branch.
    pub branch: String,
    /// How it was found.
    pub state: SourceState,
    /// Since when that is so.
    pub since: DateTime<Utc>,
    /// When it was looked at last.
    pub looked_at: DateTime<Utc>,
    /// In words, where there is more to say than that it is followed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What goes on meanwhile: the revision that was accepted last.
    pub revision: Option<String>,
}

/// How the followed branch was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SourceState {
    /// It goes on from what was known.
    Followed,
    /// The config repo is there, the branch is not.
    Missing,
    /// It was force-pushed, and its new head is followed.
    Rewritten,
    /// The config repo cannot be read.
    Unreachable,
}

/// How ready the daemon is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReadinessStatus {
    /// Everything answers.
    Ready,
    /// Something does not; the rest goes on.
    Degraded,
    /// Start-up is not complete.
    Starting,
    /// Asked to end; what was begun is being recorded.
    Stopping,
}

/// Something that the daemon needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dependency {
    /// Whether it answers.
    pub status: DependencyStatus,
    /// Since when it does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<DateTime<Utc>>,
    /// What is seen of that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Whether something answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DependencyStatus {
    /// It does.
    Up,
    /// It does not.
    Down,
}

/// Why a request was not answered as asked (RFC 9457, `application/problem+json`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Problem {
    /// `urn:keyforge:problem:<code>`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Which problem, the same for each of its kind.
    pub title: String,
    /// The status of the answer.
    pub status: u16,
    /// The last part of `type`.
    pub code: String,
    /// What is wrong with this request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// The request, as the daemon's log names it.
    pub request_id: String,
}
