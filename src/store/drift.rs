//! What somebody else made of what we own: what it is, who did it, whether it was put back or is kept, how often.
//!
//! One row per field. What is changed again within an hour after it was put back is the same row with its count, so that a
//! fight is known to every replica and outlives a restart. Invariant: a look that finds what was found before writes nothing.

use std::cmp::Ordering;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgConnection;

use super::retention::{BATCH, CENTURY};
use super::{Claim, Error, RowError, Shown, Store, row};
use crate::ids::{DeploymentId, ResourceId};
use crate::names::UnionName;
use crate::outcome::{Alteration, DriftOutcome};
use crate::plan::FieldChange;

/// How long after the last time another one belongs to the same dispute.
pub(super) const LASTS: Duration = Duration::from_secs(3600);

/// So many fields of one object are kept; of more it is kept how many they are.
const FIELDS: usize = 100;

/// So many are read of a union.
const READ: i64 = 5_000;

/// Characters of a value that are kept: more tells nobody more.
const MOST: usize = 2_000;

/// A field that somebody else changed.
#[derive(Debug, Clone, PartialEq)]
pub struct Drifted {
    /// Of which object.
    pub resource: ResourceId,
    /// Which field; empty: the object itself.
    pub field: String,
    /// What we say; none: nothing.
    pub ours: Option<Value>,
    /// What they made of it; none: nothing.
    pub theirs: Option<Value>,
    /// Who changed it, as far as that is known.
    pub manager: String,
}

/// What is known of a union.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Drifts {
    /// What was put back not long ago, in the order in which it was changed first.
    pub disputes: Vec<Dispute>,
    /// What is left as somebody made it, by resource and field.
    pub kept: Vec<Drifted>,
}

/// A field that was put back not long ago.
#[derive(Debug, Clone, PartialEq)]
pub struct Dispute {
    /// Which, and who changed it last.
    pub field: Drifted,
    /// How often it was put back.
    pub times: u32,
    /// How long ago the last time was.
    pub age: Duration,
}

/// Which of what somebody else made.
#[derive(Debug, Clone)]
pub struct DriftQuery {
    /// Of which union.
    pub union: UnionName,
    /// Only what was so at this moment or later.
    pub since: Option<DateTime<Utc>>,
    /// Only what is of this kind.
    pub kind: Option<Alteration>,
    /// Only of what this became.
    pub outcome: Option<DriftOutcome>,
    /// Only what follows on the one of this number.
    pub after: Option<i64>,
    /// How many at most.
    pub limit: u32,
}

/// What somebody else made, and what became of it.
#[derive(Debug, Clone, PartialEq)]
pub struct DriftRecord {
    /// The place to go on after.
    pub number: i64,
    /// What was done.
    pub kind: Alteration,
    /// To which field, and what both say.
    pub field: Drifted,
    /// What became of it.
    pub outcome: DriftOutcome,
    /// How often.
    pub times: u32,
    /// When first.
    pub first_at: DateTime<Utc>,
    /// When last.
    pub last_at: DateTime<Utc>,
    /// Whether it is still so.
    pub stands: bool,
    /// That put it back last.
    pub deployment: Option<DeploymentId>,
}

/// Fields as columns of a table.
struct Columns {
    resources: Vec<Value>,
    fields: Vec<String>,
    ours: Vec<Option<Value>>,
    theirs: Vec<Option<Value>>,
    managers: Vec<String>,
}

impl Columns {
    fn of(drifted: &[Drifted]) -> Result<Self, RowError> {
        let resources = drifted.iter().map(|drifted| serde_json::to_value(&drifted.resource));
        Ok(Self {
            resources: resources.collect::<Result<_, _>>()?,
            fields: drifted.iter().map(|drifted| drifted.field.clone()).collect(),
            ours: drifted.iter().map(|drifted| drifted.ours.clone()).collect(),
            theirs: drifted.iter().map(|drifted| drifted.theirs.clone()).collect(),
            managers: drifted.iter().map(|drifted| drifted.manager.clone()).collect(),
        })
    }
}

/// A value as it is kept: of a very long one the beginning, as a text, and none has what a database does not take.
fn shortened(value: &Value) -> Value {
    let text = match value {
        Value::String(text) => text.replace('\0', "\u{2400}"),
        value => value.to_string(),
    };
    match text.char_indices().nth(MOST) {
        Some((end, _)) => Value::String(format!("{}…", &text[..end])),
        None if value.is_string() || text.contains("\\u0000") => Value::String(text),
        None => value.clone(),
    }
}

/// Counts fields that a deployment has put back.
pub(super) async fn put_back(
    connection: &mut PgConnection,
    union: &UnionName,
    deployment: DeploymentId,
    drifted: &[Drifted],
) -> Result<(), Error> {
    if drifted.is_empty() {
        return Ok(());
    }
    let Columns { resources, fields, ours, theirs, managers } =
        Columns::of(&Drifted::bounded(drifted.to_vec()))?;
    sqlx::query!(
        "with new as (
            select * from unnest($3::jsonb[], $4::text[], $5::jsonb[], $6::jsonb[], $7::text[])
                as new (resource, field, ours, theirs, manager)
        ), again as (
            update drift set
                ours = new.ours, theirs = new.theirs, manager = new.manager, times = times + 1,
                last_at = clock_timestamp(), deployment_id = $2
            from new
            where drift.union_name = $1 and drift.resource = new.resource and drift.field = new.field
                and outcome = 'put-back' and last_at >= clock_timestamp() - make_interval(secs => $8)
            returning drift.resource, drift.field
        )
        insert into drift (union_name, resource, field, ours, theirs, manager, outcome, deployment_id)
        select $1, new.*, 'put-back', $2 from new
        where (resource, field) not in (select resource, field from again)",
        union.as_str(),
        deployment.0,
        &resources,
        &fields,
        &ours as &[Option<Value>],
        &theirs as &[Option<Value>],
        &managers,
        LASTS.as_secs_f64()
    )
    .execute(connection)
    .await?;
    Ok(())
}

impl Store {
    /// Counts fields that a deployment has put back which failed after that.
    ///
    /// # Errors
    /// The lease is lost, or the database is away.
    pub async fn record_put_back(
        &self,
        claim: &Claim,
        deployment: DeploymentId,
        drifted: &[Drifted],
    ) -> Result<(), Error> {
        let mut transaction = self.fenced(claim).await?;
        put_back(&mut transaction, &claim.union, deployment, drifted).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// What somebody else made of a union: what was put back not long ago, and what is kept.
    ///
    /// # Errors
    /// The database is away, or a row is a newer program's.
    pub async fn drifts(&self, union: &UnionName) -> Result<Drifts, Error> {
        let rows = sqlx::query!(
            r#"select resource, field, ours, theirs, manager, outcome, times,
                extract(epoch from clock_timestamp() - last_at)::float8 as "age!"
            from drift
            where union_name = $1 and (
                (outcome = 'put-back' and last_at >= clock_timestamp() - make_interval(secs => $2))
                or (outcome = 'kept' and ended_at is null)
            )
            order by drift_id
            limit $3"#,
            union.as_str(),
            LASTS.as_secs_f64(),
            READ
        )
        .fetch_all(&self.pool)
        .await?;
        let mut found = Drifts::default();
        for row in rows {
            let resource = serde_json::from_value(row.resource).map_err(RowError::from)?;
            let (ours, theirs, manager) = (row.ours, row.theirs, row.manager);
            let field = Drifted { resource, field: row.field, ours, theirs, manager };
            match row::word(&row.outcome)? {
                DriftOutcome::Kept => found.kept.push(field),
                DriftOutcome::PutBack => found.disputes.push(Dispute {
                    field,
                    times: u32::try_from(row.times).unwrap_or_default(),
                    age: Duration::from_secs_f64(row.age.max(0.0)),
                }),
            }
        }
        found.kept.sort_by(Drifted::by_place);
        Ok(found)
    }

    /// What is left as somebody made it from now on: what is not in it is over.
    ///
    /// # Errors
    /// The lease is lost, or the database is away.
    pub async fn record_kept(&self, claim: &Claim, kept: &[Drifted]) -> Result<(), Error> {
        let Columns { resources, fields, ours, theirs, managers } = Columns::of(kept)?;
        let mut transaction = self.fenced(claim).await?;
        sqlx::query!(
            "update drift set ended_at = clock_timestamp(), last_at = clock_timestamp()
            where union_name = $1 and outcome = 'kept' and ended_at is null
                and (resource, field) not in (select * from unnest($2::jsonb[], $3::text[]))",
            claim.union.as_str(),
            &resources,
            &fields
        )
        .execute(&mut *transaction)
        .await?;
        sqlx::query!(
            "insert into drift (union_name, resource, field, ours, theirs, manager, outcome)
            select $1, new.*, 'kept' from unnest($2::jsonb[], $3::text[], $4::jsonb[], $5::jsonb[], $6::text[])
                as new (resource, field, ours, theirs, manager)
            on conflict (union_name, resource, field) where outcome = 'kept' and ended_at is null do update set
                ours = excluded.ours, theirs = excluded.theirs, manager = excluded.manager, last_at = excluded.last_at
            where (drift.ours, drift.theirs, drift.manager)
                is distinct from (excluded.ours, excluded.theirs, excluded.manager)",
            claim.union.as_str(),
            &resources,
            &fields,
            &ours as &[Option<Value>],
            &theirs as &[Option<Value>],
            &managers
        )
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(())
    }

    /// What was put back, or is over, longer ago than this; so many rows at most.
    pub(super) async fn remove_drift(&self, age: Duration) -> Result<u64, Error> {
        let removed = sqlx::query!(
            "delete from drift where drift_id = any(array(
                select drift_id from drift
                where last_at < now() - make_interval(secs => $1) and (outcome = 'put-back' or ended_at is not null)
                order by last_at limit $2
            ))",
            age.min(CENTURY).as_secs_f64(),
            i64::from(BATCH)
        );
        Ok(removed.execute(&self.pool).await?.rows_affected())
    }
}

impl Shown {
    /// What somebody else made of what a union owns, the last first.
    ///
    /// # Errors
    /// The database is away, or a row is a newer program's.
    pub async fn drift(&self, query: &DriftQuery) -> Result<Vec<DriftRecord>, Error> {
        let rows = sqlx::query!(
            r#"select drift_id, resource, field, ours, theirs, manager, outcome, times, created_at, last_at, deployment_id,
                outcome = 'kept' and ended_at is null as "stands!", kind as "kind!"
            from drift
            cross join lateral (select case
                when field = '' or theirs is null then 'removed' when ours is null then 'added' else 'changed'
            end as kind) as done
            where union_name = $1 and ($2::text[] is null or union_name = any($2))
                and ($3::timestamptz is null or last_at >= $3 or (outcome = 'kept' and ended_at is null))
                and ($4::text is null or outcome = $4)
                and ($5::text is null or kind = $5)
                and ($6::bigint is null or (last_at, drift_id) < (
                    select last_at, drift_id from drift where drift_id = $6 and union_name = $1
                ))
            order by last_at desc, drift_id desc
            limit $7"#,
            query.union.as_str(),
            self.names(),
            query.since,
            query.outcome.map(DriftOutcome::as_str),
            query.kind.map(Alteration::as_str),
            query.after,
            i64::from(query.limit)
        )
        .fetch_all(self.pool())
        .await?;
        let records = rows.into_iter().map(|row| {
            let (field, ours, theirs, manager) = (row.field, row.ours, row.theirs, row.manager);
            Ok(DriftRecord {
                number: row.drift_id,
                kind: row::word(&row.kind)?,
                field: Drifted {
                    resource: serde_json::from_value(row.resource)?,
                    field,
                    ours,
                    theirs,
                    manager,
                },
                outcome: row::word(&row.outcome)?,
                times: u32::try_from(row.times).unwrap_or_default(),
                first_at: row.created_at,
                last_at: row.last_at,
                stands: row.stands,
                deployment: row.deployment_id.map(DeploymentId),
            })
        });
        Ok(records.collect::<Result<_, RowError>>()?)
    }
}

impl Drifted {
    /// A field of this object that this manager changed. Of a very long value the beginning is kept.
    pub fn new(resource: ResourceId, change: &FieldChange, manager: String) -> Self {
        let FieldChange { path, from, to } = change;
        let short = |value: &Option<Value>| value.as_ref().map(shortened);
        Self { resource, field: path.clone(), ours: short(to), theirs: short(from), manager }
    }

    /// An object that somebody deleted.
    pub fn deleted(resource: ResourceId) -> Self {
        Self { resource, field: String::new(), ours: None, theirs: None, manager: String::new() }
    }

    /// Each field once, in order, with all who have it; of an object with very many the rest is one, which says how many.
    pub fn bounded(mut drifted: Vec<Self>) -> Vec<Self> {
        drifted.sort_by(Self::by_place);
        drifted.dedup_by(|later, earlier| {
            let is_same = Self::by_place(later, earlier).is_eq();
            if is_same && later.manager != earlier.manager {
                earlier.manager = format!("{}, {}", earlier.manager, later.manager);
            }
            is_same
        });
        let of_one = |one: &Self, other: &Self| one.resource == other.resource;
        let objects = drifted.chunk_by(of_one).flat_map(|fields| {
            let rest = fields.len().saturating_sub(FIELDS);
            let more = (rest > 0).then(|| Self {
                field: format!("({rest} more fields)"),
                ours: None,
                theirs: None,
                ..fields[0].clone()
            });
            fields.iter().take(FIELDS).cloned().chain(more)
        });
        let mut bounded: Vec<Self> = objects.collect();
        bounded.sort_by(Self::by_place);
        bounded
    }

    /// In which order they are compared: by resource and field.
    pub fn by_place(one: &Self, other: &Self) -> Ordering {
        (&one.resource, &one.field).cmp(&(&other.resource, &other.field))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drifted(field: &str, manager: &str) -> Drifted {
        let resource = ResourceId {
            kind: "Service".into(),
            namespace: None,
            name: "vaultwarden".into(),
            api_version: "v1".into(),
        };
        let change = FieldChange { path: field.into(), from: Some(1.into()), to: None };
        Drifted::new(resource, &change, manager.into())
    }

    #[test]
    fn a_field_of_two_managers_is_one_and_of_very_many_fields_the_rest_is_counted() {
        let both = Drifted::bounded(vec![drifted(".b", "mesh"), drifted(".a", "x"), drifted(".b", "hpa")]);
        let told: Vec<_> = both.iter().map(|field| format!("{} {}", field.field, field.manager)).collect();
        assert_eq!(told, [".a x", ".b mesh, hpa"]);
        assert_eq!(Drifted::bounded(both.clone()), both);
        let many = (0..250).map(|n| drifted(&format!(".{n:03}"), "x")).collect();
        let many = Drifted::bounded(many);
        assert_eq!((many.len(), many[0].field.as_str()), (FIELDS + 1, "(150 more fields)"));
    }

    #[test]
    fn of_a_very_long_value_the_beginning_is_kept() {
        for short in [Value::from("on"), serde_json::json!({ "a": [1, null] })] {
            assert_eq!(shortened(&short), short);
        }
        assert_eq!(shortened(&Value::from("a\0b")), "a\u{2400}b");
        assert_eq!(shortened(&serde_json::json!(["\0"])), r#"["\u0000"]"#, "as a text");
        let long = shortened(&Value::from("ä".repeat(MOST + 1)));
        assert_eq!(long.as_str().map(|text| text.chars().count()), Some(MOST + 1));
    }
}
