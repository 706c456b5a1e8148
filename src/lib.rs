//! Keyforge: GitOps for VaultWarden. This page is the map of the house.
//!
//! # The path of data
//!
//! ```text
//! commit ─fetch→ Revision ─read→ Snapshot ─load→ documents ─accept→ accepted unions ─build→ DesiredState ─┐
//!         git              git            spec              reconcile::accept        desired              │
//!                                                                                                    plan::build
//!         cluster ─observe→ Observed     store → Inventory ───────────────────────────────────────────────┘
//!                                                                                                         │ Plan
//!         api, cli ← store ← deployment (events, logs, outcome) ← health ← reconcile::execute ────────────┘
//! ```
//!
//! # The floors
//!
//! A module names only modules of floors below its own. `tests/layers.rs` holds that.
//!
//! | floor | modules | knows |
//! |---|---|---|
//! | 4 surfaces | [`api`], [`cli`] | people and programs that ask |
//! | 3 reconcile | [`reconcile`], [`settings`], [`telemetry`] | when what is done, and what became of it |
//! | 2 adapters | [`git`], [`cluster`], [`vaultwarden`], [`store`], [`messenger`] | one outside system each; siblings never name each other |
//! | 1 pure core | [`seal`] → [`signing`] → [`spec`] → [`desired`] → [`plan`] → [`notice`], [`chain`] | secrets that may stand in Git, who vouches for a commit, the language, the manifests, the changes, what people are told, what shows that a record was changed |
//! | 0 vocabulary | the small modules below | words |
//!
//! The place of what comes later: `forge` on floor 2.
//!
//! # Invariants of absence
//!
//! - Only [`cluster`] talks to Kubernetes, only [`vaultwarden`] to VaultWarden, only [`store`] writes SQL, only [`git`]
//!   reads repositories and runs a program, which is `ssh`.
//! - Floors 0 and 1 have no async runtime, no client, no file system, no clock, no environment.
//! - The environment is read by [`settings`] alone.
//! - [`reconcile::execute`](reconcile) is the only caller of what writes a union's objects to the cluster,
//!   `reconcile::provision::walk` of what writes to VaultWarden; both decide nothing. What the daemon keeps for itself in its
//!   own namespace (its lease, its key, the anchor of the audit, the account of a union's server) is written by who keeps it.
//! - Into a union's namespace nothing is written but by that namespace's own applier; who lets it in is all that the daemon
//!   writes there itself, and no template renders it.
//! - A secret value is a [`redacted::Redacted`]: it has no way into a log, an error, a plan, a row or an answer.
//! - The API writes nothing but what somebody asks for (`reconcile::request`) and who signs in (`store::session`).
//! - Nobody is shown anything of a union that they may not see: routes reach the database through
//!   [`store::Shown`] alone, and its queries name the unions.
//!
//! # Where do I change…
//!
//! | I want to… | open |
//! |---|---|
//! | accept a new field in the YAML | `schema/<kind>.schema.json`, then [`spec`] |
//! | change the words of a diagnostic | [`spec`], and its case under `tests/cases/spec` |
//! | change what a union's document may ask for | `limits` in `schema/keyforge.schema.json`, then `spec::check::limits` |
//! | add a code | `diagnostic::Code`, with examples that `tests/diagnostics` tries |
//! | change what a sealed value holds, or who opens it | [`seal`] |
//! | change what looks like a secret in plain | `diagnostic::secret`, then `spec::check::secrets` |
//! | change what makes a signature count | [`signing`] |
//! | render something new | `templates/`, [`desired`] if it needs a new variable |
//! | change order, ownership, what counts as drift | [`plan`] |
//! | change which fields may be left to others | [`plan`]'s `ignore` |
//! | change what is told of who meddles | `plan::Finding`; what is seen of it: `cluster::foreign` |
//! | make another change wait for an approval | [`plan::guards`], and its test in `tests/guards.rs` |
//! | change who may approve, and when it counts | `reconcile::accept::approvals` |
//! | change what `keyforge plan` tells of two revisions | [`plan::preview`] |
//! | change when or how often a union runs | `reconcile::wake` |
//! | change what stays of a removed union, and for how long | `desired::removed`, `reconcile::ending` |
//! | change how we talk to Kubernetes, to VaultWarden | [`cluster`], [`vaultwarden`] |
//! | change what is done inside of a vault, for whom and in which order | `plan::society`, and its case under `tests/cases/society` |
//! | change when a vault is looked at, and what a pass may take | `reconcile::provision` |
//! | change what the daemon may do in a cluster | `deploy/kubernetes`, and README's table |
//! | ask the daemon one more thing from the command line | `cli::ask`, and a file of [`cli`] |
//! | change what makes the audit believable | [`chain`], `reconcile::notary` |
//! | change what of the past is removed, and how | `store::retention`, `reconcile::janitor` |
//! | tell who follows along of one more thing | the triggers of `migrations/*_event.sql`, `outcome::Happened` |
//! | tell people of one more thing, or in other words | `migrations/*_notice.sql`, `outcome::NoticeEvent`, [`notice`] |
//! | tell people in one more kind of place | the schema's `notifications`, [`notice`], [`messenger`] |
//! | change who may see what | [`access`], `api::access` |
//! | change how people sign in, and for how long | `api::access::sign_in`, `store::session` |
//! | give the API another path | the table in [`api`], a type in `api::wire`, the contract's snapshot, then `.ci/frontend types` |
//! | change which step a revision has reached in a union, or how it stands there | [`progress`] |
//! | show something on the dashboard | `frontend/src/routes.tsx` and its page; how it is served: `api::page` |
//! | record one more fact | `migrations/`, [`store`], then [`api`] |
//! | tell a collector more of a deployment | `telemetry::trace` |
//! | change the words of a failure | `reconcile::failure` |
//! | add a setting | the `Options` of its module, nothing else |

// 4 ─ surfaces
pub mod api;
pub mod cli;
// 3 ─ reconcile
pub mod reconcile;
pub mod settings;
pub mod telemetry;
// 2 ─ adapters
pub mod cluster;
pub mod git;
pub mod messenger;
pub mod store;
pub mod vaultwarden;
// 1 ─ pure core
pub mod chain;
pub mod desired;
pub mod notice;
pub mod plan;
pub mod seal;
pub mod signing;
pub mod spec;
// 0 ─ vocabulary
pub mod access;
pub mod diagnostic;
pub mod digest;
pub mod domain;
pub mod duration;
pub mod health;
pub mod ids;
pub mod names;
pub mod network;
pub mod outcome;
pub mod progress;
pub mod redacted;
pub mod revision;
pub mod schedule;
