//! `keyforge.yaml` as a value: what holds for all unions.
//!
//! Its defaults stay a tree with places: they become part of each union's document, and a diagnostic about one has to
//! point here. Stored as JSON; read back from there, they point to the file as a whole.

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::document::{IgnoreRule, KeyforgeSpec, Limits, Metadata};
use super::finding::Findings;
use super::node::Node;
use super::schema::{Kind, Schemas, nearest};
use super::{File, KEYFORGE, check, yaml};
use crate::diagnostic::{Code, Diagnostic, Severity, Span, shown};
use crate::digest::Digest;
use crate::names::UnionName;
use crate::revision::ObjectId;

/// `keyforge.yaml`: what holds for all unions.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(from = "Stored", into = "Stored")]
pub struct Keyforge {
    /// A label for people.
    pub name: String,
    /// What it says beside the defaults.
    pub spec: KeyforgeSpec,
    /// Fields of `Union.spec` for every union that does not set them.
    pub(super) defaults: Option<Node>,
    /// Of the defaults.
    effective: Digest,
    /// The unions that it names, for warnings; none after it was stored.
    named: Vec<Named>,
}

/// A union that `keyforge.yaml` names, and where.
#[derive(Debug, Clone)]
struct Named {
    field: &'static str,
    name: String,
    span: Span,
    ahead: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Stored {
    name: String,
    #[serde(default)]
    spec: KeyforgeSpec,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    defaults: Option<Json>,
}

impl Keyforge {
    fn new(name: String, spec: KeyforgeSpec, defaults: Option<Node>) -> Self {
        let slice = defaults.as_ref().map_or_else(String::new, |node| node.to_json_with_nulls().to_string());
        Self { name, spec, defaults, effective: Digest::of(slice), named: Vec::new() }
    }

    /// Whether unions get the same from both.
    pub fn has_defaults_of(&self, other: &Self) -> bool {
        self.effective == other.effective
    }

    /// What the documents of the *next* revision are judged by.
    pub fn policy(&self) -> Policy {
        Policy::new(self.spec.limits.clone(), self.spec.ignore.clone())
    }
}

/// What the documents of a revision are judged by: of the `keyforge.yaml` accepted before it, since the policy does not
/// judge itself (decisions.md 1.3). The first revision is judged by its own.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    /// What a union's document may ask for.
    pub(super) limits: Limits,
    /// Fields of a union's objects that are left to others.
    pub(super) ignore: Vec<IgnoreRule>,
    /// Of what is the same for all unions; made once, since each union's input digest needs it.
    shared: Digest,
}

impl Policy {
    fn new(mut limits: Limits, ignore: Vec<IgnoreRule>) -> Self {
        let domains = std::mem::take(&mut limits.domains);
        let shared = serde_json::to_vec(&(&limits, &ignore)).expect("both are JSON: their keys are text");
        Self { limits: Limits { domains, ..limits }, ignore, shared: Digest::of(shared) }
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self::new(Limits::default(), Vec::new())
    }
}

/// What a union is made of: its directory, the defaults, the limits that reach it, and the fields left to others. A union with an
/// unchanged digest need not be read.
pub fn input_digest(directory: &str, tree: &ObjectId, keyforge: &Keyforge, policy: &Policy) -> Digest {
    let own = directory.parse().ok().and_then(|name: UnionName| policy.limits.domains.get(&name));
    let own = own.into_iter().flatten().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    let parts: [&[u8]; 4] =
        [tree.as_bytes(), keyforge.effective.as_bytes(), policy.shared.as_bytes(), own.as_bytes()];
    Digest::of_parts(parts)
}

/// Equal by what they say, wherever that stands.
impl PartialEq for Keyforge {
    fn eq(&self, other: &Self) -> bool {
        (&self.name, &self.spec, self.effective) == (&other.name, &other.spec, other.effective)
    }
}

impl From<Keyforge> for Stored {
    fn from(keyforge: Keyforge) -> Self {
        let defaults = keyforge.defaults.as_ref().map(Node::to_json_with_nulls);
        Self { name: keyforge.name, spec: keyforge.spec, defaults }
    }
}

impl From<Stored> for Keyforge {
    fn from(stored: Stored) -> Self {
        Self::new(stored.name, stored.spec, stored.defaults.map(Node::from_json))
    }
}

#[derive(Deserialize)]
struct Document {
    metadata: Metadata,
    #[serde(default)]
    spec: KeyforgeSpec,
}

/// Reads `keyforge.yaml`. Without a value all unions are held at their last snapshot (decisions.md 2), and the
/// diagnostics say why; there are no defaults for a missing file, since it also bounds what a revision may destroy.
pub fn load_keyforge(schemas: &Schemas, file: Option<&File>) -> (Option<Keyforge>, Vec<Diagnostic>) {
    let Some(file) = file else {
        return (None, vec![missing()]);
    };
    let (tree, diagnostics) = yaml::read(&file.path, &file.content);
    let secrets = check::secrets::check(file, tree.as_ref());
    let (keyforge, mut diagnostics) = match tree {
        Some(tree) => checked(schemas, file, &tree, diagnostics),
        None => (None, diagnostics),
    };
    let secrets = check::secrets::untold(secrets, &diagnostics);
    let keyforge = keyforge.filter(|_| secrets.is_empty());
    diagnostics.extend(secrets);
    (keyforge, diagnostics)
}

fn checked(
    schemas: &Schemas,
    file: &File,
    tree: &Node,
    mut diagnostics: Vec<Diagnostic>,
) -> (Option<Keyforge>, Vec<Diagnostic>) {
    let json = match schemas.check(Kind::Keyforge, &file.path, tree) {
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
            let mut findings = Findings::new(&file.path);
            check::keyforge::check(tree, &document.spec, &mut findings);
            if let Some(signatures) = &document.spec.signatures {
                let source = String::from_utf8_lossy(&file.content);
                check::signers::check(tree, &source, signatures, &mut findings);
            }
            if !findings.is_empty() {
                return (None, findings.into_list());
            }
            let mut keyforge = Keyforge::new(document.metadata.name, document.spec, defaults);
            let named = check::keyforge::unions(tree).into_iter();
            keyforge.named = named
                .map(|found| Named {
                    field: found.field,
                    name: found.name.to_owned(),
                    span: findings.span(found.place),
                    ahead: found.ahead,
                })
                .collect();
            (Some(keyforge), diagnostics)
        }
        Err(error) => {
            let mut findings = Findings::new(&file.path);
            findings.unreadable(Kind::Keyforge, tree, &error);
            (None, findings.into_list())
        }
    }
}

/// What `keyforge.yaml` says of unions that are not there, and does not say of those that are: warnings. `directories` are
/// all under `unions/`.
pub fn check_directories<'a>(
    keyforge: &Keyforge,
    directories: impl IntoIterator<Item = &'a String>,
) -> Vec<Diagnostic> {
    let directories: Vec<&str> = directories.into_iter().map(String::as_str).collect();
    let mut found = unknown_unions(keyforge, &directories);
    found.extend(open_domains(keyforge, &directories));
    found
}

/// The unions that may have any host, since no suffix is set for theirs.
fn open_domains(keyforge: &Keyforge, unions: &[&str]) -> Option<Diagnostic> {
    const NAMED: usize = 5;
    let limited = &keyforge.spec.limits.domains;
    let open: Vec<&str> = unions
        .iter()
        .copied()
        .filter(|name| name.parse::<UnionName>().is_ok_and(|name| !limited.contains_key(&name)))
        .collect();
    let named = open.iter().take(NAMED).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let who = match open.len() {
        0 => return None,
        1 => format!("union {named} may take any host that no other union has"),
        2..=NAMED => format!("unions {named} may take any host that no other union has"),
        all => format!("unions {named} and {} more may take any host that no other union has", all - NAMED),
    };
    Some(Diagnostic {
        span: Span::file(KEYFORGE),
        code: Code::OpenDomain,
        severity: Severity::Warning,
        message: format!("{who}, since no suffix is set"),
        label: "no suffix under `spec.limits.domains`".into(),
        notes: Vec::new(),
        hint: Some("name the hosts of each union under `spec.limits.domains`".into()),
    })
}

/// The names in `keyforge.yaml` that are no union's, out of `unions`. What has to be said before a union comes is told only
/// where the name is nearly one that is there.
fn unknown_unions(keyforge: &Keyforge, unions: &[&str]) -> Vec<Diagnostic> {
    let unknown = keyforge.named.iter().filter(|named| !unions.contains(&named.name.as_str()));
    let told = unknown.filter_map(|named| {
        let is_free = |name: &&str| {
            !keyforge.named.iter().any(|other| other.field == named.field && other.name == **name)
        };
        let near = nearest(&named.name, unions.iter().copied().filter(is_free));
        (near.is_some() || !named.ahead).then(|| Diagnostic {
            span: named.span.clone(),
            code: Code::UnknownUnion,
            severity: Severity::Warning,
            message: format!(
                "`{}` names the union `{}`, which is not there",
                named.field,
                shown(&named.name)
            ),
            label: "no such union".into(),
            notes: Vec::new(),
            hint: near.map(|near| format!("did you mean `{near}`?")),
        })
    });
    told.collect()
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
