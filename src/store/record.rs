//! What the audit says of a union that is accepted or removed: in which lines its documents differ from those before, and whose
//! signatures the commits have that changed them.
//!
//! Apart from `verdict`, which keeps what is accepted now. Invariant: it is written before that, while the documents from
//! before are there; people stand beside the chain of the audit (`audit_person`), in it are commits and keys alone.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use sqlx::PgConnection;

use super::Error;
use super::acceptance::{Acceptance, NewlyAccepted};
use crate::digest::Digest;
use crate::names::UnionName;
use crate::spec::File;

/// Records that these unions are accepted.
pub(super) async fn accepted(
    connection: &mut PgConnection,
    acceptance: &Acceptance,
    accepted: &[&NewlyAccepted],
) -> Result<(), Error> {
    let (before, nothing) = (documents(connection, accepted).await?, Documents::new());
    let records: Vec<_> = accepted
        .iter()
        .map(|new| {
            let name = &new.union.name;
            let before = before.get(name.as_str()).unwrap_or(&nothing);
            (name, json!({ "files": files(before, new) }))
        })
        .collect();
    record(connection, "union-accepted", acceptance, &records).await
}

/// Records that these unions are removed.
pub(super) async fn removed(
    connection: &mut PgConnection,
    acceptance: &Acceptance,
    removed: &[&UnionName],
) -> Result<(), Error> {
    let records: Vec<_> = removed.iter().map(|name| (*name, json!({}))).collect();
    record(connection, "union-removed", acceptance, &records).await
}

/// The records, with who vouches for each where somebody has to.
async fn record(
    connection: &mut PgConnection,
    what: &str,
    acceptance: &Acceptance,
    records: &[(&UnionName, Value)],
) -> Result<(), Error> {
    let vouched = |name: &UnionName| acceptance.vouched.get(name).into_iter().flatten();
    let details = records.iter().map(|(name, detail)| {
        let mut detail = detail.clone();
        if acceptance.vouched.contains_key(*name) {
            let signed = vouched(name).map(|by| json!({ "commit": by.commit, "key": by.key }));
            detail["signatures"] = signed.collect();
        }
        detail
    });
    let people: Vec<_> = records
        .iter()
        .flat_map(|(name, _)| vouched(name).map(|by| (name.to_string(), by.name.clone())))
        .collect();
    let (signed, signers): (Vec<_>, Vec<_>) = people.into_iter().unzip();
    sqlx::query!(
        "with made as (
            insert into audit (what, union_name, revision_id, detail)
            select $1, union_name, $2, detail from unnest($3::text[], $4::jsonb[]) as new (union_name, detail)
            returning audit_id, union_name
        )
        insert into audit_person (audit_id, part, name)
        select distinct audit_id, 'signer', name
        from made join unnest($5::text[], $6::text[]) as signer (union_name, name) using (union_name)",
        what,
        acceptance.revision.as_bytes(),
        &records.iter().map(|(name, _)| name.to_string()).collect::<Vec<_>>(),
        &details.collect::<Vec<_>>(),
        &signed,
        &signers
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// The accepted documents of a union by their paths; without its content one that stays as it is.
type Documents = BTreeMap<String, Option<Vec<u8>>>;

/// What was accepted of these unions before.
async fn documents(
    connection: &mut PgConnection,
    accepted: &[&NewlyAccepted],
) -> Result<BTreeMap<String, Documents>, Error> {
    let files = || accepted.iter().flat_map(|new| &new.documents);
    let rows = sqlx::query!(
        r#"select union_name, path,
            case when (path, document_id) not in (select * from unnest($2::text[], $3::bytea[])) then content end as content
        from acceptance_document join document using (document_id)
        where union_name = any($1)"#,
        &accepted.iter().map(|new| new.union.name.to_string()).collect::<Vec<_>>(),
        &files().map(|file| file.path.clone()).collect::<Vec<_>>(),
        &files().map(|file| Digest::of(&file.content).as_bytes().to_vec()).collect::<Vec<_>>()
    )
    .fetch_all(connection)
    .await?;
    let mut documents: BTreeMap<String, Documents> = BTreeMap::new();
    for row in rows {
        documents.entry(row.union_name).or_default().insert(row.path, row.content);
    }
    Ok(documents)
}

/// The files of a union that differ from those before, each with the first line that does. One that is gone has none.
fn files(before: &Documents, new: &NewlyAccepted) -> Vec<Value> {
    let differs = |file: &File| {
        let line = match before.get(&file.path) {
            Some(None) => return None,
            Some(Some(before)) => first_difference(before, &file.content),
            None => 1,
        };
        Some(json!({ "path": file.path, "line": line }))
    };
    let is_gone = |path: &&String| !new.documents.iter().any(|file| file.path == **path);
    let gone = before.keys().filter(is_gone).map(|path| json!({ "path": path, "line": null }));
    new.documents.iter().filter_map(differs).chain(gone).collect()
}

/// The first line that is another one, from 1; the last one, where only what followed it is gone.
fn first_difference(before: &[u8], now: &[u8]) -> usize {
    fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
        text.strip_suffix(b"\n").unwrap_or(text).split(|byte| *byte == b'\n')
    }
    let equal = lines(before).zip(lines(now)).take_while(|(before, now)| before == now).count();
    (equal + 1).min(lines(now).count())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_that_differs_is_told_and_the_last_where_lines_are_gone() {
        for (before, now, line) in [
            ("a\nb\nc\n", "a\nB\nc\n", 2),
            ("a\nb\n", "a\nb\nc\n", 3),
            ("a\nb\nc\n", "a\nb\n", 2),
            ("a\n", "a", 1),
            ("a\n", "", 1),
        ] {
            assert_eq!(first_difference(before.as_bytes(), now.as_bytes()), line, "{before:?} {now:?}");
        }
    }
}
