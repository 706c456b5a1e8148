//! One diagnostic on one line, as compilers print them: for logs, CI and editors.

use super::super::{Diagnostic, mask};

/// ``unions/acme/societies/chess.yaml:10:3: error[unknown-field]: `Society` has no field … (did you mean …?)``
pub fn line(diagnostic: &Diagnostic) -> String {
    let Diagnostic { span, code, severity, message, hint, .. } = diagnostic;
    let mut out = format!("{}:{}:{}: {severity}[{code}]: {message}", span.path, span.line, span.column);
    if let Some(hint) = hint {
        out.push_str(&format!(" ({hint})"));
    }
    mask::visible(&out.replace(['\n', '\t'], " ")).into_owned()
}
