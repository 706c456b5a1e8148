//! What the server says of itself, its settings, and how it starts and ends.

use std::fs;

use reqwest::{Client, StatusCode};
use serde_json::Value;

use crate::caller::{Caller, shows, start};
use crate::support::standin::{Server, http};

#[tokio::test]
async fn it_says_that_it_lives_and_what_it_is() {
    let server = Server::start(&[("DOMAIN", "https://vault.acme.example")]);
    for path in ["/alive", "/api/alive", "/api/now"] {
        let time: String = server.json(path).await;
        assert!(chrono::DateTime::parse_from_rfc3339(&time).is_ok(), "{path} answered {time}");
    }
    let head = http().head(server.url("/alive")).send().await.expect("answers");
    assert_eq!(head.status(), StatusCode::OK);
    let _version: String = server.json("/api/version").await;
    let config: Value = server.json("/api/config").await;
    assert_eq!(config["environment"]["vault"], "https://vault.acme.example");
    assert_eq!(config["environment"]["identity"], "https://vault.acme.example/identity");
}

#[tokio::test]
async fn everything_lies_below_the_path_of_the_domain() {
    let server = Server::start(&[("DOMAIN", "https://vaults.example/acme")]);
    assert_eq!(server.status("/acme/alive").await, StatusCode::OK);
    assert_eq!(server.status("/acme/api/now").await, StatusCode::OK);
    assert_eq!(server.status("/alive").await, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn what_is_not_there_is_said_as_json_to_programs() {
    let server = Server::start(&[]);
    let answer = http().get(server.url("/api/nothing")).send().await.expect("answers");
    assert_eq!(answer.status(), StatusCode::NOT_FOUND);
    let body: Value = answer.json().await.expect("JSON");
    assert_eq!(body["error"]["code"], 404);
}

#[tokio::test]
async fn registration_looks_open_to_people_who_were_invited() {
    let server = Server::start(&[("SIGNUPS_ALLOWED", "false")]);
    let config: Value = server.json("/api/config").await;
    assert_eq!(config["settings"]["disableUserRegistration"], false);
    let server = Server::start(&[("SIGNUPS_ALLOWED", "false"), ("INVITATIONS_ALLOWED", "false")]);
    let config: Value = server.json("/api/config").await;
    assert_eq!(config["settings"]["disableUserRegistration"], true);
}

#[tokio::test]
async fn the_admin_token_is_known_by_its_argon2_hash() {
    // Of `correct horse battery staple`, by the reference implementation.
    let hash =
        "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHRzYWx0c2FsdA$E/9XOcEJe3mPXG7g015mjI/Ptw7gpcl7bw+7BNqI9bQ";
    let server = Server::start(&[("ADMIN_TOKEN", hash)]);
    let (status, cookie) = server.log_in("correct horse battery staple").await;
    assert_eq!(status, StatusCode::OK);
    assert!(cookie.is_some_and(|cookie| cookie.starts_with("VW_ADMIN=") && cookie.contains("HttpOnly")));
    let (status, cookie) = server.log_in(hash).await;
    assert_eq!((status, cookie), (StatusCode::UNAUTHORIZED, None));
}

#[tokio::test]
async fn an_admin_token_that_is_no_argon2_text_is_the_token_itself() {
    let server = Server::start(&[("ADMIN_TOKEN", "plain")]);
    assert_eq!(server.log_in("plain").await.0, StatusCode::OK);
}

#[tokio::test]
async fn without_an_admin_token_there_is_no_admin_interface() {
    let server = Server::start(&[]);
    assert_eq!(server.status("/admin").await, StatusCode::OK);
    assert_eq!(server.log_in("").await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_setting_may_be_in_a_file_but_not_in_both() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("token");
    fs::write(&file, "from a file\n").expect("written");
    let file = file.to_str().expect("UTF-8");
    let server = Server::start(&[("ADMIN_TOKEN_FILE", file)]);
    assert_eq!(server.log_in("from a file").await.0, StatusCode::OK);
    Server::refuses(&[("ADMIN_TOKEN_FILE", file), ("ADMIN_TOKEN", "direct")]);
}

#[tokio::test]
async fn it_speaks_tls_itself_where_it_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let pair = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).expect("a certificate");
    let (certificate, key) = (folder.path().join("tls.crt"), folder.path().join("tls.key"));
    fs::write(&certificate, pair.cert.pem()).expect("written");
    fs::write(&key, pair.signing_key.serialize_pem()).expect("written");
    let tls =
        format!("{{certs={:?},key={:?}}}", certificate.display().to_string(), key.display().to_string());
    let server = Server::start(&[("ROCKET_TLS", &tls)]);
    let trusted = reqwest::Certificate::from_pem(pair.cert.pem().as_bytes()).expect("a certificate");
    let client = Client::builder().tls_certs_only([trusted]).build().expect("a client");
    let url = server.url("/alive");
    assert!(url.starts_with("https://"), "{url}");
    assert_eq!(client.get(url).send().await.expect("answers").status(), StatusCode::OK);
    Server::refuses(&[("ROCKET_TLS", "{certs=\"/nowhere\",key=\"/nowhere\"}")]);
}

#[test]
fn it_does_not_start_with_what_cannot_be_meant() {
    for settings in [
        [("DOMAIN", "vault.acme.example")].as_slice(),
        &[("ADMIN_TOKEN", "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHRzYWx0c2FsdA$AAAA")],
        &[("PASSWORD_ITERATIONS", "99999")],
        &[("INVITATION_EXPIRATION_HOURS", "0")],
        &[("ORG_CREATION_USERS", "everybody")],
        &[("SIGNUPS_DOMAINS_WHITELIST", "acme.example,")],
        &[("SMTP_HOST", "mail.acme.example")],
        &[("SMTP_FROM", "vault@acme.example")],
        &[("SMTP_HOST", "mail.acme.example"), ("SMTP_FROM", "vault")],
        &[("SMTP_HOST", "mail.acme.example"), ("SMTP_FROM", "a@acme.example"), ("SMTP_USERNAME", "vault")],
        &[("SMTP_HOST", "mail.acme.example"), ("SMTP_FROM", "a@acme.example"), ("SMTP_SECURITY", "tls")],
        &[("PUSH_ENABLED", "true")],
        &[("SSO_ENABLED", "true"), ("SSO_CLIENT_ID", "vault")],
    ] {
        Server::refuses(settings);
    }
}

#[tokio::test]
async fn a_data_folder_that_is_not_there_is_made() {
    let folder = tempfile::tempdir().expect("a folder");
    let nested = folder.path().join("not/there");
    let server = Server::start(&[("DATA_FOLDER", nested.to_str().expect("UTF-8"))]);
    assert_eq!(server.status("/alive").await, StatusCode::OK);
    assert!(nested.join("rsa_key.pem").is_file());
}

#[tokio::test]
async fn a_body_over_the_limit_is_too_large_and_one_that_is_no_json_is_bad() {
    let server = start();
    let stranger = Caller::stranger(&server);
    let prelogin = |body: String| {
        let request = stranger.request(reqwest::Method::POST, "/identity/accounts/prelogin");
        stranger.send(request.header("content-type", "application/json").body(body))
    };
    // Hardly over it: who is refused in the middle of more may see the connection end before the answer.
    let large = format!("{{\"email\":\"{}\"}}", "a".repeat(20_000_000));
    prelogin(large).await.barred(413);
    prelogin("{".into()).await.barred(400);
    prelogin("{}".into()).await.barred(422);
    prelogin("{\"Email\":\"a\"}".into()).await.barred(422);
}

#[tokio::test]
async fn it_imitates_a_server_of_bitwarden() {
    let server = start();
    let config = Caller::stranger(&server).get("/api/config").await.ok();
    shows(&config, serde_json::json!({"version": "2026.6.0", "object": "config"}));
    assert!(config["featureStates"].is_object());
}
