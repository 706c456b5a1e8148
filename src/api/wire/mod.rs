//! The only types that leave the process by HTTP, and the only ones that its clients read.
//!
//! Apart from the core's types, so that a change inside is no change of the contract. Fields are camelCase, words are
//! those of the closed lists (kebab-case), revisions are printed `main@sha1:<40 hex>`.

mod deployment;
mod diagnostic;
mod event;
mod field;
mod health;
mod plan;
mod problem;
mod resource;
mod society;
mod union;

use serde::{Deserialize, Serialize};

pub use deployment::{Changes, Deployment, Event, Failure, LogLine, LogPage};
pub use diagnostic::Diagnostic;
pub use event::Happening;
pub use field::{Field, Fields};
pub use health::{Dependency, DependencyStatus, Readiness, ReadinessStatus, Source, SourceState};
pub use plan::{Plan, PlannedChange, Waits};
pub use problem::Problem;
pub use resource::Resource;
pub use society::{Member, Password, Society, SocietyDetail};
pub use union::{Guard, Union, UnionDetail};

/// Some of a list, in its order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// What to give as `after` for those that follow; `null` at the end.
    pub next: Option<String>,
}
