//! Findings in the files of the newest revision.

use serde::{Deserialize, Serialize};

/// A finding in the files of the newest revision, in the form of `keyforge validate --output json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Diagnostic {
    /// Whose files; `null`: `keyforge.yaml`, or the repo as a whole.
    pub union: Option<String>,
    /// What, where and how it can be mended.
    #[serde(flatten)]
    pub found: crate::diagnostic::Diagnostic,
}
