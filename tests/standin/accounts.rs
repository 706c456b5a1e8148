//! People: those who have an account, and those who were invited to make one and are a stub until then.

use std::num::NonZeroU32;

use aws_lc_rs::pbkdf2;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::answer::{Answer, Refusal, json, nothing, refuse};
use crate::request::Request;
use crate::server::Server;
use crate::state::{Row, State, Table, Tables};

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct User {
    pub(crate) id: Uuid,
    /// In lower case.
    pub(crate) email: String,
    pub(crate) name: String,
    pub(crate) enabled: bool,
    pub(crate) created: DateTime<Utc>,
    pub(crate) updated: DateTime<Utc>,
    /// None for a stub.
    pub(crate) password: Option<Password>,
    pub(crate) kdf: Kdf,
    /// The person's key, wrapped by their password.
    pub(crate) key: String,
    pub(crate) public_key: Option<String>,
    pub(crate) private_key: Option<String>,
    pub(crate) api_key: Option<String>,
    /// Is in each access token; a new one voids them.
    pub(crate) stamp: Uuid,
}

/// The hash of what the client made of the password.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Password {
    salt: String,
    iterations: NonZeroU32,
    hash: String,
}

/// How the client makes a key of the password.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Kdf {
    #[serde(rename = "kdfType")]
    pub(crate) kind: i32,
    pub(crate) iterations: i32,
    pub(crate) memory: Option<i32>,
    pub(crate) parallelism: Option<i32>,
}

/// Lets somebody register although nobody may, where no mail is sent.
#[derive(Serialize, Deserialize)]
pub(crate) struct Invitation {
    pub(crate) email: String,
}

impl Row for User {
    const TABLE: &'static str = "user";

    fn key(&self) -> String {
        self.id.to_string()
    }

    fn table(tables: &mut Tables) -> &mut Table<Self> {
        &mut tables.users
    }
}

impl Row for Invitation {
    const TABLE: &'static str = "invitation";

    fn key(&self) -> String {
        self.email.clone()
    }

    fn table(tables: &mut Tables) -> &mut Table<Self> {
        &mut tables.invitations
    }
}

impl User {
    pub(crate) fn stub(email: &str) -> Result<Self, Refusal> {
        let (email, now) = (email.to_lowercase(), Utc::now());
        check_email(&email, "User email")?;
        Ok(Self {
            id: Uuid::new_v4(),
            name: email.clone(),
            email,
            enabled: true,
            created: now,
            updated: now,
            password: None,
            kdf: Kdf::DEFAULT,
            key: String::new(),
            public_key: None,
            private_key: None,
            api_key: None,
            stamp: Uuid::new_v4(),
        })
    }

    pub(crate) fn has_password(&self, password: &str) -> bool {
        self.password.as_ref().is_some_and(|known| known.is(password))
    }
}

/// Only whether it could be an address.
pub(crate) fn check_email(email: &str, what: &str) -> Result<(), Refusal> {
    let plain = |part: &str| !part.is_empty() && !part.contains([' ', '@', '<', '>', ',', ';']);
    if email.rsplit_once('@').is_some_and(|(local, domain)| plain(local) && plain(domain)) {
        Ok(())
    } else {
        refuse(format!("{what} {email} is not a valid email address"))
    }
}

impl Password {
    pub(crate) fn new(password: &str, iterations: u64) -> Self {
        let salt = STANDARD.encode([Uuid::new_v4().into_bytes(), Uuid::new_v4().into_bytes()].concat());
        let iterations = u32::try_from(iterations).ok().and_then(NonZeroU32::new);
        let iterations = iterations.unwrap_or(NonZeroU32::MIN);
        Self { hash: hash(password, &salt, iterations), salt, iterations }
    }

    fn is(&self, password: &str) -> bool {
        hash(password, &self.salt, self.iterations) == self.hash
    }
}

fn hash(password: &str, salt: &str, iterations: NonZeroU32) -> String {
    let mut hash = [0; 32];
    pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, iterations, salt.as_bytes(), password.as_bytes(), &mut hash);
    STANDARD.encode(hash)
}

impl Kdf {
    /// What is said of who is not known.
    const DEFAULT: Self = Self { kind: 0, iterations: 600_000, memory: None, parallelism: None };

    /// The server's limits, which are wider than those of its clients.
    pub(crate) fn check(self) -> Result<Self, Refusal> {
        match (self.kind, self.memory, self.parallelism) {
            (0, ..) if self.iterations < 100_000 => refuse("PBKDF2 KDF iterations must be at least 100000."),
            (1, ..) if self.iterations < 1 => refuse("Argon2 KDF iterations must be at least 1."),
            (1, None, _) => refuse("Argon2 memory parameter is required."),
            (1, Some(memory), _) if !(15..=1024).contains(&memory) => {
                refuse("Argon2 memory must be between 15 MB and 1024 MB.")
            }
            (1, _, None) => refuse("Argon2 parallelism parameter is required."),
            (1, _, Some(lanes)) if !(1..=16).contains(&lanes) => {
                refuse("Argon2 parallelism must be between 1 and 16.")
            }
            (1, ..) => Ok(self),
            _ => Ok(Self { memory: None, parallelism: None, ..self }),
        }
    }
}

impl State {
    pub(crate) fn user_by_mail(&self, email: &str) -> Option<&User> {
        let email = email.to_lowercase();
        self.users.values().find(|user| user.email == email)
    }
}

/// `POST …/accounts/prelogin[/password]`.
pub(crate) fn prelogin(server: &Server, request: &Request) -> Answer {
    #[derive(Deserialize)]
    struct Who {
        email: String,
    }
    let who: Who = request.json()?;
    let state = server.open_state()?;
    let kdf = state.user_by_mail(&who.email).map_or(Kdf::DEFAULT, |user| user.kdf);
    json(&json!({
        "kdf": kdf.kind,
        "kdfIterations": kdf.iterations,
        "kdfMemory": kdf.memory,
        "kdfParallelism": kdf.parallelism,
        "kdfSettings": kdf,
        "salt": null,
    }))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Keys {
    pub(crate) public_key: String,
    pub(crate) encrypted_private_key: String,
}

/// `POST /api/accounts/keys`: the pair of who registered without one.
pub(crate) fn post_keys(server: &Server, request: &Request) -> Answer {
    let mut session = server.session(request)?;
    let keys: Keys = request.json()?;
    let answer =
        json!({"publicKey": keys.public_key, "privateKey": keys.encrypted_private_key, "object": "keys"});
    let user = User {
        public_key: Some(keys.public_key),
        private_key: Some(keys.encrypted_private_key),
        updated: Utc::now(),
        ..session.user
    };
    session.state.put(user);
    json(&answer)
}

/// `GET /api/users/{user}/public-key`.
pub(crate) fn public_key(server: &Server, request: &Request, id: &str) -> Answer {
    let session = server.session(request)?;
    let missing = |why: &str| Err(Refusal::Said(StatusCode::NOT_FOUND, why.into()));
    match session.state.users.get(id) {
        None => missing("User doesn't exist"),
        Some(User { public_key: None, .. }) => missing("User has no public_key"),
        Some(user) => json(&json!({"userId": user.id, "publicKey": user.public_key, "object": "userKey"})),
    }
}

/// `GET /api/accounts/revision-date`: milliseconds.
pub(crate) fn revision_date(server: &Server, request: &Request) -> Answer {
    let session = server.session(request)?;
    json(&json!(session.user.updated.timestamp_millis()))
}

/// `GET /api/accounts/profile`.
pub(crate) fn get_profile(server: &Server, request: &Request) -> Answer {
    let session = server.session(request)?;
    json(&profile(&session.state, &session.user, server.mail().is_some()))
}

pub(crate) fn profile(state: &State, user: &User, has_mail: bool) -> Value {
    let organizations: Vec<Value> = state
        .memberships
        .values()
        .filter(|membership| membership.user == user.id && membership.is_confirmed())
        .map(|membership| crate::organizations::of_member(state, membership, has_mail))
        .collect();
    let keys = user.private_key.as_ref().map(|private| {
        json!({
            "publicKeyEncryptionKeyPair": {
                "wrappedPrivateKey": private,
                "publicKey": user.public_key,
                "signedPublicKey": null,
                "object": "publicKeyEncryptionKeyPair",
            },
            "securityState": null,
            "signatureKeyPair": null,
            "object": "privateKeys",
        })
    });
    json!({
        "_status": i32::from(user.password.is_none()),
        "id": user.id,
        "name": user.name,
        "email": user.email,
        "emailVerified": true,
        "premium": true,
        "premiumFromOrganization": false,
        "culture": "en-US",
        "twoFactorEnabled": false,
        "key": user.key,
        "privateKey": user.private_key,
        "accountKeys": keys,
        "securityStamp": user.stamp,
        "organizations": organizations,
        "providers": [],
        "providerOrganizations": [],
        "forcePasswordReset": false,
        "avatarColor": null,
        "usesKeyConnector": false,
        "creationDate": crate::clock(user.created),
        "object": "profile",
    })
}

/// Asks again for the password, before what cannot be undone.
pub(crate) fn check_password(user: &User, request: &Request) -> Result<(), Refusal> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Proof {
        master_password_hash: Option<String>,
    }
    let proof: Proof = request.json()?;
    match proof.master_password_hash {
        None => refuse("No validation provided"),
        Some(password) if user.has_password(&password) => Ok(()),
        Some(_) => refuse("Invalid password"),
    }
}

/// `POST /api/accounts/password`: the same key under another password. Every token is void at once.
pub(crate) fn change_password(server: &Server, request: &Request) -> Answer {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Change {
        master_password_hash: String,
        new_master_password_hash: String,
        key: String,
    }
    let mut session = server.session(request)?;
    let change: Change = request.json()?;
    if !session.user.has_password(&change.master_password_hash) {
        return refuse("Invalid password");
    }
    let iterations = server.config().number("password_iterations");
    let mut user = session.user;
    user.password = Some(Password::new(&change.new_master_password_hash, iterations));
    user.key = change.key;
    user.updated = Utc::now();
    session.state.renew_stamp(&mut user);
    session.state.put(user);
    nothing()
}
