//! The colours of a terminal, as values: a printer puts them around its parts without asking whether there are any.
//!
//! Invariant: what somebody else wrote is spelled out before it is painted, so that no colour but ours gets through.

use super::super::Severity;

/// What stands before a part of each kind, and what ends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Paint {
    pub(super) error: &'static str,
    pub(super) warning: &'static str,
    pub(super) frame: &'static str,
    pub(super) strong: &'static str,
    pub(super) end: &'static str,
}

impl Paint {
    /// No colours: for files, pipes and logs.
    pub const PLAIN: Self = Self { error: "", warning: "", frame: "", strong: "", end: "" };

    /// For a terminal: the colours that compilers use.
    pub const COLOURED: Self = Self {
        error: "\x1b[1;31m",
        warning: "\x1b[1;33m",
        frame: "\x1b[1;34m",
        strong: "\x1b[1m",
        end: "\x1b[0m",
    };

    pub(super) fn of(self, severity: Severity) -> &'static str {
        match severity {
            Severity::Error => self.error,
            Severity::Warning => self.warning,
        }
    }
}
