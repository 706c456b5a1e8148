//! People with clients of their own: they register, log in, read and change what they may, with genuine cryptography.

use keyforge::redacted::Redacted;
use keyforge::spec::Fingerprint;
use keyforge::vaultwarden::crypto::{Checked, EncString, Kdf, Key, PrivateKey, phrase};
use serde_json::{Value, json};

use super::standin::{Server, http};

/// Somebody with a genuine account.
pub struct Person {
    pub address: String,
    pub id: String,
    pair: PrivateKey,
    token: String,
    base: String,
}

impl Person {
    /// Registers, as the server lets them, and logs in.
    pub async fn register(server: &Server, address: &str) -> Self {
        let (user, pair) = (Key::random(), PrivateKey::generate());
        let password = Redacted::new(format!("the password of {address}"));
        let kdf = Kdf::Pbkdf2 { iterations: 100_000 };
        let master = kdf.master_key(address, &password).expect("in bounds");
        let hash = master.password_hash(&password).expose().clone();
        let http = http();
        let wish = json!({ "email": address, "name": "Somebody", "receiveMarketingEmails": false });
        let begun = http.post(server.url("/identity/accounts/register/send-verification-email")).json(&wish);
        let token: String = begun.send().await.expect("answers").json().await.expect("a token");
        let derivation = json!({ "kdfType": 0, "iterations": 100_000, "memory": null, "parallelism": null });
        let body = json!({
            "email": address, "emailVerificationToken": token, "masterPasswordHint": null,
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
        let finished = http.post(server.url("/identity/accounts/register/finish")).json(&body).send().await;
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
        let request = http.post(server.url("/identity/connect/token")).body(body);
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        let granted: Value = request.send().await.expect("answers").json().await.expect("a log-in");
        let token = granted["access_token"].as_str().expect("a token").to_owned();
        let mut person =
            Self { address: address.into(), id: String::new(), pair, token, base: server.url("") };
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
        let request = http().get(format!("{}{path}", self.base)).bearer_auth(&self.token);
        request.send().await.expect("answers").json().await.expect("JSON")
    }

    pub async fn send(&self, method: reqwest::Method, path: &str, body: &Value) -> Value {
        let request = http().request(method, format!("{}{path}", self.base));
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

    /// The password of the only item that the person sees.
    pub async fn reads(&self) -> String {
        let sync = self.get("/api/sync?excludeDomains=true").await;
        let encrypted: EncString =
            sync["ciphers"][0]["login"]["password"].as_str().expect("one").parse().expect("one");
        self.key().await.decrypt(&encrypted).expect("opens").expose().clone()
    }
}
