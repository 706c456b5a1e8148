//! The schemas of the documents, compiled once, and what they find.
//!
//! The files under `schema/` are the one description of the fields: editors complete from them, this module checks
//! with them. Invariant: nothing is fetched; a schema that another one names is one of ours.

mod bundle;
mod formats;
mod lookup;
mod message;
mod refused;
mod value;

use jsonschema::{Draft, PatternOptions, Registry, Resource, Retrieve, Uri, Validator};
use serde_json::Value as Json;

pub use self::bundle::bundled;
use self::lookup::Lookup;
pub(super) use self::message::first_line;
pub use self::message::nearest;
use super::node::Node;
use crate::diagnostic::Diagnostic;

/// Which of the three documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `keyforge.yaml`
    Keyforge,
    /// `unions/<union>/union.yaml`
    Union,
    /// `unions/<union>/societies/<society>.yaml`
    Society,
}

impl Kind {
    /// As documents write it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Keyforge => "Keyforge",
            Self::Union => "Union",
            Self::Society => "Society",
        }
    }

    /// Name of the file with its schema.
    pub fn file(self) -> &'static str {
        match self {
            Self::Keyforge => "keyforge.schema.json",
            Self::Union => "union.schema.json",
            Self::Society => "society.schema.json",
        }
    }
}

/// Name and text of each schema, as editors read them.
const FILES: [(&str, &str); 4] = [
    ("common.schema.json", include_str!("../../../schema/common.schema.json")),
    ("keyforge.schema.json", include_str!("../../../schema/keyforge.schema.json")),
    ("society.schema.json", include_str!("../../../schema/society.schema.json")),
    ("union.schema.json", include_str!("../../../schema/union.schema.json")),
];

/// Where the files stand for each other. Editors resolve the same relative names beside the file.
const BASE: &str = "keyforge:///schema/";

/// The compiled schemas: made once, lent to every `load`.
pub struct Schemas {
    keyforge: Validator,
    union: Validator,
    society: Validator,
    lookup: Lookup,
}

struct Deny;

impl Retrieve for Deny {
    fn retrieve(&self, uri: &Uri<String>) -> Result<Json, Box<dyn std::error::Error + Send + Sync>> {
        Err(format!("schema {uri} is not built in").into())
    }
}

/// Compiles parts of the schemas, such as `union.schema.json` or `union.schema.json#/$defs/spec`, each with all rules that
/// documents are checked by.
pub fn compiler() -> impl Fn(&str) -> Validator {
    let mut registry = Registry::new().retriever(Deny);
    for (name, schema) in files() {
        registry = registry
            .add(format!("{BASE}{name}"), Resource::from_contents(schema))
            .expect("a built-in schema has a sound name");
    }
    let registry = registry.prepare().expect("built-in schemas name only each other");
    move |reference| {
        let options = jsonschema::options()
            .with_draft(Draft::Draft202012)
            .with_registry(&registry)
            .offline()
            .should_validate_formats(true)
            .should_ignore_unknown_formats(false)
            // Linear in time, whatever text is matched.
            .with_pattern_options(PatternOptions::regex());
        formats::ALL
            .into_iter()
            .fold(options, |options, (name, check)| {
                options.with_format(name, move |text: &str| check(text).is_none())
            })
            .build(&serde_json::json!({ "$ref": format!("{BASE}{reference}") }))
            .expect("a built-in schema compiles")
    }
}

fn files() -> Vec<(&'static str, Json)> {
    FILES
        .iter()
        .map(|(name, text)| (*name, serde_json::from_str(text).expect("a built-in schema is JSON")))
        .collect()
}

impl Schemas {
    /// Compiles what is built in.
    #[expect(clippy::new_without_default, reason = "compiling is work, not a default")]
    pub fn new() -> Self {
        let compile = compiler();
        Self {
            keyforge: compile(Kind::Keyforge.file()),
            union: compile(Kind::Union.file()),
            society: compile(Kind::Society.file()),
            lookup: Lookup::new(files()),
        }
    }

    /// Checks a document of this kind. Without a diagnostic the JSON holds what the kind's type reads.
    pub(super) fn check(&self, kind: Kind, path: &str, node: &Node) -> Result<Json, Vec<Diagnostic>> {
        let validator = match kind {
            Kind::Keyforge => &self.keyforge,
            Kind::Union => &self.union,
            Kind::Society => &self.society,
        };
        let json = node.to_json();
        let found = message::diagnostics(&message::Document {
            kind,
            path,
            node,
            json: &json,
            validator,
            lookup: &self.lookup,
        });
        if found.is_empty() { Ok(json) } else { Err(found) }
    }
}
