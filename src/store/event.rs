//! What moved, in the order in which it came to be: for who follows along.
//!
//! The database writes it (`migrations/*_event.sql`), so that nothing that moves is left out. Invariant: a number that was
//! read is never followed by a lower one, so the last number is all that a follower has to know.

use super::{Error, RowError, Shown, row};
use crate::ids::DeploymentId;
use crate::names::UnionName;
use crate::outcome::Happened;

/// Something moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Happening {
    /// Its place among all.
    pub number: i64,
    /// What happened.
    pub happened: Happened,
    /// To which union.
    pub union: UnionName,
    /// To which deployment of it, if to one.
    pub deployment: Option<DeploymentId>,
}

/// The numbers that are kept; 0 while nothing happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kept {
    /// The oldest.
    pub first: i64,
    /// The newest of a union that is seen.
    pub last: i64,
}

impl Shown {
    /// What happened after this number, oldest first.
    ///
    /// # Errors
    /// The database is away, or a row is a newer program's.
    pub async fn happenings(&self, after: i64, limit: u32) -> Result<Vec<Happening>, Error> {
        let rows = sqlx::query!(
            "select event_id, happened, union_name, deployment_id from event
            where event_id > $1 and ($3::text[] is null or union_name = any($3))
            order by event_id limit $2",
            after,
            i64::from(limit),
            self.names()
        )
        .fetch_all(self.pool())
        .await?;
        let read = rows.into_iter().map(|row| {
            Ok(Happening {
                number: row.event_id,
                happened: row::word(&row.happened)?,
                union: row::union_name(&row.union_name)?,
                deployment: row.deployment_id.map(DeploymentId),
            })
        });
        Ok(read.collect::<Result<_, RowError>>()?)
    }

    /// From where to where happenings are kept.
    ///
    /// # Errors
    /// The database is away.
    pub async fn kept_happenings(&self) -> Result<Kept, Error> {
        let kept = sqlx::query_as!(
            Kept,
            // Who sees nothing that is kept begins before what is kept.
            r#"select first as "first!", greatest(first - 1, last, 0) as "last!"
            from (select coalesce(min(event_id), 0) as first from event) as oldest,
                (select max(event_id) as last from event where $1::text[] is null or union_name = any($1)) as newest"#,
            self.names()
        );
        Ok(kept.fetch_one(self.pool()).await?)
    }
}
