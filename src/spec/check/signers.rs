//! The keys of `signatures`: a list that is text inside of a text, whose mistakes still have a line of their own.

use crate::diagnostic::Code;
use crate::signing::SignersError;
use crate::spec::document::Signatures;
use crate::spec::finding::Findings;
use crate::spec::node::{Node, Place};

/// `source` is the file that the document was read from.
pub(in crate::spec) fn check(
    document: &Node,
    source: &str,
    signatures: &Signatures,
    findings: &mut Findings<'_>,
) {
    let Some(node) = document.get("spec").and_then(|spec| spec.get("signatures")) else { return };
    let (policy, mistakes) = signatures.policy();
    for mistake in &mistakes {
        match mistake {
            SignersError::Line(mistake) => {
                let place =
                    node.get("allowedSigners").map_or(node.place, |list| line(source, list, mistake.line));
                findings
                    .error(
                        Code::InvalidSigner,
                        place,
                        format!("`spec.signatures.allowedSigners`: {}", mistake.why),
                    )
                    .label("nobody can sign by this");
            }
            SignersError::OpenPgp { number, why } => {
                let keys = node.get("openpgp").map_or(&[][..], Node::items);
                let place = keys.get(*number).map_or(node.place, |key| key.place);
                findings
                    .error(Code::InvalidSigner, place, format!("`spec.signatures.openpgp[{number}]` {why}"))
                    .label("nobody can sign by this");
            }
        }
    }
    if signatures.required && mistakes.is_empty() && policy.signers.is_empty() {
        let place = document
            .get("spec")
            .and_then(|spec| spec.entry("signatures"))
            .map_or(node.place, |e| e.key_place);
        findings
            .error(
                Code::InvalidSigner,
                place,
                "`spec.signatures` asks for signatures and names nobody who may make them".to_owned(),
            )
            .label("lacks a key")
            .hint("add keys to `allowedSigners` or `openpgp`, or set `required: false`");
    }
}

/// The place of a line of a text. It has one of its own in a block with `|`; any other form may have folded it.
fn line(source: &str, text: &Node, number: u32) -> Place {
    let lines: Vec<&str> = source.lines().collect();
    let at = |line: u32| lines.get(line.saturating_sub(1) as usize).copied().unwrap_or_default();
    // The place of a block is that of its content, which may begin with lines that are empty.
    let written = |line: &u32| at(*line).split_once("allowedSigners:").map(|(_, value)| value.trim_start());
    let Some(key) =
        (1..=text.place.line).rev().find(|line| written(line).is_some_and(|v| v.starts_with('|')))
    else {
        return text.place;
    };
    let line = key + number;
    let count = |text: &str| u32::try_from(text.chars().count()).unwrap_or(u32::MAX - 1);
    let (full, trimmed) = (count(at(line).trim_end()), count(at(line).trim()));
    Place { line, column: full - trimmed + 1, end_line: line, end_column: full + 1, ..text.place }
}
