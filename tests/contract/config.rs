//! Settings in effect, and `config.json` on top of the environment.

use std::fs;

use serde_json::{Value, json};

use crate::caller::{Caller, QUICK, shows, start, start_with};
use crate::people::begin;
use crate::support::standin::Server;

const SHOWN: &str = "/admin/diagnostics/config";

#[tokio::test]
async fn every_setting_is_shown_as_it_is_in_effect_and_no_secret() {
    let server = start_with(&[
        ("DOMAIN", "https://vault.acme.example"),
        ("ORG_CREATION_USERS", "keyforge@acme.example"),
        ("LOGIN_RATELIMIT_SECONDS", "soon"),
    ]);
    let admin = Caller::admin(&server).await;
    let config = admin.get(SHOWN).await.ok();
    shows(
        &config,
        json!({
            "signups_allowed": false, "invitations_allowed": true, "password_iterations": 100_000,
            "login_ratelimit_seconds": 60, "login_ratelimit_max_burst": 1000, "admin_session_lifetime": 20,
            "admin_token": "***", "domain": "*****://******************", "smtp_host": null, "smtp_port": 587,
            "org_creation_users": "*********************", "trash_auto_delete_days": null,
            "invitation_expiration_hours": 120, "_enable_smtp": true, "org_groups_enabled": false,
        }),
    );
}

#[tokio::test]
async fn the_file_stands_above_the_environment() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("config.json"), r#"{"signups_allowed": true}"#).expect("written");
    let server = Server::start_in(folder, QUICK);
    begin(&Caller::stranger(&server), "ana@acme.example").await.ok();
    let shown = Caller::admin(&server).await.get(SHOWN).await.ok();
    assert_eq!(shown["signups_allowed"], true);
}

#[tokio::test]
async fn the_page_writes_the_file_and_is_obeyed_at_once() {
    let server = start();
    let (admin, stranger) = (Caller::admin(&server).await, Caller::stranger(&server));
    let change =
        json!({"signups_allowed": true, "invitations_allowed": false, "login_ratelimit_max_burst": 5});
    admin.post("/admin/config", change).await.done();
    begin(&stranger, "ana@acme.example").await.ok();
    let written: Value =
        serde_json::from_slice(&fs::read(server.data().join("config.json")).expect("the file"))
            .expect("JSON");
    shows(&written, json!({"signups_allowed": true, "invitations_allowed": false}));
    assert_eq!(written.get("login_ratelimit_max_burst"), None, "it is not editable");

    admin.post("/admin/config", json!({"invitations_allowed": false})).await.done();
    assert_eq!(begin(&stranger, "ben@acme.example").await.status, 400, "the body is the whole file");

    admin.post("/admin/config/delete", Value::Null).await.done();
    let shown = admin.get(SHOWN).await.ok();
    shows(&shown, json!({"signups_allowed": false, "invitations_allowed": true}));
    assert!(!server.data().join("config.json").exists());
}

#[tokio::test]
async fn what_cannot_be_written_is_refused_and_in_effect_all_the_same() {
    let server = start_with(&[("CONFIG_FILE", "/proc/config.json")]);
    let (admin, stranger) = (Caller::admin(&server).await, Caller::stranger(&server));
    let answer = admin.post("/admin/config", json!({"signups_allowed": true})).await;
    assert_eq!(answer.status, 400, "{answer:?}");
    begin(&stranger, "ana@acme.example").await.ok();
}

#[tokio::test]
async fn the_page_writes_nothing_that_the_server_would_not_start_with() {
    let server = start();
    let admin = Caller::admin(&server).await;
    admin.post("/admin/config", json!({"invitations_allowed": false})).await.done();
    for meant in [
        json!({"org_creation_users": "everybody"}),
        json!({"password_iterations": 1}),
        json!({"domain": "vault.acme.example"}),
        json!({"smtp_host": "mail.acme.example"}),
    ] {
        assert_eq!(admin.post("/admin/config", meant.clone()).await.status, 400, "{meant}");
    }
    assert_eq!(admin.get(SHOWN).await.ok()["invitations_allowed"], false, "the former file is in effect");
}
