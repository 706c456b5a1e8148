//! What of a union's changes would not be done at once: it is suspended, or a restart waits for the update window.
//!
//! By the same rule as `wait`, as far as it can be known offline: whether the server runs well, and whether the window is
//! open when the revision is pushed, is not.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::super::wait::{goes_with_a_restart, restarts, suspended};
use super::{Difference, Resource, Verb};
use crate::desired::Life;
use crate::spec::UnionSpec;

/// What is not done at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Delay {
    /// `updateWindow` or `suspend`.
    pub cause: &'static str,
    /// Why, in a line for people.
    pub why: String,
    /// Who says so, in which commit. No part of a digest: a commit that is put on top of others has another name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// What waits.
    pub resources: Vec<Resource>,
}

/// What of the changes of a running union waits. `suspended_by`: who says so in the document, if it is suspended.
pub fn delay(
    spec: &UnionSpec,
    suspended_by: Option<&str>,
    changes: &[Difference],
    now: DateTime<Utc>,
) -> Option<Delay> {
    let waiting = |is: &dyn Fn(&str) -> bool| {
        let held = changes.iter().filter(|change| match &change.resource {
            Resource::Kubernetes { kind, .. } => is(kind),
            Resource::Society { .. } => is(super::societies::SOCIETY),
        });
        held.map(|change| change.resource.clone()).collect()
    };
    if let Some(waits) = suspended(spec, Life::Running, now) {
        return Some(Delay {
            cause: waits.cause.as_str(),
            why: waits.told(spec, None),
            by: suspended_by.map(str::to_owned),
            resources: waiting(&|_| true),
        });
    }
    let window = spec.update_window.as_ref()?;
    let is_restart = |change: &Difference| match (&change.resource, change.change) {
        (Resource::Kubernetes { kind, .. }, Verb::Update) => {
            restarts(kind, change.fields.iter().map(|field| field.path.as_str()))
        }
        _ => false,
    };
    changes.iter().any(is_restart).then(|| Delay {
        cause: super::super::Cause::UpdateWindow.as_str(),
        why: format!(
            "restarts the server: waits for the update window ({} for {}, {})",
            window.schedule, window.duration, window.time_zone
        ),
        by: None,
        resources: waiting(&goes_with_a_restart),
    })
}
