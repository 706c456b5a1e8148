//! What can go wrong with a union's server, and whether trying again helps.
//!
//! Typed by what a caller does about it. The server is not trusted: its words are kept short and on one line, and no body
//! that was sent or received is in an error, since both hold secrets.

use std::time::Duration;

use super::crypto;
use super::dial::DialError;

/// Whether the same call may succeed later without anybody doing anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// Somebody has to act first.
    Never,
    /// Not before that.
    After(Duration),
    /// The world may have changed by then.
    Backoff,
}

/// What was tried, as a verb and its object: `read the members`.
pub type Call = &'static str;

/// A call that failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nobody answered.
    #[error("unable to {call}: VaultWarden is not reachable")]
    Unreachable {
        /// What was tried.
        call: Call,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Whoever answered is not the server, or its certificate is not trusted.
    #[error("unable to {call}: VaultWarden's certificate is not accepted")]
    Tls {
        /// What was tried.
        call: Call,
        /// Why.
        #[source]
        source: DialError,
    },
    /// No whole answer in time.
    #[error("unable to {call}: no answer within {} s", after.as_secs())]
    Timeout {
        /// What was tried.
        call: Call,
        /// How long was waited.
        after: Duration,
    },
    /// The server lives and cannot reach its database. It answers 401 to everything then.
    #[error("unable to {call}: VaultWarden does not reach its database")]
    DatabaseAway {
        /// What was tried.
        call: Call,
    },
    /// The server's limiter, or our own in front of it.
    #[error("unable to {call}: VaultWarden limits log-ins, the next one is allowed in {} s", wait.as_secs())]
    Limited {
        /// What was tried.
        call: Call,
        /// How long.
        wait: Duration,
    },
    /// The server is out of breath or broken.
    #[error("unable to {call}: VaultWarden answers with status {status}")]
    Server {
        /// What was tried.
        call: Call,
        /// 500 and above.
        status: u16,
    },
    /// Our account is no member of the society, or may not do that in it.
    #[error("failed to {call}: our account may not")]
    Denied {
        /// What was tried.
        call: Call,
    },
    /// The server refuses our account's credentials.
    #[error("failed to {call}: VaultWarden does not accept our account ({message})")]
    Account {
        /// What was tried.
        call: Call,
        /// The server's words.
        message: String,
    },
    /// The server refuses our admin token.
    #[error("failed to {call}: VaultWarden does not accept our admin token")]
    AdminToken {
        /// What was tried.
        call: Call,
    },
    /// There is no admin interface.
    #[error("failed to {call}: VaultWarden's admin interface is disabled")]
    AdminDisabled {
        /// What was tried.
        call: Call,
    },
    /// Somebody else has the address of our account.
    #[error("failed to {call}: somebody else has registered `{address}`")]
    AddressTaken {
        /// What was tried.
        call: Call,
        /// Which.
        address: String,
    },
    /// What was looked at is not there any more, or was changed since: plan again.
    #[error("unable to {call}: it was changed meanwhile")]
    Changed {
        /// What was tried.
        call: Call,
    },
    /// The server has something against it.
    #[error("failed to {call}: {message}")]
    Refused {
        /// What was tried.
        call: Call,
        /// The server's words.
        message: String,
    },
    /// The answer is not what the protocol promises.
    #[error("failed to {call}: VaultWarden's answer is {what}")]
    Answer {
        /// What was tried.
        call: Call,
        /// What it was.
        what: &'static str,
    },
    /// A value cannot be encrypted, or one of the server's cannot be opened.
    #[error("failed to {call}")]
    Crypto {
        /// What was tried.
        call: Call,
        /// Why.
        #[source]
        source: crypto::Error,
    },
    /// A version that nobody has tried.
    #[error(
        "VaultWarden {found} is outside of the tested versions ({}): nothing is done inside of it",
        super::version::TESTED
    )]
    Version {
        /// What the server says; `unknown`: it says nothing.
        found: String,
    },
    /// What was kept of our account cannot be read back.
    #[error("what is kept of our account is incomplete: {0}")]
    Kept(&'static str),
}

impl Error {
    /// Whether the same call may succeed later.
    pub fn retry(&self) -> Retry {
        match self {
            Self::Limited { wait, .. } => Retry::After(*wait),
            Self::Unreachable { .. }
            | Self::Timeout { .. }
            | Self::DatabaseAway { .. }
            | Self::Server { .. }
            | Self::Changed { .. }
            | Self::Answer { .. }
            // Certificates are renewed, owners give rights and pods restart without a commit.
            | Self::Tls { .. }
            | Self::Denied { .. }
            | Self::AdminToken { .. } => Retry::Backoff,
            Self::Account { .. }
            | Self::AdminDisabled { .. }
            | Self::AddressTaken { .. }
            | Self::Refused { .. }
            | Self::Crypto { .. }
            | Self::Version { .. }
            | Self::Kept(_) => Retry::Never,
        }
    }

    /// What to do, where it is sure.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Version { .. } => {
                "name an image of a tested version in the document, or wait for a Keyforge that was tried with this one"
            }
            Self::Tls { .. } => {
                "name the authority of the server's certificate in `reach_ca_file`, or reach it another way"
            }
            Self::AdminToken { .. } => {
                "restart the server's pod if it has not restarted since the token was drawn; if it has, something other \
                 than its Secret sets `ADMIN_TOKEN`"
            }
            Self::AdminDisabled { .. } => {
                "the server runs without `ADMIN_TOKEN`: restart its pod with its Secret"
            }
            Self::AddressTaken { .. } => {
                "delete this account on the server's admin page: nobody but Keyforge uses its address"
            }
            Self::Account { .. } => {
                "enable the account on the server's admin page if it is disabled there; if it was deleted, the societies' \
                 keys are with their other owners alone, and a restored backup brings it back"
            }
            Self::Kept(_) => "restore the union's credentials from a backup of the daemon's namespace",
            _ => return None,
        };
        Some(hint.to_owned())
    }

    /// Whether the server gives no answer now: away, starting, without its database, or out of breath.
    pub fn is_away(&self) -> bool {
        matches!(
            self,
            Self::Unreachable { .. }
                | Self::Timeout { .. }
                | Self::DatabaseAway { .. }
                | Self::Server { .. }
                | Self::Tls { .. }
        )
    }
}

/// The longest text of the server that is kept.
const LONGEST: usize = 300;

/// A text of the server on one line, bounded, without control characters: it ends in logs and on terminals. It may name people,
/// whose addresses belong into neither.
pub(super) fn one_line(text: &str) -> String {
    let line: String = text.trim().chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let word = |word| if str::contains(word, '@') { "(an address)" } else { word };
    let words: Vec<&str> = line.split(' ').map(word).collect();
    words.join(" ").chars().take(LONGEST).collect()
}

#[cfg(test)]
mod tests {
    use super::one_line;

    #[test]
    fn the_words_of_the_server_name_nobody() {
        let said = "User already in organization: ana@acme.example";
        assert_eq!(one_line(said), "User already in organization: (an address)");
    }
}
