//! What outlives the process: everything that was answered, also through a kill, and tokens as long as key and domain stay.

use std::fs;

use serde_json::json;

use crate::caller::{Caller, QUICK, start};
use crate::people::{Person, log_in, text};
use crate::society::Society;
use crate::support::standin::Server;

#[tokio::test]
async fn a_restart_finds_the_data_of_before() {
    let server = Server::start(&[]);
    let key = fs::read(server.data().join("rsa_key.pem")).expect("the signing key");
    assert!(server.data().join("db.sqlite3").is_file());
    let (ended, folder) = server.stop();
    assert!(ended.success(), "SIGTERM ended it with {ended}");
    let server = Server::start_in(folder, &[]);
    assert_eq!(fs::read(server.data().join("rsa_key.pem")).expect("the signing key"), key);
}

#[tokio::test]
async fn a_kill_loses_nothing_that_was_answered() {
    let server = start();
    let society = Society::new(&server).await;
    let collection = society.collection("2.treasury").await;
    let item = society.item("2.bank", &[&collection]).await;
    society.invite(&["ana@acme.example"]).await.done();
    let (token, id) = (text(&society.owner.login["access_token"]), society.id.clone());
    let members = society.members().await;
    drop(society);

    let server = Server::start_in(server.kill(), QUICK);
    let owner = Caller::with_token(&server, &token);
    let items = format!("/api/ciphers/organization-details?organizationId={id}");
    assert_eq!(owner.get(&items).await.list()[0]["revisionDate"], item["revisionDate"]);
    let users = format!("/api/organizations/{id}/users?includeCollections=true");
    assert_eq!(owner.get(&users).await.list().len(), members.len());
    let collections = owner.get(&format!("/api/organizations/{id}/collections")).await.list();
    assert_eq!(collections.len(), 2);
    log_in(&Caller::stranger(&server), "owner@acme.example").await.ok();
    // Also the invitation still lets her in.
    Person::registered(&server, "ana@acme.example").await;
}

#[tokio::test]
async fn another_domain_voids_every_token_until_the_former_is_back() {
    let server = start();
    let ana = Person::new(&server, "ana@acme.example").await;
    let token = text(&ana.login["access_token"]);
    drop(ana);
    let moved = [QUICK, &[("DOMAIN", "https://vault.acme.example")]].concat();
    let server = Server::start_in(server.stop().1, &moved);
    Caller::with_token(&server, &token).get("/api/sync").await.barred(401);
    let server = Server::start_in(server.stop().1, QUICK);
    Caller::with_token(&server, &token).get("/api/sync").await.ok();
}

#[tokio::test]
async fn another_signing_key_voids_tokens_and_cookies_and_loses_no_data() {
    let server = start();
    let ana = Person::new(&server, "ana@acme.example").await;
    let token = text(&ana.login["access_token"]);
    let cookie = server.log_in("admin").await.1.expect("a cookie");
    drop(ana);
    let (_, folder) = server.stop();
    fs::remove_file(folder.path().join("rsa_key.pem")).expect("the signing key was there");
    let server = Server::start_in(folder, QUICK);
    Caller::with_token(&server, &token).get("/api/sync").await.barred(401);
    let users = Caller::with_cookie(&server, &cookie).get("/admin/users").await;
    users.refused(401, "Authorization failed.");
    log_in(&Caller::stranger(&server), "ana@acme.example").await.ok();
}

#[tokio::test]
async fn a_cookie_outlives_a_new_admin_token() {
    let server = start();
    let cookie = server.log_in("admin").await.1.expect("a cookie");
    let other = [&QUICK[..4], &[("ADMIN_TOKEN", "another")]].concat();
    let server = Server::start_in(server.stop().1, &other);
    Caller::with_cookie(&server, &cookie).get("/admin/users").await.ok();
    assert_eq!(server.log_in("admin").await.0, 401);
    let invite = json!({"email": "ana@acme.example"});
    Caller::stranger(&server).post("/admin/invite", invite).await.refused(401, "Authorization failed.");
}
