//! Two desired states, object by object.
//!
//! Both are ours, so what the server adds by itself is on neither side. Slots are compared by their names: that a secret
//! value changes is told by its number.

use std::collections::BTreeMap;

use serde_json::json;

use super::super::diff::{self, FieldChange};
use super::{Difference, Verb};
use crate::desired::{self, Controller, DesiredState, Manifest};
use crate::ids::ResourceId;

/// What is made, becomes another or goes; what goes comes in the order in which it is removed.
pub(super) fn differences(before: Option<&DesiredState>, after: Option<&DesiredState>) -> Vec<Difference> {
    let (had, wanted) = (manifests(before), manifests(after));
    let old: BTreeMap<&ResourceId, &Manifest> = had.iter().map(|have| (&have.id, have)).collect();
    let new: BTreeMap<&ResourceId, &Manifest> = wanted.iter().map(|want| (&want.id, want)).collect();

    let gone = had.iter().rev().filter(|have| !new.contains_key(&have.id));
    let mut found: Vec<Difference> =
        gone.map(|have| difference(Verb::Delete, &have.id, Vec::new())).collect();
    let controller = |state: &DesiredState| state.controller.clone();
    found.extend(credentials(before.and_then(controller).as_ref(), after.and_then(controller).as_ref()));
    for want in wanted {
        match old.get(&want.id) {
            None => found.push(difference(Verb::Create, &want.id, Vec::new())),
            Some(have) if have.digest == want.digest => {}
            Some(have) => {
                let fields = diff::changes(&desired::shown(have), &desired::shown(want));
                found.push(difference(Verb::Update, &want.id, fields));
            }
        }
    }
    found
}

fn manifests(state: Option<&DesiredState>) -> &[Manifest] {
    state.map_or(&[], |state| &state.manifests)
}

/// The controller's Secret: told by the number of what is drawn into it.
fn credentials(before: Option<&Controller>, after: Option<&Controller>) -> Option<Difference> {
    match (before, after) {
        (None, Some(new)) => Some(difference(Verb::Create, &new.credentials, Vec::new())),
        (Some(old), None) => Some(difference(Verb::Delete, &old.credentials, Vec::new())),
        (Some(old), Some(new)) if old.admin_token != new.admin_token => {
            let (from, to) = (Some(json!(old.admin_token)), Some(json!(new.admin_token)));
            let drawn = FieldChange { path: ".adminToken".into(), from, to };
            Some(difference(Verb::Update, &new.credentials, vec![drawn]))
        }
        _ => None,
    }
}

fn difference(change: Verb, id: &ResourceId, fields: Vec<FieldChange>) -> Difference {
    Difference { change, resource: id.into(), fields }
}
