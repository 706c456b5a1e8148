//! Log-in: a token for a password, for an API key, or for a refresh token; and the devices that they are given to.

use chrono::{DateTime, TimeDelta, Utc};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::accounts::User;
use crate::answer::{Answer, Refusal, json, list, refuse};
use crate::request::Request;
use crate::server::Server;
use crate::state::{Row, State, Table, Tables};

/// Its id is chosen by the client, and means a device only together with its person.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Device {
    pub(crate) id: String,
    user: Uuid,
    name: String,
    kind: i32,
    /// What is in its refresh tokens.
    refresh: Uuid,
    created: DateTime<Utc>,
}

impl Row for Device {
    const TABLE: &'static str = "device";

    fn key(&self) -> String {
        format!("{} {}", self.user, self.id)
    }

    fn table(tables: &mut Tables) -> &mut Table<Self> {
        &mut tables.devices
    }
}

impl State {
    pub(crate) fn device(&self, id: &str, user: Uuid) -> Option<&Device> {
        self.devices.get(&format!("{user} {id}"))
    }

    /// Voids every token of a person.
    pub(crate) fn renew_stamp(&mut self, user: &mut User) {
        user.stamp = Uuid::new_v4();
        let devices: Vec<Device> =
            self.devices.values().filter(|device| device.user == user.id).cloned().collect();
        for device in devices {
            self.put(Device { refresh: Uuid::new_v4(), ..device });
        }
    }

    pub(crate) fn forget_devices(&mut self, user: Uuid) {
        self.remove_all::<Device>(|device| device.user == user);
    }
}

/// `POST /identity/connect/token`.
pub(crate) fn connect(server: &Server, request: &Request) -> Answer {
    let need = |names: &[&str]| match names.iter().find(|name| request.field(name).is_none()) {
        Some(missing) => refuse(format!("{missing} cannot be blank")),
        None => Ok(()),
    };
    match request.field("grant_type").ok_or(Refusal::Plain(StatusCode::UNPROCESSABLE_ENTITY))?.as_str() {
        "refresh_token" => {
            need(&["refresh_token"])?;
            refresh(server, request)
        }
        "password" => {
            need(&["client_id", "password", "scope", "username"])?;
            need(&["device_identifier", "device_name", "device_type"])?;
            with_password(server, request)
        }
        "client_credentials" => {
            need(&["client_id", "client_secret", "scope"])?;
            need(&["device_identifier", "device_name", "device_type"])?;
            with_api_key(server, request)
        }
        _ => refuse("Invalid type"),
    }
}

const OFFLINE: &str = "api offline_access";
const LIMITED: &str = "Too many login requests";

fn with_password(server: &Server, request: &Request) -> Answer {
    let scope = request.field("scope").unwrap_or_default();
    if scope != OFFLINE {
        return refuse(format!("Scope ({scope}) not supported"));
    }
    let client = request.client(&server.config());
    server.logins.take(client, &server.config(), LIMITED)?;
    let name = request.field("username").unwrap_or_default();
    const WRONG: &str = "Username or password is incorrect. Try again";
    let Some(user) = server.open_state()?.user_by_mail(name.trim()).cloned() else { return refuse(WRONG) };
    if !user.enabled {
        return refuse("This user has been disabled");
    }
    // The hash takes its time, in which others are answered.
    if !user.has_password(&request.field("password").unwrap_or_default()) {
        return refuse(WRONG);
    }
    let device = device(server, request, &user)?;
    let mut answer = granted(server, request, &user, &device, OFFLINE);
    answer["refresh_token"] = json!(refresh_token(server, &device));
    answer["MasterPasswordPolicy"] = json!({"Object": "masterPasswordPolicy"});
    json(&answer)
}

fn with_api_key(server: &Server, request: &Request) -> Answer {
    let client = request.client(&server.config());
    server.logins.take(client, &server.config(), LIMITED)?;
    if request.field("scope").as_deref() != Some("api") {
        return refuse("Scope not supported");
    }
    let client = request.field("client_id").unwrap_or_default();
    let Some(id) = client.strip_prefix("user.") else { return refuse("Malformed client_id") };
    let Some(user) = server.open_state()?.users.get(id).cloned() else { return refuse("Invalid client_id") };
    if !user.enabled {
        return refuse("This user has been disabled (API key login)");
    }
    if user.api_key.is_none() || user.api_key != request.field("client_secret") {
        return refuse("Incorrect client_secret");
    }
    let device = device(server, request, &user)?;
    json(&granted(server, request, &user, &device, "api"))
}

fn refresh(server: &Server, request: &Request) -> Answer {
    let void = || Refusal::Form(json!({"error": "invalid_grant"}));
    let token = request.field("refresh_token").unwrap_or_default();
    let claims = server.signer.verify("login", &token).ok_or_else(void)?;
    let state = server.open_state()?;
    let device = state.devices.values().find(|device| claims["device_token"] == device.refresh.to_string());
    let device = device.ok_or_else(void)?;
    let user = state.users.get(&device.user.to_string()).ok_or_else(void)?;
    json(&json!({
        "access_token": access_token(server, request, user, device, OFFLINE),
        "refresh_token": refresh_token(server, device),
        "expires_in": EXPIRES.num_seconds(),
        "token_type": "Bearer",
        "scope": OFFLINE,
    }))
}

/// Finds the device or makes it; with mail, its owner hears of a new one, or not where the mail server fails.
fn device(server: &Server, request: &Request, user: &User) -> Result<Device, Refusal> {
    let id = request.field("device_identifier").unwrap_or_default();
    let mut state = server.open_state()?;
    if let Some(device) = state.device(&id, user.id) {
        return Ok(device.clone());
    }
    let kind = request.field("device_type").and_then(|kind| kind.parse().ok());
    let kind = kind.ok_or(Refusal::Plain(StatusCode::UNPROCESSABLE_ENTITY))?;
    let name = request.field("device_name").unwrap_or_default();
    let device = Device { id, user: user.id, name, kind, refresh: Uuid::new_v4(), created: Utc::now() };
    if let Some(mail) = server.mail() {
        let mut name = device.name.clone();
        name.get_mut(..1).unwrap_or_default().make_ascii_uppercase();
        let subject = format!("New Device Logged In From {name}");
        let sent = mail.send(&user.email, &subject, "Your account was just logged into from a new device.");
        if sent.is_err() && server.config().flag("require_device_email") {
            return refuse("Could not send login notification email. Please contact your administrator.");
        }
    }
    state.put(device.clone());
    Ok(device)
}

const EXPIRES: TimeDelta = TimeDelta::hours(2);

fn access_token(server: &Server, request: &Request, user: &User, device: &Device, scope: &str) -> String {
    let scope: Vec<&str> = scope.split(' ').collect();
    let claims = json!({
        "sub": user.id,
        "premium": true,
        "name": user.name,
        "email": user.email,
        "email_verified": true,
        "sstamp": user.stamp,
        "device": device.id,
        "devicetype": device.kind.to_string(),
        "client_id": request.field("client_id").unwrap_or_else(|| "undefined".into()),
        "scope": scope,
        "amr": ["Application"],
    });
    server.signer.sign("login", EXPIRES, claims)
}

fn refresh_token(server: &Server, device: &Device) -> String {
    let claims = json!({"sub": "password", "device_token": device.refresh, "token": null});
    server.signer.sign("login", TimeDelta::days(30), claims)
}

/// The answer to who has shown who they are.
fn granted(server: &Server, request: &Request, user: &User, device: &Device, scope: &str) -> Value {
    let keys = user.private_key.as_ref().map(|private| {
        json!({
            "publicKeyEncryptionKeyPair": {
                "wrappedPrivateKey": private,
                "publicKey": user.public_key,
                "Object": "publicKeyEncryptionKeyPair",
            },
            "Object": "privateKeys",
        })
    });
    let kdf = user.kdf;
    let unlock = user.password.as_ref().map(|_| {
        json!({
            "Kdf": {
                "KdfType": kdf.kind, "Iterations": kdf.iterations,
                "Memory": kdf.memory, "Parallelism": kdf.parallelism,
            },
            "MasterKeyEncryptedUserKey": user.key,
            "MasterKeyWrappedUserKey": user.key,
            "Salt": user.email,
        })
    });
    json!({
        "access_token": access_token(server, request, user, device, scope),
        "expires_in": EXPIRES.num_seconds(),
        "token_type": "Bearer",
        "scope": scope,
        "Key": user.key,
        "PrivateKey": user.private_key,
        "Kdf": kdf.kind,
        "KdfIterations": kdf.iterations,
        "KdfMemory": kdf.memory,
        "KdfParallelism": kdf.parallelism,
        "ResetMasterPassword": false,
        "ForcePasswordReset": false,
        "AccountKeys": keys,
        "UserDecryptionOptions": {
            "HasMasterPassword": user.password.is_some(),
            "MasterPasswordUnlock": unlock,
            "Object": "userDecryptionOptions",
        },
    })
}

/// `GET /api/devices`.
pub(crate) fn devices(server: &Server, request: &Request) -> Answer {
    let session = server.session(request)?;
    let own = session.state.devices.values().filter(|device| device.user == session.user.id);
    list(
        own.map(|device| {
            json!({
                "id": device.id,
                "identifier": device.id,
                "name": device.name,
                "type": device.kind,
                "creationDate": crate::clock(device.created),
                "devicePendingAuthRequest": null,
                "isTrusted": false,
                "encryptedPublicKey": null,
                "encryptedUserKey": null,
                "object": "device",
            })
        })
        .collect(),
    )
}

/// `POST /api/accounts/api-key` and `/api/accounts/rotate-api-key`.
pub(crate) fn api_key(server: &Server, request: &Request, rotate: bool) -> Answer {
    let mut session = server.session(request)?;
    crate::accounts::check_password(&session.user, request)?;
    if rotate || session.user.api_key.is_none() {
        session.user.api_key = Some(Uuid::new_v4().simple().to_string()[..30].to_owned());
        session.user.updated = Utc::now();
        let user = session.user.clone();
        session.state.put(user);
    }
    json(&json!({
        "apiKey": session.user.api_key,
        "revisionDate": crate::clock(session.user.updated),
        "object": "apiKey",
    }))
}
