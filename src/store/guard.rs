//! What guards wait for: approvals that were used, removals that a budget counts, and the audit of both.
//!
//! Written with the revision that decided it (`acceptance`). Invariants: an approval is used once; the clock that counts
//! the 24 hours is the database's.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::json;
use sqlx::PgConnection;

use super::acceptance::Acceptance;
use super::{Error, RowError, Store, row, work};
use crate::digest::Digest;
use crate::names::{Email, SocietyName, UnionName};
use crate::plan::guards::{Guard, GuardKind};
use crate::revision::ObjectId;
use crate::signing::Voucher;

/// What became of a guard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GuardEvent {
    /// Which.
    pub guard: Guard,
    /// What became of it.
    pub became: Became,
}

/// What became of a guard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Became {
    /// It waits from now on.
    HeldBack,
    /// Somebody approved it.
    Approved(Voucher),
    /// The documents do not ask for it any more.
    Released,
}

/// An approval that let something through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct UsedApproval {
    /// The commit that gave it.
    pub commit: ObjectId,
    /// What it names.
    pub digest: Digest,
}

/// What was removed without an approval.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Removal {
    /// Which union, or of which.
    pub union: UnionName,
    /// What.
    pub what: Loss,
}

/// What was removed without an approval.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Loss {
    /// The union itself.
    Union {
        /// Whether its data is kept.
        kept: bool,
    },
    /// Somebody from a society.
    Member(SocietyName, Email),
}

impl Removal {
    /// Who was removed from which society; none where it was the union.
    pub fn member(&self) -> Option<(&SocietyName, &Email)> {
        match &self.what {
            Loss::Member(society, member) => Some((society, member)),
            Loss::Union { .. } => None,
        }
    }
}

/// A society that goes on under another name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RenamedSociety {
    /// Of which union.
    pub union: UnionName,
    /// What it was called.
    pub from: SocietyName,
    /// What it is called.
    pub to: SocietyName,
}

impl Store {
    /// What was removed in the last 24 hours without an approval.
    ///
    /// # Errors
    /// The database is away, or a row is a newer program's.
    pub async fn removals(&self) -> Result<BTreeSet<Removal>, Error> {
        let rows = sqlx::query!(
            "select distinct union_name, is_kept, society_name, member from removal
            where created_at > clock_timestamp() - interval '24 hours'"
        )
        .fetch_all(&self.pool)
        .await?;
        let removals = rows.into_iter().map(|row| {
            let what = match row.society_name.zip(row.member) {
                Some((society, member)) => Loss::Member(society.parse()?, member.parse()?),
                None => Loss::Union { kept: row.is_kept },
            };
            Ok(Removal { union: row::union_name(&row.union_name)?, what })
        });
        Ok(removals.collect::<Result<_, RowError>>()?)
    }

    /// Which approvals of these commits were used.
    ///
    /// # Errors
    /// The database is away.
    pub async fn used_approvals(
        &self,
        commits: &BTreeSet<ObjectId>,
    ) -> Result<BTreeSet<UsedApproval>, Error> {
        let rows = sqlx::query!(
            "select commit_id, digest from approval where commit_id = any($1)",
            &commits.iter().map(|commit| commit.as_bytes().to_vec()).collect::<Vec<_>>()
        )
        .fetch_all(&self.pool)
        .await?;
        let used = rows.into_iter().map(|row| {
            Ok(UsedApproval { commit: row::object_id(&row.commit_id)?, digest: row::digest(&row.digest)? })
        });
        Ok(used.collect::<Result<_, RowError>>()?)
    }
}

/// Records what the revision is for guards.
pub(super) async fn record(connection: &mut PgConnection, acceptance: &Acceptance) -> Result<(), Error> {
    record_renamed(connection, &acceptance.renamed).await?;
    record_removals(connection, &acceptance.removals).await?;
    record_approvals(connection, acceptance).await?;
    record_forgiven(connection, acceptance).await?;
    record_audit(connection, acceptance).await
}

/// A budget goes with the society, whatever it is called.
async fn record_renamed(connection: &mut PgConnection, renamed: &[RenamedSociety]) -> Result<(), Error> {
    if renamed.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "update removal set society_name = new.to_name
        from unnest($1::text[], $2::text[], $3::text[]) as new (union_name, from_name, to_name)
        where removal.union_name = new.union_name and society_name = new.from_name",
        &renamed.iter().map(|renamed| renamed.union.to_string()).collect::<Vec<_>>(),
        &renamed.iter().map(|renamed| renamed.from.to_string()).collect::<Vec<_>>(),
        &renamed.iter().map(|renamed| renamed.to.to_string()).collect::<Vec<_>>()
    )
    .execute(connection)
    .await?;
    Ok(())
}

async fn record_removals(connection: &mut PgConnection, removals: &BTreeSet<Removal>) -> Result<(), Error> {
    if removals.is_empty() {
        return Ok(());
    }
    sqlx::query!("delete from removal where created_at < clock_timestamp() - interval '24 hours'")
        .execute(&mut *connection)
        .await?;
    let member = |text: fn((&SocietyName, &Email)) -> String| {
        removals.iter().map(|removal| removal.member().map(text)).collect::<Vec<_>>()
    };
    let is_kept = |removal: &Removal| removal.what == Loss::Union { kept: true };
    sqlx::query!(
        "insert into removal (union_name, is_kept, society_name, member)
        select * from unnest($1::text[], $2::boolean[], $3::text[], $4::text[])",
        &removals.iter().map(|removal| removal.union.to_string()).collect::<Vec<_>>(),
        &removals.iter().map(is_kept).collect::<Vec<_>>(),
        &member(|(society, _)| society.to_string()) as &[Option<String>],
        &member(|(_, member)| member.to_string()) as &[Option<String>]
    )
    .execute(connection)
    .await?;
    Ok(())
}

async fn record_approvals(connection: &mut PgConnection, acceptance: &Acceptance) -> Result<(), Error> {
    let approvals = &acceptance.approvals;
    sqlx::query!(
        "insert into approval (commit_id, digest, revision_id)
        select commit_id, digest, $1 from unnest($2::bytea[], $3::bytea[]) as new (commit_id, digest)",
        acceptance.revision.as_bytes(),
        &approvals.iter().map(|used| used.commit.as_bytes().to_vec()).collect::<Vec<_>>(),
        &approvals.iter().map(|used| used.digest.as_bytes().to_vec()).collect::<Vec<_>>()
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// What is missed by now may be something else than what was approved: then it waits on.
///
/// Whoever lets credentials go lets our account in the vault go with them, and whoever lets data go the societies too: what
/// was remembered of them is not waited for any more.
async fn record_forgiven(connection: &mut PgConnection, acceptance: &Acceptance) -> Result<(), Error> {
    let of = |text: fn(&Guard) -> String| acceptance.forgiven.iter().map(text).collect::<Vec<_>>();
    let unions = of(|guard| guard.union.as_ref().map_or_else(String::new, ToString::to_string));
    // Workers lock their row of work first and what they write second; the other order here would be a deadlock.
    sqlx::query!("select from work where union_name = any($1) order by union_name for update", &unions)
        .execute(&mut *connection)
        .await?;
    let forgiven = sqlx::query_scalar!(
        "update union_status set missed_forgiven = true
        from unnest($1::text[], $2::text[]) as forgiven (union_name, digest)
        where union_status.union_name = forgiven.union_name and missed ->> 'digest' = forgiven.digest
        returning union_status.union_name",
        &unions,
        &of(|guard| guard.digest.to_string())
    )
    .fetch_all(&mut *connection)
    .await?;
    let of_kind = |kind| {
        let approved = acceptance.forgiven.iter().filter(move |guard| guard.kind == kind);
        let unions = approved.filter_map(|guard| guard.union.as_ref()).map(ToString::to_string);
        unions.filter(|union| forgiven.contains(union)).collect::<Vec<_>>()
    };
    sqlx::query!("delete from vault where union_name = any($1)", &forgiven).execute(&mut *connection).await?;
    let data_missing = of_kind(GuardKind::DataMissing);
    sqlx::query!("delete from society where union_name = any($1)", &data_missing)
        .execute(&mut *connection)
        .await?;
    let approved = sqlx::query_scalar!(
        "update vault set approved = approved || forgiven.digest
        from unnest($1::text[], $2::bytea[]) as forgiven (union_name, digest)
        where vault.union_name = forgiven.union_name and exists (
            select from jsonb_array_elements(awaiting) as guard
            where guard ->> 'digest' = 'sha256:' || encode(forgiven.digest, 'hex')
        )
        returning vault.union_name",
        &of(|guard| guard.union.as_ref().map_or_else(String::new, ToString::to_string)),
        &acceptance.forgiven.iter().map(|guard| guard.digest.as_bytes().to_vec()).collect::<Vec<_>>()
    )
    .fetch_all(&mut *connection)
    .await?;
    let forgiven = forgiven.iter().chain(&approved);
    let due = forgiven.map(|union| Ok((row::union_name(union)?, acceptance.reason)));
    let due: Vec<_> = due.collect::<Result<_, RowError>>()?;
    work::make_due(connection, &due, Duration::ZERO).await
}

/// By kind, number and key, without the names of people, which stand beside it: the audit is for ever.
async fn record_audit(connection: &mut PgConnection, acceptance: &Acceptance) -> Result<(), Error> {
    let events = &acceptance.guards;
    let what = |event: &GuardEvent| match event.became {
        Became::HeldBack => "change-held-back",
        Became::Approved(_) => "change-approved",
        Became::Released => "change-released",
    };
    let detail = |event: &GuardEvent| {
        let guard = &event.guard;
        let mut detail = json!({
            "guard": guard.kind, "digest": guard.digest, "changes": guard.changes.len(),
        });
        if let Became::Approved(by) = &event.became {
            detail["commit"] = json!(by.commit);
            detail["key"] = json!(by.key);
        }
        detail
    };
    let approver = |event: &GuardEvent| match &event.became {
        Became::Approved(by) => Some(by.name.clone()),
        Became::HeldBack | Became::Released => None,
    };
    sqlx::query!(
        "with new as (
            select * from unnest($2::text[], $3::text[], $4::jsonb[], $5::text[])
                with ordinality as new (what, union_name, detail, approver, number)
        ), made as (
            insert into audit (what, union_name, revision_id, detail)
            select what, union_name, $1, detail from new order by number
            returning audit_id, what, union_name, detail
        )
        insert into audit_person (audit_id, part, name)
        select distinct audit_id, 'approver', approver
        from made join new using (what, detail)
        where made.union_name is not distinct from new.union_name and approver is not null",
        acceptance.revision.as_bytes(),
        &events.iter().map(|event| what(event).to_owned()).collect::<Vec<_>>(),
        &events.iter().map(|event| event.guard.union.as_ref().map(ToString::to_string)).collect::<Vec<_>>()
            as &[Option<String>],
        &events.iter().map(detail).collect::<Vec<_>>(),
        &events.iter().map(approver).collect::<Vec<_>>() as &[Option<String>]
    )
    .execute(connection)
    .await?;
    Ok(())
}
