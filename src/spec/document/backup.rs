//! `Union.spec.backup`: copies of a union's data.

use serde::{Deserialize, Serialize};

use super::SecretRef;
use crate::names::ObjectName;
use crate::network::Endpoint;
use crate::schedule::{Cron, Schedule, Zone};
use crate::spec::quantity::Quantity;

/// `Union.spec.backup`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Backup {
    /// When; at most hourly.
    pub schedule: Cron,
    /// Whose clocks count.
    #[serde(default)]
    pub time_zone: Zone,
    /// What is kept.
    #[serde(default)]
    pub keep: Keep,
    /// Where to.
    #[serde(default)]
    pub to: BackupTo,
}

impl Backup {
    /// When, by its clocks.
    pub fn runs(&self) -> Schedule {
        Schedule { pattern: self.schedule.clone(), zone: self.time_zone }
    }
}

/// `Union.spec.backup.keep`: how many copies of which age.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Keep {
    /// The last of each of so many days.
    pub daily: u32,
    /// The last of each of so many weeks.
    pub weekly: u32,
    /// The last of each of so many months.
    pub monthly: u32,
}

impl Default for Keep {
    fn default() -> Self {
        Self { daily: 7, weekly: 4, monthly: 6 }
    }
}

/// `Union.spec.backup.to`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum BackupTo {
    /// A volume in the union's namespace.
    Volume {
        /// Its size.
        #[serde(default = "volume_size")]
        size: Quantity,
        /// Its storage class; absent: the cluster's default.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        class_name: Option<ObjectName>,
    },
    /// A bucket of an S3 service.
    S3 {
        /// The service.
        endpoint: Endpoint,
        /// The bucket.
        bucket: String,
        /// Before the union's own directory in it.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        prefix: String,
        /// Keys `accessKeyId` and `secretAccessKey`.
        secret_ref: SecretRef,
    },
}

impl Default for BackupTo {
    fn default() -> Self {
        Self::Volume { size: volume_size(), class_name: None }
    }
}

fn volume_size() -> Quantity {
    Quantity::literal("5Gi")
}
