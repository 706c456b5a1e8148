//! Societies: what our account is in, their keys, their policies.
//!
//! The key of a society is unwrapped once and kept in memory, as long as this client lives and the server shows no other one.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use http::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::client::Client;
use super::crypto::{Checked, Key, PrivateKey};
use super::error::{Call, Error};
use super::identity;
use super::wire::Request;
use crate::ids::SocietyId;
use crate::plan::society::ObservedPolicies;
use crate::spec::Role;

/// Two factors, and what clients generate, as the server numbers them.
const TWO_FACTOR: u8 = 0;
const GENERATOR: u8 = 2;

/// The keys that were unwrapped.
#[derive(Default)]
pub(super) struct Keys(Mutex<BTreeMap<SocietyId, Unwrapped>>);

/// A key, with what it was unwrapped from; `None`: it was made here.
struct Unwrapped {
    from: Option<String>,
    key: Arc<Key>,
}

/// A society, as our profile lists it.
#[derive(Deserialize)]
pub(super) struct Membership {
    pub(super) id: SocietyId,
    pub(super) name: String,
    key: Option<String>,
    #[serde(rename = "type")]
    role: u8,
}

#[derive(Deserialize)]
struct Profile {
    organizations: Vec<Membership>,
}

#[derive(Deserialize)]
struct Founded {
    id: SocietyId,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Founding<'a> {
    name: &'a str,
    billing_email: &'a str,
    plan_type: u8,
    collection_name: Checked,
    key: Checked,
    keys: Pair,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Pair {
    public_key: String,
    encrypted_private_key: Checked,
}

#[derive(Deserialize)]
struct Policy {
    #[serde(rename = "type")]
    kind: u8,
    enabled: bool,
    #[serde(default)]
    data: Value,
}

/// Any list of the server.
#[derive(Deserialize)]
pub(super) struct List<T> {
    pub(super) data: Vec<T>,
}

impl Membership {
    pub(super) fn role(&self) -> Role {
        role(self.role)
    }
}

/// A role by its number; one that we do not know may do the least.
pub(super) fn role(number: u8) -> Role {
    match number {
        0 => Role::Owner,
        1 => Role::Admin,
        3 | 4 => Role::Manager,
        _ => Role::Member,
    }
}

impl Client {
    /// The societies that our account is a confirmed member of.
    pub(super) async fn memberships(&self) -> Result<Vec<Membership>, Error> {
        let call = "read our societies";
        let profile: Profile = self.call(call, &Request::get("/api/accounts/profile")).await?.json(call)?;
        Ok(profile.organizations)
    }

    /// Unwraps the key of a society; `None`: it does not open.
    pub(super) async fn open(&self, society: &Membership) -> Option<Arc<Key>> {
        let wrapped = society.key.as_ref()?;
        if let Some(kept) = self.keys.0.lock().expect("nobody panics with it").get(&society.id)
            && kept.from.as_ref() == Some(wrapped)
        {
            return Some(kept.key.clone());
        }
        let key = Arc::new(self.session.lock().await.account.pair.unwrap(&wrapped.parse().ok()?).ok()?);
        let kept = Unwrapped { from: Some(wrapped.clone()), key: key.clone() };
        self.keys.0.lock().expect("nobody panics with it").insert(society.id, kept);
        Some(key)
    }

    /// The key of a society that was looked at.
    pub(super) async fn key(&self, call: Call, society: SocietyId) -> Result<Arc<Key>, Error> {
        if let Some(kept) = self.keys.0.lock().expect("nobody panics with it").get(&society) {
            return Ok(kept.key.clone());
        }
        let ours = self.memberships().await?.into_iter().find(|membership| membership.id == society);
        match ours {
            Some(ours) => self.open(&ours).await.ok_or(Error::Denied { call }),
            None => Err(Error::Denied { call }),
        }
    }

    /// Founds a society with its first collection, which is known by this title until it is marked.
    ///
    /// # Errors
    /// Of the call.
    pub async fn found_society(&self, title: &str, collection: &str) -> Result<SocietyId, Error> {
        let call = "found the society";
        let crypto = |source| Error::Crypto { call, source };
        let key = Key::random();
        let pair = tokio::task::spawn_blocking(PrivateKey::generate).await.expect("nothing in it panics");
        let request = {
            let account = &self.session.lock().await.account;
            let founding = Founding {
                name: title,
                billing_email: &account.address,
                plan_type: 0,
                collection_name: Checked::text(&key, collection).map_err(crypto)?,
                key: Checked::wrapped_for_us(&account.pair, &key).map_err(crypto)?,
                keys: Pair {
                    public_key: pair.public().to_base64(),
                    encrypted_private_key: Checked::private_key(&key, &pair).map_err(crypto)?,
                },
            };
            Request::json(Method::POST, "/api/organizations", &founding)
        };
        let founded: Founded = self.call(call, &request).await?.json(call)?;
        let made = Unwrapped { from: None, key: Arc::new(key) };
        self.keys.0.lock().expect("nobody panics with it").insert(founded.id, made);
        Ok(founded.id)
    }

    /// Gives a society another title.
    ///
    /// # Errors
    /// Of the call.
    pub async fn rename_society(&self, society: SocietyId, title: &str) -> Result<(), Error> {
        let address = self.session.lock().await.account.address.clone();
        let body = json!({ "name": title, "billingEmail": address });
        let request = Request::json(Method::PUT, format!("/api/organizations/{society}"), &body);
        self.call("rename the society", &request).await.map(|_| ())
    }

    /// Deletes a society with everything in it, for ever.
    ///
    /// # Errors
    /// Of the call.
    pub async fn delete_society(&self, society: SocietyId) -> Result<(), Error> {
        let hash = {
            let account = &self.session.lock().await.account;
            identity::hash(account, &account.password).await
        };
        let body = json!({ "masterPasswordHash": hash.expose() });
        let request = Request::json(Method::POST, format!("/api/organizations/{society}/delete"), &body);
        self.call("delete the society", &request).await?;
        self.keys.0.lock().expect("nobody panics with it").remove(&society);
        Ok(())
    }

    /// The policies that Keyforge knows.
    pub(super) async fn policies(&self, society: SocietyId) -> Result<ObservedPolicies, Error> {
        let mut policies = ObservedPolicies::default();
        for policy in self.enabled_policies(society).await? {
            match policy.kind {
                TWO_FACTOR => policies.two_factor = true,
                GENERATOR => {
                    let length = policy.data["minLength"].as_u64();
                    policies.min_length = length.and_then(|length| length.try_into().ok());
                }
                _ => {}
            }
        }
        Ok(policies)
    }

    async fn enabled_policies(&self, society: SocietyId) -> Result<Vec<Policy>, Error> {
        let call = "read the policies";
        let request = Request::get(format!("/api/organizations/{society}/policies"));
        let list: List<Policy> = self.call(call, &request).await?.json(call)?;
        Ok(list.data.into_iter().filter(|policy| policy.enabled).collect())
    }

    /// Whether members need two factors.
    ///
    /// # Errors
    /// Of the call.
    pub async fn set_two_factor(&self, society: SocietyId, wanted: bool) -> Result<(), Error> {
        self.set_policy(society, TWO_FACTOR, wanted, Value::Null).await
    }

    /// The fewest characters that clients generate; `None`: what people choose. What a person demands beside it stays.
    ///
    /// # Errors
    /// Of the calls.
    pub async fn set_min_length(&self, society: SocietyId, length: Option<u32>) -> Result<(), Error> {
        let policies = self.enabled_policies(society).await?;
        let theirs = policies.into_iter().find(|policy| policy.kind == GENERATOR).map(|policy| policy.data);
        let mut data = match theirs {
            Some(Value::Object(data)) => data,
            _ => serde_json::Map::new(),
        };
        match length {
            Some(length) => drop(data.insert("minLength".into(), json!(length))),
            None => drop(data.remove("minLength")),
        }
        let demands = data.values().any(|value| !matches!(value, Value::Null | Value::Bool(false)));
        self.set_policy(society, GENERATOR, demands, Value::Object(data)).await
    }

    async fn set_policy(
        &self,
        society: SocietyId,
        kind: u8,
        enabled: bool,
        data: Value,
    ) -> Result<(), Error> {
        let body = json!({ "policy": { "enabled": enabled, "data": data } });
        let path = format!("/api/organizations/{society}/policies/{kind}");
        self.call("set the policy", &Request::json(Method::PUT, path, &body)).await.map(|_| ())
    }
}
