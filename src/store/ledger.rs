//! Reading the audit: what was done to unions, each record with its link in the chain.
//!
//! Invariant: nothing here writes. A record comes into the table with what it tells of, and into the chain by a trigger at
//! the end of that transaction (`migrations/*_chain.sql`).

use chrono::{DateTime, Utc};

use super::{Error, RowError, Shown, row};
use crate::chain::Checkpoint;
use crate::digest::Digest;
use crate::ids::DeploymentId;
use crate::names::UnionName;
use crate::revision::{ObjectId, Revision};

/// Which records.
#[derive(Debug, Clone, Default)]
pub struct AuditQuery {
    /// Of one union, or of all.
    pub union: Option<UnionName>,
    /// Of one revision, or of all.
    pub revision: Option<ObjectId>,
    /// Only those before the one of this number.
    pub before: Option<i64>,
    /// How many at most.
    pub limit: u32,
}

/// One record.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditRecord {
    /// Its place in the chain, from 1 without a gap.
    pub number: i64,
    /// When it was made.
    pub at: DateTime<Utc>,
    /// What was done.
    pub what: String,
    /// To which union; none: to `keyforge.yaml`.
    pub union: Option<UnionName>,
    /// Which revision brought it.
    pub revision: Revision,
    /// Who wrote that, unless it also touched what is not seen.
    pub author: Option<String>,
    /// Whose keys signed the commits that changed it, under the same condition.
    pub signers: Vec<String>,
    /// Who approved it, if somebody did, under the same condition.
    pub approver: Option<String>,
    /// In which deployment, if in one.
    pub deployment: Option<DeploymentId>,
    /// Numbers and words about it; under the same condition with the commits and keys that vouch for it.
    pub detail: serde_json::Value,
    /// All of the above as the digest is of it.
    pub text: String,
    /// The digest of the record before; none for the first.
    pub previous: Option<Digest>,
    /// Of the digest before and the text.
    pub digest: Digest,
    /// The checkpoint that vouches for the chain up to it, if one does.
    pub checkpoint: Option<Checkpoint>,
}

impl Shown {
    /// Records of the audit, newest first.
    ///
    /// # Errors
    /// The database is away, or a row is a newer program's.
    pub async fn audit(&self, query: &AuditQuery) -> Result<Vec<AuditRecord>, Error> {
        let rows = sqlx::query!(
            r#"select audit_link_id, audit.created_at, what, union_name, branch, revision_id, author_name,
                deployment_id, detail,
                audit_text(audit) as "text!", previous, audit_link.digest,
                audit_checkpoint_id as "audit_checkpoint_id?", audit_checkpoint.digest as "vouched_digest?", code as "code?",
                audit_checkpoint.created_at as "vouched_at?",
                array(
                    select name from audit_person
                    where audit_person.audit_id = audit.audit_id and part = 'signer'
                    order by name
                ) as "signers!",
                (
                    select name from audit_person
                    where audit_person.audit_id = audit.audit_id and part = 'approver'
                ) as approver,
                is_of_these_alone(revision_id, $5) as "is_of_these_alone!"
            from audit_link join audit using (audit_id) join revision using (revision_id)
            left join audit_checkpoint using (audit_link_id)
            where ($1::text is null or union_name = $1)
                and ($2::bytea is null or revision_id = $2)
                and ($3::bigint is null or audit_link_id < $3)
                and ($5::text[] is null or union_name = any($5))
            order by audit_link_id desc
            limit $4"#,
            query.union.as_ref().map(UnionName::as_str),
            query.revision.as_ref().map(|commit| commit.as_bytes().as_slice()),
            query.before,
            i64::from(query.limit),
            self.names()
        )
        .fetch_all(self.pool())
        .await?;
        let records = rows.into_iter().map(|row| {
            let vouched = row.audit_checkpoint_id.zip(row.vouched_digest).zip(row.code.zip(row.vouched_at));
            let vouched = vouched.map(|((number, digest), (code, at))| {
                let digest = row::digest(&digest)?;
                let code = hex::encode(code);
                Ok::<_, RowError>(Checkpoint { number, record: row.audit_link_id, digest, at, code })
            });
            Ok(AuditRecord {
                number: row.audit_link_id,
                at: row.created_at,
                what: row.what,
                union: row.union_name.as_deref().map(row::union_name).transpose()?,
                revision: Revision { branch: row.branch, commit: row::object_id(&row.revision_id)? },
                author: row.is_of_these_alone.then_some(row.author_name),
                signers: if row.is_of_these_alone { row.signers } else { Vec::new() },
                approver: row.approver.filter(|_| row.is_of_these_alone),
                deployment: row.deployment_id.map(DeploymentId),
                detail: if row.is_of_these_alone { row.detail } else { without_keys(row.detail) },
                text: row.text,
                previous: row.previous.as_deref().map(row::digest).transpose()?,
                digest: row::digest(&row.digest)?,
                checkpoint: vouched.transpose()?,
            })
        });
        Ok(records.collect::<Result<_, RowError>>()?)
    }
}

/// A key is a person, and so is a commit that one approved with.
fn without_keys(mut detail: serde_json::Value) -> serde_json::Value {
    if let Some(fields) = detail.as_object_mut() {
        fields.retain(|name, _| !["signatures", "commit", "key"].contains(&name.as_str()));
    }
    detail
}
