//! Fields that somebody changes and we put back: who, how often, how long ago. One row per field, for an hour after the
//! last time, so that a fight is known to every replica and outlives a restart.

use std::time::Duration;

use super::{Claim, Error, Store};
use crate::names::UnionName;

/// How long after the last time another one belongs to the same dispute.
const LASTS: Duration = Duration::from_secs(3600);

/// A field that is put back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PutBack {
    /// Which object, as it is printed.
    pub resource: String,
    /// Which field; empty: the object itself.
    pub field: String,
    /// Who changed it, as far as that is known.
    pub manager: String,
}

/// A field that was put back not long ago.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dispute {
    /// Which, and who changed it last.
    pub field: PutBack,
    /// How often it was put back.
    pub times: u32,
    /// How long ago the last time was.
    pub age: Duration,
}

impl Store {
    /// Counts fields that were put back.
    ///
    /// # Errors
    /// The lease is lost, or the database is away.
    pub async fn count_put_back(&self, claim: &Claim, fields: &[PutBack]) -> Result<(), Error> {
        let mut transaction = self.fenced(claim).await?;
        let column = |of: fn(&PutBack) -> &String| fields.iter().map(of).cloned().collect::<Vec<_>>();
        sqlx::query!(
            "delete from dispute
            where union_name = $1 and last_at < clock_timestamp() - make_interval(secs => $2)",
            claim.union.as_str(),
            LASTS.as_secs_f64()
        )
        .execute(&mut *transaction)
        .await?;
        sqlx::query!(
            "insert into dispute (union_name, resource, field, manager)
            select $1, new.* from unnest($2::text[], $3::text[], $4::text[]) as new
            on conflict on constraint dispute_pk do update set
                manager = excluded.manager, times = dispute.times + 1, last_at = excluded.last_at",
            claim.union.as_str(),
            &column(|field| &field.resource),
            &column(|field| &field.field),
            &column(|field| &field.manager)
        )
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(())
    }

    /// The fields of a union that were put back not long ago, by resource and field.
    ///
    /// # Errors
    /// The database is away.
    pub async fn disputes(&self, union: &UnionName) -> Result<Vec<Dispute>, Error> {
        let rows = sqlx::query!(
            r#"select resource, field, manager, times,
                extract(epoch from clock_timestamp() - last_at)::float8 as "age!"
            from dispute
            where union_name = $1 and last_at >= clock_timestamp() - make_interval(secs => $2)
            order by resource, field"#,
            union.as_str(),
            LASTS.as_secs_f64()
        )
        .fetch_all(&self.pool)
        .await?;
        let dispute = |row: (String, String, String, i32, f64)| Dispute {
            field: PutBack { resource: row.0, field: row.1, manager: row.2 },
            times: u32::try_from(row.3).unwrap_or_default(),
            age: Duration::from_secs_f64(row.4.max(0.0)),
        };
        let rows = rows.into_iter().map(|row| (row.resource, row.field, row.manager, row.times, row.age));
        Ok(rows.map(dispute).collect())
    }
}
