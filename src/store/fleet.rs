//! Reading what is shown of unions: one, some by name, or the worst first.
//!
//! Apart from `union`, which workers write: here is what people read, and why it is so. Invariant: what only a newer program
//! knows hides neither its union nor the others.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::{ACCEPTOR_VERSION, Error, RowError, Shown, others, row, work};
use crate::diagnostic::Span;
use crate::health::Health;
use crate::names::UnionName;
use crate::outcome::{Actor, UnionState};
use crate::revision::Revision;

/// Which unions.
#[derive(Debug, Clone, Default)]
pub struct UnionQuery {
    /// Only those in this state.
    pub state: Option<UnionState>,
    /// Only those of which this is so.
    pub filter: UnionFilter,
    /// In which order, and from where on.
    pub order: UnionOrder,
    /// How many at most.
    pub limit: u32,
}

/// What is asked for of unions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UnionFilter {
    /// Their name, display name or domain has this text, in any case.
    pub text: Option<String>,
    /// The image of their server has this text, in any case.
    pub image: Option<String>,
    /// They have these labels: an object of texts.
    pub labels: Option<Value>,
    /// One of their societies lists this address, in lower case.
    pub member: Option<String>,
}

/// An order of unions, with the place after which they are told; none: from the first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UnionOrder {
    /// By name.
    Name(Option<UnionName>),
    /// Those that need somebody first, then by name.
    Worst(Option<(UnionState, UnionName)>),
}

impl Default for UnionOrder {
    fn default() -> Self {
        Self::Name(None)
    }
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
    /// The image of its server; none until a document was accepted.
    pub image: Option<String>,
    /// Since when it is in its state.
    pub since: DateTime<Utc>,
    /// Who acts next; none: nobody has to.
    pub actor: Option<Actor>,
    /// Where the mistake is that holds it.
    pub place: Option<Span>,
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
    image: Option<String>,
    since: DateTime<Utc>,
    is_own: bool,
    takes_two: bool,
    is_left: bool,
    finding: Option<Value>,
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
            image: row.image,
            since: row.since,
            actor: actor(state, row.is_own, row.takes_two, row.is_left),
            // Its place alone: what else is in it may be a newer program's.
            place: row.finding.and_then(|found| serde_json::from_value(found).ok()),
        })
    }
}

/// Who acts next, so that a union goes on. `is_own`: what holds it stands in its own documents; `takes_two`: nobody approves
/// what they wrote; `is_left`: it waits for a newer program.
fn actor(state: UnionState, is_own: bool, takes_two: bool, is_left: bool) -> Option<Actor> {
    match state {
        UnionState::Failed => Some(Actor::Operator),
        UnionState::Held if is_own => Some(Actor::Officer),
        UnionState::Held => Some(Actor::Operator),
        UnionState::AwaitingApproval if takes_two => Some(Actor::SecondPerson),
        UnionState::AwaitingApproval | UnionState::Suspended => Some(Actor::Officer),
        UnionState::InProgress if is_left => Some(Actor::Operator),
        UnionState::InProgress => Some(Actor::Keyforge),
        UnionState::Tombstone | UnionState::Current => None,
    }
}

impl Shown {
    /// Some unions. What a newer program wrote is shown as far as it is known here.
    ///
    /// # Errors
    /// The database is away.
    pub async fn unions(&self, query: &UnionQuery) -> Result<Vec<UnionSummary>, Error> {
        let after = match &query.order {
            UnionOrder::Name(after) => {
                let filter = &query.filter;
                return self.union_rows(None, query.state, filter, after.as_ref(), query.limit).await;
            }
            UnionOrder::Worst(after) => after.as_ref(),
        };
        Ok(self.worst(query, after).await?.into_iter().filter_map(|(_, union)| union).collect())
    }

    /// Those that need somebody first, each with its place in this order; none where one was forgotten meanwhile. What is told
    /// of it may be newer than its place, from which the list goes on.
    ///
    /// # Errors
    /// The database is away.
    pub async fn worst(
        &self,
        query: &UnionQuery,
        after: Option<&(UnionState, UnionName)>,
    ) -> Result<Vec<((UnionState, UnionName), Option<UnionSummary>)>, Error> {
        let places = sqlx::query!(
            "select state, union_name from union_status
            where ($1::text is null or state = $1)
                and ($2::text is null or search like $2)
                and ($3::text is null or (state_rank(state), union_name) > (state_rank($3), $4))
                and ($5::text[] is null or union_name = any($5))
                and ($7::text is null and $8::jsonb is null and $9::text is null or exists (
                    select from acceptance
                    where acceptance.union_name = union_status.union_name and is_asked_for(acceptance.image, body, addresses, $7, $8, $9)
                ))
            order by state_rank(state), union_name
            limit $6",
            query.state.map(UnionState::as_str),
            query.filter.text.as_deref().map(pattern),
            after.map(|(state, _)| state.as_str()),
            after.map(|(_, name)| name.as_str()),
            self.names(),
            i64::from(query.limit),
            query.filter.image.as_deref().map(pattern),
            query.filter.labels.as_ref(),
            query.filter.member
        )
        .fetch_all(self.pool())
        .await?;
        let names: Vec<_> = places.iter().map(|row| row.union_name.clone()).collect();
        let found = self.union_rows(Some(&names), None, &UnionFilter::default(), None, query.limit).await?;
        let mut found: BTreeMap<_, _> = found.into_iter().map(|union| (union.name.clone(), union)).collect();
        let listed = places.iter().map(|row| {
            let name = row::union_name(&row.union_name)?;
            let union = found.remove(&name);
            Ok(((row::word(&row.state).unwrap_or(AT_A_NEWER_ONE), name), union))
        });
        Ok(listed.collect::<Result<_, RowError>>()?)
    }

    /// One union.
    ///
    /// # Errors
    /// The database is away.
    pub async fn union(&self, name: &UnionName) -> Result<Option<UnionSummary>, Error> {
        let name = [name.to_string()];
        Ok(self.union_rows(Some(&name), None, &UnionFilter::default(), None, 1).await?.pop())
    }

    /// Unions that do not work, by name: their members cannot reach what is in them.
    ///
    /// # Errors
    /// The database is away, or a row is a newer program's.
    pub async fn ill_unions(&self, limit: u32) -> Result<Vec<UnionName>, Error> {
        let names = sqlx::query_scalar!(
            "select union_name from union_status
            where health = 'failed' and life = 'running' and ($1::text[] is null or union_name = any($1))
            order by union_name limit $2",
            self.names(),
            i64::from(limit)
        )
        .fetch_all(self.pool())
        .await?;
        Ok(names.iter().map(|name| row::union_name(name)).collect::<Result<_, RowError>>()?)
    }

    /// A union that is not held is accepted as the head has it, also if the head did not change it: "at head" is
    /// derived here, so that a commit costs nothing for the unions that it leaves alone.
    async fn union_rows(
        &self,
        names: Option<&[String]>,
        state: Option<UnionState>,
        filter: &UnionFilter,
        after: Option<&UnionName>,
        limit: u32,
    ) -> Result<Vec<UnionSummary>, Error> {
        let rows = sqlx::query_as!(
            UnionRow,
            r#"select
                union_name, display_name, domain, state, health, health_why, u.societies, members, kept_until,
                u.updated_at, findings, body #>> '{spec,vaultwarden,image}' as image,
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
                        when state = 'awaiting-approval' then coalesce(awaiting_why, progress_why)
                        when is_left
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
                end as applied_id,
                case
                    when state = 'tombstone' then accepted_at
                    when state = 'failed' then coalesce(failed_at, progress_at)
                    when state = progress then progress_at
                    when state in ('held', 'awaiting-approval') then coalesce(waits_at, accepted_at)
                    else accepted_at
                end as "since!",
                coalesce(held_why like 'unions/' || union_name || '/%', false) as "is_own!",
                coalesce((select (keyforge #>> '{spec,guards,approval,secondPerson}')::boolean from head), false)
                    as "takes_two!",
                is_left as "is_left!",
                case when state = 'held' and held_why like 'unions/' || union_name || '/%' then (
                    select case when finding ->> 'path' like 'unions/' || u.union_name || '/%' then finding end
                    from hold where hold.union_name = u.union_name
                    order by hold_id desc limit 1
                ) end as finding
            from (
                select *,
                    life = 'running' and held_why is null and awaiting_why is null
                        and accepted_revision_id is not null as at_head
                from union_status
            ) as u
            left join work using (union_name)
            left join acceptance using (union_name)
            -- A newer program that runs takes what is due at once.
            cross join lateral (select coalesce(
                work.lease_holder is null and work.due_at < clock_timestamp() - interval '2 min'
                    and (work.acceptor_version > $6 or work.template_version > $7), false
            ) as is_left) as newer
            left join (select branch, revision_id from head join revision using (revision_id)) as head on true
            left join revision as accepted on accepted.revision_id = accepted_revision_id
            left join revision as applied on applied.revision_id = applied_revision_id
            where ($1::text[] is null or union_name = any($1))
                and ($2::text is null or state = $2)
                and ($3::text is null or search like $3)
                and ($4::text is null or union_name > $4)
                and ($8::text[] is null or union_name = any($8))
                and is_asked_for(acceptance.image, body, addresses, $13, $14, $15)
            order by union_name
            limit $5"#,
            names,
            state.map(UnionState::as_str),
            filter.text.as_deref().map(pattern),
            after.map(UnionName::as_str),
            i64::from(limit),
            ACCEPTOR_VERSION,
            work::templates(),
            self.names(),
            &others::codes(),
            others::HELD,
            others::COUNTED,
            others::REMOVED,
            filter.image.as_deref().map(pattern),
            filter.labels.as_ref(),
            filter.member
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
