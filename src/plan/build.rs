//! Desired and observed state and the inventory become a plan, or the reasons why there is none.
//!
//! The gates, in order:
//! 1. Age: newer templates were applied → no plan. An older replica does not roll back what a newer one did.
//! 2. Loss: what the state object remembers is gone → no plan, unless a person approved to forget it. An empty volume is
//!    never taken for a new union.
//! 3. Secrets: one that the document names cannot be taken → no plan.
//! 4. Ownership: what exists and is not ours → no plan.
//! 5. The server: it refuses what is wanted → no plan.
//! 6. Managers: somebody else's field differs → taken over or no plan.
//!
//! A refusal stops the whole union: half of a rollout is worth less than the last whole one.

use std::collections::{BTreeMap, BTreeSet};

use super::observed::{Inventory, Live, Observed, Owner, Present, UnionRecord};
use super::{
    Change, Credential, Plan, Refusal, Stage, StageName, drift, is_shut, loss, managers, without_ignored,
};
use crate::desired::{DesiredState, Life, Manifest, compare, is_of_applier, is_stopped};
use crate::ids::ResourceId;
use crate::names::UnionName;

/// The plan that leads from what is observed to what is desired.
///
/// # Errors
/// Every reason why nothing may be written for this union, sorted.
pub fn build(
    desired: &DesiredState,
    observed: &Observed,
    inventory: &Inventory,
) -> Result<Plan, Vec<Refusal>> {
    if let Some(plan) = loss::forget(desired, observed, inventory) {
        return Ok(plan);
    }
    // What a removed union has lost is missed when it comes back; until then there is only less to keep.
    let mut refusals = match desired.life {
        Life::Running => loss::losses(desired, observed),
        Life::Retained | Life::Gone => Vec::new(),
    };
    refusals.extend(newer_templates(desired, observed));
    refusals.extend(
        observed
            .unusable
            .iter()
            .map(|unusable| Refusal::Secret { union: desired.union.clone(), unusable: unusable.clone() }),
    );
    let shut = is_shut(desired, observed);
    let mut stages: BTreeMap<StageName, Vec<Change>> = BTreeMap::new();
    let mut add = |stage, change| stages.entry(stage).or_default().push(change);

    if let Some(controller) = desired.controller.as_ref().filter(|_| desired.life == Life::Running) {
        let (id, rotation) = (controller.credentials.clone(), controller.admin_token);
        let drawn = observed.admin_token.is_some_and(|drawn| drawn >= rotation);
        let change = if drawn {
            Change::Keep { id }
        } else {
            let first = observed.admin_token.is_none();
            Change::Draw { id, credential: Credential::AdminToken, rotation, first }
        };
        add(StageName::Controller, change);

        let applied = |record: &UnionRecord| {
            record.input == controller.input
                && record.template_version == controller.template_version
                && record.ending.is_none()
        };
        let id = controller.record.clone();
        if observed.record.as_ref().is_some_and(applied) {
            add(StageName::Record, Change::Keep { id });
        } else if !shut && !desired.manifests.iter().any(|want| is_terminating(observed, &want.id)) {
            // What is on its way out or shut is made later, so the state is not applied before that.
            let (input, template_version) = (controller.input, controller.template_version);
            let first = observed.record.is_none();
            let ending = observed.record.as_ref().and_then(|record| record.ending.as_ref());
            let revives = ending.map(|ending| ending.until);
            add(StageName::Record, Change::Record { id, input, template_version, first, revives });
        }
    }
    if let (Some(ending), Some(record)) = (&desired.ending, &observed.record)
        && record.ending.as_ref() != Some(ending)
        && let Some(id) = inventory.entries.keys().find(|id| is_state_object(id, &desired.union))
    {
        // First, so that the date outlives the database, and nothing is founded on what is half deleted.
        add(StageName::Controller, Change::End { id: id.clone(), ending: ending.clone() });
    }
    let namespace = desired.manifests.iter().find(|want| want.id.kind == "Namespace");
    let is_closing = namespace.is_some_and(|namespace| is_terminating(observed, &namespace.id));
    for want in &desired.manifests {
        // Nothing can be made in a namespace that is on its way out.
        if is_closing && want.id.namespace.is_some() {
            continue;
        }
        // Who may write comes first, also into what is kept of a removed union.
        if is_of_applier(&want.id) {
            if desired.life == Life::Retained && !shut {
                continue;
            }
        } else if shut && want.id.namespace.is_some() {
            if let Some(Live::Present(present)) = observed.resources.get(&want.id) {
                refusals.extend(not_ours(&want.id, present, inventory));
            }
            continue;
        // A removed union is stopped. What else is kept of it stays as it is found, and nothing is made anew.
        } else if desired.life == Life::Retained
            && (!is_stopped(&want.id.kind) || is_absent(observed, &want.id))
        {
            continue;
        }
        match change(want, observed, inventory) {
            Ok(change) => add(StageName::of(&want.id, &desired.union), change),
            Err(mut reasons) => refusals.append(&mut reasons),
        }
    }
    if !refusals.is_empty() {
        refusals.sort();
        return Err(refusals);
    }

    let own = stages.remove(&StageName::Controller).map(|changes| (StageName::Controller, changes));
    let stage = |(name, changes)| Stage { name, changes };
    let mut rest: Vec<Stage> = stages.into_iter().map(stage).collect();
    let mut pruned = prune(desired, observed, inventory);
    if desired.life == Life::Retained {
        // Nobody is led to it any more before it is stopped.
        std::mem::swap(&mut rest, &mut pruned);
    }
    let mut stages: Vec<Stage> = own.map(stage).into_iter().chain(rest).chain(pruned).collect();
    for stage in &mut stages {
        stage.changes.sort_by(|a, b| compare(a.id(), b.id(), &desired.union));
    }
    let awaited = observed.resources.keys().filter(|id| is_terminating(observed, id)).cloned().collect();
    Ok(Plan { union: desired.union.clone(), desired: desired.digest, stages, awaited })
}

/// Whether the server is deleting it.
fn is_terminating(observed: &Observed, id: &ResourceId) -> bool {
    matches!(observed.resources.get(id), Some(Live::Present(present)) if present.terminating)
}

/// Whether it is not there.
fn is_absent(observed: &Observed, id: &ResourceId) -> bool {
    matches!(observed.resources.get(id), Some(Live::Absent) | None)
}

/// Whether templates were applied that we do not know.
fn newer_templates(desired: &DesiredState, observed: &Observed) -> Option<Refusal> {
    let (applied, known) =
        (observed.record.as_ref()?.template_version, desired.controller.as_ref()?.template_version);
    (applied > known).then(|| Refusal::NewerTemplates { union: desired.union.clone(), applied, known })
}

/// What is to be done for one desired manifest.
fn change(want: &Manifest, observed: &Observed, inventory: &Inventory) -> Result<Change, Vec<Refusal>> {
    let id = || want.id.clone();
    let present = match observed.resources.get(&want.id) {
        None | Some(Live::Absent) => return Ok(Change::Create { want: want.clone() }),
        Some(Live::Verified { .. }) => return Ok(Change::Keep { id: id() }),
        Some(Live::Present(present)) => present,
    };
    if let Some(refusal) = not_ours(&want.id, present, inventory) {
        return Err(vec![refusal]);
    }
    // On its way out: nothing can be written to it. Its end wakes the union, and it is made again then.
    if present.terminating {
        return Ok(Change::Keep { id: id() });
    }
    let dry_run = match &present.dry_run {
        Some(Ok(object)) => object,
        Some(Err(refusal)) => {
            let (reason, message) = (refusal.reason.clone(), refusal.message.clone());
            return Err(vec![Refusal::Server { id: id(), reason, message }]);
        }
        None => return Ok(Change::Keep { id: id() }),
    };
    let drift = drift(&present.live, dry_run, &present.managed_fields, &want.ignored);
    if drift.is_none() {
        return Ok(Change::Keep { id: id() });
    }
    let (takeover, others): (Vec<_>, Vec<_>) =
        drift.managers.into_iter().partition(|(manager, _)| managers::is_taken_over(manager));
    if !others.is_empty() {
        let conflict = |(manager, fields)| Refusal::Conflict { id: id(), manager, fields };
        return Err(others.into_iter().map(conflict).collect());
    }
    let takeover = takeover.into_iter().map(|(manager, _)| manager).collect();
    let want = without_ignored(want, &present.live, &present.managed_fields).into_owned();
    Ok(Change::Update { want, uid: present.uid.clone(), fields: drift.fields, takeover })
}

/// The refusal to touch what is not ours.
fn not_ours(id: &ResourceId, present: &Present, inventory: &Inventory) -> Option<Refusal> {
    let owner = match &present.owner {
        Owner::Other(installation) => Some(installation.clone()),
        Owner::Ours | Owner::Nobody => None,
    };
    (!is_ours(id, present, inventory)).then(|| Refusal::NotOurs { id: id.clone(), owner })
}

/// By its label, or because the inventory knows this very object (its label may have been removed by hand).
fn is_ours(id: &ResourceId, present: &Present, inventory: &Inventory) -> bool {
    let entered = inventory.entries.get(id).and_then(|entry| entry.uid.as_ref());
    present.owner == Owner::Ours || entered == Some(&present.uid)
}

/// The last stage of what is in the inventory and no longer desired. Earlier stages follow once this one is confirmed
/// gone: so nothing is deleted from under what still uses it, and no worker waits for it.
fn prune(desired: &DesiredState, observed: &Observed, inventory: &Inventory) -> Vec<Stage> {
    let wanted: BTreeSet<&ResourceId> = desired
        .manifests
        .iter()
        .map(|manifest| &manifest.id)
        .chain(desired.controller.iter().flat_map(|controller| [&controller.credentials, &controller.record]))
        .collect();
    let is_here = |id: &ResourceId| match observed.resources.get(id) {
        Some(Live::Present(present)) => is_ours(id, present, inventory),
        _ => false,
    };
    let takes_along = desired.life == Life::Gone
        && inventory.entries.keys().any(|id| id.kind == "Namespace" && is_here(id));
    let shut = is_shut(desired, observed);
    let home = desired.union.namespace();
    let mut gone: BTreeMap<Depth, Vec<Change>> = BTreeMap::new();
    let mut here: BTreeMap<Depth, Vec<Change>> = BTreeMap::new();
    for id in inventory.entries.keys().filter(|id| !wanted.contains(id)) {
        let rides = takes_along && is_identity(&id.kind);
        let depth = depth(id, &desired.union, rides);
        match observed.resources.get(id) {
            Some(Live::Present(present)) if is_ours(id, present, inventory) => {
                // Nobody may delete it now. Of a union that is gone the namespace takes it along.
                if shut && !rides && id.namespace.as_ref() == Some(&home) {
                    continue;
                }
                let uid = present.uid.clone();
                let changes = here.entry(depth).or_default();
                if !present.terminating && !rides {
                    changes.push(Change::Delete { id: id.clone(), uid });
                }
            }
            // Not looked at: nothing can be said of it.
            Some(Live::Verified { .. }) | None => {}
            Some(Live::Absent | Live::Present(_)) => {
                gone.entry(depth).or_default().push(Change::Forget { id: id.clone() });
            }
        }
    }
    let last = here.pop_last().filter(|(_, changes)| !changes.is_empty());
    gone.into_iter().rev().chain(last).map(|((name, _), changes)| Stage { name, changes }).collect()
}

/// How early something is made; what is made first goes last. Of the two that the controller keeps for itself the state
/// object goes last: as long as it is there, nobody takes what is half deleted for a union.
type Depth = (StageName, bool);

/// How early it is made. Who may do something in a namespace goes with the namespace itself, after everything that was
/// done there.
fn depth(id: &ResourceId, union: &UnionName, rides: bool) -> Depth {
    let stage = if rides || is_of_applier(id) { StageName::Namespace } else { StageName::of(id, union) };
    (stage, !is_state_object(id, union))
}

/// Whether it is the union's state object.
fn is_state_object(id: &ResourceId, union: &UnionName) -> bool {
    StageName::of(id, union) == StageName::Controller && id.kind == "ConfigMap"
}

/// Whether it says who may do something.
fn is_identity(kind: &str) -> bool {
    matches!(kind, "ServiceAccount" | "Role" | "RoleBinding")
}
