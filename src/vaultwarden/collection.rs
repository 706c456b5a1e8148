//! Collections of a society.
//!
//! Invariant: a write leaves who sees a collection as it is. The server replaces that with every write, so it is read first
//! and sent back.

use http::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use super::client::Client;
use super::crypto::Checked;
use super::error::{Call, Error};
use super::society::List;
use super::wire::Request;
use crate::ids::{CollectionId, MembershipId, SocietyId};
use crate::plan::society::{CollectionMarker, FingerprintKey};
use crate::spec::CollectionRight;

/// A collection, as the server lists it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Collection {
    pub(super) id: CollectionId,
    pub(super) name: String,
    pub(super) external_id: Option<String>,
    /// Who sees it. Here alone are those who are not confirmed yet: the list of members shows nothing of them.
    #[serde(default)]
    pub(super) users: Vec<Access>,
}

/// What a member may do with a collection.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Access {
    pub(super) id: MembershipId,
    read_only: bool,
    hide_passwords: bool,
    manage: bool,
}

impl Access {
    pub(super) fn right(&self) -> CollectionRight {
        match self {
            Self { manage: true, .. } => CollectionRight::Manage,
            Self { read_only: false, .. } => CollectionRight::Write,
            Self { hide_passwords: true, .. } => CollectionRight::ReadHidden,
            Self { .. } => CollectionRight::Read,
        }
    }
}

/// Who sees a collection, in the server's own form.
#[derive(Deserialize)]
struct Seen {
    users: Vec<Value>,
    groups: Vec<Value>,
}

impl Client {
    pub(super) async fn collections(&self, society: SocietyId) -> Result<Vec<Collection>, Error> {
        let call = "read the collections";
        let request = Request::get(format!("/api/organizations/{society}/collections/details"));
        let list: List<Collection> = self.call(call, &request).await?.json(call)?;
        Ok(list.data)
    }

    /// Makes a collection that nobody but owners and admins sees yet.
    ///
    /// # Errors
    /// Of the call.
    pub async fn create_collection(
        &self,
        society: SocietyId,
        marker: &CollectionMarker,
        title: &str,
        key: &FingerprintKey,
    ) -> Result<CollectionId, Error> {
        let call = "create the collection";
        let (marker, nobody) = (marker.text(key, society), Seen { users: Vec::new(), groups: Vec::new() });
        let body = self.body(call, society, &marker, title, &nobody).await?;
        let request = Request::json(Method::POST, format!("/api/organizations/{society}/collections"), &body);
        let made: Collection = self.call(call, &request).await?.json(call)?;
        Ok(made.id)
    }

    /// Gives a collection its marker and title.
    ///
    /// # Errors
    /// Of the calls.
    pub async fn update_collection(
        &self,
        society: SocietyId,
        id: CollectionId,
        marker: &CollectionMarker,
        title: &str,
        key: &FingerprintKey,
    ) -> Result<(), Error> {
        let call = "update the collection";
        let path = format!("/api/organizations/{society}/collections/{id}");
        let seen: Seen = self.call(call, &Request::get(format!("{path}/details"))).await?.json(call)?;
        let body = self.body(call, society, &marker.text(key, society), title, &seen).await?;
        self.call(call, &Request::json(Method::PUT, path, &body)).await.map(|_| ())
    }

    /// Deletes collections. What was in them stays in the society.
    ///
    /// # Errors
    /// Of the call.
    pub async fn delete_collections(&self, society: SocietyId, ids: &[CollectionId]) -> Result<(), Error> {
        let path = format!("/api/organizations/{society}/collections");
        let request = Request::json(Method::DELETE, path, &json!({ "ids": ids }));
        self.call("delete the collections", &request).await.map(|_| ())
    }

    async fn body(
        &self,
        call: Call,
        society: SocietyId,
        marker: &str,
        title: &str,
        seen: &Seen,
    ) -> Result<Value, Error> {
        let key = self.key(call, society).await?;
        let name = Checked::text(&key, title).map_err(|source| Error::Crypto { call, source })?;
        Ok(json!({ "name": name, "externalId": marker, "users": seen.users, "groups": seen.groups }))
    }
}
