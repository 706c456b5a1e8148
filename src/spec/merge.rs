//! The defaults of `keyforge.yaml` merged into a union (RFC 7396).
//!
//! Values keep their places, so that a diagnostic about a merged one points into `keyforge.yaml`. What has a `kind` or
//! alternatives is replaced as a whole: half of one `expose` and half of another would be neither. `owners` are always
//! added, and a union cannot say for somebody else's owner how their account is recognised.

use super::node::{Entry, Node, Value};

/// Fields that are replaced as a whole wherever they stand in `Union.spec`.
const WHOLE: [&str; 4] = ["database", "expose", "tls", "to"];

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
            Some(entry) if &*entry.key == "owners" => add_owners(&default.value, &mut entry.value),
            // Without a value of its own the field is unset, whatever the default says.
            Some(entry) if !WHOLE.contains(&&*entry.key) => merge(&default.value, &mut entry.value),
            Some(_) => {}
        }
    }
}

/// The owners of the defaults, then those of the union that they do not have yet. One that says something else of the
/// same person stays beside them, and is told as a mistake.
fn add_owners(defaults: &Node, own: &mut Node) {
    let mut owners = defaults.items().to_vec();
    owners.iter_mut().for_each(Node::inherit);
    for owner in own.items() {
        let is_there = defaults.items().iter().any(|there| {
            let equal = address(there).eq_ignore_ascii_case(address(owner));
            equal && (phrase(owner).is_none() || phrase(owner) == phrase(there))
        });
        if !is_there {
            owners.push(owner.clone());
        }
    }
    // Something that is no list is left for the schema to tell.
    if own.is_null() || matches!(own.value, Value::List(_)) {
        own.value = Value::List(owners);
    }
}

fn address(owner: &Node) -> &str {
    owner.get("email").and_then(Node::text).or_else(|| owner.text()).unwrap_or_default()
}

fn phrase(owner: &Node) -> Option<&str> {
    owner.get("confirm")?.get("fingerprint")?.text()
}

fn inherited(default: &Entry) -> Entry {
    let mut entry = default.clone();
    entry.key_place.inherited = true;
    entry.value.inherit();
    entry
}
