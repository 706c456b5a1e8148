//! The chain of the audit for who vouches for it: its links, and the checkpoints that were made.
//!
//! Apart from `ledger`, which people read. Invariant: nothing is looked at here but written and read; what it is worth `chain`
//! says.

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
