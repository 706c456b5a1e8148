//! `keyforge audit verify`: whether the record of what was done is whole, for those who do not have to believe the daemon.
//!
//! Every digest of the chain is computed anew, here, from what the daemon tells, and compared with what `head` told earlier; with
//! the key also with the checkpoints, and with the anchor that the cluster keeps. Invariant: what could not be compared is
//! an error, unless somebody said that it is not to be.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use chrono::{TimeDelta, Utc};
use serde_json::{Value, json};

use super::Verdict;
use super::ask::{Asking, Output};
use super::audit::{Records, link};
use crate::api::wire::{AuditCheckpoint, AuditLink, AuditRecord};
use crate::chain::{Backwards, Checkpoint, Doubt, Head, Keys, Link, Trust};
use crate::cluster::{self, Cluster};
use crate::digest::Digest;
use crate::names::InstallationId;
use crate::settings::AuditOptions;

/// What it is compared with.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// A digest that was told earlier, and that must still be in the chain
    #[arg(long, value_name = "DIGEST")]
    contains: Option<Digest>,
    /// File of what `keyforge audit head` has printed, a line each time: all of it must still be in the chain
    #[arg(long, value_name = "FILE")]
    anchors: Option<PathBuf>,
    /// Do not look at the anchor that the cluster keeps: what was cut off together with its checkpoints is not found then
    #[arg(long)]
    without_anchor: bool,
    #[command(flatten)]
    asking: Asking,
    /// By which keys somebody must have vouched for it.
    #[command(flatten)]
    audit: AuditOptions,
    /// Where its anchor is.
    #[command(flatten)]
    cluster: cluster::Options,
    /// Name of the installation, for which checkpoints are made
    #[arg(long, env = "KEYFORGE_INSTALLATION", default_value = "keyforge")]
    installation: InstallationId,
}

const EXAMPLES: &str = "\
Examples:
  keyforge audit verify
  keyforge audit verify --audit-key-file /etc/keyforge/audit-key
  keyforge audit verify --contains sha256:9dcf97a184f32623d11a73124ceb99a5709b083721e878a16d78f596718ba7b2
  keyforge audit verify --anchors /mnt/elsewhere/anchors

The newest digest stands for all records before it. Kept outside of the database, it shows later whether any of them was
changed since. With the key the checkpoints show the same, up to the newest one, and the cluster is asked for its anchor.
Ends with 0 if the chain is whole, 1 if it is not, 2 if daemon or cluster do not answer.";

/// How long a record may wait for a checkpoint: a daemon makes one each minute.
const LAG: TimeDelta = TimeDelta::minutes(10);

const UNSEEN: &str = "failed to look at the anchor outside of the database (`--without-anchor` does without)";

/// What was found.
#[derive(Default)]
struct Found {
    /// The newest record.
    head: Option<Head>,
    /// The newest checkpoint, where it was looked for one.
    checkpoint: Option<Checkpoint>,
}

/// Computes all of it anew.
pub(super) async fn run(args: &Args, out: &mut dyn Write) -> anyhow::Result<Verdict> {
    let mut found = Found::default();
    let broken = read(args, &mut found).await?;
    let Found { head, checkpoint } = &found;
    match (args.asking.output, &broken) {
        (Output::Json, _) => {
            let told = json!({
                "whole": broken.is_none(),
                "records": head.map(|head| head.number),
                "digest": head.map(|head| head.digest),
                "checkpoint": checkpoint,
                "why": broken,
            });
            writeln!(out, "{told}")?;
        }
        (Output::Text, Some(broken)) => writeln!(out, "{broken}")?,
        (Output::Text, None) => {
            match head {
                Some(Head { number, digest }) => {
                    writeln!(out, "{number} records, the chain is whole; newest digest\n{digest}")?;
                }
                None => writeln!(out, "no records")?,
            }
            if let Some(Checkpoint { number, record, at, .. }) = checkpoint {
                let at = at.format("%F %T UTC");
                writeln!(
                    out,
                    "{number} checkpoints vouch for it up to record {record}, the last one of {at}"
                )?;
            }
            if checkpoint.is_some() && args.without_anchor {
                writeln!(out, "the anchor outside of the database was not looked at")?;
            }
        }
    }
    Ok(if broken.is_some() { Verdict::Findings } else { Verdict::Fine })
}

/// Reads the chain to its first record; what is wrong with it, in words.
async fn read(args: &Args, found: &mut Found) -> anyhow::Result<Option<String>> {
    let mut contained = args.contains.is_none();
    let mut anchors = args.anchors.as_deref().map(anchors).transpose()?.unwrap_or_default();
    let keys = args.audit.load()?;
    // Before the records, since a newer one may be written meanwhile.
    let anchor = match &keys {
        Some(_) if !args.without_anchor => anchor(args).await?,
        _ => Anchor::NotAsked,
    };
    let mut trust = keys.as_ref().map(|keys| trust(keys, args, &anchor));
    let mut chain = Backwards::default();
    // The oldest record that is newer than every checkpoint.
    let (mut waiting, mut is_vouched) = (None, false);
    let mut records = Records::of(&args.asking.daemon);
    while let Some(page) = records.next().await? {
        for record in page {
            let told = link(&record)?;
            let number = told.number;
            if let Err(broken) = go_on(&mut chain, &record, told) {
                return Ok(Some(format!("the chain is broken at record {number}: {broken}")));
            }
            contained |= args.contains.is_some_and(|digest| digest.to_string() == told.digest);
            if anchors.remove(&number).is_some_and(|anchored| anchored.to_string() != told.digest) {
                return Ok(Some(format!(
                    "the chain is whole, but it is another one: record {number} had another digest when it was anchored"
                )));
            }
            is_vouched |= told.checkpoint.is_some();
            if !is_vouched {
                waiting = Some((number, record.at));
            }
            if let (Some(trust), Some(checkpoint)) = (&mut trust, &told.checkpoint) {
                let met = met(trust, told, checkpoint)?;
                if let Err(doubt) = met {
                    return Ok(Some(format!("the chain is whole, but {doubt}")));
                }
            }
        }
    }
    found.head = chain.newest();
    if let Some((number, awaited)) = chain.awaited() {
        return Ok(Some(format!(
            "the chain is broken: what came before record {number} is gone, up to digest {awaited}"
        )));
    }
    if let Some(number) = anchors.keys().next_back() {
        return Ok(Some(format!(
            "the chain is whole, but it was longer: record {number} was anchored, and it is gone"
        )));
    }
    if !contained {
        let other = "the chain is whole, but it is another one: the digest that it must contain is not in it";
        return Ok(Some(other.to_owned()));
    }
    let Some(trust) = trust else { return Ok(None) };
    match trust.end() {
        Ok(newest) => found.checkpoint = Some(newest),
        // Nothing was done yet.
        Err(Doubt::Nothing) if found.head.is_none() => {}
        Err(doubt) => return Ok(Some(format!("the chain is whole, but {doubt}"))),
    }
    let why = match anchor {
        Anchor::Gone(place) if found.checkpoint.is_some() => Some(format!("its anchor {place} is gone")),
        Anchor::Doubtful(why) => Some(format!("its anchor cannot be believed: {why}")),
        _ => waiting.filter(|(_, at)| Utc::now() - at > LAG).map(|(number, at)| {
            let at = at.format("%F %T UTC");
            format!("no checkpoint vouches for record {number} of {at} and those after it: does a daemon run that has the key?")
        }),
    };
    Ok(why.map(|why| format!("the chain is whole, but {why}")))
}

/// The anchor, as far as it was looked at.
enum Anchor {
    NotAsked,
    Gone(String),
    /// It is there, and not as we write it.
    Doubtful(String),
    Found(Checkpoint),
}

async fn anchor(args: &Args) -> anyhow::Result<Anchor> {
    let looked = async {
        let cluster = Cluster::connect(&args.cluster, args.installation.clone()).await?;
        match cluster.anchor().await {
            Ok(Some(found)) => Ok(Anchor::Found(found.checkpoint)),
            Ok(None) => Ok(Anchor::Gone(cluster.anchor_id().to_string())),
            Err(error @ (cluster::Error::NotOurs { .. } | cluster::Error::Unreadable { .. })) => {
                Ok(Anchor::Doubtful(error.to_string()))
            }
            Err(error) => Err(error),
        }
    };
    looked.await.context(UNSEEN)
}

fn trust<'a>(keys: &'a Arc<Keys>, args: &'a Args, anchor: &Anchor) -> Trust<'a> {
    let anchor = match anchor {
        Anchor::Found(anchor) => Some(anchor.clone()),
        Anchor::NotAsked | Anchor::Doubtful(_) | Anchor::Gone(_) => None,
    };
    Trust::new(keys, &args.installation, anchor)
}

/// The checkpoint of a record that was found sound.
fn met(trust: &mut Trust<'_>, link: &AuditLink, told: &AuditCheckpoint) -> anyhow::Result<Result<(), Doubt>> {
    let digest = |text: &str| text.parse().context("the daemon tells a digest that is none");
    let head = Head { number: link.number, digest: digest(&link.digest)? };
    let checkpoint = Checkpoint {
        number: told.number,
        record: link.number,
        digest: digest(&told.digest)?,
        at: told.at,
        code: told.code.clone(),
    };
    Ok(trust.meet(head, checkpoint))
}

/// Takes the next older record.
///
/// # Errors
/// It is not the one that belongs there, or was changed: how, in words.
fn go_on(chain: &mut Backwards, record: &AuditRecord, told: &AuditLink) -> Result<(), String> {
    let digest = |text: &str| text.parse().map_err(|_| format!("`{text}` is no digest"));
    let link = Link {
        number: told.number,
        previous: told.previous.as_deref().map(digest).transpose()?,
        text: told.text.clone(),
        digest: digest(&told.digest)?,
    };
    chain.read(link).map_err(|broken| broken.to_string())?;
    if says(record, &told.text) {
        Ok(())
    } else {
        Err("it is shown otherwise than its digest says".to_owned())
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
