//! What a revision is for `keyforge.yaml` and each union: accepted, held, waiting for an approval, removed.
//!
//! Decided by `reconcile::accept`, recorded here in one transaction: documents (`verdict`), guards (`guard`), diagnostics
//! and the work that follows come into being together or not at all. Invariant: a hold never touches what is accepted.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::PgConnection;

use super::guard::{self, GuardEvent, Removal, RenamedSociety, UsedApproval};
use super::{Error, RowError, Store, verdict};
use crate::desired::Life;
use crate::diagnostic::Diagnostic;
use crate::digest::Digest;
use crate::names::UnionName;
use crate::outcome::Reason;
use crate::plan::guards::Guard;
use crate::revision::ObjectId;
use crate::signing::Voucher;
use crate::spec::{File, Keyforge, Union};

/// Of the rules by which documents are accepted, and of the form in which they are kept. To be raised when an older
/// program would read or judge them otherwise: it then leaves what a newer one accepted alone.
pub const ACCEPTOR_VERSION: i32 = 1;

/// What one revision is for all unions that it touches.
#[derive(Debug, Clone)]
pub struct Acceptance {
    /// The revision, recorded before.
    pub revision: ObjectId,
    /// The head after which this was decided; none before the first.
    pub expected: Option<ObjectId>,
    /// `keyforge.yaml`, if this revision's was accepted; otherwise the last one stays.
    pub keyforge: Option<AcceptedKeyforge>,
    /// Findings in `keyforge.yaml` or the repo as a whole.
    pub diagnostics: Vec<Diagnostic>,
    /// Of the unions that were read. Those without a verdict stay as they are, findings included.
    pub verdicts: Vec<Verdict>,
    /// Which directory each union has in this revision.
    pub trees: BTreeMap<UnionName, ObjectId>,
    /// Who vouches for what the commits made of unions, where somebody has to.
    pub vouched: BTreeMap<UnionName, BTreeSet<Voucher>>,
    /// Guards that began to wait, or do not wait any more.
    pub guards: Vec<GuardEvent>,
    /// Approvals that let something through.
    pub approvals: BTreeSet<UsedApproval>,
    /// What was found in cluster and vaults and may go.
    pub forgiven: Vec<Guard>,
    /// What was removed without one.
    pub removals: BTreeSet<Removal>,
    /// Societies that go on under another name.
    pub renamed: Vec<RenamedSociety>,
    /// Why changed unions are due.
    pub reason: Reason,
}

impl Acceptance {
    /// In how many parts it is recorded: one that touches ten thousand unions takes its time.
    pub fn parts(&self) -> u32 {
        u32::try_from(1 + self.verdicts.len() / CHUNK).unwrap_or(u32::MAX)
    }
}

/// A `keyforge.yaml` that was accepted.
#[derive(Debug, Clone, PartialEq)]
pub struct AcceptedKeyforge {
    /// Without what waits.
    pub keyforge: Keyforge,
    /// Its file in Git.
    pub blob: ObjectId,
    /// What of the file waits for an approval.
    pub awaiting: Option<Guard>,
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
    /// What of its files waits for an approval; the accepted state is without it.
    pub awaiting: Vec<Guard>,
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
    /// What is accepted is what there is to accept. A hold, if there was one, ends.
    Unchanged,
    /// Its documents are gone. A union that never was accepted is forgotten.
    Removed(Removed),
}

/// What becomes of a union that is removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Removed {
    /// It is stopped, and its data is kept for so many days, by the database's clock.
    Kept {
        /// How many.
        days: u32,
    },
    /// Everything of it goes.
    Gone,
}

impl Removed {
    /// Which life is desired then.
    pub fn life(self) -> Life {
        match self {
            Self::Kept { .. } => Life::Retained,
            Self::Gone => Life::Gone,
        }
    }

    /// For how many days something of it is kept.
    pub(super) fn days(self) -> i32 {
        match self {
            Self::Kept { days } => i32::try_from(days).unwrap_or(i32::MAX),
            Self::Gone => 0,
        }
    }
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
    /// Who wrote that it is suspended, with the commit.
    pub suspended_by: Option<String>,
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
        let json = acceptance
            .keyforge
            .as_ref()
            .map(|accepted| serde_json::to_value(&accepted.keyforge))
            .transpose()
            .map_err(RowError::from)?;
        let awaiting = acceptance.keyforge.as_ref().and_then(|accepted| accepted.awaiting.as_ref());
        let awaiting = awaiting.map(serde_json::to_value).transpose().map_err(RowError::from)?;
        let moved = sqlx::query!(
            "insert into head (
                revision_id, keyforge, keyforge_blob, keyforge_awaiting, acceptor_version, keyforge_revision_id, settled_id
            )
            select $1, $2, $3, $4, $6,
                case when $2::jsonb is not null then $1::bytea end,
                case when $2::jsonb is not null and $4::jsonb is null then $1::bytea end
            where $5::bytea is null or exists (select from head)
            on conflict (head_id) do update set
                revision_id = excluded.revision_id,
                keyforge = coalesce(excluded.keyforge, head.keyforge),
                keyforge_blob = coalesce(excluded.keyforge_blob, head.keyforge_blob),
                keyforge_awaiting = case
                    when excluded.keyforge is null then head.keyforge_awaiting
                    else excluded.keyforge_awaiting
                end,
                keyforge_revision_id = coalesce(excluded.keyforge_revision_id, head.keyforge_revision_id),
                settled_id = coalesce(excluded.settled_id, head.settled_id),
                acceptor_version = excluded.acceptor_version,
                updated_at = now()
            where head.revision_id = $5 and head.acceptor_version <= excluded.acceptor_version",
            acceptance.revision.as_bytes(),
            json,
            acceptance.keyforge.as_ref().map(|accepted| accepted.blob.as_bytes().as_slice()),
            awaiting,
            acceptance.expected.as_ref().map(|expected| expected.as_bytes().as_slice()),
            ACCEPTOR_VERSION
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
            verdict::record(connection, acceptance, verdicts).await?;
        }
        guard::record(connection, acceptance).await?;
        // What is deferred to the end is one statement for all of them.
        let patience = (self.patience * acceptance.parts()).as_millis().to_string();
        sqlx::query_scalar!("select set_config('statement_timeout', $1, true)", patience)
            .fetch_one(&mut *connection)
            .await?;
        transaction.commit().await?;
        Ok(())
    }
}

pub(super) async fn record_diagnostics(
    connection: &mut PgConnection,
    found: &[(Option<&UnionName>, &Diagnostic)],
) -> Result<(), Error> {
    let mut unions = Vec::new();
    let mut severities = Vec::new();
    let mut bodies = Vec::new();
    for (union, diagnostic) in found {
        unions.push(union.map(ToString::to_string));
        severities.push(diagnostic.severity.to_string());
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
