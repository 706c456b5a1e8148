//! Removed unions that this database does not know, taken over from what the cluster remembers of them.
//!
//! Only for a database that has just begun: a tombstone outlives the one that it was made in, with its date and its claim on
//! the host. What is accepted here stays as it is.

use chrono::{DateTime, Utc};

use super::{Error, RowError, Store, work};
use crate::digest::Digest;
use crate::outcome::Reason;
use crate::revision::ObjectId;
use crate::spec::Union;

/// A removed union as its state object tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tombstone {
    /// What was accepted of it last, without people and societies.
    pub union: Union,
    /// Its directory in Git then.
    pub tree: ObjectId,
    /// The digest of what was applied.
    pub input: Digest,
    /// Until when its data is kept.
    pub until: DateTime<Utc>,
    /// Whether its deletion has begun.
    pub begun: bool,
}

impl Store {
    /// Takes removed unions over, as if this revision had removed them.
    ///
    /// # Errors
    /// The database is away.
    pub async fn restore(&self, revision: ObjectId, tombstones: &[Tombstone]) -> Result<(), Error> {
        let mut transaction = self.pool.begin().await?;
        for tombstone in tombstones {
            let Tombstone { union, tree, input, until, begun } = tombstone;
            sqlx::query!(
                "insert into union_status (
                    union_name, display_name, domain, life, kept_until,
                    accepted_revision_id, accepted_tree, accepted_input, accepted_host
                )
                values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
                on conflict (union_name) do update set
                    display_name = excluded.display_name,
                    domain = excluded.domain,
                    life = excluded.life,
                    kept_until = excluded.kept_until,
                    accepted_revision_id = excluded.accepted_revision_id,
                    accepted_tree = excluded.accepted_tree,
                    accepted_input = excluded.accepted_input,
                    accepted_host = excluded.accepted_host
                where union_status.accepted_tree is null",
                union.name.as_str(),
                union.spec.display_name,
                union.spec.domain.to_string(),
                if *begun { "gone" } else { "retained" },
                until,
                revision.as_bytes(),
                tree.as_bytes(),
                input.as_bytes(),
                union.spec.domain.host()
            )
            .execute(&mut *transaction)
            .await?;
            sqlx::query!(
                "insert into acceptance (union_name, body) values ($1, $2) on conflict (union_name) do nothing",
                union.name.as_str(),
                serde_json::to_value(union).map_err(RowError::from)?
            )
            .execute(&mut *transaction)
            .await?;
        }
        let due: Vec<_> =
            tombstones.iter().map(|tombstone| (tombstone.union.name.clone(), Reason::Startup)).collect();
        work::make_due(&mut transaction, &due, std::time::Duration::ZERO).await?;
        transaction.commit().await?;
        Ok(())
    }
}
