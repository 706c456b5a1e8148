//! Why a message was not taken, and what helps.
//!
//! Invariant: no URL, no address, no body of an answer and no words of another server are in it.

use std::time::Duration;

/// Why a message was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// What the Secret holds is no URL of such a place.
    #[error("what its key holds is no {wanted}")]
    NoUrl {
        /// What it should be.
        wanted: &'static str,
    },
    /// Nobody is named from whom the mail comes.
    #[error("its URL names no sender")]
    NoSender,
    /// A webhook has nothing to be signed with.
    #[error("the Secret has no key `hmac` of at least 32 bytes to sign with")]
    NoKey,
    /// It leads where calls may not go.
    #[error("its host leads into {inside}, which `spec.limits.egress` does not list")]
    Inside {
        /// Where.
        inside: &'static str,
    },
    /// Nobody knows the name.
    #[error("nobody knows its host's name")]
    Unknown,
    /// Nobody takes the connection.
    #[error("its host takes no connection")]
    Unreachable,
    /// It is not who it should be.
    #[error("its certificate does not prove who it is")]
    Certificate,
    /// The connection ended before there was an answer.
    #[error("the connection ended without an answer")]
    Broken,
    /// There was no answer in time.
    #[error("there was no answer within {} s", super::CALL_TIMEOUT.as_secs())]
    Timeout,
    /// It answered that the message goes somewhere else.
    #[error("it answered with a redirect, which is not followed")]
    Redirected,
    /// It answered otherwise than that it has it.
    #[error("it answered with status {status}")]
    Status {
        /// With which status.
        status: u16,
        /// How long it wants to be left alone.
        retry_after: Option<Duration>,
    },
    /// The mail server did.
    #[error("the mail server answered with {code}")]
    Mail {
        /// With which code.
        code: u16,
    },
    /// The mail server takes neither TLS nor a mail without it.
    #[error("the mail server speaks no TLS")]
    NoTls,
    /// The mail server cannot do something else that this needs: the log-in, or what an address is written in.
    #[error("the mail server does not offer what this mail needs")]
    NotOffered,
}

impl Error {
    /// How long the receiver wants to be left alone, if it said so.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Status { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// What helps.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NoUrl { .. } => "put the URL into the Secret, under the key that `secretRef` names",
            Self::NoSender => "end the URL with `?from=` and the address that mails come from",
            Self::NoKey => "add a random value: `openssl rand -hex 32`, and give it to the receiver too",
            Self::Inside { .. } => {
                "list the host or its range under `spec.limits.egress` of keyforge.yaml if it may be used"
            }
            Self::Unknown => "compare the host in the Secret with what its service shows",
            Self::Unreachable | Self::Broken | Self::Timeout => {
                "see whether the service is up, and whether this host may reach it"
            }
            Self::Certificate => "name the authority that signed it with `notify_ca_file`",
            Self::Redirected => "put the URL into the Secret that it redirects to",
            Self::Status { status: 401 | 403, .. } => "it does not let us in: renew the URL in the Secret",
            Self::Status { status: 404 | 410, .. } => {
                "it is gone: make a new webhook, and put its URL into the Secret"
            }
            Self::Status { status: 429, .. } => {
                "it is asked too often; it is left alone for as long as it says, a quarter of an hour at most"
            }
            Self::Status { status: 400..=499, .. } => {
                "it does not take such a message: does `kind` say what stands behind the URL?"
            }
            Self::Status { .. } => "the service is in trouble; nothing is to be done here",
            Self::Mail { code: 500..=599 } => {
                "see the log of the mail server: sender, recipient and log-in have to be known to it"
            }
            Self::Mail { .. } => "the mail server takes it later, or is in trouble",
            Self::NoTls => {
                "use a server that speaks TLS; one without is used only inside and without a log-in"
            }
            Self::NotOffered => {
                "use a server that takes a log-in by `PLAIN` or `LOGIN`, or a URL without one, and addresses in ASCII"
            }
        }
    }
}
