//! `keyforge render`: the manifests of one union, as the daemon would apply them.
//!
//! Offline: from a directory, for a running union. Secret values are not here, so slots are shown by name.

use std::io::Write;
use std::path::PathBuf;

use anyhow::bail;
use clap::ValueEnum;

use super::Verdict;
use crate::desired::{self, Context, Given, Life, Pins};
use crate::diagnostic::print;
use crate::git::directory;
use crate::names::{InstallationId, UnionName};
use crate::settings::TemplateOptions;
use crate::spec::{self, Schemas};

/// What to render, and how.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// Folder that has `keyforge.yaml`
    #[arg(value_name = "DIR", default_value = ".")]
    pub(super) directory: PathBuf,
    /// Which union
    #[arg(long, value_name = "NAME")]
    pub(super) union: UnionName,
    /// Name of the installation, a label on everything
    #[arg(long, env = "KEYFORGE_INSTALLATION", default_value = "keyforge")]
    pub(super) installation: InstallationId,
    /// Namespace of the daemon, which may reach the union's server
    #[arg(long, env = "KEYFORGE_NAMESPACE", default_value = "keyforge")]
    pub(super) namespace: String,
    #[command(flatten)]
    pub(super) templates: TemplateOptions,
    /// Form of the answer
    #[arg(long, value_enum, default_value_t = Output::Yaml)]
    pub(super) output: Output,
}

const EXAMPLES: &str = "\
Examples:
  keyforge render --union acme
  keyforge render config --union acme --output json
  keyforge render --union acme --templates /etc/keyforge/templates

Ends with 0, or 1 if the union's documents have errors, or 2 if there is no such union.";

/// Form of the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Output {
    /// One document per manifest
    Yaml,
    /// One list
    Json,
}

/// Prints the manifests; or, on standard error, what keeps the union from having any.
///
/// # Errors
/// The directory or the templates cannot be read, or there is no such union.
pub(super) fn run(args: &Args, out: &mut dyn Write) -> anyhow::Result<Verdict> {
    let templates = args.templates.load()?;
    let loaded = spec::load(&Schemas::new(), &directory::read(&args.directory)?);
    let Some(candidate) = loaded.unions.get(args.union.as_str()) else {
        let known: Vec<String> = loaded.unions.keys().map(|name| format!("`{name}`")).collect();
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        bail!("{}: there is no union `{}`; there is {known}", args.directory.display(), args.union);
    };
    let Some(union) = &candidate.document else {
        for diagnostic in loaded.diagnostics.iter().chain(&candidate.diagnostics) {
            writeln!(std::io::stderr(), "{}", print::line(diagnostic))?;
        }
        return Ok(Verdict::Findings);
    };
    let context = Context {
        installation: args.installation.clone(),
        daemon_namespace: args.namespace.clone(),
        life: Life::Running,
        ending: None,
        drawn_admin_token: None,
        pins: Pins::default(),
        input: candidate.input,
        given: Given::default(),
    };
    let manifests = desired::build(union, &templates, &context)?.manifests;
    match args.output {
        Output::Yaml => out.write_all(desired::yaml(&manifests).as_bytes())?,
        Output::Json => {
            let shown: Vec<_> = manifests.iter().map(desired::shown).collect();
            serde_json::to_writer_pretty(&mut *out, &shown)?;
            writeln!(out)?;
        }
    }
    Ok(Verdict::Fine)
}
