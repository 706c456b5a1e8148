//! Reading what a union owns in the cluster: each resource, what became of it last, and who else changes it.
//!
//! Apart from `inventory`, which workers write and read under a lease: this serves people.

use chrono::{DateTime, Utc};

use super::{Error, RowError, Shown, drift, row};
use crate::ids::{DeploymentId, ResourceId};
use crate::names::UnionName;
use crate::outcome::Done;

/// Which resources.
#[derive(Debug, Clone)]
pub struct ResourceQuery {
    /// Of which union.
    pub union: UnionName,
    /// Only those that were entered after the one of this number.
    pub after: i64,
    /// How many at most.
    pub limit: u32,
}

/// A resource that a union owns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceRecord {
    /// Grows with each resource that is entered; the place to go on after.
    pub number: i64,
    /// Which.
    pub resource: ResourceId,
    /// When it was entered, which is before it was made.
    pub entered_at: DateTime<Utc>,
    /// Whether the server has confirmed that it was made.
    pub is_made: bool,
    /// What became of it last, as far as the last deployments of its union tell.
    pub last: Option<LastChange>,
    /// Fields of it that somebody else changed not long ago, and that were put back.
    pub disputes: Vec<Disputed>,
}

/// What became of a resource last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastChange {
    /// What.
    pub done: Done,
    /// When.
    pub at: DateTime<Utc>,
    /// In which deployment.
    pub deployment: DeploymentId,
    /// Why, where that is not plain.
    pub message: Option<String>,
}

/// A field that was put back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disputed {
    /// Which; empty: the whole resource.
    pub field: String,
    /// Who changed it last, as far as that is known.
    pub manager: String,
    /// How often.
    pub times: u32,
    /// When last.
    pub last_at: DateTime<Utc>,
}

/// How many deployments of a union are looked through for what became of its resources.
const RECENT: i64 = 20;

impl Shown {
    /// Resources of a union, in the order in which they were entered.
    ///
    /// # Errors
    /// The database is away, or a row is a newer program's.
    pub async fn resources(&self, query: &ResourceQuery) -> Result<Vec<ResourceRecord>, Error> {
        let rows = sqlx::query!(
            r#"with recent as (
                select distinct on (resource) resource, done, deployment_event.created_at, deployment_id, message
                from deployment_event
                where deployment_id in (
                        select deployment_id from deployment
                        where union_name = $1 order by created_at desc, deployment_id desc limit $4
                    )
                    and done <> 'kept'
                order by resource, deployment_event_id desc
            )
            select inventory_id, api_version, kind, namespace, name, inventory.created_at, uid is not null as "is_made!",
                recent.done as "done?", recent.created_at as "changed_at?", recent.deployment_id as "deployment_id?",
                recent.message as "message?"
            from inventory left join recent on recent.resource @> jsonb_strip_nulls(jsonb_build_object(
                'apiVersion', api_version, 'kind', kind, 'namespace', namespace, 'name', name
            ))
            where union_name = $1 and inventory_id > $2 and ($5::text[] is null or union_name = any($5))
            order by inventory_id
            limit $3"#,
            query.union.as_str(),
            query.after,
            i64::from(query.limit),
            RECENT,
            self.names()
        )
        .fetch_all(self.pool())
        .await?;
        let disputes = self.disputed(&query.union).await?;
        let records = rows.into_iter().map(|row| {
            let (kind, namespace, name) = (row.kind, row.namespace, row.name);
            let resource = ResourceId { kind, namespace, name, api_version: row.api_version };
            let last = match (row.done, row.changed_at, row.deployment_id) {
                (Some(done), Some(at), Some(id)) => Some(LastChange {
                    done: row::word(&done)?,
                    at,
                    deployment: DeploymentId(id),
                    message: row.message,
                }),
                _ => None,
            };
            let disputes = disputes.iter().filter(|(disputed, _)| *disputed == resource);
            Ok(ResourceRecord {
                number: row.inventory_id,
                entered_at: row.created_at,
                is_made: row.is_made,
                last,
                disputes: disputes.map(|(_, disputed)| disputed.clone()).collect(),
                resource,
            })
        });
        Ok(records.collect::<Result<_, RowError>>()?)
    }

    async fn disputed(&self, union: &UnionName) -> Result<Vec<(ResourceId, Disputed)>, Error> {
        let rows = sqlx::query!(
            "select resource, field, manager, times, last_at from drift
            where union_name = $1 and outcome = 'put-back' and last_at >= clock_timestamp() - make_interval(secs => $2)
            order by field",
            union.as_str(),
            drift::LASTS.as_secs_f64()
        )
        .fetch_all(self.pool())
        .await?;
        let disputed = rows.into_iter().map(|row| {
            let (field, manager, last_at) = (row.field, row.manager, row.last_at);
            let times = u32::try_from(row.times).unwrap_or_default();
            Ok((serde_json::from_value(row.resource)?, Disputed { field, manager, times, last_at }))
        });
        Ok(disputed.collect::<Result<_, RowError>>()?)
    }
}
