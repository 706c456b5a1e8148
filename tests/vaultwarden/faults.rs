//! What becomes of a society by others than us, as the next look shows it: a spoiled invitation, an exchanged key.

use std::collections::BTreeMap;

use keyforge::ids::SocietyId;
use keyforge::plan::society::{Granted, MemberStatus, ObservedMember};
use keyforge::spec::{CollectionRight, Role};
use keyforge::vaultwarden::crypto::{Checked, Key, PublicKey};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::bench::{Bench, Person, all, rubbish};
use crate::support::standin::http;

async fn founded(bench: &Bench) -> SocietyId {
    bench.client.found_society("Chess Society", "General").await.expect("founded")
}

async fn invited(bench: &Bench, society: SocietyId, address: &str, role: Role) {
    let general = bench.society().await.collections[0].id;
    let access = match role {
        Role::Owner | Role::Admin => BTreeMap::new(),
        Role::Manager | Role::Member => BTreeMap::from([(general, CollectionRight::Read)]),
    };
    all(bench.client.invite(society, &[address], &Granted { role, access }).await);
}

async fn member(bench: &Bench, address: &str) -> ObservedMember {
    let mut members = bench.society().await.members.into_iter();
    members.find(|member| member.address == address).expect("listed")
}

/// A registration whose derivation is weaker than the server takes.
async fn register_weakly(bench: &Bench, address: &str) -> StatusCode {
    let wish = json!({ "email": address, "name": "Somebody", "receiveMarketingEmails": false });
    let path = "/identity/accounts/register/send-verification-email";
    let begun = http().post(bench.server.url(path)).json(&wish).send().await.expect("answers");
    let token: String = begun.json().await.expect("a token");
    let kdf = json!({ "kdfType": 0, "iterations": 1000, "memory": null, "parallelism": null });
    let body = json!({
        "email": address, "emailVerificationToken": token, "masterPasswordHint": null,
        "userAsymmetricKeys": { "publicKey": "a key", "encryptedPrivateKey": "2.a|b|c" },
        "masterPasswordAuthentication": { "kdf": kdf, "salt": address, "masterPasswordAuthenticationHash": "a hash" },
        "masterPasswordUnlock": { "kdf": kdf, "salt": address, "masterKeyWrappedUserKey": "2.a|b|c" },
    });
    let request = http().post(bench.server.url("/identity/accounts/register/finish")).json(&body);
    request.send().await.expect("answers").status()
}

#[tokio::test]
async fn a_registration_that_the_server_refuses_spoils_the_invitation_and_a_new_one_is_as_good_as_the_first()
{
    let bench = Bench::new().await;
    let (society, ana) = (founded(&bench).await, "ana@acme.example");
    invited(&bench, society, ana, Role::Member).await;
    assert_eq!(register_weakly(&bench, ana).await, StatusCode::BAD_REQUEST);
    let spoiled = member(&bench, ana).await;
    assert_eq!(
        (spoiled.status, spoiled.has_password, spoiled.key),
        (MemberStatus::Accepted, false, None),
        "by that the planner knows it"
    );
    all(bench.client.delete_members(society, &[spoiled.id]).await);
    invited(&bench, society, ana, Role::Member).await;
    Person::register(&bench.server, ana).await;
    let again = member(&bench, ana).await;
    assert!(again.status == MemberStatus::Accepted && again.has_password && again.key.is_some());
}

/// Puts our account out and lets it in again with this key.
async fn let_in(bench: &Bench, owner: &Person, society: SocietyId, key: impl FnOnce(&PublicKey) -> Value) {
    let (users, ours) = (format!("/api/organizations/{society}/users"), bench.client.address().await);
    let ours_among = |members: Value| {
        let members = members["data"].as_array().expect("a list").clone();
        let found = members.into_iter().find(|member| member["email"] == ours.as_str());
        found.expect("we are listed")["id"].as_str().expect("an id").to_owned()
    };
    let id = ours_among(owner.get(&users).await);
    owner.send(Method::DELETE, &format!("{users}/{id}"), &json!(null)).await;
    let invitation =
        json!({ "emails": [ours], "type": 0, "groups": [], "collections": [], "permissions": {} });
    owner.send(Method::POST, &format!("{users}/invite"), &invitation).await;
    let id = ours_among(owner.get(&users).await);
    let keys = owner.send(Method::POST, &format!("{users}/public-keys"), &json!({ "ids": [id] })).await;
    let public = PublicKey::from_base64(keys["data"][0]["key"].as_str().expect("a key")).expect("sound");
    let confirm = json!({ "keys": [{ "id": id, "key": key(&public) }] });
    owner.send(Method::POST, &format!("{users}/confirm"), &confirm).await;
}

#[tokio::test]
async fn a_society_key_that_was_exchanged_is_another_one_at_the_next_look() {
    let bench = Bench::new().await;
    let society = founded(&bench).await;
    invited(&bench, society, "owner@acme.example", Role::Owner).await;
    let owner = Person::register(&bench.server, "owner@acme.example").await;
    let accepted = member(&bench, &owner.address).await;
    let key = accepted.key.expect("they have registered");
    all(bench.client.confirm(society, &[(accepted.id, key.digest)]).await);
    let first = bench.society().await.key.expect("it opens");

    let same = owner.key().await;
    let_in(&bench, &owner, society, |public| json!(Checked::wrapped(public, &same).expect("opens"))).await;
    assert_eq!(bench.society().await.key, Some(first), "wrapped anew it is the same");
    let other = Key::random();
    let_in(&bench, &owner, society, |public| json!(Checked::wrapped(public, &other).expect("opens"))).await;
    assert_eq!(bench.society().await.key, Some(other.digest()), "in the very client that knew the first one");
    let_in(&bench, &owner, society, |_| json!(rubbish())).await;
    assert_eq!(bench.society().await.key, None);
}
