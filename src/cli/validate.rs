//! `keyforge validate`: checks the documents of a config repo, before they are a commit or while they are.
//!
//! Offline: it knows nothing of what runs, so a host that another union was accepted for is found by the daemon alone. Of
//! signatures it says what one revision and its history can: what is not committed yet has none.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Component, Path, PathBuf};

use clap::ValueEnum;

use super::Verdict;
use crate::diagnostic::print::{self, Hold, Paint, Sources, Standing};
use crate::diagnostic::{Diagnostic, Severity};
use crate::git::{Objects, directory};
use crate::reconcile::judge_alone;
use crate::settings::SignerOptions;
use crate::spec::{self, Candidate, Loaded, Schemas, Snapshot};

/// What to check, and how to tell.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Folder that has `keyforge.yaml`
    #[arg(value_name = "DIR", default_value = ".")]
    pub directory: PathBuf,
    /// Not what lies in the folder, but this revision of the repository that it is: a branch, a tag, a commit
    #[arg(long, value_name = "REV")]
    pub revision: Option<String>,
    /// Who may change what is there.
    #[command(flatten)]
    pub signers: SignerOptions,
    /// Form of the answer
    #[arg(long, value_enum, default_value_t = Output::Text)]
    pub output: Output,
}

const EXAMPLES: &str = "\
Examples:
  keyforge validate                             what would be committed here
  keyforge validate config --output line        for an editor's list of problems
  keyforge validate config.git --revision main  in a hook, where nothing is checked out
  keyforge validate --output github             in a workflow of GitHub Actions or Gitea Actions
  keyforge validate --output sarif > keyforge.sarif
  keyforge explain unknown-field                what a code means, and what to do

With --revision the signatures of its history are checked too, if its keyforge.yaml asks for them: all commits after
`signatures.since`, as by a daemon that has accepted nothing yet. `keyforge plan` checks those after an older revision only.

Ends with 0 if nothing is wrong, 1 if there are errors, 2 if DIR could not be read.";

/// Form of the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// For people, with excerpts
    Text,
    /// One finding per line
    Line,
    /// For programs
    Json,
    /// For code scanning: SARIF 2.1.0
    Sarif,
    /// Annotations of a pull request, by workflow commands
    Github,
}

/// Checks the directory and prints the findings.
pub fn run(args: &Args, paint: Paint, out: &mut dyn Write) -> anyhow::Result<Verdict> {
    let (snapshot, loaded) = match &args.revision {
        None => {
            let snapshot = directory::read(&args.directory)?;
            let loaded = spec::load(&Schemas::new(), &snapshot);
            (snapshot, loaded)
        }
        Some(name) => {
            let objects = Objects::open(&args.directory.to_string_lossy(), "")?;
            let commit = objects.commit(name)?;
            let snapshot = objects.snapshot(commit, &|_| None)?;
            let mut loaded = spec::load(&Schemas::new(), &snapshot);
            judge_alone(&objects, commit, args.signers.load()?, chrono::Utc::now(), &mut loaded)?;
            (snapshot, loaded)
        }
    };
    let found = loaded.all_diagnostics();
    let told = Told { found: &found, standings: standings(&loaded), summary: &summary(&loaded) };
    tell(&told, &snapshot, &folder(&args.directory), args.output, paint, out)
}

/// What was found in a folder.
pub(super) struct Told<'a> {
    pub found: &'a [&'a Diagnostic],
    /// What becomes of the unions, where that was asked.
    pub standings: BTreeMap<&'a str, Standing>,
    /// The last words for people.
    pub summary: &'a str,
}

/// Prints findings in the form that was asked for; an error among them asks for a person.
pub(super) fn tell(
    told: &Told<'_>,
    snapshot: &Snapshot,
    folder: &str,
    output: Output,
    paint: Paint,
    out: &mut dyn Write,
) -> anyhow::Result<Verdict> {
    let Told { found, standings, summary } = told;
    let seen: Vec<Diagnostic> = found.iter().map(|diagnostic| diagnostic.below(folder)).collect();
    let seen: Vec<&Diagnostic> = seen.iter().collect();
    match output {
        Output::Text => {
            let sources = sources(snapshot, folder);
            for diagnostic in seen {
                writeln!(out, "{}", print::text(diagnostic, &sources, paint))?;
            }
            out.write_all(summary.as_bytes())?;
        }
        Output::Line => {
            for diagnostic in seen {
                writeln!(out, "{}", print::line(diagnostic))?;
            }
        }
        // A contract: its paths count from the root of the config, whoever asks from where.
        Output::Json => writeln!(out, "{}", print::json(found, standings))?,
        Output::Sarif => writeln!(out, "{}", print::sarif(&seen))?,
        Output::Github => out.write_all(print::github(&seen, summary).as_bytes())?,
    }
    let errors = found.iter().any(|found| found.severity == Severity::Error);
    Ok(if errors { Verdict::Findings } else { Verdict::Fine })
}

/// What stands before the paths of a directory below the working one, so that they can be opened from there: terminals,
/// editors and forges resolve them so. Nothing before those of another directory.
pub(super) fn folder(directory: &Path) -> String {
    let mut folder = String::new();
    for part in directory.components() {
        match (part, part.as_os_str().to_str()) {
            (Component::CurDir, _) => {}
            (Component::Normal(_), Some(name)) => folder.push_str(&format!("{name}/")),
            _ => return String::new(),
        }
    }
    folder
}

fn sources<'a>(snapshot: &'a Snapshot, folder: &str) -> Sources<'a> {
    let unions = snapshot.unions.values().filter_map(|union| union.files.as_deref()).flatten();
    let files = snapshot.keyforge.iter().chain(unions);
    files.map(|file| (format!("{folder}{}", file.path), &*file.content)).collect()
}

fn standings(loaded: &Loaded) -> BTreeMap<&str, Standing> {
    let standing = |candidate: &Candidate| match candidate.document {
        Some(_) => Standing::Accepted,
        None => Standing::Held,
    };
    loaded.unions.iter().map(|(directory, candidate)| (directory.as_str(), standing(candidate))).collect()
}

fn summary(loaded: &Loaded) -> String {
    let errors = |found: &[Diagnostic]| found.iter().filter(|one| one.severity == Severity::Error).count();
    let holds: Vec<Hold<'_>> = loaded
        .unions
        .iter()
        .filter(|(_, candidate)| candidate.document.is_none())
        .map(|(directory, candidate)| Hold {
            union: directory,
            errors: errors(&candidate.diagnostics),
            stays_at: None,
        })
        .collect();
    print::summary(&holds, loaded.unions.len() - holds.len())
}
