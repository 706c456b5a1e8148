//! Members of a society: invited, confirmed, given access, kept out.
//!
//! One call for many people where the server answers for each of them: the error of a call is that of all, beside it stands what
//! became of each in order. Invariant: a society's key is wrapped for exactly the public key whose digest the plan names; the
//! server may have another one by now.

use std::collections::{BTreeMap, BTreeSet};

use http::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use super::client::Client;
use super::collection::Collection;
use super::crypto::{Checked, PublicKey, phrase};
use super::error::{Call, Error, one_line};
use super::society::{List, role};
use super::wire::Request;
use crate::digest::Digest;
use crate::ids::{CollectionId, MembershipId, SocietyId, UserId};
use crate::plan::society::{Granted, MemberStatus, ObservedKey, ObservedMember};
use crate::spec::{CollectionRight, Role};

/// A member, as the server lists them.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Member {
    id: MembershipId,
    pub(super) user_id: UserId,
    email: String,
    status: i8,
    #[serde(rename = "type")]
    role: u8,
    access_all: bool,
    has_master_password: bool,
}

/// The public key of a member; `None`: they have not registered.
#[derive(Deserialize)]
struct MemberKey {
    id: MembershipId,
    key: Option<String>,
}

/// What became of one of many, as the server writes it.
#[derive(Deserialize)]
struct Answered {
    id: MembershipId,
    #[serde(default)]
    error: String,
}

/// What became of each of many, in the order in which they were named.
pub type Each = Vec<Result<(), Error>>;

impl Member {
    fn status(&self) -> MemberStatus {
        match self.status {
            0 => MemberStatus::Invited,
            1 => MemberStatus::Accepted,
            2 => MemberStatus::Confirmed,
            // A revoked membership keeps its former status in the database, as a number below zero.
            _ => MemberStatus::Revoked,
        }
    }

    fn observed(self, keys: &BTreeMap<MembershipId, String>, collections: &[Collection]) -> ObservedMember {
        let user = self.user_id;
        let role = role(self.role);
        let key = keys.get(&self.id).and_then(|key| PublicKey::from_base64(key).ok());
        let sees_all = matches!(role, Role::Owner | Role::Admin);
        let by_collection = collections.iter().filter(|_| !self.access_all);
        let access = by_collection
            .filter_map(|seen| {
                Some((seen.id, seen.users.iter().find(|access| access.id == self.id)?.right()))
            })
            .collect();
        ObservedMember {
            id: self.id,
            user,
            address: self.email.to_lowercase(),
            status: self.status(),
            role,
            all_collections: self.access_all && !sees_all,
            access,
            has_password: self.has_master_password,
            key: key.map(|key| ObservedKey {
                digest: Digest::of(key.as_der()),
                phrase: Digest::of(phrase(&user.to_string(), &key).as_str()),
            }),
        }
    }
}

/// What somebody may do, as the server writes it. It replaces what was.
fn wire(granted: &Granted) -> Value {
    let role = match granted.role {
        Role::Owner => 0,
        Role::Admin => 1,
        Role::Member => 2,
        Role::Manager => 3,
    };
    let collections: Vec<Value> = granted.access.iter().map(|(id, right)| access(*id, *right)).collect();
    json!({ "type": role, "collections": collections, "groups": [], "permissions": {} })
}

fn access(id: CollectionId, right: CollectionRight) -> Value {
    let read_only = matches!(right, CollectionRight::Read | CollectionRight::ReadHidden);
    let hide = right == CollectionRight::ReadHidden;
    let manage = right == CollectionRight::Manage;
    json!({ "id": id, "readOnly": read_only, "hidePasswords": hide, "manage": manage })
}

impl Client {
    /// All members but ourselves, with the public keys of those who have one.
    pub(super) async fn members(
        &self,
        society: SocietyId,
        collections: &[Collection],
    ) -> Result<Vec<ObservedMember>, Error> {
        let call = "read the members";
        let path = format!("/api/organizations/{society}/users");
        let list: List<Member> = self.call(call, &Request::get(path)).await?.json(call)?;
        let ours = self.session.lock().await.account.user;
        let others: Vec<Member> =
            list.data.into_iter().filter(|member| Some(member.user_id) != ours).collect();
        let registered: Vec<MembershipId> =
            others.iter().filter(|member| member.status != 0).map(|member| member.id).collect();
        let keys = self.public_keys(call, society, &registered).await?;
        Ok(others.into_iter().map(|member| member.observed(&keys, collections)).collect())
    }

    async fn public_keys(
        &self,
        call: Call,
        society: SocietyId,
        ids: &[MembershipId],
    ) -> Result<BTreeMap<MembershipId, String>, Error> {
        if ids.is_empty() {
            return Ok(BTreeMap::new());
        }
        let path = format!("/api/organizations/{society}/users/public-keys");
        let answer = self.call(call, &Request::json(Method::POST, path, &json!({ "ids": ids }))).await?;
        let list: List<MemberKey> = answer.json(call)?;
        Ok(list.data.into_iter().filter_map(|member| Some((member.id, member.key?))).collect())
    }

    /// Invites people who are to have the same. The server ends at the first that it refuses, without a word about the others:
    /// then whoever is not in the society yet is invited alone.
    ///
    /// # Errors
    /// Of the calls.
    pub async fn invite(
        &self,
        society: SocietyId,
        addresses: &[&str],
        granted: &Granted,
    ) -> Result<Each, Error> {
        let refusal = match self.invite_all(society, addresses, granted).await {
            Ok(()) => return Ok(addresses.iter().map(|_| Ok(())).collect()),
            Err(refusal @ (Error::Refused { .. } | Error::Denied { .. })) => refusal,
            Err(error) => return Err(error),
        };
        if addresses.len() == 1 {
            return Ok(vec![Err(refusal)]);
        }
        let there: BTreeSet<String> =
            self.members(society, &[]).await?.into_iter().map(|member| member.address).collect();
        let mut each = Vec::new();
        for address in addresses {
            each.push(match there.contains(*address) {
                true => Ok(()),
                false => match self.invite_all(society, &[address], granted).await {
                    Err(error) if error.is_away() => return Err(error),
                    invited => invited,
                },
            });
        }
        Ok(each)
    }

    async fn invite_all(
        &self,
        society: SocietyId,
        addresses: &[&str],
        granted: &Granted,
    ) -> Result<(), Error> {
        let mut body = wire(granted);
        body["emails"] = json!(addresses);
        let path = format!("/api/organizations/{society}/users/invite");
        self.call("invite members", &Request::json(Method::POST, path, &body)).await.map(|_| ())
    }

    /// Renews invitations.
    ///
    /// # Errors
    /// Of the call.
    pub async fn reinvite(&self, society: SocietyId, ids: &[MembershipId]) -> Result<Each, Error> {
        let path = format!("/api/organizations/{society}/users/reinvite");
        self.each("renew invitations", Method::POST, path, ids).await
    }

    /// Gives the society's key to people whose public keys have these digests; [`Error::Changed`] for who has another key by now.
    ///
    /// # Errors
    /// Of the calls.
    pub async fn confirm(
        &self,
        society: SocietyId,
        people: &[(MembershipId, Digest)],
    ) -> Result<Each, Error> {
        let call = "confirm members";
        let key = self.key(call, society).await?;
        let ids: Vec<MembershipId> = people.iter().map(|(id, _)| *id).collect();
        let found = self.public_keys(call, society, &ids).await?;
        let mut keys = Vec::new();
        let mut given = Vec::new();
        for (id, digest) in people {
            let theirs = found.get(id).and_then(|key| PublicKey::from_base64(key).ok());
            if let Some(theirs) = theirs.filter(|theirs| Digest::of(theirs.as_der()) == *digest) {
                let wrapped =
                    Checked::wrapped(&theirs, &key).map_err(|source| Error::Crypto { call, source })?;
                keys.push(json!({ "id": id, "key": wrapped }));
                given.push(*id);
            }
        }
        let mut confirmed = BTreeMap::new();
        if !given.is_empty() {
            let path = format!("/api/organizations/{society}/users/confirm");
            let request = Request::json(Method::POST, path, &json!({ "keys": keys }));
            confirmed.extend(given.iter().copied().zip(self.all(call, &request, &given).await?));
        }
        Ok(ids.iter().map(|id| confirmed.remove(id).unwrap_or(Err(Error::Changed { call }))).collect())
    }

    /// Says what a member may do.
    ///
    /// # Errors
    /// Of the call.
    pub async fn grant_member(
        &self,
        society: SocietyId,
        id: MembershipId,
        granted: &Granted,
    ) -> Result<(), Error> {
        let path = format!("/api/organizations/{society}/users/{id}");
        self.call("change what a member may do", &Request::json(Method::PUT, path, &wire(granted)))
            .await
            .map(|_| ())
    }

    /// Keeps people out.
    ///
    /// # Errors
    /// Of the call.
    pub async fn revoke(&self, society: SocietyId, ids: &[MembershipId]) -> Result<Each, Error> {
        let path = format!("/api/organizations/{society}/users/revoke");
        self.each("revoke members", Method::PUT, path, ids).await
    }

    /// Lets people in again.
    ///
    /// # Errors
    /// Of the call.
    pub async fn restore(&self, society: SocietyId, ids: &[MembershipId]) -> Result<Each, Error> {
        let path = format!("/api/organizations/{society}/users/restore");
        self.each("restore members", Method::PUT, path, ids).await
    }

    /// Ends memberships.
    ///
    /// # Errors
    /// Of the call.
    pub async fn delete_members(&self, society: SocietyId, ids: &[MembershipId]) -> Result<Each, Error> {
        let path = format!("/api/organizations/{society}/users");
        self.each("delete members", Method::DELETE, path, ids).await
    }

    async fn each(
        &self,
        call: Call,
        method: Method,
        path: String,
        ids: &[MembershipId],
    ) -> Result<Each, Error> {
        self.all(call, &Request::json(method, path, &json!({ "ids": ids })), ids).await
    }

    /// A call for many: it succeeds as a whole although some of them did not.
    async fn all(&self, call: Call, request: &Request, ids: &[MembershipId]) -> Result<Each, Error> {
        let answer = self.call(call, request).await?;
        let list = match answer.body.is_empty() {
            true => Vec::new(),
            false => answer.json::<List<Answered>>(call)?.data,
        };
        let mut refused: BTreeMap<MembershipId, String> =
            list.into_iter().filter(|one| !one.error.is_empty()).map(|one| (one.id, one.error)).collect();
        let became = |id: &MembershipId| match refused.remove(id) {
            Some(error) => Err(Error::Refused { call, message: one_line(&error) }),
            None => Ok(()),
        };
        Ok(ids.iter().map(became).collect())
    }
}
