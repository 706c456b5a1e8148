//! Where the database is and how much of it we take.
//!
//! Separate from the connection: here settings are read and refused, nothing is reached. A URL may hold a password,
//! hence a type without `Debug`, and a flag may not hold one at all.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::ArgMatches;
use clap::parser::ValueSource;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

use super::Error;
use super::direct::Direct;
use crate::duration;
use crate::redacted::Redacted;

/// Nobody waits longer for what is only read.
const READING: Duration = Duration::from_secs(10);

/// What connections are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// The work of the daemon.
    Work,
    /// What the API shows.
    Read,
}

/// The settings of the database.
#[derive(Clone, clap::Args)]
#[group(skip)]
pub struct Options {
    /// PostgreSQL URL, with `sslmode` and `sslrootcert` as its own clients take them. A flag must not carry a password
    #[arg(long, env = "KEYFORGE_DATABASE_URL", hide_env_values = true, value_name = "URL")]
    pub database_url: Option<DatabaseUrl>,
    /// File that holds the PostgreSQL URL, password included
    #[arg(long, env = "KEYFORGE_DATABASE_URL_FILE", value_name = "FILE")]
    pub database_url_file: Option<PathBuf>,
    /// URL that leads past a connection pooler, for migrations, notifications and locks [default: the same]
    #[arg(long, env = "KEYFORGE_DATABASE_DIRECT_URL", hide_env_values = true, value_name = "URL")]
    pub database_direct_url: Option<DatabaseUrl>,
    /// The most connections of the daemon's work; four more lead directly to the server
    #[arg(long, env = "KEYFORGE_DATABASE_MAX_CONNECTIONS", default_value_t = 10, value_name = "NUMBER",
          value_parser = clap::value_parser!(u32).range(2..))]
    pub database_max_connections: u32,
    /// URL of a role that may only read, for what the API shows [default: that of the rest]
    #[arg(long, env = "KEYFORGE_DATABASE_READ_URL", hide_env_values = true, value_name = "URL")]
    pub database_read_url: Option<DatabaseUrl>,
    /// The most connections of the API beside those; what they read with cannot write
    #[arg(long, env = "KEYFORGE_DATABASE_READ_CONNECTIONS", default_value_t = 5, value_name = "NUMBER",
          value_parser = clap::value_parser!(u32).range(1..))]
    pub database_read_connections: u32,
    /// After this time the server gives up on a statement
    #[arg(long, env = "KEYFORGE_DATABASE_STATEMENT_TIMEOUT", default_value = "30s", value_name = "DURATION",
          value_parser = duration::parse)]
    pub database_statement_timeout: Duration,
    /// After this time without a connection the database counts as away
    #[arg(long, env = "KEYFORGE_DATABASE_ACQUIRE_TIMEOUT", default_value = "5s", value_name = "DURATION",
          value_parser = duration::parse)]
    pub database_acquire_timeout: Duration,
}

/// A URL that may hold a password: it cannot be printed.
#[derive(Clone)]
pub struct DatabaseUrl(Redacted<String>);

impl FromStr for DatabaseUrl {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(Redacted::new(text.to_owned())))
    }
}

impl DatabaseUrl {
    fn parse(&self) -> Result<PgConnectOptions, Error> {
        self.0.expose().parse().map_err(|source| Error::Url { source })
    }

    /// The password of a URL stands before the host, or among the parameters.
    fn has_password(&self) -> bool {
        url::Url::parse(self.0.expose())
            .is_ok_and(|url| url.password().is_some() || url.query_pairs().any(|(key, _)| key == "password"))
    }
}

impl Options {
    /// Refuses a password in a flag: environment and files may hold one, a command line may not.
    ///
    /// # Errors
    /// A flag carries a password.
    pub fn refuse_password_in_flag(&self, matches: &ArgMatches) -> Result<(), Error> {
        let urls = [
            ("database_url", "database-url", &self.database_url),
            ("database_direct_url", "database-direct-url", &self.database_direct_url),
            ("database_read_url", "database-read-url", &self.database_read_url),
        ];
        for (id, flag, url) in urls {
            let typed = matches.value_source(id) == Some(ValueSource::CommandLine);
            if typed && url.as_ref().is_some_and(DatabaseUrl::has_password) {
                return Err(Error::PasswordInFlag { flag });
            }
        }
        Ok(())
    }

    /// How to connect for this purpose: for the pool, and directly.
    pub(super) fn targets(&self, purpose: Purpose) -> Result<(PgConnectOptions, Direct), Error> {
        let worked = match (&self.database_url, &self.database_url_file) {
            (None, None) => return Err(Error::NoUrl),
            (Some(_), Some(_)) => return Err(Error::TwoUrls),
            (Some(url), None) => url.parse()?,
            (None, Some(path)) => {
                let text = std::fs::read_to_string(path)
                    .map_err(|source| Error::UrlFile { path: path.clone(), source })?;
                DatabaseUrl(Redacted::new(text.trim().to_owned())).parse()?
            }
        };
        let direct =
            self.database_direct_url.as_ref().map_or_else(|| Ok(worked.clone()), DatabaseUrl::parse)?;
        let (pooled, name, read_only) = match (purpose, &self.database_read_url) {
            (Purpose::Work, _) => (worked, "keyforge", "off"),
            (Purpose::Read, None) => (worked, "keyforge api", "on"),
            (Purpose::Read, Some(url)) => (url.parse()?, "keyforge api", "on"),
        };
        // A dropped future does not stop its statement on the server; only the server itself does.
        let timeout = self.statement_timeout(purpose).as_millis().to_string();
        let pooled = pooled.application_name(name).options([
            ("statement_timeout", timeout.as_str()),
            ("idle_in_transaction_session_timeout", "60s"),
            ("default_transaction_read_only", read_only),
        ]);
        // The server looks after the other end, so that one that vanished does not keep its lock for hours.
        let timeout = self.database_statement_timeout.as_millis().to_string();
        let options = direct.application_name("keyforge direct").options([
            ("statement_timeout", timeout.as_str()),
            ("tcp_keepalives_idle", "10"),
            ("tcp_keepalives_interval", "5"),
            ("tcp_keepalives_count", "3"),
        ]);
        Ok((pooled, Direct::new(options, self.database_acquire_timeout)))
    }

    pub(super) fn pool(&self, purpose: Purpose) -> PgPoolOptions {
        let connections = match purpose {
            Purpose::Work => self.database_max_connections,
            Purpose::Read => self.database_read_connections,
        };
        PgPoolOptions::new()
            .max_connections(connections)
            .acquire_timeout(self.database_acquire_timeout)
            .max_lifetime(Duration::from_secs(30 * 60))
    }

    /// How long the server works on one statement.
    pub(super) fn statement_timeout(&self, purpose: Purpose) -> Duration {
        match purpose {
            Purpose::Work => self.database_statement_timeout,
            Purpose::Read => self.database_statement_timeout.min(READING),
        }
    }
}
