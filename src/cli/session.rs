//! `keyforge session`: who is signed in on a page, and putting them out. Only whoever reaches the database does that.

use std::io::Write;

use anyhow::bail;
use serde_json::json;

use super::Verdict;
use super::ask::Output;
use super::table::Table;
use crate::diagnostic::visible;
use crate::store::{self, SessionRecord, Store};

/// What is done with sessions.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// Where the sessions are kept.
    #[command(flatten)]
    pub(super) store: store::Options,
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// List who is signed in
    #[command(after_help = LIST_EXAMPLES)]
    List(List),
    /// Sign somebody out, in every browser
    #[command(after_help = REVOKE_EXAMPLES)]
    Revoke(Revoke),
}

#[derive(clap::Args)]
struct List {
    /// Form of the answer
    #[arg(long, value_enum, default_value_t = Output::Text)]
    output: Output,
}

#[derive(clap::Args)]
#[group(required = true, multiple = false)]
struct Revoke {
    /// Who, as `keyforge session list` names them
    name: Option<String>,
    /// Everybody
    #[arg(long)]
    all: bool,
}

const EXAMPLES: &str = "\
Examples:
  keyforge session list
  keyforge session revoke ana@acme.example

These commands reach the database, not the daemon.";

const LIST_EXAMPLES: &str = "\
Examples:
  keyforge session list
  keyforge session list --output json";

const REVOKE_EXAMPLES: &str = "\
Examples:
  keyforge session revoke ana@acme.example
  keyforge session revoke --all

Counts from the next request on. They may sign in again as long as the identity provider lets them. Ends with 0 if somebody was
signed out, 2 if nobody was signed in.";

/// Lists or ends sessions.
pub(super) async fn run(args: &Args, out: &mut dyn Write) -> anyhow::Result<Verdict> {
    let store = Store::open(&args.store)?;
    // The first program that comes brings the schema up to date.
    store.migrate().await?;
    match &args.command {
        Command::List(args) => list(&store.in_time(store.sessions()).await?, args.output, out)?,
        Command::Revoke(Revoke { name, .. }) => {
            let ended = store.in_time(store.end_sessions(name.as_deref())).await?;
            match name {
                _ if ended > 0 => writeln!(out, "{ended} signed out")?,
                None => bail!("nobody is signed in"),
                Some(name) => {
                    bail!("`{}` is not signed in; `keyforge session list` shows who is", visible(name))
                }
            }
        }
    }
    store.close().await;
    Ok(Verdict::Fine)
}

fn list(sessions: &[SessionRecord], output: Output, out: &mut dyn Write) -> anyhow::Result<()> {
    match output {
        Output::Json => {
            let shown = |session: &SessionRecord| {
                json!({
                    "name": session.name,
                    "createdAt": session.created_at,
                    "seenAt": session.seen_at,
                    "expiresAt": session.expires_at,
                })
            };
            writeln!(out, "{}", json!({ "items": sessions.iter().map(shown).collect::<Vec<_>>() }))?;
        }
        Output::Text if sessions.is_empty() => writeln!(out, "nobody is signed in")?,
        Output::Text => {
            let mut table = Table::new(["WHO", "SIGNED IN", "SEEN", "COUNTS UNTIL"]);
            let at = |moment: chrono::DateTime<chrono::Utc>| moment.format("%F %R").to_string();
            for session in sessions {
                let SessionRecord { name, created_at, seen_at, expires_at } = session;
                table.row([&*visible(name), &at(*created_at), &at(*seen_at), &at(*expires_at)]);
            }
            write!(out, "{table}")?;
        }
    }
    Ok(())
}
