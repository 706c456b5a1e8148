//! Where an item is: in which collections, in the bin and out of it, and gone.

use std::collections::BTreeSet;

use chrono::Utc;
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Cipher, Ids, writable};
use crate::answer::{Answer, Refusal, json, list, nothing, refuse};
use crate::request::Request;
use crate::server::{Server, Session};

/// `PUT /api/ciphers/{cipher}/collections_v2`: the whole new list.
pub(crate) fn put_collections(server: &Server, request: &Request, id: &str) -> Answer {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Places {
        collection_ids: BTreeSet<Uuid>,
    }
    let mut session = server.session(request)?;
    let Places { collection_ids } = request.json()?;
    let user = session.user.id;
    let Some(mut cipher) = session.state.ciphers.get(id).cloned() else {
        return refuse("Cipher doesn't exist");
    };
    let access = session.state.access(&cipher, user);
    if !access.is_some_and(|access| access.manage || (!access.read_only && !access.hide_passwords)) {
        return refuse("Collection cannot be changed");
    }
    let Some(organization) = cipher.organization else {
        return refuse("Cipher is not owned by an organization");
    };
    let former = session.state.seen_collections(&cipher, user);
    for changed in collection_ids.symmetric_difference(&former) {
        let membership = session.state.membership_of(user, organization);
        match session.state.collection_in(organization, *changed) {
            None => return refuse("Invalid collection ID provided"),
            Some(one) if !membership.is_some_and(|own| one.is_writable_by(own)) => {
                return refuse("No rights to modify the collection");
            }
            Some(_) if collection_ids.contains(changed) => cipher.collections.insert(*changed),
            Some(_) => cipher.collections.remove(changed),
        };
        // Each one by itself: those before a refusal are changed.
        session.state.put(cipher.clone());
    }
    session.state.touch_cipher(&cipher);
    let shown = session.state.shown(&cipher, user);
    json(&json!({"object": "optionalCipherDetails", "unavailable": false, "cipher": shown}))
}

/// `POST /api/ciphers/bulk-collections`: adds many to collections, or takes them out.
pub(crate) fn bulk_collections(server: &Server, request: &Request) -> Answer {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Bulk {
        organization_id: Uuid,
        cipher_ids: Vec<String>,
        collection_ids: BTreeSet<Uuid>,
        remove_collections: bool,
    }
    let mut session = server.session(request)?;
    let bulk: Bulk = request.json()?;
    let membership = session.state.membership_of(session.user.id, bulk.organization_id);
    let Some(own) = membership.filter(|own| own.is_confirmed()) else {
        return refuse("You need to be a Member of the Organization to call this endpoint");
    };
    let may = |id: &Uuid| {
        let found = session.state.collection_in(bulk.organization_id, *id);
        found.is_some_and(|collection| collection.is_writable_by(own))
    };
    if !bulk.collection_ids.iter().all(may) {
        return Err(Refusal::Said(StatusCode::NOT_FOUND, "Resource not found".into()));
    }
    for id in &bulk.cipher_ids {
        // One that is not there any more is none to write.
        let Ok(mut cipher) = writable(&session, id, "") else { continue };
        if cipher.organization == Some(bulk.organization_id) {
            for collection in &bulk.collection_ids {
                if bulk.remove_collections {
                    cipher.collections.remove(collection);
                } else {
                    cipher.collections.insert(*collection);
                }
            }
            session.state.put(cipher.clone());
            session.state.touch_cipher(&cipher);
        }
    }
    nothing()
}

/// `PUT /api/ciphers/{cipher}/delete`: into the bin.
pub(crate) fn trash(server: &Server, request: &Request, id: &str) -> Answer {
    into_bin(&mut server.session(request)?, id)?;
    nothing()
}

/// `PUT /api/ciphers/delete`: stops at the first one that it refuses.
pub(crate) fn trash_all(server: &Server, request: &Request) -> Answer {
    let mut session = server.session(request)?;
    let Ids { ids } = request.json()?;
    ids.iter().try_for_each(|id| into_bin(&mut session, id))?;
    nothing()
}

/// `PUT /api/ciphers/{cipher}/restore`.
pub(crate) fn restore(server: &Server, request: &Request, id: &str) -> Answer {
    json(&out_of_bin(&mut server.session(request)?, id)?)
}

/// `PUT /api/ciphers/restore`.
pub(crate) fn restore_all(server: &Server, request: &Request) -> Answer {
    let mut session = server.session(request)?;
    let Ids { ids } = request.json()?;
    let restored: Result<Vec<Value>, Refusal> = ids.iter().map(|id| out_of_bin(&mut session, id)).collect();
    list(restored?)
}

/// `DELETE /api/ciphers/{cipher}`: for ever.
pub(crate) fn delete(server: &Server, request: &Request, id: &str) -> Answer {
    remove(&mut server.session(request)?, id)?;
    nothing()
}

/// `DELETE /api/ciphers`: stops at the first one that it refuses.
pub(crate) fn delete_all(server: &Server, request: &Request) -> Answer {
    let mut session = server.session(request)?;
    let Ids { ids } = request.json()?;
    ids.iter().try_for_each(|id| remove(&mut session, id))?;
    nothing()
}

fn into_bin(session: &mut Session<'_>, id: &str) -> Result<(), Refusal> {
    let cipher = writable(session, id, "Cipher can't be deleted by user")?;
    session.state.put_cipher(Cipher { deleted: Some(Utc::now()), ..cipher });
    Ok(())
}

fn out_of_bin(session: &mut Session<'_>, id: &str) -> Result<Value, Refusal> {
    let cipher = writable(session, id, "Cipher can't be restored by user")?;
    let cipher = session.state.put_cipher(Cipher { deleted: None, ..cipher });
    Ok(session.state.shown(&cipher, session.user.id))
}

fn remove(session: &mut Session<'_>, id: &str) -> Result<(), Refusal> {
    let cipher = writable(session, id, "Cipher can't be deleted by user")?;
    session.state.remove_cipher(&cipher);
    Ok(())
}
