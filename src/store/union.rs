//! What is shown of each union: its state, its health, what is desired and what is applied.
//!
//! The worker with the lease writes what became of the union; the state itself follows from that and from what Git says
//! (`union_status.state`), so neither writer overwrites the other.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::{ACCEPTOR_VERSION, Claim, Error, RowError, Shown, Store, others, row, work};
use crate::digest::Digest;
use crate::health::Health;
use crate::names::UnionName;
use crate::outcome::UnionState;
use crate::plan::guards::Guard;
use crate::revision::{ObjectId, Revision};

/// What a worker found and did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnionFacts {
    /// What became of it. A tombstone or a hold that Git demands is shown before it where it comes first.
    pub state: UnionState,
    /// Does it work? `None` leaves what was seen before.
    pub health: Option<Health>,
    /// Why it is in its state, in a line for people.
    pub why: Option<String>,
    /// What is applied in full; `None` leaves what was applied before.
    pub applied: Option<Applied>,
    /// What a person should know; `None` leaves what was found before.
    pub findings: Option<Vec<String>>,
}

/// A state that was applied in full.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Applied {
    /// The accepted revision.
    pub revision: ObjectId,
    /// Of the accepted state.
    pub input: Digest,
    /// Of the desired state.
    pub desired: Digest,
}

/// Which unions.
#[derive(Debug, Clone, Default)]
pub struct UnionQuery {
    /// Only those in this state.
    pub state: Option<UnionState>,
    /// Only those whose name, display name or domain has this text, in any case.
    pub search: Option<String>,
    /// Only those whose name comes after this one.
    pub after: Option<UnionName>,
    /// How many at most.
    pub limit: u32,
}

/// One union in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnionSummary {
    /// Its name.
    pub name: UnionName,
    /// Shown to people; the name, until a document was accepted.
    pub display_name: String,
    /// The URL that members use; empty until a document was accepted.
    pub domain: String,
    /// Its state.
    pub state: UnionState,
    /// Does it work?
    pub health: Health,
    /// Why it is in its state.
    pub reason: Option<String>,
    /// The newest revision whose state of this union is accepted.
    pub desired: Option<Revision>,
    /// The newest revision whose state of this union is applied in full.
    pub applied: Option<Revision>,
    /// How many societies it has.
    pub societies: u32,
    /// How many members its societies have together.
    pub members: u32,
    /// Until when its data is kept, if it was removed.
    pub kept_until: Option<DateTime<Utc>>,
    /// When something of this changed.
    pub updated_at: DateTime<Utc>,
    /// What a person should know, one line each.
    pub findings: Vec<String>,
}

struct UnionRow {
    union_name: String,
    display_name: String,
    domain: String,
    state: String,
    health: String,
    health_why: Option<String>,
    reason: Option<String>,
    desired_branch: Option<String>,
    desired_id: Option<Vec<u8>>,
    applied_branch: Option<String>,
    applied_id: Option<Vec<u8>>,
    societies: i32,
    members: i32,
    kept_until: Option<DateTime<Utc>>,
    updated_at: DateTime<Utc>,
    findings: Vec<String>,
}

/// How a union is shown whose state is a newer program's.
pub(super) const AT_A_NEWER_ONE: UnionState = UnionState::InProgress;

impl TryFrom<UnionRow> for UnionSummary {
    type Error = RowError;

    /// A word that only a newer program knows hides neither its union nor the others.
    fn try_from(row: UnionRow) -> Result<Self, RowError> {
        let (state, reason) = match row::word(&row.state) {
            Ok(state) => (state, row.reason),
            Err(_) => {
                let why =
                    format!("a newer Keyforge says `{}`, which this one does not know: update it", row.state);
                (AT_A_NEWER_ONE, Some(why))
            }
        };
        Ok(Self {
            name: row::union_name(&row.union_name)?,
            display_name: row.display_name,
            domain: row.domain,
            state,
            health: row::health(&row.health, row.health_why.as_deref()).unwrap_or(Health::Unknown),
            reason,
            desired: row::revision(row.desired_branch, row.desired_id.as_deref())?,
            applied: row::revision(row.applied_branch, row.applied_id.as_deref())?,
            societies: u32::try_from(row.societies).unwrap_or_default(),
            members: u32::try_from(row.members).unwrap_or_default(),
            kept_until: row.kept_until,
            updated_at: row.updated_at,
            findings: row.findings,
        })
    }
}

impl Store {
    /// Records what became of a union, and gives the findings that are new. Equal facts write nothing.
    ///
    /// # Errors
    /// The lease is lost, or the database is away.
    pub async fn set_status(&self, claim: &Claim, facts: &UnionFacts) -> Result<Vec<String>, Error> {
        let mut transaction = self.fenced(claim).await?;
        let before = sqlx::query_scalar!(
            "with before as (select union_name, findings from union_status where union_name = $1)
            update union_status set
                progress = $2,
                progress_why = $3,
                health = coalesce($4, health),
                health_why = case when $4::text is null then health_why else $5 end,
                applied_revision_id = coalesce($6, applied_revision_id),
                applied_input = coalesce($7, applied_input),
                applied_desired = coalesce($8, applied_desired),
                findings = coalesce($9, union_status.findings),
                updated_at = now()
            from before
            where union_status.union_name = before.union_name
                and (progress, progress_why, health, health_why, applied_revision_id, applied_input, applied_desired,
                        union_status.findings)
                    is distinct from ($2, $3, coalesce($4, health),
                        case when $4::text is null then health_why else $5 end,
                        coalesce($6, applied_revision_id), coalesce($7, applied_input),
                        coalesce($8, applied_desired), coalesce($9, union_status.findings))
            returning before.findings",
            claim.union.as_str(),
            facts.state.as_str(),
            facts.why,
            facts.health.as_ref().map(Health::as_str),
            facts.health.as_ref().and_then(Health::why),
            facts.applied.as_ref().map(|applied| applied.revision.as_bytes().as_slice()),
            facts.applied.as_ref().map(|applied| applied.input.as_bytes().as_slice()),
            facts.applied.as_ref().map(|applied| applied.desired.as_bytes().as_slice()),
            facts.findings.as_deref()
        )
        .fetch_optional(&mut *transaction)
        .await?;
        transaction.commit().await?;
        let Some(before) = before else { return Ok(Vec::new()) };
        let found = facts.findings.iter().flatten();
        Ok(found.filter(|finding| !before.contains(finding)).cloned().collect())
    }

    /// Why a union is as it was, where nothing else of it is known anew.
    ///
    /// # Errors
    /// The lease is lost, or the database is away.
    pub async fn tell_reason(&self, claim: &Claim, why: &str) -> Result<(), Error> {
        let mut transaction = self.fenced(claim).await?;
        set_reason(&mut transaction, &claim.union, why).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Records what is missed of a union. An approval is of what was missed then.
    ///
    /// # Errors
    /// The lease is lost, or the database is away.
    pub async fn record_missed(&self, claim: &Claim, missed: Option<&Guard>) -> Result<(), Error> {
        let missed = missed.map(serde_json::to_value).transpose().map_err(RowError::from)?;
        let mut transaction = self.fenced(claim).await?;
        sqlx::query!(
            "update union_status set missed = $2, missed_forgiven = false, updated_at = now()
            where union_name = $1 and missed is distinct from $2",
            claim.union.as_str(),
            missed
        )
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Forgets a union of which nothing is left, its work and lease with it; its history stays. A union that came
    /// back meanwhile, or still owns something, is not forgotten.
    ///
    /// # Errors
    /// The lease is lost, or the database is away.
    pub async fn forget(&self, claim: &Claim) -> Result<(), Error> {
        let mut transaction = self.fenced(claim).await?;
        sqlx::query!(
            "delete from union_status
            where union_name = $1 and life = 'gone'
                and not exists (select from inventory where inventory.union_name = $1)",
            claim.union.as_str()
        )
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Forgets what is owned of a union of which nothing was ever accepted, and the union itself, unless its documents are
    /// held: then it is there, and only the cluster has nothing of it.
    ///
    /// # Errors
    /// The lease is lost, or the database is away.
    pub async fn forget_orphan(&self, claim: &Claim) -> Result<(), Error> {
        let mut transaction = self.fenced(claim).await?;
        sqlx::query!(
            "with orphan as (
                select union_name from union_status where union_name = $1 and accepted_revision_id is null
            ), owned as (
                delete from inventory using orphan where inventory.union_name = orphan.union_name
            )
            delete from union_status using orphan
            where union_status.union_name = orphan.union_name
                and not exists (select from diagnostic where diagnostic.union_name = orphan.union_name)",
            claim.union.as_str()
        )
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Keeps the data of a removed union until then, or for as long as it is kept already.
    ///
    /// # Errors
    /// The lease is lost, or the database is away.
    pub async fn keep_until(&self, claim: &Claim, until: DateTime<Utc>) -> Result<(), Error> {
        let mut transaction = self.fenced(claim).await?;
        sqlx::query!(
            "update union_status set kept_until = $2, updated_at = now()
            where union_name = $1 and life = 'retained' and kept_until < $2",
            claim.union.as_str(),
            until
        )
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(())
    }

    /// The deletion of a removed union that is kept until then has begun: from now on nothing brings it back. False if it
    /// came back meanwhile, also if it was removed once more.
    ///
    /// # Errors
    /// The lease is lost, or the database is away.
    pub async fn begin_deletion(&self, claim: &Claim, kept_until: DateTime<Utc>) -> Result<bool, Error> {
        let mut transaction = self.fenced(claim).await?;
        let begun = sqlx::query!(
            "update union_status set life = 'gone', updated_at = now()
            where union_name = $1 and life = 'retained' and kept_until = $2",
            claim.union.as_str(),
            kept_until
        )
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(begun.rows_affected() > 0)
    }
}

impl Shown {
    /// Unions by name. What a newer program wrote is shown as far as it is known here.
    ///
    /// # Errors
    /// The database is away.
    pub async fn unions(&self, query: &UnionQuery) -> Result<Vec<UnionSummary>, Error> {
        let search = query.search.as_deref().map(pattern);
        self.union_rows(None, query.state, search.as_deref(), query.after.as_ref(), query.limit).await
    }

    /// One union.
    ///
    /// # Errors
    /// The database is away.
    pub async fn union(&self, name: &UnionName) -> Result<Option<UnionSummary>, Error> {
        Ok(self.union_rows(Some(name), None, None, None, 1).await?.pop())
    }

    /// A union that is not held is accepted as the head has it, also if the head did not change it: "at head" is
    /// derived here, so that a commit costs nothing for the unions that it leaves alone.
    async fn union_rows(
        &self,
        name: Option<&UnionName>,
        state: Option<UnionState>,
        search: Option<&str>,
        after: Option<&UnionName>,
        limit: u32,
    ) -> Result<Vec<UnionSummary>, Error> {
        let rows = sqlx::query_as!(
            UnionRow,
            r#"select
                union_name, display_name, domain, state, health, health_why, societies, members, kept_until,
                u.updated_at, findings,
                coalesce(
                    case
                        when state = 'held' and $8::text[] is not null and (
                            held_why not like 'unions/' || union_name || '/%' or exists (
                                select from diagnostic
                                where diagnostic.union_name = u.union_name and body ->> 'code' = any($9)
                            )
                        ) then $10
                        when state = 'held' then held_why
                        when state = 'awaiting-approval' and $8::text[] is not null and awaiting_why like $11 then $12
                        when state = 'awaiting-approval' then awaiting_why
                        -- A newer program that runs takes what is due at once.
                        when work.lease_holder is null and work.due_at < clock_timestamp() - interval '2 min'
                            and (work.acceptor_version > $6 or work.template_version > $7)
                        then 'waits for a newer Keyforge, which worked on it before: start that one, or update this one'
                        -- What is left of its life before, until a worker has looked at it.
                        when state = 'tombstone' and progress <> 'tombstone' then null
                        else progress_why
                    end,
                    findings[1]
                ) as reason,
                case when at_head then head.branch else accepted.branch end as desired_branch,
                case when at_head then head.revision_id else accepted_revision_id end as desired_id,
                case
                    when at_head and applied_input = accepted_input then head.branch
                    else applied.branch
                end as applied_branch,
                case
                    when at_head and applied_input = accepted_input then head.revision_id
                    else applied_revision_id
                end as applied_id
            from (
                select *,
                    life = 'running' and held_why is null and awaiting_why is null
                        and accepted_revision_id is not null as at_head
                from union_status
            ) as u
            left join work using (union_name)
            left join (select branch, revision_id from head join revision using (revision_id)) as head on true
            left join revision as accepted on accepted.revision_id = accepted_revision_id
            left join revision as applied on applied.revision_id = applied_revision_id
            where ($1::text is null or union_name = $1)
                and ($2::text is null or state = $2)
                and ($3::text is null or search like $3)
                and ($4::text is null or union_name > $4)
                and ($8::text[] is null or union_name = any($8))
            order by union_name
            limit $5"#,
            name.map(UnionName::as_str),
            state.map(UnionState::as_str),
            search,
            after.map(UnionName::as_str),
            i64::from(limit),
            ACCEPTOR_VERSION,
            work::templates(),
            self.names(),
            &others::codes(),
            others::HELD,
            others::COUNTED,
            others::REMOVED
        )
        .fetch_all(self.pool())
        .await?;
        Ok(rows.into_iter().map(TryInto::try_into).collect::<Result<_, RowError>>()?)
    }
}

/// What `search` is like where it has this text, in any case.
pub(super) fn pattern(text: &str) -> String {
    let text = text.to_lowercase().replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    format!("%{text}%")
}

/// The reason is all that changes of what is shown.
pub(super) async fn set_reason(
    connection: &mut PgConnection,
    union: &UnionName,
    why: &str,
) -> Result<(), Error> {
    sqlx::query!(
        "update union_status set progress_why = $2, updated_at = now()
        where union_name = $1 and progress_why is distinct from $2",
        union.as_str(),
        why
    )
    .execute(connection)
    .await?;
    Ok(())
}
