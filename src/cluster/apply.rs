//! The writes to what a plan names: apply and delete. Each is bound to the life of the object that was looked at.
//!
//! Server-side apply, forced: the planner looked at the field managers before (decisions.md 1.1).

use kube::api::{DeleteParams, Patch, PatchParams, Preconditions, ValidationDirective};
use serde_json::{Value, json};

use super::actor::Actor;
use super::error::{Call, Error, Verb};
use super::seen::{Seen, content, managed_fields, meta};
use super::{Cluster, mask};
use crate::desired::{Manifest, Slot};
use crate::health::Health;
use crate::ids::{FIELD_MANAGER, FieldManager, ResourceId, Uid};
use crate::names::UnionName;

/// What an apply gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// Of the object.
    pub uid: Uid,
    /// As the answer tells it: what runs has only just begun.
    pub health: Health,
}

/// What a delete gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deleted {
    /// It was not there any more.
    Gone,
    /// It goes once its dependents and finalizers are done; a watch tells when.
    Going,
}

impl Cluster {
    /// Makes an object as it is wanted. `expected` is the object that was looked at, `None` where there was none;
    /// another one in its place is not touched. What the managers of `takeover` added to it goes.
    ///
    /// # Errors
    /// [`Error::Conflict`]: it is another object now, plan again. [`Error::QuotaExceeded`], [`Error::Invalid`]: the
    /// server does not take it.
    pub async fn apply(
        &self,
        union: &UnionName,
        want: &Manifest,
        expected: Option<&Uid>,
        takeover: &[FieldManager],
    ) -> Result<Applied, Error> {
        self.may_write()?;
        let call = Verb::Apply.on(&want.id);
        let slots = self.slots(union, [want]).await?;
        if let Some(slot) = slots.unfilled(want) {
            // Gone since it was looked at: plan again.
            let secret = match slot {
                Slot::AdminTokenHash
                | Slot::AccountAddress
                | Slot::DatabasePassword
                | Slot::BackupPassword => self.credentials_id(union),
                Slot::Secret { name, .. } => self.own("v1", "Secret", name.clone()),
            };
            return Err(Error::NotFound { call: Verb::Read.on(&secret) });
        }
        self.memory.forget(&want.id);
        let writing = self.memory.writing(&want.id);
        if let Some(uid) = expected.filter(|_| !takeover.is_empty()) {
            self.take_over(union, &want.id, uid, takeover).await?;
        }
        let object =
            self.patch(self.writer(union, &want.id), call, slots.fill(want), expected, false).await?;
        let seen = Seen::of(&meta(&object));
        let health = super::health(&object);
        let uid = seen.uid.clone();
        if !seen.deleting {
            self.memory.verified(
                want,
                seen.clone(),
                content(&object, &managed_fields(&object)),
                health.clone(),
            );
        }
        writing.answered(seen);
        Ok(Applied { uid, health })
    }

    /// Deletes this life of an object, dependents first.
    ///
    /// # Errors
    /// [`Error::Conflict`]: it is another object now, plan again.
    pub async fn delete(&self, union: &UnionName, id: &ResourceId, uid: &Uid) -> Result<Deleted, Error> {
        self.may_write()?;
        self.memory.forget(id);
        self.memory.unlearn_kept(id);
        let kind = self.kinds.of(&self.wire, &id.api_version, &id.kind).await?;
        let precondition = Preconditions { uid: Some(uid.0.clone()), resource_version: None };
        // Dependents first, and a watch tells when all is gone. No watch looks at Secrets; nothing depends on them.
        let params =
            if id.kind == "Secret" { DeleteParams::background() } else { DeleteParams::foreground() };
        let params = params.preconditions(precondition);
        let request = kind.at(id.namespace.as_deref()).delete(&id.name, &params);
        let writing = self.memory.writing(id);
        match self.wire.find_as(self.writer(union, id), Verb::Delete.on(id), request).await? {
            // The object on its way out; a bare `Status` says that nothing held it back.
            Some(object) if object["kind"] == json!(id.kind) => {
                writing.answered(Seen::of(&meta(&object)));
                Ok(Deleted::Going)
            }
            _ => Ok(Deleted::Gone),
        }
    }

    /// What the server says an apply would give.
    pub(super) async fn dry_run(
        &self,
        union: &UnionName,
        body: Value,
        id: &ResourceId,
        uid: &Uid,
    ) -> Result<Value, Error> {
        self.patch(self.writer(union, id), Verb::DryRun.on(id), body, Some(uid), true).await
    }

    /// Server-side apply. A Secret's values in the answer are fingerprints.
    async fn patch(
        &self,
        actor: Actor<'_>,
        call: Call,
        mut body: Value,
        expected: Option<&Uid>,
        dry_run: bool,
    ) -> Result<Value, Error> {
        let id = call.id.clone();
        let kind = self.kinds.of(&self.wire, &id.api_version, &id.kind).await?;
        if let Some(uid) = expected {
            body["metadata"]["uid"] = json!(uid);
        }
        let mut params = PatchParams::apply(FIELD_MANAGER).force();
        params.field_validation = Some(ValidationDirective::Strict);
        params.dry_run = dry_run;
        let request = kind.at(id.namespace.as_deref()).patch(&id.name, &params, &Patch::Apply(&body));
        let mut object = self.wire.call_as(actor, call, request).await?;
        self.masked(&id, &mut object).await?;
        Ok(object)
    }

    /// Takes what is secret out of an object, in place.
    pub(super) async fn masked(&self, id: &ResourceId, object: &mut Value) -> Result<(), Error> {
        match id.kind.as_str() {
            "Secret" => mask::mask(id, object, self.fingerprint_key().await?),
            "Deployment" | "StatefulSet" | "CronJob" => {
                mask::mask_variables(id, object, self.fingerprint_key().await?);
            }
            "ConfigMap" => mask::mask_settings(id, object, self.fingerprint_key().await?),
            _ => {}
        }
        Ok(())
    }
}
