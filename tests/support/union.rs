//! Unions of `tests/cases/desired`, and their desired states.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use keyforge::desired::{Context, DesiredState, Life, Templates, build};
use keyforge::digest::Digest;
use keyforge::spec::Union;
use serde_json::{Value, json};

/// The built-in templates, compiled once.
pub static TEMPLATES: LazyLock<Templates> = LazyLock::new(Templates::built_in);

/// The folders with a `union.yaml`, sorted.
pub fn cases() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/desired");
    let entries = std::fs::read_dir(root).expect("the folder of cases is there");
    let mut cases: Vec<PathBuf> = entries.map(|entry| entry.expect("a case is readable").path()).collect();
    cases.sort();
    cases
}

/// The union of one case.
pub fn case(folder: &Path) -> Union {
    let text = std::fs::read_to_string(folder.join("union.yaml")).expect("a case has a union.yaml");
    union(&text)
}

/// The union of the case with this name.
pub fn named(name: &str) -> Union {
    let folder = cases().into_iter().find(|folder| folder.ends_with(name));
    case(&folder.expect("there is this case"))
}

/// A union from the text of its document, without what `spec::load` checks: cases here also hold what it refuses.
pub fn union(text: &str) -> Union {
    let document: Value = serde_saphyr::from_str(text).expect("a case is YAML");
    let name = &document["metadata"]["name"];
    let labels = document["metadata"].get("labels").cloned().unwrap_or(json!({}));
    let source = format!("unions/{}/union.yaml", name.as_str().expect("a union has a name"));
    let spec = &document["spec"];
    let union = json!({"name": name, "source": source, "labels": labels, "spec": spec, "societies": {}});
    serde_json::from_value(union).expect("a case is a union")
}

/// What a union is rendered with, for an installation `test` whose daemon lives in `keyforge`.
pub fn context(life: Life) -> Context {
    Context {
        installation: "test".parse().expect("a name"),
        daemon_namespace: "keyforge".into(),
        life,
        ending: None,
        drawn_admin_token: None,
        pins: keyforge::desired::Pins::default(),
        input: Digest::of("input"),
        given: keyforge::desired::Given::default(),
    }
}

/// The desired state of a union, by the built-in templates.
pub fn desired(union: &Union, life: Life) -> DesiredState {
    build(union, &TEMPLATES, &context(life)).expect("the built-in templates render every union")
}
