//! People with accounts: they register and log in as their clients do.

use std::ops::Deref;

use serde_json::{Value, json};

use crate::caller::{Answer, Caller};
use crate::support::standin::Server;

/// Somebody who has logged in.
pub(crate) struct Person<'a> {
    caller: Caller<'a>,
    pub(crate) id: String,
    pub(crate) email: String,
    pub(crate) refresh: String,
    /// The answer to the log-in.
    pub(crate) login: Value,
}

impl<'a> Deref for Person<'a> {
    type Target = Caller<'a>;

    fn deref(&self) -> &Caller<'a> {
        &self.caller
    }
}

impl<'a> Person<'a> {
    /// Invited by the admin page, registered and logged in.
    pub(crate) async fn new(server: &'a Server, email: &str) -> Self {
        let admin = Caller::admin(server).await;
        admin.post("/admin/invite", json!({"email": email})).await.ok();
        Self::registered(server, email).await
    }

    /// Somebody whom some invitation lets in.
    pub(crate) async fn registered(server: &'a Server, email: &str) -> Self {
        register(&Caller::stranger(server), email).await.ok();
        Self::logged_in(server, email).await
    }

    pub(crate) async fn logged_in(server: &'a Server, email: &str) -> Self {
        let login = log_in(&Caller::stranger(server), email).await.ok();
        let token = login["access_token"].as_str().expect("a token");
        let caller = Caller::with_token(server, token);
        let profile = caller.get("/api/accounts/profile").await.ok();
        Self {
            caller,
            id: text(&profile["id"]),
            email: email.to_owned(),
            refresh: text(&login["refresh_token"]),
            login,
        }
    }

    pub(crate) async fn sync(&self) -> Value {
        self.get("/api/sync?excludeDomains=true").await.ok()
    }
}

pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("a text instead of {value}")).to_owned()
}

/// What a client makes of the password, as it is sent.
pub(crate) fn password(email: &str) -> String {
    format!("hash of the password of {email}")
}

/// Both calls of a registration, with the token of the first one in the second.
pub(crate) async fn register(stranger: &Caller<'_>, email: &str) -> Answer {
    let begun = begin(stranger, email).await;
    if begun.status != 200 {
        return begun;
    }
    finish(stranger, registration(email, json!({"emailVerificationToken": begun.body()}))).await
}

pub(crate) async fn begin(stranger: &Caller<'_>, email: &str) -> Answer {
    let wish = json!({"email": email, "name": format!("Name of {email}"), "receiveMarketingEmails": false});
    stranger.post("/identity/accounts/register/send-verification-email", wish).await
}

pub(crate) async fn finish(stranger: &Caller<'_>, registration: Value) -> Answer {
    stranger.post("/identity/accounts/register/finish", registration).await
}

/// The body of a registration, with the given fields in it.
pub(crate) fn registration(email: &str, with: Value) -> Value {
    let kdf = json!({"kdfType": 0, "iterations": 600_000, "memory": null, "parallelism": null});
    let mut body = json!({
        "email": email,
        "masterPasswordHint": null,
        "userAsymmetricKeys": {
            "publicKey": format!("public key of {email}"),
            "encryptedPrivateKey": "2.private|key|wrapped",
        },
        "masterPasswordAuthentication": {
            "kdf": kdf, "salt": email, "masterPasswordAuthenticationHash": password(email),
        },
        "masterPasswordUnlock": {"kdf": kdf, "salt": email, "masterKeyWrappedUserKey": "2.user|key|wrapped"},
    });
    let Value::Object(with) = with else { panic!("fields") };
    body.as_object_mut().expect("an object").extend(with);
    body
}

pub(crate) async fn log_in(stranger: &Caller<'_>, email: &str) -> Answer {
    log_in_with(stranger, email, &[]).await
}

/// With other fields in the place of the usual ones.
pub(crate) async fn log_in_with(stranger: &Caller<'_>, email: &str, other: &[(&str, &str)]) -> Answer {
    let password = password(email);
    let mut fields = vec![
        ("grant_type", "password"),
        ("username", email),
        ("password", password.as_str()),
        ("scope", "api offline_access"),
        ("client_id", "cli"),
        ("deviceType", "25"),
        ("deviceIdentifier", "one device"),
        ("deviceName", "linux"),
    ];
    fields.retain(|(name, _)| other.iter().all(|(known, _)| known != name));
    fields.extend(other.iter().filter(|(_, value)| !value.is_empty()));
    stranger.post_form("/identity/connect/token", &fields).await
}
