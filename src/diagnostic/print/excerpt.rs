//! One line of a file as a terminal can show it, and how far right the marked part of it stands.
//!
//! Columns of a diagnostic count characters; those of a terminal count cells. A character may be two cells wide, none
//! at all, or be spelled out: here one is turned into the other.

use std::collections::BTreeMap;
use std::ops::Range;

use unicode_width::UnicodeWidthStr as _;

use super::super::Span;
use super::super::mask::visible;

/// The most cells of a line that are shown.
const MAX_WIDTH: usize = 120;

/// What a tab is shown as: where the next one ends must not depend on what stands left of the excerpt.
const TAB: &str = "    ";

/// The files that diagnostics point into, by path: what excerpts are cut from.
#[derive(Debug, Default)]
pub struct Sources<'a>(BTreeMap<String, &'a str>);

impl<'a, P: Into<String>> FromIterator<(P, &'a [u8])> for Sources<'a> {
    /// From path and content. A file that is not UTF-8 is shown as far as it is.
    fn from_iter<I: IntoIterator<Item = (P, &'a [u8])>>(files: I) -> Self {
        let readable = |content: &'a [u8]| match std::str::from_utf8(content) {
            Ok(text) => text,
            Err(error) => std::str::from_utf8(&content[..error.valid_up_to()]).unwrap_or_default(),
        };
        Self(files.into_iter().map(|(path, content)| (path.into(), readable(content))).collect())
    }
}

impl Sources<'_> {
    /// The lines of the file, if it has the one that the span starts on.
    pub(super) fn lines(&self, span: &Span) -> Option<Vec<&str>> {
        if span.is_file() {
            return None;
        }
        let lines = lines(self.0.get(&span.path)?);
        (1..=lines.len()).contains(&(span.line as usize)).then_some(lines)
    }
}

/// YAML ends a line with LF, CR or both.
fn lines(text: &str) -> Vec<&str> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    text.split('\n').flat_map(|line| line.strip_suffix('\r').unwrap_or(line).split('\r')).collect()
}

/// A line that can be printed, and where its marked part stands, in cells.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Excerpt {
    pub text: String,
    pub before: usize,
    pub marked: usize,
}

impl Excerpt {
    /// Of a line, with the characters from `start` to `end` marked: they may lie behind its end.
    pub(super) fn new(line: &str, start: usize, end: usize) -> Self {
        let parts: Vec<String> = line.chars().map(spelled).collect();
        let shown = window(&parts, start);
        // What lies behind the end of the line is as wide as a blank.
        let width = |range: Range<usize>| -> usize {
            range.map(|at| parts.get(at).map_or(1, |part| part.width())).sum()
        };
        let (left, right) =
            (if shown.start > 0 { "…" } else { "" }, if shown.end < parts.len() { "…" } else { "" });
        let text = format!("{left}{}{right}", parts[shown.clone()].concat());
        let end = if shown.end < parts.len() { end.min(shown.end) } else { end };
        Self {
            text: text.trim_end().to_owned(),
            before: left.width() + width(shown.start..start),
            marked: width(start..end.max(start)).max(1),
        }
    }
}

/// A character in print.
fn spelled(c: char) -> String {
    match c {
        '\t' => TAB.to_owned(),
        _ => visible(c.encode_utf8(&mut [0; 4])).into_owned(),
    }
}

/// The part of a long line around the character at `start`: two thirds of the room are right of it.
fn window(parts: &[String], start: usize) -> Range<usize> {
    let widths: Vec<usize> = parts.iter().map(|part| part.width()).collect();
    if widths.iter().sum::<usize>() <= MAX_WIDTH {
        return 0..parts.len();
    }
    let start = start.min(parts.len());
    let mut first = start;
    let mut room = MAX_WIDTH / 3;
    while first > 0 && widths[first - 1] <= room {
        first -= 1;
        room -= widths[first];
    }
    let mut last = first;
    let mut room = MAX_WIDTH;
    while last < parts.len() && widths[last] <= room {
        room -= widths[last];
        last += 1;
    }
    // The end of the line came before the room's: what is left shows more of the beginning.
    while last == parts.len() && first > 0 && widths[first - 1] <= room {
        first -= 1;
        room -= widths[first];
    }
    first..last
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The excerpt with its mark below it.
    fn shown(line: &str, start: usize, end: usize) -> String {
        let Excerpt { text, before, marked } = Excerpt::new(line, start, end);
        format!("{text}\n{}{}", " ".repeat(before), "^".repeat(marked))
    }

    #[test]
    fn the_mark_stands_below_wide_and_spelled_characters() {
        assert_eq!(shown("name: 東京 Union", 9, 14), "name: 東京 Union\n           ^^^^^");
        assert_eq!(shown("name: 東京", 6, 8), "name: 東京\n      ^^^^");
        assert_eq!(shown("Zoe\u{301}: x", 6, 7), "Zoe\u{301}: x\n     ^");
        assert_eq!(shown("a\u{1b}b: c", 5, 6), "a\\u{1b}b: c\n          ^");
        assert_eq!(shown("\u{202e}x", 0, 1), "\\u{202e}x\n^^^^^^^^");
        assert_eq!(shown("\ta: b", 4, 5), "    a: b\n       ^");
    }

    #[test]
    fn a_mark_may_stand_behind_the_end_of_the_line() {
        assert_eq!(shown("# x", 3, 4), "# x\n   ^");
        assert_eq!(shown("", 0, 1), "\n^");
        assert_eq!(shown("ab", 4, 5), "ab\n    ^");
    }

    #[test]
    fn a_long_line_is_cut_around_what_is_marked() {
        let long = format!("{}MARK{}", "a".repeat(500), "b".repeat(500));
        let Excerpt { text, before, marked } = Excerpt::new(&long, 500, 504);
        assert_eq!(text.width(), MAX_WIDTH + 2);
        let marks: String = text.chars().skip(before).take(marked).collect();
        assert_eq!(marks, "MARK");

        let wide = "東".repeat(300);
        let Excerpt { text, before, marked } = Excerpt::new(&wide, 299, 300);
        assert_eq!((text.width(), before, marked), (MAX_WIDTH + 1, MAX_WIDTH - 1, 2));
        // A mark that is longer than the room ends with it.
        let Excerpt { text, before, marked } = Excerpt::new(&wide, 0, 300);
        assert_eq!((text.width(), before, marked), (MAX_WIDTH + 1, 0, MAX_WIDTH));
    }
}
