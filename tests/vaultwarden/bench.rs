//! A server, our client of it, and people with clients of their own.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use keyforge::domain::Domain;
use keyforge::plan::society::{FingerprintKey, ObservedSociety, ObservedVault};
use keyforge::redacted::Redacted;
use keyforge::spec::Fingerprint;
use keyforge::vaultwarden::crypto::{Checked, EncString, Kdf, Key, PrivateKey, phrase};
use keyforge::vaultwarden::{Account, Client, Dial, Fields, Pipe, tcp};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::AsyncReadExt;

use crate::support::standin::Server;

pub(crate) const DOMAIN: &str = "https://vault.acme.example";
const ADMIN: &str = "an admin token";

/// A server with our account on it.
pub(crate) struct Bench {
    pub(crate) server: Server,
    pub(crate) client: Client,
    pub(crate) fingerprints: FingerprintKey,
}

/// A server as Keyforge sets it up, with further settings.
pub(crate) fn server(folder: Option<TempDir>, settings: &[(&str, &str)]) -> Server {
    let mut all = vec![("DOMAIN", DOMAIN), ("SIGNUPS_ALLOWED", "false"), ("ADMIN_TOKEN", ADMIN)];
    all.extend([("CONFIG_FILE", "/proc/nowhere/config.json"), ("DATABASE_TIMEOUT", "3")]);
    // The later one counts.
    all.retain(|(name, _)| settings.iter().all(|(other, _)| other != name));
    all.extend(settings);
    match folder {
        Some(folder) => Server::start_in(folder, &all),
        None => Server::start(&all),
    }
}

pub(crate) fn dial(server: &Server) -> Dial {
    let port = server.url("").rsplit_once(':').expect("a port").1.parse().expect("a port");
    tcp("127.0.0.1", port)
}

pub(crate) fn client_by(dial: Dial, fields: &Fields) -> Client {
    let domain: Domain = DOMAIN.parse().expect("a domain");
    let account = Account::from_fields(fields).ok().flatten().expect("it was kept whole");
    Client::new(&domain, dial, 4, account, Redacted::new(ADMIN.to_owned()))
}

pub(crate) fn client(server: &Server, fields: &Fields) -> Client {
    client_by(dial(server), fields)
}

pub(crate) fn drawn() -> Fields {
    Account::draw("vault.acme.example", None, 1).to_fields()
}

impl Bench {
    pub(crate) async fn new() -> Self {
        Self::with(&[]).await
    }

    pub(crate) async fn with(settings: &[(&str, &str)]) -> Self {
        let server = server(None, settings);
        let client = client(&server, &drawn());
        client.bootstrap().await.expect("our account is made");
        Self { server, client, fingerprints: FingerprintKey::new(&Redacted::new(vec![7; 32])) }
    }

    pub(crate) async fn look(&self) -> ObservedVault {
        self.look_by(&self.client).await
    }

    pub(crate) async fn look_by(&self, client: &Client) -> ObservedVault {
        let settings = self.client.effective_settings().await.expect("the settings are read");
        client.observe(&self.fingerprints, &settings, BTreeSet::new()).await.expect("it is looked at")
    }

    /// The only society.
    pub(crate) async fn society(&self) -> ObservedSociety {
        let [society] = self.look().await.societies.try_into().expect("one society");
        society
    }
}

/// Somebody with a genuine account.
pub(crate) struct Person {
    pub(crate) address: String,
    pub(crate) id: String,
    pair: PrivateKey,
    token: String,
    base: String,
}

impl Person {
    /// Registers, as the server lets them, and logs in.
    pub(crate) async fn register(server: &Server, address: &str) -> Self {
        let (user, pair) = (Key::random(), PrivateKey::generate());
        let password = Redacted::new(format!("the password of {address}"));
        let kdf = Kdf::Pbkdf2 { iterations: 100_000 };
        let master = kdf.master_key(address, &password).expect("in bounds");
        let hash = master.password_hash(&password).expose().clone();
        let http = reqwest::Client::new();
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

    pub(crate) fn phrase(&self) -> Fingerprint {
        phrase(&self.id, self.pair.public())
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        let request = reqwest::Client::new().get(format!("{}{path}", self.base)).bearer_auth(&self.token);
        request.send().await.expect("answers").json().await.expect("JSON")
    }

    pub(crate) async fn send(&self, method: reqwest::Method, path: &str, body: &Value) -> Value {
        let request = reqwest::Client::new().request(method, format!("{}{path}", self.base));
        let answer = request.bearer_auth(&self.token).json(body).send().await.expect("answers");
        assert!(answer.status().is_success(), "{path}: {}", answer.text().await.expect("text"));
        answer.json().await.unwrap_or_default()
    }

    /// The key of the society that the person is in.
    pub(crate) async fn key(&self) -> Key {
        let profile = self.get("/api/accounts/profile").await;
        let wrapped: EncString =
            profile["organizations"][0]["key"].as_str().expect("a key").parse().expect("an encrypted one");
        self.pair.unwrap(&wrapped).expect("it was wrapped for them")
    }

    /// The password of the only item that the person sees.
    pub(crate) async fn reads(&self) -> String {
        let sync = self.get("/api/sync?excludeDomains=true").await;
        let encrypted: EncString =
            sync["ciphers"][0]["login"]["password"].as_str().expect("one").parse().expect("one");
        self.key().await.decrypt(&encrypted).expect("opens").expose().clone()
    }
}

/// A way on which the answers are lost from the moment that the switch is on.
pub(crate) fn cut(through: Dial, switch: &Arc<AtomicBool>) -> Dial {
    let switch = switch.clone();
    Arc::new(move || {
        let (through, switch) = (through.clone(), switch.clone());
        Box::pin(async move {
            let server = through().await?;
            let (ours, theirs) = tokio::io::duplex(1 << 20);
            let (mut from_us, mut to_us) = tokio::io::split(theirs);
            let (mut from_server, mut to_server) = tokio::io::split(server);
            tokio::spawn(async move { tokio::io::copy(&mut from_us, &mut to_server).await });
            tokio::spawn(async move {
                let mut buffer = vec![0; 1 << 16];
                while let Ok(read @ 1..) = from_server.read(&mut buffer).await {
                    if switch.load(Ordering::SeqCst) {
                        break;
                    }
                    if tokio::io::AsyncWriteExt::write_all(&mut to_us, &buffer[..read]).await.is_err() {
                        break;
                    }
                }
            });
            Ok(Box::new(ours) as Box<dyn Pipe>)
        })
    })
}

/// Whatever is no encrypted text.
pub(crate) fn rubbish() -> String {
    STANDARD.encode("no encrypted text")
}
