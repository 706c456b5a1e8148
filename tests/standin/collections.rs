//! Collections, and who may do what with the items in them.

use std::collections::BTreeMap;

use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::answer::{Answer, Refusal, json, list, nothing, refuse};
use crate::ciphers::Cipher;
use crate::members::{Membership, Role};
use crate::request::Request;
use crate::server::{Member, Server};
use crate::state::{Row, State, Table, Tables};

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Collection {
    pub(crate) id: Uuid,
    pub(crate) organization: Uuid,
    name: String,
    external_id: Option<String>,
    /// By person.
    pub(crate) access: BTreeMap<Uuid, Access>,
}

/// What a member may do with what is in a collection.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Access {
    pub(crate) read_only: bool,
    pub(crate) hide_passwords: bool,
    pub(crate) manage: bool,
}

impl Row for Collection {
    const TABLE: &'static str = "collection";

    fn key(&self) -> String {
        self.id.to_string()
    }

    fn table(tables: &mut Tables) -> &mut Table<Self> {
        &mut tables.collections
    }
}

impl Access {
    pub(crate) const FULL: Self = Self { read_only: false, hide_passwords: false, manage: true };

    /// `id` is of the collection, or of the membership.
    pub(crate) fn shown(self, id: Uuid, role: Role) -> Value {
        let free = role == Role::Manager && !self.read_only && !self.hide_passwords;
        json!({
            "id": id,
            "readOnly": self.read_only,
            "hidePasswords": self.hide_passwords,
            "manage": self.manage || free,
        })
    }
}

impl Collection {
    pub(crate) fn new(organization: Uuid, name: String, external_id: Option<String>) -> Self {
        let external_id = external_id.filter(|id| !id.is_empty());
        Self { id: Uuid::new_v4(), organization, name, external_id, access: BTreeMap::new() }
    }

    pub(crate) fn is_writable_by(&self, membership: &Membership) -> bool {
        membership.sees_all() || self.access.get(&membership.user).is_some_and(|access| !access.read_only)
    }

    fn is_managed_by(&self, membership: &Membership) -> bool {
        membership.sees_all() || self.access.get(&membership.user).is_some_and(|access| access.manage)
    }

    fn shown(&self) -> Value {
        json!({
            "id": self.id,
            "organizationId": self.organization,
            "name": self.name,
            "externalId": self.external_id,
            "type": 0,
            "defaultUserCollectionEmail": null,
            "object": "collection",
        })
    }

    /// With what a member may do in it.
    pub(crate) fn details(&self, membership: &Membership) -> Value {
        let access = if membership.sees_all() {
            Access { manage: membership.role >= Role::Manager, ..Access::FULL }
        } else {
            let own = self.access.get(&membership.user).copied();
            let own = own.unwrap_or(Access { read_only: true, hide_passwords: true, manage: false });
            let manage =
                membership.role == Role::Manager && (own.manage || (!own.read_only && !own.hide_passwords));
            Access { manage, ..own }
        };
        let mut shown = self.shown();
        shown["readOnly"] = json!(access.read_only);
        shown["hidePasswords"] = json!(access.hide_passwords);
        shown["manage"] = json!(access.manage);
        shown["object"] = json!("collectionDetails");
        shown
    }

    /// With everybody who was let into it, by their memberships.
    fn with_access(&self, state: &State, membership: &Membership) -> Value {
        let users = self.access.iter().filter_map(|(user, access)| {
            let other = state.membership_of(*user, self.organization)?;
            Some(access.shown(other.id, if other.is_confirmed() { other.role } else { Role::User }))
        });
        let users: Vec<Value> = users.collect();
        let mut shown = self.details(membership);
        shown["assigned"] = json!(membership.sees_all() || self.access.contains_key(&membership.user));
        shown["users"] = json!(users);
        shown["groups"] = json!([]);
        shown["object"] = json!("collectionAccessDetails");
        shown
    }
}

impl State {
    pub(crate) fn collections_of(&self, organization: Uuid) -> impl Iterator<Item = &Collection> {
        self.collections.values().filter(move |collection| collection.organization == organization)
    }

    pub(crate) fn collection_in(&self, organization: Uuid, id: Uuid) -> Option<&Collection> {
        self.collections.get(&id.to_string()).filter(|collection| collection.organization == organization)
    }

    /// Tells everybody who sees it.
    pub(crate) fn put_collection(&mut self, collection: Collection) {
        let (id, organization) = (collection.id, collection.organization);
        self.put(collection);
        self.touch_collection(organization, id);
    }

    fn touch_collection(&mut self, organization: Uuid, id: Uuid) {
        let access = self.collections[&id.to_string()].access.clone();
        for membership in self.memberships_of(organization) {
            if membership.access_all || access.contains_key(&membership.user) {
                self.touch(membership.user);
            }
        }
    }

    pub(crate) fn grant(&mut self, user: Uuid, collection: Uuid, access: Access) {
        if let Some(collection) = self.collections.get(&collection.to_string()) {
            let mut collection = collection.clone();
            collection.access.insert(user, access);
            self.put(collection);
            self.touch(user);
        }
    }

    pub(crate) fn forget_access(&mut self, user: Uuid, organization: Uuid) {
        let with = |collection: &&Collection| collection.access.contains_key(&user);
        let with: Vec<Collection> = self.collections_of(organization).filter(with).cloned().collect();
        for mut collection in with {
            collection.access.remove(&user);
            self.put(collection);
        }
    }

    fn remove_collection(&mut self, collection: &Collection) {
        self.touch_collection(collection.organization, collection.id);
        let in_it = |cipher: &&Cipher| cipher.collections.contains(&collection.id);
        let in_it: Vec<Cipher> = self.ciphers.values().filter(in_it).cloned().collect();
        for mut cipher in in_it {
            cipher.collections.remove(&collection.id);
            self.put(cipher);
        }
        self.remove::<Collection>(collection.id);
    }
}

/// What a list says to who may not see it.
pub(crate) fn hidden() -> Answer {
    Err(Refusal::Said(StatusCode::NOT_FOUND, "Resource not found.".into()))
}

/// A collection as it is asked for. Both lists are needed, also empty.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wanted {
    name: String,
    external_id: Option<String>,
    users: Vec<Granted>,
    #[serde(rename = "groups")]
    _groups: Vec<Value>,
}

/// `id` is of a membership.
#[derive(Deserialize)]
struct Granted {
    id: Uuid,
    #[serde(flatten)]
    access: Access,
}

impl Member<'_> {
    /// Whom a collection is for, by person; who sees all of them needs no access.
    fn granted(&self, users: &[Granted]) -> Result<BTreeMap<Uuid, Access>, Refusal> {
        let mut access = BTreeMap::new();
        for granted in users {
            let found = self.state.memberships.get(&granted.id.to_string());
            match found.filter(|one| one.organization == self.organization()) {
                None => return refuse("Invalid member"),
                Some(one) if one.access_all => {}
                Some(one) => {
                    access.insert(one.user, granted.access);
                }
            }
        }
        Ok(access)
    }

    /// A collection of the organization that the member may manage. Who may not is told as little as a stranger.
    fn managed(&self, id: &str) -> Result<Collection, Refusal> {
        let found = self.state.collections.get(id).filter(|one| one.is_managed_by(&self.membership));
        match found {
            None => Err(Refusal::Plain(StatusCode::UNAUTHORIZED)),
            Some(one) if one.organization != self.organization() => refuse("Collection not found"),
            Some(one) => Ok(one.clone()),
        }
    }
}

/// `GET /api/organizations/{organization}/collections`.
pub(crate) fn get_all(server: &Server, request: &Request, organization: &str) -> Answer {
    let member = server.at_least(Role::Manager, request, organization)?;
    if !member.membership.sees_all() {
        return hidden();
    }
    list(member.state.collections_of(member.organization()).map(Collection::shown).collect())
}

/// `GET /api/organizations/{organization}/collections/details`.
pub(crate) fn details(server: &Server, request: &Request, organization: &str) -> Answer {
    let member = server.at_least(Role::Manager, request, organization)?;
    let sees_all = |one: &Membership| one.sees_all();
    let everywhere: Vec<Value> = member
        .state
        .memberships_of(member.organization())
        .into_iter()
        .filter(sees_all)
        .map(|one| Access::FULL.shown(one.id, one.role))
        .collect();
    let (state, own) = (&member.state, &member.membership);
    let seen = state
        .collections_of(member.organization())
        .filter(|collection| own.sees_all() || collection.access.contains_key(&own.user));
    list(
        seen.map(|collection| {
            let mut shown = collection.with_access(state, own);
            shown["users"].as_array_mut().expect("a list").extend(everywhere.clone());
            shown["unmanaged"] = json!(false);
            shown
        })
        .collect(),
    )
}

/// `GET /api/organizations/{organization}/collections/{collection}/details`.
pub(crate) fn get(server: &Server, request: &Request, organization: &str, id: &str) -> Answer {
    let member = server.at_least(Role::Manager, request, organization)?;
    json(&member.managed(id)?.with_access(&member.state, &member.membership))
}

/// `POST /api/organizations/{organization}/collections`: names are not unique.
pub(crate) fn create(server: &Server, request: &Request, organization: &str) -> Answer {
    let mut member = server.at_least(Role::Manager, request, organization)?;
    let wanted: Wanted = request.json()?;
    let access = member.granted(&wanted.users)?;
    if member.membership.role == Role::Manager && !member.membership.access_all {
        return refuse("You don't have permission to create collections");
    }
    let new = Collection::new(member.organization(), wanted.name, wanted.external_id);
    let collection = Collection { access, ..new };
    let shown = collection.details(&member.membership);
    member.state.put_collection(collection);
    json(&shown)
}

/// `PUT /api/organizations/{organization}/collections/{collection}`: replaces all of it.
pub(crate) fn put(server: &Server, request: &Request, organization: &str, id: &str) -> Answer {
    let mut member = server.at_least(Role::Manager, request, organization)?;
    let former = member.managed(id)?;
    let wanted: Wanted = request.json()?;
    let access = member.granted(&wanted.users)?;
    let external_id = wanted.external_id.filter(|id| !id.trim().is_empty());
    let collection = Collection { name: wanted.name, external_id, access, ..former };
    let shown = collection.details(&member.membership);
    member.state.put_collection(collection);
    json(&shown)
}

/// `POST /api/organizations/{organization}/collections/bulk-access`: replaces who is let into each.
pub(crate) fn bulk_access(server: &Server, request: &Request, organization: &str) -> Answer {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Bulk {
        collection_ids: Vec<String>,
        users: Vec<Granted>,
        #[serde(rename = "groups")]
        _groups: Vec<Value>,
    }
    let mut member = server.at_least(Role::Manager, request, organization)?;
    let bulk: Bulk = request.json()?;
    for id in bulk.collection_ids {
        let Ok(former) = member.managed(&id) else { return refuse("Collection not found") };
        let access = member.granted(&bulk.users).or_else(|_| refuse("User is not part of organization"))?;
        member.state.put_collection(Collection { access, ..former });
    }
    nothing()
}

/// `DELETE /api/organizations/{organization}/collections/{collection}`: what is in it stays in the organization.
pub(crate) fn delete(server: &Server, request: &Request, organization: &str, id: &str) -> Answer {
    let mut member = server.at_least(Role::Manager, request, organization)?;
    let collection = member.managed(id)?;
    member.state.remove_collection(&collection);
    nothing()
}

/// `DELETE /api/organizations/{organization}/collections`: all of them or, where one is not managed, none.
pub(crate) fn delete_all(server: &Server, request: &Request, organization: &str) -> Answer {
    #[derive(Deserialize)]
    struct Ids {
        ids: Vec<String>,
    }
    let mut member = server.at_least(Role::Manager, request, organization)?;
    let Ids { ids } = request.json()?;
    let collections: Result<Vec<_>, _> = ids.iter().map(|id| member.managed(id)).collect();
    for collection in collections.or_else(|_| refuse("Collection not found"))? {
        member.state.remove_collection(&collection);
    }
    nothing()
}
