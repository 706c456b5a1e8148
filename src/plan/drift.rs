//! What of an object is not as wanted, and who made it so.

use std::collections::BTreeMap;

use serde_json::Value;

use super::additions::additions;
use super::diff::{self, FieldChange};
use super::observed::{Live, ManagedFields, Observed};
use super::{Refusal, managers};
use crate::desired::DesiredState;
use crate::ids::{FieldManager, ResourceId};
use crate::spec::IgnoreRule;

/// What of an object is not as wanted.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Drift {
    /// The fields, sorted by path.
    pub fields: Vec<FieldChange>,
    /// Whose they are, as far as they are somebody else's.
    pub managers: BTreeMap<FieldManager, Vec<String>>,
}

impl Drift {
    /// Whether everything is as wanted.
    pub fn is_none(&self) -> bool {
        self.fields.is_empty()
    }
}

/// The fields for which a plan was refused since they are of somebody else, each with its manager.
pub fn disputed<'a>(
    desired: &DesiredState,
    observed: &Observed,
    refusals: &'a [Refusal],
) -> impl Iterator<Item = (ResourceId, &'a FieldManager, FieldChange)> {
    refusals.iter().flat_map(|refusal| {
        let Refusal::Conflict { id, manager, fields } = refusal else { return Vec::new() };
        let drift = of(desired, observed, id).unwrap_or_default();
        let fields = drift.fields.into_iter().filter(|field| fields.contains(&field.path));
        fields.map(|field| (id.clone(), manager, field)).collect()
    })
}

/// Whose the fields of an object are that are not as wanted, as far as they are somebody else's.
pub fn changed_by(
    desired: &DesiredState,
    observed: &Observed,
    id: &ResourceId,
) -> BTreeMap<FieldManager, Vec<String>> {
    of(desired, observed, id).unwrap_or_default().managers
}

/// What of an object is not as wanted; none where it could not be compared.
fn of(desired: &DesiredState, observed: &Observed, id: &ResourceId) -> Option<Drift> {
    let want = desired.manifests.iter().find(|want| want.id == *id)?;
    let Live::Present(present) = observed.resources.get(id)? else { return None };
    let dry_run = present.dry_run.as_ref()?.as_ref().ok()?;
    Some(drift(&present.live, dry_run, &present.managed_fields, &want.ignored))
}

/// Compares an object with the server's dry-run of ours: fields that differ, and fields that somebody added. What the
/// rules leave to others was no part of what was dry-run.
pub fn drift(live: &Value, dry_run: &Value, managed: &[ManagedFields], rules: &[IgnoreRule]) -> Drift {
    let mut fields = diff::changes(live, dry_run);
    let mut managers = managers::owners(&fields, managed);
    for (manager, added) in additions(live, managed, rules) {
        let owned = managers.entry(manager).or_default();
        for field in added {
            if fields.iter().all(|known| known.path != field.path) {
                owned.push(field.path.clone());
                fields.push(field);
            }
        }
    }
    managers.retain(|_, owned| !owned.is_empty());
    fields.sort_by(|a, b| a.path.cmp(&b.path));
    Drift { fields, managers }
}
