//! Who could read what of a society.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::spec::{CollectionRight, Role};

/// Who could read what of a society at a moment, by the documents that were accepted then. Somebody who was to be let in or kept
/// out was so a moment later, when the vault was brought there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Readers {
    /// Of which union.
    pub union: String,
    /// Of which of its societies.
    pub society: String,
    /// At which moment, as it was asked for; `null`: now.
    pub at: Option<DateTime<Utc>>,
    /// The revision that had brought what counted then.
    pub revision: String,
    /// Since when that had been so.
    pub listed_since: DateTime<Utc>,
    /// By address.
    pub items: Vec<Reader>,
    /// The passwords in each collection.
    pub collections: BTreeMap<String, Vec<String>>,
    /// What is different since the other moment; `null` where none was given.
    pub changes: Option<Vec<ReaderChange>>,
}

/// Somebody who could read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Reader {
    /// Their address.
    pub email: String,
    /// What they were in the society.
    pub role: Role,
    /// Their last day.
    pub until: Option<NaiveDate>,
    /// What they could do in each collection; `null`: they managed all. `read-hidden` is advice to clients: they get the values too.
    pub collections: Option<BTreeMap<String, CollectionRight>>,
}

/// Somebody could do something else in a collection than before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReaderChange {
    /// Their address.
    pub email: String,
    /// In which collection; `null`: in all that there are.
    pub collection: Option<String>,
    /// What they could do before; `null`: they did not see it.
    pub from: Option<CollectionRight>,
    /// What they can do now; `null`: they see it no more.
    pub to: Option<CollectionRight>,
}
