//! What is found by a few letters, of what somebody sees: unions, societies and people of accepted documents.
//!
//! Apart from the lists, which tell all of a thing: this tells where it is. Invariant: all of it is found by indexes, and
//! nothing of a union that is not seen is found.

use super::fleet::{AT_A_NEWER_ONE, pattern};
use super::{Error, Shown, row};
use crate::names::{SocietyName, UnionName};
use crate::outcome::{SocietyState, UnionState};

/// A union that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundUnion {
    /// Its name.
    pub name: UnionName,
    /// Shown to people.
    pub title: String,
    /// Its state.
    pub state: UnionState,
}

/// A society that was found, or somebody in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundSociety {
    /// Of which union.
    pub union: UnionName,
    /// Its name.
    pub name: SocietyName,
    /// Shown to people.
    pub title: String,
    /// Its state; none before its vault was looked at.
    pub state: Option<SocietyState>,
}

impl Shown {
    /// Unions whose name, display name or domain has this text, in any case. Those whose names begin with it come first.
    ///
    /// # Errors
    /// The database is away, or a row is a newer program's.
    pub async fn search_unions(&self, text: &str, limit: u32) -> Result<Vec<FoundUnion>, Error> {
        let within = pattern(text);
        let rows = sqlx::query!(
            r#"select union_name as "union_name!", display_name as "display_name!", state as "state!" from (
                (
                    select true as begins, union_name, display_name, state from union_status
                    where union_name like $1 and ($3::text[] is null or union_name = any($3))
                    order by union_name limit $4
                ) union all (
                    select false, union_name, display_name, state from union_status
                    where search like $2 and union_name not like $1
                        and ($3::text[] is null or union_name = any($3))
                    order by union_name limit $4
                )
            ) as found
            order by begins desc, union_name limit $4"#,
            within.trim_start_matches('%'),
            within,
            self.names(),
            i64::from(limit)
        )
        .fetch_all(self.pool())
        .await?;
        let found = rows.into_iter().map(|row| {
            Ok(FoundUnion {
                name: row::union_name(&row.union_name)?,
                title: row.display_name,
                state: row::word(&row.state).unwrap_or(AT_A_NEWER_ONE),
            })
        });
        found.collect()
    }

    /// Societies whose name or title has this text, in any case.
    ///
    /// # Errors
    /// The database is away, or a row is a newer program's.
    pub async fn search_societies(&self, text: &str, limit: u32) -> Result<Vec<FoundSociety>, Error> {
        let rows = sqlx::query!(
            r#"select accepted.union_name, listed.key as "name!", listed.value ->> 'displayName' as "title!",
                society.state as "state?"
            from (
                -- Each of them has one that is looked for, so more unions need not be read.
                select union_name, body from acceptance
                where societies like $1 and ($2::text[] is null or union_name = any($2))
                order by union_name limit $3
            ) as accepted
            cross join lateral jsonb_each(body -> 'societies') as listed
            left join society on society.union_name = accepted.union_name and society_name = listed.key
            where lower(listed.key || ' ' || (listed.value ->> 'displayName')) like $1
            order by accepted.union_name, listed.key limit $3"#,
            pattern(text),
            self.names(),
            i64::from(limit)
        )
        .fetch_all(self.pool())
        .await?;
        rows.into_iter().map(|row| society(&row.union_name, &row.name, row.title, row.state)).collect()
    }

    /// The societies that list this address, in any case.
    ///
    /// # Errors
    /// The database is away, or a row is a newer program's.
    pub async fn search_members(&self, address: &str, limit: u32) -> Result<Vec<FoundSociety>, Error> {
        let rows = sqlx::query!(
            r#"select listed.key as "name!", listed.value ->> 'displayName' as "title!", society.state as "state?",
                accepted.union_name
            from (
                select union_name, body from acceptance
                where addresses @> array[$1] and ($2::text[] is null or union_name = any($2))
                order by union_name limit $3
            ) as accepted
            cross join lateral jsonb_each(body -> 'societies') as listed
            left join society on society.union_name = accepted.union_name and society_name = listed.key
            where exists (
                select from jsonb_array_elements(listed.value -> 'members') as member
                where lower(member ->> 'email') = $1
            )
            order by accepted.union_name, listed.key limit $3"#,
            address.to_lowercase(),
            self.names(),
            i64::from(limit)
        )
        .fetch_all(self.pool())
        .await?;
        rows.into_iter().map(|row| society(&row.union_name, &row.name, row.title, row.state)).collect()
    }
}

fn society(union: &str, name: &str, title: String, state: Option<String>) -> Result<FoundSociety, Error> {
    Ok(FoundSociety {
        union: row::union_name(union)?,
        name: name.parse().map_err(super::RowError::from)?,
        title,
        state: state.as_deref().map(row::word).transpose()?,
    })
}
