//! The chain of the audit for who vouches for it: its links, and the checkpoints that were made.
//!
//! Apart from `ledger`, which people read. Invariant: nothing is looked at here but written and read; what it is worth `chain`
//! says.

use std::time::Duration;

use super::{Error, RowError, Store, row};
use crate::chain::{Checkpoint, Link};

struct CheckpointRow {
    audit_checkpoint_id: i64,
    audit_link_id: i64,
    digest: Vec<u8>,
    code: Vec<u8>,
    created_at: chrono::DateTime<chrono::Utc>,
}

impl TryFrom<CheckpointRow> for Checkpoint {
    type Error = RowError;

    fn try_from(row: CheckpointRow) -> Result<Self, RowError> {
        Ok(Self {
            number: row.audit_checkpoint_id,
            record: row.audit_link_id,
            digest: row::digest(&row.digest)?,
            at: row.created_at,
            code: hex::encode(row.code),
        })
    }
}

impl Store {
    /// Links of the chain from the one of this number on, oldest first, so many at most.
    ///
    /// # Errors
    /// The database is away, or a row is a newer program's.
    pub async fn links(&self, from: i64, limit: u32) -> Result<Vec<Link>, Error> {
        let rows = sqlx::query!(
            r#"select audit_text(audit) as "text!", audit_link_id, previous, digest
            from audit_link join audit using (audit_id)
            where audit_link_id >= $1 order by audit_link_id limit $2"#,
            from,
            i64::from(limit)
        )
        .fetch_all(&self.pool)
        .await?;
        let links = rows.into_iter().map(|row| {
            let previous = row.previous.as_deref().map(row::digest).transpose()?;
            Ok(Link {
                number: row.audit_link_id,
                previous,
                digest: row::digest(&row.digest)?,
                text: row.text,
            })
        });
        Ok(links.collect::<Result<_, RowError>>()?)
    }

    /// The newest checkpoint, or the one of this number.
    ///
    /// # Errors
    /// The database is away, or a row is a newer program's.
    pub async fn checkpoint(&self, number: Option<i64>) -> Result<Option<Checkpoint>, Error> {
        let found = sqlx::query_as!(
            CheckpointRow,
            "select audit_checkpoint_id, audit_link_id, digest, code, created_at from audit_checkpoint
            where $1::bigint is null or audit_checkpoint_id = $1
            order by audit_checkpoint_id desc limit 1",
            number
        )
        .fetch_optional(&self.pool)
        .await?;
        Ok(found.map(TryInto::try_into).transpose()?)
    }

    /// Records what is done to the proof of the audit: `anchor-renewed` or `key-changed`, at the checkpoint that it goes on from. Once,
    /// until something else is recorded.
    ///
    /// # Errors
    /// The database is away.
    pub async fn record_renewal(&self, what: &str, checkpoint: i64) -> Result<(), Error> {
        sqlx::query!(
            "insert into audit (what, revision_id, detail)
            select $1, revision_id, jsonb_build_object('checkpoint', $2::bigint) from head
            where revision_id is not null
                and $1 is distinct from (select what from audit order by audit_id desc limit 1)",
            what,
            checkpoint
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Tells all replicas how a look went.
    ///
    /// # Errors
    /// The database is away.
    pub async fn record_audit_verdict(&self, why: Option<&str>) -> Result<(), Error> {
        sqlx::query!(
            "insert into audit_verdict (why) values ($1)
            on conflict (audit_verdict_id) do update set why = excluded.why, created_at = clock_timestamp()",
            why
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// How the last look went, and whether a record has waited for a checkpoint for longer than `lag`.
    ///
    /// # Errors
    /// The database is away.
    pub async fn audit_verdict(&self, lag: Duration) -> Result<(Option<String>, bool), Error> {
        let found = sqlx::query!(
            r#"select (select why from audit_verdict) as why, exists(
                select from audit_link
                where audit_link_id > coalesce((select max(audit_link_id) from audit_checkpoint), 0)
                    and created_at < now() - make_interval(secs => $1)
            ) as "lags!""#,
            lag.as_secs_f64()
        )
        .fetch_one(&self.pool)
        .await?;
        Ok((found.why, found.lags))
    }

    /// Keeps a checkpoint; whether nobody else made one of its number or for its record meanwhile.
    ///
    /// # Errors
    /// The database is away.
    pub async fn keep_checkpoint(&self, checkpoint: &Checkpoint) -> Result<bool, Error> {
        let kept = sqlx::query!(
            "insert into audit_checkpoint (audit_checkpoint_id, audit_link_id, digest, code, created_at)
            values ($1, $2, $3, decode($4, 'hex'), $5) on conflict do nothing",
            checkpoint.number,
            checkpoint.record,
            checkpoint.digest.as_bytes().as_slice(),
            checkpoint.code,
            checkpoint.at
        )
        .execute(&self.pool)
        .await?;
        Ok(kept.rows_affected() > 0)
    }
}
