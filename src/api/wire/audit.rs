//! Records of the audit.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What was done to a union, or to `keyforge.yaml`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AuditRecord {
    /// Its place among what is shown of it: what `after` takes.
    pub id: String,
    /// When it was made.
    pub at: DateTime<Utc>,
    /// What was done, for example `union-accepted` or `deployment-closed`.
    pub what: String,
    /// To which union; `null`: to `keyforge.yaml`.
    pub union: Option<String>,
    /// The revision that brought it.
    pub revision: String,
    /// Who wrote that; `null` for who does not see all unions that it touched.
    pub author: Option<String>,
    /// Whose keys signed the commits that changed the union; empty where nobody has to sign, and as `author`.
    pub signers: Vec<String>,
    /// Who approved what waited; `null` where nobody did, and as `author`.
    pub approver: Option<String>,
    /// In which deployment, if in one.
    pub deployment: Option<String>,
    /// Numbers and words about it. Of a union that was accepted: `files`, each with the first line that is another one than
    /// before, and `signatures`, commits with the fingerprints of their keys. Of an approval: its commit and key. Of a
    /// deployment: digests of the desired state and of its plan, at its end the outcome. Of a stop of all work: why, and by which
    /// role of the database; of an anchor or key that was renewed: at which checkpoint.
    pub detail: serde_json::Value,
    /// Its place in the chain; `null` for who does not see all unions, since it is one for all of them.
    pub link: Option<AuditLink>,
}

/// How a record is chained to the one before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AuditLink {
    /// Its place, from 1 without a gap.
    pub number: i64,
    /// What the digest is of beside the one before: all of the record, as a list in JSON.
    pub text: String,
    /// The digest of the record before; `null` for the first.
    pub previous: Option<String>,
    /// SHA-256 of the bytes of the digest before, if there is one, and the text.
    pub digest: String,
    /// That somebody who has a key has vouched for the chain up to this record; `null` where nobody has.
    pub checkpoint: Option<AuditCheckpoint>,
}

/// That the chain was whole up to a record when this was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AuditCheckpoint {
    /// Its place among checkpoints, from 1 without a gap.
    pub number: i64,
    /// The digest that it vouches for: that of the record, unless the chain was made anew.
    pub digest: String,
    /// When it was made.
    pub at: DateTime<Utc>,
    /// HMAC-SHA-256, in hexadecimal, of six lines: `keyforge audit checkpoint 1`, the name of the installation, the number of this
    /// checkpoint, that of the record, the digest, and the moment in UTC with six digits behind the point.
    pub code: String,
}
