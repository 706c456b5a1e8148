//! A schema as one file, with everything inside that it refers to: what an editor can be given.
//!
//! References become plain pointers (`#/$defs/common/$defs/email`), which every reader of schemas follows; several do not
//! follow those to another file or to an embedded `$id`. What is found in a field is explained in the field's description,
//! from the codes that the files under `schema/` name with it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value as Json, json};

use super::{FILES, Kind};
use crate::diagnostic::Code;
use crate::diagnostic::print::explanation;

/// With a field: the codes of what can be wrong with it.
const CODES: &str = "x-codes";

/// The schema of a kind of document. Nothing in it refers to another file.
pub fn bundled(kind: Kind) -> Json {
    let files: BTreeMap<&str, &str> = FILES.into_iter().collect();
    let root = kind.file();
    let mut wanted = BTreeSet::new();
    let mut bundle = read(files[root]);
    point_inside(&mut bundle, root, root, &mut wanted);
    let mut inside = BTreeSet::new();
    while let Some(file) = wanted.pop_first() {
        let Some(text) = files.get(file.as_str()).filter(|_| inside.insert(file.clone())) else { continue };
        let mut definitions = json!({ "$defs": read(text)["$defs"].take() });
        point_inside(&mut definitions, &file, root, &mut wanted);
        bundle["$defs"][stem(&file)] = definitions;
    }
    describe(&mut bundle);
    let of_fields: BTreeSet<Code> = FILES.into_iter().flat_map(|(_, text)| named(&read(text))).collect();
    // What belongs to no field is of the document as a whole.
    explain(&mut bundle, Code::ALL.iter().copied().filter(|code| !of_fields.contains(code)));
    bundle
}

/// Explains the codes of every field where it is described.
fn describe(schema: &mut Json) {
    if let Some(codes) = schema.as_object_mut().and_then(|fields| fields.remove(CODES)) {
        explain(schema, listed(&codes));
    }
    match schema {
        Json::Object(fields) => fields.values_mut().for_each(describe),
        Json::Array(items) => items.iter_mut().for_each(describe),
        _ => {}
    }
}

fn explain(schema: &mut Json, codes: impl IntoIterator<Item = Code>) {
    let Some(Json::String(description)) = schema.get_mut("description") else { return };
    for code in codes {
        description.push_str(&format!("\n\n{}", explanation::text(code).trim_end()));
    }
}

/// The codes that a schema names with its fields.
fn named(schema: &Json) -> BTreeSet<Code> {
    match schema {
        Json::Object(fields) => {
            let below =
                |(name, value): (&String, &Json)| if name == CODES { listed(value) } else { named(value) };
            fields.iter().flat_map(below).collect()
        }
        Json::Array(items) => items.iter().flat_map(named).collect(),
        _ => BTreeSet::new(),
    }
}

fn listed(codes: &Json) -> BTreeSet<Code> {
    serde_json::from_value(codes.clone()).expect("a built-in schema names codes that there are")
}

fn read(text: &str) -> Json {
    serde_json::from_str(text).expect("a built-in schema is JSON")
}

/// `common` of `common.schema.json`
fn stem(file: &str) -> &str {
    file.split('.').next().unwrap_or(file)
}

/// Makes every reference of a schema from `file` one into the bundle of `root`, and collects the files that are wanted there.
fn point_inside(schema: &mut Json, file: &str, root: &str, wanted: &mut BTreeSet<String>) {
    match schema {
        Json::Object(fields) => {
            for (name, value) in fields {
                match (name.as_str(), &mut *value) {
                    ("$ref", Json::String(reference)) => {
                        let (other, pointer) = reference.split_once('#').unwrap_or((reference, ""));
                        let target = if other.is_empty() { file } else { other };
                        *reference = if target == root {
                            format!("#{pointer}")
                        } else {
                            wanted.insert(target.to_owned());
                            format!("#/$defs/{}{pointer}", stem(target))
                        };
                    }
                    // Data, not schemas.
                    ("examples" | "default" | "const" | "enum", _) => {}
                    _ => point_inside(value, file, root, wanted),
                }
            }
        }
        Json::Array(items) => items.iter_mut().for_each(|item| point_inside(item, file, root, wanted)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bundle_stands_alone_and_accepts_its_examples() {
        for kind in [Kind::Keyforge, Kind::Union, Kind::Society] {
            let bundle = bundled(kind);
            let text = bundle.to_string();
            assert!(!text.contains(".schema.json"), "{} names another file", kind.name());
            // No registry and no retriever: a reference that leads out would not compile.
            let schema = jsonschema::options().offline().build(&bundle).expect("a schema");
            let examples = bundle["examples"].as_array().expect("examples");
            for example in examples {
                assert_eq!(schema.iter_errors(example).map(|error| error.to_string()).next(), None);
            }
            let wrong =
                json!({ "apiVersion": "keyforge.dev/v1", "kind": kind.name(), "metadata": {"name": "a b"} });
            assert!(!schema.is_valid(&wrong), "{} follows its references", kind.name());
        }
    }
}
