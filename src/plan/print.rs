//! A plan for people: one line per change, the same in `keyforge plan`, logs and tests.

use std::fmt::Write;

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::{Change, Credential, FieldChange, Plan, Waits};
use crate::diagnostic::{shown, visible};

/// The plan as text, with a line end after each line. What is kept is not told.
pub fn text(plan: &Plan) -> String {
    let mut text = String::new();
    for change in plan.changes().filter(|change| !change.is_keep()) {
        text.push_str(&line(change));
        text.push('\n');
    }
    for id in plan.awaited() {
        writeln!(text, "await the end of {id}").expect("writing to a String does not fail");
    }
    if text.is_empty() {
        text.push_str("nothing to do\n");
    }
    text
}

/// What waits as text: why, then one line per change.
pub fn waits_text(waits: &Waits) -> String {
    let mut text = format!("{}\n", waits.why());
    for change in waits.changes() {
        writeln!(text, "  {}", line(change)).expect("writing to a String does not fail");
    }
    text
}

/// One change on one line, such as `update Deployment union-acme/vaultwarden: .spec.replicas 3 → 1`.
pub fn line(change: &Change) -> String {
    let (word, id) = (change.word(), change.id());
    match change {
        Change::Draw { credential: Credential::AdminToken, rotation, .. } => {
            format!("{word} {id}: admin token {rotation}")
        }
        Change::Update { fields, takeover, .. } => {
            let fields: Vec<String> = fields.iter().map(field).collect();
            let mut line = format!("{word} {id}: {}", fields.join(", "));
            if !takeover.is_empty() {
                let managers: Vec<String> = takeover.iter().map(ToString::to_string).collect();
                line.push_str(&format!(" (taken over from {})", visible(&managers.join(", "))));
            }
            line
        }
        Change::Record { input, template_version, revives, .. } => {
            let line = format!("{word} {id}: input {}, templates {template_version}", input.short());
            match revives {
                Some(until) => format!("{line}; it comes back with its data, kept until {}", day(*until)),
                None => line,
            }
        }
        Change::End { ending, .. } if ending.begun => format!("{word} {id}: its deletion begins"),
        Change::End { ending, .. } => format!("{word} {id}: data kept until {}", day(ending.until)),
        Change::Forget { .. } => format!("{word} {id}: it is gone"),
        Change::Create { .. } | Change::Delete { .. } | Change::Keep { .. } => format!("{word} {id}"),
    }
}

/// A day, by UTC.
fn day(time: DateTime<Utc>) -> impl std::fmt::Display {
    time.format("%Y-%m-%d")
}

/// One field, as it was and as it will be.
pub(super) fn field(change: &FieldChange) -> String {
    let side = |side: &Option<Value>| side.as_ref().map_or_else(|| "nothing".to_owned(), value);
    format!("{} {} → {}", visible(&change.path), side(&change.from), side(&change.to))
}

/// A value, of bounded length and without anything that plays with the terminal.
pub(super) fn value(value: &Value) -> String {
    visible(&shown(&value.to_string())).into_owned()
}
