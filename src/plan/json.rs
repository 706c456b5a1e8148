//! A plan for programs: the form of the contract (design.md 11).

use serde_json::{Map, Value, json};

use super::{Change, Plan};

/// `{"digest","union","changes":[{"change","stage","resource":{"kind","namespace","name"},"fields":[{"path","from","to"}]}]}`,
/// kept ones left out.
pub fn json(plan: &Plan) -> Value {
    let mut changes = Vec::new();
    for stage in plan.stages() {
        for change in stage.changes.iter().filter(|change| !matches!(change, Change::Keep { .. })) {
            let id = change.id();
            let mut resource =
                Map::from_iter([("kind".to_owned(), json!(id.kind)), ("name".to_owned(), json!(id.name))]);
            if let Some(namespace) = &id.namespace {
                resource.insert("namespace".to_owned(), json!(namespace));
            }
            let mut entry = json!({"change": change.word(), "stage": stage.name, "resource": resource});
            if let Change::Update { fields, .. } = change {
                entry["fields"] = json!(fields);
            }
            changes.push(entry);
        }
    }
    json!({"digest": plan.desired(), "union": plan.union(), "changes": changes})
}
