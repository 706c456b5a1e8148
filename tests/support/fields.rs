//! Field ownership as the API server keeps it, as far as the planner's tests need: sets in `FieldsV1` form, apply,
//! and writes by others. Lists of named items are keyed by name, all other lists are one value.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

/// Which fields each manager owns.
pub type Managers = BTreeMap<String, Value>;

/// One step of a path such as `.spec.containers[0].image`.
#[derive(Debug, Clone)]
pub enum Step {
    Field(String),
    Item(usize),
}

/// A path as people write it.
pub fn path(text: &str) -> Vec<Step> {
    let steps = text.split_inclusive(['.', '[']).map(|part| part.trim_end_matches(['.', '[']));
    steps
        .filter(|part| !part.is_empty())
        .map(|part| match part.trim_end_matches(']').parse() {
            Ok(position) => Step::Item(position),
            Err(_) => Step::Field(part.to_owned()),
        })
        .collect()
}

/// The set of all fields that an object states; what names it is nobody's.
pub fn stated(object: &Value) -> Value {
    let mut set = set(object);
    for name in ["f:apiVersion", "f:kind"] {
        set.as_object_mut().expect("an object's set is one").remove(name);
    }
    for name in ["f:name", "f:namespace", "f:uid"] {
        set["f:metadata"].as_object_mut().expect("an object has metadata").remove(name);
    }
    set
}

fn set(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            members.iter().map(|(name, member)| (format!("f:{name}"), set(member))).collect()
        }
        Value::Array(items) if named(items) => items
            .iter()
            .map(|item| {
                let mut fields = set(item);
                fields["."] = json!({});
                (key(item), fields)
            })
            .collect(),
        _ => json!({}),
    }
}

fn named(items: &[Value]) -> bool {
    !items.is_empty() && items.iter().all(|item| item["name"].is_string())
}

fn key(item: &Value) -> String {
    format!("k:{}", json!({"name": item["name"]}))
}

/// Forced server-side apply.
pub fn apply(live: &mut Value, managers: &mut Managers, manager: &str, body: &Value) {
    let before = live.clone();
    let new = stated(body);
    if let Some(old) = managers.insert(manager.to_owned(), new.clone()) {
        let others: Vec<Value> =
            managers.iter().filter(|(name, _)| *name != manager).map(|(_, set)| set.clone()).collect();
        withdraw(live, &old, &new, &others.iter().collect::<Vec<_>>());
    }
    merge(live, body);
    for (_, set) in managers.iter_mut().filter(|(name, _)| *name != manager) {
        disown(set, &new, &before, live);
    }
}

/// Gives the fields of these managers to another one.
pub fn take_over(managers: &mut Managers, from: &[String], to: &str) {
    for name in from {
        let Some(set) = managers.remove(name) else { continue };
        merge(managers.entry(to.to_owned()).or_insert(json!({})), &set);
    }
}

/// A write of one field by somebody else; `None` takes it away.
pub fn write(live: &mut Value, managers: &mut Managers, manager: &str, at: &[Step], value: Option<Value>) {
    let before = live.clone();
    let mut place = &mut *live;
    let mut keys = Vec::new();
    let (last, way) = at.split_last().expect("a path has a step");
    for step in way {
        place = match step {
            Step::Field(name) => {
                keys.push(format!("f:{name}"));
                &mut place[name]
            }
            Step::Item(position) => {
                keys.push(key(&place[position]));
                &mut place[position]
            }
        };
    }
    match (last, value) {
        (Step::Field(name), Some(value)) => {
            keys.push(format!("f:{name}"));
            place[name] = value;
        }
        (Step::Field(name), None) => {
            place.as_object_mut().expect("a field is of an object").remove(name);
            return;
        }
        (Step::Item(position), Some(value)) => {
            keys.push(key(&value));
            if place.is_null() {
                *place = json!([]);
            }
            let items = place.as_array_mut().expect("an item is of a list");
            items.truncate(*position);
            items.push(value);
        }
        (Step::Item(position), None) => {
            place.as_array_mut().expect("an item is of a list").remove(*position);
            return;
        }
    }
    let leaf = at.iter().fold(&*live, |value, step| match step {
        Step::Field(name) => &value[name],
        Step::Item(position) => &value[position],
    });
    let mine = keys.iter().rev().fold(set(leaf), |below, key| json!({ key: below }));
    for (_, set) in managers.iter_mut().filter(|(name, _)| *name != manager) {
        disown(set, &mine, &before, live);
    }
    merge(managers.entry(manager.to_owned()).or_insert(json!({})), &mine);
}

/// Takes out of an object what was stated, is not any more, and is nobody else's.
fn withdraw(live: &mut Value, old: &Value, new: &Value, others: &[&Value]) {
    let Value::Object(old) = old else { return };
    for (key, below) in old.iter().filter(|(key, _)| *key != ".") {
        let others: Vec<&Value> = others.iter().filter_map(|set| set.get(key)).collect();
        let Some(place) = member(live, key) else { continue };
        match new.get(key) {
            None if others.is_empty() => remove(live, key),
            None => withdraw(place, below, &json!({}), &others),
            Some(new) => withdraw(place, below, new, &others),
        }
    }
}

/// Takes out of a set the leaves of another one whose values changed.
fn disown(set: &mut Value, taken: &Value, before: &Value, after: &Value) {
    let (Value::Object(set), Value::Object(taken)) = (set, taken) else { return };
    let mut gone = Vec::new();
    for (key, below) in set.iter_mut().filter(|(key, _)| *key != ".") {
        let Some(taken) = taken.get(key) else { continue };
        let (mut a, mut b) = (before.clone(), after.clone());
        let (a, b) = (member(&mut a, key).cloned(), member(&mut b, key).cloned());
        if below.as_object().is_none_or(Map::is_empty) {
            if a != b {
                gone.push(key.clone());
            }
        } else if let (Some(a), Some(b)) = (a, b) {
            disown(below, taken, &a, &b);
        }
    }
    for key in gone {
        set.remove(&key);
    }
}

fn member<'a>(live: &'a mut Value, at: &str) -> Option<&'a mut Value> {
    match at.split_at(2) {
        ("f:", name) => live.get_mut(name),
        _ => live.as_array_mut()?.iter_mut().find(|item| key(item) == at),
    }
}

fn remove(live: &mut Value, at: &str) {
    match live {
        Value::Object(members) => drop(members.remove(&at[2..])),
        Value::Array(items) => items.retain(|item| key(item) != at),
        _ => {}
    }
}

fn merge(live: &mut Value, body: &Value) {
    match (live, body) {
        (Value::Object(live), Value::Object(body)) => {
            for (name, value) in body {
                merge(live.entry(name.clone()).or_insert(Value::Null), value);
            }
        }
        (Value::Array(live), Value::Array(body)) if named(live) && named(body) => {
            for item in body {
                match live.iter_mut().find(|known| known["name"] == item["name"]) {
                    Some(known) => merge(known, item),
                    None => live.push(item.clone()),
                }
            }
        }
        (live, body) => *live = body.clone(),
    }
}
