//! The lease of a worker on one union, and the fence that it makes around writes.
//!
//! Invariant: a claim whose lease is over, or was taken over, writes nothing. `fenced` keeps the row of work locked
//! until its transaction ends, so that nobody can take the union over between the check and the write.

use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::{Postgres, Transaction};

use super::{Error, Store};
use crate::ids::{DeploymentId, FencingToken};
use crate::names::UnionName;
use crate::outcome::Reason;

/// A worker's lease on one union.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// Which union.
    pub union: UnionName,
    /// The number of this lease; the next one's is greater.
    pub token: FencingToken,
    /// Why the union was due.
    pub reason: Reason,
    /// How often it was tried without success before.
    pub attempts: u32,
    /// The deployment in the middle of which the last worker went away; it is closed now.
    pub interrupted: Option<DeploymentId>,
    /// When it was claimed, by the database's clock: what windows and dates are judged by.
    pub claimed_at: DateTime<Utc>,
}

impl Claim {
    pub(super) fn lost(&self) -> Error {
        Error::Lost { union: self.union.clone(), token: self.token }
    }
}

impl Store {
    /// Makes the lease last `lease` from now.
    ///
    /// # Errors
    /// The lease is lost, everything is stopped, or the database is away.
    pub async fn renew(&self, claim: &Claim, lease: Duration) -> Result<(), Error> {
        let renewed = sqlx::query!(
            "update work set leased_until = clock_timestamp() + make_interval(secs => $3)
            where union_name = $1 and fencing_token = $2 and leased_until > clock_timestamp()
                and not exists (select from stop)",
            claim.union.as_str(),
            claim.token.0,
            lease.as_secs_f64()
        )
        .execute(&self.pool)
        .await?;
        if renewed.rows_affected() == 0 { Err(claim.lost()) } else { Ok(()) }
    }

    /// A transaction that only the holder of the lease gets.
    pub(super) async fn fenced(&self, claim: &Claim) -> Result<Transaction<'static, Postgres>, Error> {
        let mut transaction = self.pool.begin().await?;
        // Not `now()`: it stands still while this waits for whoever makes the union due.
        sqlx::query_scalar!(
            r#"select true as "holds!" from work
            where union_name = $1 and fencing_token = $2 and leased_until > clock_timestamp()
            for share"#,
            claim.union.as_str(),
            claim.token.0
        )
        .fetch_optional(&mut *transaction)
        .await?
        .ok_or_else(|| claim.lost())?;
        Ok(transaction)
    }
}
