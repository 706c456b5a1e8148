//! The client of one union's server: calls with our account's token, which is kept as long as it lasts.
//!
//! Invariant: a log-in is the last resort. The access token is used until it ends, then the refresh token, which is not
//! limited; and before any log-in our own budget is asked, which is smaller than the server's.

use std::time::Duration;

use http::StatusCode;
use http::header::AUTHORIZATION;
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::account::{self, Account, Fields};
use super::admin::Admin;
use super::budget::Budget;
use super::dial::Dial;
use super::error::{Call, Error};
use super::society::Keys;
use super::version;
use super::wire::{Answer, Request, Wire};
use crate::domain::Domain;
use crate::ids::FencingToken;
use crate::redacted::Redacted;

/// A third of the ten log-ins that the server allows at once, and one in three minutes for its one a minute.
const LOG_INS: (u32, Duration) = (3, Duration::from_secs(180));

/// The client of one union's server.
pub struct Client {
    pub(super) wire: Wire,
    pub(super) admin: Admin,
    pub(super) session: Mutex<Session>,
    pub(super) log_ins: Budget,
    pub(super) keys: Keys,
}

/// Our account, as it is logged in.
pub(super) struct Session {
    pub(super) account: Account,
    pub(super) access: Option<Access>,
    /// What is known to be kept of it, where a crash of ours does not reach it.
    pub(super) kept: Fields,
}

/// A token for calls.
#[derive(Clone)]
pub(super) struct Access {
    token: Redacted<String>,
    until: Instant,
}

impl Client {
    /// Of the server of this domain, which `dial` reaches with at most `at_once` connections, for an account that is kept as
    /// it is. Calls nobody.
    pub fn new(
        domain: &Domain,
        dial: Dial,
        at_once: usize,
        account: Account,
        admin_token: Redacted<String>,
    ) -> Self {
        let kept = account.to_fields();
        Self {
            wire: Wire::new(domain, dial, at_once),
            admin: Admin::new(admin_token),
            session: Mutex::new(Session { account, access: None, kept }),
            log_ins: Budget::new(LOG_INS.0, LOG_INS.1),
            keys: Keys::default(),
        }
    }

    /// Calls are made under this lease from now on, and tell so.
    pub fn under(&self, token: FencingToken) {
        self.wire.under(token);
    }

    /// The server's version, if it is one that Keyforge knows from tests.
    ///
    /// # Errors
    /// [`Error::Version`] for another one.
    pub async fn version(&self) -> Result<String, Error> {
        version::check(&self.wire).await
    }

    /// The address of our account.
    pub async fn address(&self) -> String {
        self.session.lock().await.account.address.clone()
    }

    /// What is to be kept of our account, if anything is new of it since [`Client::is_kept`] was told. Losing it costs a
    /// log-in, but for the password that a rotation goes to: that one is used only once it is kept.
    pub async fn unkept(&self) -> Option<Fields> {
        let session = self.session.lock().await;
        Some(session.account.to_fields()).filter(|fields| !account::are_equal(fields, &session.kept))
    }

    /// These fields are kept now.
    pub async fn is_kept(&self, fields: Fields) {
        self.session.lock().await.kept = fields;
    }

    /// Whether our account is this one: what this client knows to be kept, or what it wanted to be.
    pub async fn keeps(&self, fields: &Fields) -> bool {
        let mut session = self.session.lock().await;
        if account::are_equal(&session.account.to_fields(), fields) {
            session.kept = fields.clone();
            return true;
        }
        account::are_equal(&session.kept, fields)
    }

    /// A call as our account. A success, or its typed failure. Its log-ins are part of its time.
    pub(super) async fn call(&self, call: Call, request: &Request) -> Result<Answer, Error> {
        self.wire.in_time(call, self.call_as_us(call, request)).await
    }

    async fn call_as_us(&self, call: Call, request: &Request) -> Result<Answer, Error> {
        let access = self.access(call).await?;
        let answer = self.wire.call(call, &access.on(request)).await?;
        if answer.status != StatusCode::UNAUTHORIZED {
            return judge(call, answer);
        }
        // It has three meanings. With the database away a good token would be thrown away for nothing.
        if self.wire.has_lost_its_database().await {
            return Err(Error::DatabaseAway { call });
        }
        self.forget(&access).await;
        let access = self.access(call).await?;
        match self.wire.call(call, &access.on(request)).await? {
            answer if answer.status == StatusCode::UNAUTHORIZED => Err(Error::Denied { call }),
            answer => judge(call, answer),
        }
    }

    /// Ends the connections that no call uses: they are few, and whoever works on the union next needs them.
    pub fn hang_up(&self) {
        self.wire.hang_up();
    }

    /// A token that is good as far as we know. Who comes while another one logs in waits for that one's token.
    async fn access(&self, call: Call) -> Result<Access, Error> {
        let mut session = self.session.lock().await;
        if let Some(access) = session.access.as_ref().filter(|access| access.until > Instant::now()) {
            return Ok(access.clone());
        }
        let access = self.log_in(call, &mut session).await?;
        session.access = Some(access.clone());
        Ok(access)
    }

    /// Forgets a token that the server did not take, unless somebody has another one by now.
    async fn forget(&self, refused: &Access) {
        let mut session = self.session.lock().await;
        if session.access.as_ref().is_some_and(|access| access.until == refused.until) {
            session.access = None;
        }
    }
}

impl Access {
    /// For so long; a minute less, so that none ends on its way.
    pub(super) fn new(token: String, seconds: u64) -> Self {
        let lasts = Duration::from_secs(seconds.clamp(120, 7200) - 60);
        Self { token: token.into(), until: Instant::now() + lasts }
    }

    pub(super) fn on(&self, request: &Request) -> Request {
        request.clone().header(AUTHORIZATION, &format!("Bearer {}", self.token.expose()))
    }
}

/// A success, or what its status means.
pub(super) fn judge(call: Call, answer: Answer) -> Result<Answer, Error> {
    match answer.status {
        status if status.is_success() => Ok(answer),
        StatusCode::TOO_MANY_REQUESTS => Err(Error::Limited { call, wait: Duration::from_secs(60) }),
        _ => {
            let message = answer.message();
            // The one refusal that is not about us: somebody was faster.
            if message.contains("out of date") {
                return Err(Error::Changed { call });
            }
            Err(Error::Refused { call, message })
        }
    }
}
