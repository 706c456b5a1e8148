//! The stop of everything, outside of Git: while it lasts no union is claimed and no lease renewed, on any replica. The audit tells
//! of it, by the role of the database that did it: nothing else is known of who that was.
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
        // The audit names the revision that counts: with none there is nothing yet that anybody could work on.
        sqlx::query!(
            "with stopped as (
                insert into stop (why) values ($1) on conflict (stop_id) do update set why = excluded.why
                returning why
            )
            insert into audit (what, revision_id, detail)
            select 'work-stopped', revision_id, jsonb_build_object('why', stopped.why, 'by', session_user::text)
            from stopped, head
            where revision_id is not null",
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
        let resumed = sqlx::query_scalar!(
            r#"with resumed as (
                delete from stop returning why
            ), audited as (
                insert into audit (what, revision_id, detail)
                select 'work-resumed', revision_id, jsonb_build_object('by', session_user::text)
                from resumed, head
                where revision_id is not null
            )
            select exists(select from resumed) as "resumed!""#
        );
        Ok(resumed.fetch_one(&self.pool).await?)
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
