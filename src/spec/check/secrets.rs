//! Secrets in plain where nobody expects them: in a note, a comment, the URL of a page.
//!
//! `plaintext-password` is about the fields that are there for secrets; this is about all others. Nothing of what was found is
//! in a message.

use crate::diagnostic::{
    Code, Diagnostic, Secret, Span, names_a_secret, secret_in_prose, secret_shape, shown,
};
use crate::spec::File;
use crate::spec::finding::Findings;
use crate::spec::node::{Entry, Node, Place, Value};

/// Fields in which people write prose, or what they please.
const PROSE: [&str; 6] = ["notes", "value", "title", "displayName", "reason", "annotations"];

/// Looks through a whole file, of which `document` is what could be read.
pub(in crate::spec) fn check(file: &File, document: Option<&Node>) -> Vec<Diagnostic> {
    let source = String::from_utf8_lossy(&file.content);
    let mut findings = Findings::new(&file.path);
    shapes(&source, &mut findings);
    if let Some(document) = document {
        prose(document, &source, &mut findings);
    }
    findings.into_list()
}

/// Those on whose line nothing else is wrong: a secret in the wrong field is told as that.
pub(in crate::spec) fn untold(secrets: Vec<Diagnostic>, told: &[Diagnostic]) -> Vec<Diagnostic> {
    let same = |a: &Span, b: &Span| (&a.path, a.line) == (&b.path, b.line);
    let is_new = |secret: &Diagnostic| !told.iter().any(|other| same(&other.span, &secret.span));
    secrets.into_iter().filter(is_new).collect()
}

fn shapes(source: &str, findings: &mut Findings<'_>) {
    let mut inside_key = false;
    for (number, line) in lines(source).enumerate() {
        // A key is told where it begins.
        let was_inside = inside_key;
        inside_key = was_inside && !line.contains("-----END");
        let Some((range, secret)) = secret_shape(line).filter(|_| !was_inside) else { continue };
        inside_key = secret == Secret::PrivateKey && !line[range.end..].contains("-----END");
        let column = |byte: usize| u32::try_from(line[..byte].chars().count()).unwrap_or(u32::MAX) + 1;
        let line = u32::try_from(number).unwrap_or(u32::MAX) + 1;
        let (column, end_column) = (column(range.start), column(range.end));
        found(secret, Place { line, column, end_line: line, end_column, inherited: false }, findings);
    }
}

/// Every text below a field of prose.
fn prose(node: &Node, source: &str, findings: &mut Findings<'_>) {
    match &node.value {
        Value::Scalar(_) => {}
        Value::List(items) => items.iter().for_each(|item| prose(item, source, findings)),
        Value::Map(entries) => {
            let field = node.get("name").and_then(Node::text).filter(|name| names_a_secret(name));
            for Entry { key, value, .. } in entries {
                match field {
                    Some(name) if &**key == "value" && is_one_word(value) => {
                        let message = format!(
                            "field `{}` has a plaintext value, and by its name it is a secret; allowed is `sealed`",
                            shown(name)
                        );
                        findings
                            .error(Code::PlaintextSecret, value.place, message)
                            .label("readable by everybody who can read the repository")
                            .hint("change it where it is used and seal the new one with `--field`; give the field another name if it is no secret");
                    }
                    _ if PROSE.contains(&&**key) => texts(value, source, findings),
                    _ => prose(value, source, findings),
                }
            }
        }
    }
}

/// What people write instead of a value has several words.
fn is_one_word(value: &Node) -> bool {
    value.text().is_some_and(|text| !text.trim().is_empty() && !text.trim().contains(char::is_whitespace))
}

fn texts(node: &Node, source: &str, findings: &mut Findings<'_>) {
    match &node.value {
        Value::Scalar(scalar) => {
            // What has a shape of its own is told by that.
            if scalar.text.lines().any(|line| secret_shape(line).is_some()) {
                return;
            }
            let secret = scalar.text.lines().find_map(|line| {
                let (range, secret) = secret_in_prose(line)?;
                Some((&line[range], secret))
            });
            if let Some((text, secret)) = secret {
                found(secret, place_of(text, node.place, source), findings);
            }
        }
        Value::List(items) => items.iter().for_each(|item| texts(item, source, findings)),
        Value::Map(entries) => entries.iter().for_each(|entry| texts(&entry.value, source, findings)),
    }
}

/// Where the text stands in a value of several lines; the value, if it is written differently there.
fn place_of(text: &str, value: Place, source: &str) -> Place {
    let (first, last) = (value.line as usize, value.end_line as usize);
    let places = lines(source).enumerate().skip(first - 1).take(last - first + 1);
    let at = places
        .into_iter()
        .find_map(|(number, line)| Some((number, line[..line.find(text)?].chars().count())));
    at.map_or(value, |(number, before)| {
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let (line, column) = (count(number) + 1, count(before) + 1);
        let end_column = column + count(text.chars().count());
        Place { line, column, end_line: line, end_column, ..value }
    })
}

fn found(secret: Secret, place: Place, findings: &mut Findings<'_>) {
    findings
        .error(Code::PlaintextSecret, place, format!("this looks like {secret}, in plain"))
        .label("readable by everybody who can read the repository")
        .hint(
            "change it where it is used, and keep the new one in a `sealed` field of a password; if it is no secret, say it in \
             other words",
        );
}

/// YAML ends a line with LF, CR or both.
fn lines(source: &str) -> impl Iterator<Item = &str> {
    let source = source.strip_prefix('\u{feff}').unwrap_or(source);
    source.split('\n').flat_map(|line| line.strip_suffix('\r').unwrap_or(line).split('\r'))
}
