//! `keyforge status`: the unions and their states, as the daemon sees them.

use std::io::Write;

use super::Verdict;
use super::ask::{Asking, Output};
use super::table::Table;
use crate::api::wire::{Diagnostic, Guard, Page, Society, Stopped, Union, UnionDetail, UnionPage};
use crate::diagnostic::{print, visible};
use crate::names::UnionName;
use crate::outcome::UnionState;

/// Which unions are shown.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// Only this union
    union: Option<UnionName>,
    /// Only unions in this state
    #[arg(long)]
    state: Option<UnionState>,
    #[command(flatten)]
    asking: Asking,
}

const EXAMPLES: &str = "\
Examples:
  keyforge status
  keyforge status acme --output json
  keyforge status --state held --server https://keyforge.example

Ends with 0 if no union asks for a person, 1 if one is failed, held or waits for an approval, 2 if nobody answers.";

/// Shows the unions. One that is failed, held or waits for an approval asks for a person.
pub(super) async fn run(args: &Args, out: &mut dyn Write) -> anyhow::Result<Verdict> {
    let ((unions, stopped), details) = match &args.union {
        Some(name) => {
            let found: UnionDetail = args.asking.get(&format!("/api/v1/unions/{name}"), &[]).await?;
            let page: UnionPage = args.asking.get("/api/v1/unions", &[("limit", "1")]).await?;
            ((vec![found.union.clone()], page.stopped), Some(found))
        }
        None => (all(args).await?, None),
    };
    let societies = match &args.union {
        Some(name) => {
            let page: Page<Society> =
                args.asking.get(&format!("/api/v1/unions/{name}/societies"), &[]).await?;
            page.items
        }
        None => Vec::new(),
    };
    // Also beside a single union: what holds all of them holds it.
    let found = of_the_repo(args).await?;
    match args.asking.output {
        Output::Json => {
            let mut answer = match &details {
                Some(union) => serde_json::json!({ "items": [union], "societies": societies }),
                None => serde_json::json!({ "items": unions }),
            };
            answer["diagnostics"] = serde_json::json!(found);
            answer["stopped"] = serde_json::json!(stopped);
            writeln!(out, "{answer}")?;
        }
        Output::Text => {
            let more = details.map(|union| waiting(&union.guards) + &findings(&union.findings));
            let (found, more) = (lines(&found), more.unwrap_or_default());
            let stopped = stopped.as_ref().map(halt).unwrap_or_default();
            write!(out, "{stopped}{found}{}{more}{}", text(&unions), inside(&societies))?;
        }
    }
    let asks = |union: &Union| {
        matches!(union.state, UnionState::Failed | UnionState::Held | UnionState::AwaitingApproval)
    };
    Ok(if unions.iter().any(asks) { Verdict::Findings } else { Verdict::Fine })
}

/// All that are asked for, and whether anybody works on them.
async fn all(args: &Args) -> anyhow::Result<(Vec<Union>, Option<Stopped>)> {
    let mut unions = Vec::new();
    let mut after = None;
    loop {
        let mut query = vec![("limit", "500")];
        query.extend(args.state.map(|state| ("state", state.as_str())));
        query.extend(after.as_deref().map(|after| ("after", after)));
        let page: UnionPage = args.asking.get("/api/v1/unions", &query).await?;
        unions.extend(page.items);
        after = page.next;
        if after.is_none() {
            return Ok((unions, page.stopped));
        }
    }
}

/// What was found in `keyforge.yaml` and in the repo as a whole: it comes first in the list.
async fn of_the_repo(args: &Args) -> anyhow::Result<Vec<Diagnostic>> {
    let page: Page<Diagnostic> = args.asking.get("/api/v1/diagnostics", &[("limit", "20")]).await?;
    Ok(page.items.into_iter().filter(|found| found.union.is_none()).collect())
}

/// That nobody works on any union, and why.
fn halt(stopped: &Stopped) -> String {
    let since = stopped.since.format("%F %T UTC");
    format!(
        "all work is stopped since {since}: {}; `keyforge resume` lets it go on\n\n",
        visible(&stopped.why)
    )
}

/// Findings, one line each.
fn lines(found: &[Diagnostic]) -> String {
    let lines: String =
        found.iter().map(|found| format!("{}\n", print::line(&found.clone().into()))).collect();
    if lines.is_empty() { lines } else { lines + "\n" }
}

/// What waits, and the line that lets it through.
fn waiting(guards: &[Guard]) -> String {
    let guard = |guard: &Guard| {
        let changes: String = guard.changes.iter().map(|change| format!("  {}\n", visible(change))).collect();
        format!("\n{}: {}\n{changes}", guard.guard, visible(&guard.why))
            + &format!("  to approve it, push a commit whose message ends with\n  {}\n", guard.approve)
    };
    guards.iter().map(guard).collect()
}

/// The societies of a union, each with who has to act and what a person should know.
fn inside(societies: &[Society]) -> String {
    let society = |society: &Society| {
        let Society { name, state, members, passwords, .. } = society;
        let waits: String = society
            .waits
            .iter()
            .map(|member| {
                let why = member.reason.as_deref().map(visible).unwrap_or_default();
                let who = member.actor.map(|actor| format!(" [{actor}]")).unwrap_or_default();
                let since = member.since.format("%F");
                format!("  {} is {} since {since}: {why}{who}\n", visible(&member.email), member.state)
            })
            .collect();
        let findings: String =
            society.findings.iter().map(|finding| format!("  finding: {}\n", visible(finding))).collect();
        let (members, passwords) = (counted(*members, "member"), counted(*passwords, "password"));
        format!("\nsociety {name}: {state}, {members}, {passwords}\n{waits}{findings}")
    };
    societies.iter().map(society).collect()
}

fn counted(number: u32, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}

/// What a person should know, a line each.
fn findings(findings: &[String]) -> String {
    findings.iter().map(|finding| format!("\nfinding: {}\n", visible(finding))).collect()
}

fn text(unions: &[Union]) -> String {
    if unions.is_empty() {
        return "no unions\n".to_owned();
    }
    let mut table = Table::new(["UNION", "STATE", "HEALTH", "APPLIED", "DOMAIN", "WHY"]);
    for union in unions {
        let revision = union.applied_revision.as_deref().map(short).unwrap_or_default();
        let why = union.reason.as_deref().map(visible).unwrap_or_default();
        table.row([
            &union.name,
            union.state.as_str(),
            &union.health,
            &revision,
            union.domain.as_deref().unwrap_or_default(),
            &why,
        ]);
    }
    table.to_string()
}

/// `main@sha1:<40 hex>` with 12 of them: enough to find it again.
pub(super) fn short(revision: &str) -> String {
    match revision.split_once("@sha1:") {
        Some((branch, commit)) => format!("{}@{}", visible(branch), commit.get(..12).unwrap_or(commit)),
        None => visible(revision).into_owned(),
    }
}
