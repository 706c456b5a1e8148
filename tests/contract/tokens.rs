//! Log-in and what its tokens are good for.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::caller::{Caller, QUICK, shows, start, start_with};
use crate::people::{Person, log_in, log_in_with, password, text};
use crate::support::standin::{Server, http};

const TOKEN: &str = "/identity/connect/token";

#[tokio::test]
async fn a_log_in_answers_with_tokens_and_wrapped_keys() {
    let server = start();
    let ana = Person::new(&server, "ana@acme.example").await;
    shows(
        &ana.login,
        json!({
            "token_type": "Bearer", "scope": "api offline_access", "Key": "2.user|key|wrapped",
            "PrivateKey": "2.private|key|wrapped", "Kdf": 0, "KdfIterations": 600_000, "KdfMemory": null,
            "KdfParallelism": null, "ResetMasterPassword": false, "ForcePasswordReset": false,
            "AccountKeys": {"publicKeyEncryptionKeyPair": {
                "wrappedPrivateKey": "2.private|key|wrapped", "publicKey": "public key of ana@acme.example",
            }},
            "UserDecryptionOptions": {"HasMasterPassword": true, "MasterPasswordUnlock": {
                "Kdf": {"KdfType": 0, "Iterations": 600_000, "Memory": null, "Parallelism": null},
                "MasterKeyWrappedUserKey": "2.user|key|wrapped", "Salt": "ana@acme.example",
            }},
        }),
    );
    let expires = ana.login["expires_in"].as_i64().expect("seconds");
    assert!((7190..=7200).contains(&expires), "{expires}");
}

#[tokio::test]
async fn a_token_is_signed_and_says_who_issued_it_to_whom() {
    let server = start_with(&[("DOMAIN", "https://vault.acme.example")]);
    let ana = Person::new(&server, "ana@acme.example").await;
    let parts = |token: &Value| -> Vec<Value> {
        let parts = text(token);
        let decode = |part| URL_SAFE_NO_PAD.decode(part).expect("Base64");
        parts.split('.').take(2).map(|part| serde_json::from_slice(&decode(part)).expect("JSON")).collect()
    };
    let [header, claims] = parts(&ana.login["access_token"]).try_into().expect("two parts");
    assert_eq!(header["alg"], "RS256");
    shows(
        &claims,
        json!({
            "iss": "https://vault.acme.example|login", "sub": ana.id, "email": ana.email,
            "device": "one device", "scope": ["api", "offline_access"],
        }),
    );
}

#[tokio::test]
async fn each_field_of_a_log_in_is_asked_for_by_name() {
    let server = start();
    let stranger = Caller::stranger(&server);
    for (field, missing) in [
        ("client_id", "client_id"),
        ("password", "password"),
        ("scope", "scope"),
        ("username", "username"),
        ("deviceIdentifier", "device_identifier"),
        ("deviceName", "device_name"),
        ("deviceType", "device_type"),
    ] {
        let answer = log_in_with(&stranger, "ana@acme.example", &[(field, "")]).await;
        answer.refused(400, &format!("{missing} cannot be blank"));
    }
    let answer = log_in_with(&stranger, "ana@acme.example", &[("scope", "api")]).await;
    answer.refused(400, "Scope (api) not supported");
}

#[tokio::test]
async fn a_wrong_password_and_nobody_are_refused_alike() {
    let server = start();
    Person::new(&server, "ana@acme.example").await;
    let stranger = Caller::stranger(&server);
    const WRONG: &str = "Username or password is incorrect. Try again";
    log_in_with(&stranger, "ana@acme.example", &[("password", "wrong")]).await.refused(400, WRONG);
    log_in(&stranger, "nobody@acme.example").await.refused(400, WRONG);
    log_in(&stranger, " Ana@ACME.example ").await.refused(400, WRONG);
    let password = password("ana@acme.example");
    log_in_with(&stranger, " Ana@ACME.example ", &[("password", &password)]).await.ok();
}

#[tokio::test]
async fn an_api_key_logs_in_without_the_password_and_gets_no_refresh_token() {
    let server = start();
    let ana = Person::new(&server, "ana@acme.example").await;
    let proof = json!({"masterPasswordHash": password(&ana.email)});
    ana.post("/api/accounts/api-key", json!({"masterPasswordHash": "wrong"}))
        .await
        .refused(400, "Invalid password");
    let key = ana.post("/api/accounts/api-key", proof.clone()).await.ok();
    assert_eq!(key["object"], "apiKey");
    let key = text(&key["apiKey"]);
    assert_eq!(key.len(), 30);
    let again = ana.post("/api/accounts/api-key", proof.clone()).await.ok();
    assert_eq!(again["apiKey"], key, "it is drawn once");

    let stranger = Caller::stranger(&server);
    let id = format!("user.{}", ana.id);
    let log_in = async |id: &str, key: &str| {
        let fields = [
            ("grant_type", "client_credentials"),
            ("client_id", id),
            ("client_secret", key),
            ("scope", "api"),
            ("device_type", "25"),
            ("device_identifier", "one device"),
            ("device_name", "linux"),
        ];
        stranger.post_form(TOKEN, &fields).await
    };
    let login = log_in(&id, &key).await.ok();
    shows(&login, json!({"Key": "2.user|key|wrapped", "scope": "api", "token_type": "Bearer"}));
    assert_eq!(login.get("refresh_token"), None);
    let caller = Caller::with_token(&server, &text(&login["access_token"]));
    caller.get("/api/sync").await.ok();
    log_in(&id, "wrong").await.refused(400, "Incorrect client_secret");
    log_in("user.nobody", &key).await.refused(400, "Invalid client_id");
    log_in("nobody", &key).await.refused(400, "Malformed client_id");

    let other = ana.post("/api/accounts/rotate-api-key", proof).await.ok();
    assert_ne!(other["apiKey"], key);
    log_in(&id, &key).await.refused(400, "Incorrect client_secret");
}

#[tokio::test]
async fn a_refresh_token_gives_a_new_access_token_and_stays_good() {
    let server = start();
    let ana = Person::new(&server, "ana@acme.example").await;
    let stranger = Caller::stranger(&server);
    let fields = [("grant_type", "refresh_token"), ("refresh_token", &ana.refresh), ("client_id", "cli")];
    for _ in 0..2 {
        let answer = stranger.post_form(TOKEN, &fields).await.ok();
        shows(&answer, json!({"token_type": "Bearer", "scope": "api offline_access"}));
        Caller::with_token(&server, &text(&answer["access_token"])).get("/api/sync").await.ok();
        assert!(answer["refresh_token"].is_string());
    }
    let void = [("grant_type", "refresh_token"), ("refresh_token", "void"), ("client_id", "cli")];
    let answer = stranger.post_form(TOKEN, &void).await;
    assert_eq!((answer.status, answer.body()), (400, json!({"error": "invalid_grant"})));
}

#[tokio::test]
async fn one_device_stays_one_however_often_it_logs_in() {
    let server = start();
    let ana = Person::new(&server, "ana@acme.example").await;
    let stranger = Caller::stranger(&server);
    log_in(&stranger, &ana.email).await.ok();
    let devices = ana.get("/api/devices").await.list();
    assert_eq!(devices.len(), 1);
    shows(&devices[0], json!({"identifier": "one device", "name": "linux", "type": 25, "object": "device"}));
    log_in_with(&stranger, &ana.email, &[("deviceIdentifier", "another")]).await.ok();
    assert_eq!(ana.get("/api/devices").await.list().len(), 2);
}

#[tokio::test]
async fn what_is_no_token_of_this_server_is_barred() {
    let (server, other) = (start(), Server::start(QUICK));
    let ana = Person::new(&server, "ana@acme.example").await;
    let foreign = text(&ana.login["access_token"]);
    Caller::with_token(&other, &foreign).get("/api/sync").await.barred(401);
    Caller::with_token(&server, "rubbish").get("/api/sync").await.barred(401);
    Caller::stranger(&server).get("/api/sync").await.barred(401);
    let refresh = Caller::with_token(&server, &ana.refresh);
    refresh.get("/api/sync").await.barred(401);
}

#[tokio::test]
async fn the_outer_door_speaks_html_to_who_does_not_ask_for_json() {
    let server = start();
    let answer = http().get(server.url("/api/sync")).send().await.expect("answers");
    assert_eq!(answer.status(), 401);
    let kind = answer.headers()["content-type"].to_str().expect("ASCII");
    assert!(kind.starts_with("text/html"), "{kind}");
}
