//! Messages to people: by HTTP to chats, alert managers and programs, by SMTP to mailboxes.
//!
//! ```text
//! address   where a host may lead      http   one POST      smtp   one mail      error   why it was not taken
//! ```
//!
//! Invariants: a call leads only where `limits.egress` lets it, by the very addresses that were looked at; it has an end, follows
//! no redirect, and of the answer nothing but its status is read. What the URL is stands in no error and no log.

mod address;
mod error;
mod http;
mod smtp;

use std::time::Duration;

use ::http::StatusCode;
use uuid::Uuid;

pub use error::Error;

use crate::names::Email;
use crate::network::Destination;
use crate::notice::Payload;
use crate::redacted::Redacted;
use crate::spec::NotificationKind;

/// How long the whole of one call may take.
const CALL_TIMEOUT: Duration = Duration::from_secs(20);

/// How long it may take until somebody takes the connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// What sends messages.
#[derive(Debug, Clone, Default)]
pub struct Messenger {
    authorities: Option<Authorities>,
}

/// Those who vouch for receivers, as each of the two libraries has them.
#[derive(Debug, Clone)]
pub struct Authorities {
    http: Vec<reqwest::Certificate>,
    smtp: lettre::transport::smtp::client::Certificate,
}

/// What is sent, and where.
pub struct Parcel<'p> {
    /// What stands there.
    pub kind: NotificationKind,
    /// Where.
    pub url: &'p Redacted<String>,
    /// What a webhook is signed with.
    pub key: Option<&'p Redacted<Vec<u8>>>,
    /// Whose mailbox, where it is mail.
    pub to: Option<&'p Email>,
    /// Of the message, the same at each attempt.
    pub id: Uuid,
    /// The message in the form of the place.
    pub payload: &'p Payload,
    /// When, in seconds since 1970.
    pub timestamp: i64,
}

impl Authorities {
    /// From PEM; none: there is no certificate in it.
    pub fn parse(text: &[u8]) -> Option<Self> {
        let http = reqwest::Certificate::from_pem_bundle(text).ok().filter(|found| !found.is_empty())?;
        let smtp = lettre::transport::smtp::client::Certificate::from_pem(text).ok()?;
        Some(Self { http, smtp })
    }
}

impl Messenger {
    /// That believes no others than these.
    pub fn trusting(authorities: Authorities) -> Self {
        Self { authorities: Some(authorities) }
    }

    /// Sends one message, once.
    ///
    /// # Errors
    /// It was not taken, or nobody knows whether it was.
    pub async fn send(&self, parcel: &Parcel<'_>, egress: &[Destination]) -> Result<(), Error> {
        // Boxed: what is around it waits with it.
        let call = async {
            match parcel.payload {
                Payload::Json(body) => Box::pin(http::post(self, parcel, body, egress)).await,
                Payload::Mail { subject, text } => {
                    Box::pin(smtp::mail(self, parcel, subject, text, egress)).await
                }
            }
        };
        tokio::time::timeout(CALL_TIMEOUT, call).await.unwrap_or(Err(Error::Timeout))
    }
}

/// What an answer says about the message.
fn judged(status: StatusCode, retry_after: Option<Duration>) -> Result<(), Error> {
    match status.as_u16() {
        200..=299 => Ok(()),
        300..=399 => Err(Error::Redirected),
        status => Err(Error::Status { status, retry_after }),
    }
}

/// Whether the TLS library said no, however deep. An `io::Error` is not the source of what it carries, it is that itself.
fn is_of_tls(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(found) = cause {
        let carried = found.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        if found.is::<rustls::Error>()
            || carried.is_some_and(<dyn std::error::Error + Send + Sync>::is::<rustls::Error>)
        {
            return true;
        }
        cause = found.source();
    }
    false
}
