//! `keyforge stop` and `keyforge resume`: nothing is worked on for a while, whatever Git says.
//!
//! Straight to the database, not by the API: it has to work where the daemons are what is wrong.

use std::io::Write;

use super::Verdict;
use crate::diagnostic::visible;
use crate::store::{self, Store};

/// What is stopped.
#[derive(clap::Args)]
#[command(after_help = STOP_EXAMPLES)]
pub(super) struct Stop {
    /// Why; shown to everybody who asks what is going on
    #[arg(long, value_name = "TEXT")]
    why: String,
    #[command(flatten)]
    pub(super) store: store::Options,
}

/// What goes on.
#[derive(clap::Args)]
#[command(after_help = RESUME_EXAMPLES)]
pub(super) struct Resume {
    #[command(flatten)]
    pub(super) store: store::Options,
}

const STOP_EXAMPLES: &str = "\
Examples:
  keyforge stop --why moving-the-cluster --database-url-file /etc/keyforge/database-url

No replica begins to work on a union from now on. What is being rolled out ends with its lease, within a minute, and is done
again afterwards. Commits are still read and judged, and the API goes on.";

const RESUME_EXAMPLES: &str = "\
Examples:
  keyforge resume --database-url-file /etc/keyforge/database-url";

/// Stops everything.
pub(super) async fn stop(args: &Stop, out: &mut dyn Write) -> anyhow::Result<Verdict> {
    let store = Store::open(&args.store)?;
    store.check_schema().await?;
    store.in_time(store.stop(&args.why)).await?;
    writeln!(out, "stopped: {}", visible(&args.why))?;
    Ok(Verdict::Fine)
}

/// Lets everything go on.
pub(super) async fn resume(args: &Resume, out: &mut dyn Write) -> anyhow::Result<Verdict> {
    let store = Store::open(&args.store)?;
    store.check_schema().await?;
    let was_stopped = store.in_time(store.resume()).await?;
    writeln!(out, "{}", if was_stopped { "goes on" } else { "nothing was stopped" })?;
    Ok(Verdict::Fine)
}
