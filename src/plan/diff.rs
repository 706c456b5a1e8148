//! Live against dry-run, field by field.
//!
//! Both sides come from the server, so its defaults are on both and need no code here. Left out is what the server
//! writes by itself. Values of secrets are fingerprints already.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One field that differs. Paths are written like `.spec.template.spec.containers[0].image`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldChange {
    /// Where.
    pub path: String,
    /// What is there; absent: nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Value>,
    /// What will be there; absent: nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Value>,
}

/// What the server writes by itself into every object.
const SERVER_METADATA: [&str; 6] =
    ["managedFields", "resourceVersion", "generation", "uid", "creationTimestamp", "selfLink"];

/// The fields in which two objects differ, sorted by path.
pub(super) fn changes(live: &Value, want: &Value) -> Vec<FieldChange> {
    let mut found = Vec::new();
    let empty = serde_json::Map::new();
    let (live, want) = (live.as_object().unwrap_or(&empty), want.as_object().unwrap_or(&empty));
    for key in keys(live, want).filter(|key| *key != "status") {
        let path = format!(".{key}");
        match (key, live.get(key), want.get(key)) {
            ("metadata", Some(Value::Object(a)), Some(Value::Object(b))) => {
                for key in keys(a, b).filter(|key| !SERVER_METADATA.contains(key)) {
                    compare(format!("{path}{}", step(key)), a.get(key), b.get(key), &mut found);
                }
            }
            (_, a, b) => compare(path, a, b, &mut found),
        }
    }
    found
}

/// The fields in which two values differ, sorted by path: for what is no object of Kubernetes.
pub(super) fn fields(before: &Value, after: &Value) -> Vec<FieldChange> {
    let mut found = Vec::new();
    compare(String::new(), Some(before), Some(after), &mut found);
    found
}

fn compare(path: String, live: Option<&Value>, want: Option<&Value>, found: &mut Vec<FieldChange>) {
    match (live, want) {
        (a, b) if a == b => {}
        (Some(Value::Object(a)), Some(Value::Object(b))) => {
            for key in keys(a, b) {
                compare(format!("{path}{}", step(key)), a.get(key), b.get(key), found);
            }
        }
        (Some(Value::Array(a)), Some(Value::Array(b))) => {
            for i in 0..a.len().max(b.len()) {
                compare(format!("{path}[{i}]"), a.get(i), b.get(i), found);
            }
        }
        (a, b) => found.push(FieldChange { path, from: a.cloned(), to: b.cloned() }),
    }
}

/// The keys of both, each once, sorted.
fn keys<'a>(
    a: &'a serde_json::Map<String, Value>,
    b: &'a serde_json::Map<String, Value>,
) -> impl Iterator<Item = &'a str> {
    a.keys().chain(b.keys()).map(String::as_str).collect::<std::collections::BTreeSet<_>>().into_iter()
}

/// One step of a path; keys that are no plain words are quoted.
pub(super) fn step(key: &str) -> String {
    if key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-') {
        format!(".{key}")
    } else {
        format!("[{key:?}]")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_fields_that_differ_are_told_and_what_the_server_writes_is_left_out() {
        let live = json!({
            "metadata": {"name": "web", "uid": "1", "resourceVersion": "7", "labels": {"a": "1"}},
            "spec": {"replicas": 3, "containers": [{"image": "a:1"}, {"image": "b:1"}]},
            "status": {"ready": 1},
        });
        let want = json!({
            "metadata": {"name": "web", "uid": "1", "resourceVersion": "8", "labels": {"a": "1", "x.dev/b": "2"}},
            "spec": {"replicas": 1, "containers": [{"image": "a:2"}]},
        });
        let text: Vec<String> = changes(&live, &want)
            .into_iter()
            .map(|c| format!("{} {} → {}", c.path, c.from.unwrap_or_default(), c.to.unwrap_or_default()))
            .collect();
        assert_eq!(
            text,
            [
                r#".metadata.labels["x.dev/b"] null → "2""#,
                r#".spec.containers[0].image "a:1" → "a:2""#,
                r#".spec.containers[1] {"image":"b:1"} → null"#,
                ".spec.replicas 3 → 1",
            ]
        );
    }
}
