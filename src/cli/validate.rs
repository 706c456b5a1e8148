//! `keyforge validate`: checks the documents of a config repo, before they are a commit or while they are.
//!
//! Offline: it knows nothing of what runs, so a host that another union was accepted for is found by the daemon alone.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;

use clap::ValueEnum;

use super::Verdict;
use crate::diagnostic::print::{self, Hold, Sources, Standing};
use crate::diagnostic::{Diagnostic, Severity};
use crate::git::directory;
use crate::spec::{self, Candidate, Loaded, Schemas, Snapshot};

/// What to check, and how to tell.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Folder that has `keyforge.yaml`
    #[arg(value_name = "DIR", default_value = ".")]
    pub directory: PathBuf,
    /// Form of the answer
    #[arg(long, value_enum, default_value_t = Output::Text)]
    pub output: Output,
}

/// Form of the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// For people, with excerpts
    Text,
    /// One finding per line
    Line,
    /// For programs
    Json,
}

/// Checks the directory and prints the findings.
pub fn run(args: &Args, out: &mut dyn Write) -> anyhow::Result<Verdict> {
    let snapshot = directory::read(&args.directory)?;
    let loaded = spec::load(&Schemas::new(), &snapshot);
    let diagnostics = loaded.all_diagnostics();
    match args.output {
        Output::Text => {
            let sources = sources(&snapshot);
            for diagnostic in &diagnostics {
                writeln!(out, "{}", print::text(diagnostic, &sources))?;
            }
            out.write_all(summary(&loaded).as_bytes())?;
        }
        Output::Line => {
            for diagnostic in &diagnostics {
                writeln!(out, "{}", print::line(diagnostic))?;
            }
        }
        Output::Json => writeln!(out, "{}", print::json(&diagnostics, &standings(&loaded)))?,
    }
    let errors = diagnostics.iter().any(|found| found.severity == Severity::Error);
    Ok(if errors { Verdict::Findings } else { Verdict::Fine })
}

fn sources(snapshot: &Snapshot) -> Sources<'_> {
    let unions = snapshot.unions.values().filter_map(|union| union.files.as_deref()).flatten();
    snapshot.keyforge.iter().chain(unions).map(|file| (file.path.as_str(), &*file.content)).collect()
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
