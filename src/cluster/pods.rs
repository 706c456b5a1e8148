//! Why a `Deployment` or `StatefulSet` is not ready: what only its pods know.
//!
//! Read only for one that is not current, and told in the words that people search for (`ImagePullBackOff`).

use kube::api::ListParams;
use serde_json::Value;

use super::Cluster;
use super::error::{Error, Verb};
use super::health::{self, condition, message};
use crate::health::Health;
use crate::ids::ResourceId;

/// More pods than this say nothing more.
const MOST: u32 = 20;

impl Cluster {
    /// The reason that the newest pod of what runs gives; `None` for other kinds, and where there is no such reason.
    pub(super) async fn why(&self, object: &Value) -> Result<Option<String>, Error> {
        let labels = object.pointer("/spec/selector/matchLabels").and_then(Value::as_object);
        let runs = ["Deployment", "StatefulSet"].iter().any(|kind| object["kind"] == *kind);
        let (Some(labels), true) = (labels, runs) else { return Ok(None) };
        let pairs: Vec<String> = labels
            .iter()
            .map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default()))
            .collect();
        let namespace = object.pointer("/metadata/namespace").and_then(Value::as_str);
        let params = ListParams::default().labels(&pairs.join(",")).limit(MOST);
        let kind = self.kinds.of(&self.wire, "v1", "Pod").await?;
        let id = ResourceId {
            kind: "Pod".into(),
            namespace: namespace.map(str::to_owned),
            name: "*".into(),
            api_version: "v1".into(),
        };
        match self.wire.call(Verb::List.on(&id), kind.at(namespace).list(&params)).await {
            Ok(list) => Ok(reason(&list)),
            // Without the right to read pods the object's own words have to do.
            Err(Error::Forbidden { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// The reason of the newest pod that is not ready.
fn reason(list: &Value) -> Option<String> {
    let created = |pod: &&Value| pod.pointer("/metadata/creationTimestamp").map(ToString::to_string);
    let pods = list["items"].as_array()?.iter();
    let is_ending = |pod: &Value| pod.pointer("/metadata/deletionTimestamp").is_some();
    // The items of a list do not say their kind.
    let pod = pods.filter(|pod| is_ending(pod) || health::pod(pod) != Health::Current).max_by_key(created)?;
    if is_ending(pod) {
        return Some(format!("pod `{}` is ending", pod.pointer("/metadata/name")?.as_str()?));
    }
    let scheduled = condition(pod, "PodScheduled").filter(|found| found["status"] == "False");
    if let Some(unscheduled) = scheduled {
        return Some(format!("no node takes the pod: {}", message(unscheduled)));
    }
    let containers = ["/status/initContainerStatuses", "/status/containerStatuses"];
    let mut containers = containers.iter().filter_map(|path| pod.pointer(path)?.as_array()).flatten();
    containers.find_map(container)
}

/// What keeps a container from being ready.
fn container(status: &Value) -> Option<String> {
    let name = status["name"].as_str().unwrap_or_default();
    if let Some(waiting) = status.pointer("/state/waiting") {
        let reason = waiting["reason"].as_str().unwrap_or("Waiting");
        // The first steps of every pod are no reason.
        if matches!(reason, "ContainerCreating" | "PodInitializing") {
            return None;
        }
        return Some(match (waiting["message"].as_str(), exit(status)) {
            (_, Some(exit)) => format!("{reason}: container `{name}` {exit}"),
            (Some(_), None) => format!("{reason}: {}", message(waiting)),
            (None, None) => format!("{reason}: container `{name}`"),
        });
    }
    if let Some(exit) = status.pointer("/state/terminated").filter(|ended| ended["exitCode"] != 0) {
        return Some(format!("container `{name}` ended with exit code {}", exit["exitCode"]));
    }
    let running = status.pointer("/state/running").is_some();
    (running && status["ready"] == false).then(|| format!("container `{name}` runs and is not ready"))
}

/// How a container ended the last time.
fn exit(status: &Value) -> Option<String> {
    let last = status.pointer("/lastState/terminated")?;
    Some(match last["reason"].as_str() {
        Some(reason @ "OOMKilled") => format!("ended ({reason})"),
        _ => format!("ended with exit code {}", last["exitCode"]),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told(container: Value) -> Option<String> {
        reason(&json!({"items": [
            {"metadata": {"creationTimestamp": "2026-11-24T00:00:02Z", "name": "new"},
             "status": {"phase": "Pending", "containerStatuses": [container]}},
            {"metadata": {"creationTimestamp": "2026-11-24T00:00:01Z", "name": "old", "deletionTimestamp": "x"}},
        ]}))
    }

    #[test]
    fn the_newest_pods_reason_is_told_in_the_words_people_search_for() {
        let pull = json!({"name": "web", "state": {"waiting": {
            "reason": "ImagePullBackOff", "message": "Back-off pulling image \"nope:1\""}}});
        let crash = json!({"name": "web", "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off"}},
            "lastState": {"terminated": {"exitCode": 3}}});
        let unready = json!({"name": "web", "ready": false, "state": {"running": {}}});
        let starting = json!({"name": "web", "state": {"waiting": {"reason": "ContainerCreating"}}});
        assert_eq!(
            [pull, crash, unready, starting].map(told),
            [
                Some("ImagePullBackOff: Back-off pulling image \"nope:1\"".to_owned()),
                Some("CrashLoopBackOff: container `web` ended with exit code 3".to_owned()),
                Some("container `web` runs and is not ready".to_owned()),
                None,
            ]
        );
    }
}
