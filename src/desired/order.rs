//! The order of what exists: which stage a kind belongs to.
//!
//! Here and not in `plan`, since manifests are sorted by it. Creation goes forward through the stages, deletion backward. The credentials come first, since nothing may depend
//! on a value that is not stored; ServiceAccount and policies stand before what runs and outlive it.

use std::cmp::Ordering;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::applier::is_of_applier;
use crate::ids::ResourceId;
use crate::names::UnionName;

/// Which of two resources of a union is made first: by stage, and who may write there before what is written.
pub fn compare(a: &ResourceId, b: &ResourceId, union: &UnionName) -> Ordering {
    let key = |id| (StageName::of(id, union), !is_of_applier(id));
    key(a).cmp(&key(b)).then_with(|| a.cmp(b))
}

/// A stage of a plan, in order of creation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StageName {
    /// What the controller keeps for itself in the daemon's namespace: credentials and the state object.
    Controller,
    /// The union's namespace.
    Namespace,
    /// What limits and guards what comes later: quota, limits, service account, network policies, RBAC.
    Foundation,
    /// The volume claim and what the pod reads at its start.
    Configuration,
    /// What runs, and the Service in front of it.
    Workload,
    /// What leads members to it.
    Exposure,
    /// The state object learns what was applied.
    Record,
}

impl StageName {
    /// The stage of a resource of a union. Unknown kinds come with what runs: templates are checked against a list of
    /// kinds first.
    pub fn of(id: &ResourceId, union: &UnionName) -> Self {
        match id.kind.as_str() {
            "Namespace" => Self::Namespace,
            _ if id.namespace.as_deref() != Some(&union.namespace()) => Self::Controller,
            "ResourceQuota" | "LimitRange" | "ServiceAccount" | "NetworkPolicy" | "Role" | "RoleBinding" => {
                Self::Foundation
            }
            "ConfigMap" | "Secret" | "PersistentVolumeClaim" => Self::Configuration,
            "Ingress" | "HTTPRoute" => Self::Exposure,
            _ => Self::Workload,
        }
    }

    /// The word for events and people.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Controller => "controller",
            Self::Namespace => "namespace",
            Self::Foundation => "foundation",
            Self::Configuration => "configuration",
            Self::Workload => "workload",
            Self::Exposure => "exposure",
            Self::Record => "record",
        }
    }
}

impl fmt::Display for StageName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
