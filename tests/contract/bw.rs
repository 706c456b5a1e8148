//! The genuine Bitwarden client, where `BW_BIN` names its program: a member logs in with it, syncs and reads what our
//! cryptography wrote. It speaks TLS only.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use keyforge::redacted::Redacted;
use keyforge::vaultwarden::crypto::{Checked, Kdf, Key, PrivateKey, PublicKey, checksum};
use reqwest::{Certificate, Client};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::caller::{Caller, shows, start_with};
use crate::people::{begin, finish, log_in_with, text};

const PASSWORD: &str = "correct horse battery staple";

/// The program, or a line that says that nothing was tried.
#[expect(clippy::print_stderr, reason = "who reads the log must know what was not tried")]
fn program() -> Option<PathBuf> {
    #[expect(
        clippy::disallowed_methods,
        reason = "it replaces a part of the tests, not a setting of the product"
    )]
    let program = std::env::var_os("BW_BIN").map(PathBuf::from);
    if program.is_none() {
        eprintln!("BW_BIN is not set: the genuine client was not tried");
    }
    program
}

/// Somebody with real keys.
struct Holder<'a> {
    caller: Caller<'a>,
    email: &'static str,
    id: String,
    keys: PrivateKey,
}

impl<'a> Holder<'a> {
    async fn register(stranger: &Caller<'a>, email: &'static str) -> Self {
        let password = Redacted::new(PASSWORD.to_owned());
        let master = Kdf::OURS.master_key(email, &password).expect("our own bounds");
        let (key, keys) = (Key::random(), PrivateKey::generate());
        let hash = master.password_hash(&password);
        let kdf = json!({"kdfType": 0, "iterations": 600_000, "memory": null, "parallelism": null});
        let body = json!({
            "email": email,
            "emailVerificationToken": begin(stranger, email).await.ok(),
            "masterPasswordHint": null,
            "userAsymmetricKeys": {
                "publicKey": keys.public().to_base64(),
                "encryptedPrivateKey": Checked::private_key(&key, &keys).expect("it opens again"),
            },
            "masterPasswordAuthentication": {
                "kdf": kdf, "salt": email, "masterPasswordAuthenticationHash": hash.expose(),
            },
            "masterPasswordUnlock": {
                "kdf": kdf, "salt": email,
                "masterKeyWrappedUserKey": Checked::key(&master.stretched(), &key).expect("it opens again"),
            },
        });
        finish(stranger, body).await.ok();
        let login = log_in_with(stranger, email, &[("password", hash.expose())]).await.ok();
        let caller = stranger.as_somebody(&text(&login["access_token"]));
        let id = text(&caller.get("/api/accounts/profile").await.ok()["id"]);
        Self { caller, email, id, keys }
    }
}

/// The client of one person, whose files are its own.
struct Bw {
    program: PathBuf,
    folder: TempDir,
    certificate: PathBuf,
}

impl Bw {
    fn run(&self, arguments: &[&str]) -> String {
        let output = Command::new(&self.program)
            .args(arguments)
            .env("BITWARDENCLI_APPDATA_DIR", self.folder.path())
            .env("NODE_EXTRA_CA_CERTS", &self.certificate)
            .env("BW_NOINTERACTION", "true")
            .output()
            .expect("bw runs");
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "bw {arguments:?}: {errors}");
        String::from_utf8(output.stdout).expect("UTF-8").trim().to_owned()
    }
}

#[tokio::test]
async fn the_genuine_client_reads_what_our_cryptography_wrote() {
    let Some(program) = program() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let pair = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    let (certificate, key) = (folder.path().join("tls.crt"), folder.path().join("tls.key"));
    fs::write(&certificate, pair.cert.pem()).expect("written");
    fs::write(&key, pair.signing_key.serialize_pem()).expect("written");
    let tls = format!("{{certs={certificate:?},key={key:?}}}");
    let settings = [("ROCKET_TLS", tls.as_str()), ("SIGNUPS_ALLOWED", "true")];
    let server = start_with(&settings);
    let url = server.url("").replace("127.0.0.1", "localhost");
    let trusted = Certificate::from_pem(pair.cert.pem().as_bytes()).expect("a certificate");
    let http = Client::builder().tls_certs_only([trusted]).build().expect("a client");
    let stranger = Caller::over(&server, http, &url);

    let owner = Holder::register(&stranger, "owner@acme.example").await;
    let ana = Holder::register(&stranger, "ana@acme.example").await;
    let key = Key::random();
    let sealed = |text: &str| Checked::text(&key, text).expect("it opens again");
    let society = json!({
        "name": "Chess Society", "billingEmail": owner.email, "planType": 0,
        "collectionName": sealed("general"),
        "key": Checked::wrapped_for_us(&owner.keys, &key).expect("it opens again"),
    });
    let society = text(&owner.caller.post("/api/organizations", society).await.ok()["id"]);
    let path = |below: &str| format!("/api/organizations/{society}{below}");
    let collections = owner.caller.get(&path("/collections")).await.list();
    let collection = text(&collections[0]["id"]);
    let granted = json!([{"id": collection, "readOnly": true, "hidePasswords": false, "manage": false}]);
    let invite = json!({"emails": [ana.email], "type": 2, "groups": [], "collections": granted});
    owner.caller.post(&path("/users/invite"), invite).await.done();
    let members = owner.caller.get(&path("/users")).await.list();
    let member = members.iter().find(|member| member["userId"] == ana.id).expect("ana");
    let public = owner.caller.get(&format!("/api/users/{}/public-key", ana.id)).await.ok();
    let public = PublicKey::from_base64(&text(&public["publicKey"])).expect("a key");
    let wrapped = Checked::wrapped(&public, &key).expect("it parses");
    let confirm = path(&format!("/users/{}/confirm", text(&member["id"])));
    owner.caller.post(&confirm, json!({"key": wrapped})).await.done();
    let uri = "https://bank.example/login";
    let cipher = json!({
        "type": 1, "organizationId": society, "name": sealed("Bank"), "notes": sealed("two\nlines, ünïcode"),
        "login": {
            "username": sealed("treasurer"), "password": sealed("s3cret of the bank"),
            "uris": [{"uri": sealed(uri), "match": null, "uriChecksum": sealed(&checksum(uri))}],
        },
        "fields": [{"type": 1, "name": sealed("keyforge-id"), "value": sealed("acme/chess/bank 1")}],
    });
    let new = json!({"cipher": cipher, "collectionIds": [collection]});
    let item = text(&owner.caller.post("/api/ciphers/create", new).await.ok()["id"]);

    let bw = Bw { program, folder: tempfile::tempdir().expect("a folder"), certificate };
    bw.run(&["config", "server", &url]);
    let session = bw.run(&["login", ana.email, PASSWORD, "--raw"]);
    bw.run(&["sync", "--session", &session]);
    assert_eq!(bw.run(&["get", "password", &item, "--session", &session]), "s3cret of the bank");
    let read: Value =
        serde_json::from_str(&bw.run(&["get", "item", &item, "--session", &session])).expect("JSON");
    shows(&read, json!({"name": "Bank", "notes": "two\nlines, ünïcode", "organizationId": society}));
    shows(&read["login"], json!({"username": "treasurer"}));
    assert_eq!(read["login"]["uris"][0]["uri"], uri);
    assert_eq!(read["fields"][0]["value"], "acme/chess/bank 1");
}
