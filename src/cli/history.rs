//! `keyforge history`: the deployments of a union, or of all, newest first.

use std::io::Write;

use super::Verdict;
use super::ask::{Asking, Output};
use super::status::short;
use super::table::Table;
use crate::api::wire::{Deployment, Page};
use crate::diagnostic::visible;
use crate::names::UnionName;

/// Which deployments are shown.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// Only those of this union
    union: Option<UnionName>,
    /// How many at most
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=500))]
    limit: u32,
    #[command(flatten)]
    asking: Asking,
}

const EXAMPLES: &str = "\
Examples:
  keyforge history                      of all unions, the last 20
  keyforge history acme --limit 100
  keyforge history acme --output json   with ids, for the events and logs of the API";

/// Shows the deployments.
pub(super) async fn run(args: &Args, out: &mut dyn Write) -> anyhow::Result<Verdict> {
    let limit = args.limit.to_string();
    let mut query = vec![("limit", limit.as_str())];
    query.extend(args.union.as_ref().map(|union| ("union", union.as_str())));
    let page: Page<Deployment> = args.asking.get("/api/v1/deployments", &query).await?;
    match args.asking.output {
        Output::Json => writeln!(out, "{}", serde_json::to_string(&page)?)?,
        Output::Text => write!(out, "{}", text(&page.items))?,
    }
    Ok(Verdict::Fine)
}

fn text(deployments: &[Deployment]) -> String {
    if deployments.is_empty() {
        return "no deployments\n".to_owned();
    }
    let mut table =
        Table::new(["OPENED", "UNION", "REASON", "REVISION", "CHANGES", "OUTCOME", "TOOK", "WHY"]);
    for deployment in deployments {
        let changes = deployment.changes;
        let outcome = deployment.outcome.map_or(deployment.phase.as_str(), |outcome| outcome.as_str());
        let took = deployment
            .closed_at
            .map(|closed| format!("{:.1}s", (closed - deployment.opened_at).as_seconds_f64()));
        let failure = deployment.failure.as_ref().map(|failure| failure.message.as_str());
        table.row([
            &deployment.opened_at.format("%Y-%m-%d %H:%M:%S").to_string(),
            &deployment.union,
            deployment.reason.as_str(),
            &short(&deployment.revision),
            &format!("+{} ~{} -{}", changes.create, changes.update, changes.delete),
            outcome,
            &took.unwrap_or_default(),
            &visible(failure.or(deployment.awaited.as_deref()).unwrap_or_default()),
        ]);
    }
    table.to_string()
}
