//! `keyforge sync`: has the daemon look now, not at its next turn, and waits for what comes of it.

use std::io::Write;
use std::time::Duration;

use anyhow::Context as _;
use tokio::time::Instant;

use super::Verdict;
use super::ask::{Asking, Output};
use super::wait::{self, Ended, Looked};
use crate::api::wire::{Sync, UnionDetail};
use crate::diagnostic::visible;
use crate::duration;
use crate::names::UnionName;
use crate::outcome::UnionState;

/// What is looked at.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// Look at this union too, whether the config repo changes it or not
    union: Option<UnionName>,
    /// Wait until what was found is rolled out
    #[arg(long)]
    wait: bool,
    /// For how long
    #[arg(long, value_name = "DURATION", default_value = "10m", value_parser = duration::parse, requires = "wait")]
    timeout: Duration,
    #[command(flatten)]
    asking: Asking,
}

const EXAMPLES: &str = "\
Examples:
  keyforge sync
  keyforge sync acme --wait
  keyforge sync --wait --timeout 30m --server https://keyforge.example --api-key-file operator.key

Any replica may be asked. Asking again for what was not looked at yet asks for nothing more. For operators only, and recorded.
Ends with 0 once it is asked for; with --wait, once everything is as the config repo says; 1 if that could not be read, if
something failed, is held or waits for an approval, or if the time is over; 2 if the daemon refuses to answer.";

/// Asks, and waits.
pub(super) async fn run(args: &Args, out: &mut dyn Write) -> anyhow::Result<Verdict> {
    let end = Instant::now() + args.timeout;
    let path = match &args.union {
        Some(union) => format!("/api/v1/unions/{union}/sync"),
        None => "/api/v1/sync".to_owned(),
    };
    let asked: Sync = args.asking.daemon.post(&path).await?;
    if !args.wait {
        match args.asking.output {
            Output::Json => writeln!(out, "{}", serde_json::to_string(&asked)?)?,
            Output::Text => writeln!(out, "asked for: {}", asked.id)?,
        }
        return Ok(Verdict::Fine);
    }
    let found = match wait::until(end, async || look(args, &asked.id).await).await? {
        Ended::Answered { answer, .. } => answer,
        Ended::Late { told } => return wait::late(&told, out),
    };
    if let Some(why) = &found.reason {
        writeln!(out, "{}", visible(why))?;
        return Ok(Verdict::Findings);
    }
    match (&args.union, &found.revision) {
        (Some(union), _) => settled(args, union, end, out).await,
        (None, Some(revision)) => {
            let commit = revision.rsplit_once(':').map_or(revision.as_str(), |(_, commit)| commit);
            let commit = commit.parse().context("failed to read the daemon's answer")?;
            wait::revision(commit, end, &args.asking, out).await
        }
        (None, None) => {
            writeln!(out, "nothing of the config repo is accepted")?;
            Ok(Verdict::Findings)
        }
    }
}

/// Whether what was asked for was looked at.
async fn look(args: &Args, id: &str) -> anyhow::Result<Looked<Sync>> {
    let found: Sync = args.asking.get(&format!("/api/v1/sync/{id}"), &[]).await?;
    let told = match found.looked_at {
        None => "nobody has looked at the config repo yet",
        Some(_) => "nobody has worked on the union yet",
    };
    // What cannot be read is not waited for, nor what would come of it.
    let is_over = found.done || found.reason.is_some();
    Ok(Looked { told: told.to_owned(), answer: is_over.then_some(found) })
}

/// Waits until nobody has to do anything for the union, or a person has.
async fn settled(
    args: &Args,
    union: &UnionName,
    end: Instant,
    out: &mut dyn Write,
) -> anyhow::Result<Verdict> {
    let look = async || {
        let found: UnionDetail = args.asking.get(&format!("/api/v1/unions/{union}"), &[]).await?;
        let told = told(&found);
        let is_over = found.union.state != UnionState::InProgress;
        Ok(Looked { told, answer: is_over.then_some(found) })
    };
    let found = match wait::until(end, look).await? {
        Ended::Answered { answer, .. } => answer,
        Ended::Late { told } => return wait::late(&told, out),
    };
    match args.asking.output {
        Output::Json => writeln!(out, "{}", serde_json::to_string(&found)?)?,
        Output::Text => writeln!(out, "{}", told(&found))?,
    }
    let asks = [UnionState::Failed, UnionState::Held, UnionState::AwaitingApproval];
    Ok(if asks.contains(&found.union.state) { Verdict::Findings } else { Verdict::Fine })
}

fn told(found: &UnionDetail) -> String {
    let reason = found.union.reason.as_deref().map(|reason| format!(": {}", visible(reason)));
    format!("{} is {}{}", found.union.name, found.union.state, reason.unwrap_or_default())
}
