//! One rendered Kubernetes object, with typed slots where secret values belong.
//!
//! A template writes `{{slot "admin-token-hash"}}` as a whole string value; parsing takes the text out of the body and
//! remembers its place. So a manifest can be printed, stored and compared: there is nothing secret in it.

use serde_json::Value;

use crate::digest::Digest;
use crate::ids::ResourceId;

/// A secret value that the executor puts into a manifest when it applies it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Slot {
    /// The admin token's Argon2id hash, as VaultWarden's `ADMIN_TOKEN` takes it; base64, since it goes into `data`.
    AdminTokenHash,
}

/// One rendered object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// Which resource.
    pub id: ResourceId,
    /// The object without secret values: a slot's place holds an empty string.
    pub body: Value,
    /// JSON pointers (RFC 6901) of the places to fill.
    pub slots: Vec<(String, Slot)>,
    /// Of body and slots.
    pub digest: Digest,
}
