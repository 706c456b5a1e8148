//! The words for files that are not YAML.
//!
//! The parser names its own states; here they become what a person sees in the file and can change.

use granit_parser::ErrorKind;

use super::finding::Findings;
use super::node::Place;
use crate::diagnostic::Code;

/// A finding for a file that the parser gave up on at `place`, with the last bracket that was open there.
pub(super) fn error(
    kind: &ErrorKind,
    place: Place,
    open: Option<Place>,
    text: &str,
    findings: &mut Findings<'_>,
) {
    use ErrorKind as Kind;
    let (message, label, hint) = match kind {
        Kind::RecursionLimitExceeded => {
            findings
                .error(Code::SizeLimit, place, "lists and mappings are nested too deep for any document")
                .label("too deep");
            return;
        }
        Kind::DirectiveDisallowed => {
            findings
                .error(Code::UnsupportedYaml, place, "YAML directives (`%…`) are not supported")
                .label("a directive")
                .hint("remove the line");
            return;
        }
        Kind::TabNotAllowed
        | Kind::TabInBlockIndentation
        | Kind::TabInIndentation
        | Kind::TabAtBlockScalarStart
        | Kind::TabInPlainScalar => {
            // The parser tells where the text begins that the tab interrupts.
            findings
                .error(
                    Code::InvalidYaml,
                    first_tab(text, place),
                    "a tab indents this line; YAML allows spaces only",
                )
                .label("a tab")
                .hint("indent with spaces");
            return;
        }
        Kind::UnclosedQuotedScalar | Kind::DocumentIndicatorInQuotedScalar => {
            ("a quoted text is not closed", "still inside of the quotes", None)
        }
        Kind::InvalidTrailingSingleQuotedScalar | Kind::InvalidTrailingDoubleQuotedScalar => (
            "something follows the closing quote of a text",
            "after the closing quote",
            Some("double a `'` inside of single quotes; write `\\\"` inside of double quotes"),
        ),
        Kind::UnknownQuotedScalarEscape => (
            "`\\` starts no known escape in this double-quoted text",
            "unknown escape",
            Some("use single quotes to keep each `\\` as it is"),
        ),
        Kind::MappingValueNotAllowed | Kind::InvalidColonPlacement | Kind::ExpectedBlockMappingKey
            if open.is_some() =>
        {
            ("a field starts inside of brackets that are not closed", "unexpected field", None)
        }
        Kind::UnexpectedEofFlowSequence
        | Kind::UnexpectedEofFlowMapping
        | Kind::UnexpectedEofImplicitFlowMapping
        | Kind::UnclosedFlowCollection { .. } => ("a `[` or `{` is not closed", "still open here", None),
        Kind::ExpectedFlowMappingSeparator => ("`{…}` lacks a `,` or its `}`", "expected `,` or `}`", None),
        Kind::ExpectedFlowSequenceSeparator => ("`[…]` lacks a `,` or its `]`", "expected `,` or `]`", None),
        Kind::MisplacedFlowCollectionEnd | Kind::MismatchedFlowCollectionEnd { .. } => {
            ("a closing bracket has no opening one", "closes nothing", None)
        }
        Kind::ExpectedBlockMappingKey | Kind::ExpectedBlockSequenceEntry | Kind::InvalidIndentation => (
            "this line is not indented like the lines it belongs to",
            "neither a next field nor a next item",
            Some("line it up with the field or the `-` above it"),
        ),
        Kind::MappingValueNotAllowed | Kind::InvalidColonPlacement | Kind::MappingKeyNotAllowed => (
            "a field starts where none can stand",
            "unexpected field",
            Some("quote a text that contains `: `; line a field up with those above it"),
        ),
        Kind::SimpleKeyExpected | Kind::InvalidSimpleKey => {
            ("a field lacks its `:`", "no `:` follows", Some("write `name: value`"))
        }
        Kind::BlockSequenceEntryNotAllowed | Kind::BlockEntryInFlowCollection => (
            "a list item starts where none can stand",
            "unexpected `-`",
            Some("start the list on a line of its own"),
        ),
        Kind::UnknownAnchor => {
            ("an alias repeats an anchor that is not defined above it", "unknown anchor", None)
        }
        Kind::UnexpectedCharacter { .. } => {
            ("a text cannot start with this character", "reserved by YAML", Some("quote the text"))
        }
        other => {
            let message = format!("the file is not YAML: {other}");
            findings.error(Code::InvalidYaml, place, message).label("here");
            return;
        }
    };
    let mut finding = findings.error(Code::InvalidYaml, place, message).label(label);
    if let Some(hint) = hint {
        finding = finding.hint(hint);
    }
    if let Some(open) = open.filter(|open| *open != place) {
        finding.note(open, "opened here");
    }
}

/// The first tab that indents a line, from the place on.
fn first_tab(text: &str, place: Place) -> Place {
    let start = place.line.saturating_sub(1) as usize;
    let found = text.lines().enumerate().skip(start).find_map(|(index, line)| {
        let blank = line.len() - line.trim_start().len();
        line[..blank].find('\t').map(|column| (number(index), number(column)))
    });
    found.map_or(place, |(line, column)| Place {
        line: line + 1,
        column: column + 1,
        end_line: line + 1,
        end_column: column + 2,
        inherited: false,
    })
}

/// A finding for a file that is not UTF-8 after `valid` bytes.
pub(super) fn encoding(content: &[u8], valid: usize, findings: &mut Findings<'_>) {
    let before = String::from_utf8_lossy(&content[..valid]);
    let hint = match content {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => "the file is UTF-16; save it as UTF-8",
        _ => "save the file as UTF-8",
    };
    findings
        .error(Code::InvalidEncoding, end_of(&before), "the file is not UTF-8")
        .label("these bytes are no character")
        .hint(hint);
}

/// The place after the last character of a text.
pub(super) fn end_of(text: &str) -> Place {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let text = text.strip_suffix('\n').unwrap_or(text);
    let text = text.strip_suffix('\r').unwrap_or(text);
    // A line ends with LF, CR or both.
    let lines = || text.split('\n').flat_map(|line| line.strip_suffix('\r').unwrap_or(line).split('\r'));
    let line = number(lines().count());
    let column = number(lines().last().map_or(0, |last| last.chars().count())) + 1;
    Place { line, column, end_line: line, end_column: column, inherited: false }
}

fn number(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}
