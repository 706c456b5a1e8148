//! Requests to look at the config repo, and at one union, at once.
//!
//! Invariant: there is one that is open for each union and one for all; who asks again is given that one. A look that begins
//! after it was made answers it, whoever looks.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::{Error, Shown, Store, row, work};
use crate::ids::RequestId;
use crate::names::UnionName;
use crate::outcome::Reason;
use crate::revision::Revision;

/// A request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyncRequest {
    /// Which.
    pub id: RequestId,
    /// The union that was made due with it.
    pub union: Option<UnionName>,
    /// Who asked.
    pub asked_by: String,
    /// When.
    pub asked_at: DateTime<Utc>,
    /// When the config repo was looked at since.
    pub looked_at: Option<DateTime<Utc>>,
    /// Why nothing was found there.
    pub why: Option<String>,
    /// The accepted revision after that look.
    pub revision: Option<Revision>,
    /// Whether somebody has worked on the union since it was asked for; true without one.
    pub is_worked_on: bool,
}

impl Store {
    /// Asks for a look: records it, makes the union due, tells who follows the config repo. What is asked for already is not
    /// asked for again. None where this asker has made `most` requests within `window`.
    ///
    /// # Errors
    /// The database is away, or a row is a newer program's.
    pub async fn ask_to_sync(
        &self,
        by: &str,
        union: Option<&UnionName>,
        most: u32,
        window: Duration,
    ) -> Result<Option<SyncRequest>, Error> {
        let name = union.map(UnionName::as_str);
        let mut transaction = self.pool.begin().await?;
        sqlx::query!("delete from sync_request where created_at < now() - interval '1 day'")
            .execute(&mut *transaction)
            .await?;
        // The audit names the revision that counts: with none there is nothing yet that could be looked at anew.
        let made = sqlx::query_scalar!(
            r#"with made as (
                insert into sync_request (sync_request_id, union_name, asked_by, fencing_token)
                select $1, $2, $3, coalesce((select fencing_token from work where union_name = $2), 0)
                where (
                    select count(*) from sync_request
                    where asked_by = $3 and created_at > now() - make_interval(secs => $5)
                ) < $4
                on conflict (coalesce(union_name, '')) where looked_at is null do nothing
                returning sync_request_id
            ), audited as (
                insert into audit (what, union_name, revision_id, detail)
                select 'sync-requested', $2, revision_id, jsonb_build_object('by', $3::text)
                from made, (
                    select accepted_revision_id as revision_id from union_status where union_name = $2
                    union all
                    select revision_id from head where $2 is null
                ) as accepted
                where revision_id is not null
            )
            select sync_request_id from made"#,
            RequestId::next().0,
            name,
            by,
            i64::from(most),
            window.as_secs_f64()
        )
        .fetch_optional(&mut *transaction)
        .await?;
        if let (Some(_), Some(union)) = (made, union) {
            work::make_due(&mut transaction, &[(union.clone(), Reason::Request)], Duration::ZERO).await?;
        }
        let id = match made {
            Some(id) => Some(id),
            None => {
                sqlx::query_scalar!(
                    "select sync_request_id from sync_request
                    where looked_at is null and coalesce(union_name, '') = coalesce($1, '')",
                    name
                )
                .fetch_optional(&mut *transaction)
                .await?
            }
        };
        transaction.commit().await?;
        let Some(id) = id else { return Ok(None) };
        self.shown_to(crate::access::Sight::All).sync_request(RequestId(id)).await
    }

    /// Whether something is asked for that nobody has looked at.
    ///
    /// # Errors
    /// The database is away.
    pub async fn is_asked_to_sync(&self) -> Result<bool, Error> {
        let asked = sqlx::query_scalar!(
            r#"select exists(select from sync_request where looked_at is null) as "is!""#
        );
        Ok(asked.fetch_one(&self.pool).await?)
    }

    /// The config repo was looked at: what was asked for before the look began is answered by it, also that nothing was found.
    ///
    /// # Errors
    /// The database is away.
    pub async fn record_sync(&self, began: DateTime<Utc>, why: Option<&str>) -> Result<(), Error> {
        sqlx::query!(
            "update sync_request set
                looked_at = clock_timestamp(), why = $2, revision_id = (select revision_id from head)
            where looked_at is null and created_at <= $1",
            began,
            why
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }
}

impl Shown {
    /// A request, if it is of a union that is seen.
    ///
    /// # Errors
    /// The database is away, or the row is a newer program's.
    pub async fn sync_request(&self, id: RequestId) -> Result<Option<SyncRequest>, Error> {
        let found = sqlx::query!(
            r#"select union_name, asked_by, sync_request.created_at, looked_at, why, branch as "branch?",
                revision_id,
                not exists(
                    select from work
                    where work.union_name = sync_request.union_name
                        and (work.fencing_token <= sync_request.fencing_token or lease_holder is not null)
                ) as "is_worked_on!"
            from sync_request left join revision using (revision_id)
            where sync_request_id = $1 and ($2::text[] is null or union_name = any($2))"#,
            id.0,
            self.names()
        )
        .fetch_optional(self.pool())
        .await?;
        let Some(row) = found else { return Ok(None) };
        let revision = match row.branch.zip(row.revision_id) {
            Some((branch, commit)) => Some(Revision { branch, commit: row::object_id(&commit)? }),
            None => None,
        };
        Ok(Some(SyncRequest {
            id,
            union: row.union_name.as_deref().map(row::union_name).transpose()?,
            asked_by: row.asked_by,
            asked_at: row.created_at,
            looked_at: row.looked_at,
            why: row.why,
            revision,
            is_worked_on: row.is_worked_on,
        }))
    }
}
