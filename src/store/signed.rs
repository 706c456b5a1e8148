//! Who vouches for a revision, as it was judged: for people who look at it.
//!
//! Apart from the audit, which tells it of each union: a revision that is of ten thousand is signed by a few.

use serde::Deserialize;

use super::{Error, RowError, Shown, verdict};
use crate::revision::ObjectId;

/// Who vouches for a revision.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Signed {
    /// Whether somebody has to.
    pub is_asked: bool,
    /// Whose keys signed its commits.
    pub signers: Vec<String>,
    /// These commits and keys.
    pub signatures: Vec<Signature>,
    /// Why that is not enough for some union.
    pub refused: Option<String>,
}

/// A commit that is signed by somebody who may.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub struct Signature {
    /// Which.
    pub commit: ObjectId,
    /// The fingerprint of the key; none: only the name of its author is known.
    pub key: Option<String>,
}

impl Shown {
    /// Who vouches for a revision. It is for who may read its words, since a key is a person.
    ///
    /// # Errors
    /// The database is away, or a row is a newer program's.
    pub async fn signed(&self, commit: ObjectId) -> Result<Signed, Error> {
        let found = sqlx::query!(
            r#"with judged as materialized (
                select audit_id, detail from audit
                where revision_id = $1 and what in ('union-accepted', 'union-removed')
                    and ($2::text[] is null or union_name = any($2))
            )
            select coalesce((select bool_or(detail ? 'signatures') from judged), false) as "is_asked!",
                array(
                    select distinct name from judged join audit_person using (audit_id) where part = 'signer' order by name
                ) as "signers!",
                coalesce((
                    select jsonb_agg(distinct signature)
                    from judged cross join lateral jsonb_array_elements(detail -> 'signatures') as signature
                ), '[]') as "signatures!",
                (
                    select why from hold
                    where revision_id = $1 and finding ->> 'code' = any($3)
                        and ($2::text[] is null or union_name = any($2))
                    order by hold_id limit 1
                ) as refused"#,
            commit.as_bytes(),
            self.names(),
            &verdict::UNVOUCHED.map(|code| code.to_string())
        )
        .fetch_one(self.pool())
        .await?;
        let signatures = serde_json::from_value(found.signatures).map_err(RowError::from)?;
        let (is_asked, signers, refused) = (found.is_asked, found.signers, found.refused);
        Ok(Signed { is_asked, signers, signatures, refused })
    }
}
