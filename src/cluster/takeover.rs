//! Taking fields over from the tools of people.
//!
//! A forced apply wins a field that we state, but what somebody *added* stays theirs and stays in the object: only the
//! owner of a field can withdraw it. So before the apply their fields become ours, and the apply then withdraws what is
//! not stated (decisions.md 1.2).

use kube::api::{GetParams, Patch, PatchParams};
use serde_json::{Map, Value, json};

use super::Cluster;
use super::error::{Error, Verb};
use crate::ids::{FIELD_MANAGER, FieldManager, ResourceId, Uid};
use crate::names::UnionName;

impl Cluster {
    /// Makes the fields of these managers ours. The values of the object stay as they are.
    pub(super) async fn take_over(
        &self,
        union: &UnionName,
        id: &ResourceId,
        uid: &Uid,
        managers: &[FieldManager],
    ) -> Result<(), Error> {
        let kind = self.kinds.of(&self.wire, &id.api_version, &id.kind).await?;
        let place = kind.at(id.namespace.as_deref());
        let read = place.get(&id.name, &GetParams::default());
        let mut object = self.wire.call_as(self.reader(union, id), Verb::Read.on(id), read).await?;
        let metadata = &mut object["metadata"];
        let Value::Array(mut entries) = metadata["managedFields"].take() else { return Ok(()) };
        if id.kind == "PersistentVolumeClaim" {
            keep_spec(&mut entries, managers);
        }
        // The version that was read: whoever writes in between makes this a conflict, and the union is planned again.
        let patch = json!({ "metadata": {
            "uid": uid,
            "resourceVersion": metadata["resourceVersion"],
            "managedFields": merged(entries, managers),
        }});
        let params = PatchParams { field_manager: Some(FIELD_MANAGER.to_owned()), ..PatchParams::default() };
        let write = place.patch(&id.name, &params, &Patch::Merge(&patch));
        self.wire.call_as(self.writer(union, id), Verb::Apply.on(id), write).await.map(drop)
    }
}

/// The entries with those of `managers` merged into the one of our applies, since an apply withdraws only what an apply
/// has stated. The status stays whose it is.
fn merged(entries: Vec<Value>, managers: &[FieldManager]) -> Vec<Value> {
    let is_ours = |entry: &Value| entry["manager"] == FIELD_MANAGER && entry["operation"] == "Apply";
    let is_taken = |entry: &Value| {
        !is_ours(entry)
            && entry["subresource"] != "status"
            && managers.iter().any(|manager| entry["manager"] == manager.0)
    };
    let (taken, mut kept): (Vec<_>, Vec<_>) = entries.into_iter().partition(is_taken);
    let mut taken = taken.into_iter();
    let ours = match kept.iter().position(is_ours) {
        Some(ours) => ours,
        // Never applied by us, or our entry was taken away by hand: the first one that is taken becomes it.
        None => {
            let Some(mut entry) = taken.next() else { return kept };
            entry["manager"] = json!(FIELD_MANAGER);
            entry["operation"] = json!("Apply");
            entry.as_object_mut().map(|entry| entry.remove("subresource"));
            kept.push(entry);
            kept.len() - 1
        }
    };
    for entry in taken {
        if let (Value::Object(ours), Value::Object(theirs)) =
            (&mut kept[ours]["fieldsV1"], &entry["fieldsV1"])
        {
            unite(ours, theirs);
        }
    }
    kept
}

/// What a claim was made with stays as it is, and becomes nobody's: an apply that withdrew it would be refused.
fn keep_spec(entries: &mut [Value], managers: &[FieldManager]) {
    let theirs = |entry: &&mut Value| managers.iter().any(|manager| entry["manager"] == manager.0);
    for entry in entries.iter_mut().filter(theirs) {
        entry["fieldsV1"].as_object_mut().map(|fields| fields.remove("f:spec"));
    }
}

/// Adds the fields of one set to another.
fn unite(ours: &mut Map<String, Value>, theirs: &Map<String, Value>) {
    for (key, below) in theirs {
        match (ours.entry(key).or_insert_with(|| json!({})), below) {
            (Value::Object(ours), Value::Object(theirs)) => unite(ours, theirs),
            (ours, theirs) => *ours = theirs.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(manager: &str, operation: &str, fields: Value) -> Value {
        json!({"manager": manager, "operation": operation, "fieldsV1": fields})
    }

    #[test]
    fn fields_of_a_persons_tool_become_ours_and_those_of_the_status_do_not() {
        let mut status = entry("kubectl-edit", "Update", json!({"f:status": {}}));
        status["subresource"] = json!("status");
        let entries = vec![
            entry("keyforge", "Apply", json!({"f:spec": {"f:replicas": {}}})),
            entry("kubectl-edit", "Update", json!({"f:spec": {"f:paused": {}, "f:replicas": {}}})),
            status.clone(),
            entry("hpa", "Update", json!({"f:spec": {"f:minReadySeconds": {}}})),
        ];
        assert_eq!(
            merged(entries.clone(), &[FieldManager("kubectl-edit".into())]),
            [
                entry("keyforge", "Apply", json!({"f:spec": {"f:paused": {}, "f:replicas": {}}})),
                status,
                entries[3].clone(),
            ]
        );
    }

    #[test]
    fn what_is_taken_becomes_one_entry_of_our_applies_also_where_there_was_none() {
        let mut scale = entry("kubectl", "Update", json!({"f:spec": {"f:replicas": {}}}));
        scale["subresource"] = json!("scale");
        let entries = vec![
            scale,
            entry("kubectl-edit", "Update", json!({"f:spec": {"f:paused": {}}})),
            entry("keyforge", "Update", json!({"f:data": {"f:extra": {}}})),
        ];
        let managers = ["kubectl", "kubectl-edit", "keyforge"].map(|name| FieldManager(name.into()));
        let fields = json!({"f:data": {"f:extra": {}}, "f:spec": {"f:paused": {}, "f:replicas": {}}});
        assert_eq!(merged(entries, &managers), [entry("keyforge", "Apply", fields)]);
    }
}
