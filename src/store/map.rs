//! All unions at a glance, of those that somebody sees: a letter for the state of each, in the order of their names.
//!
//! Apart from the list, which tells a page of them: ten thousand are ten thousand bytes, read in one go. Invariant: a place in
//! one text is the place of a name in the other, as long as the version is the same.

use super::{Error, RowError, Shown, row};
use crate::names::UnionName;
use crate::outcome::UnionState;

/// Names of the map.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MapNames {
    /// In order.
    pub names: Vec<UnionName>,
    /// Of all there are, at the same moment.
    pub version: String,
}

/// All unions at a glance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FleetMap {
    /// The first letter of the state of each, by name.
    pub states: String,
    /// Of their names: another one as soon as a union comes or goes.
    pub version: String,
}

impl Shown {
    /// The state of each union.
    ///
    /// # Errors
    /// The database is away.
    pub async fn map(&self) -> Result<FleetMap, Error> {
        let map = sqlx::query!(
            r#"select coalesce(string_agg(letter, '' order by union_name), '') as "states!",
                md5(coalesce(string_agg(union_name, ' ' order by union_name), '')) as "version!"
            from (
                -- As for lists, what only a newer program knows is in progress.
                select union_name, left(case when state = any($2) then state else $3 end, 1) as letter
                from union_status where $1::text[] is null or union_name = any($1)
            ) as listed"#,
            self.names(),
            &UnionState::WORDS.iter().map(ToString::to_string).collect::<Vec<_>>(),
            super::fleet::AT_A_NEWER_ONE.as_str()
        )
        .fetch_one(self.pool())
        .await?;
        Ok(FleetMap { states: map.states, version: map.version })
    }

    /// So many names of the map, without the first ones.
    ///
    /// # Errors
    /// The database is away, or a row is a newer program's.
    pub async fn map_names(&self, without: u32, limit: u32) -> Result<MapNames, Error> {
        let found = sqlx::query!(
            r#"select md5(coalesce(string_agg(union_name, ' ' order by union_name), '')) as "version!",
                coalesce((array_agg(union_name order by union_name))[$2::integer + 1 : $2::integer + $3::integer], '{}')
                    as "names!"
            from union_status where $1::text[] is null or union_name = any($1)"#,
            self.names(),
            i32::try_from(without).unwrap_or(i32::MAX),
            i32::try_from(limit).unwrap_or(i32::MAX)
        )
        .fetch_one(self.pool())
        .await?;
        let names = found.names.iter().map(|name| row::union_name(name));
        Ok(MapNames { names: names.collect::<Result<_, RowError>>()?, version: found.version })
    }
}
