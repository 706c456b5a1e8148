//! What Git says of each union: the last accepted state, and why newer documents are held.
//!
//! Decided by `reconcile::accept`, recorded here in one transaction: documents, states, diagnostics and the work that
//! follows come into being together or not at all. Invariant: a hold never touches what is accepted.

use std::time::Duration;

use sqlx::PgConnection;

use super::{Error, RowError, Store, row, work};
use crate::desired::Life;
use crate::diagnostic::{Diagnostic, Severity};
use crate::digest::Digest;
use crate::names::UnionName;
use crate::outcome::Reason;
use crate::revision::ObjectId;
use crate::spec::{File, Keyforge, Union};

/// What one revision is for all unions that it touches.
#[derive(Debug, Clone)]
pub struct Acceptance {
    /// The revision, recorded before.
    pub revision: ObjectId,
    /// The head after which this was decided; none before the first.
    pub expected: Option<ObjectId>,
    /// `keyforge.yaml` and its blob, if this revision's was accepted; otherwise the last one stays.
    pub keyforge: Option<(Keyforge, ObjectId)>,
    /// Findings in `keyforge.yaml` or the repo as a whole.
    pub diagnostics: Vec<Diagnostic>,
    /// Of the unions that were read. Those without a verdict stay as they are, findings included.
    pub verdicts: Vec<Verdict>,
    /// Why changed unions are due.
    pub reason: Reason,
}

/// What a revision is for one union.
#[derive(Debug, Clone)]
pub struct Verdict {
    /// Which union.
    pub union: UnionName,
    /// Findings in its files.
    pub diagnostics: Vec<Diagnostic>,
    /// What follows.
    pub decision: Decision,
}

/// What follows for one union.
#[derive(Debug, Clone)]
pub enum Decision {
    /// A new state is accepted.
    Accepted(Box<NewlyAccepted>),
    /// It stays at its last accepted state, if it has one.
    Held {
        /// Why, in a line for people.
        why: String,
    },
    /// Its documents are those that are accepted already: a hold, if there was one, ends.
    Released,
    /// Its documents are gone. A union that never was accepted is forgotten.
    Removed(Life),
    /// Its documents are gone, and a person has to say that this is meant; until then it goes on as it was accepted.
    Awaiting {
        /// Why, in a line for people.
        why: String,
    },
}

/// A newly accepted state.
#[derive(Debug, Clone)]
pub struct NewlyAccepted {
    /// The union with its societies, defaults merged.
    pub union: Union,
    /// Its directory in Git.
    pub tree: ObjectId,
    /// Of all that the desired state is made from.
    pub input: Digest,
    /// The files that it was read from.
    pub documents: Vec<File>,
}

/// So many unions go into one statement: bounds the memory of a first start with ten thousand unions.
const CHUNK: usize = 500;

impl Store {
    /// Records what a revision is for the unions that it touches, and makes the changed ones due.
    ///
    /// # Errors
    /// Another replica moved the head meanwhile, or the database is away. Nothing was recorded then.
    pub async fn record_acceptance(&self, acceptance: &Acceptance) -> Result<(), Error> {
        let mut transaction = self.pool.begin().await?;
        let connection: &mut PgConnection = &mut transaction;
        let (keyforge, blob) = acceptance
            .keyforge
            .as_ref()
            .map_or(Ok((None, None)), |(keyforge, blob)| {
                serde_json::to_value(keyforge).map(|json| (Some(json), Some(blob.as_bytes().as_slice())))
            })
            .map_err(RowError::from)?;
        let moved = sqlx::query!(
            "insert into head (revision_id, keyforge, keyforge_blob)
            select $1, $2, $3 where $4::bytea is null or exists (select from head)
            on conflict (head_id) do update set
                revision_id = excluded.revision_id,
                keyforge = coalesce(excluded.keyforge, head.keyforge),
                keyforge_blob = coalesce(excluded.keyforge_blob, head.keyforge_blob),
                updated_at = now()
            where head.revision_id = $4",
            acceptance.revision.as_bytes(),
            keyforge,
            blob,
            acceptance.expected.as_ref().map(|expected| expected.as_bytes().as_slice())
        )
        .execute(&mut *connection)
        .await?;
        // A replica that lost its lock without knowing may be late with an older revision.
        if moved.rows_affected() == 0 {
            return Err(Error::HeadMoved);
        }
        sqlx::query!("delete from diagnostic where union_name is null").execute(&mut *connection).await?;
        let repo_wide: Vec<_> = acceptance.diagnostics.iter().map(|diagnostic| (None, diagnostic)).collect();
        record_diagnostics(connection, &repo_wide).await?;
        for verdicts in acceptance.verdicts.chunks(CHUNK) {
            record_verdicts(connection, acceptance, verdicts).await?;
        }
        transaction.commit().await?;
        Ok(())
    }
}

async fn record_verdicts(
    connection: &mut PgConnection,
    acceptance: &Acceptance,
    verdicts: &[Verdict],
) -> Result<(), Error> {
    let mut accepted = Vec::new();
    let mut held = Vec::new();
    let mut released = Vec::new();
    let mut removed = Vec::new();
    let mut awaiting = Vec::new();
    for verdict in verdicts {
        match &verdict.decision {
            Decision::Accepted(new) => accepted.push(&**new),
            Decision::Held { why } => held.push((&verdict.union, why)),
            Decision::Released => released.push(verdict.union.as_str().to_owned()),
            Decision::Removed(life) => removed.push((&verdict.union, *life)),
            Decision::Awaiting { why } => awaiting.push((&verdict.union, why)),
        }
    }
    let names: Vec<_> = verdicts.iter().map(|verdict| verdict.union.as_str().to_owned()).collect();
    // Workers lock their row of work first and what they write second; the other order here would be a deadlock.
    sqlx::query!("select from work where union_name = any($1) order by union_name for update", &names)
        .execute(&mut *connection)
        .await?;
    record_accepted(connection, acceptance.revision, &accepted).await?;
    record_held(connection, &held).await?;
    sqlx::query!(
        "update union_status set held_why = null, awaiting_why = null, updated_at = now()
        where union_name = any($1) and (held_why is not null or awaiting_why is not null)",
        &released
    )
    .execute(&mut *connection)
    .await?;
    record_removed(connection, acceptance.revision, &removed).await?;
    record_awaiting(connection, &awaiting).await?;

    sqlx::query!("delete from diagnostic where union_name = any($1)", &names)
        .execute(&mut *connection)
        .await?;
    let found: Vec<_> = verdicts
        .iter()
        .flat_map(|verdict| verdict.diagnostics.iter().map(|diagnostic| (Some(&verdict.union), diagnostic)))
        .collect();
    record_diagnostics(connection, &found).await?;

    let changed: Vec<_> = accepted
        .iter()
        .map(|new| &new.union.name)
        .chain(removed.iter().map(|(union, _)| *union))
        .map(|union| (union.clone(), acceptance.reason))
        .collect();
    work::make_due(connection, &changed, Duration::ZERO).await
}

async fn record_accepted(
    connection: &mut PgConnection,
    revision: ObjectId,
    accepted: &[&NewlyAccepted],
) -> Result<(), Error> {
    if accepted.is_empty() {
        return Ok(());
    }
    let column =
        |text: fn(&NewlyAccepted) -> String| accepted.iter().map(|new| text(new)).collect::<Vec<_>>();
    let count = |number: fn(&NewlyAccepted) -> usize| {
        accepted.iter().map(|new| i32::try_from(number(new)).unwrap_or(i32::MAX)).collect::<Vec<_>>()
    };
    let names = column(|new| new.union.name.to_string());
    sqlx::query!(
        "insert into union_status (
            union_name, display_name, domain, societies, members,
            accepted_revision_id, accepted_tree, accepted_input, accepted_host
        )
        select union_name, display_name, domain, societies, members, $1, tree, input, host
        from unnest($2::text[], $3::text[], $4::text[], $5::int[], $6::int[], $7::bytea[], $8::bytea[], $9::text[])
            as new (union_name, display_name, domain, societies, members, tree, input, host)
        on conflict (union_name) do update set
            display_name = excluded.display_name,
            domain = excluded.domain,
            societies = excluded.societies,
            members = excluded.members,
            accepted_revision_id = excluded.accepted_revision_id,
            accepted_tree = excluded.accepted_tree,
            accepted_input = excluded.accepted_input,
            accepted_host = excluded.accepted_host,
            life = 'running',
            held_why = null,
            awaiting_why = null,
            updated_at = now()",
        revision.as_bytes(),
        &names,
        &column(|new| new.union.spec.display_name.clone()),
        &column(|new| new.union.spec.domain.to_string()),
        &count(|new| new.union.societies.len()),
        &count(|new| new.union.societies.values().map(|society| society.members.len()).sum()),
        &accepted.iter().map(|new| new.tree.as_bytes().to_vec()).collect::<Vec<_>>(),
        &accepted.iter().map(|new| new.input.as_bytes().to_vec()).collect::<Vec<_>>(),
        &column(|new| new.union.spec.domain.host().to_owned())
    )
    .execute(&mut *connection)
    .await?;
    let bodies: Vec<_> = accepted
        .iter()
        .map(|new| serde_json::to_value(&new.union))
        .collect::<Result<_, _>>()
        .map_err(RowError::from)?;
    sqlx::query!(
        "insert into acceptance (union_name, body)
        select * from unnest($1::text[], $2::jsonb[])
        on conflict (union_name) do update set body = excluded.body, updated_at = now()",
        &names,
        &bodies
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query!(
        "insert into audit (what, union_name, revision_id)
        select 'union-accepted', union_name, $1 from unnest($2::text[]) as new (union_name)",
        revision.as_bytes(),
        &names
    )
    .execute(&mut *connection)
    .await?;
    record_documents(connection, &names, accepted).await
}

async fn record_documents(
    connection: &mut PgConnection,
    names: &[String],
    accepted: &[&NewlyAccepted],
) -> Result<(), Error> {
    let files = || accepted.iter().flat_map(|new| new.documents.iter().map(|file| (&new.union.name, file)));
    let digests: Vec<_> = files().map(|(_, file)| Digest::of(&file.content).as_bytes().to_vec()).collect();
    sqlx::query!(
        "insert into document (document_id, content)
        select distinct on (document_id) document_id, content
        from unnest($1::bytea[], $2::bytea[]) as new (document_id, content)
        order by document_id
        on conflict (document_id) do nothing",
        &digests,
        &files().map(|(_, file)| file.content.to_vec()).collect::<Vec<_>>()
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query!("delete from acceptance_document where union_name = any($1)", names)
        .execute(&mut *connection)
        .await?;
    sqlx::query!(
        "insert into acceptance_document (union_name, path, document_id)
        select * from unnest($1::text[], $2::text[], $3::bytea[])",
        &files().map(|(union, _)| union.to_string()).collect::<Vec<_>>(),
        &files().map(|(_, file)| file.path.clone()).collect::<Vec<_>>(),
        &digests
    )
    .execute(connection)
    .await?;
    Ok(())
}

async fn record_held(connection: &mut PgConnection, held: &[(&UnionName, &String)]) -> Result<(), Error> {
    sqlx::query!(
        "insert into union_status (union_name, display_name, held_why)
        select union_name, union_name, why from unnest($1::text[], $2::text[]) as new (union_name, why)
        on conflict (union_name) do update set
            held_why = excluded.held_why, awaiting_why = null, updated_at = now()
        where union_status.held_why is distinct from excluded.held_why or union_status.awaiting_why is not null",
        &held.iter().map(|(union, _)| union.to_string()).collect::<Vec<_>>(),
        &held.iter().map(|(_, why)| (*why).clone()).collect::<Vec<_>>()
    )
    .execute(connection)
    .await?;
    Ok(())
}

async fn record_awaiting(
    connection: &mut PgConnection,
    awaiting: &[(&UnionName, &String)],
) -> Result<(), Error> {
    sqlx::query!(
        "update union_status set held_why = null, awaiting_why = new.why, updated_at = now()
        from unnest($1::text[], $2::text[]) as new (union_name, why)
        where union_status.union_name = new.union_name
            and (held_why is not null or awaiting_why is distinct from new.why)",
        &awaiting.iter().map(|(union, _)| union.to_string()).collect::<Vec<_>>(),
        &awaiting.iter().map(|(_, why)| (*why).clone()).collect::<Vec<_>>()
    )
    .execute(connection)
    .await?;
    Ok(())
}

async fn record_removed(
    connection: &mut PgConnection,
    revision: ObjectId,
    removed: &[(&UnionName, Life)],
) -> Result<(), Error> {
    let names: Vec<_> = removed.iter().map(|(union, _)| union.to_string()).collect();
    let lives: Vec<_> = removed.iter().map(|(_, life)| row::life(*life).to_owned()).collect();
    sqlx::query!(
        "with changed as (
            update union_status set
                life = new.life, accepted_revision_id = $1, held_why = null, awaiting_why = null,
                updated_at = now()
            from unnest($2::text[], $3::text[]) as new (union_name, life)
            where union_status.union_name = new.union_name and accepted_revision_id is not null
            returning union_status.union_name
        )
        insert into audit (what, union_name, revision_id) select 'union-removed', union_name, $1 from changed",
        revision.as_bytes(),
        &names,
        &lives
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query!(
        "delete from union_status where union_name = any($1) and accepted_revision_id is null",
        &names
    )
    .execute(connection)
    .await?;
    Ok(())
}

async fn record_diagnostics(
    connection: &mut PgConnection,
    found: &[(Option<&UnionName>, &Diagnostic)],
) -> Result<(), Error> {
    let mut unions = Vec::new();
    let mut severities = Vec::new();
    let mut bodies = Vec::new();
    for (union, diagnostic) in found {
        unions.push(union.map(ToString::to_string));
        severities.push(match diagnostic.severity {
            Severity::Error => "error".to_owned(),
            Severity::Warning => "warning".to_owned(),
        });
        bodies.push(serde_json::to_value(diagnostic).map_err(RowError::from)?);
    }
    if bodies.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "insert into diagnostic (union_name, severity, body)
        select * from unnest($1::text[], $2::text[], $3::jsonb[])",
        &unions as &[Option<String>],
        &severities,
        &bodies
    )
    .execute(connection)
    .await?;
    Ok(())
}
