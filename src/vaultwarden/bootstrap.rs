//! The service account's way into a server: invited by the admin interface, registered with what was drawn before.
//!
//! Idempotent: each step looks at what is there, and a crash after any of them goes on from it with the same credentials.
//! Nothing here makes a second account, and an address that somebody else has is refused.

use http::{Method, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::client::{Access, Client, Session, judge};
use super::crypto::{Checked, Kdf, MasterKey};
use super::error::{Call, Error};
use super::identity;
use super::wire::Request;
use crate::ids::UserId;
use crate::redacted::Redacted;

const CALL: Call = "set up our account";

/// How far our account is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bootstrapped {
    /// It was there.
    Before,
    /// It was made now: keep what [`Client::unkept`] gives before anything else is done.
    Now,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Registration<'a> {
    email: &'a str,
    email_verification_token: &'a str,
    master_password_hint: Option<&'a str>,
    user_asymmetric_keys: Pair,
    master_password_authentication: Authentication<'a>,
    master_password_unlock: Unlock<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Pair {
    public_key: String,
    encrypted_private_key: Checked,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Authentication<'a> {
    kdf: Derivation,
    salt: &'a str,
    master_password_authentication_hash: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Unlock<'a> {
    kdf: Derivation,
    salt: &'a str,
    master_key_wrapped_user_key: Checked,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Derivation {
    kdf_type: u8,
    iterations: u32,
    memory: Option<u32>,
    parallelism: Option<u32>,
}

impl From<Kdf> for Derivation {
    fn from(kdf: Kdf) -> Self {
        match kdf {
            Kdf::Pbkdf2 { iterations } => Self { kdf_type: 0, iterations, memory: None, parallelism: None },
            Kdf::Argon2id { iterations, memory, parallelism } => {
                Self { kdf_type: 1, iterations, memory: Some(memory), parallelism: Some(parallelism) }
            }
        }
    }
}

#[derive(Deserialize)]
struct Profile {
    id: UserId,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ApiKey {
    api_key: String,
}

impl Client {
    /// Makes our account, or finds it. What is drawn for it has to be kept before this is called.
    ///
    /// Where the server sends mails, an invited address may register only with what stands in one. Our account has no
    /// mailbox that a program reads, so mails are switched off for these moments, in the running process alone: a restart
    /// has them back, and so has the next call after a crash.
    ///
    /// # Errors
    /// Also [`Error::AddressTaken`], and [`Error::AdminToken`] or [`Error::AdminDisabled`] while there is no account.
    pub async fn bootstrap(&self) -> Result<Bootstrapped, Error> {
        let mut session = self.session.lock().await;
        if session.account.user.is_some() {
            return Ok(Bootstrapped::Before);
        }
        let settings = self.effective_settings().await?;
        if settings.mail() {
            self.switch_mail(false).await?;
        }
        let made = self.make_account(&mut session).await;
        if settings.has_mail_server() {
            self.switch_mail(true).await?;
        }
        let (user, api_key, access) = made?;
        let account = &mut session.account;
        (account.user, account.api_key) = (Some(user), Some(api_key));
        session.access = Some(access);
        Ok(Bootstrapped::Now)
    }

    async fn make_account(&self, session: &mut Session) -> Result<(UserId, Redacted<String>, Access), Error> {
        let address = session.account.address.clone();
        let there = self.account_of(&address).await?;
        let registered = there.as_ref().is_some_and(|user| user.status == 0);
        if there.is_none() {
            self.admin_invite(&address).await?;
        }
        let master = identity::master_key(&session.account, &session.account.password).await;
        let hash = master.password_hash(&session.account.password);
        if !registered {
            self.register(session, &master, &hash).await?;
        }
        // Also where it was there: after a crash it is ours, and knows our password.
        let access = self.log_in_by_password(CALL, session, &hash).await.map_err(|error| match error {
            Error::Account { call, .. } if registered => Error::AddressTaken { call, address },
            error => error,
        })?;
        let answer = self.wire.call(CALL, &access.on(&Request::get("/api/accounts/profile"))).await?;
        let profile: Profile = judge(CALL, answer)?.json(CALL)?;
        let body = json!({ "masterPasswordHash": hash.expose() });
        let request = Request::json(Method::POST, "/api/accounts/api-key", &body);
        let key: ApiKey = judge(CALL, self.wire.call(CALL, &access.on(&request)).await?)?.json(CALL)?;
        Ok((profile.id, key.api_key.into(), access))
    }

    /// Registers the account that was drawn. Without mail the server hands out the token that would be in one.
    async fn register(
        &self,
        session: &Session,
        master: &MasterKey,
        hash: &Redacted<String>,
    ) -> Result<(), Error> {
        let account = &session.account;
        let body = json!({ "email": account.address, "name": "Keyforge", "receiveMarketingEmails": false });
        let path = "/identity/accounts/register/send-verification-email";
        let answer = self.wire.call(CALL, &Request::json(Method::POST, path, &body)).await?;
        if answer.status == StatusCode::NO_CONTENT {
            return Err(Error::Answer { call: CALL, what: "that it sent a mail, which nobody reads" });
        }
        let token: Redacted<String> = judge(CALL, answer)?.json::<String>(CALL)?.into();
        let crypto = |source| Error::Crypto { call: CALL, source };
        let registration = Registration {
            email: &account.address,
            email_verification_token: token.expose(),
            master_password_hint: None,
            user_asymmetric_keys: Pair {
                public_key: account.pair.public().to_base64(),
                encrypted_private_key: Checked::private_key(&account.user_key, &account.pair)
                    .map_err(crypto)?,
            },
            master_password_authentication: Authentication {
                kdf: Kdf::OURS.into(),
                salt: &account.address,
                master_password_authentication_hash: hash.expose(),
            },
            master_password_unlock: Unlock {
                kdf: Kdf::OURS.into(),
                salt: &account.address,
                master_key_wrapped_user_key: Checked::key(&master.stretched(), &account.user_key)
                    .map_err(crypto)?,
            },
        };
        let request = Request::json(Method::POST, "/identity/accounts/register/finish", &registration);
        judge(CALL, self.wire.call(CALL, &request).await?).map(|_| ())
    }
}
