//! The only types that leave the process by HTTP, and the only ones that its clients read.
//!
//! Apart from the core's types, so that a change inside is no change of the contract. Fields are camelCase, words are
//! those of the closed lists (kebab-case), revisions are printed `main@sha1:<40 hex>`. What may be `null` is always there, what
//! may be left out is never `null`; the contract says so (`api::contract`).

mod audit;
mod deployment;
mod diagnostic;
mod drift;
mod event;
mod field;
mod found;
mod health;
mod map;
mod me;
mod overview;
mod plan;
mod problem;
mod readers;
mod resource;
mod revision;
mod sign_in;
mod society;
mod sync;
mod timeline;
mod trouble;
mod union;
mod word;

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, SchemaType, Type};
use utoipa::openapi::{Ref, RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

pub use audit::{AuditCheckpoint, AuditLink, AuditRecord};
pub use deployment::{Changes, Deployment, Event, Failure, LogEnd, LogLine, LogPage};
pub use diagnostic::{Diagnostic, Note, Place};
pub use drift::Drift;
pub use event::Happening;
pub use field::{Field, Fields};
pub use found::{Found, FoundKind, FoundPage};
pub use health::{Dependency, DependencyStatus, Readiness, ReadinessStatus, Source, SourceState};
pub use map::{FleetMap, MapNames};
pub use me::{CallerRole, KnownBy, Me};
pub use overview::Overview;
pub use plan::{FieldChange, Plan, PlannedChange, Waits};
pub use problem::Problem;
pub use readers::{Reader, ReaderChange, Readers};
pub use resource::{Dispute, LastChange, OwnedResource, Resource};
pub use revision::{
    ReachedAt, Revision, RevisionDetail, RevisionFile, RevisionFiles, RevisionUnion, RevisionWay, Signature,
    SignedCommit, StepCount,
};
pub use sign_in::{SignIn, SignedOut};
pub use society::{Member, Password, Society, SocietyDetail};
pub use sync::Sync;
pub use timeline::Moment;
pub use trouble::{ClusterEvent, PodLine, PodLog};
pub use union::{Guard, Stopped, Union, UnionDetail, UnionPage};

/// Some of a list, in its order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// What to give as `after` for those that follow; `null` at the end.
    pub next: Option<String>,
}

impl<T: ToSchema> PartialSchema for Page<T> {
    fn schema() -> RefOr<Schema> {
        let items =
            ArrayBuilder::new().items(Ref::from_schema_name(T::name())).description(Some("The items."));
        let next = ObjectBuilder::new()
            .schema_type(SchemaType::from_iter([Type::String, Type::Null]))
            .description(Some("What to give as `after` for those that follow; `null` at the end."));
        let page = ObjectBuilder::new().property("items", items).required("items");
        page.property("next", next).required("next").description(Some("Some of a list, in its order.")).into()
    }
}

impl<T: ToSchema> ToSchema for Page<T> {
    fn name() -> Cow<'static, str> {
        Cow::Owned(format!("{}Page", T::name()))
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((T::name().into_owned(), T::schema()));
        T::schemas(schemas);
    }
}
