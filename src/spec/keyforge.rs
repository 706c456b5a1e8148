//! `keyforge.yaml` as a value: what holds for all unions.
//!
//! Its defaults stay a tree with places: they become part of each union's document, and a diagnostic about one has to
//! point here. Stored as JSON; read back from there, they point to the file as a whole.

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::document::{Guards, Metadata};
use super::finding::Findings;
use super::node::Node;
use super::schema::{Kind, Schemas};
use super::{File, KEYFORGE, yaml};
use crate::diagnostic::{Code, Diagnostic, Severity, Span};
use crate::digest::Digest;

/// `keyforge.yaml`: what holds for all unions.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(from = "Stored", into = "Stored")]
pub struct Keyforge {
    /// A label for people.
    pub name: String,
    /// Limits on what one revision may destroy.
    pub guards: Guards,
    /// Fields of `Union.spec` for every union that does not set them.
    pub(super) defaults: Option<Node>,
    /// Of the slice that reaches unions: `guards` do not change any.
    pub(super) effective: Digest,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Stored {
    name: String,
    guards: Guards,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    defaults: Option<Json>,
}

impl Keyforge {
    fn new(name: String, guards: Guards, defaults: Option<Node>) -> Self {
        let slice = defaults.as_ref().map_or_else(String::new, |node| node.to_json_with_nulls().to_string());
        Self { name, guards, defaults, effective: Digest::of(slice) }
    }
}

/// Equal by what they say, wherever that stands.
impl PartialEq for Keyforge {
    fn eq(&self, other: &Self) -> bool {
        (&self.name, &self.guards, self.effective) == (&other.name, &other.guards, other.effective)
    }
}

impl From<Keyforge> for Stored {
    fn from(keyforge: Keyforge) -> Self {
        let defaults = keyforge.defaults.as_ref().map(Node::to_json_with_nulls);
        Self { name: keyforge.name, guards: keyforge.guards, defaults }
    }
}

impl From<Stored> for Keyforge {
    fn from(stored: Stored) -> Self {
        Self::new(stored.name, stored.guards, stored.defaults.map(Node::from_json))
    }
}

#[derive(Deserialize)]
struct Document {
    metadata: Metadata,
    #[serde(default)]
    spec: Spec,
}

#[derive(Default, Deserialize)]
struct Spec {
    #[serde(default)]
    guards: Guards,
}

/// Reads `keyforge.yaml`. Without a value all unions are held at their last snapshot (decisions.md 2), and the
/// diagnostics say why; there are no defaults for a missing file, since it also bounds what a revision may destroy.
pub fn load_keyforge(schemas: &Schemas, file: Option<&File>) -> (Option<Keyforge>, Vec<Diagnostic>) {
    let Some(file) = file else {
        return (None, vec![missing()]);
    };
    let (tree, mut diagnostics) = yaml::read(&file.path, &file.content);
    let Some(tree) = tree else { return (None, diagnostics) };
    let json = match schemas.check(Kind::Keyforge, &file.path, &tree) {
        Ok(json) => json,
        Err(found) => {
            diagnostics.extend(found);
            return (None, diagnostics);
        }
    };
    if !diagnostics.is_empty() {
        return (None, diagnostics);
    }
    let defaults = tree.get("spec").and_then(|spec| spec.get("defaults")).cloned();
    match serde_json::from_value::<Document>(json) {
        Ok(document) => {
            let keyforge = Keyforge::new(document.metadata.name, document.spec.guards, defaults);
            (Some(keyforge), diagnostics)
        }
        Err(error) => {
            let mut findings = Findings::new(&file.path);
            findings.unreadable(Kind::Keyforge, &tree, &error);
            (None, findings.into_list())
        }
    }
}

fn missing() -> Diagnostic {
    Diagnostic {
        span: Span::file(KEYFORGE),
        code: Code::MissingKeyforge,
        severity: Severity::Error,
        message: format!("`{KEYFORGE}` is missing"),
        label: "not there".into(),
        notes: Vec::new(),
        hint: Some("create it; `apiVersion`, `kind` and `metadata.name` are all it needs".into()),
    }
}
