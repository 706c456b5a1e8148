//! The codes of diagnostics: one closed list.

use serde::{Deserialize, Serialize};

/// Which mistake. Codes are kebab-case nouns of the mistake, without numbers, never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Code {
    /// The file is not YAML, or YAML of a kind that is not accepted here.
    InvalidYaml,
}
