//! `Keyforge.spec.limits`: what a union's document may ask for.
//!
//! Allow-lists with safe defaults, since a union's document is written by people whom the operator does not trust with
//! other unions (design.md 12).

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use serde_with::{DeserializeFromStr, SerializeDisplay};

use super::expose::ParentRef;
use super::union::Toleration;
use crate::names::{ObjectName, UnionName};
use crate::network::{Destination, Host, NetworkError};
use crate::spec::quantity::Quantity;

/// `Keyforge.spec.limits`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Limits {
    /// Repositories whose images unions may run.
    pub images: Vec<String>,
    /// Suffixes of the hosts that a union may have; none for a union: any host that no other union has.
    pub domains: BTreeMap<UnionName, Vec<Suffix>>,
    /// Keys that `expose.annotations` may set.
    pub annotations: Vec<String>,
    /// The largest volume.
    pub storage: Quantity,
    /// The most that one container may use or reserve.
    pub resources: ResourceLimits,
    /// Private destinations that may be used all the same.
    pub egress: Vec<Destination>,
    /// How members' accounts may be recognised.
    pub confirm: ConfirmBy,
    /// Taints that pods may ignore.
    pub tolerations: Vec<Toleration>,
    /// Priority classes that pods may have.
    pub priority_classes: Vec<ObjectName>,
    /// Ingress classes whose controllers enforce `expose.allowFrom`.
    pub allow_from_classes: Vec<ObjectName>,
    /// Gateways that unions may be reached by; without a `sectionName` all listeners.
    pub gateways: Vec<ParentRef>,
}

impl Default for Limits {
    fn default() -> Self {
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        Self {
            images: texts(&[
                "vaultwarden/server",
                "ghcr.io/dani-garcia/vaultwarden",
                "quay.io/vaultwarden/server",
            ]),
            domains: BTreeMap::new(),
            annotations: texts(&["external-dns.alpha.kubernetes.io/hostname"]),
            storage: Quantity::literal("50Gi"),
            resources: ResourceLimits::default(),
            egress: Vec::new(),
            confirm: ConfirmBy::Phrase,
            tolerations: Vec::new(),
            priority_classes: Vec::new(),
            allow_from_classes: ["alb", "haproxy", "nginx"]
                .map(|class| class.parse().expect("a name of ours"))
                .to_vec(),
            gateways: Vec::new(),
        }
    }
}

/// `limits.resources`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct ResourceLimits {
    /// Of the processor.
    pub cpu: Quantity,
    /// Of memory.
    pub memory: Quantity,
}

impl Default for ResourceLimits {
    fn default() -> Self {
        Self { cpu: Quantity::literal("2"), memory: Quantity::literal("2Gi") }
    }
}

/// `limits.confirm`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ConfirmBy {
    /// Only by the fingerprint phrase.
    Phrase,
    /// Also by a mail that reached them.
    Mail,
}

/// A host and all hosts below it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, DeserializeFromStr, SerializeDisplay)]
pub struct Suffix(Box<str>);

impl Suffix {
    /// Whether the host is this one or below it.
    pub fn covers(&self, host: &str) -> bool {
        host.strip_suffix(&*self.0).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    }
}

impl FromStr for Suffix {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, NetworkError> {
        match text.parse()? {
            Host::Name(name) => Ok(Self(name)),
            Host::Address(_) => Err(NetworkError::Host),
        }
    }
}

impl fmt::Display for Suffix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
