//! What the schemas say about one place of a document.
//!
//! The validator tells that a value is wrong; what would be right (the fields, the limits) is looked up here,
//! so that messages never hold a second copy of the schemas.

use std::collections::BTreeMap;

use serde_json::Value as Json;

/// The schemas as they are written.
pub(super) struct Lookup {
    files: BTreeMap<&'static str, Json>,
}

/// A schema, and the file in which its `#/…` references count.
#[derive(Clone, Copy)]
struct Part<'a> {
    file: &'a str,
    schema: &'a Json,
}

impl Lookup {
    pub(super) fn new(files: Vec<(&'static str, Json)>) -> Self {
        Self { files: files.into_iter().collect() }
    }

    /// All schemas that a value at this place has to satisfy, references resolved.
    pub(super) fn at(&self, file: &'static str, tokens: &[String]) -> Vec<&Json> {
        let mut parts = Vec::new();
        if let Some(schema) = self.files.get(file) {
            self.resolve(Part { file, schema }, &mut parts);
        }
        for token in tokens {
            let mut below = Vec::new();
            for part in parts {
                let child = part.schema["properties"]
                    .get(token)
                    .or_else(|| part.schema.get("additionalProperties").filter(|schema| schema.is_object()))
                    .or_else(|| part.schema.get("items").filter(|_| token.parse::<usize>().is_ok()));
                if let Some(schema) = child {
                    self.resolve(Part { file: part.file, schema }, &mut below);
                }
            }
            parts = below;
        }
        parts.into_iter().map(|part| part.schema).collect()
    }

    fn resolve<'a>(&'a self, part: Part<'a>, into: &mut Vec<Part<'a>>) {
        into.push(part);
        if let Some(reference) = part.schema["$ref"].as_str() {
            let (file, pointer) = reference.split_once('#').unwrap_or((reference, ""));
            let file = if file.is_empty() { part.file } else { file };
            if let Some(schema) = self.files.get(file).and_then(|schema| schema.pointer(pointer)) {
                self.resolve(Part { file, schema }, into);
            }
        }
    }

    /// The fields that an object at this place may have.
    pub(super) fn fields(&self, file: &'static str, tokens: &[String]) -> Vec<&str> {
        self.at(file, tokens)
            .into_iter()
            .filter_map(|schema| schema["properties"].as_object())
            .flat_map(|properties| properties.keys().map(String::as_str))
            .collect()
    }

    /// The first value of a keyword at this place.
    pub(super) fn keyword(&self, file: &'static str, tokens: &[String], keyword: &str) -> Option<&Json> {
        self.at(file, tokens).into_iter().find_map(|schema| schema.get(keyword))
    }
}
