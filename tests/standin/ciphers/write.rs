//! An item made, changed, or moved from a person to an organization. Nothing in it is looked at but its outline.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use super::{Cipher, writable};
use crate::answer::{Answer, Refusal, json, refuse};
use crate::request::Request;
use crate::server::{Server, Session};
use crate::state::State;

/// An item as it is sent. What is left out is wiped.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Data {
    pub(super) r#type: i32,
    pub(super) name: String,
    #[serde(alias = "organizationID")]
    pub(super) organization_id: Option<Uuid>,
    pub(super) notes: Option<String>,
    key: Option<String>,
    fields: Option<Value>,
    login: Option<Value>,
    secure_note: Option<Value>,
    card: Option<Value>,
    identity: Option<Value>,
    ssh_key: Option<Value>,
    password_history: Option<Value>,
    reprompt: Option<i32>,
    last_known_revision_date: Option<String>,
}

/// What a shared item is sent with.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Shared {
    cipher: Data,
    collection_ids: Vec<Uuid>,
}

/// The longest note.
pub(super) const LONGEST: usize = 10_000;

pub(super) fn too_long() -> String {
    format!("The field Notes exceeds the maximum encrypted value length of {LONGEST} characters.")
}

/// `POST /api/ciphers`: a person's own.
pub(crate) fn create_own(server: &Server, request: &Request) -> Answer {
    let mut session = server.session(request)?;
    let data: Data = request.json()?;
    let cipher = Cipher::new(data.r#type, data.name.clone());
    let user = session.user.id;
    let cipher = session.state.write(cipher, data, user, false, false)?;
    json(&session.state.shown(&cipher, user))
}

/// `POST /api/ciphers/create`: an organization's.
pub(crate) fn create(server: &Server, request: &Request) -> Answer {
    let mut session = server.session(request)?;
    let mut shared: Shared = request.json()?;
    // Who clones an item sends the date of the other one.
    shared.cipher.last_known_revision_date = None;
    let mut cipher = Cipher::new(shared.cipher.r#type, shared.cipher.name.clone());
    cipher.user = Some(session.user.id);
    move_to_organization(&mut session, cipher, shared)
}

/// `PUT /api/ciphers/{cipher}/share`.
pub(crate) fn share(server: &Server, request: &Request, id: &str) -> Answer {
    let mut session = server.session(request)?;
    let shared: Shared = request.json()?;
    let cipher = writable(&session, id, "Cipher is not write accessible")?;
    if cipher.organization.is_some() && cipher.organization != shared.cipher.organization_id {
        return refuse(MISMATCH);
    }
    move_to_organization(&mut session, cipher, shared)
}

fn move_to_organization(session: &mut Session<'_>, mut cipher: Cipher, shared: Shared) -> Answer {
    let user = session.user.id;
    if let Some(organization) = shared.cipher.organization_id {
        for id in &shared.collection_ids {
            let membership = session.state.membership_of(user, organization);
            match session.state.collection_in(organization, *id) {
                None => return refuse("Invalid collection ID provided"),
                Some(one) if !membership.is_some_and(|own| one.is_writable_by(own)) => {
                    return refuse("No rights to modify the collection");
                }
                Some(_) => cipher.collections.insert(*id),
            };
        }
    }
    let has_collections = !cipher.collections.is_empty();
    let cipher = session.state.write(cipher, shared.cipher, user, has_collections, true)?;
    json(&session.state.shown(&cipher, user))
}

/// `PUT /api/ciphers/{cipher}`: all of it but its collections.
pub(crate) fn put(server: &Server, request: &Request, id: &str) -> Answer {
    let mut session = server.session(request)?;
    let data: Data = request.json()?;
    let cipher = writable(&session, id, "Cipher is not write accessible")?;
    let user = session.user.id;
    let cipher = session.state.write(cipher, data, user, false, true)?;
    json(&session.state.shown(&cipher, user))
}

const MISMATCH: &str = "Organization mismatch. Please resync the client before updating the cipher";

impl State {
    /// Stores what was sent. `placed` says that the collections were looked at, `dated` that the client's copy must not
    /// be old.
    pub(super) fn write(
        &mut self,
        mut cipher: Cipher,
        data: Data,
        user: Uuid,
        placed: bool,
        dated: bool,
    ) -> Result<Cipher, Refusal> {
        let known = data.last_known_revision_date.as_deref().filter(|_| dated).and_then(date);
        if known.is_some_and(|known| (cipher.updated - known).num_seconds() > 1) {
            return refuse("The client copy of this cipher is out of date. Resync the client and try again.");
        }
        if cipher.organization.is_some() && cipher.organization != data.organization_id {
            return refuse(MISMATCH);
        }
        if data.notes.as_ref().is_some_and(|notes| notes.len() > LONGEST) {
            return refuse(too_long());
        }
        match data.organization_id {
            None => cipher.user = Some(user),
            Some(organization) => {
                let own = self.membership_of(user, organization).filter(|own| own.is_confirmed());
                let Some(own) = own else {
                    return refuse("You don't have permission to add item to organization");
                };
                let access = self.access(&cipher, user);
                if !placed
                    && !own.sees_all()
                    && access.is_none_or(|access| access.read_only && !access.manage)
                {
                    return refuse("You don't have permission to add cipher directly to organization");
                }
                cipher.organization = Some(organization);
                cipher.user = None;
            }
        }
        let part = match data.r#type {
            1 => data.login,
            2 => data.secure_note,
            3 => data.card,
            4 => data.identity,
            5 => data.ssh_key,
            _ => return refuse("Invalid type"),
        };
        let Some(part) = part else { return refuse("Data missing") };
        cipher.data = without_response(part);
        cipher.name = data.name;
        cipher.notes = data.notes;
        cipher.key = data.key;
        cipher.fields = data.fields.map(without_response);
        cipher.history = data.password_history;
        cipher.reprompt = data.reprompt.filter(|reprompt| matches!(reprompt, 0 | 1));
        Ok(self.put_cipher(cipher))
    }
}

/// What cannot be read is not looked at.
fn date(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(text).ok().map(|date| date.to_utc())
}

/// Clients leave a field of this name in what they send.
fn without_response(value: Value) -> Value {
    match value {
        Value::Object(fields) => fields
            .into_iter()
            .filter(|(name, _)| name != "response")
            .map(|(name, value)| (name, without_response(value)))
            .collect(),
        Value::Array(values) => values.into_iter().map(without_response).collect(),
        other => other,
    }
}
