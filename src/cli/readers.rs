//! `keyforge audit access`: who could read what of a society on a day, and what is different since another one.

use std::io::Write;
use std::str::FromStr;

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};

use super::Verdict;
use super::ask::{Asking, Output};
use crate::api::wire::{Reader, ReaderChange, Readers};
use crate::diagnostic::visible;
use crate::names::{NameError, SocietyName, UnionName};
use crate::spec::CollectionRight;

/// Of which society, and when.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// Which society
    #[arg(value_name = "UNION/SOCIETY")]
    of: Of,
    /// At the end of this day (UTC), or at this moment [default: now]
    #[arg(long, value_name = "DATE", value_parser = moment)]
    at: Option<DateTime<Utc>>,
    /// Also what is different since the end of this day, or this moment
    #[arg(long, value_name = "DATE", value_parser = moment)]
    since: Option<DateTime<Utc>>,
    #[command(flatten)]
    asking: Asking,
}

const EXAMPLES: &str = "\
Examples:
  keyforge audit access acme/chess
  keyforge audit access acme/chess --at 2026-06-30
  keyforge audit access acme/chess --at 2026-06-30T12:00:00Z --since 2025-06-30 --output json

By the documents that were accepted then, also where something of a commit waited for an approval. A date stands for the end of
that day in UTC.";

/// Which society.
#[derive(Debug, Clone)]
struct Of {
    union: UnionName,
    society: SocietyName,
}

impl FromStr for Of {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let (union, society) = text.split_once('/').unwrap_or((text, ""));
        Ok(Self { union: union.parse()?, society: society.parse()? })
    }
}

/// A moment, or the last one of a day.
fn moment(text: &str) -> Result<DateTime<Utc>, String> {
    if let Ok(day) = text.parse::<NaiveDate>() {
        let last = NaiveTime::from_hms_opt(23, 59, 59).unwrap_or_default();
        return Ok(day.and_time(last).and_utc());
    }
    let wrong = |_| "it is a date such as 2026-01-31, or a moment such as 2026-01-31T12:00:00Z".to_owned();
    DateTime::parse_from_rfc3339(text).map(|at| at.to_utc()).map_err(wrong)
}

/// Shows it.
pub(super) async fn run(args: &Args, out: &mut dyn Write) -> anyhow::Result<Verdict> {
    let Of { union, society } = &args.of;
    let moments = [("at", args.at), ("since", args.since)];
    let given = moments.iter().filter_map(|(name, moment)| Some((*name, moment.as_ref()?.to_rfc3339())));
    let given: Vec<_> = given.collect();
    let query: Vec<_> = given.iter().map(|(name, moment)| (*name, moment.as_str())).collect();
    let path = format!("/api/v1/unions/{union}/societies/{society}/readers");
    let found: Readers = args.asking.get(&path, &query).await?;
    match args.asking.output {
        Output::Json => writeln!(out, "{}", serde_json::to_string(&found)?)?,
        Output::Text => write!(out, "{}", text(&found))?,
    }
    Ok(Verdict::Fine)
}

fn text(found: &Readers) -> String {
    let at = found.at.map_or_else(|| "now".to_owned(), |at| format!("at {}", at.format("%F %T UTC")));
    let since = found.listed_since.format("%F %T");
    let mut text = format!("{}/{} {at}, by {} of {since} UTC\n", found.union, found.society, found.revision);
    for Reader { email, role, until, collections } in &found.items {
        let until = until.map(|until| format!(" until {until}")).unwrap_or_default();
        let named = |(name, right): (&String, &CollectionRight)| format!("{name} ({})", word(*right));
        let collections = match collections {
            None => "all collections (manage)".to_owned(),
            Some(none) if none.is_empty() => "no collection".to_owned(),
            Some(given) => given.iter().map(named).collect::<Vec<_>>().join(", "),
        };
        text += &format!("{}, {}{until}, in {collections}\n", visible(email), word(*role));
    }
    if found.items.is_empty() {
        text += "nobody\n";
    }
    for (collection, passwords) in &found.collections {
        let passwords = if passwords.is_empty() { "nothing".to_owned() } else { passwords.join(", ") };
        text += &format!("in {collection}: {passwords}\n");
    }
    match found.changes.as_deref() {
        None => {}
        Some([]) => text += "nothing is different\n",
        Some(changes) => {
            text += "different since then:\n";
            text.extend(changes.iter().map(change));
        }
    }
    text
}

fn change(ReaderChange { email, collection, from, to }: &ReaderChange) -> String {
    let right = |right: &Option<CollectionRight>| right.map_or_else(|| "-".to_owned(), word);
    let collection = collection.as_deref().unwrap_or("all collections");
    format!("  {} {collection}: {} → {}\n", visible(email), right(from), right(to))
}

/// As documents write it.
fn word<T: serde::Serialize>(of: T) -> String {
    serde_json::to_value(of).ok().and_then(|word| Some(word.as_str()?.to_owned())).unwrap_or_default()
}
