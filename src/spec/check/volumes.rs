//! Volumes that became smaller than what was accepted: Kubernetes cannot shrink them, and data would have to move.
//!
//! Apart from the other checks, since it needs the union as it was accepted before.

use super::find;
use crate::diagnostic::{Code, Diagnostic, Severity, Span};
use crate::spec::document::{Backup, BackupTo, Database, UnionSpec};
use crate::spec::load::Candidate;
use crate::spec::node::Node;
use crate::spec::quantity::Quantity;

/// Where the sizes of volumes are written.
#[derive(Debug, Clone, Default)]
pub(in crate::spec) struct Sizes {
    storage: Option<Span>,
    database: Option<Span>,
    backup: Option<Span>,
}

impl Sizes {
    pub(in crate::spec) fn of(document: &Node, path: &str) -> Self {
        let span = |field: &str| find(document, field).map(|node| node.place.span(path));
        Self {
            storage: span("spec.storage.size"),
            database: span("spec.database.storage.size"),
            backup: span("spec.backup.to.size"),
        }
    }
}

/// The volumes that the candidate wants smaller than they were accepted. Add them to it: it is held then.
pub fn shrunk_volumes(before: &UnionSpec, candidate: &Candidate) -> Vec<Diagnostic> {
    let Some(union) = &candidate.document else { return Vec::new() };
    let now = &union.spec;
    let sizes = &candidate.sizes;
    let found = [
        ("spec.storage.size", Some((&before.storage.size, &now.storage.size)), &sizes.storage),
        ("spec.database.storage.size", database(before).zip(database(now)), &sizes.database),
        ("spec.backup.to.size", backup(before).zip(backup(now)), &sizes.backup),
    ];
    let shrunk = found.into_iter().filter_map(|(path, pair, span)| {
        let (old, new) = pair.filter(|(old, new)| new.thousandths() < old.thousandths())?;
        let span = span.clone().unwrap_or_else(|| Span::file(&*union.source));
        Some(Diagnostic {
            span,
            code: Code::ShrunkVolume,
            severity: Severity::Error,
            message: format!("`{path}` is `{new}`, less than the accepted `{old}`; a volume never shrinks"),
            label: format!("less than `{old}`"),
            notes: Vec::new(),
            hint: Some(format!("write at least `{old}`")),
        })
    });
    shrunk.collect()
}

fn database(spec: &UnionSpec) -> Option<&Quantity> {
    match &spec.database {
        Database::Postgres { storage, .. } => Some(&storage.size),
        Database::Sqlite {} | Database::External { .. } => None,
    }
}

fn backup(spec: &UnionSpec) -> Option<&Quantity> {
    match &spec.backup {
        Some(Backup { to: BackupTo::Volume { size, .. }, .. }) => Some(size),
        _ => None,
    }
}
