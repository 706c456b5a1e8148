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

use std::collections::BTreeMap;

use super::super::mask::{self, masked_line, visible};
use super::super::{Code, Diagnostic, Note, Span};

/// The longest part of a line that is shown.
const MAX_WIDTH: usize = 120;

/// The files that diagnostics point into, by path: what excerpts are cut from.
#[derive(Debug, Default)]
pub struct Sources<'a>(BTreeMap<&'a str, Vec<&'a str>>);

impl<'a> FromIterator<(&'a str, &'a [u8])> for Sources<'a> {
    /// From path and content. A file that is not UTF-8 is shown as far as it is.
    fn from_iter<I: IntoIterator<Item = (&'a str, &'a [u8])>>(files: I) -> Self {
        let readable = |content: &'a [u8]| match std::str::from_utf8(content) {
            Ok(text) => text,
            Err(error) => std::str::from_utf8(&content[..error.valid_up_to()]).unwrap_or_default(),
        };
        Self(files.into_iter().map(|(path, content)| (path, lines(readable(content)))).collect())
    }
}

/// YAML ends a line with LF, CR or both.
fn lines(text: &str) -> Vec<&str> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    text.split('\n').flat_map(|line| line.strip_suffix('\r').unwrap_or(line).split('\r')).collect()
}

/// One diagnostic, several lines, with a line end after the last.
pub fn text(diagnostic: &Diagnostic, sources: &Sources<'_>) -> String {
    let Diagnostic { span, code, severity, message, label, notes, hint } = diagnostic;
    let places = std::iter::once(span).chain(notes.iter().map(|note| &note.span));
    let width = places.map(|span| span.line.to_string().len()).max().unwrap_or(0).max(2);
    let mut page = Page { out: String::new(), width, sources };
    page.line(&format!("{severity}[{code}]: {message}"));
    let context = *code == Code::InvalidYaml;
    page.excerpt("-->", span, '^', label, context);
    for Note { span, message } in notes {
        if span.is_file() {
            page.gutter_line(&format!("= note: {message}: {}", span.path));
        } else {
            page.gutter_line("|");
            page.excerpt(":::", span, '-', message, false);
        }
    }
    if let Some(hint) = hint {
        page.gutter_line("|");
        page.gutter_line(&format!("= hint: {hint}"));
    }
    page.out
}

struct Page<'a> {
    out: String,
    width: usize,
    sources: &'a Sources<'a>,
}

impl Page<'_> {
    fn line(&mut self, text: &str) {
        self.out.push_str(&visible(&text.replace('\n', " ")));
        self.out.push('\n');
    }

    fn gutter_line(&mut self, text: &str) {
        let gutter = " ".repeat(self.width + 1);
        self.line(&format!("{gutter}{text}"));
    }

    fn excerpt(&mut self, arrow: &str, span: &Span, mark: char, label: &str, context: bool) {
        let indent = " ".repeat(self.width);
        if span.is_file() {
            self.line(&format!("{indent}{arrow} {}", span.path));
            return;
        }
        self.line(&format!("{indent}{arrow} {}:{}:{}", span.path, span.line, span.column));
        let Some(lines) = self.sources.0.get(span.path.as_str()) else { return };
        let number = span.line as usize;
        if number == 0 || number > lines.len() {
            return;
        }
        self.gutter_line("|");
        if context && let Some(before) = (1..number).rev().find(|n| !lines[n - 1].trim().is_empty()) {
            let text = masked_line(lines, before - 1).0;
            self.numbered(before, text.chars().take(MAX_WIDTH).collect::<String>().trim_end());
        }
        let (start, end) = mark_range(lines[number - 1], span);
        let (text, hidden) = masked_line(lines, number - 1);
        // What is hidden is marked as a whole: nothing tells how long it is.
        let (start, end) = match hidden.map(|byte| lines[number - 1][..byte].chars().count()) {
            Some(hidden) if start >= hidden => (hidden, hidden + mask::MASK.len()),
            Some(hidden) => (start, end.min(hidden.max(start + 1))),
            None => (start, end),
        };
        // Spelled out first, so that what is marked stays under its mark.
        let (text, start, end) = spelled(&text, start, end);
        let (shown, start, end) = window(&text, start, end);
        self.numbered(number, &shown);
        let pad: String = shown.chars().take(start).map(|c| if c == '\t' { '\t' } else { ' ' }).collect();
        let extra = " ".repeat(start.saturating_sub(pad.chars().count()));
        let marks = String::from(mark).repeat(end - start);
        self.gutter_line(format!("| {pad}{extra}{marks} {label}").trim_end());
    }

    fn numbered(&mut self, number: usize, text: &str) {
        let width = self.width;
        self.line(format!("{number:>width$} | {text}").trim_end());
    }
}

/// The characters that are marked on the first line of a span: at least one, and no blank at the end.
fn mark_range(line: &str, span: &Span) -> (usize, usize) {
    let start = span.column.saturating_sub(1) as usize;
    let length = line.trim_end().chars().count();
    let end = if span.end_line > span.line { length } else { span.end_column.saturating_sub(1) as usize };
    (start, end.min(length).max(start + 1))
}

/// The text as it can be printed, with the place of the marked characters in it.
fn spelled(text: &str, start: usize, end: usize) -> (String, usize, usize) {
    let length = |from: usize, to: usize| {
        visible(&text.chars().skip(from).take(to - from).collect::<String>()).chars().count()
    };
    let before = start.min(text.chars().count());
    let marked = length(before, end.max(before));
    let start = length(0, before) + (start - before);
    (visible(text).into_owned(), start, start + marked.max(1))
}

/// The part of a long line around what is marked.
fn window(text: &str, start: usize, end: usize) -> (String, usize, usize) {
    let length = text.chars().count();
    if length <= MAX_WIDTH {
        return (text.to_owned(), start, end);
    }
    let first = start.saturating_sub(MAX_WIDTH / 3).min(length.saturating_sub(MAX_WIDTH));
    let mut shown: String = text.chars().skip(first).take(MAX_WIDTH).collect();
    let offset = usize::from(first > 0);
    if first > 0 {
        shown.insert(0, '…');
    }
    if first + MAX_WIDTH < length {
        shown.push('…');
    }
    let start = start - first + offset;
    let end = (end - first + offset).min(MAX_WIDTH + offset).max(start + 1);
    (shown, start, end)
}
