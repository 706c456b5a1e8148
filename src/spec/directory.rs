//! The directory of one union: its `union.yaml`, its societies, and what else lies there.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde_json::Value as Json;

use super::document::{Metadata, Society, Union, UnionSpec};
use super::finding::Findings;
use super::keyforge::{Keyforge, Policy, input_digest};
use super::load::Candidate;
use super::node::Node;
use super::places::Places;
use super::schema::{Kind, Schemas};
use super::unread::is_yaml;
use super::{File, UnionTree, Unread, check, merge, yaml};
use crate::diagnostic::{Code, Diagnostic, Severity, Span};
use crate::digest::Digest;
use crate::names::{NameError, SocietyName, UnionName};

/// Without a `keyforge.yaml` the union's own mistakes are found all the same, but there is no document.
pub(super) fn read(
    schemas: &Schemas,
    judged_by: Option<(&Keyforge, &Policy)>,
    directory: &str,
    tree: &UnionTree,
) -> Candidate {
    let (keyforge, policy) = judged_by.unzip();
    let (diagnostics, places, secrets) = (tree.findings.clone(), Places::default(), Vec::new());
    let mut reader = Reader { schemas, keyforge, policy, directory, diagnostics, places, secrets };
    let name = reader.name();
    let files = tree.files.as_deref().unwrap_or_default();
    let union = if tree.files.is_some() { reader.union(files) } else { None };
    let societies = reader.societies(files, union.as_ref().map(|union| &*union.spec));
    let Reader { mut diagnostics, places, secrets, .. } = reader;
    diagnostics.extend(check::secrets::untold(secrets, &diagnostics));
    diagnostics.sort();
    diagnostics.dedup();
    let sound = keyforge.is_some() && diagnostics.iter().all(|found| found.severity != Severity::Error);
    let document = match (&name, union) {
        (Some(name), Some(read)) if sound => Some(Union {
            name: name.clone(),
            source: format!("unions/{directory}/union.yaml"),
            labels: read.metadata.labels,
            spec: read.spec,
            egress: policy.map(|policy| policy.limits.egress.clone()).unwrap_or_default(),
            ceiling: policy.map(|policy| policy.limits.resources.clone()).unwrap_or_default(),
            ignore: policy.map(|policy| policy.ignore.clone()).unwrap_or_default(),
            societies,
        }),
        _ => None,
    };
    let input = judged_by.map_or_else(
        || Digest::of_parts([tree.tree.as_bytes().as_slice()]),
        |(keyforge, policy)| input_digest(directory, &tree.tree, keyforge, policy),
    );
    Candidate { name, input, document, places, diagnostics }
}

#[derive(serde::Deserialize)]
struct Document<S> {
    metadata: Metadata,
    spec: S,
}

struct Reader<'a> {
    schemas: &'a Schemas,
    keyforge: Option<&'a Keyforge>,
    policy: Option<&'a Policy>,
    directory: &'a str,
    diagnostics: Vec<Diagnostic>,
    places: Places,
    /// Told where nothing else is wrong with the line.
    secrets: Vec<Diagnostic>,
}

impl Reader<'_> {
    fn name(&mut self) -> Option<UnionName> {
        self.directory
            .parse()
            .map_err(|error| {
                let path = format!("unions/{}", self.directory);
                self.diagnostics.push(invalid_name(path, "a union", self.directory, &error));
            })
            .ok()
    }

    fn union(&mut self, files: &[File]) -> Option<Document<Box<UnionSpec>>> {
        let path = format!("unions/{}/union.yaml", self.directory);
        let Some(file) = files.iter().find(|file| file.path == path) else {
            // Something that is there but could not be read has its own finding.
            let unread = |found: &Diagnostic| {
                path.strip_suffix("/union.yaml") == Some(&found.span.path) || found.span.path == path
            };
            if !self.diagnostics.iter().any(unread) {
                self.diagnostics.push(missing_union(self.directory, path));
            }
            return None;
        };
        let mut document = self.tree(file)?;
        if let Some(defaults) = self.keyforge.and_then(|keyforge| keyforge.defaults.as_ref()) {
            document = merge::with_defaults(defaults, document);
        }
        let name = self.directory.parse::<UnionName>().ok();
        let mut findings = Findings::new(&file.path);
        let json = self.shape(Kind::Union, file, &document);
        // Without `keyforge.yaml` nobody knows which fields it would have given.
        let mut read = None;
        if let Some(policy) = self.policy {
            let is_union = document.get("kind").and_then(Node::text) == Some(Kind::Union.name());
            if is_union && document.get("spec").is_some() {
                check::union::required(&document, &mut findings);
            }
            let complete = json.filter(|_| findings.is_empty());
            read = complete
                .and_then(|json| typed::<Box<UnionSpec>>(Kind::Union, json, &document, &mut findings));
            if let Some(read) = &read {
                check::union::check(&document, &read.spec, &mut findings);
                if let Some(name) = &name {
                    check::union::renamed(&document, name, &read.spec, &mut findings);
                }
                check::limits::check(&document, name.as_ref(), &read.spec, &policy.limits, &mut findings);
            }
        }
        if name.is_some() {
            check::name(&document, self.directory, &mut findings);
        }
        self.diagnostics.extend(findings.into_list());
        self.places.add_union(&document, &file.path);
        read
    }

    fn societies(&mut self, files: &[File], union: Option<&UnionSpec>) -> BTreeMap<SocietyName, Society> {
        let prefix = format!("unions/{}/", self.directory);
        let mut societies = BTreeMap::new();
        let mut spans = BTreeMap::new();
        for file in files {
            let Some(path) = file.path.strip_prefix(&prefix) else { continue };
            if path == "union.yaml" || !is_yaml(path) {
                continue;
            }
            let stem = path.strip_prefix("societies/").and_then(|name| name.strip_suffix(".yaml"));
            let Some(stem) = stem.filter(|stem| !stem.contains('/')) else {
                self.diagnostics.push(Unread::Misplaced.at(&file.path));
                continue;
            };
            let name = match stem.parse::<SocietyName>() {
                Ok(name) => Some(name),
                Err(error) => {
                    self.diagnostics.push(invalid_name(file.path.clone(), "a society", stem, &error));
                    None
                }
            };
            let Some(document) = self.tree(file) else { continue };
            let mut findings = Findings::new(&file.path);
            if name.is_some() {
                check::name(&document, stem, &mut findings);
            }
            let json = self.shape(Kind::Society, file, &document);
            let read = json.and_then(|json| typed::<Society>(Kind::Society, json, &document, &mut findings));
            if let Some(read) = &read {
                check::society::check(&document, &read.spec, &mut findings);
                check::society::owner(&document, &read.spec, union, &mut findings);
            }
            self.diagnostics.extend(findings.into_list());
            if let (Some(name), Some(read)) = (name, read) {
                self.places.add_society(&name, &read.spec, &document, &file.path);
                let span = |field| check::place(&document, field).span(&file.path);
                spans.insert(name.clone(), (span("spec.displayName"), span("spec.renamedFrom")));
                societies.insert(name, read.spec);
            }
        }
        let named = societies.iter().zip(spans.into_values()).map(|((name, society), (title, renamed))| {
            check::society::Named { name, society, title, renamed }
        });
        self.diagnostics.extend(check::society::together(&named.collect::<Vec<_>>()));
        societies
    }

    fn tree(&mut self, file: &File) -> Option<Node> {
        let (tree, found) = yaml::read(&file.path, &file.content);
        self.diagnostics.extend(found);
        self.secrets.extend(check::secrets::check(file, tree.as_ref()));
        tree
    }

    /// The document as JSON, if its schema has nothing against it.
    fn shape(&mut self, kind: Kind, file: &File, document: &Node) -> Option<Json> {
        self.schemas.check(kind, &file.path, document).map_err(|found| self.diagnostics.extend(found)).ok()
    }
}

/// The document as a value.
fn typed<S: DeserializeOwned>(
    kind: Kind,
    json: Json,
    document: &Node,
    findings: &mut Findings<'_>,
) -> Option<Document<S>> {
    serde_json::from_value(json).inspect_err(|error| findings.unreadable(kind, document, error)).ok()
}

fn invalid_name(path: String, what: &str, name: &str, error: &NameError) -> Diagnostic {
    Diagnostic {
        span: Span::file(path),
        code: Code::InvalidName,
        severity: Severity::Error,
        message: format!("`{name}` cannot be the name of {what}: {error}"),
        label: "not a name".into(),
        notes: Vec::new(),
        hint: None,
    }
}

fn missing_union(directory: &str, path: String) -> Diagnostic {
    Diagnostic {
        span: Span::file(path),
        code: Code::MissingUnion,
        severity: Severity::Error,
        message: format!("`unions/{directory}` has no `union.yaml`"),
        label: "not there".into(),
        notes: Vec::new(),
        hint: None,
    }
}
