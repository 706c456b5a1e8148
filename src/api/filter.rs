//! What somebody types to find unions: words of names, and `key:value` for what else is known of them.
//!
//! Apart from `unions`, which answers. Invariant: a key that is not known is refused, since a filter that is left out shows too
//! much and looks right.

use serde_json::Value;

use crate::outcome::UnionState;
use crate::store::UnionFilter;

/// What can be asked for, as it is told.
const KEYS: &str = "`state:held`, `image:1.37`, `label:region=north`, `member:ana@union.example`";

/// The state and all else that a text asks for.
///
/// # Errors
/// What is wrong with it, and what can be asked for.
pub(super) fn parse(text: &str) -> Result<(Option<UnionState>, UnionFilter), String> {
    let (mut state, mut filter) = (None, UnionFilter::default());
    let mut labels = serde_json::Map::new();
    let mut words = Vec::new();
    for word in text.split_whitespace() {
        let Some((key, value)) = word.split_once(':').filter(|(key, value)| is_key(key, value)) else {
            words.push(word);
            continue;
        };
        let is_new = match (key, value) {
            (_, "") => return Err(format!("`{key}:` has no value; there are {KEYS}")),
            ("state", value) => {
                let wanted = value.parse::<UnionState>().map_err(|error| error.to_string())?;
                state.replace(wanted).is_none()
            }
            ("image", value) => filter.image.replace(value.to_owned()).is_none(),
            ("member", value) => filter.member.replace(value.to_lowercase()).is_none(),
            ("label", value) => {
                let (name, value) = value.split_once('=').ok_or("a label is written `label:region=north`")?;
                labels.insert(name.to_owned(), Value::from(value)).is_none()
            }
            _ => return Err(format!("there is no `{key}:`; there are {KEYS}")),
        };
        if !is_new {
            return Err(format!("`{key}:` is given twice"));
        }
    }
    filter.text = Some(words.join(" ")).filter(|text| !text.is_empty());
    filter.labels =
        Some(Value::from(labels)).filter(|labels| *labels != Value::Object(serde_json::Map::new()));
    Ok((state, filter))
}

/// Whether this is a key and a value, not a URL or a host with its port.
fn is_key(key: &str, value: &str) -> bool {
    !key.is_empty() && key.bytes().all(|c| c.is_ascii_lowercase()) && !value.starts_with("//")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_a_text_and_keys_ask_for_what_else_is_known() {
        let asked =
            "The  acme state:held image:1.36 label:region=north label:size=big member:Ana@acme.example of";
        let filter = UnionFilter {
            text: Some("The acme of".into()),
            image: Some("1.36".into()),
            labels: Some(serde_json::json!({ "region": "north", "size": "big" })),
            member: Some("ana@acme.example".into()),
        };
        assert_eq!(parse(asked), Ok((Some(UnionState::Held), filter)));
        assert_eq!(parse("  "), Ok((None, UnionFilter::default())));
        for text in ["https://acme.example", "acme.example:8443", "A:b"] {
            let filter = UnionFilter { text: Some(text.into()), ..UnionFilter::default() };
            assert_eq!(parse(text), Ok((None, filter)), "{text}");
        }
    }

    #[test]
    fn what_is_no_filter_is_refused_with_those_that_there_are() {
        for (text, why) in [
            ("acme stat:held", "there is no `stat:`; there are `state:held`"),
            ("state:hold", "`hold` is no state of a union; known are `tombstone`"),
            ("image:", "`image:` has no value"),
            ("label:region", "a label is written `label:region=north`"),
            ("state:held state:failed", "`state:` is given twice"),
        ] {
            let told = parse(text).expect_err(text);
            assert!(told.starts_with(why), "{text}: {told}");
        }
    }
}
