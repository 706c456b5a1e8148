//! Registration, keys and the account itself.

use serde_json::{Value, json};

use crate::caller::{Caller, shows, start, start_with};
use crate::people::{Person, begin, finish, log_in, log_in_with, password, register, registration};

const REFUSED: &str = "Registration not allowed or user already exists";

#[tokio::test]
async fn somebody_invited_by_the_admin_page_registers_in_two_calls_and_logs_in() {
    let server = start();
    let person = Person::new(&server, "ana@acme.example").await;
    let profile = person.get("/api/accounts/profile").await.ok();
    shows(
        &profile,
        json!({
            "_status": 0, "email": "ana@acme.example", "name": "Name of ana@acme.example", "emailVerified": true,
            "key": "2.user|key|wrapped", "privateKey": "2.private|key|wrapped", "organizations": [],
            "twoFactorEnabled": false, "object": "profile",
        }),
    );
}

#[tokio::test]
async fn a_registration_says_that_it_was_one() {
    let server = start();
    let (admin, stranger) = (Caller::admin(&server).await, Caller::stranger(&server));
    admin.post("/admin/invite", json!({"email": "ana@acme.example"})).await.ok();
    let answer = register(&stranger, "ana@acme.example").await.ok();
    assert_eq!(answer, json!({"object": "register", "captchaBypassToken": ""}));
}

#[tokio::test]
async fn nobody_registers_uninvited_where_signups_are_closed() {
    let server = start();
    begin(&Caller::stranger(&server), "ana@acme.example").await.refused(400, REFUSED);
}

#[tokio::test]
async fn everybody_registers_where_signups_are_open_but_only_once() {
    let server = start_with(&[("SIGNUPS_ALLOWED", "true")]);
    let stranger = Caller::stranger(&server);
    register(&stranger, "ana@acme.example").await.ok();
    register(&stranger, "ana@acme.example").await.refused(400, REFUSED);
}

#[tokio::test]
async fn a_domain_of_the_list_may_sign_up_although_signups_are_closed() {
    let server = start_with(&[("SIGNUPS_DOMAINS_WHITELIST", "acme.example")]);
    let stranger = Caller::stranger(&server);
    register(&stranger, "ana@acme.example").await.ok();
    begin(&stranger, "ben@other.example").await.refused(400, REFUSED);
}

#[tokio::test]
async fn a_word_that_is_no_boolean_leaves_signups_open() {
    let server = start_with(&[("SIGNUPS_ALLOWED", "maybe")]);
    register(&Caller::stranger(&server), "ana@acme.example").await.ok();
}

#[tokio::test]
async fn the_address_is_the_same_to_the_letter_in_both_calls() {
    let server = start_with(&[("SIGNUPS_ALLOWED", "true")]);
    let stranger = Caller::stranger(&server);
    let token = begin(&stranger, "Ana@acme.example").await.ok();
    let body = registration("ana@acme.example", json!({"emailVerificationToken": token}));
    finish(&stranger, body).await.refused(400, "Email verification token does not match email");
}

#[tokio::test]
async fn the_salts_are_the_address_and_both_kdfs_are_one() {
    let server = start_with(&[("SIGNUPS_ALLOWED", "true")]);
    let stranger = Caller::stranger(&server);
    let token = begin(&stranger, "ana@acme.example").await.ok();
    let body = registration("ana@acme.example", json!({"emailVerificationToken": token}));
    for wrong in ["/masterPasswordUnlock/salt", "/masterPasswordUnlock/kdf/iterations"] {
        let mut body = body.clone();
        let place = body.pointer_mut(wrong).expect("a field");
        *place = if place.is_string() { json!("other@acme.example") } else { json!(700_000) };
        finish(&stranger, body).await.refused(422, "Unexpected RegisterData format");
    }
}

#[tokio::test]
async fn a_registration_without_a_token_is_none() {
    let server = start_with(&[("SIGNUPS_ALLOWED", "true")]);
    let stranger = Caller::stranger(&server);
    let body = registration("ana@acme.example", json!({}));
    finish(&stranger, body).await.refused(400, "Registration is missing required parameters");
    let mut body = registration("ana@acme.example", json!({"emailVerificationToken": "x"}));
    body.as_object_mut().expect("an object").remove("masterPasswordUnlock");
    finish(&stranger, body).await.barred(422);
}

#[tokio::test]
async fn a_name_has_at_most_fifty_bytes() {
    let server = start_with(&[("SIGNUPS_ALLOWED", "true")]);
    let stranger = Caller::stranger(&server);
    let email = format!("{}@acme.example", "a".repeat(40));
    register(&stranger, &email)
        .await
        .refused(400, "The field Name must be a string with a maximum length of 50.");
}

#[tokio::test]
async fn a_kdf_that_is_refused_spends_the_invitation() {
    let server = start();
    let (admin, stranger) = (Caller::admin(&server).await, Caller::stranger(&server));
    admin.post("/admin/invite", json!({"email": "ana@acme.example"})).await.ok();
    let token = begin(&stranger, "ana@acme.example").await.ok();
    let mut body = registration("ana@acme.example", json!({"emailVerificationToken": token}));
    for part in ["masterPasswordAuthentication", "masterPasswordUnlock"] {
        body[part]["kdf"]["iterations"] = json!(99_999);
    }
    finish(&stranger, body).await.refused(400, "PBKDF2 KDF iterations must be at least 100000.");
    register(&stranger, "ana@acme.example").await.refused(400, REFUSED);
}

#[tokio::test]
async fn argon2_has_limits_of_its_own() {
    let server = start_with(&[("SIGNUPS_ALLOWED", "true")]);
    let stranger = Caller::stranger(&server);
    for (iterations, memory, lanes, message) in [
        (0, json!(64), json!(4), "Argon2 KDF iterations must be at least 1."),
        (3, json!(14), json!(4), "Argon2 memory must be between 15 MB and 1024 MB."),
        (3, Value::Null, json!(4), "Argon2 memory parameter is required."),
        (3, json!(64), json!(17), "Argon2 parallelism must be between 1 and 16."),
        (3, json!(64), Value::Null, "Argon2 parallelism parameter is required."),
    ] {
        let kdf = json!({"kdfType": 1, "iterations": iterations, "memory": memory, "parallelism": lanes});
        let token = begin(&stranger, "ana@acme.example").await.ok();
        let mut body = registration("ana@acme.example", json!({"emailVerificationToken": token}));
        body["masterPasswordAuthentication"]["kdf"] = kdf.clone();
        body["masterPasswordUnlock"]["kdf"] = kdf;
        finish(&stranger, body).await.refused(400, message);
    }
}

#[tokio::test]
async fn prelogin_tells_the_kdf_of_everybody_and_the_default_of_who_is_not_known() {
    let server = start_with(&[("SIGNUPS_ALLOWED", "true")]);
    let stranger = Caller::stranger(&server);
    let token = begin(&stranger, "ana@acme.example").await.ok();
    let mut body = registration("ana@acme.example", json!({"emailVerificationToken": token}));
    let kdf = json!({"kdfType": 1, "iterations": 3, "memory": 64, "parallelism": 4});
    body["masterPasswordAuthentication"]["kdf"] = kdf.clone();
    body["masterPasswordUnlock"]["kdf"] = kdf.clone();
    finish(&stranger, body).await.ok();
    for path in
        ["/identity/accounts/prelogin", "/identity/accounts/prelogin/password", "/api/accounts/prelogin"]
    {
        let known = stranger.post(path, json!({"email": "ana@acme.example"})).await.ok();
        shows(
            &known,
            json!({
                "kdf": 1, "kdfIterations": 3, "kdfMemory": 64, "kdfParallelism": 4, "kdfSettings": kdf,
                "salt": null,
            }),
        );
        let unknown = stranger.post(path, json!({"email": "nobody@acme.example"})).await.ok();
        shows(&unknown, json!({"kdf": 0, "kdfIterations": 600_000, "kdfMemory": null, "salt": null}));
    }
}

#[tokio::test]
async fn an_account_without_keys_has_no_public_key_until_it_posts_them() {
    let server = start_with(&[("SIGNUPS_ALLOWED", "true")]);
    let stranger = Caller::stranger(&server);
    let token = begin(&stranger, "ana@acme.example").await.ok();
    let body = registration(
        "ana@acme.example",
        json!({"emailVerificationToken": token, "userAsymmetricKeys": null}),
    );
    finish(&stranger, body).await.ok();
    let ana = Person::logged_in(&server, "ana@acme.example").await;
    let path = format!("/api/users/{}/public-key", ana.id);
    ana.get(&path).await.refused(404, "User has no public_key");
    let keys = json!({"publicKey": "public", "encryptedPrivateKey": "2.private"});
    let posted = ana.post("/api/accounts/keys", keys).await.ok();
    shows(&posted, json!({"publicKey": "public", "privateKey": "2.private", "object": "keys"}));
    let key = ana.get(&path).await.ok();
    assert_eq!(key, json!({"userId": ana.id, "publicKey": "public", "object": "userKey"}));
    let nobody = "/api/users/00000000-0000-0000-0000-000000000000/public-key";
    ana.get(nobody).await.refused(404, "User doesn't exist");
}

#[tokio::test]
async fn a_new_password_voids_every_token_at_once() {
    let server = start();
    let ana = Person::new(&server, "ana@acme.example").await;
    let change = |former: &str| {
        json!({
            "masterPasswordHash": former, "newMasterPasswordHash": "another hash",
            "masterPasswordHint": null, "key": "2.rewrapped",
        })
    };
    ana.post("/api/accounts/password", change("wrong")).await.refused(400, "Invalid password");
    ana.post("/api/accounts/password", change(&password("ana@acme.example"))).await.done();
    ana.get("/api/accounts/profile").await.barred(401);
    let stranger = Caller::stranger(&server);
    let refreshed = [("grant_type", "refresh_token"), ("refresh_token", &ana.refresh), ("client_id", "cli")];
    assert_eq!(stranger.post_form("/identity/connect/token", &refreshed).await.status, 400);
    log_in(&stranger, "ana@acme.example").await.refused(400, "Username or password is incorrect. Try again");
    let login = log_in_with(&stranger, "ana@acme.example", &[("password", "another hash")]).await.ok();
    assert_eq!(login["Key"], "2.rewrapped");
}

#[tokio::test]
async fn the_revision_date_moves_when_there_is_something_new() {
    let server = start();
    let ana = Person::new(&server, "ana@acme.example").await;
    let before = ana.get("/api/accounts/revision-date").await.ok().as_i64().expect("milliseconds");
    assert!((before - chrono::Utc::now().timestamp_millis()).abs() < 60_000, "{before}");
    let again = ana.get("/api/accounts/revision-date").await.ok();
    assert_eq!(again, before, "reading is nothing new");
    crate::society::create(&ana, "Chess Society").await;
    assert!(ana.get("/api/accounts/revision-date").await.ok().as_i64() > Some(before));
}
