//! From a snapshot to documents and diagnostics.
//!
//! One function for one union, and one that maps it over all: an error below `unions/<union>/` is part of that union's
//! candidate and of nothing else.

use std::collections::BTreeMap;

use super::claims::{Claim, Claims, check_claims};
use super::document::Union;
use super::keyforge::{Keyforge, Policy, check_directories, load_keyforge};
use super::places::Places;
use super::renames::renamed_twice;
use super::schema::Schemas;
use super::{Snapshot, UnionTree, check, directory};
use crate::diagnostic::{Diagnostic, Severity, Span};
use crate::digest::Digest;
use crate::names::UnionName;

/// What one directory under `unions/` says, before anybody decided about it.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// The directory's name, if unions can be called that.
    pub name: Option<UnionName>,
    /// What the document was made of.
    pub input: Digest,
    /// The union, only if there is no error.
    pub document: Option<Union>,
    /// Where it says what is compared with others.
    pub(super) places: Places,
    /// Everything found, sorted.
    pub diagnostics: Vec<Diagnostic>,
}

impl Candidate {
    /// The host it wants, if its document is sound.
    pub fn claim(&self) -> Option<Claim<'_>> {
        let union = self.document.as_ref()?;
        Some(Claim {
            union: &union.name,
            domain: &union.spec.domain,
            span: self.places.field("spec.domain")?,
        })
    }

    /// Where its `spec.renamedFrom` stands.
    pub fn renamed_from(&self) -> Option<&Span> {
        self.places.field("spec.renamedFrom")
    }

    /// Where its `spec.suspend` stands.
    pub fn suspend(&self) -> Option<&Span> {
        self.places.field("spec.suspend")
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

/// Reads and checks a whole repository, by its own `keyforge.yaml` and with hosts checked among its unions only: what was
/// accepted before is not known here.
pub fn load(schemas: &Schemas, snapshot: &Snapshot) -> Loaded {
    let (keyforge, mut diagnostics) = load_keyforge(schemas, snapshot.keyforge.as_ref());
    diagnostics.extend_from_slice(&snapshot.findings);
    if let Some(keyforge) = &keyforge {
        diagnostics.extend(check_directories(keyforge, snapshot.unions.keys()));
    }
    let judged = keyforge.as_ref().map(|keyforge| (keyforge, keyforge.policy()));
    let judged = judged.as_ref().map(|(keyforge, policy)| (*keyforge, policy));
    let mut unions: BTreeMap<String, Candidate> = snapshot
        .unions
        .iter()
        .map(|(directory, tree)| (directory.clone(), directory::read(schemas, judged, directory, tree)))
        .collect();
    let refused = check_claims(unions.values().filter_map(Candidate::claim), &Claims::default());
    for (name, why) in refused.into_iter().chain(renamed_twice(&unions)) {
        if let Some(candidate) = unions.get_mut(name.as_str()) {
            candidate.add(why);
        }
    }
    let documents = unions.values().filter_map(|candidate| candidate.document.as_ref());
    let recipients = keyforge.as_ref().map(|keyforge| &keyforge.spec.sealing.recipients);
    let recipients = recipients.filter(|keys| !keys.is_empty());
    diagnostics.extend(recipients.and_then(|keys| check::sealed::other_number(keys, documents)));
    diagnostics.sort();
    Loaded { keyforge, unions, diagnostics }
}

/// Reads and checks the directory of one union whose files were read.
///
/// `keyforge` gives the defaults, `policy` is of the one accepted before (see [`Policy`]).
pub fn load_union(
    schemas: &Schemas,
    keyforge: &Keyforge,
    policy: &Policy,
    directory: &str,
    tree: &UnionTree,
) -> Candidate {
    directory::read(schemas, Some((keyforge, policy)), directory, tree)
}
