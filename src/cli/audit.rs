//! `keyforge audit`: the record of what was done to unions, for those who do not have to believe the daemon.
//!
//! `verify` computes every digest of the chain anew, here, from what the daemon tells, and compares it with what `head` told
//! earlier; `export` writes the records in the form of other programs. All read from the newest record back, so what is added
//! meanwhile is not missed but later.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde_json::{Value, json};

use super::Verdict;
use super::ask::{Asking, Daemon, Output};
use super::readers;
use crate::api::wire::{AuditLink, AuditRecord, Page};
use crate::diagnostic::visible;
use crate::digest::Digest;

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
    #[command(after_help = VERIFY_EXAMPLES)]
    Verify(Verify),
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
struct Verify {
    /// A digest that was told earlier, and that must still be in the chain
    #[arg(long, value_name = "DIGEST")]
    contains: Option<Digest>,
    /// File of what `keyforge audit head` has printed, a line each time: all of it must still be in the chain
    #[arg(long, value_name = "FILE")]
    anchors: Option<PathBuf>,
    #[command(flatten)]
    asking: Asking,
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

const VERIFY_EXAMPLES: &str = "\
Examples:
  keyforge audit verify
  keyforge audit verify --contains sha256:9dcf97a184f32623d11a73124ceb99a5709b083721e878a16d78f596718ba7b2
  keyforge audit verify --anchors /mnt/elsewhere/anchors

The newest digest stands for all records before it. Kept outside of the database, it shows later whether any of them was
changed since. Ends with 0 if the chain is whole, 1 if it is not, 2 if nobody answers.";

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
        Command::Verify(args) => verify(args, out).await,
        Command::Head(args) => head(args, out).await,
        Command::Access(args) => readers::run(args, out).await,
        Command::Export(args) => export(args, out).await,
    }
}

async fn verify(args: &Verify, out: &mut dyn Write) -> anyhow::Result<Verdict> {
    let mut chain = Chain::default();
    let broken = read(args, &mut chain).await?;
    let (records, digest) = chain.newest.unzip();
    match (args.asking.output, &broken) {
        (Output::Json, _) => {
            let told =
                json!({ "whole": broken.is_none(), "records": records, "digest": digest, "why": broken });
            writeln!(out, "{told}")?;
        }
        (Output::Text, Some(broken)) => writeln!(out, "{broken}")?,
        (Output::Text, None) => match records.zip(digest) {
            Some((records, digest)) => {
                writeln!(out, "{records} records, the chain is whole; newest digest\n{digest}")?;
            }
            None => writeln!(out, "no records")?,
        },
    }
    Ok(if broken.is_some() { Verdict::Findings } else { Verdict::Fine })
}

/// Reads the chain to its first record; what is wrong with it, in words.
async fn read(args: &Verify, chain: &mut Chain) -> anyhow::Result<Option<String>> {
    let mut found = args.contains.is_none();
    let mut anchors = args.anchors.as_deref().map(anchors).transpose()?.unwrap_or_default();
    let mut records = Records::of(&args.asking.daemon);
    while let Some(page) = records.next().await? {
        for record in page {
            let link = link(&record)?;
            let number = link.number;
            if let Err(broken) = chain.go_on(&record, link) {
                return Ok(Some(format!("the chain is broken at record {number}: {broken}")));
            }
            found |= args.contains.is_some_and(|digest| digest.to_string() == link.digest);
            if anchors.remove(&number).is_some_and(|anchored| anchored.to_string() != link.digest) {
                return Ok(Some(format!(
                    "the chain is whole, but it is another one: record {number} had another digest when it was anchored"
                )));
            }
        }
    }
    Ok(if let Some(awaited) = &chain.awaited {
        let number = chain.number;
        Some(format!("the chain is broken: what came before record {number} is gone, up to digest {awaited}"))
    } else if let Some(number) = anchors.keys().next_back() {
        Some(format!("the chain is whole, but it was longer: record {number} was anchored, and it is gone"))
    } else if found {
        None
    } else {
        Some(
            "the chain is whole, but it is another one: the digest that it must contain is not in it"
                .to_owned(),
        )
    })
}

/// What was told of the chain earlier, by number.
fn anchors(path: &Path) -> anyhow::Result<BTreeMap<i64, Digest>> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("failed to read the anchors from {}", path.display()))?;
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let parsed = lines.map(|(at, line)| {
        let anchor = line.trim().split_once(' ');
        let anchor = anchor.and_then(|(number, digest)| Some((number.parse().ok()?, digest.parse().ok()?)));
        let wrong = || {
            format!(
                "{}:{}: a line has a number and a digest, as `keyforge audit head` prints them",
                path.display(),
                at + 1
            )
        };
        anchor.with_context(wrong)
    });
    let mut anchors = BTreeMap::new();
    for anchor in parsed {
        let (number, digest) = anchor?;
        // Two that contradict each other cannot both be in one chain.
        if anchors.insert(number, digest).is_some_and(|other| other != digest) {
            anyhow::bail!("{}: record {number} is anchored with two digests", path.display());
        }
    }
    Ok(anchors)
}

/// The place of a record in the chain.
fn link(record: &AuditRecord) -> anyhow::Result<&AuditLink> {
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

/// A chain as far as it was read, from its newest record back.
#[derive(Default)]
struct Chain {
    /// Number and digest of the newest record.
    newest: Option<(i64, String)>,
    /// Of the record that was read last.
    number: i64,
    /// The digest that the next one must have.
    awaited: Option<String>,
}

impl Chain {
    /// Takes the next older record.
    ///
    /// # Errors
    /// It is not the one that belongs there, or was changed: how, in words.
    fn go_on(&mut self, record: &AuditRecord, link: &AuditLink) -> Result<(), &'static str> {
        if self.newest.is_some() {
            if link.number != self.number - 1 {
                return Err("a record between it and the next one is missing");
            }
            if self.awaited.as_ref() != Some(&link.digest) {
                return Err("the next one was made after a record with another digest");
            }
        }
        let previous = link.previous.as_deref().map(str::parse::<Digest>).transpose();
        let previous = previous.map_err(|_| "what it names as the digest before is none")?;
        if previous.is_none() != (link.number == 1) {
            return Err("only the first record has none before it");
        }
        let mut bytes = previous.map(|digest| digest.as_bytes().to_vec()).unwrap_or_default();
        bytes.extend(link.text.as_bytes());
        if Digest::of(&bytes).to_string() != link.digest {
            return Err("its digest is not that of what it says");
        }
        if !says(record, &link.text) {
            return Err("it is shown otherwise than its digest says");
        }
        self.newest.get_or_insert_with(|| (link.number, link.digest.clone()));
        self.number = link.number;
        self.awaited.clone_from(&link.previous);
        Ok(())
    }
}

/// Whether the text that the digest is of says the same as the fields beside it.
fn says(record: &AuditRecord, text: &str) -> bool {
    let Ok(Value::Array(text)) = serde_json::from_str(text) else { return false };
    let [_, at, what, union, commit, deployment, detail] = text.as_slice() else { return false };
    let at = at.as_str().and_then(|at| chrono::DateTime::parse_from_rfc3339(at).ok());
    at.is_some_and(|at| at == record.at)
        && what.as_str() == Some(&record.what)
        && union.as_str() == record.union.as_deref()
        && commit.as_str().is_some_and(|commit| record.revision.ends_with(&format!("@sha1:{commit}")))
        && deployment.as_str() == record.deployment.as_deref()
        && *detail == record.detail
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
struct Records<'a> {
    daemon: &'a Daemon,
    after: Option<String>,
    is_done: bool,
}

impl<'a> Records<'a> {
    fn of(daemon: &'a Daemon) -> Self {
        Self { daemon, after: None, is_done: false }
    }

    async fn next(&mut self) -> anyhow::Result<Option<Vec<AuditRecord>>> {
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
