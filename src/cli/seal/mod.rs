//! `keyforge seal`: a secret becomes text that may stand in Git; and, for who has the key, whether such texts open.
//!
//! ```text
//! mod      one value: names → where it belongs → value from a terminal or standard input → text, ready for the document
//! rekey    all values of a folder, for the recipients of now        check    what would not open, and why
//! ```
//!
//! Invariant: a value goes nowhere but into the sealed text, and is in no argument, message or file.

mod check;
mod input;
mod rekey;
mod rewrite;
mod target;

use std::io::Write;
use std::path::PathBuf;

use anyhow::Context as _;
use chrono::{SecondsFormat, Utc};
use serde_json::json;

use self::target::Target;
use super::Verdict;
use super::validate::Output;
use crate::diagnostic::print::Paint;
use crate::git::{Objects, directory};
use crate::names::{Line, PasswordName, SocietyName, UnionName};
use crate::seal::{self, Opener, Place, Recipient, Slot};
use crate::settings::SealingOptions;
use crate::spec::{self, KEYFORGE, Schemas, Snapshot};
use crate::vaultwarden::crypto::Totp;

/// Which value, or what to do with those that are there.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// Folder that has `keyforge.yaml`
    #[arg(value_name = "DIR", default_value = ".")]
    directory: PathBuf,
    /// The union that the value is for
    #[arg(long, value_name = "NAME", required_unless_present_any = ["rekey", "check"])]
    union: Option<UnionName>,
    /// Its society
    #[arg(long, value_name = "NAME", required_unless_present_any = ["rekey", "check"])]
    society: Option<SocietyName>,
    /// The name of the password
    #[arg(long, value_name = "NAME", required_unless_present_any = ["rekey", "check"])]
    name: Option<PasswordName>,
    /// Not the password itself, but the seed of its one-time codes
    #[arg(long, conflicts_with = "field")]
    totp: bool,
    /// Not the password itself, but this further field of it
    #[arg(long, value_name = "NAME")]
    field: Option<Line>,
    /// Not what lies in the folder, but this revision of the repository that it is: a branch, a tag, a commit
    #[arg(long, value_name = "REV", conflicts_with_all = ["rekey", "check"])]
    revision: Option<String>,
    /// Seal all values of the folder anew, for the recipients that keyforge.yaml has now
    #[arg(long, conflicts_with_all = ["check", "union", "society", "name", "totp", "field"])]
    rekey: bool,
    /// Tell which values of the folder would not open
    #[arg(long, conflicts_with_all = ["union", "society", "name", "totp", "field"])]
    check: bool,
    /// What opens them.
    #[command(flatten)]
    keys: SealingOptions,
    /// Form of the answer; `line`, `sarif` and `github` with `--check` or `--rekey`
    #[arg(long, value_enum, default_value_t = Output::Text)]
    output: Output,
}

const EXAMPLES: &str = "\
Examples:
  keyforge seal --union acme --society chess --name bank            asks for the value, without showing it
  keyforge seal --union acme --society chess --name bank --totp     the seed of its one-time codes
  keyforge seal --union acme --society chess --name bank --field pin
  keyforge seal config --union acme --society chess --name bank --output json
  keyforge seal --check config --sealing-key-file sealing.key       what would not open, and why
  keyforge seal --rekey config --sealing-key-file sealing.key       after a change of the recipients

Where no terminal is, the value is all of standard input. Sealing needs no secret: the recipients under `spec.sealing` of keyforge.yaml are public keys. Checking and sealing anew need
the secret key, as the daemon has it. What was sealed for one place opens nowhere else.

Ends with 0 if all is well, 1 if a value does not open, 2 if nothing could be sealed.";

/// Seals a value, or looks after those that are sealed.
///
/// # Errors
/// The folder or the keys cannot be read, a name is mistyped, or there is no value.
pub(super) fn run(args: &Args, paint: Paint, out: &mut dyn Write) -> anyhow::Result<Verdict> {
    if args.check {
        return check::run(args, paint, out);
    }
    if args.rekey {
        return rekey::run(args, paint, out);
    }
    let (Some(union), Some(society), Some(name)) = (&args.union, &args.society, &args.name) else {
        anyhow::bail!("`--union`, `--society` and `--name` say which value");
    };
    anyhow::ensure!(
        matches!(args.output, Output::Text | Output::Json),
        "one sealed value is printed as text or with `--output json`"
    );
    let slot = match &args.field {
        Some(field) => Slot::Field(field.clone()),
        None if args.totp => Slot::Totp,
        None => Slot::Value,
    };
    let place = Place { union: union.clone(), society: society.clone(), password: name.clone(), slot };
    let snapshot = match &args.revision {
        Some(revision) => {
            let objects = Objects::open(&args.directory.to_string_lossy(), "")?;
            let commit = objects.commit(revision)?;
            objects.snapshot(commit, &|_| None)?
        }
        None => directory::read(&args.directory)?,
    };
    let recipients = recipients(&snapshot)?;
    // Before anything is asked: nobody types a secret for a place that was mistyped.
    let target = Target::find(&snapshot, &place)?;
    let mut err = std::io::stderr();
    for note in &target.notes {
        writeln!(err, "note: {note}")?;
    }
    let value = input::value(&place)?;
    if place.slot == Slot::Totp {
        // Clients say nothing about a seed that they cannot read.
        value.expose().parse::<Totp>().context("no codes come of this")?;
    }
    let sealed_at = Utc::now();
    let sealed = seal::seal(value, &place, sealed_at, &recipients)?;
    match args.output {
        Output::Json => {
            let sealed_at = sealed_at.to_rfc3339_opts(SecondsFormat::Secs, true);
            let place = place.to_string();
            writeln!(out, "{:#}", json!({"place": place, "sealedAt": sealed_at, "sealed": sealed.as_str()}))?;
        }
        _ => {
            out.write_all(target.yaml(&place, sealed.as_str()).as_bytes())?;
            writeln!(err, "{}", target.instruction(&place))?;
        }
    }
    Ok(Verdict::Fine)
}

/// Whom `keyforge.yaml` seals for: at least one.
fn recipients(snapshot: &Snapshot) -> anyhow::Result<Vec<Recipient>> {
    anyhow::ensure!(
        snapshot.keyforge.is_some(),
        "there is no {KEYFORGE}, which says for whom to seal; name the folder that has it"
    );
    let (keyforge, _) = spec::load_keyforge(&Schemas::new(), snapshot.keyforge.as_ref());
    let keyforge =
        keyforge.with_context(|| format!("{KEYFORGE} has errors, which `keyforge validate` shows"))?;
    let recipients = keyforge.spec.sealing.recipients;
    anyhow::ensure!(
        !recipients.is_empty(),
        "`spec.sealing.recipients` of {KEYFORGE} is empty; write the public key there that belongs to the daemon's \
         `sealing_key_file` (`age-keygen` makes both)"
    );
    Ok(recipients)
}

/// The secret keys, which checking and sealing anew need.
fn opener(args: &Args) -> anyhow::Result<std::sync::Arc<Opener>> {
    args.keys.load()?.context(
        "the secret key is needed: name its file with `--sealing-key-file` or in `KEYFORGE_SEALING_KEY_FILE`",
    )
}
