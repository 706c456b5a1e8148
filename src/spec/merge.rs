//! The defaults of `keyforge.yaml` merged into a union (RFC 7396).
//!
//! Values keep their places, so that a diagnostic about a merged one points into `keyforge.yaml`. What has a `kind` or
//! alternatives is replaced as a whole: half of one `expose` and half of another would be neither.

use super::node::{Entry, Node, Value};

/// Fields that are replaced as a whole wherever they stand in `Union.spec`.
const WHOLE: [&str; 2] = ["expose", "tls"];

/// The union's document with `defaults` for what its `spec` does not say.
pub(super) fn with_defaults(defaults: &Node, mut document: Node) -> Node {
    if let Value::Map(entries) = &mut document.value
        && let Some(spec) = entries.iter_mut().find(|entry| &*entry.key == "spec")
    {
        merge(defaults, &mut spec.value);
    }
    document
}

fn merge(defaults: &Node, own: &mut Node) {
    let (Value::Map(defaults), Value::Map(entries)) = (&defaults.value, &mut own.value) else { return };
    for default in defaults {
        match entries.iter_mut().find(|entry| entry.key == default.key) {
            None => entries.push(inherited(default)),
            // Without a value of its own the field is unset, whatever the default says.
            Some(entry) if !WHOLE.contains(&&*entry.key) => merge(&default.value, &mut entry.value),
            Some(_) => {}
        }
    }
}

fn inherited(default: &Entry) -> Entry {
    let mut entry = default.clone();
    entry.key_place.inherited = true;
    entry.value.inherit();
    entry
}
