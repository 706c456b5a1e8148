//! Where values stand that are looked at together with what lies outside of their document: other unions, what was accepted
//! before, who wrote them.
//!
//! Apart from the values, which are stored without places. Only these are kept, since a tree of every document is large.

use std::collections::BTreeMap;

use super::check;
use super::document::{PasswordValue, Society};
use super::node::Node;
use crate::diagnostic::Span;
use crate::names::{PasswordName, SocietyName};

/// The fields of `union.yaml` whose places are kept.
const FIELDS: [&str; 8] = [
    "spec.backup.to.size",
    "spec.database.storage.size",
    "spec.domain",
    "spec.renamedFrom",
    "spec.rotation.adminToken",
    "spec.rotation.serviceAccount",
    "spec.storage.size",
    "spec.suspend",
];

/// The places of one union.
#[derive(Debug, Clone, Default)]
pub(super) struct Places {
    fields: BTreeMap<&'static str, Span>,
    rotations: BTreeMap<(SocietyName, PasswordName), Span>,
}

impl Places {
    /// Keeps those of `union.yaml`.
    pub(super) fn add_union(&mut self, document: &Node, path: &str) {
        let place = |field| check::find(document, field).map(|node| (field, node.place.span(path)));
        self.fields.extend(FIELDS.into_iter().filter_map(place));
    }

    /// Keeps those of a society.
    pub(super) fn add_society(&mut self, name: &SocietyName, society: &Society, document: &Node, path: &str) {
        let passwords = check::find(document, "spec.passwords").map_or(&[][..], Node::items);
        for (password, node) in society.passwords.iter().zip(passwords) {
            if let PasswordValue::Generate(_) = password.value {
                let place = check::place(node, "generate.rotation");
                self.rotations.insert((name.clone(), password.name.clone()), place.span(path));
            }
        }
    }

    /// Of a field of `union.yaml`, if a file sets it.
    pub(super) fn field(&self, field: &str) -> Option<&Span> {
        self.fields.get(field)
    }

    /// Of the rotation number of a password, or of what should have one.
    pub(super) fn rotation(&self, society: &SocietyName, password: &PasswordName) -> Option<&Span> {
        self.rotations.get(&(society.clone(), password.clone()))
    }
}
