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

impl Cluster {
    /// Makes the fields of these managers ours. The values of the object stay as they are.
    pub(super) async fn take_over(
        &self,
        id: &ResourceId,
        uid: &Uid,
        managers: &[FieldManager],
    ) -> Result<(), Error> {
        let kind = self.kinds.of(&self.wire, &id.api_version, &id.kind).await?;
        let place = kind.at(id.namespace.as_deref());
        let read = place.get(&id.name, &GetParams::default());
        let mut object = self.wire.call(Verb::Read.on(id), read).await?;
        let metadata = &mut object["metadata"];
        let Value::Array(entries) = metadata["managedFields"].take() else { return Ok(()) };
        // The version that was read: whoever writes in between makes this a conflict, and the union is planned again.
        let patch = json!({ "metadata": {
            "uid": uid,
            "resourceVersion": metadata["resourceVersion"],
            "managedFields": merged(entries, managers),
        }});
        let params = PatchParams { field_manager: Some(FIELD_MANAGER.to_owned()), ..PatchParams::default() };
        let write = place.patch(&id.name, &params, &Patch::Merge(&patch));
        self.wire.call(Verb::Apply.on(id), write).await.map(drop)
    }
}

/// The entries with those of `managers` merged into ours. The status stays whose it is.
fn merged(entries: Vec<Value>, managers: &[FieldManager]) -> Vec<Value> {
    let is_taken = |entry: &Value| {
        entry["subresource"] != "status" && managers.iter().any(|manager| entry["manager"] == manager.0)
    };
    let is_ours = |entry: &Value| entry["manager"] == FIELD_MANAGER && entry["operation"] == "Apply";
    let (taken, mut kept): (Vec<_>, Vec<_>) = entries.into_iter().partition(is_taken);
    let Some(ours) = kept.iter_mut().find(|entry| is_ours(entry)) else {
        // Never applied by us: the first apply makes an entry of our own.
        kept.extend(taken.into_iter().map(|mut entry| {
            entry["manager"] = json!(FIELD_MANAGER);
            entry
        }));
        return kept;
    };
    for entry in taken {
        if let (Value::Object(ours), Value::Object(theirs)) = (&mut ours["fieldsV1"], &entry["fieldsV1"]) {
            unite(ours, theirs);
        }
    }
    kept
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

    #[test]
    fn fields_of_a_persons_tool_become_ours_and_those_of_the_status_do_not() {
        let entry = |manager: &str, operation: &str, fields: Value| json!({"manager": manager, "operation": operation, "fieldsV1": fields});
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
}
