//! Keys of the server's `FieldsV1` sets: each names a field, or an item of a list by its keys, its value or its place.
//!
//! Apart, since both who reads a set beside the live object and who takes a field out of ours have to find its place.

use serde_json::Value;

use super::diff::step;

/// Where a key leads to in one value.
#[derive(Debug, Clone, Copy)]
pub(super) enum Member<'a> {
    /// A field of an object.
    Field(&'a str),
    /// An item of a list.
    Item(usize),
}

impl<'a> Member<'a> {
    /// Where the key leads to in this value; `None` if nothing of it is there.
    pub(super) fn of(key: &'a str, within: &Value) -> Option<Self> {
        let item = |is: &dyn Fn(&Value) -> bool| within.as_array()?.iter().position(is).map(Self::Item);
        match key.split_once(':')? {
            ("f", name) => within.get(name).map(|_| Self::Field(name)),
            ("k", keys) => {
                let keys: Value = serde_json::from_str(keys).ok()?;
                let keys = keys.as_object()?;
                item(&|value| keys.iter().all(|(name, wanted)| value.get(name) == Some(wanted)))
            }
            ("v", wanted) => {
                let wanted: Value = serde_json::from_str(wanted).ok()?;
                item(&|value| *value == wanted)
            }
            ("i", position) => {
                let position = position.parse().ok()?;
                within.get(position).map(|_| Self::Item(position))
            }
            _ => None,
        }
    }

    /// Its step of a path.
    pub(super) fn step(self) -> String {
        match self {
            Self::Field(name) => step(name),
            Self::Item(position) => format!("[{position}]"),
        }
    }

    /// What is there.
    pub(super) fn get(self, within: &Value) -> Option<&Value> {
        match self {
            Self::Field(name) => within.get(name),
            Self::Item(position) => within.get(position),
        }
    }

    /// What is there, to be changed.
    pub(super) fn get_mut(self, within: &mut Value) -> Option<&mut Value> {
        match self {
            Self::Field(name) => within.get_mut(name),
            Self::Item(position) => within.get_mut(position),
        }
    }

    /// Takes it away.
    pub(super) fn take_out(self, within: &mut Value) {
        match (self, within) {
            (Self::Field(name), Value::Object(fields)) => drop(fields.remove(name)),
            (Self::Item(position), Value::Array(items)) => drop(items.remove(position)),
            _ => {}
        }
    }
}
