//! One diagnostic on one line, as compilers print them: for logs, CI and editors.

use super::super::{Diagnostic, Note, Span, mask};

/// ``unions/acme/societies/chess.yaml:10:3: error[unknown-field]: `Society` has no field … (did you mean …?)``
pub fn line(diagnostic: &Diagnostic) -> String {
    let Diagnostic { span, code, severity, message, hint, .. } = diagnostic;
    let hint = hint.as_ref().map(|hint| format!(" ({hint})")).unwrap_or_default();
    at(span, &format!("{severity}[{code}]: {message}{hint}"))
}

/// A second place, likewise.
pub(super) fn note(note: &Note) -> String {
    at(&note.span, &format!("note: {}", note.message))
}

fn at(span: &Span, text: &str) -> String {
    let Span { path, line, column, .. } = span;
    let text = format!("{path}:{line}:{column}: {text}");
    mask::visible(&text.replace(['\n', '\t'], " ")).into_owned()
}
