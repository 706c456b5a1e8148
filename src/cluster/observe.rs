//! What exists of one union: each resource as it is, beside what the server says it would be after our apply.
//!
//! The gates of one resource, from cheap to dear: trusted (no request) → read and equal to what was verified (one) →
//! read and dry-run (two). What is not there is not dry-run: its namespace may be made by the same plan.

use std::collections::{BTreeMap, BTreeSet};

use futures::{StreamExt, TryStreamExt, stream};
use kube::api::GetParams;
use serde_json::Value;

use super::credentials::Slots;
use super::error::{Error, Verb};
use super::seen::{Seen, content, managed_fields, meta};
use super::{Cluster, ControllerFacts, Referenced, labels};
use crate::desired::{DesiredState, Manifest, is_of_applier};
use crate::health::Health;
use crate::ids::ResourceId;
use crate::names::UnionName;
use crate::plan::{self, Inventory, Live, Observed, Owner, Present};

/// Calls at once for one union. Above 8 over all unions nothing is gained on a small server, only latency.
const AT_ONCE: usize = 4;

impl Cluster {
    /// The next look at a union reads what no watch looks at.
    pub fn reread(&self, union: &UnionName) {
        self.memory.reread(union);
    }

    /// Looks at everything that is desired or in the inventory.
    ///
    /// # Errors
    /// As any call. What the server has against a wanted object is no error but part of what is observed.
    pub async fn observe(
        &self,
        desired: &DesiredState,
        inventory: &Inventory,
        facts: &ControllerFacts,
        referenced: &Referenced,
    ) -> Result<Observed, Error> {
        let mut observed = Observed {
            installation: self.installation.clone(),
            cluster: self.server().await?.cluster,
            admin_token: facts.admin_token,
            record: facts.record.clone(),
            record_uid: facts.record_uid.clone(),
            unusable: referenced.unusable.clone(),
            resources: BTreeMap::new(),
        };
        let namespace = desired.union.namespace();
        let wanted = desired.manifests.iter().map(|want| (&want.id, Some(want)));
        // What the controller keeps for itself is in `facts`.
        let kept = desired.controller.iter().flat_map(|kept| [&kept.credentials, &kept.record]);
        let wanted_ids: BTreeSet<&ResourceId> =
            desired.manifests.iter().map(|want| &want.id).chain(kept).collect();
        let orphans = inventory.entries.keys().filter(|id| !wanted_ids.contains(id)).map(|id| (id, None));
        let (outside, inside): (Vec<_>, Vec<_>) =
            wanted.chain(orphans).partition(|(id, _)| id.namespace.as_deref() != Some(&namespace));

        let drawn =
            desired.controller.as_ref().is_none_or(|kept| facts.admin_token >= Some(kept.admin_token));

        // First what says whether there can be anything inside.
        observed.resources.extend(self.look_at_all(desired, drawn, outside).await?);
        let absent = observed
            .resources
            .iter()
            .any(|(id, live)| id.kind == "Namespace" && id.name == namespace && *live == Live::Absent);
        if absent {
            observed.resources.extend(inside.into_iter().map(|(id, _)| (id.clone(), Live::Absent)));
            return Ok(observed);
        }
        // Then who may judge what is inside.
        let (doors, mut inside): (Vec<_>, Vec<_>) = inside.into_iter().partition(|(id, _)| is_of_applier(id));
        observed.resources.extend(self.look_at_all(desired, drawn, doors).await?);
        if plan::is_shut(desired, &observed) {
            // Only what the daemon itself may read, and without a dry-run.
            inside.retain(|(id, _)| id.kind != "Secret");
            inside.iter_mut().for_each(|(_, want)| *want = None);
        }
        observed.resources.extend(self.look_at_all(desired, drawn, inside).await?);
        Ok(observed)
    }

    async fn look_at_all(
        &self,
        desired: &DesiredState,
        drawn: bool,
        resources: Vec<(&ResourceId, Option<&Manifest>)>,
    ) -> Result<Vec<(ResourceId, Live)>, Error> {
        if !drawn {
            self.memory.forget_union(&desired.union);
        }
        let untrusted = |want: &&Manifest| self.memory.trusted(want).is_none();
        let untrusted = resources.iter().filter_map(|(_, want)| *want).filter(untrusted);
        let slots = self.slots(&desired.union, untrusted).await?;
        let slots = if drawn { slots } else { slots.with_token_to_be_drawn() };
        let slots = &slots;
        // The futures are made before they are awaited: a closure kept across an await would not be `Send` for every
        // lifetime, and workers are tasks.
        let union = &desired.union;
        let looks: Vec<_> =
            resources.into_iter().map(|(id, want)| self.look(union, id, want, slots)).collect();
        stream::iter(looks).buffer_unordered(AT_ONCE).try_collect().await
    }

    async fn look(
        &self,
        union: &UnionName,
        id: &ResourceId,
        want: Option<&Manifest>,
        slots: &Slots,
    ) -> Result<(ResourceId, Live), Error> {
        Ok((id.clone(), self.look_at(union, id, want, slots).await?))
    }

    async fn look_at(
        &self,
        union: &UnionName,
        id: &ResourceId,
        want: Option<&Manifest>,
        slots: &Slots,
    ) -> Result<Live, Error> {
        if let Some((uid, health)) = want.and_then(|want| self.memory.trusted(want)) {
            return Ok(Live::Verified { uid, health });
        }
        let Some(live) = self.read(union, id).await? else {
            self.memory.forget(id);
            return Ok(Live::Absent);
        };
        let (meta, managed_fields) = (meta(&live), managed_fields(&live));
        let (seen, content) = (Seen::of(&meta), content(&live, &managed_fields));
        let health = self.explained(&live).await?;
        if let Some(want) = want
            && !seen.deleting
            && self.memory.still_equal(want, &seen.uid, &content)
        {
            let uid = seen.uid.clone();
            self.memory.verified(want, seen, content, health.clone());
            return Ok(Live::Verified { uid, health });
        }
        let dry_run = match want {
            Some(want) if !seen.deleting => {
                let body = slots.fill(&plan::without_ignored(want, &live, &managed_fields));
                match self.dry_run(union, body, id, &seen.uid).await {
                    Ok(object) => Some(Ok(object)),
                    Err(error) => Some(Err(error.into_refusal()?)),
                }
            }
            _ => None,
        };
        let present = Present {
            uid: seen.uid.clone(),
            owner: labels::owner(&meta, &self.installation),
            terminating: seen.deleting,
            managed_fields,
            live,
            dry_run,
            health,
        };
        if let (Some(want), Some(Ok(after)), Owner::Ours) = (want, &present.dry_run, &present.owner)
            && plan::drift(&present.live, after, &present.managed_fields, &want.ignored).is_none()
        {
            self.memory.verified(want, seen, content, present.health.clone());
        }
        Ok(Live::Present(Box::new(present)))
    }

    /// One object as it is, a Secret's values as fingerprints.
    async fn read(&self, union: &UnionName, id: &ResourceId) -> Result<Option<Value>, Error> {
        let kind = match self.kinds.of(&self.wire, &id.api_version, &id.kind).await {
            // Nothing of a kind that is not served can exist; wanting one fails where it is applied.
            Err(Error::NotServed { .. }) => return Ok(None),
            kind => kind?,
        };
        let request = kind.at(id.namespace.as_deref()).get(&id.name, &GetParams::default());
        let call = Verb::Read.on(id);
        let read = self.wire.find_as(self.reader(union, id), call, request);
        let Some(mut object) = read.await? else { return Ok(None) };
        self.masked(id, &mut object).await?;
        Ok(Some(object))
    }

    /// The health of an object, with the reason that only its pods know.
    async fn explained(&self, object: &Value) -> Result<Health, Error> {
        let health = super::health(object);
        let (Health::InProgress(why) | Health::Failed(why)) = &health else { return Ok(health) };
        let Some(of_pods) = self.why(object).await? else { return Ok(health) };
        let why = format!("{why}: {of_pods}");
        Ok(if matches!(health, Health::Failed(_)) { Health::Failed(why) } else { Health::InProgress(why) })
    }
}
