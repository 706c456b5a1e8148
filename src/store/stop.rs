//! The stop of everything, outside of Git: while it lasts no union is claimed and no lease renewed, on any replica.
//!
//! Invariant: only `work` and `lease` ask for it, in the statements that give and renew leases, so nothing that needs a lease
//! can go past it.

use chrono::{DateTime, Utc};

use super::{Error, Store};

/// That everything is stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stopped {
    /// Why, in words of who stopped it.
    pub why: String,
    /// Since when.
    pub since: DateTime<Utc>,
}

impl Store {
    /// Stops everything. What was stopped before stays so, with the newer reason.
    ///
    /// # Errors
    /// The database is away.
    pub async fn stop(&self, why: &str) -> Result<(), Error> {
        sqlx::query!(
            "insert into stop (why) values ($1) on conflict (stop_id) do update set why = excluded.why",
            why
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Lets everything go on; whether it was stopped.
    ///
    /// # Errors
    /// The database is away.
    pub async fn resume(&self) -> Result<bool, Error> {
        Ok(sqlx::query!("delete from stop").execute(&self.pool).await?.rows_affected() > 0)
    }

    /// Whether everything is stopped.
    ///
    /// # Errors
    /// The database is away.
    pub async fn stopped(&self) -> Result<Option<Stopped>, Error> {
        let found = sqlx::query_as!(Stopped, "select why, created_at as since from stop");
        Ok(found.fetch_optional(&self.pool).await?)
    }
}
