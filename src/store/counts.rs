//! How many unions there are of which kind, of those that somebody sees.
//!
//! Apart from `fleet`, which reads them: counting all needs an index alone.

use std::collections::BTreeMap;

use super::fleet::{AT_A_NEWER_ONE, UnionFilter, pattern};
use super::{Error, Shown, row};
use crate::outcome::{Reason, UnionState};

/// How many unions there are; a word without unions is not told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UnionCounts {
    /// In each state.
    pub by_state: BTreeMap<UnionState, u64>,
    /// By how they do: `current`, `in-progress`, `failed` or `unknown`.
    pub by_health: BTreeMap<String, u64>,
}

struct CountRow {
    state: String,
    health: String,
    unions: i64,
}

impl Shown {
    /// How many unions there are.
    ///
    /// # Errors
    /// The database is away.
    pub async fn union_counts(&self) -> Result<UnionCounts, Error> {
        // A query of its own for all of them, which asks for nothing that is not in the index.
        let all = sqlx::query_as!(
            CountRow,
            r#"select state, health, count(*) as "unions!" from union_status group by state, health"#
        );
        let rows = match self.names() {
            None => all.fetch_all(self.pool()).await?,
            Some(names) => {
                let some = sqlx::query_as!(
                    CountRow,
                    r#"select state, health, count(*) as "unions!" from union_status
                    where union_name = any($1) group by state, health"#,
                    names
                );
                some.fetch_all(self.pool()).await?
            }
        };
        let mut counts = UnionCounts::default();
        for row in rows {
            let unions = u64::try_from(row.unions).unwrap_or_default();
            *counts.by_state.entry(row::word(&row.state).unwrap_or(AT_A_NEWER_ONE)).or_default() += unions;
            *counts.by_health.entry(row.health).or_default() += unions;
        }
        Ok(counts)
    }

    /// How many unions of which this is so are in each state; a state without unions is not told.
    ///
    /// # Errors
    /// The database is away.
    pub async fn union_counts_by_state(
        &self,
        filter: &UnionFilter,
    ) -> Result<BTreeMap<UnionState, u64>, Error> {
        if *filter == UnionFilter::default() {
            return Ok(self.union_counts().await?.by_state);
        }
        let rows = sqlx::query!(
            r#"select state, count(*) as "unions!" from union_status
            where ($1::text is null or search like $1) and ($2::text[] is null or union_name = any($2))
                and ($3::text is null and $4::jsonb is null and $5::text is null or exists (
                    select from acceptance
                    where acceptance.union_name = union_status.union_name and is_asked_for(acceptance.image, body, addresses, $3, $4, $5)
                ))
            group by state"#,
            filter.text.as_deref().map(pattern),
            self.names(),
            filter.image.as_deref().map(pattern),
            filter.labels.as_ref(),
            filter.member
        )
        .fetch_all(self.pool())
        .await?;
        let mut counts = BTreeMap::new();
        for row in rows {
            let state = row::word(&row.state).unwrap_or(AT_A_NEWER_ONE);
            *counts.entry(state).or_default() += u64::try_from(row.unions).unwrap_or_default();
        }
        Ok(counts)
    }

    /// How many deployments were started for this reason within the last day.
    ///
    /// # Errors
    /// The database is away.
    pub async fn deployments_of_today(&self, reason: Reason) -> Result<u64, Error> {
        let deployments = sqlx::query_scalar!(
            r#"select count(*) as "deployments!" from deployment
            where created_at > now() - interval '1 day' and reason = $1
                and ($2::text[] is null or union_name = any($2))"#,
            reason.as_str(),
            self.names()
        )
        .fetch_one(self.pool())
        .await?;
        Ok(u64::try_from(deployments).unwrap_or_default())
    }
}
