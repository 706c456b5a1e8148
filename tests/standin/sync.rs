//! `GET /api/sync`: everything that a client keeps of its person.

use serde_json::{Value, json};

use crate::accounts::profile;
use crate::answer::{Answer, json};
use crate::members::Membership;
use crate::organizations::Policy;
use crate::request::Request;
use crate::server::Server;

pub(crate) fn sync(server: &Server, request: &Request) -> Answer {
    let session = server.session(request)?;
    let (state, user) = (&session.state, &session.user);
    let own = |one: &&Membership| one.user == user.id && one.is_confirmed();
    let memberships: Vec<_> = state.memberships.values().filter(own).collect();
    let mut collections: Vec<Value> = Vec::new();
    for own in &memberships {
        let seen = state
            .collections_of(own.organization)
            .filter(|one| own.access_all || one.access.contains_key(&user.id));
        collections.extend(seen.map(|one| one.details(own)));
    }
    let of_mine = |policy: &&Policy| memberships.iter().any(|own| policy.is_of(own.organization));
    let policies: Vec<Value> = state.policies.values().filter(of_mine).map(Policy::shown).collect();
    let seen = state.seen_by(user.id).filter(|cipher| !cipher.is_ssh_key() || knows_ssh_keys(request));
    let ciphers: Vec<Value> = seen.map(|cipher| state.shown(cipher, user.id)).collect();
    let unlock = user.password.as_ref().map(|_| {
        json!({
            "kdf": user.kdf,
            "masterKeyEncryptedUserKey": user.key,
            "masterKeyWrappedUserKey": user.key,
            "salt": user.email,
        })
    });
    json(&json!({
        "profile": profile(state, user, server.mail().is_some()),
        "folders": [],
        "collections": collections,
        "policies": policies,
        "ciphers": ciphers,
        "domains": null,
        "sends": [],
        "userDecryption": {"masterPasswordUnlock": unlock},
        "object": "sync",
    }))
}

/// Clients that do not say that they are young enough are spared what they do not know.
fn knows_ssh_keys(request: &Request) -> bool {
    let version = request.header("bitwarden-client-version").unwrap_or_default();
    let parts: Result<Vec<u32>, _> = version.split('.').map(str::parse).collect();
    parts.is_ok_and(|parts| parts.len() == 3 && parts >= vec![2024, 12, 0])
}
