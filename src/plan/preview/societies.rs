//! Two states of a union's societies: who may see what, and which passwords there are.
//!
//! Compared as the documents say it, by the names of their fields, so that a new field is told without a line here.
//! Invariant: of a sealed value nothing is left but a digest of the sealed text.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::super::diff;
use super::{Difference, Resource, Verb};
use crate::digest::Digest;
use crate::names::SocietyName;
use crate::spec::{Society, Union};

/// The kind of a society itself.
pub(super) const SOCIETY: &str = "Society";

/// The lists of a society whose items are resources of their own: the field, their kind, the field that names one.
const PARTS: [(&str, &str, &str); 3] = [
    ("members", "Member", "email"),
    ("collections", "Collection", "name"),
    ("passwords", "Password", "name"),
];

/// Where the former name of what was renamed stands.
const FORMER_NAME: &str = "renamedFrom";

/// Society by society; what is in one follows it.
pub(super) fn differences(before: Option<&Union>, after: Option<&Union>) -> Vec<Difference> {
    let read = |union: Option<&Union>| -> BTreeMap<String, Value> {
        let societies = union.into_iter().flat_map(|union| &union.societies);
        societies.map(|(name, society)| (name.to_string(), value(society))).collect()
    };
    let mut found = Vec::new();
    for (name, before, after) in paired(read(before), read(after)) {
        let Ok(society) = name.parse::<SocietyName>() else { continue };
        let (old, old_parts) = split(before);
        let (new, new_parts) = split(after);
        found.extend(difference(&society, SOCIETY, &name, old, new));
        for ((_, kind, _), (old, new)) in PARTS.into_iter().zip(old_parts.into_iter().zip(new_parts)) {
            for (name, old, new) in paired(old, new) {
                found.extend(difference(&society, kind, &name, old, new));
            }
        }
    }
    found
}

fn value(society: &Society) -> Value {
    let mut value = serde_json::to_value(society).expect("a document is JSON");
    tidy(&mut value);
    value
}

/// Leaves out what says nothing, and of sealed texts all but a digest.
fn tidy(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|_, member| match member {
                Value::Null => false,
                Value::Array(items) => !items.is_empty(),
                _ => true,
            });
            for (name, member) in members {
                match member {
                    Value::String(text) if name == "sealed" => {
                        *text = format!("sealed:{}", Digest::of(&*text).short());
                    }
                    member => tidy(member),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(tidy),
        _ => {}
    }
}

/// Lists of named things as what they are named: their order says nothing, and a path tells which one it is about.
fn by_name(value: &mut Value) {
    if let Value::Array(items) = value
        && items.iter().all(|item| item["name"].is_string())
    {
        let named = items.drain(..).filter_map(|mut item| {
            let name = item.as_object_mut()?.remove("name")?.as_str()?.to_owned();
            Some((name, item))
        });
        *value = Value::Object(named.collect());
    }
    match value {
        Value::Object(members) => members.values_mut().for_each(by_name),
        Value::Array(items) => items.iter_mut().for_each(by_name),
        _ => {}
    }
}

/// Each name of both sides once, with what it names on each. What was renamed is one thing under its new name.
fn paired(
    mut before: BTreeMap<String, Value>,
    mut after: BTreeMap<String, Value>,
) -> Vec<(String, Option<Value>, Option<Value>)> {
    let mut pairs = Vec::new();
    let renamed: Vec<(String, String)> = after
        .iter()
        .filter(|(name, _)| !before.contains_key(*name))
        .filter_map(|(name, value)| Some((name.clone(), value.get(FORMER_NAME)?.as_str()?.to_owned())))
        .collect();
    for (name, former) in renamed {
        let Some(mut old) = before.remove(&former) else { continue };
        let mut new = after.remove(&name).unwrap_or_default();
        // The name is told as a field, like any other; where it came from says the same once more.
        old["name"] = json!(former);
        new["name"] = json!(name);
        pairs.push((name, Some(old), Some(new)));
    }
    let names: BTreeSet<String> = before.keys().chain(after.keys()).cloned().collect();
    pairs.extend(names.into_iter().map(|name| {
        let (old, new) = (before.remove(&name), after.remove(&name));
        (name, old, new)
    }));
    pairs.sort_by(|a, b| a.0.cmp(&b.0));
    pairs
}

/// A society without the lists whose items are told alone, and these by the names of the items.
fn split(society: Option<Value>) -> (Option<Value>, [BTreeMap<String, Value>; PARTS.len()]) {
    let Some(Value::Object(mut society)) = society else { return (None, PARTS.map(|_| BTreeMap::new())) };
    let parts = PARTS.map(|(field, _, key)| {
        let Some(Value::Array(items)) = society.remove(field) else { return BTreeMap::new() };
        let named = |mut item: Value| {
            let name = item.as_object_mut()?.remove(key)?.as_str()?.to_owned();
            Some((name, item))
        };
        items.into_iter().filter_map(named).collect()
    });
    (Some(Value::Object(society)), parts)
}

fn difference(
    society: &SocietyName,
    kind: &'static str,
    name: &str,
    before: Option<Value>,
    after: Option<Value>,
) -> Option<Difference> {
    let nothing = || Value::Object(Map::new());
    let told = |value: Option<Value>| {
        let mut value = value.unwrap_or_else(nothing);
        value.as_object_mut().map(|fields| fields.remove(FORMER_NAME));
        by_name(&mut value);
        value
    };
    let change = match (&before, &after) {
        (None, None) => return None,
        (Some(_), None) => Verb::Delete,
        (None, Some(_)) => Verb::Create,
        (Some(_), Some(_)) => Verb::Update,
    };
    let fields = match change {
        Verb::Delete => Vec::new(),
        Verb::Update | Verb::Create => diff::fields(&told(before), &told(after)),
    };
    if change == Verb::Update && fields.is_empty() {
        return None;
    }
    let resource = Resource::Society { society: society.clone(), kind, name: name.to_owned() };
    Some(Difference { change, resource, fields })
}
