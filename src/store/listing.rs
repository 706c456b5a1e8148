//! Who could read what by the accepted documents, on a day of the past.
//!
//! Invariant: written with the acceptance that changes it, by one function of the database (`migrations/*_listing.sql`). What a
//! program of an older release accepts beside this one is known from the next acceptance of that union on. Names of people stand
//! here and not in the audit.

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::PgConnection;

use super::{Error, RowError, Shown, row};
use crate::names::{SocietyName, UnionName};
use crate::revision::{ObjectId, Revision};
use crate::spec::Listing;

/// What was listed at a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedThen {
    /// The day of that moment; of now by the database's clock, which says when something was listed too.
    pub day: NaiveDate,
    /// Since when.
    pub since: DateTime<Utc>,
    /// Which revision brought it.
    pub revision: Revision,
    /// What; none: the society was removed.
    pub listing: Option<Listing>,
}

/// Adds what these unions say otherwise than before.
pub(super) async fn record(
    connection: &mut PgConnection,
    names: &[String],
    revision: ObjectId,
) -> Result<(), Error> {
    sqlx::query!("select record_listing($1, $2)", names, revision.as_bytes()).execute(connection).await?;
    Ok(())
}

impl Shown {
    /// What was listed of a society at a moment, or now; none where nothing is known of that time.
    ///
    /// # Errors
    /// The database is away, or the row is a newer program's.
    pub async fn listing(
        &self,
        union: &UnionName,
        society: &SocietyName,
        at: Option<DateTime<Utc>>,
    ) -> Result<Option<ListedThen>, Error> {
        let found = sqlx::query!(
            r#"select body, listing.created_at, branch, revision_id,
                (coalesce($3, now()) at time zone 'UTC')::date as "day!"
            from listing join revision using (revision_id)
            where union_name = $1 and society_name = $2 and ($3::timestamptz is null or listing.created_at <= $3)
                and ($4::text[] is null or union_name = any($4))
            order by listing_id desc limit 1"#,
            union.as_str(),
            society.as_str(),
            at,
            self.names()
        )
        .fetch_optional(self.pool())
        .await?;
        let Some(row) = found else { return Ok(None) };
        Ok(Some(ListedThen {
            day: row.day,
            since: row.created_at,
            revision: Revision { branch: row.branch, commit: row::object_id(&row.revision_id)? },
            listing: row.body.map(serde_json::from_value).transpose().map_err(RowError::from)?,
        }))
    }
}
