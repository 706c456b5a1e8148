//! Who asks.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Who asks, and what they may see.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Me {
    /// How they are known: an address, `key grafana`, or `this machine` where nobody has to say who they are.
    pub name: String,
    /// What says that it is them; who has a `session` can sign out.
    pub by: KnownBy,
    /// What they may do.
    pub role: CallerRole,
    /// The unions that they see, by name; `null`: all.
    pub unions: Option<Vec<String>>,
    /// The version of the daemon that answers.
    pub version: String,
}

/// What says who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum KnownBy {
    /// Nobody has to say it.
    Nothing,
    /// An API key.
    Key,
    /// A token of the identity provider.
    Token,
    /// The session of a browser.
    Session,
}

/// What somebody may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CallerRole {
    /// Sees and does everything.
    Operator,
    /// Sees.
    Viewer,
}
