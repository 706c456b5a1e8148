//! One among several replicas: an advisory lock, held by a connection of its own.
//!
//! Invariant: the lock lives as long as its connection. Its loss is not told by itself, hence `alive`.

use std::time::Duration;

use sqlx::{Connection, PgConnection};

use super::direct::within;
use super::{Error, Store};

/// The right to be the only one who does something.
pub struct Singleton {
    connection: PgConnection,
    patience: Duration,
}

impl Store {
    /// Takes the lock of that name; none while another process has it.
    ///
    /// # Errors
    /// The database is away.
    pub async fn singleton(&self, name: &str) -> Result<Option<Singleton>, Error> {
        let patience = self.direct.patience;
        within(patience, async {
            let mut connection = PgConnection::connect_with(&self.direct.options()).await?;
            let taken = sqlx::query_scalar!(
                r#"select pg_try_advisory_lock(hashtextextended('keyforge/' || $1::text, 0)) as "taken!""#,
                name
            )
            .fetch_one(&mut connection)
            .await?;
            Ok(taken.then_some(Singleton { connection, patience }))
        })
        .await
    }
}

impl Singleton {
    /// Whether the lock is still ours: its connection answers in time. After an error this is good for nothing more.
    ///
    /// # Errors
    /// The connection, and the lock with it, is gone.
    pub async fn alive(&mut self) -> Result<(), Error> {
        within(self.patience, self.connection.ping()).await
    }

    /// Gives the lock back at once. Dropping does too, when the server notices that the connection ended.
    ///
    /// # Errors
    /// The connection was gone before, and the lock with it.
    pub async fn release(self) -> Result<(), Error> {
        within(self.patience, self.connection.close()).await
    }
}
