//! The meaning of documents whose shape is sound: what no schema can say.

pub(super) mod limits;
pub(super) mod signers;

use std::collections::{BTreeMap, HashMap};

use crate::diagnostic::{Code, Diagnostic, Note, Severity, Span, shown};
use crate::names::SocietyName;
use crate::spec::document::{Society, UnionSpec};
use crate::spec::finding::Findings;
use crate::spec::node::{Node, Place, Value};
use crate::spec::schema::first_line;

/// What a union needs from its own document or from the defaults.
pub(in crate::spec) fn required(document: &Node, findings: &mut Findings<'_>) {
    for path in [["spec", "contacts"].as_slice(), &["spec", "vaultwarden", "image"]] {
        let mut node = document;
        let mut place = first_line(document);
        for key in path {
            // Something that is no mapping is wrong already.
            if !matches!(node.value, Value::Map(_)) {
                break;
            }
            if let Some(entry) = node.entry(key) {
                place = entry.key_place;
            }
            let Some(below) = node.get(key) else {
                findings
                    .error(Code::MissingField, place, format!("`{}` is missing", path.join(".")))
                    .label(format!("lacks `{}`", path[path.len() - 1]))
                    .hint("set it here, or for all unions under `spec.defaults` of `keyforge.yaml`");
                break;
            };
            node = below;
        }
    }
}

/// `metadata.name` says what the path says.
pub(in crate::spec) fn name(document: &Node, expected: &str, findings: &mut Findings<'_>) {
    let Some(name) = document.get("metadata").and_then(|metadata| metadata.get("name")) else { return };
    let found = name.text().unwrap_or_default();
    if found != expected {
        findings
            .error(
                Code::NameMismatch,
                name.place,
                format!("`metadata.name` is `{}`; the path says `{expected}`", shown(found)),
            )
            .label(format!("not `{expected}`"));
    }
}

/// A union's `spec`.
pub(in crate::spec) fn union(document: &Node, spec: &UnionSpec, findings: &mut Findings<'_>) {
    let at = |path: &[&str]| place(document, path);
    for (name, request) in &spec.resources.requests {
        let Some(limit) = spec.resources.limits.get(name) else { continue };
        if request.thousandths() > limit.thousandths() {
            findings
                .error(
                    Code::RequestAboveLimit,
                    at(&["spec", "resources", "limits", name]),
                    format!(
                        "`spec.resources.limits.{name}` is `{limit}`, less than the requested `{request}`"
                    ),
                )
                .label("less than what is requested");
        }
    }
}

/// The place of a value, or of what is nearest above it.
fn place(document: &Node, path: &[&str]) -> Place {
    let mut node = document;
    for key in path {
        match node.get(key) {
            Some(below) => node = below,
            None => break,
        }
    }
    first_line(node)
}

/// A society: each member once. Addresses are compared without case, as mail servers and VaultWarden do.
pub(in crate::spec) fn society(document: &Node, society: &Society, findings: &mut Findings<'_>) {
    let members = document.get("spec").and_then(|spec| spec.get("members")).map_or(&[][..], Node::items);
    let mut seen: HashMap<String, Place> = HashMap::new();
    for (member, node) in society.members.iter().zip(members) {
        let place = node.get("email").map_or(node.place, |email| email.place);
        let address = member.email.as_str().to_ascii_lowercase();
        if let Some(first) = seen.get(&address) {
            findings
                .error(Code::DuplicateMember, place, format!("`{}` is a member twice", member.email))
                .label("the second time")
                .note(*first, "the first time")
                .hint("keep one of them, with the role that is meant");
        } else {
            seen.insert(address, place);
        }
    }
}

/// A society and where its display name stands.
pub(in crate::spec) type Named<'a> = (&'a SocietyName, &'a Society, Span);

/// Display names of the societies of one union: people choose by them.
pub(in crate::spec) fn display_names(societies: &[Named<'_>]) -> Vec<Diagnostic> {
    let mut seen: BTreeMap<String, &Span> = BTreeMap::new();
    let mut found = Vec::new();
    for (_, society, span) in societies {
        let folded = society.display_name.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
        if let Some(first) = seen.get(&folded) {
            found.push(Diagnostic {
                span: span.clone(),
                code: Code::DuplicateDisplayName,
                severity: Severity::Error,
                message: format!("two societies of this union are called `{}`", shown(&society.display_name)),
                label: "the second one".into(),
                notes: vec![Note { span: (*first).clone(), message: "the first one".into() }],
                hint: None,
            });
        } else {
            seen.insert(folded, span);
        }
    }
    found
}
