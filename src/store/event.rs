//! What moved, in the order in which it came to be: for who follows along.
//!
//! The database writes it (`migrations/*_event.sql`), so that nothing that moves is left out. Invariant: a number that was
//! read is never followed by a lower one, so the last one is all that a follower has to know. A database that was restored
//! from an old copy gives numbers out again, so a place is told with its moment.

use chrono::{DateTime, Utc};

use super::{Error, RowError, Shown, Store, row};
use crate::access::Sight;
use crate::ids::DeploymentId;
use crate::names::UnionName;
use crate::outcome::Happened;

/// As many numbers are kept; the database drops what is older.
const KEPT: i64 = 100_000;

/// A place among all that happened: a happening, of which everything before is known; or before all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Its number, from 1; 0 before all.
    pub number: i64,
    /// When it was written, in microseconds since 1970.
    pub moment: i64,
}

/// Something moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Happening {
    /// Its place among all.
    pub place: Place,
    /// What happened.
    pub happened: Happened,
    /// To which union.
    pub union: UnionName,
    /// To which deployment of it, if to one.
    pub deployment: Option<DeploymentId>,
}

impl Place {
    /// Before everything that happens.
    pub const START: Self = Self { number: 0, moment: 0 };

    fn new(number: i64, written: DateTime<Utc>) -> Self {
        Self { number, moment: written.timestamp_micros() }
    }
}

impl Store {
    /// What happened after this place to any union, oldest first: whoever hands it on keeps from each what they do not see.
    /// `None` where it is not known: it is too long ago, or of a database that
    /// is not there any more.
    ///
    /// # Errors
    /// The database is away, or a row is a newer program's.
    pub async fn happenings(&self, after: Place, limit: u32) -> Result<Option<Vec<Happening>>, Error> {
        let rows = sqlx::query!(
            r#"select event_id, created_at, happened, union_name, deployment_id from event
            where event_id >= $1 order by event_id limit $2"#,
            after.number,
            i64::from(limit) + 1
        )
        .fetch_all(&self.pool)
        .await?;
        let read = rows.into_iter().map(|row| {
            Ok(Happening {
                place: Place::new(row.event_id, row.created_at),
                happened: row::word(&row.happened)?,
                union: row::union_name(&row.union_name)?,
                deployment: row.deployment_id.map(DeploymentId),
            })
        });
        let mut read = read.collect::<Result<Vec<_>, RowError>>()?;
        let first = read.first().map(|happening| happening.place);
        let is_known = if after == Place::START {
            self.shown_to(Sight::All).last_happening().await?.number <= KEPT
        } else {
            first == Some(after)
        };
        if !is_known {
            return Ok(None);
        }
        if first == Some(after) {
            read.remove(0);
        }
        read.truncate(limit as usize);
        Ok(Some(read))
    }
}

impl Shown {
    /// The place of what happened last.
    ///
    /// # Errors
    /// The database is away.
    pub async fn last_happening(&self) -> Result<Place, Error> {
        let last = sqlx::query!(
            "select event_id, created_at from event where $1::text[] is null or union_name = any($1)
            order by event_id desc limit 1",
            self.names()
        )
        .fetch_optional(self.pool())
        .await?;
        Ok(last.map_or(Place::START, |last| Place::new(last.event_id, last.created_at)))
    }
}
