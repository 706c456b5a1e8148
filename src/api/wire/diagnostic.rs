//! Findings in the files of the newest revision, in the form of `keyforge validate --output json`.
//!
//! Made to and fro: `keyforge status` prints what it is told with the printers of the core.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::diagnostic::{self, Code, Severity};

/// A finding in the files of the newest revision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Diagnostic {
    /// Whose files; `null`: `keyforge.yaml`, or the repo as a whole.
    pub union: Option<String>,
    /// Where.
    #[serde(flatten)]
    pub place: Place,
    /// Which mistake.
    pub code: Code,
    /// What follows from it.
    pub severity: Severity,
    /// The fact, which stands alone.
    pub message: String,
    /// The fact in a few words.
    pub label: String,
    /// Other places that are involved.
    pub notes: Vec<Note>,
    /// How it can be mended, only where that is sure.
    pub hint: Option<String>,
}

/// A place in a file of the config repo. Lines and columns count from 1, in characters; the end is exclusive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Place {
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

/// A second place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Note {
    /// Where.
    #[serde(flatten)]
    pub place: Place,
    /// What it has to do with the finding.
    pub message: String,
}

impl Diagnostic {
    /// What was found in the files of a union, or of none.
    pub fn new(union: Option<String>, found: diagnostic::Diagnostic) -> Self {
        let diagnostic::Diagnostic { span, code, severity, message, label, notes, hint } = found;
        let notes = notes.into_iter().map(|note| Note { place: note.span.into(), message: note.message });
        Self { union, place: span.into(), code, severity, message, label, notes: notes.collect(), hint }
    }
}

impl From<Diagnostic> for diagnostic::Diagnostic {
    fn from(told: Diagnostic) -> Self {
        let Diagnostic { union: _, place, code, severity, message, label, notes, hint } = told;
        let note = |note: Note| diagnostic::Note { span: note.place.into(), message: note.message };
        let notes = notes.into_iter().map(note).collect();
        Self { span: place.into(), code, severity, message, label, notes, hint }
    }
}

impl From<diagnostic::Span> for Place {
    fn from(span: diagnostic::Span) -> Self {
        let diagnostic::Span { path, line, column, end_line, end_column } = span;
        Self { path, line, column, end_line, end_column }
    }
}

impl From<Place> for diagnostic::Span {
    fn from(place: Place) -> Self {
        let Place { path, line, column, end_line, end_column } = place;
        Self { path, line, column, end_line, end_column }
    }
}
