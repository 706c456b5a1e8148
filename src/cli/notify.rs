//! `keyforge notify test`: whether messages arrive where the accepted `keyforge.yaml` sends them.
//!
//! Straight to database and cluster, as the daemon does it: who may read the Secrets may try them.

use std::io::Write;

use serde_json::json;
use url::Url;

use super::Verdict;
use super::ask::Output;
use crate::cluster::{self, Cluster};
use crate::names::InstallationId;
use crate::reconcile::dependencies::Dependencies;
use crate::reconcile::notifier::{NotTold, Notifier, Tried};
use crate::settings::MessageOptions;
use crate::spec::NotificationKind;
use crate::store::{self, Store};
use crate::telemetry::Metrics;

/// What is done with notifications.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// Where the accepted keyforge.yaml is kept.
    #[command(flatten)]
    pub(super) store: store::Options,
    /// Where the Secrets are.
    #[command(flatten)]
    cluster: cluster::Options,
    /// Who vouches for the places.
    #[command(flatten)]
    messages: MessageOptions,
    /// Name of this installation, which messages tell
    #[arg(long, env = "KEYFORGE_INSTALLATION", default_value = "keyforge")]
    installation: InstallationId,
    /// Address at which people reach the page, which messages link to
    #[arg(long, env = "KEYFORGE_PUBLIC_URL", value_name = "URL")]
    public_url: Option<Url>,
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Send a test message to each place that the accepted keyforge.yaml names
    #[command(after_help = TEST_EXAMPLES)]
    Test(Test),
}

#[derive(clap::Args)]
struct Test {
    /// Only to places of this kind
    #[arg(long, value_name = "KIND", value_parser = kind)]
    kind: Option<NotificationKind>,
    /// Form of the answer
    #[arg(long, value_enum, default_value_t = Output::Text)]
    output: Output,
}

const EXAMPLES: &str = "\
Examples:
  keyforge notify test

These commands reach database and cluster, not the daemon.";

const TEST_EXAMPLES: &str = "\
Examples:
  keyforge notify test
  keyforge notify test --kind slack
  keyforge notify test --output json

Ends with 0 if every place took it, 1 if one did not or none is named.";

fn kind(text: &str) -> Result<NotificationKind, String> {
    let known = NotificationKind::ALL.map(NotificationKind::as_str);
    let found = NotificationKind::ALL.into_iter().find(|kind| kind.as_str() == text);
    found.ok_or_else(|| format!("it is one of {}", known.join(", ")))
}

/// Sends test messages and tells what became of them.
pub(super) async fn run(args: &Args, out: &mut dyn Write) -> anyhow::Result<Verdict> {
    let Command::Test(test) = &args.command;
    let store = Store::open(&args.store)?;
    store.check_schema().await?;
    let notifier = Notifier {
        store: store.clone(),
        cluster: Cluster::connect(&args.cluster, args.installation.clone()).await?,
        messenger: args.messages.load()?,
        metrics: Metrics::new(),
        dependencies: Dependencies::new(),
        page: args.public_url.clone(),
    };
    let tried = notifier.test(test.kind).await?;
    store.close().await;
    match test.output {
        Output::Json => {
            let shown = |tried: &Tried| {
                json!({
                    "kind": tried.destination.kind,
                    "secret": tried.destination.secret.name,
                    "sent": tried.result.is_ok(),
                    "reason": tried.result.as_ref().err().map(ToString::to_string),
                    "hint": tried.result.as_ref().err().map(NotTold::hint),
                })
            };
            writeln!(out, "{}", json!({ "items": tried.iter().map(shown).collect::<Vec<_>>() }))?;
        }
        Output::Text if tried.is_empty() => match test.kind {
            Some(kind) => {
                writeln!(out, "the accepted keyforge.yaml names no place of kind `{}`", kind.as_str())?;
            }
            None => writeln!(out, "the accepted keyforge.yaml has no `spec.notifications`")?,
        },
        Output::Text => {
            for Tried { destination, result } in &tried {
                match result {
                    Ok(()) => writeln!(out, "{destination}: sent")?,
                    Err(error) => {
                        writeln!(out, "{destination}: not sent: {error}\n  hint: {}", error.hint())?;
                    }
                }
            }
        }
    }
    let all = !tried.is_empty() && tried.iter().all(|tried| tried.result.is_ok());
    Ok(if all { Verdict::Fine } else { Verdict::Findings })
}
