//! What can go wrong with the database, told apart by what a caller can do about it.
//!
//! Invariant: no message holds a URL, a password or a value of a row; the driver's error is kept as the source, for
//! logs of the operator only.

use std::path::PathBuf;

use crate::ids::FencingToken;
use crate::names::{NameError, UnionName};
use crate::outcome::UnknownWord;

/// A failed operation of the store.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nobody said where the database is.
    #[error(
        "`database-url` is not set; it is a PostgreSQL URL such as `postgres://keyforge@db.example/keyforge`"
    )]
    NoUrl,
    /// Two places say where the database is.
    #[error("`database-url` and `database-url-file` are both set; one of them is enough")]
    TwoUrls,
    /// A flag shows its password to everybody who can list processes.
    #[error(
        "`--{flag}` carries a password, which everybody on this machine can read in the list of processes; \
         set `KEYFORGE_DATABASE_URL`, or put the URL into a file and name it by `--database-url-file`"
    )]
    PasswordInFlag {
        /// Which flag.
        flag: &'static str,
    },
    /// The file with the URL cannot be read.
    #[error("failed to read `{path}`")]
    UrlFile {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The URL is none of PostgreSQL's.
    #[error("the database URL is not valid")]
    Url {
        /// Why.
        source: sqlx::Error,
    },
    /// The database cannot be reached, went away in the middle, or has no free connection.
    #[error("the database is away")]
    Away {
        /// What was seen of it.
        source: sqlx::Error,
    },
    /// The database is there and gave up on one statement: too slow, or in the way of another.
    #[error("the database gave up on a statement")]
    Busy {
        /// What it said.
        source: sqlx::Error,
    },
    /// The database is there and has no room for what is to be kept. What it has can be read.
    #[error("the database has no room left")]
    Full {
        /// What it said.
        source: sqlx::Error,
    },
    /// The server lets us in not at all, or not into this database.
    #[error("the database server refused the login")]
    Login {
        /// What it said.
        source: sqlx::Error,
    },
    /// The database was changed by a newer program than this one can work beside.
    #[error(
        "the database needs a newer Keyforge: its schema needs migration {needs}, this program knows {knows}"
    )]
    Incompatible {
        /// The newest migration that a program must know.
        needs: i64,
        /// The newest that this one knows.
        knows: i64,
    },
    /// The schema could not be brought up to date.
    #[error("failed to migrate the database")]
    Migration {
        /// Why.
        source: sqlx::migrate::MigrateError,
    },
    /// The lease on the union is over, or its rest is too short for what is to be done: nothing was written.
    #[error("the lease on `{union}` is lost (fencing token {})", token.0)]
    Lost {
        /// Which union.
        union: UnionName,
        /// The token that counts no more.
        token: FencingToken,
    },
    /// Another replica accepted a revision since the head was read: nothing was written.
    #[error("another replica accepted a revision meanwhile")]
    HeadMoved,
    /// A row holds what this program does not understand.
    #[error("failed to read a row")]
    Row(#[from] RowError),
    /// The database refused a statement; a fault of this program or of the database's rights.
    #[error("the database refused a statement")]
    Refused {
        /// What it said.
        source: sqlx::Error,
    },
}

/// Why a row cannot be read. Only a newer program, or a hand, can have written it.
#[derive(Debug, thiserror::Error)]
pub enum RowError {
    /// A word of no list.
    #[error(transparent)]
    Word(#[from] UnknownWord),
    /// Not a name.
    #[error(transparent)]
    Name(#[from] NameError),
    /// JSON of another shape.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    /// A digest or the name of a Git object of another length.
    #[error("a column has {found} bytes instead of {wanted}")]
    Length {
        /// How many belong there.
        wanted: usize,
        /// How many are there.
        found: usize,
    },
}

/// Whether trying again can help.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// It cannot.
    Never,
    /// Later, and ever later.
    Backoff,
}

impl Error {
    /// Whether trying the same again can help.
    pub fn retry(&self) -> Retry {
        match self {
            Self::Away { .. } | Self::Busy { .. } | Self::Full { .. } | Self::HeadMoved => Retry::Backoff,
            _ => Retry::Never,
        }
    }

    /// Whether the database cannot be reached: a matter of the environment, not of the statement.
    pub fn is_away(&self) -> bool {
        matches!(self, Self::Away { .. })
    }

    /// Whether somebody else has the union now; whoever hears this stops writing.
    pub fn is_lost(&self) -> bool {
        matches!(self, Self::Lost { .. })
    }
}

impl From<sqlx::Error> for Error {
    fn from(source: sqlx::Error) -> Self {
        match &source {
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed => Self::Away { source },
            sqlx::Error::Database(said) => match said.code().as_deref() {
                // Connection exceptions, too many connections, and a server that stops, starts or was told to let go.
                Some(code) if code.starts_with("08") || code.starts_with("57P") || code == "53300" => {
                    Self::Away { source }
                }
                // No such role, wrong password, no such database.
                Some(code) if code.starts_with("28") || code == "3D000" => Self::Login { source },
                // Statement timeout, lock timeout, serialization failure, deadlock.
                Some("57014" | "55P03" | "40001" | "40P01") => Self::Busy { source },
                Some("53100") => Self::Full { source },
                _ => Self::Refused { source },
            },
            _ => Self::Refused { source },
        }
    }
}
