//! The documents as values, after their schema was checked and defaults were merged.
//!
//! A type here cannot hold what the schema refuses. Names of fields are those of `config/`.
//! Stored as JSON with an accepted union, hence `Serialize`: adding a field needs a default, renaming one a migration.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::image::ImageReference;
use super::quantity::Quantity;
use crate::domain::Domain;
use crate::names::{Email, SocietyName, UnionName};

/// `metadata` of every document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Metadata {
    /// Equal to the directory's or file's name.
    pub name: String,
    /// Free; copied to the namespace as `keyforge.dev/label-…`.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// Free.
    #[serde(default)]
    pub annotations: BTreeMap<String, String>,
}

/// `Keyforge.spec.guards`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Guards {
    /// How many unions may be removed by one revision.
    pub unions_removed_per_revision: u32,
}

impl Default for Guards {
    fn default() -> Self {
        Self { unions_removed_per_revision: 1 }
    }
}

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
    pub spec: UnionSpec,
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
    /// The URL that members use.
    pub domain: Domain,
    /// The server.
    pub vaultwarden: VaultWarden,
    /// The volume of the server's data.
    #[serde(default)]
    pub storage: Storage,
    /// How members reach the server.
    #[serde(default)]
    pub expose: Expose,
    /// Compute resources of the server's container.
    #[serde(default)]
    pub resources: Resources,
    /// Numbers to raise for new credentials.
    #[serde(default)]
    pub rotation: Rotation,
    /// What happens to the data when the union is removed.
    #[serde(default)]
    pub deletion: Deletion,
}

/// `Union.spec.vaultwarden`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct VaultWarden {
    /// Repository, tag, optional digest.
    pub image: ImageReference,
    /// Who may register.
    #[serde(default)]
    pub signups: Signups,
}

/// `Union.spec.vaultwarden.signups`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Signups {
    /// Whether anybody may register without an invitation.
    pub allowed: bool,
}

/// `Union.spec.storage`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Storage {
    /// Size of the volume; it may grow where the class allows it, never shrink.
    pub size: Quantity,
    /// Storage class; absent: the cluster's default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class_name: Option<String>,
}

impl Default for Storage {
    fn default() -> Self {
        Self { size: Quantity::literal("1Gi"), class_name: None }
    }
}

/// `Union.spec.expose`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum Expose {
    /// An Ingress for the domain's host.
    Ingress {
        /// Ingress class; absent: the cluster's default.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        class_name: Option<String>,
        /// Where the certificate comes from; absent: the ingress controller's own.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        tls: Option<Tls>,
    },
    /// Only inside the cluster; something else leads members to it.
    #[serde(rename = "clusterIP")]
    ClusterIp {},
}

impl Default for Expose {
    fn default() -> Self {
        Self::Ingress { class_name: None, tls: None }
    }
}

/// `Union.spec.expose.tls`: one of two.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum Tls {
    /// A cert-manager ClusterIssuer makes the certificate.
    Issuer(String),
    /// A Secret of type `kubernetes.io/tls` in the union's namespace has it.
    SecretName(String),
}

/// `Union.spec.resources`, as Kubernetes spells them.
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

/// `Union.spec.rotation`: a raised number makes a new credential.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Rotation {
    /// Of the token for VaultWarden's admin page.
    pub admin_token: u32,
}

impl Default for Rotation {
    fn default() -> Self {
        Self { admin_token: 1 }
    }
}

/// `Union.spec.deletion`.
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

/// `Union.spec.deletion.policy`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum DeletionPolicy {
    /// A removed union is stopped, its volume and secrets are kept.
    Retain,
    /// A removed union is deleted with its data. Counts only if an earlier accepted revision said so.
    Delete,
}

/// A society, as far as it is counted and shown; it is provisioned inside VaultWarden by a later release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Society {
    /// Shown to people; unique within a union.
    pub display_name: String,
    /// Whom to tell.
    #[serde(default)]
    pub contacts: Vec<Email>,
    /// The people of the society, each once.
    #[serde(default)]
    pub members: Vec<Member>,
}

/// One member of a society.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Member {
    /// Their address.
    pub email: Email,
    /// What they may do.
    pub role: Role,
}

/// The role of a member in a society.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Role {
    /// Everything, also removing the society.
    Owner,
    /// Everything but that.
    Admin,
    /// Manages collections given to them.
    Manager,
    /// Uses what is given to them.
    Member,
}
