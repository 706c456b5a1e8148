//! What of a union is still wanted once it is removed: nothing that leads to its server, and a server that is stopped.
//!
//! Apart from rendering, which knows only unions that run. Invariant: what holds data is kept as it is.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::manifest::{Draft, object};
use super::slot::Slot;
use crate::revision::ObjectId;

/// How a removed union ends. Its state object tells it too, so that it outlives the database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Ending {
    /// Until when its data is kept. It never gets earlier.
    pub until: DateTime<Utc>,
    /// Whether its deletion has begun: from then on nothing brings it back.
    pub begun: bool,
    /// Its directory in Git, as it was accepted last.
    pub tree: ObjectId,
    /// What was accepted of it last, without people and societies: read only where the database was lost.
    pub union: Value,
}

/// Whether a removed union keeps it. Copies of other Secrets go: what was only lent is no part of its data.
pub(super) fn is_kept(draft: &Draft) -> bool {
    match draft.id.kind.as_str() {
        "Service" | "Ingress" | "HTTPRoute" => false,
        "Secret" => draft.slots.iter().all(|(_, slot)| !matches!(slot, Slot::Secret { .. })),
        _ => true,
    }
}

/// Whether pods come from it, so that it is stopped. Nothing else of a removed union is changed.
pub fn is_stopped(kind: &str) -> bool {
    matches!(kind, "Deployment" | "StatefulSet" | "CronJob")
}

/// Stops what runs.
pub(super) fn stop(draft: &mut Draft) {
    let (field, stopped) =
        if draft.id.kind == "CronJob" { ("suspend", json!(true)) } else { ("replicas", json!(0)) };
    if is_stopped(&draft.id.kind) {
        object(&mut draft.body, "spec").insert(field.into(), stopped);
    }
}
