//! What people are told: notices that the database wrote (`migrations/*_notice.sql`), whom each is told, and the messages that
//! carry them.
//!
//! ```text
//! notice ─address→ delivery, one for each destination ─gather→ message ─claim→ sent | tried again | given up
//! ```
//!
//! Invariants: a notice is addressed once, and stands in one message of each destination. A destination has one open message, so
//! they come in their order. Who tries a message has it alone for a while; it keeps its id, so that one that was sent by a
//! program which died before it said so comes again as what it is.

use std::time::Duration;

use uuid::Uuid;

use super::{Error, RowError, Store, row};
use crate::digest::Digest;
use crate::ids::DeploymentId;
use crate::notice::Notice;

/// So many notices are addressed in one step.
const LOOK: u32 = 500;

/// How messages follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// How long the first notice waits for what arises together with it.
    pub gather: Duration,
    /// How long a destination is left alone after a message.
    pub rest: Duration,
    /// How many notices one message has at most.
    pub most: u32,
    /// How long who tries a message has it alone.
    pub alone: Duration,
}

/// A message that is to be tried now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenMessage {
    /// The same at each attempt.
    pub id: Uuid,
    /// Where it goes.
    pub destination: Digest,
    /// How often it was tried, this time included.
    pub attempts: u32,
    /// Since when there is something to send.
    pub age: Duration,
    /// What it tells, oldest first.
    pub notices: Vec<Notice>,
}

impl Store {
    /// Whether there is anything that is not sent yet.
    ///
    /// # Errors
    /// The database is away.
    pub async fn has_unsent(&self) -> Result<bool, Error> {
        let found = sqlx::query_scalar!(
            r#"select exists (select from notice where addressed_at is null)
                or exists (select from delivery where message_id is null)
                or exists (select from message where closed_at is null) as "found!""#
        );
        Ok(found.fetch_one(&self.pool).await?)
    }

    /// Looks up who is told of the oldest notices that nobody looked at yet; whether there may be more of them. Those with words
    /// of a newer program are left to it.
    ///
    /// # Errors
    /// The database is away.
    pub async fn address(&self, told: impl Fn(&Notice) -> Vec<Digest> + Send) -> Result<bool, Error> {
        let mut transaction = self.pool.begin().await?;
        let rows = sqlx::query_as!(
            NoticeRow,
            "select notice_id, union_name, event, since, why, revision_id, deployment_id, created_at from notice
            where addressed_at is null order by notice_id limit $1 for update skip locked",
            i64::from(LOOK)
        )
        .fetch_all(&mut *transaction)
        .await?;
        let (mut looked, mut to, mut of) = (Vec::new(), Vec::new(), Vec::new());
        for row in rows {
            let id = row.notice_id;
            let Ok(notice) = row.read() else { continue };
            looked.push(id);
            for destination in told(&notice) {
                to.push(destination.as_bytes().to_vec());
                of.push(id);
            }
        }
        sqlx::query!(
            "insert into delivery (destination, notice_id)
            select * from unnest($1::bytea[], $2::bigint[]) on conflict do nothing",
            &to,
            &of
        )
        .execute(&mut *transaction)
        .await?;
        sqlx::query!("update notice set addressed_at = clock_timestamp() where notice_id = any($1)", &looked)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(u32::try_from(looked.len()).is_ok_and(|looked| looked == LOOK))
    }

    /// Forgets what was to be sent to other destinations than these; how many notices that were.
    ///
    /// # Errors
    /// The database is away.
    pub async fn forget_destinations_but(&self, known: &[Digest]) -> Result<u64, Error> {
        let known = bytes(known);
        let forgotten = sqlx::query!(
            "delete from delivery where destination <> all($1) and (message_id is null or message_id in (
                select message_id from message where closed_at is null and destination <> all($1)
            ))",
            &known
        )
        .execute(&self.pool)
        .await?
        .rows_affected();
        sqlx::query!("delete from message where closed_at is null and destination <> all($1)", &known)
            .execute(&self.pool)
            .await?;
        Ok(forgotten)
    }

    /// Makes a message for each of these destinations that has something to be told, for long enough, and was left alone for
    /// long enough.
    ///
    /// # Errors
    /// The database is away.
    pub async fn gather(&self, destinations: &[Digest], pace: Pace) -> Result<(), Error> {
        sqlx::query!(
            "with ready as (
                select destination from delivery join notice using (notice_id)
                where message_id is null and destination = any($1)
                group by destination
                having min(notice.created_at) <= clock_timestamp() - make_interval(secs => $2)
            ), made as (
                insert into message (destination)
                select destination from ready
                where not exists (
                    select from message where message.destination = ready.destination
                        and (closed_at is null or closed_at > clock_timestamp() - make_interval(secs => $3))
                )
                on conflict (destination) where closed_at is null do nothing
                returning message_id, destination
            )
            update delivery set message_id = chosen.message_id
            from (
                select made.message_id, made.destination, waiting.notice_id
                from made cross join lateral (
                    select notice_id from delivery
                    where delivery.destination = made.destination and message_id is null
                    order by notice_id limit $4
                ) as waiting
            ) as chosen
            where (delivery.destination, delivery.notice_id) = (chosen.destination, chosen.notice_id)",
            &bytes(destinations),
            pace.gather.as_secs_f64(),
            pace.rest.as_secs_f64(),
            i64::from(pace.most)
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// The messages to these destinations that are due, each for who asks alone. One with words of a newer program is left to
    /// it.
    ///
    /// # Errors
    /// The database is away.
    pub async fn claim_messages(
        &self,
        destinations: &[Digest],
        pace: Pace,
    ) -> Result<Vec<OpenMessage>, Error> {
        let claimed = sqlx::query!(
            r#"update message
            set attempts = attempts + 1, due_at = clock_timestamp() + make_interval(secs => $2)
            where message_id in (
                select message_id from message
                where closed_at is null and due_at <= clock_timestamp() and destination = any($1)
                for update skip locked
            )
            returning message_id, destination, attempts,
                extract(epoch from clock_timestamp() - created_at)::float8 as "age!""#,
            &bytes(destinations),
            pace.alone.as_secs_f64()
        )
        .fetch_all(&self.pool)
        .await?;
        let mut messages = Vec::new();
        for row in claimed {
            let notices = sqlx::query_as!(
                NoticeRow,
                "select notice_id, union_name, event, since, why, revision_id, deployment_id, notice.created_at
                from delivery join notice using (notice_id) where message_id = $1 order by notice_id",
                row.message_id
            )
            .fetch_all(&self.pool)
            .await?;
            let read: Result<_, _> = notices.into_iter().map(NoticeRow::read).collect();
            let Ok(notices) = read else { continue };
            messages.push(OpenMessage {
                id: row.message_id,
                destination: row::digest(&row.destination)?,
                attempts: u32::try_from(row.attempts).unwrap_or_default(),
                age: Duration::try_from_secs_f64(row.age).unwrap_or_default(),
                notices,
            });
        }
        Ok(messages)
    }

    /// Whether one of these destinations was not told last.
    ///
    /// # Errors
    /// The database is away.
    pub async fn is_message_in_trouble(&self, destinations: &[Digest]) -> Result<bool, Error> {
        let found = sqlx::query_scalar!(
            r#"select exists (
                select from message
                where failure is not null and destination = any($1) and not exists (
                    select from message as newer
                    where newer.destination = message.destination and newer.created_at > message.created_at
                        and newer.outcome = 'sent'
                )
            ) as "found!""#,
            &bytes(destinations)
        );
        Ok(found.fetch_one(&self.pool).await?)
    }

    /// The message was taken.
    ///
    /// # Errors
    /// The database is away. It is sent once more then.
    pub async fn message_sent(&self, id: Uuid) -> Result<(), Error> {
        sqlx::query!(
            "update message set outcome = 'sent', closed_at = clock_timestamp(), failure = null
            where message_id = $1 and closed_at is null",
            id
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// The message was not taken; it is tried again after `wait`, or never.
    ///
    /// # Errors
    /// The database is away.
    pub async fn message_failed(&self, id: Uuid, why: &str, wait: Option<Duration>) -> Result<(), Error> {
        sqlx::query!(
            "update message set failure = $2,
                due_at = clock_timestamp() + make_interval(secs => coalesce($3::float8, 0)),
                outcome = case when $3::float8 is null then 'given-up' end,
                closed_at = case when $3::float8 is null then clock_timestamp() end
            where message_id = $1 and closed_at is null",
            id,
            why,
            wait.map(|wait| wait.as_secs_f64())
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }
}

fn bytes(digests: &[Digest]) -> Vec<Vec<u8>> {
    digests.iter().map(|digest| digest.as_bytes().to_vec()).collect()
}

struct NoticeRow {
    notice_id: i64,
    union_name: String,
    event: String,
    since: Vec<String>,
    why: Option<String>,
    revision_id: Option<Vec<u8>>,
    deployment_id: Option<Uuid>,
    created_at: chrono::DateTime<chrono::Utc>,
}

impl NoticeRow {
    fn read(self) -> Result<Notice, RowError> {
        Ok(Notice {
            union: row::union_name(&self.union_name)?,
            event: row::word(&self.event)?,
            since: self.since.iter().map(|event| row::word(event)).collect::<Result<_, _>>()?,
            why: self.why,
            revision: self.revision_id.as_deref().map(row::object_id).transpose()?,
            deployment: self.deployment_id.map(DeploymentId),
            at: self.created_at,
        })
    }
}
