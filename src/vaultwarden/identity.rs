//! Logging in: refresh token, then password, then API key.
//!
//! The password before the API key, since only it brings a refresh token, which then lasts for weeks without another
//! log-in; the API key is for servers that take no passwords (`SSO_ONLY`) and for one that somebody changed by hand.

use http::StatusCode;
use serde::Deserialize;

use super::account::Account;
use super::client::{Access, Client, Session};
use super::crypto::{Kdf, MasterKey};
use super::error::{Call, Error};
use super::wire::Request;
use crate::redacted::Redacted;

/// A command line client on Linux, as the server numbers them.
const DEVICE_TYPE: &str = "25";
/// What the server shows among the devices of our account.
const DEVICE_NAME: &str = "keyforge";
const CLIENT: &str = "cli";

/// The answer to a log-in. Both keys are ours already.
#[derive(Deserialize)]
struct Granted {
    access_token: String,
    expires_in: u64,
    refresh_token: Option<String>,
}

impl Client {
    /// A new access token, by the cheapest way that is left.
    pub(super) async fn log_in(&self, call: Call, session: &mut Session) -> Result<Access, Error> {
        if let Some(refresh) = session.account.refresh.clone() {
            let fields =
                [("grant_type", "refresh_token"), ("refresh_token", refresh.expose()), ("client_id", CLIENT)];
            match self.grant(call, &fields).await {
                Ok(granted) => return Ok(session.take(granted)),
                // It is void: the password, the server's key or its domain was changed, or somebody removed the device.
                Err(Error::Account { .. }) => session.account.refresh = None,
                Err(error) => return Err(error),
            }
        }
        let hash = hash(&session.account, &session.account.password).await;
        let refused = match self.log_in_by_password(call, session, &hash).await {
            Err(refused @ Error::Account { .. }) => refused,
            other => return other,
        };
        let account = &session.account;
        let (Some(user), Some(key)) = (account.user, account.api_key.clone()) else { return Err(refused) };
        let (device, user) = (account.device.to_string(), format!("user.{user}"));
        let mut fields = vec![("grant_type", "client_credentials"), ("scope", "api")];
        fields.extend([("client_id", user.as_str()), ("client_secret", key.expose())]);
        fields.extend(on_device(&device));
        self.afford(call)?;
        Ok(session.take(self.grant(call, &fields).await?))
    }

    pub(super) async fn log_in_by_password(
        &self,
        call: Call,
        session: &mut Session,
        hash: &Redacted<String>,
    ) -> Result<Access, Error> {
        let account = &session.account;
        let device = account.device.to_string();
        let mut fields =
            vec![("grant_type", "password"), ("scope", "api offline_access"), ("client_id", CLIENT)];
        fields.extend([("username", account.address.as_str()), ("password", hash.expose())]);
        fields.extend(on_device(&device));
        self.afford(call)?;
        let granted = self.grant(call, &fields).await?;
        Ok(session.take(granted))
    }

    /// One of the log-ins that our budget has.
    fn afford(&self, call: Call) -> Result<(), Error> {
        self.log_ins.take().map_err(|wait| Error::Limited { call, wait })
    }

    async fn grant(&self, call: Call, fields: &[(&str, &str)]) -> Result<Granted, Error> {
        let answer = self.wire.call(call, &Request::form("/identity/connect/token", fields)).await?;
        match answer.status {
            StatusCode::OK => answer.json(call),
            StatusCode::TOO_MANY_REQUESTS => {
                Err(Error::Limited { call, wait: std::time::Duration::from_secs(60) })
            }
            // Whatever stands between us and the server may refuse too: that says nothing about our account.
            StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED if answer.is_refusal() => {
                Err(Error::Account { call, message: answer.message() })
            }
            _ => Err(Error::Answer { call, what: "none to a log-in" }),
        }
    }
}

impl Session {
    fn take(&mut self, granted: Granted) -> Access {
        // The former one stays good for its month. A newer one is not taken: each would cost a write to the cluster, and one
        // that is in memory alone is worth nothing after a restart.
        if self.account.refresh.is_none() {
            self.account.refresh = granted.refresh_token.map(Redacted::new);
        }
        Access::new(granted.access_token, granted.expires_in)
    }
}

fn on_device(device: &str) -> [(&'static str, &str); 3] {
    [("deviceType", DEVICE_TYPE), ("deviceIdentifier", device), ("deviceName", DEVICE_NAME)]
}

/// What the server gets in place of a password of ours.
pub(super) async fn hash(account: &Account, password: &Redacted<String>) -> Redacted<String> {
    master_key(account, password).await.password_hash(password)
}

/// Derived beside the runtime: it takes 70 ms of computing.
pub(super) async fn master_key(account: &Account, password: &Redacted<String>) -> MasterKey {
    let (address, password) = (account.address.clone(), password.clone());
    let derived = tokio::task::spawn_blocking(move || Kdf::OURS.master_key(&address, &password)).await;
    derived.expect("nothing in it panics").expect("our own derivation is in bounds")
}
