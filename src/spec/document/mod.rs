//! The documents as values, after their schema was checked and defaults were merged.
//!
//! A type here cannot hold what the schema refuses. Names of fields are those of the config language.
//! Stored as JSON with an accepted union, hence `Serialize`: adding a field needs a default, renaming one a migration.

mod backup;
mod database;
mod expose;
mod ignore;
mod keyforge;
mod limits;
mod password;
mod policy;
mod server;
mod society;
mod union;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::names::{ObjectName, SecretKey};

pub use backup::{Backup, BackupTo, Keep};
pub use database::Database;
pub use expose::{Expose, GatewayRef, ParentRef, Tls};
pub use ignore::IgnoreRule;
pub use keyforge::{
    Access, AccessRole, KeyforgeSpec, MembersLeaving, Notification, NotificationKind, Percent, Rollout,
    Sealing, StopOn, UnionSelector, UnlistedMembers, Who,
};
pub use limits::{ConfirmBy, Limits, ResourceLimits, Suffix};
pub use password::{Alphabet, Field, FieldValue, Generate, Password, PasswordValue, Totp};
pub use policy::{Approval, Guards, ImageDowngrade, Signatures, SignerPath};
pub use server::{Credentials, Invitations, Push, Region, Security, Signups, Smtp, Sso, VaultWarden};
pub use society::{
    Collection, CollectionAccess, CollectionRight, Confirm, Fingerprint, GENERAL, Member, PasswordGenerator,
    Policies, Role, Society,
};
pub use union::{
    Deletion, DeletionPolicy, Owner, Placement, Resources, Rotation, Storage, Suspend, Toleration, Union,
    UnionSpec, UpdateWindow,
};

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

/// A Secret in the daemon's namespace that is meant for the union (design.md 12); its keys are known from the field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SecretRef {
    /// Its name.
    pub name: ObjectName,
}

/// One key of such a Secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SecretKeyRef {
    /// Its name.
    pub name: ObjectName,
    /// The key.
    #[serde(default = "url_key")]
    pub key: SecretKey,
}

fn url_key() -> SecretKey {
    "url".parse().expect("a literal key")
}
