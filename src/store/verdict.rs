//! Recording what a revision is for its unions: accepted documents, removals, holds and what waits.
//!
//! Statements over many unions at once. Invariant: a verdict that changes nothing writes no row of its union.

use std::time::Duration;

use sqlx::PgConnection;

use super::acceptance::{Acceptance, Decision, NewlyAccepted, Removed, Verdict, record_diagnostics};
use super::{Error, RowError, listing, record, row, work};
use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::digest::Digest;
use crate::names::UnionName;
use crate::plan::guards;
use crate::revision::ObjectId;

/// Mistakes for which nobody vouches for a commit who may.
pub(super) const UNVOUCHED: [Code; 4] =
    [Code::UnsignedCommit, Code::UntrustedSignature, Code::RewrittenHistory, Code::LongHistory];

/// Records what a revision is for some of its unions, and makes the changed ones due.
pub(super) async fn record(
    connection: &mut PgConnection,
    acceptance: &Acceptance,
    verdicts: &[Verdict],
) -> Result<(), Error> {
    let mut accepted = Vec::new();
    let mut removed = Vec::new();
    for verdict in verdicts {
        match &verdict.decision {
            Decision::Accepted(new) => accepted.push(&**new),
            Decision::Removed(removal) => removed.push((&verdict.union, *removal)),
            Decision::Held { .. } | Decision::Unchanged => {}
        }
    }
    let names: Vec<_> = verdicts.iter().map(|verdict| verdict.union.as_str().to_owned()).collect();
    // Workers lock their row of work first and what they write second; the other order here would be a deadlock.
    sqlx::query!("select from work where union_name = any($1) order by union_name for update", &names)
        .execute(&mut *connection)
        .await?;
    record_accepted(connection, acceptance, &accepted).await?;
    record_removed(connection, acceptance, &removed).await?;
    listing::record(connection, &changed_names(&accepted, &removed), acceptance.revision).await?;
    record_holds(connection, acceptance, verdicts).await?;
    record_waiting(connection, acceptance.expected, verdicts).await?;

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
    work::make_due(connection, &changed, Duration::ZERO).await?;
    work::record_acceptor(connection, &names).await
}

/// The unions of which something was decided.
fn changed_names(accepted: &[&NewlyAccepted], removed: &[(&UnionName, Removed)]) -> Vec<String> {
    let accepted = accepted.iter().map(|new| &new.union.name);
    accepted.chain(removed.iter().map(|(union, _)| *union)).map(ToString::to_string).collect()
}

async fn record_accepted(
    connection: &mut PgConnection,
    acceptance: &Acceptance,
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
            kept_until = null,
            updated_at = now()",
        acceptance.revision.as_bytes(),
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
        "insert into acceptance (union_name, body, suspended_by)
        select * from unnest($1::text[], $2::jsonb[], $3::text[])
        on conflict (union_name) do update set
            body = excluded.body,
            suspended_by = excluded.suspended_by,
            updated_at = now()",
        &names,
        &bodies,
        &accepted.iter().map(|new| new.suspended_by.clone()).collect::<Vec<_>>() as &[Option<String>]
    )
    .execute(&mut *connection)
    .await?;
    record::accepted(connection, acceptance, accepted).await?;
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
        -- So that what is there is locked: nobody removes it before it is named.
        on conflict (document_id) do update set left_at = null where document.left_at is not null",
        &digests,
        &files().map(|(_, file)| file.content.to_vec()).collect::<Vec<_>>()
    )
    .execute(&mut *connection)
    .await?;
    let unions: Vec<_> = files().map(|(union, _)| union.to_string()).collect();
    let paths: Vec<_> = files().map(|(_, file)| file.path.clone()).collect();
    sqlx::query!(
        "delete from acceptance_document
        where union_name = any($1) and (union_name, path, document_id) not in (
            select * from unnest($2::text[], $3::text[], $4::bytea[])
        )",
        names,
        &unions,
        &paths,
        &digests
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query!(
        "insert into acceptance_document (union_name, path, document_id)
        select * from unnest($1::text[], $2::text[], $3::bytea[])
        on conflict (union_name, path) do nothing",
        &unions,
        &paths,
        &digests
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Which documents are held: where a hold begins, and where others take the place of those that are held already, or it is
/// for another reason.
async fn record_holds(
    connection: &mut PgConnection,
    acceptance: &Acceptance,
    verdicts: &[Verdict],
) -> Result<(), Error> {
    let (mut unions, mut trees, mut whys, mut findings) = (vec![], vec![], vec![], vec![]);
    for verdict in verdicts {
        let Decision::Held { why } = &verdict.decision else { continue };
        let finding = held_by(acceptance, verdict).map(serde_json::to_value).transpose();
        unions.push(verdict.union.to_string());
        trees.push(acceptance.trees.get(&verdict.union).map(|tree| tree.as_bytes().to_vec()));
        whys.push(why.clone());
        findings.push(finding.map_err(RowError::from)?);
    }
    if unions.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "insert into union_status (union_name, display_name)
        select union_name, union_name from unnest($1::text[]) as new (union_name)
        on conflict (union_name) do nothing",
        &unions
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query!(
        "insert into hold (union_name, revision_id, tree, why, finding)
        select new.union_name, $1, new.tree, new.why, new.finding
        from unnest($2::text[], $3::bytea[], $4::text[], $5::jsonb[]) as new (union_name, tree, why, finding)
        join union_status using (union_name)
        left join lateral (
            select hold.tree, hold.why, hold.finding from hold
            where hold.union_name = new.union_name order by hold_id desc limit 1
        ) as last on true
        where held_why is null
            or (last.tree, last.why, last.finding) is distinct from (new.tree, new.why, new.finding)
        on conflict do nothing",
        acceptance.revision.as_bytes(),
        &unions,
        &trees as &[Option<Vec<u8>>],
        &whys,
        &findings as &[Option<serde_json::Value>]
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// The mistake for which a union is held: that nobody vouches for it comes first, and without a `keyforge.yaml` it is the one
/// that holds all.
fn held_by<'a>(acceptance: &'a Acceptance, verdict: &'a Verdict) -> Option<&'a Diagnostic> {
    let of_all = acceptance.keyforge.is_none().then_some(&acceptance.diagnostics);
    let errors = || {
        let found = verdict.diagnostics.iter().chain(of_all.into_iter().flatten());
        found.filter(|found| found.severity == Severity::Error)
    };
    errors().find(|found| UNVOUCHED.contains(&found.code)).or_else(|| errors().next())
}

/// Why each union is held, and what waits in it. Equal facts write nothing.
async fn record_waiting(
    connection: &mut PgConnection,
    expected: Option<ObjectId>,
    verdicts: &[Verdict],
) -> Result<(), Error> {
    let held = |verdict: &Verdict| match &verdict.decision {
        Decision::Held { why } => Some(why.clone()),
        _ => None,
    };
    let awaiting = verdicts
        .iter()
        .map(|verdict| match verdict.awaiting.as_slice() {
            [] => Ok(None),
            guards => serde_json::to_value(guards).map(Some),
        })
        .collect::<Result<Vec<_>, _>>()
        .map_err(RowError::from)?;
    sqlx::query!(
        "update union_status set
            held_why = new.held_why,
            awaiting = new.awaiting,
            awaiting_why = new.awaiting_why,
            waits_since_id = case
                when new.held_why is null and new.awaiting is null then null
                when union_status.held_why is null and union_status.awaiting is null then $5
                else waits_since_id
            end,
            updated_at = now()
        from unnest($1::text[], $2::text[], $3::jsonb[], $4::text[])
            as new (union_name, held_why, awaiting, awaiting_why)
        where union_status.union_name = new.union_name
            and (union_status.held_why, union_status.awaiting, union_status.awaiting_why)
                is distinct from (new.held_why, new.awaiting, new.awaiting_why)",
        &verdicts.iter().map(|verdict| verdict.union.to_string()).collect::<Vec<_>>(),
        &verdicts.iter().map(held).collect::<Vec<_>>() as &[Option<String>],
        &awaiting as &[Option<serde_json::Value>],
        &verdicts.iter().map(|verdict| guards::why(&verdict.awaiting)).collect::<Vec<_>>()
            as &[Option<String>],
        expected.as_ref().map(|expected| expected.as_bytes().as_slice())
    )
    .execute(connection)
    .await?;
    Ok(())
}

async fn record_removed(
    connection: &mut PgConnection,
    acceptance: &Acceptance,
    removed: &[(&UnionName, Removed)],
) -> Result<(), Error> {
    let names: Vec<_> = removed.iter().map(|(union, _)| union.to_string()).collect();
    let lives: Vec<_> = removed.iter().map(|(_, removed)| row::life(removed.life()).to_owned()).collect();
    let days: Vec<_> = removed.iter().map(|(_, removed)| removed.days()).collect();
    let changed = sqlx::query_scalar!(
        "update union_status set
            life = new.life,
            kept_until = now() + make_interval(days => new.days),
            accepted_revision_id = $1,
            updated_at = now()
        from unnest($2::text[], $3::text[], $4::int[]) as new (union_name, life, days)
        where union_status.union_name = new.union_name and accepted_revision_id is not null
        returning union_status.union_name",
        acceptance.revision.as_bytes(),
        &names,
        &lives,
        &days
    )
    .fetch_all(&mut *connection)
    .await?;
    let changed: Vec<_> = removed
        .iter()
        .map(|(union, _)| *union)
        .filter(|union| changed.iter().any(|name| union.as_str() == name))
        .collect();
    record::removed(connection, acceptance, &changed).await?;
    sqlx::query!(
        "delete from union_status where union_name = any($1) and accepted_revision_id is null",
        &names
    )
    .execute(connection)
    .await?;
    Ok(())
}
