//! Loss: what a union was provisioned with and is not there any more, and how a person lets it go.
//!
//! A union whose namespace, volume or credentials are gone is never taken for a new one (decisions.md 1.6): what stands in
//! its state object is missed until it is restored, or until an approval says that it may be started without. Then the
//! plan is to forget, nothing else: without a state object the next look finds a union that has yet to be provisioned.
//! Invariant: the digest names exactly what is missed. Of what is restored meanwhile, or made anew, it says nothing.

use super::guards::{Destructive, Guard, GuardKind};
use super::observed::{Inventory, Live, Observed};
use super::{Change, Plan, Refusal, Stage, StageName};
use crate::desired::{DesiredState, Life};
use crate::ids::{ResourceId, Uid};

/// What the state object remembers and is not there any more.
pub fn losses(desired: &DesiredState, observed: &Observed) -> Vec<Refusal> {
    let union = || desired.union.clone();
    let elsewhere = is_elsewhere(observed);
    let refusal = |lost| match lost {
        Lost::Credentials(id) => Refusal::CredentialsLost { union: union(), id },
        Lost::Data(id, _) => Refusal::DataMissing { union: union(), id, elsewhere },
    };
    lost(desired, observed).into_iter().map(refusal).collect()
}

/// What waits for a person where something is missed. Of a removed union nothing does until it comes back.
pub fn loss(desired: &DesiredState, observed: &Observed) -> Option<Guard> {
    if desired.life != Life::Running {
        return None;
    }
    let mut kind = GuardKind::CredentialsLost;
    let mut changes = Vec::new();
    let mut names = Vec::new();
    for lost in lost(desired, observed) {
        let (id, uid) = match lost {
            Lost::Credentials(id) => (id, None),
            Lost::Data(id, uid) => {
                kind = GuardKind::DataMissing;
                (id, Some(uid.0))
            }
        };
        names.push(id.to_string());
        changes.push(Destructive::Lost { resource: id.to_string(), uid });
    }
    let be = if names.len() == 1 { "is" } else { "are" };
    let place = if is_elsewhere(observed) { "; it was provisioned in another cluster" } else { "" };
    let why = format!("{kind}: {} {be} gone{place}", names.join(", "));
    Guard::new(kind, Some(&desired.union), changes, why)
}

/// The plan that forgets what is missed, if that is what a person approved.
pub(super) fn forget(desired: &DesiredState, observed: &Observed, inventory: &Inventory) -> Option<Plan> {
    let approved = inventory.forgiven.as_ref()?;
    loss(desired, observed).filter(|loss| loss.digest == *approved)?;
    let id = &desired.controller.as_ref()?.record;
    let uid = observed.record_uid.clone()?;
    let changes = vec![Change::Delete { id: id.clone(), uid }];
    let stages = vec![Stage { name: StageName::Record, changes }];
    Some(Plan { union: desired.union.clone(), desired: desired.digest, stages, awaited: Vec::new() })
}

/// Whether the union was provisioned in another cluster: the state object came here from there, by a backup.
fn is_elsewhere(observed: &Observed) -> bool {
    observed.record.as_ref().is_some_and(|record| record.cluster != observed.cluster)
}

enum Lost {
    Credentials(ResourceId),
    /// With the identity that is remembered.
    Data(ResourceId, Uid),
}

fn lost(desired: &DesiredState, observed: &Observed) -> Vec<Lost> {
    let (Some(record), Some(controller)) = (&observed.record, &desired.controller) else { return Vec::new() };
    let credentials =
        observed.admin_token.is_none().then(|| Lost::Credentials(controller.credentials.clone()));
    let data = desired.manifests.iter().filter_map(|want| {
        let remembered = match want.id.kind.as_str() {
            "Namespace" => &record.namespace,
            // One that it was not provisioned with is new, for example of another database.
            "PersistentVolumeClaim" => record.volumes.get(&want.id.name)?,
            _ => return None,
        };
        let same = match observed.resources.get(&want.id) {
            // What equals the wanted is not yet what the union was provisioned with.
            Some(Live::Verified { uid, .. }) => uid == remembered,
            Some(Live::Present(present)) => present.uid == *remembered,
            Some(Live::Absent) | None => false,
        };
        (!same).then(|| Lost::Data(want.id.clone(), remembered.clone()))
    });
    credentials.into_iter().chain(data).collect()
}
