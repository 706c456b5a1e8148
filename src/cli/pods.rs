//! `keyforge logs UNION --pods`: what the pods of a union in trouble have said, and what the cluster says of them.

use std::io::Write;

use serde_json::json;

use super::Verdict;
use super::ask::{Daemon, Output};
use crate::api::wire::{ClusterEvent, Page, PodLine, PodLog};
use crate::diagnostic::visible;
use crate::names::UnionName;

/// Shows both: what the cluster says first, oldest first, since logs end in what happened last.
pub(super) async fn run(
    union: &UnionName,
    daemon: &Daemon,
    output: Output,
    out: &mut dyn Write,
) -> anyhow::Result<Verdict> {
    let path = |what: &str| format!("/api/v1/unions/{union}/{what}");
    let events: Page<ClusterEvent> = daemon.get(&path("pod-events"), &[]).await?;
    let logs: Page<PodLog> = daemon.get(&path("pod-logs"), &[]).await?;
    match output {
        Output::Json => writeln!(out, "{}", json!({ "events": events.items, "logs": logs.items }))?,
        Output::Text => {
            events.items.iter().rev().try_for_each(|event| writeln!(out, "{}", said(event)))?;
            logs.items.iter().try_for_each(|log| write!(out, "{}", text(log)))?;
        }
    }
    Ok(Verdict::Fine)
}

fn said(event: &ClusterEvent) -> String {
    let at = event.at.map(|at| at.format("%F %T ").to_string()).unwrap_or_default();
    let times = if event.times > 1 { format!(" ({} times)", event.times) } else { String::new() };
    let of = format!("{}/{}", event.resource.kind, event.resource.name);
    visible(&format!("{at}{:<7} {of}: {}: {}{times}", event.kind, event.reason, event.message)).into_owned()
}

fn text(log: &PodLog) -> String {
    let run = if log.previous { ", before it was started again" } else { "" };
    let mut text = format!("\n{} {}{run}:\n", visible(&log.pod), visible(&log.container));
    if let Some(reason) = &log.reason {
        text += &format!("  cannot be read: {}\n", visible(reason));
    }
    for PodLine { at, message } in &log.items {
        let at = at.map(|at| at.format("%F %T ").to_string()).unwrap_or_default();
        text += &format!("  {at}{}\n", visible(message));
    }
    text
}
