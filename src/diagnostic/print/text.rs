//! Diagnostics for people: the message, the line it is about with a mark below it, the remedy.
//!
//! ```text
//! error[unknown-field]: `Society` has no field `spec.membrs`
//!   --> unions/acme/societies/chess.yaml:10:3
//!    |
//! 10 |   membrs:
//!    |   ^^^^^^ not a known field
//!    |
//!    = hint: did you mean `members`?
//! ```

use super::super::mask::{self, masked_line, visible};
use super::super::{Code, Diagnostic, Note, Span};
use super::excerpt::{Excerpt, Sources};
use super::paint::Paint;

/// One diagnostic, several lines, with a line end after the last.
pub fn text(diagnostic: &Diagnostic, sources: &Sources<'_>, paint: Paint) -> String {
    let Diagnostic { span, code, severity, message, label, notes, hint } = diagnostic;
    let places = std::iter::once(span).chain(notes.iter().map(|note| &note.span));
    let width = places.map(|span| span.line.to_string().len()).max().unwrap_or(0).max(2);
    let mut page = Page { out: String::new(), width, sources, paint };
    let colour = paint.of(*severity);
    page.title(&format!("{severity}[{code}]"), message, colour);
    page.place("-->", span);
    let shows = match code {
        Code::InvalidYaml => Shows::LineBefore,
        Code::PlaintextSecret => Shows::NothingMarked,
        _ => Shows::Line,
    };
    page.excerpt(span, Mark { sign: '^', colour, label }, shows);
    let (files, places): (Vec<&Note>, Vec<&Note>) = notes.iter().partition(|note| note.span.is_file());
    for Note { span, message } in places {
        page.gutter("|", "");
        page.place(":::", span);
        page.excerpt(span, Mark { sign: '-', colour: paint.frame, label: message }, Shows::Line);
    }
    if !files.is_empty() || hint.is_some() {
        page.gutter("|", "");
    }
    files.iter().for_each(|note| page.remark("note", &format!("{}: {}", note.message, note.span.path)));
    hint.iter().for_each(|hint| page.remark("hint", hint));
    page.out
}

/// What stands below the marked characters.
struct Mark<'a> {
    sign: char,
    colour: &'static str,
    label: &'a str,
}

/// How much of the file is shown around a mark.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shows {
    Line,
    /// With the line before it, which may be the cause.
    LineBefore,
    /// From the mark on nothing, since a secret stands there.
    NothingMarked,
}

struct Page<'a> {
    out: String,
    width: usize,
    sources: &'a Sources<'a>,
    paint: Paint,
}

/// A text of others on one line.
fn one_line(text: &str) -> String {
    visible(&text.replace(['\n', '\t'], " ")).into_owned()
}

impl Page<'_> {
    fn title(&mut self, kind: &str, message: &str, colour: &str) {
        let Paint { strong, end, .. } = self.paint;
        self.out.push_str(&format!("{colour}{kind}{end}{strong}: {}{end}\n", one_line(message)));
    }

    /// A sign in the gutter, and what stands right of it.
    fn gutter(&mut self, sign: &str, rest: &str) {
        let Paint { frame, end, .. } = self.paint;
        let indent = " ".repeat(self.width + 1);
        self.out.push_str(&format!("{indent}{frame}{sign}{end}{rest}\n"));
    }

    fn remark(&mut self, kind: &str, text: &str) {
        let Paint { strong, end, .. } = self.paint;
        self.gutter("=", &format!(" {strong}{kind}{end}: {}", one_line(text)));
    }

    fn place(&mut self, arrow: &str, span: &Span) {
        let Paint { frame, end, .. } = self.paint;
        let indent = " ".repeat(self.width);
        let path = one_line(&span.path);
        let place = if span.is_file() { path } else { format!("{path}:{}:{}", span.line, span.column) };
        self.out.push_str(&format!("{indent}{frame}{arrow}{end} {place}\n"));
    }

    fn numbered(&mut self, number: usize, text: &str) {
        let (Paint { frame, end, .. }, width) = (self.paint, self.width);
        let space = if text.is_empty() { "" } else { " " };
        self.out.push_str(&format!("{frame}{number:>width$} |{end}{space}{text}\n"));
    }

    fn excerpt(&mut self, span: &Span, mark: Mark<'_>, shows: Shows) {
        let Some(lines) = self.sources.lines(span) else { return };
        let number = span.line as usize;
        self.gutter("|", "");
        if shows == Shows::LineBefore
            && let Some(before) = (1..number).rev().find(|n| !lines[n - 1].trim().is_empty())
        {
            let (text, _) = masked_line(&lines, before - 1);
            self.numbered(before, &Excerpt::new(&text, 0, 0).text);
        }
        let (start, end) = mark_range(lines[number - 1], span);
        let (text, hidden) = match shows {
            Shows::NothingMarked => mask::masked_from(&lines, number - 1, start),
            Shows::Line | Shows::LineBefore => masked_line(&lines, number - 1),
        };
        // What is hidden is marked as a whole: nothing tells how long it is.
        let (start, end) = match hidden.map(|byte| lines[number - 1][..byte].chars().count()) {
            Some(hidden) if start >= hidden => (hidden, hidden + mask::MASK.len()),
            Some(hidden) => (start, end.min(hidden.max(start + 1))),
            None => (start, end),
        };
        let excerpt = Excerpt::new(&text, start, end);
        self.numbered(number, &excerpt.text);
        let Mark { sign, colour, label } = mark;
        let marks = String::from(sign).repeat(excerpt.marked);
        let label = one_line(label);
        let space = if label.is_empty() { "" } else { " " };
        let end = self.paint.end;
        self.gutter("|", &format!(" {}{colour}{marks}{space}{label}{end}", " ".repeat(excerpt.before)));
    }
}

/// The characters that are marked on the first line of a span: at least one, and no blank at the end.
fn mark_range(line: &str, span: &Span) -> (usize, usize) {
    let start = span.column.saturating_sub(1) as usize;
    let length = line.trim_end().chars().count();
    let end = if span.end_line > span.line { length } else { span.end_column.saturating_sub(1) as usize };
    (start, end.min(length).max(start + 1))
}
