//! Diagnostics as SARIF 2.1.0, the form that code scanning of forges and editors reads.
//!
//! One run with one rule per code, so that whoever reads a finding can open what it means. Columns count characters, the
//! second places of a finding are linked from its message (GitHub shows only those that are).

use serde::Serialize;
use serde_json::{Value as Json, json};

use super::super::{Code, Diagnostic, Note, Span, mask::visible};
use super::explanation;

/// A log with one run, over several lines.
pub fn sarif(diagnostics: &[&Diagnostic]) -> String {
    let driver = Driver {
        name: "keyforge",
        semantic_version: env!("CARGO_PKG_VERSION"),
        rules: Code::ALL.iter().copied().map(rule).collect(),
    };
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": driver },
            "columnKind": "unicodeCodePoints",
            "results": diagnostics.iter().map(|diagnostic| result(diagnostic)).collect::<Vec<_>>(),
        }],
    });
    serde_json::to_string_pretty(&log).expect("strings and numbers are JSON")
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Driver {
    name: &'static str,
    semantic_version: &'static str,
    rules: Vec<Json>,
}

fn rule(code: Code) -> Json {
    let meaning = code.meaning();
    let first = meaning.find(['.', ':']).map_or(meaning, |end| &meaning[..end]);
    json!({
        "id": code,
        "shortDescription": { "text": plain(first) },
        "fullDescription": { "text": plain(meaning) },
        "help": { "text": unplaced(&explanation::text(code)), "markdown": explanation::markdown(code) },
    })
}

fn result(diagnostic: &Diagnostic) -> Json {
    let Diagnostic { span, code, severity, message, notes, hint, .. } = diagnostic;
    let mut text = plain(message);
    for (at, note) in notes.iter().enumerate() {
        text.push_str(&format!("\n{}", link(&note.message, at)));
    }
    if let Some(hint) = hint {
        text.push_str(&format!("\nhint: {}", plain(hint)));
    }
    let mut result = json!({
        "ruleId": code,
        "ruleIndex": Code::ALL.iter().position(|known| known == code),
        "level": severity,
        "message": { "text": text },
        "locations": [{ "physicalLocation": location(span) }],
    });
    if !notes.is_empty() {
        let related = |(at, Note { span, message }): (usize, &Note)| json!({ "id": at, "message": { "text": plain(message) }, "physicalLocation": location(span) });
        result["relatedLocations"] = notes.iter().enumerate().map(related).collect();
    }
    result
}

fn location(span: &Span) -> Json {
    let mut location = json!({ "artifactLocation": { "uri": uri(&span.path), "uriBaseId": "%SRCROOT%" } });
    if !span.is_file() {
        let Span { line, column, end_line, end_column, .. } = span;
        location["region"] = json!({
            "startLine": line, "startColumn": column, "endLine": end_line, "endColumn": end_column,
        });
    }
    location
}

/// A relative reference: a path with everything encoded that a URI cannot hold.
fn uri(path: &str) -> String {
    let mut base = url::Url::parse("file:///").expect("a constant");
    if let Ok(mut segments) = base.path_segments_mut() {
        segments.clear().extend(path.split('/'));
    }
    base.path().trim_start_matches('/').to_owned()
}

/// Text of a message, in which braces stand for placeholders (§3.11.5) and `[…](…)` for a link (§3.11.6).
fn plain(text: &str) -> String {
    let text = unplaced(&visible(text));
    if text.contains("](") { escaped(&text) } else { text }
}

/// A link to the related location with this number.
fn link(text: &str, number: usize) -> String {
    format!("[{}]({number})", escaped(&unplaced(&visible(text))))
}

/// Text whose braces are braces.
fn unplaced(text: &str) -> String {
    text.replace('{', "{{").replace('}', "}}")
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('[', "\\[").replace(']', "\\]")
}
