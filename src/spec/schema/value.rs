//! The words for wrong values: what was found, what is allowed.

use jsonschema::ValidationError;
use jsonschema::error::{TypeKind, ValidationErrorKind as Error};
use serde_json::Value as Json;

use super::formats;
use super::message::{Document, field_path, first_line, list, nearest, tokens};
use crate::diagnostic::{Code, is_secret_place, shown};
use crate::spec::finding::Findings;
use crate::spec::node::{Entry, Node, Place, Value};
use crate::spec::scalar::{Doubt, Reading, Scalar};

impl Document<'_> {
    fn limit(&self, tokens: &[String], keyword: &str) -> String {
        self.keyword(tokens, keyword).map_or_else(String::new, Json::to_string)
    }

    pub(super) fn wrong_value(&self, error: &ValidationError<'_>, findings: &mut Findings<'_>) {
        let tokens = &tokens(error);
        let (node, entry) = self.find(tokens);
        let path = format!("`{}`", field_path(self.node, tokens));
        let path = if tokens.is_empty() { "the document" } else { path.as_str() };
        let secret = is_secret_place(tokens);
        let value = match node.text() {
            _ if secret => "`********`".to_owned(),
            Some(text) => format!("`{}`", shown(text)),
            None => noun(node).to_owned(),
        };
        // Quotes are no remedy where the quoted text would be wrong too.
        let refusal = match (error.kind(), node.text()) {
            (Error::Type { kind }, Some(text)) if is_plain_value(node) && types(kind).contains(&"a text") => {
                self.refusal(tokens, text)
            }
            _ => None,
        };
        let invalid = |message: String, label: &str| (Code::InvalidValue, message, label.to_owned());
        let mut hint = None;
        let (code, message, label) = match error.kind() {
            Error::FalseSchema => {
                let (field, chosen) = self.alternative(tokens);
                let place = entry.map_or(node.place, |entry| entry.key_place);
                let message = format!("{path} cannot be set where `{field}` is `{}`", shown(&chosen));
                findings
                    .error(Code::ConflictingFields, place, message)
                    .label(format!("not with `{}`", shown(&chosen)));
                return;
            }
            Error::OneOfNotValid { .. } | Error::OneOfMultipleValid { .. } => {
                self.alternatives(tokens, node, findings);
                return;
            }
            Error::Format { format } if format == "keyforge-sealed" && !is_armored(node) => {
                let tokens: Vec<&str> = tokens.iter().map(String::as_str).collect();
                self.plaintext(&tokens, node, findings);
                return;
            }
            Error::Type { .. } if is_plain_totp(tokens, node) => {
                let tokens: Vec<&str> = tokens.iter().map(String::as_str).collect();
                self.plaintext(&tokens, node, findings);
                return;
            }
            Error::Type { .. } if refusal.is_some() => {
                invalid(format!("{path} is {value}{}", refusal.unwrap_or_default()), "not allowed here")
            }
            Error::Type { kind } => {
                let allowed = types(kind);
                if allowed.contains(&"a text") && !secret && is_plain_value(node) {
                    hint = node.text().map(|text| format!("write `\"{text}\"`"));
                } else if allowed.contains(&"a list")
                    && matches!(node.value, Value::Scalar(_))
                    && !node.is_null()
                {
                    hint = Some("write each item on a line of its own, after `- `".to_owned());
                } else if allowed == ["a mapping"] {
                    hint = self.example(tokens).map(|example| format!("write fields, such as `{example}`"));
                }
                let allowed = allowed.join(" or ");
                let found = if node.is_null() { "has no value" } else { &format!("is {}", noun(node)) };
                (Code::WrongType, format!("{path} {found}; allowed is {allowed}"), format!("not {allowed}"))
            }
            Error::Enum { options } => {
                let options: Vec<&str> =
                    options.as_array().into_iter().flatten().filter_map(Json::as_str).collect();
                if let Some(near) = node.text().and_then(|text| nearest(text, options.iter().copied())) {
                    hint = Some(format!("did you mean `{near}`?"));
                }
                invalid(format!("{path} is {value}; allowed are {}", list(&options)), "not an allowed value")
            }
            Error::Constant { expected_value } => {
                let expected = expected_value.as_str().unwrap_or_default();
                invalid(format!("{path} is {value}; allowed is `{expected}`"), "not the allowed value")
            }
            Error::Format { format } => {
                let why = node.text().and_then(|text| formats::error(format, text)).unwrap_or_default();
                invalid(format!("{path} is {value}: {why}"), "not allowed here")
            }
            Error::Minimum { .. } | Error::Maximum { .. } => {
                let (least, most) = (self.limit(tokens, "minimum"), self.limit(tokens, "maximum"));
                invalid(format!("{path} is {value}; allowed are {least} to {most}"), "out of range")
            }
            Error::MinLength { .. } => invalid(format!("{path} is empty"), "empty"),
            Error::MaxLength { limit } => {
                let found = node.text().map_or(0, |text| text.chars().count());
                invalid(format!("{path} has {found} characters; allowed are {limit}"), "too long")
            }
            Error::MinItems { limit } => {
                let found = node.items().len();
                invalid(format!("{path} has {found} items; at least {limit} is needed"), "too few")
            }
            Error::MaxItems { limit } => {
                invalid(format!("{path} has {} items; allowed are {limit}", node.items().len()), "too many")
            }
            Error::UniqueItems => {
                let items = node.items();
                let twice = items.iter().enumerate().find_map(|(at, item)| {
                    items[..at].iter().find(|first| first.value == item.value).map(|first| (first, item))
                });
                let Some((first, second)) = twice else { return };
                let message = format!("{path} has `{}` twice", shown(second.text().unwrap_or_default()));
                findings
                    .error(Code::InvalidValue, second.place, message)
                    .label("the second one")
                    .note(first.place, "the first one");
                return;
            }
            Error::MinProperties { limit } | Error::MaxProperties { limit } => {
                let fields = self.lookup.fields(self.kind.file(), tokens);
                let found = node.entries().len();
                if fields.is_empty() {
                    invalid(
                        format!("{path} has {found} fields; the limit is {limit}"),
                        "wrong number of fields",
                    )
                } else {
                    let place = entry.map_or(node.place, |entry| entry.key_place);
                    let message = format!("{path} has {found} of {}; allowed is exactly one", list(&fields));
                    findings.error(Code::ConflictingFields, place, message).label("exactly one");
                    return;
                }
            }
            Error::Pattern { pattern } => {
                invalid(format!("{path} is {value}, which does not match `{pattern}`"), "not allowed here")
            }
            _ => invalid(format!("{path}: {}", error.masked()), "not allowed here"),
        };
        let place = if matches!(node.value, Value::Scalar(_)) { node.place } else { first_line(node) };
        let finding = findings.error(code, place, message).label(label);
        if let Some(hint) = hint {
            finding.hint(hint);
        }
    }

    /// How a value may look at this place, if that is no more than a line.
    fn example(&self, tokens: &[String]) -> Option<String> {
        const MOST: usize = 60;
        let example = self.keyword(tokens, "examples")?.get(0)?;
        Some(flow(example)).filter(|text| text.len() <= MOST)
    }

    /// What is wrong with the text at this place, after "`field` is `text`"; nothing if it may stand there in quotes.
    fn refusal(&self, tokens: &[String], text: &str) -> Option<String> {
        if let Some(options) = self.keyword(tokens, "enum").and_then(Json::as_array) {
            let options: Vec<&str> = options.iter().filter_map(Json::as_str).collect();
            return (!options.contains(&text)).then(|| format!("; allowed are {}", list(&options)));
        }
        if let Some(expected) = self.keyword(tokens, "const").and_then(Json::as_str) {
            return (expected != text).then(|| format!("; allowed is `{expected}`"));
        }
        let format = self.keyword(tokens, "format")?.as_str()?;
        formats::error(format, text).map(|why| format!(": {why}"))
    }

    /// A key that is no text for some readers. Of an unknown field that is told, and nothing else.
    pub(super) fn doubtful_key(
        &self,
        tokens: &[String],
        entry: &Entry,
        noun: &str,
        findings: &mut Findings<'_>,
    ) {
        if self.lookup.at(self.kind.file(), tokens).is_empty() {
            return;
        }
        let message = format!("the key `{}` is {noun} for some readers of YAML; a key is text", entry.key);
        findings
            .error(Code::AmbiguousScalar, entry.key_place, message)
            .label("not quoted")
            .hint(format!("write `\"{}\"`", entry.key));
    }

    /// The field whose value forbids the one at these tokens: the nearest `kind` or `alphabet` beside or above it.
    fn alternative(&self, tokens: &[String]) -> (&'static str, String) {
        (0..tokens.len())
            .rev()
            .find_map(|above| {
                let object = self.find(&tokens[..above]).0;
                let kind = object.get("kind").and_then(Node::text);
                if let Some(kind) = kind.filter(|_| above > 0) {
                    return Some(("kind", kind.to_owned()));
                }
                let is_generate = tokens[..above].last().is_some_and(|token| token == "generate");
                let alphabet = object.get("alphabet").and_then(Node::text).unwrap_or("safe");
                is_generate.then(|| ("alphabet", alphabet.to_owned()))
            })
            .unwrap_or(("kind", String::new()))
    }

    /// One of several fields is needed, and none or more than one is there.
    fn alternatives(&self, tokens: &[String], node: &Node, findings: &mut Findings<'_>) {
        let alternatives = self.keyword(tokens, "oneOf").and_then(Json::as_array);
        let fields: Vec<&str> =
            alternatives.into_iter().flatten().filter_map(|one| one["required"][0].as_str()).collect();
        let set: Vec<_> =
            fields.iter().filter_map(|field| node.entry(field)).filter(|e| !e.value.is_null()).collect();
        let name = node.get("name").and_then(Node::text);
        let path = match name {
            Some(name) => format!("`{}` (`{}`)", field_path(self.node, tokens), shown(name)),
            None => format!("`{}`", field_path(self.node, tokens)),
        };
        match set[..] {
            [first, second, ..] => {
                findings
                    .error(
                        Code::ConflictingFields,
                        second.key_place,
                        format!("{path} has several of {}; allowed is exactly one", list(&fields)),
                    )
                    .label("the second one")
                    .note(first.key_place, "the first one");
            }
            _ if self.has_plaintext(node) && fields.contains(&"generate") => {}
            _ if fields.iter().any(|field| self.is_misspelt(tokens, node, field)) => {}
            _ => {
                findings
                    .error(
                        Code::MissingField,
                        first_line(node),
                        format!("{path} has none of {}; exactly one is needed", list(&fields)),
                    )
                    .label(format!("lacks {}", list(&fields)));
            }
        }
    }

    pub(super) fn doubtful(
        &self,
        tokens: &[String],
        scalar: &Scalar,
        doubt: Doubt,
        place: Place,
        findings: &mut Findings<'_>,
    ) {
        let schemas = self.lookup.at(self.kind.file(), tokens);
        // Below an unknown field there is nothing to say about values.
        if schemas.is_empty() {
            return;
        }
        let says = |keyword: &str, value: &str| schemas.iter().any(|schema| schema[keyword] == *value);
        let path = field_path(self.node, tokens);
        let text = if is_secret_place(tokens) { "********" } else { &scalar.text };
        let (message, hint) = if says("type", "boolean") {
            let truth = ["y", "yes", "on"].iter().any(|word| scalar.text.eq_ignore_ascii_case(word));
            let hint = (doubt == Doubt::Bool).then(|| format!("write `{truth}`"));
            (format!("`{path}` is `{text}`; allowed are `true` and `false`"), hint)
        } else if says("type", "integer") {
            (
                format!("`{path}` is `{text}`, which readers of YAML take for different numbers"),
                Some("write it in decimal digits, without a leading zero".to_owned()),
            )
        } else if let Some(why) = self.refusal(tokens, &scalar.text) {
            let message = format!("`{path}` is `{}`{why}", shown(text));
            findings.error(Code::InvalidValue, place, message).label("not allowed here");
            return;
        } else {
            let noun = doubt.noun();
            (
                format!("`{path}` is an unquoted `{text}`, which some readers of YAML take for {noun}"),
                Some(format!("write `\"{text}\"`")),
            )
        };
        let finding = findings.error(Code::AmbiguousScalar, place, message).label("ambiguous");
        if let Some(hint) = hint {
            finding.hint(hint);
        }
    }
}

/// JSON as people write it in YAML: in one line, texts in quotes only where that is needed.
fn flow(value: &Json) -> String {
    let joined = |parts: Vec<String>| parts.join(", ");
    match value {
        Json::Object(fields) => {
            let field = |(name, value): (&String, &Json)| format!("{name}: {}", flow(value));
            format!("{{{}}}", joined(fields.iter().map(field).collect()))
        }
        Json::Array(items) => format!("[{}]", joined(items.iter().map(flow).collect())),
        Json::String(text) if is_plain_text(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Whether a text needs no quotes between brackets.
fn is_plain_text(text: &str) -> bool {
    Scalar::plain(text).reading == Reading::Text
        && text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || " -./@".contains(c))
}

/// A damaged sealed value is no plaintext.
fn is_armored(node: &Node) -> bool {
    node.text().is_some_and(|text| text.trim_start().starts_with("-----BEGIN AGE"))
}

fn is_plain_totp(tokens: &[String], node: &Node) -> bool {
    matches!(tokens, [_, passwords, _, totp] if passwords == "passwords" && totp == "totp")
        && node.text().is_some()
}

fn noun(node: &Node) -> &'static str {
    match &node.value {
        Value::List(_) => "a list",
        Value::Map(_) => "a mapping",
        Value::Scalar(scalar) => match scalar.reading {
            Reading::Text | Reading::Doubtful(_) => "a text",
            Reading::Null => "nothing",
            Reading::Bool(_) => "a truth value",
            Reading::Number(_) => "a number",
        },
    }
}

/// Something that quotes would turn into text.
fn is_plain_value(node: &Node) -> bool {
    matches!(&node.value, Value::Scalar(Scalar { reading: Reading::Bool(_) | Reading::Number(_), .. }))
}

fn types(kind: &TypeKind) -> Vec<&'static str> {
    let types: Vec<_> = match kind {
        TypeKind::Single(one) => vec![*one],
        TypeKind::Multiple(several) => several.iter().collect(),
    };
    types
        .into_iter()
        .map(|one| match one.as_str() {
            "array" => "a list",
            "object" => "a mapping",
            "string" => "a text",
            "boolean" => "`true` or `false`",
            "integer" => "a whole number",
            "number" => "a number",
            _ => "nothing",
        })
        .collect()
}
