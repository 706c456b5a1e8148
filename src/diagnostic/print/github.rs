//! Diagnostics as annotations of a pull request on GitHub, and on Gitea, whose runners read the same commands.
//!
//! Each is a workflow command on a line of its own. Of each kind GitHub shows ten per step and drops the others, but keeps
//! all in the log, without their places: so the message says the place again.
//!
//! Invariant: no line that could be read as another command, whatever a file holds.

use super::super::{Diagnostic, Severity};
use super::line::{line, note};

/// How many annotations of a kind are shown per step.
const SHOWN: usize = 10;

/// ``::error title=unknown-field,file=…,line=10,endLine=10,col=3,endColumn=9::unions/…: error[unknown-field]: …``, one line
/// each, then the summary as a notice.
pub fn github(diagnostics: &[&Diagnostic], summary: &str) -> String {
    let mut out: String = diagnostics.iter().map(|diagnostic| annotation(diagnostic)).collect();
    let mut notice = summary.trim_end().to_owned();
    let of = |severity| diagnostics.iter().filter(|found| found.severity == severity).count();
    if of(Severity::Error).max(of(Severity::Warning)) > SHOWN {
        let all = diagnostics.len();
        notice.push_str(&format!(
            "\nGitHub shows {SHOWN} findings of each kind; the log of this step has all {all}"
        ));
    }
    out.push_str(&format!("::notice title=Keyforge::{}\n", data(&notice)));
    out
}

fn annotation(diagnostic: &Diagnostic) -> String {
    let Diagnostic { span, code, severity, notes, .. } = diagnostic;
    let mut properties = format!("title={code},file={}", property(&span.path));
    if !span.is_file() {
        properties.push_str(&format!(",line={},endLine={}", span.line, span.end_line));
        // Columns count only within one line.
        if span.line == span.end_line {
            properties.push_str(&format!(",col={},endColumn={}", span.column, span.end_column));
        }
    }
    let lines: Vec<String> = std::iter::once(line(diagnostic)).chain(notes.iter().map(note)).collect();
    format!("::{severity} {properties}::{}\n", data(&lines.join("\n")))
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
