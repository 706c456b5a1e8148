//! A deployment as a trace: one span from the notice of its commit to its end, with the wait, the stages and steps, and health
//! below it.
//!
//! Made from the record once it is closed, not on the way: a rollout waits in a table and goes on at another replica, and so does
//! this. Invariant: what it says stands in the record, which holds no secret; ids follow from the deployment's, so that whoever tells it
//! again tells the same.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::digest::Digest;
use crate::ids::DeploymentId;
use crate::outcome::Done;
use crate::store::{DeploymentRecord, EventRecord};

/// One span.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// Of the trace: 16 bytes.
    pub trace: [u8; 16],
    /// Its own.
    pub id: [u8; 8],
    /// Below which span.
    pub parent: Option<[u8; 8]>,
    /// What was done.
    pub name: String,
    /// From when.
    pub from: DateTime<Utc>,
    /// Until when.
    pub until: DateTime<Utc>,
    /// What belongs to it.
    pub attributes: Vec<(&'static str, String)>,
    /// Why it failed, if it did.
    pub failure: Option<String>,
}

/// The trace of a deployment that is closed. `noticed_at` is when its revision was fetched.
pub fn of_deployment(
    record: &DeploymentRecord,
    events: &[EventRecord],
    noticed_at: Option<DateTime<Utc>>,
) -> Vec<Span> {
    let (id, opened) = (record.id, record.opened_at);
    let until = record.closed_at.unwrap_or(opened);
    let from = noticed_at.filter(|noticed| *noticed < opened).unwrap_or(opened);
    let failure = record.failure.as_ref().map(|failure| failure.message.clone());
    let child = |name: String, from, until, attributes, failure| Span {
        trace: *id.0.as_bytes(),
        id: span_id(id, &name),
        parent: Some(root(id)),
        name,
        from,
        until,
        attributes,
        failure,
    };
    let mut attributes = vec![
        ("deployment.id", id.to_string()),
        ("union", record.union.to_string()),
        ("reason", record.reason.to_string()),
        ("git.revision", record.revision.to_string()),
    ];
    attributes.extend(record.outcome.map(|outcome| ("outcome", outcome.to_string())));
    let mut spans = vec![Span {
        parent: None,
        id: root(id),
        ..child("deployment".to_owned(), from, until, attributes, failure.clone())
    }];
    if from < opened {
        spans.push(child("wait".to_owned(), from, opened, Vec::new(), None));
    }
    // Events stand in their order; those of one part follow each other.
    let (mut begun, mut is_awaited) = (opened, true);
    for part in events.chunk_by(|one, next| one.stage == next.stage) {
        let ended = part.last().map_or(begun, |event| event.at).max(begun);
        let why = part.iter().find(|event| event.done == Done::Failed);
        is_awaited &= why.is_none();
        let failure = why.map(|event| event.message.clone().unwrap_or_default());
        let changes = vec![("changes", part.len().to_string())];
        spans.push(child(part[0].stage.to_string(), begun, ended, changes, failure));
        begun = ended;
    }
    if begun < until && is_awaited {
        spans.push(child("health".to_owned(), begun, until, Vec::new(), None));
    }
    spans
}

/// The span above all of a deployment.
pub(super) fn root(deployment: DeploymentId) -> [u8; 8] {
    span_id(deployment, "")
}

fn span_id(deployment: DeploymentId, name: &str) -> [u8; 8] {
    let digest = Digest::of_parts([deployment.0.as_bytes().as_slice(), name.as_bytes()]);
    let mut id = [0; 8];
    id.copy_from_slice(&digest.as_bytes()[..8]);
    id
}

/// Spans as a collector takes them: OTLP over HTTP, in its JSON form.
pub(super) fn body(spans: &[Span], service: &str) -> Value {
    let text = |key: &str, value: &str| json!({ "key": key, "value": { "stringValue": value } });
    // A 64-bit number is text in this form.
    let nanos = |moment: DateTime<Utc>| moment.timestamp_nanos_opt().unwrap_or_default().to_string();
    let span = |span: &Span| {
        let attributes: Vec<_> = span.attributes.iter().map(|(key, value)| text(key, value)).collect();
        let mut shown = json!({
            "traceId": hex::encode(span.trace),
            "spanId": hex::encode(span.id),
            "name": span.name,
            // Within the process.
            "kind": 1,
            "startTimeUnixNano": nanos(span.from),
            "endTimeUnixNano": nanos(span.until),
            "attributes": attributes,
        });
        if let Some(parent) = span.parent {
            shown["parentSpanId"] = json!(hex::encode(parent));
        }
        if let Some(why) = &span.failure {
            shown["status"] = json!({ "code": 2, "message": why });
            shown["events"] = json!([{
                "timeUnixNano": nanos(span.until),
                "name": "exception",
                "attributes": [text("exception.message", why)],
            }]);
        }
        shown
    };
    json!({ "resourceSpans": [{
        "resource": { "attributes": [
            text("service.name", "keyforge"),
            text("service.namespace", service),
            text("service.version", env!("CARGO_PKG_VERSION")),
        ] },
        "scopeSpans": [{
            "scope": { "name": "keyforge" },
            "spans": spans.iter().map(span).collect::<Vec<_>>(),
        }],
    }] })
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::ids::ResourceId;
    use crate::outcome::{Outcome, Phase, Reason};
    use crate::revision::{ObjectId, Revision};
    use crate::store::{Failure, PlanCounts};

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_764_417_600 + second, 0).expect("a moment")
    }

    fn event(number: i64, stage: &str, done: Done) -> EventRecord {
        EventRecord {
            number,
            at: at(10 + number),
            stage: serde_json::from_value(json!(stage)).expect("a part"),
            change: "create".into(),
            resource: ResourceId {
                kind: "Service".into(),
                namespace: None,
                name: "vaultwarden".into(),
                api_version: "v1".into(),
            },
            done,
            message: (done == Done::Failed).then(|| "the quota is used up".to_owned()),
        }
    }

    fn record(outcome: Outcome, failure: Option<Failure>) -> DeploymentRecord {
        DeploymentRecord {
            id: DeploymentId(Uuid::from_u128(7)),
            union: "acme".parse().expect("a name"),
            reason: Reason::Push,
            revision: Revision { branch: "main".into(), commit: ObjectId::from([0x4b; 20]) },
            desired: Digest::of("x"),
            counts: PlanCounts::default(),
            phase: Phase::Closed,
            awaited: None,
            deadline: None,
            outcome: Some(outcome),
            failure,
            opened_at: at(10),
            closed_at: Some(at(30)),
        }
    }

    /// A line for each span: below which it is, its name, its seconds, what it failed of.
    fn shown(spans: &[Span]) -> String {
        let line = |span: &Span| {
            let depth = if span.parent.is_some() { "  " } else { "" };
            let (from, until) = (span.from - at(0), span.until - at(0));
            let failure = span.failure.as_deref().map(|why| format!(" failed: {why}")).unwrap_or_default();
            format!("{depth}{} {}..{}{failure}\n", span.name, from.num_seconds(), until.num_seconds())
        };
        spans.iter().map(line).collect()
    }

    #[test]
    fn a_deployment_is_one_trace_from_the_notice_of_its_commit_to_health() {
        let events = [
            event(1, "namespace", Done::Created),
            event(2, "namespace", Done::Created),
            event(5, "workload", Done::Created),
        ];
        let spans = of_deployment(&record(Outcome::Succeeded, None), &events, Some(at(4)));
        assert_eq!(
            shown(&spans),
            "deployment 4..30\n  wait 4..10\n  namespace 10..12\n  workload 12..15\n  health 15..30\n"
        );
        assert!(spans.iter().all(|span| span.trace == *Uuid::from_u128(7).as_bytes()));
        assert!(spans[1..].iter().all(|span| span.parent == Some(spans[0].id)));
        assert_eq!(spans, of_deployment(&record(Outcome::Succeeded, None), &events, Some(at(4))));
    }

    #[test]
    fn what_failed_says_why_where_it_failed_and_above() {
        let failure = Failure { stage: None, message: "not applied".into(), detail: Some("secret".into()) };
        let events = [event(1, "workload", Done::Failed)];
        let spans = of_deployment(&record(Outcome::Failed, Some(failure)), &events, None);
        assert_eq!(
            shown(&spans),
            "deployment 10..30 failed: not applied\n  workload 10..11 failed: the quota is used up\n"
        );
        let body = body(&spans, "main");
        let root = &body["resourceSpans"][0]["scopeSpans"][0]["spans"][0];
        assert_eq!(root["status"], json!({ "code": 2, "message": "not applied" }));
        assert_eq!(root["startTimeUnixNano"], "1764417610000000000");
        assert!(!body.to_string().contains("secret"), "{body}");
    }
}
