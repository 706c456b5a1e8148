//! `keyforge audit`: the record of what was done to unions.
//!
//! `verify` has a file of its own, as `access` does; `head` tells the newest digest, and `export` writes the records in the form of
//! other programs. All read from the newest record back, so what is added meanwhile is not missed but later.

use std::io::Write;

use anyhow::Context as _;

use super::Verdict;
use super::ask::Daemon;
use super::{readers, verify};
use crate::api::wire::{AuditLink, AuditRecord, Page};
use crate::diagnostic::visible;

/// What is done with it.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Compute the chain of digests anew, and tell where it is broken
    Verify(Box<verify::Args>),
    /// Print the newest digest, to be kept where nobody can change it
    #[command(after_help = HEAD_EXAMPLES)]
    Head(Head),
    /// Tell who could read what of a society on a day, and what is different since another one
    Access(readers::Args),
    /// Write all records, newest first
    #[command(after_help = EXPORT_EXAMPLES)]
    Export(Export),
}

#[derive(Debug, clap::Args)]
struct Head {
    #[command(flatten)]
    daemon: Daemon,
}

#[derive(Debug, clap::Args)]
struct Export {
    /// Form of the records
    #[arg(long, value_enum, default_value_t = Form::Jsonl)]
    form: Form,
    #[command(flatten)]
    daemon: Daemon,
}

/// Form of exported records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Form {
    /// One object of JSON to a line.
    Jsonl,
    /// For spreadsheets.
    Csv,
}

const EXAMPLES: &str = "\
Examples:
  keyforge audit head >> /mnt/elsewhere/anchors
  keyforge audit verify --anchors /mnt/elsewhere/anchors
  keyforge audit access acme/chess --at 2026-06-30 --since 2025-06-30
  keyforge audit export > audit.jsonl";

const HEAD_EXAMPLES: &str = "\
Examples:
  keyforge audit head >> /mnt/elsewhere/anchors

A line of number and digest of the newest record. Kept where who can write to the database cannot, it shows by
`keyforge audit verify --anchors` that no record up to it was changed or taken out since.";

const EXPORT_EXAMPLES: &str = "\
Examples:
  keyforge audit export > audit.jsonl
  keyforge audit export --form csv > audit.csv";

pub(super) async fn run(args: &Args, out: &mut dyn Write) -> anyhow::Result<Verdict> {
    match &args.command {
        Command::Verify(args) => verify::run(args, out).await,
        Command::Head(args) => head(args, out).await,
        Command::Access(args) => readers::run(args, out).await,
        Command::Export(args) => export(args, out).await,
    }
}

/// The place of a record in the chain.
pub(super) fn link(record: &AuditRecord) -> anyhow::Result<&AuditLink> {
    record.link.as_ref().context("the chain is of all unions, and this key sees some of them")
}

async fn head(args: &Head, out: &mut dyn Write) -> anyhow::Result<Verdict> {
    let page: Page<AuditRecord> =
        args.daemon.get("/api/v1/audit", &[("limit", "1")]).await.context("failed to read the audit")?;
    let newest = page.items.first().context("there is no record yet")?;
    let AuditLink { number, digest, .. } = link(newest)?;
    writeln!(out, "{number} {digest}")?;
    Ok(Verdict::Fine)
}

async fn export(args: &Export, out: &mut dyn Write) -> anyhow::Result<Verdict> {
    if args.form == Form::Csv {
        writeln!(
            out,
            "number,at,what,union,revision,author,signers,approver,deployment,detail,previous,digest"
        )?;
    }
    let mut records = Records::of(&args.daemon);
    while let Some(page) = records.next().await? {
        for record in page {
            match args.form {
                Form::Jsonl => writeln!(out, "{}", serde_json::to_string(&record)?)?,
                Form::Csv => writeln!(out, "{}", csv(&record))?,
            }
        }
    }
    Ok(Verdict::Fine)
}

fn csv(record: &AuditRecord) -> String {
    let link = record.link.as_ref();
    let cells = [
        link.map(|link| link.number.to_string()).unwrap_or_default(),
        record.at.to_rfc3339(),
        record.what.clone(),
        record.union.clone().unwrap_or_default(),
        record.revision.clone(),
        record.author.clone().unwrap_or_default(),
        record.signers.join(" "),
        record.approver.clone().unwrap_or_default(),
        record.deployment.clone().unwrap_or_default(),
        record.detail.to_string(),
        link.and_then(|link| link.previous.clone()).unwrap_or_default(),
        link.map(|link| link.digest.clone()).unwrap_or_default(),
    ];
    cells.map(|cell| quoted(&cell)).join(",")
}

/// A cell (RFC 4180). Names come from Git: what a spreadsheet would take for a formula gets the sign that makes it a text.
fn quoted(cell: &str) -> String {
    let shield = if cell.starts_with(['=', '+', '-', '@']) { "'" } else { "" };
    format!("\"{shield}{}\"", visible(cell).replace('"', "\"\""))
}

/// All records, page by page.
pub(super) struct Records<'a> {
    daemon: &'a Daemon,
    after: Option<String>,
    is_done: bool,
}

impl<'a> Records<'a> {
    pub(super) fn of(daemon: &'a Daemon) -> Self {
        Self { daemon, after: None, is_done: false }
    }

    pub(super) async fn next(&mut self) -> anyhow::Result<Option<Vec<AuditRecord>>> {
        if self.is_done {
            return Ok(None);
        }
        let mut query = vec![("limit", "500")];
        query.extend(self.after.as_deref().map(|after| ("after", after)));
        let page: Page<AuditRecord> =
            self.daemon.get("/api/v1/audit", &query).await.context("failed to read the audit")?;
        self.is_done = page.next.is_none();
        self.after = page.next;
        Ok(Some(page.items))
    }
}
