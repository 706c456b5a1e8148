//! From a snapshot to documents and diagnostics.
//!
//! One function for one union, and one that maps it over all: an error below `unions/<union>/` is part of that union's
//! candidate and of nothing else.

use std::collections::BTreeMap;

use super::claims::{Claim, Claims, check_claims};
use super::document::{Metadata, Society, Union, UnionSpec};
use super::finding::Findings;
use super::keyforge::{Keyforge, load_keyforge};
use super::node::Node;
use super::schema::{Kind, Schemas};
use super::unread::is_yaml;
use super::{File, Snapshot, UnionTree, Unread, check, merge, yaml};
use crate::diagnostic::{Code, Diagnostic, Severity, Span};
use crate::digest::Digest;
use crate::names::{SocietyName, UnionName};
use crate::revision::ObjectId;

/// What one directory under `unions/` says, before anybody decided about it.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// The directory's name, if unions can be called that.
    pub name: Option<UnionName>,
    /// What the document was made of.
    pub input: Digest,
    /// The union, only if there is no error.
    pub document: Option<Union>,
    /// Where its `spec.domain` stands.
    domain: Option<Span>,
    /// Everything found, sorted.
    pub diagnostics: Vec<Diagnostic>,
}

impl Candidate {
    /// The host it wants, if its document is sound.
    pub fn claim(&self) -> Option<Claim<'_>> {
        let union = self.document.as_ref()?;
        Some(Claim { union: &union.name, domain: &union.spec.domain, span: self.domain.as_ref()? })
    }

    /// Adds a finding; an error takes the document away.
    pub fn add(&mut self, diagnostic: Diagnostic) {
        if diagnostic.severity == Severity::Error {
            self.document = None;
        }
        self.diagnostics.push(diagnostic);
        self.diagnostics.sort();
        self.diagnostics.dedup();
    }
}

/// A whole repository.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// What holds for all unions; without it all are held.
    pub keyforge: Option<Keyforge>,
    /// By directory.
    pub unions: BTreeMap<String, Candidate>,
    /// What was found outside of the unions' directories, sorted.
    pub diagnostics: Vec<Diagnostic>,
}

impl Loaded {
    /// All diagnostics, sorted by place.
    pub fn all_diagnostics(&self) -> Vec<&Diagnostic> {
        let unions = self.unions.values().flat_map(|candidate| &candidate.diagnostics);
        let mut all: Vec<_> = self.diagnostics.iter().chain(unions).collect();
        all.sort();
        all.dedup();
        all
    }
}

/// Reads and checks a whole repository. Hosts are checked among its unions only: what was accepted before is not known
/// here.
pub fn load(schemas: &Schemas, snapshot: &Snapshot) -> Loaded {
    let (keyforge, mut diagnostics) = load_keyforge(schemas, snapshot.keyforge.as_ref());
    diagnostics.extend_from_slice(&snapshot.findings);
    diagnostics.sort();
    let mut unions: BTreeMap<String, Candidate> = snapshot
        .unions
        .iter()
        .map(|(directory, tree)| (directory.clone(), candidate(schemas, keyforge.as_ref(), directory, tree)))
        .collect();
    let refused = check_claims(unions.values().filter_map(Candidate::claim), &Claims::default());
    for (name, why) in refused {
        if let Some(candidate) = unions.get_mut(name.as_str()) {
            candidate.add(why);
        }
    }
    Loaded { keyforge, unions, diagnostics }
}

/// Reads and checks the directory of one union whose files were read.
pub fn load_union(schemas: &Schemas, keyforge: &Keyforge, directory: &str, tree: &UnionTree) -> Candidate {
    candidate(schemas, Some(keyforge), directory, tree)
}

/// What a union's document is made of: its directory, and the slice of `keyforge.yaml` that reaches it. A union with an
/// unchanged digest need not be read.
pub fn input_digest(tree: &ObjectId, effective: &Keyforge) -> Digest {
    Digest::of_parts([tree.as_bytes().as_slice(), effective.effective.as_bytes()])
}

/// Without a `keyforge.yaml` the union's own mistakes are found all the same, but there is no document.
fn candidate(schemas: &Schemas, keyforge: Option<&Keyforge>, directory: &str, tree: &UnionTree) -> Candidate {
    let mut reading = Reading { schemas, keyforge, directory, diagnostics: tree.findings.clone() };
    let name = reading.name();
    let files = tree.files.as_deref().unwrap_or_default();
    let union = if tree.files.is_some() { reading.union(files) } else { None };
    let societies = reading.societies(files);
    let mut diagnostics = reading.diagnostics;
    diagnostics.sort();
    diagnostics.dedup();
    let sound = keyforge.is_some() && diagnostics.iter().all(|found| found.severity != Severity::Error);
    let domain = union.as_ref().and_then(|union| union.domain.clone());
    let document = match (&name, union) {
        (Some(name), Some(read)) if sound => Some(Union {
            name: name.clone(),
            source: format!("unions/{directory}/union.yaml"),
            labels: read.metadata.labels,
            spec: read.spec,
            societies,
        }),
        _ => None,
    };
    let input = keyforge.map_or_else(
        || Digest::of_parts([tree.tree.as_bytes().as_slice()]),
        |keyforge| input_digest(&tree.tree, keyforge),
    );
    Candidate { name, input, document, domain, diagnostics }
}

/// `union.yaml`, read.
struct Read {
    metadata: Metadata,
    spec: UnionSpec,
    domain: Option<Span>,
}

#[derive(serde::Deserialize)]
struct Document<S> {
    metadata: Metadata,
    spec: S,
}

struct Reading<'a> {
    schemas: &'a Schemas,
    keyforge: Option<&'a Keyforge>,
    directory: &'a str,
    diagnostics: Vec<Diagnostic>,
}

impl Reading<'_> {
    fn name(&mut self) -> Option<UnionName> {
        self.directory
            .parse()
            .map_err(|error| {
                let path = format!("unions/{}", self.directory);
                self.diagnostics.push(invalid_name(path, "a union", self.directory, &error));
            })
            .ok()
    }

    fn union(&mut self, files: &[File]) -> Option<Read> {
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
        let directory = self.directory.to_owned();
        let mut findings = Findings::new(&file.path);
        let read = self.typed::<Document<UnionSpec>>(Kind::Union, file, &document, |read, findings| {
            check::union(&document, &read.spec, findings);
        });
        if directory.parse::<UnionName>().is_ok() {
            check::name(&document, &directory, &mut findings);
        }
        self.diagnostics.extend(findings.into_list());
        let domain = document.get("spec").and_then(|spec| spec.get("domain"));
        let domain = domain.map(|node| node.place.span(&file.path));
        read.map(|Document { metadata, spec }| Read { metadata, spec, domain })
    }

    fn societies(&mut self, files: &[File]) -> BTreeMap<SocietyName, Society> {
        let prefix = format!("unions/{}/", self.directory);
        let mut societies = BTreeMap::new();
        let mut places = BTreeMap::new();
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
            self.diagnostics.extend(findings.into_list());
            let read = self.typed::<Document<Society>>(Kind::Society, file, &document, |read, findings| {
                check::society(&document, &read.spec, findings);
            });
            if let (Some(name), Some(read)) = (name, read) {
                let place = document.get("spec").and_then(|spec| spec.get("displayName"));
                let span = place.map_or_else(|| Span::file(&*file.path), |node| node.place.span(&file.path));
                places.insert(name.clone(), span);
                societies.insert(name, read.spec);
            }
        }
        let named: Vec<check::Named<'_>> =
            societies.iter().map(|(name, society)| (name, society, places[name].clone())).collect();
        self.diagnostics.extend(check::display_names(&named));
        societies
    }

    fn tree(&mut self, file: &File) -> Option<Node> {
        let (tree, found) = yaml::read(&file.path, &file.content);
        self.diagnostics.extend(found);
        tree
    }

    /// The document as a value, if its shape is sound.
    fn typed<T: serde::de::DeserializeOwned>(
        &mut self,
        kind: Kind,
        file: &File,
        document: &Node,
        check: impl FnOnce(&T, &mut Findings<'_>),
    ) -> Option<T> {
        let checked = self.schemas.check(kind, &file.path, document);
        let mut findings = Findings::new(&file.path);
        if kind == Kind::Union && self.keyforge.is_some() && checked.is_ok() {
            check::required(document, &mut findings);
        }
        let complete = findings.is_empty() && self.keyforge.is_some();
        let read = match checked {
            Ok(json) if complete || kind == Kind::Society => serde_json::from_value::<T>(json)
                .inspect(|read| check(read, &mut findings))
                .inspect_err(|error| findings.unreadable(kind, document, error))
                .ok(),
            Ok(_) => None,
            Err(found) => {
                self.diagnostics.extend(found);
                None
            }
        };
        self.diagnostics.extend(findings.into_list());
        read
    }
}

fn invalid_name(path: String, what: &str, name: &str, error: &crate::names::NameError) -> Diagnostic {
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
