//! From what the validator found to diagnostics: place, words, hint.
//!
//! One cause, one diagnostic: a value that breaks several rules is told once, by the rule that explains most.
//! Values that could be secret are never part of a message.

use std::collections::BTreeMap;

use jsonschema::error::ValidationErrorKind as Error;
use jsonschema::{ValidationError, Validator};
use serde_json::Value as Json;

use super::lookup::Lookup;
use super::{Kind, formats};
use crate::diagnostic::{Code, Diagnostic, shown};
use crate::spec::finding::Findings;
use crate::spec::node::{Entry, Node, Place, Value};
use crate::spec::scalar::{Doubt, Reading, Scalar};

/// One document and what it is checked with.
pub(super) struct Document<'a> {
    pub kind: Kind,
    pub path: &'a str,
    pub node: &'a Node,
    pub json: &'a Json,
    pub validator: &'a Validator,
    pub lookup: &'a Lookup,
}

/// Everything that is wrong with the document's shape.
pub(super) fn diagnostics(document: &Document<'_>) -> Vec<Diagnostic> {
    let mut findings = Findings::new(document.path);
    if document.is_of_another_kind(&mut findings) {
        return findings.into_list();
    }
    let (mut doubtful, mut keys) = (BTreeMap::new(), Vec::new());
    collect_doubtful(document.node, &mut Vec::new(), &mut doubtful, &mut keys);
    // A date where a date belongs is no doubt, right or wrong.
    doubtful.retain(|tokens, (_, doubt, _)| {
        *doubt != Doubt::Date || document.keyword(tokens, "format").is_none_or(|format| format != "date")
    });
    let mut values: BTreeMap<String, ValidationError<'_>> = BTreeMap::new();
    // Most documents are sound, and whether one is costs less than what is wrong with it.
    let is_sound = document.validator.is_valid(document.json);
    let errors = (!is_sound).then(|| document.validator.iter_errors(document.json));
    for error in errors.into_iter().flatten() {
        let tokens = tokens(&error);
        match error.kind() {
            Error::AdditionalProperties { unexpected } => {
                document.unknown_fields(&tokens, unexpected, &mut findings);
            }
            Error::Required { property } => document.missing_field(&tokens, property, &mut findings),
            Error::PropertyNames { error } => document.wrong_key(&tokens, error, &mut findings),
            _ if doubtful.contains_key(&tokens) => {}
            _ => {
                let pointer = error.instance_path().as_str().to_owned();
                let better = values.get(&pointer).is_none_or(|other| rank(error.kind()) < rank(other.kind()));
                if better {
                    values.insert(pointer, error);
                }
            }
        }
    }
    for error in values.values() {
        document.wrong_value(error, &mut findings);
    }
    for (tokens, (scalar, doubt, place)) in &doubtful {
        document.doubtful(tokens, scalar, *doubt, *place, &mut findings);
    }
    for (tokens, entry, noun) in &keys {
        document.doubtful_key(tokens, entry, noun, &mut findings);
    }
    if document.node.has_empty_field() {
        document.unknown_empty_fields(&mut findings);
    }
    findings.into_list()
}

/// Which rule explains a wrong value best: the lower, the better.
fn rank(kind: &Error) -> u8 {
    match kind {
        Error::FalseSchema => 0,
        Error::Type { .. } => 1,
        Error::Enum { .. } | Error::Constant { .. } => 2,
        Error::MinLength { .. } => 3,
        Error::Format { .. } => 4,
        _ => 5,
    }
}

type Doubtful<'a> = BTreeMap<Vec<String>, (&'a Scalar, Doubt, Place)>;

/// Keys that are no text for some readers, and what they are then.
type DoubtfulKeys<'a> = Vec<(Vec<String>, &'a Entry, &'static str)>;

fn collect_doubtful<'a>(
    node: &'a Node,
    tokens: &mut Vec<String>,
    into: &mut Doubtful<'a>,
    keys: &mut DoubtfulKeys<'a>,
) {
    match &node.value {
        Value::Scalar(scalar) => {
            if let Reading::Doubtful(doubt) = scalar.reading {
                into.insert(tokens.clone(), (scalar, doubt, node.place));
            }
        }
        Value::List(items) => {
            for (index, item) in items.iter().enumerate() {
                tokens.push(index.to_string());
                collect_doubtful(item, tokens, into, keys);
                tokens.pop();
            }
        }
        Value::Map(entries) => {
            for entry in entries {
                tokens.push(entry.key.to_string());
                keys.extend(entry.doubt.map(|noun| (tokens.clone(), entry, noun)));
                collect_doubtful(&entry.value, tokens, into, keys);
                tokens.pop();
            }
        }
    }
}

pub(super) fn tokens(error: &ValidationError<'_>) -> Vec<String> {
    let pointer = error.instance_path().as_str();
    pointer.split('/').skip(1).map(|token| token.replace("~1", "/").replace("~0", "~")).collect()
}

/// `spec.members[1].role`
pub(in crate::spec) fn field_path(root: &Node, tokens: &[String]) -> String {
    let mut path = String::new();
    let mut node = Some(root);
    for token in tokens {
        let is_item = node.is_some_and(|node| matches!(node.value, Value::List(_)));
        if is_item {
            path.push_str(&format!("[{token}]"));
        } else {
            if !path.is_empty() {
                path.push('.');
            }
            path.push_str(token);
        }
        node = node.and_then(|node| step(node, token).map(|(below, _)| below));
    }
    path
}

fn step<'n>(node: &'n Node, token: &str) -> Option<(&'n Node, Option<&'n Entry>)> {
    match &node.value {
        Value::Scalar(_) => None,
        Value::List(items) => items.get(token.parse::<usize>().ok()?).map(|item| (item, None)),
        Value::Map(_) => node.entry(token).map(|entry| (&entry.value, Some(entry))),
    }
}

impl Document<'_> {
    /// A document of another kind or version is told once: all that follows from it would be noise.
    fn is_of_another_kind(&self, findings: &mut Findings<'_>) -> bool {
        let wanted = self.kind.name();
        if let Some(kind) = self.node.get("kind").filter(|kind| kind.text() != Some(wanted)) {
            let found = kind.text().map_or_else(|| "no text".to_owned(), |text| format!("`{}`", shown(text)));
            findings
                .error(
                    Code::WrongKind,
                    kind.place,
                    format!("`kind` is {found}; a document at this path is a `{wanted}`"),
                )
                .label(format!("not `{wanted}`"));
            return true;
        }
        let version = self.node.get("apiVersion");
        if let Some(version) = version.filter(|version| version.text() != Some(API_VERSION)) {
            let found =
                version.text().map_or_else(|| "no text".to_owned(), |text| format!("`{}`", shown(text)));
            findings
                .error(
                    Code::UnknownApiVersion,
                    version.place,
                    format!("`apiVersion` is {found}; this version of Keyforge reads `{API_VERSION}`"),
                )
                .label("not a known version");
            return true;
        }
        false
    }

    /// The value at these tokens, or the deepest one above it that is there; with the entry it belongs to.
    pub(super) fn find(&self, tokens: &[String]) -> (&Node, Option<&Entry>) {
        let mut found = (self.node, None);
        for token in tokens {
            match step(found.0, token) {
                Some(below) => found = below,
                None => break,
            }
        }
        found
    }

    fn unknown_fields(&self, tokens: &[String], names: &[String], findings: &mut Findings<'_>) {
        let object = self.find(tokens).0;
        let fields = self.lookup.fields(self.kind.file(), tokens);
        for name in names {
            if self.refused(tokens, name, findings) {
                continue;
            }
            let place = object.entry(name).map_or(object.place, |entry| entry.key_place);
            let below = [tokens, std::slice::from_ref(name)].concat();
            let path = field_path(self.node, &below);
            let kind = self.kind.name();
            let message = format!("`{kind}` has no field `{}`", shown(&path));
            let finding = findings.error(Code::UnknownField, place, message);
            // What the document says already is not what was meant; what it only inherits may be.
            let is_free = |field: &&str| object.entry(field).is_none_or(|entry| entry.key_place.inherited);
            if let Some(near) = nearest(name, fields.iter().copied().filter(is_free)) {
                finding.label("not a known field").hint(format!("did you mean `{near}`?"));
            } else if fields.is_empty() {
                finding.label("not a known field");
            } else {
                finding.label("not a known field").hint(format!("known fields here are {}", list(&fields)));
            }
        }
    }

    /// Fields without a value are not in the JSON that was checked, but a mistyped one is a mistake all the same.
    fn unknown_empty_fields(&self, findings: &mut Findings<'_>) {
        let json = self.node.to_json_with_nulls();
        for error in self.validator.iter_errors(&json) {
            if let Error::AdditionalProperties { unexpected } = error.kind() {
                let tokens = tokens(&error);
                let object = self.find(&tokens).0;
                let empty: Vec<String> =
                    unexpected.iter().filter(|name| object.get(name).is_none()).cloned().collect();
                self.unknown_fields(&tokens, &empty, findings);
            }
        }
    }

    fn missing_field(&self, tokens: &[String], property: &Json, findings: &mut Findings<'_>) {
        let name = property.as_str().unwrap_or_default();
        let (object, entry) = self.find(tokens);
        let path = field_path(self.node, &[tokens, &[name.to_owned()]].concat());
        match object.entry(name) {
            // Told already, as what it is.
            None if name == "sealed" && self.has_plaintext(object) => {}
            None if self.is_misspelt(tokens, object, name) => {}
            Some(empty) => {
                findings
                    .error(Code::MissingField, empty.key_place, format!("`{path}` has no value"))
                    .label("no value");
            }
            None => {
                let place = entry.map_or_else(|| first_line(object), |entry| entry.key_place);
                let finding = findings
                    .error(Code::MissingField, place, format!("`{path}` is missing"))
                    .label(format!("lacks `{name}`"));
                if path.ends_with("expose.tls") {
                    finding.hint("a load balancer needs `tls: {secretName: <name>}` or `tls: external`");
                }
            }
        }
    }

    /// Whether the field is there under a name that is nearly its own: one mistake, which is told as that.
    pub(super) fn is_misspelt(&self, tokens: &[String], object: &Node, name: &str) -> bool {
        let known = self.lookup.fields(self.kind.file(), tokens);
        let unknown = object.entries().iter().filter(|entry| !known.contains(&&*entry.key));
        unknown.into_iter().any(|entry| nearest(&entry.key, known.iter().copied()) == Some(name))
    }

    fn wrong_key(&self, tokens: &[String], error: &ValidationError<'_>, findings: &mut Findings<'_>) {
        let object = self.find(tokens).0;
        let key = error.instance().as_str().unwrap_or_default();
        let Error::Format { format } = error.kind() else { return };
        let why = formats::error(format, key).unwrap_or_default();
        let place = object.entry(key).map_or(object.place, |entry| entry.key_place);
        let path = field_path(self.node, tokens);
        findings
            .error(Code::InvalidValue, place, format!("`{path}` has the key `{}`: {why}", shown(key)))
            .label("not an allowed key");
    }

    pub(super) fn keyword(&self, tokens: &[String], keyword: &str) -> Option<&Json> {
        self.lookup.keyword(self.kind.file(), tokens, keyword)
    }
}

/// The version of the config language that this version of Keyforge reads.
const API_VERSION: &str = "keyforge.dev/v1";

/// Where a list or mapping begins: what a caret can point at.
pub(in crate::spec) fn first_line(node: &Node) -> Place {
    match &node.value {
        _ if node.place.line == node.place.end_line => node.place,
        Value::Map(entries) => entries.first().map_or(node.place, |entry| entry.key_place),
        Value::List(items) => items.first().map_or(node.place, first_line),
        Value::Scalar(_) => node.place,
    }
}

/// The name at an edit distance of at most 2, if there is one: a typing mistake, not another word.
pub fn nearest<'a>(typed: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    names
        .map(|name| (strsim::osa_distance(typed, name), name))
        .filter(|(distance, name)| *distance <= 2 && *distance * 2 < name.chars().count())
        .min()
        .map(|(_, name)| name)
}

pub(super) fn list(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
