//! Many items at once. Not idempotent, and not atomic: what was done before the first mistake stays.

use serde::Deserialize;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::Cipher;
use super::write::{Data, LONGEST, too_long};
use crate::answer::{Answer, Refusal, nothing, refuse};
use crate::collections::Collection;
use crate::members::Role;
use crate::request::Request;
use crate::server::Server;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Import {
    ciphers: Vec<Data>,
    collections: Vec<Place>,
    collection_relationships: Vec<Relation>,
}

/// One of the organization's collections by its id, else a new one.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Place {
    id: Option<Uuid>,
    name: String,
    external_id: Option<String>,
    #[serde(rename = "users")]
    _users: Vec<Value>,
    #[serde(rename = "groups")]
    _groups: Vec<Value>,
}

/// Which item, by its place in the list, lies in which collection.
#[derive(Deserialize)]
struct Relation {
    key: usize,
    value: usize,
}

/// `POST /api/ciphers/import-organization`.
pub(crate) fn import_organization(server: &Server, request: &Request) -> Answer {
    let organization = request.query("organizationId").unwrap_or_default();
    let mut member = server.member(request, &organization)?;
    let import: Import = request.json()?;
    let organization = member.organization();
    // Only notes are looked at before anything is done.
    let long = |(at, one): (usize, &Data)| {
        let is_long = one.notes.as_ref().is_some_and(|notes| notes.len() > LONGEST);
        is_long.then(|| (format!("Ciphers[{at}].Notes"), json!([too_long()])))
    };
    let long: Map<String, Value> = import.ciphers.iter().enumerate().filter_map(long).collect();
    if !long.is_empty() {
        return Err(Refusal::Form(json!({
            "message": "The model state is invalid.", "validationErrors": long, "object": "error",
        })));
    }
    let own = member.membership.clone();
    let mut places = Vec::new();
    for place in import.collections {
        let known = place.id.and_then(|id| member.state.collection_in(organization, id));
        match known {
            Some(known) if own.role < Role::Admin && !known.is_writable_by(&own) => {
                return Err(Refusal::Briefly(
                    "The current user isn't allowed to manage this collection".into(),
                ));
            }
            Some(known) => places.push(known.id),
            None if own.role <= Role::Manager && !own.sees_all() => {
                return Err(Refusal::Briefly(
                    "The current user isn't allowed to create new collections".into(),
                ));
            }
            None => {
                let collection = Collection::new(organization, place.name, place.external_id);
                places.push(collection.id);
                member.state.put_collection(collection);
            }
        }
    }
    let mut items = Vec::new();
    for mut data in import.ciphers {
        data.organization_id = Some(organization);
        let cipher = Cipher::new(data.r#type, data.name.clone());
        items.push(cipher.id);
        // An item that cannot be stored is only missed by who puts it into a collection.
        let _ = member.state.write(cipher, data, own.user, !places.is_empty(), false);
    }
    for Relation { key, value } in import.collection_relationships {
        let (Some(item), Some(place)) = (items.get(key), places.get(value)) else {
            return Err(Refusal::Briefly("Invalid collection relationship".into()));
        };
        let Some(mut cipher) = member.state.ciphers.get(&item.to_string()).cloned() else {
            return refuse("Error adding cipher to collection");
        };
        cipher.collections.insert(*place);
        member.state.put(cipher);
    }
    member.state.touch(own.user);
    nothing()
}
