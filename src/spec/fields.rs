//! The fields of a document as they are in force, each with the place that says so: its own file or `keyforge.yaml`.
//!
//! Separate from the typed documents, which are stored without places. Nothing is checked here: it is asked of what was
//! accepted. Invariant: a value that is sealed, or could be secret, is a word instead.

use super::node::{Node, Value};
use super::{KEYFORGE, Kind, merge, yaml};
use crate::diagnostic::{Span, is_secret_name, shown, visible};

/// A value that a file sets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Which, for example `spec.members[1].role`.
    pub path: String,
    /// The value in a line of bounded length.
    pub value: String,
    /// Where it stands.
    pub place: Span,
}

/// What the document at `path` sets below `spec`, defaults of `keyforge.yaml` included, in the order of the files.
pub fn fields(kind: Kind, keyforge: Option<&[u8]>, path: &str, content: &[u8]) -> Vec<Field> {
    let (Some(mut document), _) = yaml::read(path, content) else { return Vec::new() };
    if kind == Kind::Union
        && let (Some(keyforge), _) = keyforge.map(|content| yaml::read(KEYFORGE, content)).unwrap_or_default()
        && let Some(defaults) = keyforge.get("spec").and_then(|spec| spec.get("defaults"))
    {
        document = merge::with_defaults(defaults, document);
    }
    let mut fields = Vec::new();
    if let Some(spec) = document.get("spec") {
        walk(spec, "spec", Shown::Plain, path, &mut fields);
    }
    fields
}

/// How much of a value is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shown {
    Plain,
    Sealed,
    Masked,
}

fn walk(node: &Node, path: &str, how: Shown, file: &str, into: &mut Vec<Field>) {
    let value = match &node.value {
        Value::Map(entries) if !entries.is_empty() => {
            for entry in entries {
                let how = match how {
                    Shown::Plain if &*entry.key == "sealed" => Shown::Sealed,
                    // It names a Secret; what is in that stands in no file.
                    Shown::Masked if &*entry.key == "secretRef" => Shown::Plain,
                    Shown::Plain if is_secret_name(&entry.key) => Shown::Masked,
                    how => how,
                };
                walk(&entry.value, &format!("{path}.{}", entry.key), how, file, into);
            }
            return;
        }
        Value::List(items) if !items.is_empty() => {
            for (at, item) in items.iter().enumerate() {
                walk(item, &format!("{path}[{at}]"), how, file, into);
            }
            return;
        }
        Value::Map(_) => "{}".to_owned(),
        Value::List(_) => "[]".to_owned(),
        Value::Scalar(scalar) if scalar.is_null() => "null".to_owned(),
        Value::Scalar(scalar) => match how {
            Shown::Plain => visible(&shown(&scalar.text).replace(['\n', '\t'], " ")).into_owned(),
            Shown::Sealed => "sealed".to_owned(),
            Shown::Masked => "********".to_owned(),
        },
    };
    into.push(Field { path: path.to_owned(), value, place: node.place.span(file) });
}
