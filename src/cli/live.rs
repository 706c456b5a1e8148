//! `keyforge plan --live`: what the daemon would do now, as it and the API server see it.
//!
//! Apart from the offline plan, which reads a repository and asks nobody.

use std::io::Write;

use serde_json::json;

use super::Verdict;
use super::ask::{Asking, Output};
use super::plan::Args;
use crate::api::wire::{Page, Plan};
use crate::diagnostic::visible;
use crate::digest::Digest;

/// Shows the live plan of one union, or of all. A refusal, a finding or a change that waits for an approval asks for a person;
/// what the daemon puts right by itself does not.
pub(super) async fn run(args: &Args, out: &mut dyn Write) -> anyhow::Result<Verdict> {
    let asking = &args.asking;
    let plans = match &args.union {
        Some(name) => vec![asking.get(&format!("/api/v1/unions/{name}/plan"), &[]).await?],
        None => all(asking).await?,
    };
    if asking.output == Output::Json {
        // The form of the contract. The revisions of an offline plan have no counterpart: it leads from what is there to what
        // was accepted, which each union has of its own.
        let unions = serde_json::to_value(&plans)?;
        let digest = Digest::of(serde_json::to_vec(&told(&plans))?);
        let plan = json!({ "digest": digest, "from": null, "to": null, "live": true, "unions": unions });
        serde_json::to_writer_pretty(&mut *out, &plan)?;
        writeln!(out)?;
    } else {
        write!(out, "{}", text(&plans))?;
    }
    let asks = |plan: &Plan| plan.refused.is_some() || !plan.findings.is_empty() || !plan.guards.is_empty();
    Ok(if plans.iter().any(asks) { Verdict::Findings } else { Verdict::Fine })
}

async fn all(asking: &Asking) -> anyhow::Result<Vec<Plan>> {
    let mut plans = Vec::new();
    let mut after: Option<String> = None;
    loop {
        let mut query = vec![("limit", "10")];
        query.extend(after.as_deref().map(|after| ("after", after)));
        let page: Page<Plan> = asking.get("/api/v1/plans", &query).await?;
        plans.extend(page.items);
        after = page.next;
        if after.is_none() {
            return Ok(plans);
        }
    }
}

/// What the digest is of: not the time of the look.
fn told(plans: &[Plan]) -> Vec<(&str, Option<&str>, Vec<&str>)> {
    plans
        .iter()
        .map(|plan| {
            let texts = plan.changes.iter().map(|change| change.text.as_str()).collect();
            (plan.name.as_str(), plan.digest.as_deref(), texts)
        })
        .collect()
}

/// One paragraph per union with something to say, the summary last.
fn text(plans: &[Plan]) -> String {
    let mut text = String::new();
    for plan in plans {
        let lines = lines(plan);
        if !lines.is_empty() {
            text.push_str(&visible(&plan.name));
            text.push('\n');
            lines.iter().for_each(|line| text.push_str(&format!("  {}\n", visible(line))));
            text.push('\n');
        }
    }
    let changes: usize = plans.iter().map(|plan| plan.changes.len()).sum();
    let quiet = plans.iter().filter(|plan| lines(plan).is_empty()).count();
    let new = plans.iter().flat_map(|plan| &plan.changes).any(|change| change.change == "create");
    text.push_str(&format!("{changes} changes, {quiet} of {} unions as they should be\n", plans.len()));
    if new {
        text.push_str("what is created was not tried on the server: it is not there yet\n");
    }
    text
}

fn lines(plan: &Plan) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(refused) = &plan.refused {
        lines.push(format!("refused: {refused}"));
        lines.extend(plan.hint.iter().map(|hint| format!("hint: {hint}")));
    }
    lines.extend(plan.changes.iter().map(|change| change.text.clone()));
    lines.extend(plan.awaited.iter().map(|id| format!("await the end of {}", id.text())));
    if let Some(waits) = &plan.waits {
        lines.push(waits.why.clone());
        lines.extend(waits.changes.iter().map(|change| format!("  {}", change.text)));
    }
    lines.extend(plan.guards.iter().map(|guard| format!("waits for an approval: {}", guard.why)));
    lines.extend(plan.findings.iter().map(|finding| format!("finding: {finding}")));
    lines
}
