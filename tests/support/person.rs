//! People with clients of their own: they register, log in, read and change what they may, with genuine cryptography.

use std::collections::BTreeMap;

use keyforge::redacted::Redacted;
use keyforge::spec::Fingerprint;
use keyforge::vaultwarden::crypto::{Checked, EncString, Kdf, Key, PrivateKey, phrase};
use reqwest::{Client, Method};
use serde_json::{Value, json};

use super::standin::{Server, http};

/// Somebody with a genuine account.
pub struct Person {
    pub address: String,
    pub id: String,
    pair: PrivateKey,
    token: String,
    http: Client,
    base: String,
}

impl Person {
    /// Registers, as the server lets them, and logs in.
    pub async fn register(server: &Server, address: &str) -> Self {
        Self::join(http(), &server.url(""), address).await
    }

    /// The same at the server of a URL.
    pub async fn join(http: Client, base: &str, address: &str) -> Self {
        let wish = json!({ "email": address, "name": "Somebody", "receiveMarketingEmails": false });
        let begun = http.post(format!("{base}/identity/accounts/register/send-verification-email"));
        let begun = begun.json(&wish).send().await.expect("answers");
        let token: String = begun.json().await.expect("a token");
        Self::registered(http, base, address, &[("emailVerificationToken", &token)]).await
    }

    /// Registers by an invitation that was a mail, of whose link this gives the parameters, logs in and accepts it.
    pub async fn accept(base: &str, address: &str, invitation: impl Fn(&str) -> String) -> Self {
        let (token, member) = (invitation("token"), invitation("organizationUserId"));
        let proof = [("organizationUserId", member.as_str()), ("orgInviteToken", &token)];
        let person = Self::registered(http(), base, address, &proof).await;
        let path = format!("/api/organizations/{}/users/{member}/accept", invitation("organizationId"));
        person.send(Method::POST, &path, &json!({ "token": token })).await;
        person
    }

    /// Registers with what proves that they were invited, and logs in.
    async fn registered(http: Client, base: &str, address: &str, proof: &[(&str, &str)]) -> Self {
        let (user, pair) = (Key::random(), PrivateKey::generate());
        let password = Redacted::new(format!("the password of {address}"));
        let kdf = Kdf::Pbkdf2 { iterations: 100_000 };
        let master = kdf.master_key(address, &password).expect("in bounds");
        let hash = master.password_hash(&password).expose().clone();
        let derivation = json!({ "kdfType": 0, "iterations": 100_000, "memory": null, "parallelism": null });
        let mut body = json!({
            "email": address, "masterPasswordHint": null,
            "userAsymmetricKeys": {
                "publicKey": pair.public().to_base64(),
                "encryptedPrivateKey": Checked::private_key(&user, &pair).expect("opens"),
            },
            "masterPasswordAuthentication": {
                "kdf": derivation, "salt": address, "masterPasswordAuthenticationHash": hash,
            },
            "masterPasswordUnlock": {
                "kdf": derivation, "salt": address,
                "masterKeyWrappedUserKey": Checked::key(&master.stretched(), &user).expect("opens"),
            },
        });
        proof.iter().for_each(|(name, value)| body[*name] = json!(value));
        let finished =
            http.post(format!("{base}/identity/accounts/register/finish")).json(&body).send().await;
        assert!(finished.expect("answers").status().is_success(), "{address} registers");
        let form = [
            ("grant_type", "password"),
            ("scope", "api offline_access"),
            ("client_id", "cli"),
            ("username", address),
            ("password", hash.as_str()),
            ("deviceType", "25"),
            ("deviceIdentifier", address),
            ("deviceName", "cli"),
        ];
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let request = http.post(format!("{base}/identity/connect/token")).body(body);
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        let granted: Value = request.send().await.expect("answers").json().await.expect("a log-in");
        let token = granted["access_token"].as_str().expect("a token").to_owned();
        let mut person =
            Self { address: address.into(), id: String::new(), pair, token, http, base: base.into() };
        person.id = person.get("/api/accounts/profile").await["id"].as_str().expect("an id").to_owned();
        person
    }

    /// The server is at another address now.
    pub fn follow(&mut self, server: &Server) {
        self.base = server.url("");
    }

    pub fn phrase(&self) -> Fingerprint {
        phrase(&self.id, self.pair.public())
    }

    pub async fn get(&self, path: &str) -> Value {
        let request = self.http.get(format!("{}{path}", self.base)).bearer_auth(&self.token);
        request.send().await.expect("answers").json().await.expect("JSON")
    }

    pub async fn send(&self, method: Method, path: &str, body: &Value) -> Value {
        let request = self.http.request(method, format!("{}{path}", self.base));
        let answer = request.bearer_auth(&self.token).json(body).send().await.expect("answers");
        assert!(answer.status().is_success(), "{path}: {}", answer.text().await.expect("text"));
        answer.json().await.unwrap_or_default()
    }

    /// The key of the society that the person is in.
    pub async fn key(&self) -> Key {
        let profile = self.get("/api/accounts/profile").await;
        let wrapped: EncString =
            profile["organizations"][0]["key"].as_str().expect("a key").parse().expect("an encrypted one");
        self.pair.unwrap(&wrapped).expect("it was wrapped for them")
    }

    /// All passwords that the person sees, by the titles of their items.
    pub async fn passwords(&self) -> BTreeMap<String, String> {
        let key = self.key().await;
        let open = |value: &Value| {
            let encrypted: EncString = value.as_str().expect("a text").parse().expect("an encrypted one");
            key.decrypt(&encrypted).expect("opens").expose().clone()
        };
        let sync = self.get("/api/sync?excludeDomains=true").await;
        let items = sync["ciphers"].as_array().expect("a list").iter();
        items.map(|item| (open(&item["name"]), open(&item["login"]["password"]))).collect()
    }

    /// The password of the only item that the person sees.
    pub async fn reads(&self) -> String {
        let sync = self.get("/api/sync?excludeDomains=true").await;
        let encrypted: EncString =
            sync["ciphers"][0]["login"]["password"].as_str().expect("one").parse().expect("one");
        self.key().await.decrypt(&encrypted).expect("opens").expose().clone()
    }
}
