//! `Union.spec`: one tenant, and what is particular to none of its parts.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::{Deserialize, Deserializer, Serialize};

use super::backup::Backup;
use super::database::Database;
use super::expose::Expose;
use super::ignore::IgnoreRule;
use super::limits::ResourceLimits;
use super::server::VaultWarden;
use super::society::{Confirm, Society};
use crate::domain::Domain;
use crate::duration::Period;
use crate::names::{Email, ObjectName, SocietyName, UnionName};
use crate::network::Destination;
use crate::schedule::{Cron, Schedule, Zone};
use crate::spec::quantity::Quantity;

/// A union with its societies: everything that the directory `unions/<name>/` says, defaults merged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Union {
    /// Its name.
    pub name: UnionName,
    /// The path of its `union.yaml`, for the source annotation.
    pub source: String,
    /// `metadata.labels`.
    pub labels: BTreeMap<String, String>,
    /// `spec`.
    pub spec: Box<UnionSpec>,
    /// The destinations inside of the operator's network that the limits allowed when it was accepted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub egress: Vec<Destination>,
    /// The most that one container may use, by the limits when it was accepted.
    #[serde(default)]
    pub ceiling: ResourceLimits,
    /// The fields that were left to others when it was accepted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ignore: Vec<IgnoreRule>,
    /// Its societies by name.
    pub societies: BTreeMap<SocietyName, Society>,
}

/// `Union.spec`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UnionSpec {
    /// Shown to people.
    pub display_name: String,
    /// Whom to tell; at least one.
    pub contacts: Vec<Email>,
    /// Second owners of every society of the union; those of the defaults are among them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub owners: Vec<Owner>,
    /// The URL that members use.
    pub domain: Domain,
    /// The server.
    pub vaultwarden: VaultWarden,
    /// Where the server keeps its rows.
    #[serde(default)]
    pub database: Database,
    /// The volume of the server's data.
    #[serde(default)]
    pub storage: Storage,
    /// How members reach the server.
    #[serde(default)]
    pub expose: Expose,
    /// Compute resources of the server's container.
    #[serde(default)]
    pub resources: Resources,
    /// Where its pods may run.
    #[serde(default)]
    pub placement: Placement,
    /// Copies of its data; absent: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backup: Option<Backup>,
    /// When pods may restart; absent: at any time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub update_window: Option<UpdateWindow>,
    /// Numbers to raise for new credentials.
    #[serde(default)]
    pub rotation: Rotation,
    /// Nothing is changed while it is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suspend: Option<Suspend>,
    /// What happens to the data when the union is removed.
    #[serde(default)]
    pub deletion: Deletion,
    /// The name that this union had; its data is that union's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub renamed_from: Option<UnionName>,
}

/// A second owner of every society of a union.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Owner {
    /// Their address.
    pub email: Email,
    /// How their account is recognised; absent: they stay `accepted`, since owners always need the phrase.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confirm: Option<Confirm>,
}

/// An address alone is the short form.
impl<'de> Deserialize<'de> for Owner {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Long {
            email: Email,
            confirm: Option<Confirm>,
        }
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Form {
            Short(Email),
            Long(Long),
        }
        Ok(match Form::deserialize(from)? {
            Form::Short(email) => Self { email, confirm: None },
            Form::Long(Long { email, confirm }) => Self { email, confirm },
        })
    }
}

/// `Union.spec.storage`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Storage {
    /// Size of the volume; it may grow where the class allows it, never shrink.
    pub size: Quantity,
    /// Storage class; absent: the cluster's default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class_name: Option<ObjectName>,
}

impl Default for Storage {
    fn default() -> Self {
        Self { size: Quantity::literal("1Gi"), class_name: None }
    }
}

/// Compute resources, as Kubernetes spells them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Resources {
    /// What is reserved.
    pub requests: BTreeMap<String, Quantity>,
    /// What is the most.
    pub limits: BTreeMap<String, Quantity>,
}

impl Default for Resources {
    fn default() -> Self {
        let quantity = |name: &str, value: &'static str| (name.to_owned(), Quantity::literal(value));
        Self {
            requests: BTreeMap::from([quantity("cpu", "50m"), quantity("memory", "128Mi")]),
            limits: BTreeMap::from([quantity("memory", "512Mi")]),
        }
    }
}

/// `Union.spec.placement`, as Kubernetes spells it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Placement {
    /// Labels of the nodes that pods may run on.
    pub node_selector: BTreeMap<String, String>,
    /// Taints that keep no pod away.
    pub tolerations: Vec<Toleration>,
    /// How important pods are; absent or empty: as the cluster decides.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "name_or_nothing")]
    pub priority_class_name: Option<ObjectName>,
}

fn name_or_nothing<'de, D: Deserializer<'de>>(from: D) -> Result<Option<ObjectName>, D::Error> {
    let text = <Option<std::borrow::Cow<'de, str>>>::deserialize(from)?;
    let name = text.filter(|text| !text.is_empty()).map(|text| text.parse());
    name.transpose().map_err(serde::de::Error::custom)
}

/// One of `placement.tolerations`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Toleration {
    /// The key of the taint; absent with `Exists`: all keys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// `Equal` or `Exists`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operator: Option<String>,
    /// The value of the taint, with `Equal`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// `NoSchedule`, `PreferNoSchedule` or `NoExecute`; absent: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effect: Option<String>,
    /// With `NoExecute`: for how long.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub toleration_seconds: Option<u32>,
}

/// `Union.spec.updateWindow`: what restarts a pod waits for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UpdateWindow {
    /// When it opens.
    pub schedule: Cron,
    /// For how long it stays open.
    pub duration: Period,
    /// Whose clocks count.
    #[serde(default)]
    pub time_zone: Zone,
}

impl UpdateWindow {
    /// When it opens, by its clocks.
    pub fn opens(&self) -> Schedule {
        Schedule { pattern: self.schedule.clone(), zone: self.time_zone }
    }
}

/// `Union.spec.rotation`: a raised number makes a new credential.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Rotation {
    /// Of the token for VaultWarden's admin page.
    pub admin_token: u32,
    /// Of the password of Keyforge's own account.
    pub service_account: u32,
    /// Also by age; absent: never.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub every: Option<Period>,
}

impl Default for Rotation {
    fn default() -> Self {
        Self { admin_token: 1, service_account: 1, every: None }
    }
}

/// `Union.spec.suspend`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Suspend {
    /// Why, for everybody who waits.
    pub reason: String,
    /// The last day; absent: until the field is removed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<NaiveDate>,
}

/// `deletion` of a union or society.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Deletion {
    /// Keep the data, or not.
    pub policy: DeletionPolicy,
    /// For how many days it is kept.
    pub days: u32,
}

impl Default for Deletion {
    fn default() -> Self {
        Self { policy: DeletionPolicy::Retain, days: 30 }
    }
}

/// `deletion.policy`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum DeletionPolicy {
    /// What is removed is stopped, its data kept.
    Retain,
    /// What is removed is deleted with its data. Counts only if an earlier accepted revision said so.
    Delete,
}
