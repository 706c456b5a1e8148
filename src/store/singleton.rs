//! One among several replicas: an advisory lock, held by a connection of its own.
//!
//! Invariant: the lock lives as long as its connection. Its loss is not told by itself, hence `alive`.

use sqlx::{Connection, PgConnection};

use super::{Error, Store};

/// The right to be the only one who does something.
pub struct Singleton(PgConnection);

impl Store {
    /// Takes the lock of that name; none while another process has it.
    ///
    /// # Errors
    /// The database is away.
    pub async fn singleton(&self, name: &str) -> Result<Option<Singleton>, Error> {
        let mut connection = PgConnection::connect_with(&self.direct).await?;
        let taken = sqlx::query_scalar!(
            r#"select pg_try_advisory_lock(hashtextextended('keyforge/' || $1::text, 0)) as "taken!""#,
            name
        )
        .fetch_one(&mut connection)
        .await?;
        Ok(taken.then_some(Singleton(connection)))
    }
}

impl Singleton {
    /// Whether the lock is still ours: its connection answers.
    ///
    /// # Errors
    /// The connection, and the lock with it, is gone.
    pub async fn alive(&mut self) -> Result<(), Error> {
        Ok(self.0.ping().await?)
    }

    /// Gives the lock back at once. Dropping does too, when the server notices that the connection ended.
    ///
    /// # Errors
    /// The connection was gone before, and the lock with it.
    pub async fn release(self) -> Result<(), Error> {
        Ok(self.0.close().await?)
    }
}
