//! Alerts of Alertmanager (v2): one for each union and event, which ends when something else is told of the union.
//!
//! Alertmanager groups, silences and repeats by itself, so an alert is posted once, with an end that is far away, and once more
//! when it is over.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::words::{self, Text};
use super::{Content, Message, Notice};
use crate::outcome::NoticeEvent;

/// An alert that nobody ends ends then.
const LONGEST: Duration = Duration::from_hours(30 * 24);

/// How long a test can be seen.
const TEST: Duration = Duration::from_mins(5);

/// What `/api/v2/alerts` takes.
pub(super) fn alerts(message: &Message, text: &Text) -> Value {
    match &message.content {
        Content::Test { at } => json!([{
            "labels": {
                "alertname": "KeyforgeTest",
                "installation": message.installation,
                "severity": "info",
            },
            "annotations": { "summary": text.title, "description": text.lines.join("\n") },
            "startsAt": at,
            "endsAt": *at + TEST,
        }]),
        Content::Notices(notices) => {
            // The last word of each counts: one list with both would leave it to chance.
            let mut alerts = BTreeMap::new();
            for notice in notices {
                for event in notice.since.iter().filter(|event| **event != notice.event) {
                    alerts.insert((&notice.union, *event), alert(message, notice, *event, notice.at));
                }
                if notice.event != NoticeEvent::Recovered {
                    let end = notice.at + LONGEST;
                    alerts.insert((&notice.union, notice.event), alert(message, notice, notice.event, end));
                }
            }
            alerts.into_values().collect()
        }
    }
}

fn alert(message: &Message, notice: &Notice, event: NoticeEvent, end: DateTime<Utc>) -> Value {
    let (name, severity) = match event {
        NoticeEvent::Failed => ("KeyforgeUnionFailed", "critical"),
        NoticeEvent::Held => ("KeyforgeUnionHeld", "warning"),
        NoticeEvent::AwaitingApproval => ("KeyforgeUnionAwaitingApproval", "warning"),
        NoticeEvent::Recovered => ("KeyforgeUnionRecovered", "info"),
    };
    // Labels are what makes it this alert: nothing that changes is one.
    let mut alert = json!({
        "labels": {
            "alertname": name,
            "installation": message.installation,
            "union": notice.union,
            "severity": severity,
        },
        "annotations": { "summary": format!("{}: {event} is over", notice.union) },
        "endsAt": end,
    });
    if event == notice.event {
        let why = notice.why.as_deref().map(words::plain);
        alert["annotations"]["summary"] = json!(words::line(notice));
        alert["annotations"]["description"] =
            json!([why.unwrap_or_default().as_str(), words::remedy(event)].join("\n").trim());
        alert["startsAt"] = json!(notice.at);
    }
    if let Some(page) =
        message.page.as_ref().and_then(|page| page.join(&format!("/unions/{}", notice.union)).ok())
    {
        alert["generatorURL"] = json!(page.as_str());
    }
    alert
}
