//! A society: each thing once, and nothing that refers to what is not there.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::titles::{Shown, tell_apart};
use super::{find, key_place};
use crate::diagnostic::{Code, Diagnostic, Note, Severity, Span, shown};
use crate::names::SocietyName;
use crate::spec::LONGEST;
use crate::spec::document::{GENERAL, Role, Society, Union, UnionSpec};
use crate::spec::finding::Findings;
use crate::spec::node::{Node, Place};
use crate::spec::schema::nearest;

/// Everything about one society alone.
pub(in crate::spec) fn check(document: &Node, society: &Society, findings: &mut Findings<'_>) {
    members(document, findings);
    let items = |path: &str| find(document, path).map_or(&[][..], Node::items);
    let (collections, passwords) = (items("spec.collections"), items("spec.passwords"));
    names("collection", collections, findings);
    names("password", passwords, findings);

    let title = |node: &Node| node.get("title").or_else(|| node.get("name")).map(|title| title.place);
    let place = |node: &Node| title(node).unwrap_or(node.place);
    // What has the name of another one is told as that.
    let mut first = HashSet::new();
    let shown_collections =
        society.collections.iter().zip(collections).filter(|(one, _)| first.insert(&one.name));
    let shown_collections: Vec<Shown<'_>> =
        shown_collections.map(|(one, node)| (one.shown(), findings.span(place(node)))).collect();
    findings.extend(tell_apart("collections of this society", &shown_collections));
    let mut by_collection: HashMap<&str, Vec<Shown<'_>>> = HashMap::new();
    let mut first = HashSet::new();
    for (password, node) in society.passwords.iter().zip(passwords).filter(|(one, _)| first.insert(&one.name))
    {
        let span = findings.span(place(node));
        by_collection.entry(password.in_collection()).or_default().push((password.shown(), span));
    }
    for shown in by_collection.values() {
        findings.extend(tell_apart("passwords of one collection", shown));
    }

    let known: BTreeSet<&str> =
        society.collections.iter().map(|one| one.name.as_str()).chain([GENERAL]).collect();
    for (member, node) in society.members.iter().zip(items("spec.members")) {
        let given = node.get("collections").map_or(&[][..], Node::items);
        let mut seen = HashMap::new();
        for (access, node) in member.collections.iter().zip(given) {
            let name = access.name.as_str();
            let place = node.get("name").map_or(node.place, |name| name.place);
            collection(name, place, &known, findings);
            if let Some(first) = seen.insert(name, place) {
                let message = format!("`{}` has collection `{name}` twice", member.email);
                findings
                    .error(Code::DuplicateName, place, message)
                    .label("the second time")
                    .note(first, "the first time");
            }
        }
    }
    for (password, node) in society.passwords.iter().zip(passwords) {
        if let (Some(name), Some(node)) = (&password.collection, node.get("collection")) {
            collection(name.as_str(), node.place, &known, findings);
        }
        texts(node, findings);
    }
}

/// What a marker takes beside its fields: place, tag, and six slots.
const MARKER: usize = 1100;
/// What it takes for a field, beside its name.
const MARKED_FIELD: usize = 100;

/// The texts of a password, in bytes: its schema counts characters.
fn texts(password: &Node, findings: &mut Findings<'_>) {
    let fields = password.get("fields").map_or(&[][..], Node::items);
    let uris = password.get("uris").map_or(&[][..], Node::items);
    let values = fields.iter().filter_map(|field| field.get("value"));
    for node in password.get("notes").into_iter().chain(uris).chain(values) {
        let bytes = node.text().map_or(0, str::len);
        if bytes > LONGEST {
            let message = format!("this text has {bytes} bytes; VaultWarden keeps {LONGEST} of one");
            findings.error(Code::InvalidValue, node.place, message).label("too long").hint(
                "letters beyond ASCII take two bytes and more: shorten it, or divide it among `fields`",
            );
        }
    }
    // What Keyforge remembers of each field is in a text too, where any byte of a name may become six.
    let name = |field: &Node| field.get("name").and_then(Node::text).map_or(0, escaped);
    let marker = MARKER + fields.iter().map(|field| MARKED_FIELD + name(field)).sum::<usize>();
    if marker > LONGEST {
        let message =
            format!("{} fields with names of this length are more than one password can have", fields.len());
        findings
            .error(Code::InvalidValue, key_place(password, "fields"), message)
            .label("too many")
            .hint("divide them among two passwords");
    }
}

/// How many bytes a text takes in JSON, without its quotes.
fn escaped(text: &str) -> usize {
    let of = |c: char| match c {
        '"' | '\\' => 2,
        c if c.is_ascii_control() => 6,
        c => c.len_utf8(),
    };
    text.chars().map(of).sum()
}

/// Each member once. Addresses are compared without case, as mail servers and VaultWarden do.
fn members(document: &Node, findings: &mut Findings<'_>) {
    let mut seen: HashMap<String, Place> = HashMap::new();
    for node in find(document, "spec.members").map_or(&[][..], Node::items) {
        let Some(email) = node.get("email") else { continue };
        let written = email.text().unwrap_or_default();
        if let Some(first) = seen.get(&written.to_ascii_lowercase()) {
            findings
                .error(Code::DuplicateMember, email.place, format!("`{written}` is a member twice"))
                .label("the second time")
                .note(*first, "the first time")
                .hint("keep one of them, with the role that is meant");
        } else {
            seen.insert(written.to_ascii_lowercase(), email.place);
        }
    }
}

/// Names by which others refer, and former names, each once and none of them both.
fn names(what: &str, items: &[Node], findings: &mut Findings<'_>) {
    let mut seen: HashMap<&str, Place> = HashMap::new();
    for name in items.iter().filter_map(|node| node.get("name")) {
        let text = name.text().unwrap_or_default();
        if let Some(first) = seen.get(text) {
            findings
                .error(
                    Code::DuplicateName,
                    name.place,
                    format!("two {what}s of this society have the name `{text}`"),
                )
                .label("the second one")
                .note(*first, "the first one");
        } else {
            seen.insert(text, name.place);
        }
    }
    let mut former: HashMap<&str, Place> = HashMap::new();
    for from in items.iter().filter_map(|node| node.get("renamedFrom")) {
        let text = from.text().unwrap_or_default();
        if let Some(there) = seen.get(text) {
            findings
                .error(
                    Code::InvalidRename,
                    from.place,
                    format!("the {what} `{text}` is still there, so nothing was renamed from it"),
                )
                .label("still there")
                .note(*there, "here");
        } else if let Some(first) = former.insert(text, from.place) {
            findings
                .error(Code::InvalidRename, from.place, format!("two {what}s were renamed from `{text}`"))
                .label("the second one")
                .note(first, "the first one");
        }
    }
}

fn collection(name: &str, place: Place, known: &BTreeSet<&str>, findings: &mut Findings<'_>) {
    if known.contains(name) {
        return;
    }
    let message = format!("this society has no collection `{}`", shown(name));
    let finding = findings.error(Code::UnknownCollection, place, message).label("not a collection");
    finding.hint(match nearest(name, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("collections are {}", super::listed(known.iter().take(20))),
    });
}

/// Somebody has to be able to manage a society when Keyforge is gone.
pub(in crate::spec) fn owner(
    document: &Node,
    society: &Society,
    union: Option<&UnionSpec>,
    findings: &mut Findings<'_>,
) {
    let has_owner = society.members.iter().any(|member| member.role == Role::Owner);
    if has_owner || union.is_none_or(|union| !union.owners.is_empty()) {
        return;
    }
    findings
        .warning(
            Code::MissingOwner,
            key_place(document, "spec.members"),
            "this society has no owner, and its union has no `owners`: only Keyforge's own account could manage it",
        )
        .label("nobody is an owner")
        .hint("give somebody `role: owner`, or set `spec.owners` in `union.yaml`");
}

/// Societies that cannot be beside each other in a union: its documents are sound each, and were put together from two
/// revisions.
pub fn check_societies(union: &Union) -> Vec<Diagnostic> {
    let named = union.societies.iter().map(|(name, society)| {
        let file = Span::file(format!("unions/{}/societies/{name}.yaml", union.name));
        Named { name, society, title: file.clone(), renamed: file }
    });
    together(&named.collect::<Vec<_>>())
}

/// A society among others.
pub(in crate::spec) struct Named<'a> {
    pub name: &'a SocietyName,
    pub society: &'a Society,
    /// Where its display name stands.
    pub title: Span,
    /// Where its former name stands, if it has one.
    pub renamed: Span,
}

/// What the societies of one union are called: people choose by it. And former names that are still there.
pub(in crate::spec) fn together(societies: &[Named<'_>]) -> Vec<Diagnostic> {
    let titles: Vec<Shown<'_>> =
        societies.iter().map(|one| (one.society.display_name.as_str(), one.title.clone())).collect();
    let mut found = tell_apart("societies of this union", &titles);
    let there: HashMap<&SocietyName, &Named<'_>> = societies.iter().map(|one| (one.name, one)).collect();
    let mut former: HashMap<&SocietyName, &Named<'_>> = HashMap::new();
    for one in societies {
        let Some(from) = &one.society.renamed_from else { continue };
        let (message, label, note) = if let Some(other) = there.get(from) {
            let note = Note { span: other.title.clone(), message: "here".into() };
            (
                format!("the society `{from}` is still there, so nothing was renamed from it"),
                "still there",
                note,
            )
        } else if let Some(first) = former.insert(from, one) {
            let note = Note { span: first.renamed.clone(), message: "the first one".into() };
            (format!("two societies were renamed from `{from}`"), "the second one", note)
        } else {
            continue;
        };
        found.push(Diagnostic {
            span: one.renamed.clone(),
            code: Code::InvalidRename,
            severity: Severity::Error,
            message,
            label: label.into(),
            notes: vec![note],
            hint: None,
        });
    }
    found
}
