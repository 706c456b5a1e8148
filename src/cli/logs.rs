//! `keyforge logs`: what was said in a deployment, once or as it is said.

use std::io::Write;
use std::str::FromStr;
use std::time::Duration;

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use tokio::time::Instant;

use super::Verdict;
use super::ask::{Daemon, Output, Refused};
use super::pods;
use crate::api::wire::{Deployment, LogLine, LogPage, Page};
use crate::diagnostic::visible;
use crate::ids::DeploymentId;
use crate::names::{NameError, UnionName};
use crate::outcome::Level;

/// Which log is shown.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// A deployment, or a union: then the newest one of it
    #[arg(value_name = "UNION|DEPLOYMENT")]
    of: Of,
    /// Go on with what is said from now on, until the deployment is closed; of a union for ever
    #[arg(long)]
    follow: bool,
    /// What the union's pods have said last, and the cluster of them, while the union is in trouble
    #[arg(long, conflicts_with_all = ["follow", "level", "since"])]
    pods: bool,
    /// Only lines of this level and above
    #[arg(long, default_value_t = Level::Info)]
    level: Level,
    /// Only lines from this moment on, such as 2026-01-31T12:00:00Z
    #[arg(long, value_name = "MOMENT")]
    since: Option<DateTime<Utc>>,
    #[command(flatten)]
    daemon: Daemon,
    /// Form of the lines; JSON is an object to each line
    #[arg(long, value_enum, default_value_t = Output::Text)]
    output: Output,
}

const EXAMPLES: &str = "\
Examples:
  keyforge logs acme                      of its newest deployment
  keyforge logs acme --follow --level debug
  keyforge logs acme --pods               why its server does not run, in its own words
  keyforge logs 0199f0c2-1f3e-7b51-9d0e-3a5f6c7d8e9f --output json";

/// Whose log.
#[derive(Debug, Clone)]
enum Of {
    Deployment(DeploymentId),
    Union(UnionName),
}

impl FromStr for Of {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        text.parse().map(Self::Deployment).or_else(|_| text.parse().map(Self::Union))
    }
}

/// How long a daemon that is followed may be away.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long to wait before it is asked again.
const AWAY: Duration = Duration::from_secs(1);

/// How often it is looked for the next deployment of a union.
const LOOK: Duration = Duration::from_secs(2);

/// Shows the lines.
pub(super) async fn run(args: &Args, out: &mut dyn Write) -> anyhow::Result<Verdict> {
    if args.pods {
        let Of::Union(union) = &args.of else { anyhow::bail!("`--pods` is of a union") };
        return pods::run(union, &args.daemon, args.output, out).await;
    }
    let mut shown = match &args.of {
        Of::Deployment(id) => *id,
        Of::Union(union) => {
            newest(args, union).await?.with_context(|| format!("union `{union}` has no deployment yet"))?
        }
    };
    if !args.follow {
        once(args, shown, out).await?;
        return Ok(Verdict::Fine);
    }
    loop {
        follow(args, shown, out).await?;
        let Of::Union(union) = &args.of else { return Ok(Verdict::Fine) };
        shown = loop {
            match newest(args, union).await? {
                Some(newest) if newest != shown => break newest,
                _ => tokio::time::sleep(LOOK).await,
            }
        };
    }
}

async fn newest(args: &Args, union: &UnionName) -> anyhow::Result<Option<DeploymentId>> {
    let path = format!("/api/v1/unions/{union}/deployments");
    let page: Page<Deployment> = args.daemon.get(&path, &[("limit", "1")]).await?;
    let id = page.items.first().map(|newest| newest.id.parse()).transpose();
    id.context("failed to read the daemon's answer")
}

impl Args {
    /// What is asked for in the query.
    fn query(&self) -> Vec<(&'static str, String)> {
        let mut query = vec![("level", self.level.to_string())];
        query.extend(self.since.map(|since| ("since", since.to_rfc3339())));
        query
    }
}

fn borrowed<'a>(query: &'a [(&'a str, String)]) -> Vec<(&'a str, &'a str)> {
    query.iter().map(|(name, value)| (*name, value.as_str())).collect()
}

async fn once(args: &Args, deployment: DeploymentId, out: &mut dyn Write) -> anyhow::Result<()> {
    let path = format!("/api/v1/deployments/{deployment}/logs");
    let mut after = None;
    loop {
        let mut query = args.query();
        query.push(("limit", "1000".to_owned()));
        query.extend(after.map(|after| ("after", after)));
        let page: LogPage = args.daemon.get(&path, &borrowed(&query)).await?;
        page.items.iter().try_for_each(|line| show(args, line, out))?;
        after = page.after;
        if after.is_none() {
            return Ok(());
        }
    }
}

/// Shows lines until the deployment is closed. A replica that goes is another one that answers.
async fn follow(args: &Args, deployment: DeploymentId, out: &mut dyn Write) -> anyhow::Result<()> {
    let path = format!("/api/v1/deployments/{deployment}/logs/follow");
    let query = args.query();
    let (mut seen, mut heard) = (None::<String>, Instant::now());
    loop {
        match args.daemon.stream(&path, &borrowed(&query), seen.as_deref()).await {
            Ok(mut stream) => {
                while let Some(event) = stream.next().await {
                    heard = Instant::now();
                    if event.event == "end" {
                        return Ok(());
                    }
                    if event.event == "line" {
                        let line = serde_json::from_str(&event.data);
                        show(args, &line.context("failed to read the daemon's answer")?, out)?;
                        out.flush()?;
                        seen = event.id.or(seen);
                    }
                }
            }
            // What it refuses it would refuse again, but for what passes.
            Err(error) if error.downcast_ref::<Refused>().is_some_and(|refused| !refused.is_passing()) => {
                return Err(error);
            }
            Err(error) if heard.elapsed() > PATIENCE => return Err(error),
            Err(_) => {}
        }
        tokio::time::sleep(AWAY).await;
    }
}

fn show(args: &Args, line: &LogLine, out: &mut dyn Write) -> anyhow::Result<()> {
    match args.output {
        Output::Json => writeln!(out, "{}", serde_json::to_string(line)?)?,
        Output::Text => {
            let (at, level) = (line.at.format("%F %T"), line.level.as_str());
            writeln!(out, "{at} {level:<5} {}", visible(&line.message))?;
        }
    }
    Ok(())
}
