//! The tree of a YAML file: values with their places.
//!
//! Separate from JSON, since a diagnostic needs to know where a value stands and how it was written. Invariant: a
//! mapping has each key once, and a key is text.

use serde_json::{Map, Value as Json};

use super::KEYFORGE;
use super::scalar::Scalar;
use crate::diagnostic::Span;

/// Lines and columns, and whose file they count in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub line: u32,
    pub column: u32,
    pub end_line: u32,
    pub end_column: u32,
    /// In `keyforge.yaml`, from where the value was merged into the document of a union.
    pub inherited: bool,
}

impl Place {
    /// A file as a whole.
    pub(super) const FILE: Self = Self { line: 1, column: 1, end_line: 1, end_column: 1, inherited: false };

    /// The place as a span, for a value of the document at `path`.
    pub(super) fn span(self, path: &str) -> Span {
        Span {
            path: if self.inherited { KEYFORGE } else { path }.to_owned(),
            line: self.line,
            column: self.column,
            end_line: self.end_line,
            end_column: self.end_column,
        }
    }
}

/// A value and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Node {
    pub value: Value,
    pub place: Place,
}

/// A value of YAML, as far as documents have them.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Scalar(Scalar),
    List(Vec<Node>),
    Map(Vec<Entry>),
}

/// A key of a mapping with its value.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Entry {
    pub key: Box<str>,
    /// What other readers would take the key for, if it is no text for them.
    pub doubt: Option<&'static str>,
    pub key_place: Place,
    pub value: Node,
}

impl Node {
    /// The entries, if this is a mapping.
    pub(super) fn entries(&self) -> &[Entry] {
        match &self.value {
            Value::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The entry of a key, if this is a mapping that has it.
    pub(super) fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries().iter().find(|entry| &*entry.key == key)
    }

    /// The value of a key that has one: `key:` without a value is as good as not written.
    pub(super) fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|entry| &entry.value).filter(|node| !node.is_null())
    }

    /// The items, if this is a list.
    pub(super) fn items(&self) -> &[Node] {
        match &self.value {
            Value::List(items) => items,
            _ => &[],
        }
    }

    /// The text, if this is a scalar.
    pub(super) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar(scalar) => Some(&scalar.text),
            _ => None,
        }
    }

    pub(super) fn is_null(&self) -> bool {
        matches!(&self.value, Value::Scalar(scalar) if scalar.is_null())
    }

    /// Whether a key somewhere below has no value.
    pub(super) fn has_empty_field(&self) -> bool {
        match &self.value {
            Value::Scalar(_) => false,
            Value::List(items) => items.iter().any(Self::has_empty_field),
            Value::Map(entries) => {
                entries.iter().any(|entry| entry.value.is_null() || entry.value.has_empty_field())
            }
        }
    }

    /// As JSON, without the keys that have no value: `null` unsets (RFC 7396).
    pub(super) fn to_json(&self) -> Json {
        self.json(false)
    }

    /// As JSON with `null` where a key has no value.
    pub(super) fn to_json_with_nulls(&self) -> Json {
        self.json(true)
    }

    fn json(&self, nulls: bool) -> Json {
        match &self.value {
            Value::Scalar(scalar) => scalar.to_json(),
            Value::List(items) => items.iter().map(|item| item.json(nulls)).collect(),
            Value::Map(entries) => Json::Object(
                entries
                    .iter()
                    .filter(|entry| nulls || !entry.value.is_null())
                    .map(|entry| (entry.key.to_string(), entry.value.json(nulls)))
                    .collect::<Map<_, _>>(),
            ),
        }
    }

    /// From JSON that was stored: what it says is known, where it stood is not.
    pub(super) fn from_json(json: Json) -> Self {
        let value = match json {
            Json::Array(items) => Value::List(items.into_iter().map(Self::from_json).collect()),
            Json::Object(fields) => Value::Map(
                fields
                    .into_iter()
                    .map(|(key, value)| Entry {
                        key: key.into(),
                        doubt: None,
                        key_place: Place::FILE,
                        value: Self::from_json(value),
                    })
                    .collect(),
            ),
            scalar => Value::Scalar(Scalar::from_json(scalar)),
        };
        Self { value, place: Place::FILE }
    }

    /// Marks the whole tree as merged from `keyforge.yaml`.
    pub(super) fn inherit(&mut self) {
        self.place.inherited = true;
        match &mut self.value {
            Value::Scalar(_) => {}
            Value::List(items) => items.iter_mut().for_each(Self::inherit),
            Value::Map(entries) => {
                for entry in entries {
                    entry.key_place.inherited = true;
                    entry.value.inherit();
                }
            }
        }
    }
}
