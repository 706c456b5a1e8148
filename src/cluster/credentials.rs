//! The controller's Secret of a union: drawn here, and read where a manifest has a slot for one of its values.
//!
//! Create-only, and later compare-and-swap on the version that the plan was made from: a lost Secret is never
//! replaced by a new one in passing (decisions.md 1.6). Values are `Redacted` until they are on the wire.

use std::collections::{BTreeMap, BTreeSet};

use argon2::password_hash::PasswordHasher;
use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, Version};
use aws_lc_rs::rand;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use kube::api::{GetParams, PostParams};
use serde_json::{Value, json};

use super::error::{Error, Verb};
use super::{Cluster, labels, seen};
use crate::desired::{Manifest, Slot};
use crate::ids::{FIELD_MANAGER, ResourceId, Uid};
use crate::names::UnionName;
use crate::plan::{Credential, Inventory, Owner, UnionRecord};
use crate::redacted::Redacted;

/// The token in base64url, as an administrator would type it.
pub(super) const TOKEN: &str = "admin-token";
/// Its Argon2id hash, as the pod gets it. Stored once: a fresh salt each time would be drift for ever.
const HASH: &str = "admin-token-hash";
/// Its number.
const ROTATION: &str = "admin-token-rotation";
/// The password of the database beside the server, drawn with the first token whether or not there is one: a union that
/// changes its database later needs no second drawing. It is not rotated: the database knows it from its first start.
const DATABASE_PASSWORD: &str = "database-password";
/// By which copies of the data are encrypted, drawn with the first token too. Never rotated: former copies need it.
const BACKUP_PASSWORD: &str = "backup-password";
/// The one before: the pod knows it until it restarts with the new hash, and nothing accepts it after that.
const PREVIOUS: &str = "admin-token-previous";
/// The address of that account, drawn with the first token: the server lets nobody else found societies.
const ADDRESS: &str = "account-address";
/// What is drawn with the first token and never again.
const DRAWN_ONCE: [&str; 2] = [DATABASE_PASSWORD, BACKUP_PASSWORD];

/// What the daemon's namespace holds for one union.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ControllerFacts {
    /// The number of the admin token; `None` where there is no Secret.
    pub admin_token: Option<u32>,
    /// The state object, if there is one.
    pub record: Option<UnionRecord>,
    /// The identity of that object.
    pub record_uid: Option<Uid>,
    credentials_version: Option<Box<str>>,
    record_version: Option<Box<str>>,
}

impl ControllerFacts {
    pub(super) fn credentials_version(&self) -> Option<&str> {
        self.credentials_version.as_deref()
    }

    pub(super) fn record_version(&self) -> Option<&str> {
        self.record_version.as_deref()
    }
}

/// The values for the slots of a union's manifests.
#[derive(Default)]
pub(super) struct Slots(BTreeMap<Slot, Redacted<Vec<u8>>>);

impl Slots {
    /// The manifest's object with its slots filled. A value that was not drawn yet leaves its slot empty: that is
    /// only ever dry-run, since drawing is the first stage of a plan.
    pub(super) fn fill(&self, want: &Manifest) -> Value {
        let mut body = want.body.clone();
        for (place, slot) in &want.slots {
            if let (Some(place), Some(value)) = (body.pointer_mut(place), self.0.get(slot)) {
                *place = Value::String(STANDARD.encode(value.expose()));
            }
        }
        body
    }

    /// What stands for a token that the same plan draws first: it differs from all that were drawn, so that the dry-run
    /// tells what will change.
    pub(super) fn with_token_to_be_drawn(mut self) -> Self {
        self.0.insert(Slot::AdminTokenHash, b"to be drawn".to_vec().into());
        self
    }

    /// The first slot of the manifest that has no value.
    pub(super) fn unfilled<'a>(&self, want: &'a Manifest) -> Option<&'a Slot> {
        want.slots.iter().map(|(_, slot)| slot).find(|slot| !self.0.contains_key(slot))
    }
}

impl Cluster {
    /// What the daemon's namespace holds for a union: at most one request for each of the two objects, and none for a
    /// union that is new to the inventory. Both are created and never overwritten, so where that is wrong the server
    /// says so, and the next look finds them.
    ///
    /// # Errors
    /// Also [`Error::NotOurs`] and [`Error::Unreadable`]: neither is ever taken for an absent object.
    pub async fn controller(
        &self,
        union: &UnionName,
        inventory: &Inventory,
    ) -> Result<ControllerFacts, Error> {
        let (credentials, record) = (self.credentials_id(union), self.record_id(union));
        if let Some(facts) = self.memory.controller(union, &record) {
            return Ok(facts);
        }
        if [&credentials, &record].iter().all(|id| !inventory.entries.contains_key(*id)) {
            return Ok(ControllerFacts::default());
        }
        self.look_at_controller(union).await
    }

    pub(super) async fn look_at_controller(&self, union: &UnionName) -> Result<ControllerFacts, Error> {
        let (credentials, record) = (self.credentials_id(union), self.record_id(union));
        let (secret, state) = futures::try_join!(self.keep(&credentials), self.keep(&record))?;
        let mut facts = ControllerFacts::default();
        if let Some(secret) = secret {
            facts.admin_token = Some(number(&credentials, &secret)?);
            facts.credentials_version = seen::meta(&secret).resource_version.map(Into::into);
        }
        if let Some(state) = state {
            facts.record = Some(Self::read_record(&record, &state)?);
            let meta = seen::meta(&state);
            facts.record_uid = meta.uid.map(Uid);
            facts.record_version = meta.resource_version.map(Into::into);
        }
        self.memory.learn(union, facts.clone());
        Ok(facts)
    }

    /// Draws a credential and stores it. With no Secret in `facts` it is created, with what `account` says of our account
    /// inside of the server, and must not exist; else the very version of `facts` is replaced, and the credential before
    /// stays readable beside it.
    ///
    /// # Errors
    /// [`Error::AlreadyExists`] and [`Error::Conflict`] mean: plan again.
    pub async fn draw(
        &self,
        union: &UnionName,
        facts: &ControllerFacts,
        credential: Credential,
        rotation: u32,
        account: &BTreeMap<String, Redacted<Vec<u8>>>,
    ) -> Result<(), Error> {
        self.may_write()?;
        // What was verified had the former value in its slots.
        self.memory.forget_union(union);
        let id = self.credentials_id(union);
        let drawn = match credential {
            Credential::AdminToken => Drawn::admin_token(),
        };
        let fill = |data: &mut Value| {
            data[TOKEN] = STANDARD.encode(drawn.token.expose()).into();
            data[HASH] = STANDARD.encode(drawn.hash.expose()).into();
            data[ROTATION] = STANDARD.encode(rotation.to_string()).into();
        };
        match facts.credentials_version() {
            None => {
                let fields = account.iter().map(|(name, value)| (name.clone(), encoded(value)));
                let mut data = Value::Object(fields.collect());
                fill(&mut data);
                for once in DRAWN_ONCE {
                    data[once] = STANDARD.encode(random::<32>().expose()).into();
                }
                let object = self.secret(&id, Some(union), &data);
                self.create_kept(union, &id, &object).await?;
            }
            Some(version) => {
                let mut secret =
                    self.keep(&id).await?.ok_or_else(|| Error::NotFound { call: Verb::Replace.on(&id) })?;
                secret["data"][PREVIOUS] = secret["data"][TOKEN].clone();
                fill(&mut secret["data"]);
                secret["metadata"]["resourceVersion"] = json!(version);
                self.replace(&id, &secret).await?;
            }
        }
        Ok(())
    }

    /// The values for the slots of these manifests; no request where none has a slot. A Secret that may not be taken
    /// leaves its slots empty.
    pub(super) async fn slots<'a>(
        &self,
        union: &UnionName,
        wanted: impl IntoIterator<Item = &'a Manifest>,
    ) -> Result<Slots, Error> {
        let slots: BTreeSet<&Slot> =
            wanted.into_iter().flat_map(|want| &want.slots).map(|(_, slot)| slot).collect();
        let mut filled = Slots::default();
        let drawn = |slot: &Slot| match slot {
            Slot::AdminTokenHash => Some(HASH),
            Slot::AccountAddress => Some(ADDRESS),
            Slot::DatabasePassword => Some(DATABASE_PASSWORD),
            Slot::BackupPassword => Some(BACKUP_PASSWORD),
            Slot::Secret { .. } => None,
        };
        if slots.iter().any(|slot| drawn(slot).is_some()) {
            let id = self.credentials_id(union);
            if let Some(secret) = self.keep(&id).await? {
                for slot in &slots {
                    if let Some(key) = drawn(slot) {
                        let value = match text(&id, &secret, key) {
                            // Where we have no account yet: the server's own default.
                            Err(_) if key == ADDRESS => "all".to_owned().into(),
                            value => value?,
                        };
                        filled.0.insert((*slot).clone(), value.expose().as_bytes().to_vec().into());
                    }
                }
            }
        }
        let mut secrets: BTreeMap<&str, BTreeMap<String, Redacted<Vec<u8>>>> = BTreeMap::new();
        for slot in slots {
            let Slot::Secret { name, key } = slot else { continue };
            if !secrets.contains_key(name.as_str()) {
                secrets.insert(name, self.taken(union, name).await?);
            }
            if let Some(value) = secrets.get(name.as_str()).and_then(|values| values.get(key)) {
                filled.0.insert(slot.clone(), value.clone());
            }
        }
        Ok(filled)
    }

    /// A Secret of the daemon's own.
    pub(super) fn secret(&self, id: &ResourceId, union: Option<&UnionName>, data: &Value) -> Value {
        json!({
            "apiVersion": "v1", "kind": "Secret", "type": "Opaque",
            "metadata": {
                "name": id.name, "namespace": id.namespace,
                "labels": labels::ours(&self.installation, union),
            },
            "data": data,
        })
    }

    /// One of the objects that the daemon keeps for itself, values and all. Somebody else's is an error.
    pub(super) async fn keep(&self, id: &ResourceId) -> Result<Option<Value>, Error> {
        let kind = self.kinds.of(&self.wire, &id.api_version, &id.kind).await?;
        let request = kind.at(id.namespace.as_deref()).get(&id.name, &GetParams::default());
        let call = Verb::Read.on(id);
        let Some(object) = self.wire.find(call, request).await? else { return Ok(None) };
        match labels::owner(&seen::meta(&object), &self.installation) {
            Owner::Ours => Ok(Some(object)),
            Owner::Other(owner) => Err(Error::NotOurs { id: id.clone(), owner: Some(owner) }),
            Owner::Nobody => Err(Error::NotOurs { id: id.clone(), owner: None }),
        }
    }

    /// Makes one of the two objects of a union that must not exist yet. If it does, it is looked at, so that the next
    /// plan knows it; somebody else's is told as such.
    pub(super) async fn create_kept(
        &self,
        union: &UnionName,
        id: &ResourceId,
        object: &Value,
    ) -> Result<Value, Error> {
        let created = self.create(id, object).await;
        if let Err(Error::AlreadyExists { .. }) = created {
            // Boxed: every write carries room for it, hardly any needs it.
            Box::pin(self.look_at_controller(union)).await?;
        }
        created
    }

    /// Makes what must not exist yet.
    pub(super) async fn create(&self, id: &ResourceId, object: &Value) -> Result<Value, Error> {
        let kind = self.kinds.of(&self.wire, &id.api_version, &id.kind).await?;
        let params = PostParams { field_manager: Some(FIELD_MANAGER.into()), ..PostParams::default() };
        let request = kind.at(id.namespace.as_deref()).create(&params, object.to_string().into_bytes());
        self.wire.call(Verb::Create.on(id), request).await
    }

    /// Replaces the version that the object names.
    pub(super) async fn replace(&self, id: &ResourceId, object: &Value) -> Result<Value, Error> {
        let kind = self.kinds.of(&self.wire, &id.api_version, &id.kind).await?;
        let params = PostParams { field_manager: Some(FIELD_MANAGER.into()), ..PostParams::default() };
        let body = object.to_string().into_bytes();
        let request = kind.at(id.namespace.as_deref()).replace(&id.name, &params, body);
        self.wire.call(Verb::Replace.on(id), request).await
    }
}

/// A new credential.
struct Drawn {
    token: Redacted<String>,
    hash: Redacted<String>,
}

impl Drawn {
    fn admin_token() -> Self {
        let token = random::<48>();
        // Stretching protects what people can remember. 384 random bits need none, and the server computes this hash
        // at every log-in, so it gets the least that Argon2id allows (decisions.md 3).
        let params = Params::new(8, 1, 1, None).expect("the least parameters are allowed ones");
        let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        // It fails only without 8 KiB of memory: nothing can go on then.
        let hash: PasswordHash =
            argon.hash_password(token.expose().as_bytes()).expect("a token can be hashed");
        Self { token, hash: hash.to_string().into() }
    }
}

/// So many random bytes in base64url, which needs no escaping in a URL.
fn random<const BYTES: usize>() -> Redacted<String> {
    let mut bytes = [0; BYTES];
    // It fails only if the operating system has no randomness: nothing can go on then.
    rand::fill(&mut bytes).expect("the operating system has randomness");
    URL_SAFE_NO_PAD.encode(bytes).into()
}

/// The number of the admin token in a Secret.
fn number(id: &ResourceId, secret: &Value) -> Result<u32, Error> {
    let unreadable = || Error::Unreadable { id: id.clone(), what: format!("`{ROTATION}` is no number") };
    text(id, secret, ROTATION)?.expose().parse().map_err(|_| unreadable())
}

/// A value of a Secret.
pub(super) fn text(id: &ResourceId, secret: &Value, key: &str) -> Result<Redacted<String>, Error> {
    let bytes = bytes(id, secret, key)?;
    String::from_utf8(bytes.expose().clone()).map(Redacted::new).map_err(|_| unreadable(id, key))
}

pub(super) fn encoded(value: &Redacted<Vec<u8>>) -> Value {
    STANDARD.encode(value.expose()).into()
}

pub(super) fn bytes(id: &ResourceId, secret: &Value, key: &str) -> Result<Redacted<Vec<u8>>, Error> {
    let encoded = secret["data"][key].as_str().ok_or_else(|| unreadable(id, key))?;
    STANDARD.decode(encoded).map(Redacted::new).map_err(|_| unreadable(id, key))
}

fn unreadable(id: &ResourceId, key: &str) -> Error {
    Error::Unreadable { id: id.clone(), what: format!("`{key}` is missing or no text") }
}

#[cfg(test)]
mod tests {
    use argon2::PasswordVerifier;

    use super::*;

    #[test]
    fn a_drawn_token_opens_what_its_hash_locks() {
        let drawn = Drawn::admin_token();
        assert_eq!(drawn.token.expose().len(), 64);
        assert!(drawn.hash.expose().starts_with("$argon2id$v=19$m=8,t=1,p=1$"));
        let hash = PasswordHash::new(drawn.hash.expose()).expect("a hash");
        assert!(Argon2::default().verify_password(drawn.token.expose().as_bytes(), &hash).is_ok());
        assert_ne!(drawn.token.expose(), Drawn::admin_token().token.expose());
    }
}
