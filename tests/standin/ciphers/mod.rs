//! Items, which are called ciphers here: what they are, who may read and write them, and what is shown of them.

mod import;
mod place;
mod write;

pub(crate) use import::import_organization;
pub(crate) use place::{
    bulk_collections, delete, delete_all, put_collections, restore, restore_all, trash, trash_all,
};
pub(crate) use write::{create, create_own, put, share};

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::answer::{Answer, Refusal, json, list, refuse};
use crate::collections::Access;
use crate::members::{Membership, Role};
use crate::request::Request;
use crate::server::{Server, Session};
use crate::state::{Row, State, Table, Tables};

/// It is a person's or an organization's, never both.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Cipher {
    pub(crate) id: Uuid,
    pub(crate) user: Option<Uuid>,
    pub(crate) organization: Option<Uuid>,
    pub(crate) collections: BTreeSet<Uuid>,
    created: DateTime<Utc>,
    updated: DateTime<Utc>,
    /// In the bin since.
    deleted: Option<DateTime<Utc>>,
    kind: i32,
    name: String,
    notes: Option<String>,
    key: Option<String>,
    fields: Option<Value>,
    /// The part of its kind, as it was sent.
    data: Value,
    history: Option<Value>,
    reprompt: Option<i32>,
}

impl Row for Cipher {
    const TABLE: &'static str = "cipher";

    fn key(&self) -> String {
        self.id.to_string()
    }

    fn table(tables: &mut Tables) -> &mut Table<Self> {
        &mut tables.ciphers
    }
}

/// The fields of the kinds.
const KINDS: &[(i32, &str)] = &[(1, "login"), (2, "secureNote"), (3, "card"), (4, "identity"), (5, "sshKey")];

impl Cipher {
    fn new(kind: i32, name: String) -> Self {
        let now = Utc::now();
        Self {
            id: Uuid::new_v4(),
            user: None,
            organization: None,
            collections: BTreeSet::new(),
            created: now,
            updated: now,
            deleted: None,
            kind,
            name,
            notes: None,
            key: None,
            fields: None,
            data: json!({}),
            history: None,
            reprompt: None,
        }
    }

    pub(crate) fn is_ssh_key(&self) -> bool {
        self.kind == 5
    }

    /// What everybody who sees it is shown.
    fn shown(&self, collections: &BTreeSet<Uuid>) -> Value {
        let mut shown = json!({
            "object": "cipherDetails",
            "id": self.id,
            "type": self.kind,
            "creationDate": crate::clock(self.created),
            "revisionDate": crate::clock(self.updated),
            "deletedDate": self.deleted.map(crate::clock),
            "reprompt": self.reprompt.unwrap_or_default(),
            "organizationId": self.organization,
            "key": self.key,
            "attachments": null,
            "organizationUseTotp": true,
            "collectionIds": collections,
            "name": self.name,
            "notes": self.notes,
            "fields": self.fields.clone().unwrap_or_else(|| json!([])),
            "passwordHistory": self.history.clone().unwrap_or_else(|| json!([])),
            "login": null, "secureNote": null, "card": null, "identity": null, "sshKey": null,
        });
        let mut data = self.data.clone();
        if self.kind == 1 {
            data["uri"] = data["uris"][0]["uri"].clone();
        }
        if let Some((_, field)) = KINDS.iter().find(|(kind, _)| *kind == self.kind) {
            shown[*field] = data;
        }
        shown
    }
}

impl State {
    /// What a person may do with an item, None where they do not see it. One collection that allows it is enough.
    fn access(&self, cipher: &Cipher, user: Uuid) -> Option<Access> {
        if cipher.user == Some(user) {
            return Some(Access::FULL);
        }
        let membership = self.membership_of(user, cipher.organization?)?;
        if membership.sees_all() {
            return Some(Access::FULL);
        }
        let granted = cipher.collections.iter().filter_map(|id| {
            let collection = self.collections.get(&id.to_string())?;
            collection.access.get(&user).copied()
        });
        granted.reduce(|one, other| Access {
            read_only: one.read_only && other.read_only,
            hide_passwords: one.hide_passwords && other.hide_passwords,
            manage: one.manage || other.manage,
        })
    }

    /// Of the collections that it is in, those that a person sees.
    fn seen_collections(&self, cipher: &Cipher, user: Uuid) -> BTreeSet<Uuid> {
        let Some(membership) = cipher.organization.and_then(|id| self.membership_of(user, id)) else {
            return BTreeSet::new();
        };
        let granted = |id: &Uuid| self.collections[&id.to_string()].access.contains_key(&user);
        let seen = |id: &Uuid| membership.sees_all() || granted(id);
        cipher.collections.iter().copied().filter(seen).collect()
    }

    /// An item to a person.
    pub(crate) fn shown(&self, cipher: &Cipher, user: Uuid) -> Value {
        let access = self.access(cipher, user);
        let access = access.unwrap_or(Access { read_only: true, hide_passwords: true, manage: false });
        let mut shown = cipher.shown(&self.seen_collections(cipher, user));
        shown["folderId"] = Value::Null;
        shown["favorite"] = json!(false);
        shown["archivedDate"] = Value::Null;
        shown["edit"] = json!(!access.read_only);
        shown["viewPassword"] = json!(!access.hide_passwords);
        shown["permissions"] = json!({"delete": !access.read_only, "restore": !access.read_only});
        shown
    }

    /// Everything that a person sees of their own and as a confirmed member.
    pub(crate) fn seen_by(&self, user: Uuid) -> impl Iterator<Item = &Cipher> {
        self.ciphers.values().filter(move |cipher| {
            let organization = cipher.organization.and_then(|id| self.membership_of(user, id));
            let in_it = cipher.user.is_some() || organization.is_some_and(Membership::is_confirmed);
            in_it && self.access(cipher, user).is_some()
        })
    }

    /// With a new revision date, which is also news for everybody who sees it.
    fn put_cipher(&mut self, mut cipher: Cipher) -> Cipher {
        cipher.updated = Utc::now();
        self.put(cipher.clone());
        self.touch_cipher(&cipher);
        cipher
    }

    fn touch_cipher(&mut self, cipher: &Cipher) {
        let users = match (cipher.user, cipher.organization) {
            (Some(user), _) => vec![user],
            (None, Some(organization)) => self.users_of(organization),
            (None, None) => Vec::new(),
        };
        for user in users {
            if self.access(cipher, user).is_some() {
                self.touch(user);
            }
        }
    }

    fn remove_cipher(&mut self, cipher: &Cipher) {
        self.touch_cipher(cipher);
        self.remove::<Cipher>(cipher.id);
    }
}

/// An item that the person may write, or the refusal in the words of the call.
fn writable(session: &Session<'_>, id: &str, why: &str) -> Result<Cipher, Refusal> {
    let Some(cipher) = session.state.ciphers.get(id) else { return refuse("Cipher doesn't exist") };
    let access = session.state.access(cipher, session.user.id);
    if access.is_some_and(|access| !access.read_only || access.manage) {
        Ok(cipher.clone())
    } else {
        refuse(why)
    }
}

#[derive(Deserialize)]
struct Ids {
    ids: Vec<String>,
}

/// `GET /api/ciphers/{cipher}`.
pub(crate) fn get(server: &Server, request: &Request, id: &str) -> Answer {
    let session = server.session(request)?;
    match session.state.ciphers.get(id) {
        None => refuse("Cipher doesn't exist"),
        Some(cipher) if session.state.access(cipher, session.user.id).is_none() => {
            refuse("Cipher is not owned by user")
        }
        Some(cipher) => json(&session.state.shown(cipher, session.user.id)),
    }
}

/// `GET /api/ciphers/organization-details`: with what is in the bin.
pub(crate) fn organization_details(server: &Server, request: &Request) -> Answer {
    let organization = request.query("organizationId").unwrap_or_default();
    let member = server.at_least(Role::Manager, request, &organization)?;
    if !member.membership.sees_all() {
        return crate::collections::hidden();
    }
    let of_it =
        member.state.ciphers.values().filter(|cipher| cipher.organization == Some(member.organization()));
    list(of_it.map(|cipher| cipher.shown(&cipher.collections)).collect())
}
