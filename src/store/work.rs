//! The work queue: when each union is due and why, and who takes it next.
//!
//! Level-triggered: a row says that a union is due, not what happened. What becomes due during a lease is kept for its
//! end; a lease that runs out makes its union due by itself, so a worker that dies loses nothing.

use std::collections::BTreeSet;
use std::time::Duration;

use sqlx::PgConnection;
use uuid::Uuid;

use super::{ACCEPTOR_VERSION, Claim, Error, RowError, Shown, Store, row, union};
use crate::desired::TEMPLATE_VERSION;
use crate::digest::Digest;
use crate::ids::{DeploymentId, FencingToken};
use crate::names::UnionName;
use crate::outcome::Reason;

/// What a worker leaves behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Nothing to do until somebody makes it due. Its attempts count anew.
    Idle,
    /// To be looked at again after a time. Its attempts count anew.
    After(Duration, Reason),
    /// Failed: to be tried again after a time, one attempt more.
    Retry(Duration),
    /// Stopped in the middle: due at once, for another worker. Its attempts stay as they are.
    Resume,
}

/// Makes unions due within a transaction of the caller. Unions that are not known are left out: they have no row.
pub(super) async fn make_due(
    connection: &mut PgConnection,
    unions: &[(UnionName, Reason)],
    after: Duration,
) -> Result<(), Error> {
    let names: Vec<_> = unions.iter().map(|(union, _)| union.as_str().to_owned()).collect();
    let reasons: Vec<_> = unions.iter().map(|(_, reason)| reason.as_str().to_owned()).collect();
    // In one order everywhere, so that two of these never wait for each other's rows.
    sqlx::query!(
        "insert into work (union_name, due_at, reason, turn_at)
        select union_name, due_at, reason, due_at + head_start(reason)
        from (
            select distinct on (union_name) union_name, reason
            from unnest($1::text[], $2::text[]) as new (union_name, reason)
            order by union_name, head_start(reason)
        ) as new
        join union_status using (union_name)
        cross join (select clock_timestamp() + make_interval(secs => $3) as due_at) as time
        order by union_name
        on conflict (union_name) do update set
            due_at = least(work.due_at, excluded.due_at),
            reason = work_reason(work.reason, work.turn_at, excluded.reason, excluded.due_at, excluded.turn_at),
            turn_at = least(work.turn_at, excluded.turn_at)
        where work.due_at is null or work.due_at > excluded.due_at or work.turn_at > excluded.turn_at
            or work.reason
                <> work_reason(work.reason, work.turn_at, excluded.reason, excluded.due_at, excluded.turn_at)",
        &names,
        &reasons,
        after.as_secs_f64()
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// These unions were accepted by this program: an older one does not claim them any more.
pub(super) async fn record_acceptor(connection: &mut PgConnection, unions: &[String]) -> Result<(), Error> {
    sqlx::query!(
        "update work set acceptor_version = $1 where union_name = any($2) and acceptor_version < $1",
        ACCEPTOR_VERSION,
        unions
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Templates of this version are written for the union: a program that knows only older ones does not claim it any more.
pub(super) async fn record_templates(
    connection: &mut PgConnection,
    union: &UnionName,
    version: u32,
) -> Result<(), Error> {
    sqlx::query!(
        "update work set template_version = $2 where union_name = $1 and template_version < $2",
        union.as_str(),
        i32::try_from(version).unwrap_or(i32::MAX)
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// The version of our own templates, as a column has it.
pub(super) fn templates() -> i32 {
    i32::try_from(TEMPLATE_VERSION).unwrap_or(i32::MAX)
}

/// The unions that are due and not worked on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Queue {
    /// How many they are.
    pub due: u64,
    /// How long the one that waits longest has been due.
    pub oldest: Duration,
}

impl Store {
    /// Makes unions due after a time; an earlier due time stays. Unknown unions are left out.
    ///
    /// # Errors
    /// The database is away.
    pub async fn make_due(&self, unions: &[(UnionName, Reason)], after: Duration) -> Result<(), Error> {
        make_due(&mut *self.pool.acquire().await?, unions, after).await
    }

    /// Makes unions due in which something moved, as this replica sees it. A union that another one works on is left to it: that
    /// one sees the same, and knows what of it it wrote itself.
    ///
    /// # Errors
    /// The database is away.
    pub async fn moved(&self, replica: Uuid, unions: &[(UnionName, Reason)]) -> Result<(), Error> {
        let names: Vec<_> = unions.iter().map(|(union, _)| union.as_str().to_owned()).collect();
        let elsewhere = sqlx::query_scalar!(
            "select union_name from work
            where union_name = any($1) and lease_holder <> $2 and leased_until > clock_timestamp()",
            &names,
            replica
        )
        .fetch_all(&self.pool)
        .await?;
        let elsewhere: BTreeSet<String> = elsewhere.into_iter().collect();
        let is_left = |(union, _): &&(UnionName, Reason)| !elsewhere.contains(union.as_str());
        let due: Vec<_> = unions.iter().filter(is_left).cloned().collect();
        self.make_due(&due, Duration::ZERO).await
    }

    /// Makes all unions due, each at another moment within `spread`, for a start or an interval; an earlier due time
    /// stays.
    ///
    /// # Errors
    /// The database is away.
    pub async fn make_all_due(&self, reason: Reason, spread: Duration) -> Result<(), Error> {
        sqlx::query!(
            "insert into work (union_name, due_at, reason, turn_at)
            select union_name, due_at, $1, due_at + head_start($1)
            from (
                select union_name, clock_timestamp() + random() * make_interval(secs => $2) as due_at
                from union_status
                order by union_name
            ) as new
            on conflict (union_name) do update set
                due_at = least(work.due_at, excluded.due_at),
                reason = work_reason(work.reason, work.turn_at, excluded.reason, excluded.due_at, excluded.turn_at),
                turn_at = least(work.turn_at, excluded.turn_at)
            where work.due_at is null or work.due_at > excluded.due_at or work.turn_at > excluded.turn_at
                or work.reason
                    <> work_reason(work.reason, work.turn_at, excluded.reason, excluded.due_at, excluded.turn_at)",
            reason.as_str(),
            spread.as_secs_f64()
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Takes the union whose turn it is, for the time of the lease: one that is due, or one whose worker let its
    /// lease run out. A deployment that this worker left running is closed as interrupted; one that waits goes on. What a
    /// newer program works on is left to it.
    ///
    /// # Errors
    /// The database is away.
    pub async fn claim(&self, holder: Uuid, lease: Duration) -> Result<Option<Claim>, Error> {
        // `now()`, since an index cannot be searched for a time that moves; nothing here waits for a lock.
        let found = sqlx::query!(
            r#"with expired as (
                select union_name, 'retry' as reason, 1 as failed
                from work
                where lease_holder is not null and leased_until <= now()
                    and not exists (select from stop)
                    and acceptor_version <= $3 and template_version <= $4
                order by leased_until
                limit 1
                for update skip locked
            ), due as (
                -- A turn comes at most a minute after the due time, hence the second condition: it lets the index
                -- leave out what is far from due.
                select union_name, reason, 0 as failed
                from work
                where lease_holder is null
                    and due_at <= now()
                    and turn_at <= now() + interval '1 minute'
                    and acceptor_version <= $3 and template_version <= $4
                    and not exists (select from expired)
                    and not exists (select from stop)
                order by turn_at
                limit 1
                for update skip locked
            ), next as (
                select * from expired union all select * from due
            ), interrupted as (
                -- All earlier leases on this union are over, so nobody runs what still says so.
                update deployment set phase = 'closed', outcome = 'interrupted', closed_at = clock_timestamp()
                from next
                where deployment.union_name = next.union_name and phase = 'running'
                returning deployment_id, deployment.union_name, revision_id
            ), audited as (
                insert into audit (what, union_name, revision_id, deployment_id, detail)
                select 'deployment-closed', union_name, revision_id, deployment_id, '{"outcome": "interrupted"}'
                from interrupted
            )
            update work set
                due_at = null,
                reason = null,
                turn_at = null,
                attempts = attempts + next.failed,
                lease_holder = $1,
                leased_until = now() + make_interval(secs => $2),
                fencing_token = nextval('fencing_token')
            from next
            where work.union_name = next.union_name
            returning
                work.union_name,
                fencing_token,
                next.reason as "reason!",
                attempts,
                (select deployment_id from interrupted) as interrupted,
                now() as "claimed_at!""#,
            holder,
            lease.as_secs_f64(),
            ACCEPTOR_VERSION,
            templates()
        )
        .fetch_optional(&self.pool)
        .await?;
        let Some(found) = found else { return Ok(None) };
        Ok(Some(Claim {
            union: row::union_name(&found.union_name)?,
            token: FencingToken(found.fencing_token),
            // One that only a newer program knows: that the union is due counts for us as well.
            reason: row::word(&found.reason).unwrap_or(Reason::Retry),
            attempts: u32::try_from(found.attempts).unwrap_or_default(),
            interrupted: found.interrupted.map(DeploymentId),
            claimed_at: found.claimed_at,
        }))
    }

    /// Ends the lease. What became due during it stays due. The lease on a union that was forgotten has ended already.
    ///
    /// # Errors
    /// The lease is lost (then its next holder decides), or the database is away.
    pub async fn release(&self, claim: &Claim, next: Next) -> Result<(), Error> {
        let (after, reason) = match next {
            Next::Idle => (None, None),
            Next::After(after, reason) => (Some(after), Some(reason)),
            Next::Retry(after) => (Some(after), Some(Reason::Retry)),
            Next::Resume => (Some(Duration::ZERO), Some(Reason::Retry)),
        };
        let attempts = match next {
            Next::Idle | Next::After(..) => 0,
            Next::Retry(_) => claim.attempts.saturating_add(1),
            Next::Resume => claim.attempts,
        };
        let released = sqlx::query_scalar!(
            r#"with released as (
                update work set
                    lease_holder = null,
                    leased_until = null,
                    attempts = $5,
                    due_at = least(due_at, clock_timestamp() + make_interval(secs => $3)),
                    reason = case
                        when turn_at <= clock_timestamp() + make_interval(secs => $3) + head_start($4) then reason
                        else coalesce($4, reason)
                    end,
                    turn_at = least(turn_at, clock_timestamp() + make_interval(secs => $3) + head_start($4))
                where union_name = $1 and fencing_token = $2 and leased_until > clock_timestamp()
                returning union_name
            )
            select exists(select from released) or not exists(select from work where union_name = $1)
                as "released!""#,
            claim.union.as_str(),
            claim.token.0,
            after.map(|after| after.as_secs_f64()),
            reason.map(Reason::as_str),
            i32::try_from(attempts).unwrap_or(i32::MAX)
        )
        .fetch_one(&self.pool)
        .await?;
        if released { Ok(()) } else { Err(claim.lost()) }
    }

    /// Unions whose next look is a regular one, within `horizon`, and that are as they were accepted; each with the digest
    /// of what is accepted.
    ///
    /// # Errors
    /// The database is away, or a row is a newer program's.
    pub async fn regular_looks(
        &self,
        horizon: Duration,
        limit: u32,
    ) -> Result<Vec<(UnionName, Digest)>, Error> {
        let rows = sqlx::query!(
            r#"select union_name, accepted_input as "input!"
            from work join union_status using (union_name)
            where lease_holder is null and reason = 'interval'
                and due_at <= clock_timestamp() + make_interval(secs => $1)
                and progress = 'current' and health = 'current' and life = 'running'
                and applied_input = accepted_input
            order by due_at
            limit $2"#,
            horizon.as_secs_f64(),
            i64::from(limit)
        )
        .fetch_all(&self.pool)
        .await?;
        let rows =
            rows.into_iter().map(|row| Ok((row::union_name(&row.union_name)?, row::digest(&row.input)?)));
        Ok(rows.collect::<Result<_, RowError>>()?)
    }

    /// Puts regular looks off, each for its own time from now. What became due for another reason, was accepted
    /// meanwhile, or is worked on, stays as it is.
    ///
    /// # Errors
    /// The database is away.
    pub async fn put_off(&self, unions: &[UnionName], after: &[Duration]) -> Result<(), Error> {
        let names: Vec<_> = unions.iter().map(|union| union.as_str().to_owned()).collect();
        let seconds: Vec<_> = after.iter().map(Duration::as_secs_f64).collect();
        sqlx::query!(
            "with off as (
                select union_name, clock_timestamp() + make_interval(secs => after) as due_at
                from unnest($1::text[], $2::float8[]) as off (union_name, after)
                join work using (union_name)
                join union_status using (union_name)
                where lease_holder is null and reason = 'interval' and applied_input = accepted_input
                order by union_name
                for update of work skip locked
            )
            update work set due_at = off.due_at, turn_at = off.due_at + head_start('interval')
            from off
            where work.union_name = off.union_name",
            &names,
            &seconds
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Leaves the union to a program that knows these templates: it is the only one that claims it from now on. The
    /// reason is all that changes of what is shown.
    ///
    /// # Errors
    /// The lease is lost, or the database is away.
    pub async fn leave_to_newer(&self, claim: &Claim, template_version: u32, why: &str) -> Result<(), Error> {
        let mut transaction = self.fenced(claim).await?;
        record_templates(&mut transaction, &claim.union, template_version).await?;
        union::set_reason(&mut transaction, &claim.union, why).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// How long until a union is due or a lease runs out; zero if one is due now, none if nothing is planned.
    ///
    /// # Errors
    /// The database is away.
    pub async fn next_due_in(&self) -> Result<Option<Duration>, Error> {
        let seconds = sqlx::query_scalar!(
            "select extract(epoch from least(
                (
                    select due_at from work
                    where lease_holder is null and due_at is not null
                        and acceptor_version <= $1 and template_version <= $2
                    order by due_at limit 1
                ),
                (
                    select leased_until from work
                    where lease_holder is not null and acceptor_version <= $1 and template_version <= $2
                    order by leased_until limit 1
                )
            ) - clock_timestamp())::float8",
            ACCEPTOR_VERSION,
            templates()
        )
        .fetch_one(&self.pool)
        .await?;
        Ok(seconds.map(|seconds| Duration::try_from_secs_f64(seconds).unwrap_or_default()))
    }
}

impl Shown {
    /// What waits now.
    ///
    /// # Errors
    /// The database is away.
    pub async fn queue(&self) -> Result<Queue, Error> {
        let queue = sqlx::query!(
            r#"select count(*) as "due!",
                coalesce(extract(epoch from clock_timestamp() - min(due_at)), 0)::float8 as "oldest!"
            from work
            where due_at <= clock_timestamp() and lease_holder is null
                and ($1::text[] is null or union_name = any($1))"#,
            self.names()
        )
        .fetch_one(self.pool())
        .await?;
        Ok(Queue {
            due: u64::try_from(queue.due).unwrap_or_default(),
            oldest: Duration::try_from_secs_f64(queue.oldest).unwrap_or_default(),
        })
    }
}
