//! The meaning of documents whose shape is sound: what no schema can say.
//!
//! One file per concern. Each function takes a document as tree and as value and writes findings; none of them knows
//! another document, but for those of `society` that look at the union or at its other societies.

pub(super) mod keyforge;
pub(super) mod limits;
pub(super) mod sealed;
pub(super) mod secrets;
pub(super) mod signers;
pub(super) mod society;
pub(super) mod succession;
mod titles;
pub(super) mod union;

use crate::diagnostic::{Code, shown};
use crate::spec::finding::Findings;
use crate::spec::node::{Node, Place, Value};
use crate::spec::scalar::{Reading, Scalar};
use crate::spec::schema::first_line;

/// `metadata.name` says what the path says.
pub(in crate::spec) fn name(document: &Node, expected: &str, findings: &mut Findings<'_>) {
    let Some(name) = document.get("metadata").and_then(|metadata| metadata.get("name")) else { return };
    // What is no text is told as that.
    let Value::Scalar(Scalar { text: found, reading: Reading::Text }) = &name.value else { return };
    if &**found != expected {
        findings
            .error(
                Code::NameMismatch,
                name.place,
                format!("`metadata.name` is `{}`; the path says `{expected}`", shown(found)),
            )
            .label(format!("not `{expected}`"));
    }
}

/// The value at a path of fields and positions, if all of it is there.
pub(in crate::spec) fn find<'n>(document: &'n Node, path: &str) -> Option<&'n Node> {
    path.split('.').try_fold(document, |node, step| match &node.value {
        Value::List(items) => items.get(step.parse::<usize>().ok()?),
        _ => node.get(step),
    })
}

/// The place of the value at a path, or of what is nearest above it.
pub(in crate::spec) fn place(document: &Node, path: &str) -> Place {
    let mut node = document;
    for step in path.split('.') {
        match find(node, step) {
            Some(below) => node = below,
            None => break,
        }
    }
    first_line(node)
}

/// The place of the key at a path, or of what is nearest above it.
fn key_place(document: &Node, path: &str) -> Place {
    let (above, key) = path.rsplit_once('.').unwrap_or(("", path));
    let object = if above.is_empty() { Some(document) } else { find(document, above) };
    object.and_then(|object| object.entry(key)).map_or_else(|| place(document, path), |entry| entry.key_place)
}

/// The path as messages write it: `spec.notifications[0]`.
fn written(path: &str) -> String {
    path.split('.').fold(String::new(), |path, step| match step.parse::<usize>() {
        Ok(position) => format!("{path}[{position}]"),
        Err(_) if path.is_empty() => step.to_owned(),
        Err(_) => format!("{path}.{step}"),
    })
}

/// `a`, `b` and `c`, quoted and of bounded length.
fn listed<T: ToString>(texts: impl IntoIterator<Item = T>) -> String {
    let texts: Vec<String> =
        texts.into_iter().map(|text| format!("`{}`", shown(&text.to_string()))).collect();
    texts.join(", ")
}
