//! Health: does what was applied work?
//!
//! Apart from a union's state: a held union can be healthy, a current one can fall ill.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The health of a resource or, as the worst of its resources, of a union.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "health", content = "why", rename_all = "kebab-case")]
pub enum Health {
    /// Works as declared.
    Current,
    /// On its way; the text says what is awaited.
    InProgress(String),
    /// Will not get better by waiting; the text says why.
    Failed(String),
    /// Not looked at, or it cannot be told.
    Unknown,
}

impl Health {
    /// The word for wire, SQL and labels.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::InProgress(_) => "in-progress",
            Self::Failed(_) => "failed",
            Self::Unknown => "unknown",
        }
    }

    /// What is awaited or why it failed.
    pub fn why(&self) -> Option<&str> {
        match self {
            Self::InProgress(why) | Self::Failed(why) => Some(why),
            Self::Current | Self::Unknown => None,
        }
    }

    /// The worse of two: failed, in progress, unknown, current.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        let rank = |health: &Self| match health {
            Self::Current => 0,
            Self::Unknown => 1,
            Self::InProgress(_) => 2,
            Self::Failed(_) => 3,
        };
        if rank(&other) > rank(&self) { other } else { self }
    }
}

impl fmt::Display for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
