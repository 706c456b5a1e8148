//! A plan for programs: the form of the contract (design.md 11).

use serde_json::{Map, Value, json};

use super::{Change, Parted, Stage};

/// `{"digest","union","changes":[{"change","stage","resource":{"kind","namespace","name"},"fields":[{"path","from","to"}]}],
/// "waits":{"cause","until","changes":[…]}}`, kept ones left out.
pub fn json(parted: &Parted) -> Value {
    let Parted { now, waits } = parted;
    let mut plan = json!({"digest": now.desired(), "union": now.union(), "changes": changes(now.stages())});
    if let Some(waits) = waits {
        plan["waits"] =
            json!({"cause": waits.cause.as_str(), "until": waits.until, "changes": changes(&waits.stages)});
    }
    without_nul(plan)
}

/// What somebody wrote may have it, and a database takes it in no text.
fn without_nul(plan: Value) -> Value {
    let text = plan.to_string();
    if !text.contains("\\u0000") {
        return plan;
    }
    serde_json::from_str(&text.replace("\\u0000", "\\u2400")).unwrap_or(plan)
}

fn changes(stages: &[Stage]) -> Vec<Value> {
    let mut changes = Vec::new();
    for stage in stages {
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
    changes
}
