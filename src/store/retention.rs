//! What is kept of the past, and for how long: old deployments with their events and logs, what somebody else changed,
//! documents that no acceptance names any more, what people were told.
//!
//! A sweep goes in steps, each a transaction with so many rows at most, so that nobody waits for it. Invariants: of each
//! union the last deployments stay whole, whatever their age, and so does what is open; the audit is never touched.

use std::time::Duration;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Error, Store};
use crate::duration;

/// The settings of the past.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::Args)]
#[group(skip)]
pub struct Retention {
    /// How long the lines of a deployment's log are kept
    #[arg(long, env = "KEYFORGE_KEEP_LOGS", default_value = "90d", value_name = "DURATION",
          value_parser = duration::parse)]
    pub keep_logs: Duration,
    /// How long it is kept what became of each of a deployment's changes, how its union's state went, and what
    /// somebody else changed
    #[arg(long, env = "KEYFORGE_KEEP_EVENTS", default_value = "365d", value_name = "DURATION",
          value_parser = duration::parse)]
    pub keep_events: Duration,
    /// How long deployments are kept, with their plans and what is left of their events and logs
    #[arg(long, env = "KEYFORGE_KEEP_DEPLOYMENTS", default_value = "365d", value_name = "DURATION",
          value_parser = duration::parse)]
    pub keep_deployments: Duration,
    /// How many deployments of each union are kept whole, however old they are
    #[arg(long, env = "KEYFORGE_KEEP_LAST", default_value_t = 20, value_name = "NUMBER",
          value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub keep_last: u32,
    /// How long documents are kept that were accepted once and are not part of any union any more
    #[arg(long, env = "KEYFORGE_KEEP_DOCUMENTS", default_value = "90d", value_name = "DURATION",
          value_parser = duration::parse)]
    pub keep_documents: Duration,
    /// How long it is kept what people were told of unions, and in which message
    #[arg(long, env = "KEYFORGE_KEEP_NOTICES", default_value = "30d", value_name = "DURATION",
          value_parser = duration::parse)]
    pub keep_notices: Duration,
}

/// As good as for ever, and still a date.
pub(super) const CENTURY: Duration = Duration::from_secs(36_525 * 24 * 60 * 60);

/// So many deployments are looked at in one step.
const LOOK: u32 = 500;

/// So many rows go in one step.
pub const BATCH: u32 = 1_000;

/// What a sweep has removed so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Swept {
    /// Lines of logs.
    pub lines: u64,
    /// Events of deployments.
    pub events: u64,
    /// Deployments.
    pub deployments: u64,
    /// What somebody else changed.
    pub drift: u64,
    /// How unions' states went.
    pub states: u64,
    /// Documents.
    pub documents: u64,
    /// Messages to people, and what they were told.
    pub notices: u64,
}

/// One walk over what is too old, oldest first.
pub struct Sweep {
    retention: Retention,
    next: Next,
    /// What is removed so far.
    pub swept: Swept,
}

/// What of a deployment is too old.
#[derive(Clone, Copy)]
enum Part {
    Lines,
    Events,
    Whole,
}

/// What the next step does.
enum Next {
    /// Find deployments after this place.
    Find(Part, Place),
    /// Remove that part of these, then go on from the place, if there is more.
    Remove(Part, Vec<Uuid>, Option<Place>),
    Drift,
    States,
    Documents,
    Messages,
    Notices,
    Nothing,
}

/// Where in the order of deployments, oldest first.
#[derive(Clone, Copy)]
struct Place {
    opened_at: DateTime<Utc>,
    id: Uuid,
}

impl Place {
    const START: Self = Self { opened_at: DateTime::UNIX_EPOCH, id: Uuid::nil() };
}

impl Sweep {
    /// One that has not begun.
    pub fn new(retention: Retention) -> Self {
        Self { retention, next: Next::Find(Part::Lines, Place::START), swept: Swept::default() }
    }

    /// One step; whether there is another one.
    ///
    /// # Errors
    /// The database is away. The same step can be tried again.
    pub async fn step(&mut self, store: &Store) -> Result<bool, Error> {
        self.next = match &self.next {
            Next::Find(part, place) => {
                let (found, more) =
                    store.superfluous(self.age(*part), self.retention.keep_last, *place).await?;
                if found.is_empty() { after(*part, more) } else { Next::Remove(*part, found, more) }
            }
            Next::Remove(part, found, more) => {
                let removed = match part {
                    Part::Lines => store.remove_lines(found).await?,
                    Part::Events => store.remove_events(found).await?,
                    Part::Whole => store.remove_deployments(found).await?,
                };
                let counted = match part {
                    Part::Lines => &mut self.swept.lines,
                    Part::Events => &mut self.swept.events,
                    Part::Whole => &mut self.swept.deployments,
                };
                *counted += removed;
                if removed == u64::from(BATCH) {
                    return Ok(true);
                }
                after(*part, *more)
            }
            Next::Drift => {
                let removed = store.remove_drift(self.age(Part::Events)).await?;
                self.swept.drift += removed;
                if removed == u64::from(BATCH) { Next::Drift } else { Next::States }
            }
            Next::States => {
                let removed = store.remove_state_changes(self.age(Part::Events)).await?;
                self.swept.states += removed;
                if removed == u64::from(BATCH) { Next::States } else { Next::Documents }
            }
            Next::Documents => {
                let removed = store.remove_documents(self.retention.keep_documents).await?;
                self.swept.documents += removed;
                if removed == u64::from(BATCH) {
                    return Ok(true);
                }
                Next::Messages
            }
            Next::Messages => {
                let removed = store.remove_messages(self.retention.keep_notices).await?;
                self.swept.notices += removed;
                if removed == u64::from(BATCH) { Next::Messages } else { Next::Notices }
            }
            Next::Notices => {
                let removed = store.remove_notices(self.retention.keep_notices).await?;
                self.swept.notices += removed;
                if removed == u64::from(BATCH) { Next::Notices } else { Next::Nothing }
            }
            Next::Nothing => Next::Nothing,
        };
        Ok(!matches!(self.next, Next::Nothing))
    }

    /// How old a part of a deployment may be. Nothing of it outlives it.
    fn age(&self, part: Part) -> Duration {
        let Retention { keep_logs, keep_events, keep_deployments, .. } = self.retention;
        match part {
            Part::Lines => keep_logs.min(keep_deployments),
            Part::Events => keep_events.min(keep_deployments),
            Part::Whole => keep_deployments,
        }
    }
}

/// What comes once a part of some deployments is removed: that of the following ones, then the next part.
fn after(part: Part, more: Option<Place>) -> Next {
    match (more, part) {
        (Some(place), part) => Next::Find(part, place),
        (None, Part::Lines) => Next::Find(Part::Events, Place::START),
        (None, Part::Events) => Next::Find(Part::Whole, Place::START),
        (None, Part::Whole) => Next::Drift,
    }
}

impl Store {
    /// Closed deployments that were opened longer ago than `age` and are not among the `last` of their union, out of a few
    /// that follow on a place; and the place after those, if there are more.
    async fn superfluous(
        &self,
        age: Duration,
        last: u32,
        place: Place,
    ) -> Result<(Vec<Uuid>, Option<Place>), Error> {
        let looked = sqlx::query!(
            r#"with looked as materialized (
                select deployment_id, union_name, created_at from deployment
                where created_at < now() - make_interval(secs => $1) and (created_at, deployment_id) > ($2, $3)
                    and phase = 'closed'
                order by created_at, deployment_id
                limit $4
            )
            select deployment_id, created_at,
                exists (
                    select from deployment as newer
                    where newer.union_name = looked.union_name
                        and (newer.created_at, newer.deployment_id) > (looked.created_at, looked.deployment_id)
                    order by newer.created_at desc, newer.deployment_id desc
                    offset $5 limit 1
                ) as "is_superfluous!"
            from looked order by created_at, deployment_id"#,
            age.min(CENTURY).as_secs_f64(),
            place.opened_at,
            place.id,
            i64::from(LOOK),
            i64::from(last) - 1
        )
        .fetch_all(&self.pool)
        .await?;
        let is_full = u32::try_from(looked.len()).is_ok_and(|looked| looked == LOOK);
        let place = looked.last().map(|row| Place { opened_at: row.created_at, id: row.deployment_id });
        let found = looked.iter().filter(|row| row.is_superfluous).map(|row| row.deployment_id);
        Ok((found.collect(), place.filter(|_| is_full)))
    }

    async fn remove_lines(&self, of: &[Uuid]) -> Result<u64, Error> {
        // An array: a server that expects many rows from a subquery would rather read all of the table.
        let removed = sqlx::query!(
            "delete from deployment_log where deployment_log_id = any(array(
                select deployment_log_id from deployment_log where deployment_id = any($1) limit $2
            ))",
            of,
            i64::from(BATCH)
        );
        Ok(removed.execute(&self.pool).await?.rows_affected())
    }

    async fn remove_events(&self, of: &[Uuid]) -> Result<u64, Error> {
        let removed = sqlx::query!(
            "delete from deployment_event where deployment_event_id = any(array(
                select deployment_event_id from deployment_event where deployment_id = any($1) limit $2
            ))",
            of,
            i64::from(BATCH)
        );
        Ok(removed.execute(&self.pool).await?.rows_affected())
    }

    /// Those of which nothing is left but the record itself: what grew old just now waits for the next sweep, so that no
    /// transaction grows with the length of a log.
    async fn remove_deployments(&self, these: &[Uuid]) -> Result<u64, Error> {
        let removed = sqlx::query!(
            "delete from deployment
            where deployment_id = any($1)
                and not exists (select from deployment_log where deployment_id = deployment.deployment_id)
                and not exists (select from deployment_event where deployment_id = deployment.deployment_id)",
            these
        );
        Ok(removed.execute(&self.pool).await?.rows_affected())
    }

    /// Who accepts one of them again locks its row first: it is passed over then, or made anew.
    async fn remove_documents(&self, age: Duration) -> Result<u64, Error> {
        let removed = sqlx::query!(
            "delete from document where document_id = any(array(
                select document_id from document
                where left_at < now() - make_interval(secs => $1)
                order by left_at
                limit $2
                for update skip locked
            ))",
            age.min(CENTURY).as_secs_f64(),
            i64::from(BATCH)
        );
        Ok(removed.execute(&self.pool).await?.rows_affected())
    }
    /// Of messages that are sent or given up. What they told is not sent again: it was addressed.
    async fn remove_messages(&self, age: Duration) -> Result<u64, Error> {
        let removed = sqlx::query!(
            "delete from message where message_id = any(array(
                select message_id from message
                where closed_at < now() - make_interval(secs => $1) order by closed_at limit $2
            ))",
            age.min(CENTURY).as_secs_f64(),
            i64::from(BATCH)
        );
        Ok(removed.execute(&self.pool).await?.rows_affected())
    }

    /// But the last of a union that is not current again: it says what is to be told once it is. And none before an older one
    /// of its union, which would be the last one then.
    async fn remove_notices(&self, age: Duration) -> Result<u64, Error> {
        let removed = sqlx::query!(
            "delete from notice where notice_id = any(array(
                select notice_id from notice
                where created_at < now() - make_interval(secs => $1) and addressed_at is not null
                    and not exists (select from delivery where delivery.notice_id = notice.notice_id)
                    and (
                        event = 'recovered'
                        or exists (
                            select from notice as newer
                            where newer.union_name = notice.union_name and newer.notice_id > notice.notice_id
                        )
                        or not exists (select from union_status where union_status.union_name = notice.union_name)
                    )
                    and not exists (
                        select from notice as older
                        where older.union_name = notice.union_name and older.notice_id < notice.notice_id and (
                            older.created_at >= now() - make_interval(secs => $1) or older.addressed_at is null
                            or exists (select from delivery where delivery.notice_id = older.notice_id)
                        )
                    )
                order by notice_id limit $2
            ))",
            age.min(CENTURY).as_secs_f64(),
            i64::from(BATCH)
        );
        Ok(removed.execute(&self.pool).await?.rows_affected())
    }
}
