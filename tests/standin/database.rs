//! Where the log of changed rows lies: in the file of the data folder, or in the PostgreSQL that `DATABASE_URL` names.
//!
//! The file is called as the real server's is, since backups look for it; nobody but the stand-in reads it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;
use sqlx::postgres::{PgPool, PgPoolOptions};
use tokio::runtime::Handle;

/// Why what was stored cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DatabaseError {
    #[error("the database file cannot be used: {0}")]
    File(#[from] io::Error),
    #[error("the database cannot be used: {0}")]
    Server(#[from] sqlx::Error),
}

pub(crate) enum Database {
    File { path: PathBuf, log: File },
    Server(PgPool),
}

impl Database {
    /// The file of a data folder, made where it is not there.
    pub(crate) fn file(folder: &Path) -> Result<Self, DatabaseError> {
        let path = folder.join("db.sqlite3");
        let mut log = OpenOptions::new().append(true).create(true).open(&path)?;
        // A kill in the middle of a line leaves one that is no entry; the next one must not become part of it.
        log.write_all(b"\n")?;
        Ok(Self::File { path, log })
    }

    /// A PostgreSQL server; each call waits for it no longer than `DATABASE_TIMEOUT`.
    pub(crate) fn server(url: &str, timeout: Duration) -> Result<Self, DatabaseError> {
        let pool = PgPoolOptions::new().max_connections(2).acquire_timeout(timeout).connect_lazy(url)?;
        let create = "create table if not exists log (id bigserial primary key, entry text not null)";
        wait(sqlx::query(create).execute(&pool))?;
        Ok(Self::Server(pool))
    }

    pub(crate) fn read(&self) -> Result<Vec<Value>, DatabaseError> {
        let lines = match self {
            Self::File { path, .. } => fs::read_to_string(path)?.lines().map(str::to_owned).collect(),
            Self::Server(pool) => {
                wait(sqlx::query_scalar::<_, String>("select entry from log order by id").fetch_all(pool))?
            }
        };
        Ok(lines.iter().map(|line| serde_json::from_str(line).unwrap_or_default()).collect())
    }

    pub(crate) fn is_there(&self) -> bool {
        match self {
            Self::File { .. } => true,
            Self::Server(pool) => wait(sqlx::query("select 1").execute(pool)).is_ok(),
        }
    }

    /// Panics where it cannot be written, which the client sees as an internal error.
    pub(crate) fn append(&self, entry: &Value) {
        match self {
            Self::File { log, .. } => {
                let mut log = log;
                log.write_all(format!("{entry}\n").as_bytes()).expect("the log is written");
            }
            Self::Server(pool) => {
                let insert = sqlx::query("insert into log (entry) values ($1)").bind(entry.to_string());
                wait(insert.execute(pool)).expect("the log is written");
            }
        }
    }
}

/// Requests are answered on threads of their own, which may wait.
fn wait<T>(work: impl Future<Output = T>) -> T {
    Handle::current().block_on(work)
}
