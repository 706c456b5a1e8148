//! How somebody says who they are.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Whether somebody has to say who they are, and where people can.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SignIn {
    /// Whether anything is told without it.
    pub required: bool,
    /// The path that sends a browser to the identity provider, and after that to the path in `return`; `null`: people need a key.
    pub page: Option<String>,
}

/// That somebody is signed out here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SignedOut {
    /// Where a browser leads them to be signed out at the identity provider too.
    pub provider: String,
}
