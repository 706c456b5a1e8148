//! Diagnostics: located findings about the user's files.
//!
//! Data first: a diagnostic is a value with places, printed only by the printers of [`mod@print`].
//! Not for failed operations: those are errors of the module that tried (`style.md` keeps the two families apart).

mod code;
mod mask;
mod people;
pub mod print;
mod secret;

pub use code::Code;
pub use mask::{first_invisible, is_secret_name, is_secret_place, masked_log, shown, visible};
pub use secret::{Secret, names_a_secret, secret_in_prose, secret_shape};

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::outcome::UnknownWord;

/// What a diagnostic means for the union it is found in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// The document cannot be accepted: its union is held.
    Error,
    /// Worth a look; nothing is held.
    Warning,
}

impl Severity {
    /// Their words, the worst first.
    pub const WORDS: &'static [&'static str] = &["error", "warning"];

    /// The word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

impl FromStr for Severity {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        let known = [Self::Error, Self::Warning].into_iter().find(|severity| severity.as_str() == text);
        known.ok_or_else(|| UnknownWord::new("severity", text, Self::WORDS))
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A place in a file of the config repo. Lines and columns count from 1, in characters; the end is exclusive.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Span {
    /// Path from the root of the config, with `/`.
    pub path: String,
    /// First line.
    pub line: u32,
    /// First column.
    pub column: u32,
    /// Last line.
    pub end_line: u32,
    /// The column after the last character.
    pub end_column: u32,
}

impl Span {
    /// The whole of a file, for findings that have no place in it.
    pub fn file(path: impl Into<String>) -> Self {
        Self { path: path.into(), line: 1, column: 1, end_line: 1, end_column: 1 }
    }

    /// Whether this is a whole file: an empty place at its start.
    pub fn is_file(&self) -> bool {
        (self.line, self.column, self.end_line, self.end_column) == (1, 1, 1, 1)
    }
}

/// A second place that is involved.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Note {
    /// Where.
    #[serde(flatten)]
    pub span: Span,
    /// What it has to do with the finding.
    pub message: String,
}

/// A located finding about the user's files.
///
/// Ordered by place, so that sorting a list is the order of printing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Diagnostic {
    /// Where: the key for unknown or doubled keys, the value otherwise.
    #[serde(flatten)]
    pub span: Span,
    /// Which mistake.
    pub code: Code,
    /// What follows from it.
    pub severity: Severity,
    /// The fact, which stands alone: what was found and what is allowed.
    pub message: String,
    /// The fact in a few words, for the caret.
    pub label: String,
    /// Other places.
    pub notes: Vec<Note>,
    /// The remedy, only where it is sure.
    pub hint: Option<String>,
}

impl Diagnostic {
    /// The same with paths as they are seen from a folder above the config's root.
    #[must_use]
    pub fn below(&self, folder: &str) -> Self {
        let mut moved = self.clone();
        for span in std::iter::once(&mut moved.span).chain(moved.notes.iter_mut().map(|note| &mut note.span))
        {
            span.path = format!("{folder}{}", span.path);
        }
        moved
    }
}
