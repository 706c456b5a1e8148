//! How values get into a template: always quoted, so that no document can write YAML of its own.
//!
//! ```text
//! {{spec.displayName}}             → "Acme \"Students\" Union"      every expression, by the escape function
//! {{concat domain.path "/alive"}}  → "/vault/alive"                  parts become one quoted value
//! {{join signups.domains}}         → "a.example,b.example"           a list of texts as one value
//! {{json spec.resources}}          → {"requests": {"cpu": "50m"}}    numbers, lists and objects, texts in them quoted
//! {{slot "admin-token-hash"}}      → !slot "admin-token-hash"        a tag, which a quoted value cannot forge
//! ```
//!
//! Invariant: `{{{x}}}` and `{{&x}}`, which would bypass this, are refused when templates are compiled.

use std::fmt::Write;

use handlebars::{
    Context, Handlebars, Helper, HelperDef, HelperResult, Output, RenderContext, RenderErrorReason,
    ScopedJson,
};

/// Gives a registry our way of writing values.
pub(super) fn register(registry: &mut Handlebars<'_>) {
    registry.set_strict_mode(true);
    registry.register_escape_fn(quote);
    registry.register_helper("concat", Box::new(Concat));
    registry.register_helper("join", Box::new(Join));
    registry.register_helper("json", Box::new(json));
    registry.register_helper("slot", Box::new(slot));
}

/// The first place, as line and column from 1, where a template writes a value unquoted.
pub(super) fn unquoted(template: &str) -> Option<(usize, usize)> {
    template.lines().enumerate().find_map(|(line, text)| {
        text.match_indices("{{").find_map(|(column, open)| {
            let rest = text[column + open.len()..].trim_start_matches(['~', ' ']);
            rest.starts_with(['{', '&']).then(|| (line + 1, text[..column].chars().count() + 1))
        })
    })
}

/// A text as a YAML double-quoted scalar on one line.
///
/// JSON's form, with everything escaped that a YAML reader folds or refuses: breaks of YAML 1.1 (U+0085, U+2028,
/// U+2029), controls, byte order marks, non-characters.
fn quote(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            ' '..='~' | '\u{a0}'..='\u{2027}' | '\u{202a}'..='\u{fefe}' | '\u{ff00}'..='\u{fffd}' => {
                quoted.push(c);
            }
            '\u{10000}'.. => quoted.push(c),
            other => {
                write!(quoted, "\\u{:04x}", u32::from(other)).expect("writing to a String does not fail");
            }
        }
    }
    quoted.push('"');
    quoted
}

/// Joins its parameters to one value, which is then quoted as a whole.
struct Concat;

impl HelperDef for Concat {
    fn call_inner<'reg: 'rc, 'rc>(
        &self,
        helper: &Helper<'rc>,
        _: &'reg Handlebars<'reg>,
        _: &'rc Context,
        _: &mut RenderContext<'reg, 'rc>,
    ) -> Result<ScopedJson<'rc>, handlebars::RenderError> {
        let mut joined = String::new();
        for parameter in helper.params() {
            let part = parameter.value().as_str().ok_or(RenderErrorReason::InvalidParamType("text"))?;
            joined.push_str(part);
        }
        Ok(ScopedJson::Derived(joined.into()))
    }
}

/// Joins a list of texts with commas to one value, which is then quoted as a whole.
struct Join;

impl HelperDef for Join {
    fn call_inner<'reg: 'rc, 'rc>(
        &self,
        helper: &Helper<'rc>,
        _: &'reg Handlebars<'reg>,
        _: &'rc Context,
        _: &mut RenderContext<'reg, 'rc>,
    ) -> Result<ScopedJson<'rc>, handlebars::RenderError> {
        let items = helper.param(0).and_then(|parameter| parameter.value().as_array());
        let texts =
            items.and_then(|items| items.iter().map(serde_json::Value::as_str).collect::<Option<Vec<_>>>());
        let texts = texts.ok_or(RenderErrorReason::InvalidParamType("a list of texts"))?;
        Ok(ScopedJson::Derived(texts.join(",").into()))
    }
}

/// Writes a value as it is, in one line of JSON, which is YAML too. The value has to be there.
fn json(
    helper: &Helper<'_>,
    _: &Handlebars<'_>,
    _: &Context,
    _: &mut RenderContext<'_, '_>,
    out: &mut dyn Output,
) -> HelperResult {
    let value = helper.param(0).filter(|parameter| !parameter.is_value_missing());
    let value = value.ok_or(RenderErrorReason::ParamNotFoundForIndex("json", 0))?;
    let mut text = String::new();
    flow(value.value(), &mut text);
    out.write(&text)?;
    Ok(())
}

/// JSON whose texts are quoted by our rules.
fn flow(value: &serde_json::Value, text: &mut String) {
    use serde_json::Value;
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => text.push_str(&value.to_string()),
        Value::String(value) => text.push_str(&quote(value)),
        Value::Array(items) => {
            text.push('[');
            for (i, item) in items.iter().enumerate() {
                text.push_str(if i == 0 { "" } else { ", " });
                flow(item, text);
            }
            text.push(']');
        }
        Value::Object(members) => {
            text.push('{');
            for (i, (key, member)) in members.iter().enumerate() {
                text.push_str(if i == 0 { "" } else { ", " });
                text.push_str(&quote(key));
                text.push_str(": ");
                flow(member, text);
            }
            text.push('}');
        }
    }
}

/// Writes a slot: the name of a secret value, as a tag and not as text. Its parts are joined by `/`.
fn slot(
    helper: &Helper<'_>,
    _: &Handlebars<'_>,
    _: &Context,
    _: &mut RenderContext<'_, '_>,
    out: &mut dyn Output,
) -> HelperResult {
    let parts: Option<Vec<&str>> = helper.params().iter().map(|part| part.value().as_str()).collect();
    let parts = parts.filter(|parts| !parts.is_empty());
    let parts = parts.ok_or(RenderErrorReason::ParamNotFoundForIndex("slot", 0))?;
    write!(out, "!slot {}", quote(&parts.join("/")))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_quoted_is_read_back_as_it_was() {
        for text in [
            "plain",
            "",
            "a: b # c",
            "two\nlines\r\n\tand a \"quote\" and a \\",
            "{{slot \"admin-token-hash\"}}",
            "!slot x",
            "\u{0}\u{7}\u{7f}\u{85}\u{9f}\u{a0}\u{2028}\u{2029}\u{feff}\u{fffe}\u{ffff}",
            "Größe Ω 日本 \u{1f511}\u{10ffff}",
        ] {
            let read: Result<String, _> = serde_yaml::from_str(&quote(text));
            assert_eq!(read.expect("a quoted value is YAML"), text);
            assert!(!quote(text).contains('\n'));
        }
    }

    #[test]
    fn a_whole_value_is_read_back_as_it_was() {
        let value = serde_json::json!({
            "a\": {b}": [1, true, null, "x\"], c: [\u{85}", {}],
            "key: \n": {"- ": "2", "n": 8080},
        });
        let mut text = String::new();
        flow(&value, &mut text);
        let read: Result<serde_json::Value, _> = serde_yaml::from_str(&text);
        assert_eq!(read.expect("it is YAML"), value);
        assert!(!text.contains('\n'));
    }

    #[test]
    fn ways_around_quoting_are_found_with_their_place() {
        assert_eq!(unquoted("a: {{b}}\nc: {{#if d}}{{e}}{{/if}}"), None);
        assert_eq!(unquoted("a: {{b}}\nü: {{{c}}}"), Some((2, 4)));
        assert_eq!(unquoted("a: {{~&b}}"), Some((1, 4)));
        assert_eq!(unquoted("a: {{~{b}~}}"), Some((1, 4)));
    }
}
