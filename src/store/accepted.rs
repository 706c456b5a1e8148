//! Reading what is accepted: in full for a worker, as digests for the next acceptance.
//!
//! Apart from `acceptance`, which writes it. Invariant: the index never loads a document, so that judging a revision
//! costs little however many unions there are.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use super::{Error, RowError, Shown, Store, others, row};
use crate::desired::Life;
use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::digest::Digest;
use crate::names::UnionName;
use crate::plan::guards::Guard;
use crate::revision::{ObjectId, Revision};
use crate::spec::Union;

/// What is accepted of a union, in full.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AcceptedUnion {
    /// The union with its societies, defaults merged.
    pub union: Union,
    /// The revision that brought this state, or removed the union.
    pub revision: Revision,
    /// Its directory in Git.
    pub tree: ObjectId,
    /// Of all that the desired state is made from.
    pub input: Digest,
    /// Which life is desired.
    pub life: Life,
    /// Until when the data of a removed union is kept.
    pub kept_until: Option<DateTime<Utc>>,
    /// Of the desired state that was applied and healthy last; none if there never was one.
    pub applied: Option<Digest>,
    /// What is missed in the cluster.
    pub missed: Option<Missed>,
    /// Who wrote that it is suspended, with the commit.
    pub suspended_by: Option<String>,
}

/// What a union was provisioned with and is not there any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missed {
    /// What waits for a person.
    pub guard: Guard,
    /// Whether somebody approved to forget it.
    pub is_forgiven: bool,
}

/// What `accept` needs to know of every union, without its documents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexEntry {
    /// What is accepted; `None` for a union that never was.
    pub accepted: Option<IndexedState>,
    /// Whether the cluster has something of a union that never was accepted here: the database is younger than it.
    pub is_orphan: bool,
    /// Which life is desired.
    pub life: Life,
    /// Whether something newer than what is accepted waits: held documents, or changes without approval.
    pub waits: bool,
    /// Guards that wait for an approval.
    pub awaiting: Vec<Guard>,
    /// The head before something began to wait: commits after it decide about that.
    pub since: Option<ObjectId>,
}

/// The digests of an accepted state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexedState {
    /// The revision that brought this state, or removed the union.
    pub revision: ObjectId,
    /// Its directory in Git.
    pub tree: ObjectId,
    /// Of all that the desired state is made from.
    pub input: Digest,
    /// The host of its domain.
    pub host: String,
}

impl Store {
    /// What is accepted and held of every union, by name.
    ///
    /// # Errors
    /// The database is away, or a row is a newer program's.
    pub async fn acceptance_index(&self) -> Result<BTreeMap<UnionName, IndexEntry>, Error> {
        let rows = sqlx::query!(
            r#"select union_name, life, (held_why is not null or awaiting is not null) as "waits!",
                awaiting, waits_since_id, accepted_revision_id, accepted_tree, accepted_input, accepted_host,
                (accepted_tree is null and exists (
                    select from inventory where inventory.union_name = union_status.union_name
                )) as "is_orphan!"
            from union_status"#
        )
        .fetch_all(&self.pool)
        .await?;
        let entries = rows.into_iter().map(|row| {
            let state = (row.accepted_revision_id, row.accepted_tree, row.accepted_input, row.accepted_host);
            let accepted = match state {
                (Some(revision), Some(tree), Some(input), Some(host)) => Some(IndexedState {
                    revision: row::object_id(&revision)?,
                    tree: row::object_id(&tree)?,
                    input: row::digest(&input)?,
                    host,
                }),
                _ => None,
            };
            let entry = IndexEntry {
                accepted,
                is_orphan: row.is_orphan,
                life: row::kebab(row.life)?,
                waits: row.waits,
                awaiting: row.awaiting.map(serde_json::from_value).transpose()?.unwrap_or_default(),
                since: row.waits_since_id.as_deref().map(row::object_id).transpose()?,
            };
            Ok((row::union_name(&row.union_name)?, entry))
        });
        Ok(entries.collect::<Result<_, RowError>>()?)
    }

    /// What is accepted of a union; none if nothing ever was.
    ///
    /// # Errors
    /// The database is away, or the row is a newer program's.
    pub async fn accepted(&self, union: &UnionName) -> Result<Option<AcceptedUnion>, Error> {
        let found = sqlx::query!(
            r#"select body, life, kept_until, applied_desired, missed, missed_forgiven, branch, revision_id,
                suspended_by, accepted_tree as "tree!", accepted_input as "input!"
            from union_status
            join acceptance using (union_name)
            join revision on revision_id = accepted_revision_id
            where union_name = $1"#,
            union.as_str()
        )
        .fetch_optional(&self.pool)
        .await?;
        let Some(found) = found else { return Ok(None) };
        Ok(Some(AcceptedUnion {
            union: serde_json::from_value(found.body).map_err(RowError::from)?,
            revision: Revision { branch: found.branch, commit: row::object_id(&found.revision_id)? },
            tree: row::object_id(&found.tree)?,
            input: row::digest(&found.input)?,
            life: row::kebab(found.life)?,
            kept_until: found.kept_until,
            applied: found.applied_desired.as_deref().map(row::digest).transpose()?,
            missed: match found.missed {
                Some(guard) => Some(Missed {
                    guard: serde_json::from_value(guard).map_err(RowError::from)?,
                    is_forgiven: found.missed_forgiven,
                }),
                None => None,
            },
            suspended_by: found.suspended_by,
        }))
    }

    /// The accepted documents of these unions, as far as there are any.
    ///
    /// # Errors
    /// The database is away, or a row is a newer program's.
    pub async fn accepted_documents(
        &self,
        unions: &BTreeSet<&UnionName>,
    ) -> Result<BTreeMap<UnionName, Union>, Error> {
        let names: Vec<_> = unions.iter().map(|union| union.as_str().to_owned()).collect();
        let bodies = sqlx::query_scalar!("select body from acceptance where union_name = any($1)", &names)
            .fetch_all(&self.pool)
            .await?;
        let documents = bodies.into_iter().map(|body| {
            let union: Union = serde_json::from_value(body)?;
            Ok((union.name.clone(), union))
        });
        Ok(documents.collect::<Result<_, RowError>>()?)
    }

    /// What waits in all unions for what was found there, not in documents, and nobody approved.
    ///
    /// # Errors
    /// The database is away, or a row is a newer program's.
    pub async fn missed(&self) -> Result<Vec<Guard>, Error> {
        let found = sqlx::query_scalar!(
            r#"select guard as "guard!" from (
                select union_name, missed as guard from union_status
                where missed is not null and not missed_forgiven
                union all
                select union_name, guard from vault cross join jsonb_array_elements(awaiting) as guard
                where not decode(substr(guard ->> 'digest', 8), 'hex') = any(approved)
            ) as found order by union_name, guard ->> 'digest'"#
        )
        .fetch_all(&self.pool)
        .await?;
        let guards = found.into_iter().map(serde_json::from_value).collect::<Result<_, _>>();
        Ok(guards.map_err(RowError::from)?)
    }

    /// What waits for a person in a union: guards of its documents, what is missed of it, and what its vault holds.
    ///
    /// # Errors
    /// The database is away, or the row is a newer program's.
    pub async fn awaiting(&self, union: &UnionName) -> Result<Vec<Guard>, Error> {
        let found = sqlx::query_scalar!(
            r#"select coalesce(union_status.awaiting, '[]') || coalesce(missed, '[]')
                || coalesce(vault.awaiting, '[]') as "guards!"
            from union_status left join vault using (union_name) where union_name = $1"#,
            union.as_str()
        )
        .fetch_optional(&self.pool)
        .await?;
        let guards = found.map(serde_json::from_value).transpose().map_err(RowError::from)?;
        Ok(guards.unwrap_or_default())
    }
}

impl Shown {
    /// What was found in the newest revision that is no single union's: for who sees all.
    ///
    /// # Errors
    /// The database is away, or a row is a newer program's.
    pub async fn diagnostics_of_the_repo(&self, limit: u32) -> Result<Vec<FoundDiagnostic>, Error> {
        let rows = sqlx::query!(
            "select diagnostic_id, body from diagnostic where union_name is null order by diagnostic_id limit $1",
            i64::from(limit)
        )
        .fetch_all(self.pool())
        .await?;
        let found = rows.into_iter().map(|row| {
            let place = DiagnosticPlace { union: String::new(), id: row.diagnostic_id };
            Ok(FoundDiagnostic { place, union: None, diagnostic: serde_json::from_value(row.body)? })
        });
        Ok(found.collect::<Result<_, RowError>>()?)
    }

    /// What was found in the files of the newest revision: of one union, or of the repo as a whole and then of all unions.
    ///
    /// # Errors
    /// The database is away, or a row is a newer program's.
    pub async fn diagnostics(&self, query: &DiagnosticQuery) -> Result<Vec<FoundDiagnostic>, Error> {
        let after = query.after.as_ref();
        let rows = sqlx::query!(
            r#"select diagnostic_id, union_name, body from diagnostic
            where ($1::text is null or union_name = $1)
                and ($2::text is null or (coalesce(union_name, ''), diagnostic_id) > ($2, $3))
                and ($5::text[] is null or union_name = any($5))
                and ($6::text is null or severity = $6)
                and ($7::text is null or body ->> 'code' = $7)
                and ($8::text is null or body ->> 'path' = $8)
            order by coalesce(union_name, ''), diagnostic_id
            limit $4"#,
            query.union.as_ref().map(UnionName::as_str),
            after.map(|after| after.union.as_str()),
            after.map(|after| after.id),
            i64::from(query.limit),
            self.names(),
            query.severity.map(|severity| severity.to_string()),
            query.code.map(|code| code.to_string()),
            query.file
        )
        .fetch_all(self.pool())
        .await?;
        let found = rows.into_iter().map(|row| {
            let union = row.union_name.as_deref().map(row::union_name).transpose()?;
            let place = DiagnosticPlace { union: row.union_name.unwrap_or_default(), id: row.diagnostic_id };
            let mut diagnostic = serde_json::from_value(row.body)?;
            if !self.sight().is_all() {
                diagnostic = others::finding(union.as_ref(), diagnostic);
            }
            Ok(FoundDiagnostic { place, union, diagnostic })
        });
        Ok(found.collect::<Result<_, RowError>>()?)
    }
}

/// Which findings.
#[derive(Debug, Clone, Default)]
pub struct DiagnosticQuery {
    /// Only those in the files of this union.
    pub union: Option<UnionName>,
    /// Only those of this severity.
    pub severity: Option<Severity>,
    /// Only those of this code.
    pub code: Option<Code>,
    /// Only those in this file.
    pub file: Option<String>,
    /// Only those after this one.
    pub after: Option<DiagnosticPlace>,
    /// How many at most.
    pub limit: u32,
}

/// A finding in the files of the newest revision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundDiagnostic {
    /// Where in the list.
    pub place: DiagnosticPlace,
    /// Whose files; none: `keyforge.yaml`, or the repo as a whole.
    pub union: Option<UnionName>,
    /// What.
    pub diagnostic: Diagnostic,
}

/// A place in the list of findings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiagnosticPlace {
    /// Empty for the repo as a whole, which comes first.
    pub union: String,
    /// Which of that union.
    pub id: i64,
}
