//! Collects the diagnostics of one file.
//!
//! A finding is written as one sentence of code: what, where, in which words. Nothing here decides what is wrong.

use super::node::{Node, Place};
use super::schema::{Kind, first_line};
use crate::diagnostic::{Code, Diagnostic, Note, Severity, Span};

/// The diagnostics of one file, in the order of finding.
pub(super) struct Findings<'a> {
    path: &'a str,
    list: Vec<Diagnostic>,
}

/// A diagnostic that is being written.
pub(super) struct Finding<'f> {
    path: &'f str,
    diagnostic: &'f mut Diagnostic,
}

impl<'a> Findings<'a> {
    pub(super) fn new(path: &'a str) -> Self {
        Self { path, list: Vec::new() }
    }

    /// Adds an error.
    pub(super) fn error(&mut self, code: Code, place: Place, message: impl Into<String>) -> Finding<'_> {
        self.add(code, Severity::Error, place, message.into())
    }

    /// Adds a warning: it holds nothing.
    pub(super) fn warning(&mut self, code: Code, place: Place, message: impl Into<String>) -> Finding<'_> {
        self.add(code, Severity::Warning, place, message.into())
    }

    fn add(&mut self, code: Code, severity: Severity, place: Place, message: String) -> Finding<'_> {
        let at = self.list.len();
        self.list.push(Diagnostic {
            span: place.span(self.path),
            code,
            severity,
            message,
            label: String::new(),
            notes: Vec::new(),
            hint: None,
        });
        Finding { path: self.path, diagnostic: &mut self.list[at] }
    }

    /// A document that its schema accepts and its type does not read: the two disagree.
    pub(super) fn unreadable(&mut self, kind: Kind, document: &Node, error: &serde_json::Error) {
        let message = format!("`{}` cannot be read: {error}", kind.name());
        self.error(Code::InvalidValue, first_line(document), message).label("in this document");
    }

    /// Adds what was found elsewhere.
    pub(super) fn extend(&mut self, found: Vec<Diagnostic>) {
        self.list.extend(found);
    }

    /// A place of this file.
    pub(super) fn span(&self, place: Place) -> Span {
        place.span(self.path)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    pub(super) fn into_list(self) -> Vec<Diagnostic> {
        self.list
    }
}

impl Finding<'_> {
    /// The fact in a few words.
    pub(super) fn label(self, label: impl Into<String>) -> Self {
        self.diagnostic.label = label.into();
        self
    }

    /// The remedy, only where it is sure.
    pub(super) fn hint(self, hint: impl Into<String>) -> Self {
        self.diagnostic.hint = Some(hint.into());
        self
    }

    /// A second place in the same document.
    pub(super) fn note(self, place: Place, message: impl Into<String>) -> Self {
        self.diagnostic.notes.push(Note { span: place.span(self.path), message: message.into() });
        self
    }
}
