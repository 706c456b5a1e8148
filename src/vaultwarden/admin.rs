//! The server's admin interface, by its cookie.
//!
//! Apart from our account: another secret, another limiter. Three log-ins are all that the server allows in a quarter of an
//! hour, successful ones too, so the cookie is kept for as long as it lasts and is asked for where nothing else will do.

use std::collections::BTreeMap;
use std::time::Duration;

use http::header::{COOKIE, SET_COOKIE};
use http::{Method, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::budget::Budget;
use super::client::{Client, judge};
use super::error::{Call, Error};
use super::wire::{Answer, Request};
use crate::redacted::Redacted;

/// A third of what the server allows: 3, then one in 5 minutes.
const LOG_INS: (u32, Duration) = (1, Duration::from_secs(900));

/// A minute less than the server's 20.
const COOKIE_LASTS: Duration = Duration::from_secs(19 * 60);

/// What the admin interface is reached with.
pub(super) struct Admin {
    token: Redacted<String>,
    cookie: Mutex<Option<(Redacted<String>, Instant)>>,
    log_ins: Budget,
}

/// An account, as the admin interface shows it.
#[derive(Deserialize)]
pub(super) struct AdminUser {
    /// 0: has a password; 1: was invited only.
    #[serde(rename = "_status")]
    pub(super) status: u8,
}

/// The settings in effect, whoever set them: `config.json` wins over what Keyforge gives the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effective(BTreeMap<String, Value>);

impl Effective {
    /// Whether the server sends mails.
    pub fn mail(&self) -> bool {
        self.is("_enable_smtp") && self.has_mail_server()
    }

    /// Whether it would, if it were not switched off.
    pub(super) fn has_mail_server(&self) -> bool {
        let is_set = |name| self.0.get(name).is_some_and(|value| !value.is_null() && *value != json!(""));
        is_set("smtp_host") || self.is("use_sendmail")
    }

    /// Which of these settings have another value in effect, by their names as variables. What the server does not
    /// show, or shows starred, is not compared.
    pub fn overridden<'a>(&self, given: impl IntoIterator<Item = (&'a str, &'a str)>) -> Vec<&'a str> {
        given.into_iter().filter(|(name, want)| self.differs(name, want)).map(|(name, _)| name).collect()
    }

    fn differs(&self, name: &str, want: &str) -> bool {
        match self.0.get(&name.to_lowercase()) {
            Some(Value::Bool(found)) => {
                let want = match want.to_lowercase().as_str() {
                    "true" | "t" | "yes" | "y" | "1" => true,
                    "false" | "f" | "no" | "n" | "0" => false,
                    // The server ignores any other word, and its default holds.
                    _ => return false,
                };
                *found != want
            }
            Some(Value::Number(found)) => want.parse().is_ok_and(|want: i64| found.as_i64() != Some(want)),
            Some(Value::String(found)) => found != want && !found.contains('*'),
            _ => false,
        }
    }

    fn is(&self, name: &str) -> bool {
        self.0.get(name) == Some(&Value::Bool(true))
    }
}

impl Admin {
    pub(super) fn new(token: Redacted<String>) -> Self {
        Self { token, cookie: Mutex::new(None), log_ins: Budget::new(LOG_INS.0, LOG_INS.1) }
    }
}

impl Client {
    /// The settings in effect.
    ///
    /// # Errors
    /// Also [`Error::AdminToken`], [`Error::AdminDisabled`], and [`Error::Limited`] for a while after a restart of ours.
    pub async fn effective_settings(&self) -> Result<Effective, Error> {
        let call = "read the settings in effect";
        let answer = self.admin(call, &Request::get("/admin/diagnostics/config")).await?;
        answer.json(call).map(Effective)
    }

    /// The account with this address.
    pub(super) async fn account_of(&self, address: &str) -> Result<Option<AdminUser>, Error> {
        let call = "look for our account";
        let path = format!("/admin/users/by-mail/{}", percent_encoding::utf8_percent_encode(address, PLAIN));
        let answer = self.admin_raw(call, &Request::get(path)).await?;
        if answer.status == StatusCode::NOT_FOUND {
            Ok(None)
        } else {
            judge(call, answer)?.json(call).map(Some)
        }
    }

    /// Allows an address to register.
    pub(super) async fn admin_invite(&self, address: &str) -> Result<(), Error> {
        let request = Request::json(Method::POST, "/admin/invite", &json!({ "email": address }));
        self.admin("invite our account", &request).await.map(|_| ())
    }

    /// Switches mails off or on, in the running process.
    pub(super) async fn switch_mail(&self, on: bool) -> Result<(), Error> {
        let call = if on { "switch mails on again" } else { "switch mails off" };
        let request = Request::json(Method::POST, "/admin/config", &json!({ "_enable_smtp": on }));
        let answer = self.admin_raw(call, &request).await?;
        // Its file is on a read-only path, so it says that it failed; what counts is what it does.
        if answer.status != StatusCode::BAD_REQUEST {
            judge(call, answer)?;
        }
        if self.effective_settings().await?.mail() == on {
            Ok(())
        } else {
            Err(Error::Answer { call, what: "a success without effect" })
        }
    }

    /// A call by the cookie. A success, or its typed failure.
    pub(super) async fn admin(&self, call: Call, request: &Request) -> Result<Answer, Error> {
        judge(call, self.admin_raw(call, request).await?)
    }

    pub(super) async fn admin_raw(&self, call: Call, request: &Request) -> Result<Answer, Error> {
        self.wire.in_time(call, self.admin_by_cookie(call, request)).await
    }

    async fn admin_by_cookie(&self, call: Call, request: &Request) -> Result<Answer, Error> {
        let cookie = self.cookie(call).await?;
        let answer = self.wire.call(call, &request.clone().header(COOKIE, cookie.expose())).await?;
        if answer.status != StatusCode::UNAUTHORIZED {
            return Ok(answer);
        }
        // The server's key was replaced, or it restarted without one.
        *self.admin.cookie.lock().await = None;
        let cookie = self.cookie(call).await?;
        match self.wire.call(call, &request.clone().header(COOKIE, cookie.expose())).await? {
            answer if answer.status == StatusCode::UNAUTHORIZED => Err(Error::AdminToken { call }),
            answer => Ok(answer),
        }
    }

    async fn cookie(&self, call: Call) -> Result<Redacted<String>, Error> {
        let mut kept = self.admin.cookie.lock().await;
        if let Some((cookie, _)) = kept.as_ref().filter(|(_, until)| *until > Instant::now()) {
            return Ok(cookie.clone());
        }
        self.admin.log_ins.take().map_err(|wait| Error::Limited { call, wait })?;
        let request = Request::form("/admin", &[("token", self.admin.token.expose())]);
        let answer = self.wire.call(call, &request).await?;
        match answer.status {
            StatusCode::OK => {}
            StatusCode::UNAUTHORIZED => return Err(Error::AdminToken { call }),
            StatusCode::NOT_FOUND => {
                // Who is not there counts nothing, and whoever puts it right waits for nobody.
                self.admin.log_ins.give_back();
                return Err(Error::AdminDisabled { call });
            }
            StatusCode::TOO_MANY_REQUESTS => return Err(Error::Limited { call, wait: LOG_INS.1 }),
            _ => return Err(Error::Answer { call, what: "none to a log-in" }),
        }
        let cookies = answer.headers.get_all(SET_COOKIE).iter().filter_map(|value| value.to_str().ok());
        let cookie =
            cookies.filter_map(|cookie| cookie.split(';').next()).find(|pair| pair.starts_with("VW_ADMIN="));
        let cookie = cookie.ok_or(Error::Answer { call, what: "a log-in without a cookie" })?;
        let cookie = Redacted::new(cookie.to_owned());
        *kept = Some((cookie.clone(), Instant::now() + COOKIE_LASTS));
        Ok(cookie)
    }
}

/// What a part of a path may hold as it is.
const PLAIN: &percent_encoding::AsciiSet =
    &percent_encoding::NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'@');
