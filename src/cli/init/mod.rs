//! `keyforge init`: a config repo from nothing, or what one lacks.
//!
//! ```text
//! flags, answers → Answers → files in memory → checked as `validate` does → written, each only where there is none
//! ```
//!
//! Invariant: no file that exists is changed, and nothing is written that `validate` has an error for.

mod answers;
mod ci;
mod files;

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use self::answers::{Answers, Flags, Person};
use super::Verdict;
use super::validate::{self, Output};
use crate::diagnostic::Severity;
use crate::diagnostic::print::{self, Paint};
use crate::settings::SignerOptions;
use crate::spec::{self, Schemas};

/// Where, and what is in it.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// Folder of the config repo; made if it is not there
    #[arg(value_name = "DIR", default_value = ".")]
    directory: PathBuf,
    #[command(flatten)]
    flags: Flags,
}

const EXAMPLES: &str = "\
Examples:
  keyforge init                         asks for what it needs
  keyforge init config --union acme --domain https://vault.acme.example --contact it@acme.example
  keyforge init --union northside --domain https://vault.northside.example --contact it@northside.example \\
    --society rowing --owner cox@northside.example --union-reviewer @federation/northside \\
    --reviewer @federation/it --forge gitlab

On a terminal, what no flag says is asked for if `--union`, `--domain` or `--contact` is missing. Files that exist are kept
as they are. Afterwards the folder is checked as `keyforge validate` does.";

/// Writes what is not there, says so, and checks the folder.
///
/// # Errors
/// An answer is missing, or a file cannot be written.
pub(super) fn run(args: &Args, paint: Paint, out: &mut dyn Write) -> anyhow::Result<Verdict> {
    let answers = answers(&args.flags)?;
    let files = files::all(&answers);
    let loaded = spec::load(&Schemas::new(), &files::snapshot(&files));
    let found = loaded.all_diagnostics();
    if found.iter().any(|one| one.severity == Severity::Error) {
        let sources = files.iter().map(|(path, text)| (path.as_str(), text.as_bytes())).collect();
        for diagnostic in found {
            writeln!(out, "{}", print::text(diagnostic, &sources, paint))?;
        }
        writeln!(out, "nothing was written")?;
        return Ok(Verdict::Findings);
    }
    for (path, text) in &files {
        let path = beside(&args.directory, path);
        let word = if write(&path, text)? { "wrote" } else { "kept" };
        writeln!(out, "{word} {}", path.display())?;
    }
    let (owners, line) = (beside(&args.directory, files::CODE_OWNERS), files::owners_of_union(&answers));
    if !names(&owners, &line)? {
        writeln!(out, "add to {}: {line}", owners.display())?;
    }
    let checked = validate::Args {
        directory: args.directory.clone(),
        revision: None,
        signers: SignerOptions::default(),
        output: Output::Text,
    };
    validate::run(&checked, paint, out)
}

/// From the flags, and from who sits at the terminal where they do not suffice.
fn answers(flags: &Flags) -> anyhow::Result<Answers> {
    if let Some(complete) = flags.complete() {
        return Ok(complete);
    }
    let (input, prompts) = (io::stdin(), io::stderr());
    if io::IsTerminal::is_terminal(&input) && io::IsTerminal::is_terminal(&prompts) {
        let mut person = Person { input: &mut input.lock(), prompts: &mut prompts.lock() };
        return Ok(flags.ask(&mut person)?);
    }
    anyhow::bail!(
        "{} not given, and there is no terminal to ask on; `keyforge init --help` shows the flags",
        flags.missing().join(", ")
    )
}

/// Whether a file of CODEOWNERS, which may be older, has a line for what this one is about.
fn names(owners: &Path, line: &str) -> anyhow::Result<bool> {
    let text = fs::read_to_string(owners).with_context(|| format!("failed to read {}", owners.display()))?;
    let pattern = |line: &str| line.split_whitespace().next().map(str::to_owned);
    Ok(text.lines().any(|known| pattern(known) == pattern(line)))
}

/// The path as it is typed from here.
fn beside(directory: &Path, path: &str) -> PathBuf {
    if directory == Path::new(".") { PathBuf::from(path) } else { directory.join(path) }
}

/// Whether the file was not there and is now.
fn write(path: &Path, text: &str) -> anyhow::Result<bool> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(|| format!("failed to make {}", folder.display()))?;
    }
    let mode = if text.starts_with("#!") { 0o777 } else { 0o666 };
    let opened = OpenOptions::new().write(true).create_new(true).mode(mode).open(path);
    let written = match opened {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(false),
        Err(error) => Err(error),
        Ok(mut file) => file.write_all(text.as_bytes()),
    };
    written.with_context(|| format!("failed to write {}", path.display()))?;
    Ok(true)
}
