//! Does an object work? By the rules of kstatus: from its own status alone, pure.
//!
//! The status of an older generation says nothing about the newer one. What only the pods know is added by `pods`.

use serde_json::Value;

use super::error::one_line;
use crate::health::Health;

/// The health that an object's own status tells.
pub fn health(object: &Value) -> Health {
    if object.pointer("/metadata/deletionTimestamp").is_some() {
        return in_progress("is being deleted");
    }
    let observed = object.pointer("/status/observedGeneration").and_then(Value::as_i64);
    let generation = object.pointer("/metadata/generation").and_then(Value::as_i64);
    if let (Some(observed), Some(generation)) = (observed, generation)
        && observed < generation
    {
        return in_progress("its newest version is not yet looked at");
    }
    match object["kind"].as_str().unwrap_or_default() {
        "Deployment" => deployment(object),
        "StatefulSet" => stateful_set(object),
        "Job" => job(object),
        "Pod" => pod(object),
        "PersistentVolumeClaim" => volume_claim(object),
        "Service" => service(object),
        "HTTPRoute" => route(object),
        "Namespace" => match object.pointer("/status/phase").and_then(Value::as_str) {
            Some("Terminating") => in_progress("is being deleted"),
            _ => Health::Current,
        },
        _ => by_conditions(object),
    }
}

fn deployment(object: &Value) -> Health {
    if object.pointer("/status/observedGeneration").is_none() {
        return in_progress("is not yet looked at");
    }
    if let Some(progressing) = condition(object, "Progressing")
        && progressing["reason"] == "ProgressDeadlineExceeded"
    {
        return failed("did not become ready in time");
    }
    if let Some(failure) = condition(object, "ReplicaFailure").filter(|found| found["status"] == "True") {
        return in_progress(&format!("no pod can be made: {}", message(failure)));
    }
    let wanted = number(object, "/spec/replicas").unwrap_or(1);
    let of = |field: &str| number(object, &format!("/status/{field}")).unwrap_or(0);
    let (updated, all) = (of("updatedReplicas"), of("replicas"));
    if updated < wanted {
        return in_progress(&format!("{updated} of {wanted} pods are made"));
    }
    if all > updated {
        return in_progress(&format!("{} old pods have to end", all - updated));
    }
    let available = of("availableReplicas").min(of("readyReplicas"));
    if available < wanted {
        return in_progress(&format!("{available} of {wanted} pods are ready"));
    }
    Health::Current
}

fn stateful_set(object: &Value) -> Health {
    let wanted = number(object, "/spec/replicas").unwrap_or(1);
    let of = |field: &str| number(object, &format!("/status/{field}")).unwrap_or(0);
    if object.pointer("/status/observedGeneration").is_none() {
        return in_progress("is not yet looked at");
    }
    if of("readyReplicas") < wanted {
        return in_progress(&format!("{} of {wanted} pods are ready", of("readyReplicas")));
    }
    let revisions = ["/status/currentRevision", "/status/updateRevision"].map(|path| object.pointer(path));
    let rolling = object.pointer("/spec/updateStrategy/type").is_none_or(|kind| kind == "RollingUpdate");
    if rolling && revisions[0] != revisions[1] {
        return in_progress(&format!("{} of {wanted} pods are new", of("updatedReplicas")));
    }
    Health::Current
}

fn job(object: &Value) -> Health {
    let is_true = |kind: &str| condition(object, kind).filter(|found| found["status"] == "True");
    if let Some(found) = is_true("Failed") {
        return failed(&message(found));
    }
    if is_true("Complete").is_some() {
        return Health::Current;
    }
    if is_true("Suspended").is_some() {
        return in_progress("is suspended");
    }
    in_progress("has not ended")
}

pub(super) fn pod(object: &Value) -> Health {
    match object.pointer("/status/phase").and_then(Value::as_str) {
        Some("Succeeded") => Health::Current,
        Some("Failed") => failed(&message(&object["status"])),
        Some("Running") if condition(object, "Ready").is_some_and(|ready| ready["status"] == "True") => {
            Health::Current
        }
        Some("Running") => in_progress("is not ready"),
        _ => in_progress("has not started"),
    }
}

fn volume_claim(object: &Value) -> Health {
    match object.pointer("/status/phase").and_then(Value::as_str) {
        Some("Bound") => Health::Current,
        Some("Lost") => failed("its volume is lost"),
        // Only a backup mounts it, and the first one may be a day off: until then some storage classes wait.
        _ if object.pointer("/metadata/labels/app.kubernetes.io~1name").is_some_and(|n| n == "backup") => {
            Health::Current
        }
        // Also until a first pod uses it, where the storage class waits for that.
        _ => in_progress("has no volume yet"),
    }
}

fn service(object: &Value) -> Health {
    let balanced = object.pointer("/spec/type").is_some_and(|kind| kind == "LoadBalancer");
    let addresses = object.pointer("/status/loadBalancer/ingress").and_then(Value::as_array);
    if balanced && addresses.is_none_or(Vec::is_empty) {
        return in_progress("has no address yet");
    }
    Health::Current
}

/// A route leads somewhere once every gateway that it names takes it and finds what is behind it.
fn route(object: &Value) -> Health {
    let generation = number(object, "/metadata/generation");
    let wanted = object.pointer("/spec/parentRefs").and_then(Value::as_array).map_or(0, Vec::len);
    let parents = object.pointer("/status/parents").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    if parents.len() < wanted {
        return in_progress("no gateway has taken it yet");
    }
    for parent in parents {
        for kind in ["Accepted", "ResolvedRefs"] {
            let conditions = parent["conditions"].as_array().into_iter().flatten();
            let mut of_kind = conditions.filter(|condition| condition["type"] == kind);
            match of_kind.next() {
                Some(found) if number(found, "/observedGeneration") < generation => {
                    return in_progress("its newest version is not yet looked at");
                }
                Some(found) if found["status"] == "True" => {}
                // Whoever keeps the gateway may allow it later, so this is not the end.
                Some(found) => {
                    return in_progress(&format!("the gateway does not take it: {}", message(found)));
                }
                None => return in_progress("no gateway has taken it yet"),
            }
        }
    }
    Health::Current
}

/// For kinds without a rule of their own: the conditions that well-behaved controllers set.
fn by_conditions(object: &Value) -> Health {
    let with = |kind: &str, status: &str| condition(object, kind).filter(|found| found["status"] == status);
    if let Some(found) = with("Stalled", "True") {
        return failed(&message(found));
    }
    if let Some(found) = with("Reconciling", "True").or_else(|| with("Ready", "False")) {
        return in_progress(&message(found));
    }
    Health::Current
}

pub(super) fn condition<'a>(object: &'a Value, kind: &str) -> Option<&'a Value> {
    object.pointer("/status/conditions")?.as_array()?.iter().find(|condition| condition["type"] == kind)
}

/// The message of a condition or status, else its reason.
pub(super) fn message(of: &Value) -> String {
    let text = |field: &str| of[field].as_str().filter(|text| !text.is_empty());
    one_line(text("message").or_else(|| text("reason")).unwrap_or("without a reason"))
}

fn number(object: &Value, path: &str) -> Option<i64> {
    object.pointer(path).and_then(Value::as_i64)
}

fn in_progress(why: &str) -> Health {
    Health::InProgress(why.to_owned())
}

fn failed(why: &str) -> Health {
    Health::Failed(why.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn tell(object: Value) -> String {
        let health = health(&object);
        match health.why() {
            Some(why) => format!("{health}: {why}"),
            None => health.to_string(),
        }
    }

    fn deployment_with(generation: u32, status: Value) -> Value {
        json!({
            "kind": "Deployment", "metadata": {"generation": generation}, "spec": {"replicas": 1}, "status": status,
        })
    }

    #[test]
    fn a_deployment_is_current_once_its_newest_pods_are_ready() {
        let told = [
            (1, json!({})),
            (2, json!({"observedGeneration": 1, "replicas": 1, "updatedReplicas": 1, "readyReplicas": 1})),
            (1, json!({"observedGeneration": 1})),
            (1, json!({"observedGeneration": 1, "replicas": 2, "updatedReplicas": 1})),
            (1, json!({"observedGeneration": 1, "replicas": 1, "updatedReplicas": 1})),
            (
                1,
                json!({"observedGeneration": 1, "replicas": 1, "updatedReplicas": 1,
                       "readyReplicas": 1, "availableReplicas": 1}),
            ),
            (
                1,
                json!({"observedGeneration": 1, "conditions": [
                    {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}]}),
            ),
            (
                1,
                json!({"observedGeneration": 1, "conditions": [
                    {"type": "ReplicaFailure", "status": "True", "message": "exceeded quota: limits"}]}),
            ),
        ]
        .map(|(generation, status)| tell(deployment_with(generation, status)));
        assert_eq!(
            told,
            [
                "in-progress: is not yet looked at",
                "in-progress: its newest version is not yet looked at",
                "in-progress: 0 of 1 pods are made",
                "in-progress: 1 old pods have to end",
                "in-progress: 0 of 1 pods are ready",
                "current",
                "failed: did not become ready in time",
                "in-progress: no pod can be made: exceeded quota: limits",
            ]
        );
    }

    #[test]
    fn other_kinds_have_rules_of_their_own() {
        let told = [
            json!({"kind": "PersistentVolumeClaim", "status": {"phase": "Pending"}}),
            json!({"kind": "PersistentVolumeClaim", "status": {"phase": "Pending"},
                   "metadata": {"labels": {"app.kubernetes.io/name": "backup"}}}),
            json!({"kind": "PersistentVolumeClaim", "status": {"phase": "Bound"}}),
            json!({"kind": "PersistentVolumeClaim", "status": {"phase": "Lost"}}),
            json!({"kind": "Namespace", "status": {"phase": "Terminating"}}),
            json!({"kind": "ConfigMap", "metadata": {"deletionTimestamp": "2026-11-24T00:00:00Z"}}),
            json!({"kind": "Service", "spec": {"type": "LoadBalancer"}, "status": {"loadBalancer": {}}}),
            json!({"kind": "Service", "spec": {"type": "ClusterIP"}, "status": {"loadBalancer": {}}}),
            json!({"kind": "Ingress", "status": {"loadBalancer": {}}}),
            json!({"kind": "StatefulSet", "spec": {"replicas": 1},
                   "status": {"observedGeneration": 1, "readyReplicas": 1,
                              "currentRevision": "a", "updateRevision": "b"}}),
            json!({"kind": "HTTPRoute", "spec": {"parentRefs": [{"name": "public"}]}}),
            json!({"kind": "HTTPRoute", "metadata": {"generation": 2}, "spec": {"parentRefs": [{"name": "public"}]},
                   "status": {"parents": [{"conditions": [
                       {"type": "Accepted", "status": "False", "observedGeneration": 2,
                        "reason": "NotAllowedByListeners", "message": "namespace not allowed"}]}]}}),
            json!({"kind": "HTTPRoute", "metadata": {"generation": 2}, "spec": {"parentRefs": [{"name": "public"}]},
                   "status": {"parents": [{"conditions": [
                       {"type": "Accepted", "status": "True", "observedGeneration": 1}]}]}}),
            json!({"kind": "HTTPRoute", "metadata": {"generation": 2}, "spec": {"parentRefs": [{"name": "public"}]},
                   "status": {"parents": [{"conditions": [
                       {"type": "Accepted", "status": "True", "observedGeneration": 2},
                       {"type": "ResolvedRefs", "status": "True", "observedGeneration": 2}]}]}}),
            json!({"kind": "Job", "status": {"conditions": [
                {"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded"}]}}),
            json!({"kind": "Certificate", "status": {"conditions": [
                {"type": "Ready", "status": "False", "message": "waits for the issuer"}]}}),
        ]
        .map(tell);
        assert_eq!(
            told,
            [
                "in-progress: has no volume yet",
                "current",
                "current",
                "failed: its volume is lost",
                "in-progress: is being deleted",
                "in-progress: is being deleted",
                "in-progress: has no address yet",
                "current",
                "current",
                "in-progress: 0 of 1 pods are new",
                "in-progress: no gateway has taken it yet",
                "in-progress: the gateway does not take it: namespace not allowed",
                "in-progress: its newest version is not yet looked at",
                "current",
                "failed: BackoffLimitExceeded",
                "in-progress: waits for the issuer",
            ]
        );
    }
}
