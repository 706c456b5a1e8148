//! `keyforge apikey`: the keys by which programs ask the API. Only whoever reaches the database makes one.
//!
//! Invariant: a key is shown once, when it is made, and nothing that is kept gives it back.

use std::collections::BTreeSet;
use std::io::Write;
use std::time::Duration;

use anyhow::{Context as _, bail};
use serde_json::json;

use super::Verdict;
use super::ask::Output;
use super::table::Table;
use crate::access::{ApiKey, Role, Sight};
use crate::diagnostic::visible;
use crate::duration;
use crate::names::UnionName;
use crate::store::{self, ApiKeyRecord, NewApiKey, Store};

/// What is done with keys.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// Where the keys are kept.
    #[command(flatten)]
    pub(super) store: store::Options,
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Make a key, and show it once
    #[command(after_help = CREATE_EXAMPLES)]
    Create(Create),
    /// List the keys that are not revoked
    #[command(after_help = LIST_EXAMPLES)]
    List(List),
    /// Revoke a key: from now on it counts no more
    #[command(after_help = REVOKE_EXAMPLES)]
    Revoke(Revoke),
}

#[derive(clap::Args)]
struct Create {
    /// What people call the key: who uses it
    #[arg(value_parser = name)]
    name: String,
    #[command(flatten)]
    scope: Scope,
    /// How long the key counts
    #[arg(long, value_name = "DURATION", default_value = "365d", value_parser = lasting)]
    expires: Duration,
    /// Form of the answer
    #[arg(long, value_enum, default_value_t = Output::Text)]
    output: Output,
}

/// What a key allows: one of these, or what `access` of `keyforge.yaml` gives it.
#[derive(clap::Args)]
#[group(multiple = false)]
struct Scope {
    /// To see this union; may be given more than once
    #[arg(long, value_name = "NAME")]
    union: Vec<UnionName>,
    /// To see all unions
    #[arg(long)]
    all_unions: bool,
    /// To see and do everything
    #[arg(long)]
    operator: bool,
}

#[derive(clap::Args)]
struct List {
    /// Form of the answer
    #[arg(long, value_enum, default_value_t = Output::Text)]
    output: Output,
}

#[derive(clap::Args)]
struct Revoke {
    /// Which
    name: String,
}

const EXAMPLES: &str = "\
Examples:
  keyforge apikey create prometheus --all-unions
  keyforge apikey list
  keyforge apikey revoke prometheus

These commands reach the database, not the daemon.";

const CREATE_EXAMPLES: &str = "\
Examples:
  keyforge apikey create prometheus --all-unions > prometheus.key
  keyforge apikey create acme-board --union acme --union birch --expires 90d

Standard output holds the key alone. It is not kept, and cannot be shown again. What `access` of keyforge.yaml gives to a key of
this name it sees besides, or alone if nothing else is said here.";

const LIST_EXAMPLES: &str = "\
Examples:
  keyforge apikey list
  keyforge apikey list --output json";

const REVOKE_EXAMPLES: &str = "\
Examples:
  keyforge apikey revoke prometheus

Ends with 0 if the key was revoked, 2 if there is none of this name.";

/// Makes, lists or revokes keys.
pub(super) async fn run(args: &Args, out: &mut dyn Write) -> anyhow::Result<Verdict> {
    let store = Store::open(&args.store)?;
    // The first program that comes brings the schema up to date.
    store.migrate().await?;
    match &args.command {
        Command::Create(args) => create(&store, args, out).await?,
        Command::List(args) => list(&store, args, out).await?,
        Command::Revoke(Revoke { name }) => {
            if !store.in_time(store.revoke_api_key(name)).await? {
                bail!(
                    "there is no key `{}`; `keyforge apikey list` shows those that there are",
                    visible(name)
                );
            }
        }
    }
    store.close().await;
    Ok(Verdict::Fine)
}

async fn create(store: &Store, args: &Create, out: &mut dyn Write) -> anyhow::Result<()> {
    let key = ApiKey::draw();
    let new = NewApiKey {
        name: args.name.clone(),
        digest: key.digest(),
        role: args.scope.role(),
        lasts: args.expires,
    };
    let Ok(expires) = store.in_time(store.add_api_key(&new)).await? else {
        bail!("there is a key `{}` already; revoke it first, or choose another name", args.name);
    };
    match args.output {
        Output::Json => {
            let answer = json!({ "name": new.name, "key": key.expose(), "expiresAt": expires });
            writeln!(out, "{answer}")?;
        }
        Output::Text => {
            writeln!(out, "{}", key.expose())?;
            let mut err = std::io::stderr();
            let _ = writeln!(
                err,
                "key `{}` counts until {}; it is not kept and cannot be shown again",
                new.name,
                expires.format("%F")
            );
        }
    }
    out.flush().context("failed to write the key; revoke it and make another")
}

async fn list(store: &Store, args: &List, out: &mut dyn Write) -> anyhow::Result<()> {
    let keys = store.in_time(store.api_keys()).await?;
    match args.output {
        Output::Json => {
            let items: Vec<_> = keys.iter().map(shown).collect();
            writeln!(out, "{}", json!({ "items": items }))?;
        }
        Output::Text if keys.is_empty() => writeln!(out, "no keys")?,
        Output::Text => {
            let mut table = Table::new(["KEY", "ROLE", "UNIONS", "MADE", "COUNTS UNTIL"]);
            for key in &keys {
                let until =
                    key.expires_at.format("%F").to_string() + if key.is_expired { " (over)" } else { "" };
                let unions = match unions(&key.role) {
                    None => "all".to_owned(),
                    Some(unions) => unions.join(", "),
                };
                table.row([
                    &key.name,
                    word(&key.role),
                    &unions,
                    &key.created_at.format("%F").to_string(),
                    &until,
                ]);
            }
            write!(out, "{table}")?;
        }
    }
    Ok(())
}

impl Scope {
    fn role(&self) -> Role {
        let Self { union, all_unions, operator } = self;
        if *operator {
            Role::Operator
        } else if *all_unions {
            Role::Viewer(Sight::All)
        } else {
            Role::Viewer(Sight::Only(union.iter().cloned().collect::<BTreeSet<_>>()))
        }
    }
}

fn shown(key: &ApiKeyRecord) -> serde_json::Value {
    json!({
        "name": key.name,
        "role": word(&key.role),
        "unions": unions(&key.role).unwrap_or_else(|| vec!["*".to_owned()]),
        "createdAt": key.created_at,
        "expiresAt": key.expires_at,
        "isExpired": key.is_expired,
    })
}

fn word(role: &Role) -> &'static str {
    match role {
        Role::Operator => "operator",
        Role::Viewer(_) => "viewer",
    }
}

/// The unions that are seen; none: all.
fn unions(role: &Role) -> Option<Vec<String>> {
    match role {
        Role::Operator => None,
        Role::Viewer(sight) => sight.names(),
    }
}

/// The name of a key: a word that fits into a log, and into `access` of `keyforge.yaml`.
fn name(text: &str) -> Result<String, &'static str> {
    let sound = |c: char| c.is_ascii_alphanumeric() || "-_.@".contains(c);
    if (1..=63).contains(&text.len()) && text.chars().all(sound) {
        Ok(text.to_owned())
    } else {
        Err("it has 1 to 63 letters, digits, `-`, `_`, `.` and `@`")
    }
}

/// Ten years at most: what never ends is forgotten.
fn lasting(text: &str) -> Result<Duration, String> {
    const MOST: Duration = Duration::from_secs(10 * 366 * 24 * 60 * 60);
    let lasts = duration::parse(text).map_err(|error| error.to_string())?;
    if lasts < Duration::from_secs(1) || lasts > MOST {
        return Err("a key counts for a second at least, and for ten years at most".to_owned());
    }
    Ok(lasts)
}
