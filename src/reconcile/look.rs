//! A look at one union: everything that the planner reads, gathered from the table, the cluster and the templates.
//!
//! ```text
//! accepted state, given Secrets, templates → desired ─┐
//! cluster ─observe→ observed, inventory ──────────────┴→ plan
//! ```
//!
//! Apart from the rollout, which acts on it, so that whoever only wants to know sees the very same plan.
//! Invariant: who looks writes nothing, neither to the cluster nor to the table.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Parts;
use super::ending::{self, ending};
use super::failure::{self, Failure};
use crate::cluster::{ControllerFacts, Stuck};
use crate::desired::{self, Context, DesiredState, Life, Pins, StageName};
use crate::health::Health;
use crate::ids::{FieldManager, ResourceId, Uid};
use crate::names::UnionName;
use crate::plan::guards::Guard;
use crate::plan::{self, Finding, Inventory, Live, Observed, Owner, Plan, Refusal};
use crate::store::{AcceptedUnion, Dispute};

/// What was found.
pub(super) struct Look {
    /// The state that counts.
    pub accepted: AcceptedUnion,
    /// What we own of it.
    pub inventory: Inventory,
    /// What the daemon's own namespace holds for it.
    pub facts: ControllerFacts,
    /// What should exist.
    pub desired: DesiredState,
    /// What does.
    pub observed: Observed,
    /// What keeps the server from ending what it deletes.
    pub stuck: Vec<Stuck>,
}

/// Looks at one union; `None` where nothing of it was ever accepted.
///
/// # Errors
/// What could not be read, or cannot be rendered.
pub(super) async fn look(parts: &Parts, union: &UnionName) -> Result<Option<Look>, Failure> {
    let Some(accepted) = parts.database(parts.store.accepted(union)).await? else { return Ok(None) };
    let mut inventory = parts.database(parts.store.inventory(union)).await?;
    inventory.forgiven =
        accepted.missed.as_ref().filter(|missed| missed.is_forgiven).map(|missed| missed.guard.digest);
    let facts = parts.cluster_call("controller", parts.cluster.controller(union, &inventory)).await?;
    let recorded = facts.record.as_ref().is_some_and(|record| record.ending.is_some());
    let ending = match accepted.life {
        Life::Running if !recorded => None,
        _ => ending(&accepted, facts.record.as_ref(), parts.database(parts.store.now()).await?),
    };
    let life = ending::life(ending.as_ref());
    let named = match life {
        Life::Running => desired::references(&accepted.union.spec),
        Life::Retained | Life::Gone => Vec::new(),
    };
    let referenced = parts.cluster_call("references", parts.cluster.references(union, &named)).await?;
    let context = Context {
        installation: parts.cluster.installation().clone(),
        daemon_namespace: parts.cluster.namespace().to_owned(),
        life,
        ending,
        drawn_admin_token: facts.admin_token,
        pins: Pins::default(),
        input: accepted.input,
        given: referenced.given.clone(),
    };
    let templates = Arc::clone(&parts.templates.borrow());
    let desired = desired::build(&accepted.union, &templates, &context)?;
    let observed = parts.cluster.observe(&desired, &inventory, &facts, &referenced);
    let observed = parts.cluster_call("observe", observed).await?;
    let stuck = parts.cluster_call("stuck", parts.cluster.stuck(&observed)).await?;
    Ok(Some(Look { accepted, inventory, facts, desired, observed, stuck }))
}

impl Look {
    /// What would be done about it.
    ///
    /// # Errors
    /// Every reason why nothing may be done.
    pub(super) fn plan(&self) -> Result<Plan, Vec<Refusal>> {
        plan::build(&self.desired, &self.observed, &self.inventory)
    }

    /// What of its data is gone.
    pub(super) fn losses(&self) -> Vec<Refusal> {
        plan::losses(&self.desired, &self.observed)
    }

    /// What is missed of what it was provisioned with.
    pub(super) fn missed(&self) -> Option<Guard> {
        plan::loss(&self.desired, &self.observed)
    }

    /// The worst of what is desired; what the server is still deleting (`awaited`) is progress too. Of a removed union counts
    /// only whether it is stopped.
    pub(super) fn health(&self, awaited: &[ResourceId]) -> Health {
        let of = |id| match self.observed.resources.get(id) {
            Some(Live::Verified { health, .. }) => health.clone(),
            Some(Live::Present(present)) => present.health.clone(),
            Some(Live::Absent) | None => Health::Unknown,
        };
        let deleting = awaited.first().map(|id| Health::InProgress(failure::deleting(id, &self.stuck)));
        let counts = |id: &ResourceId| {
            self.desired.life == Life::Running
                || StageName::of(id, &self.desired.union) == StageName::Workload
        };
        let wanted = self.desired.manifests.iter().map(|want| &want.id).filter(|id| counts(id)).map(of);
        wanted.chain(deleting).fold(Health::Current, Health::and)
    }

    /// What keeps the server from ending a deletion, in a line.
    pub(super) fn stuck(&self) -> Option<String> {
        let ending =
            |(_, live): &(&ResourceId, &Live)| matches!(live, Live::Present(present) if present.terminating);
        let (id, _) = self.observed.resources.iter().find(ending)?;
        (!self.stuck.is_empty()).then(|| failure::deleting(id, &self.stuck))
    }

    /// What a person should know: what stands in the namespace and is neither wanted nor in the inventory, and what is
    /// fought over.
    pub(super) fn findings(
        &self,
        foreign: &BTreeMap<ResourceId, FieldManager>,
        disputes: &[Dispute],
    ) -> Vec<String> {
        let wanted = |id: &ResourceId| self.desired.manifests.iter().any(|manifest| manifest.id == *id);
        let ours = |id: &ResourceId| self.inventory.entries.contains_key(id) || wanted(id);
        let foreign = foreign.iter().filter(|(id, _)| !ours(id)).map(|(id, by)| (id.clone(), by.clone()));
        let fights = disputes.iter().filter(|dispute| is_fight(dispute)).map(finding);
        let found = Finding::foreign(&foreign.collect()).into_iter().chain(fights);
        found.map(|finding| finding.to_string()).collect()
    }

    /// What exists and is ours, and is not in the inventory with this uid.
    pub(super) fn unknown(&self) -> Vec<(ResourceId, Uid)> {
        let ours = self.observed.resources.iter().filter_map(|(id, live)| match live {
            Live::Present(present) if present.owner == Owner::Ours => Some((id, &present.uid)),
            _ => None,
        });
        let entered = |id| self.inventory.entries.get(id).and_then(|entry| entry.uid.as_ref());
        ours.filter(|(id, uid)| entered(*id) != Some(*uid))
            .map(|(id, uid)| (id.clone(), uid.clone()))
            .collect()
    }
}

/// From how many times on putting something back is a fight.
pub(super) const FIGHT: u32 = 3;

/// Whether it was put back too often for a mistake.
pub(super) fn is_fight(dispute: &Dispute) -> bool {
    dispute.times >= FIGHT
}

/// What is told of it.
pub(super) fn finding(dispute: &Dispute) -> Finding {
    let field = dispute.field.clone();
    Finding::Dispute {
        resource: field.resource.to_string(),
        field: field.field,
        manager: field.manager,
        times: dispute.times,
    }
}
