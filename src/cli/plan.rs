//! `keyforge plan`: what a revision changes after another one, before it is pushed.
//!
//! Offline: from the repository alone, with the signatures and approvals of the commits between the two. What was changed
//! by hand in the cluster, or is not there, is not known here; with `--live` the daemon is asked instead (`live`).

use std::io::Write;

use super::Verdict;
use super::ask::{Asking, Output};
use crate::git::Objects;
use crate::names::{InstallationId, UnionName};
use crate::plan::preview::{json, text};
use crate::reconcile::preview::{Site, preview};
use crate::settings::{SignerOptions, TemplateOptions};

/// Which revisions are compared, and how the answer is shown.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// What the daemon would do now, as it and the API server see it
    #[arg(long, conflicts_with_all = ["from", "to"])]
    pub live: bool,
    /// Only this union, with `--live`
    #[arg(requires = "live")]
    pub union: Option<UnionName>,
    /// The config repo: a path or `file://` URL of a repository on this machine
    #[arg(long, env = "KEYFORGE_REPO", hide_env_values = true, default_value = ".")]
    pub repo: String,
    /// Folder of the config repo that has `keyforge.yaml`; its root if left out
    #[arg(long, env = "KEYFORGE_PATH", default_value = "", hide_default_value = true)]
    pub path: String,
    /// The older revision: a branch, a tag, a commit. Without it where TO left the followed branch, or what was before TO
    #[arg(long, value_name = "REV")]
    pub from: Option<String>,
    /// The newer revision
    #[arg(long, value_name = "REV", default_value = "HEAD")]
    pub to: String,
    /// The followed branch
    #[arg(long, env = "KEYFORGE_BRANCH", default_value = "main")]
    pub branch: String,
    /// Name of the installation, a label on everything
    #[arg(long, env = "KEYFORGE_INSTALLATION", default_value = "keyforge")]
    pub installation: InstallationId,
    /// Namespace of the daemon, which may reach the unions' servers
    #[arg(long, env = "KEYFORGE_NAMESPACE", default_value = "keyforge")]
    pub namespace: String,
    /// What unions are made of.
    #[command(flatten)]
    pub templates: TemplateOptions,
    /// Who may change them.
    #[command(flatten)]
    pub signers: SignerOptions,
    /// Which daemon is asked, and the form of the answer.
    #[command(flatten)]
    pub asking: Asking,
}

const EXAMPLES: &str = "\
Examples:
  keyforge plan                                 what this branch changes, from where it left main
  keyforge plan --from HEAD~3 --to HEAD
  keyforge plan --repo config.git --to new-union --output json
  keyforge plan --live acme                     what differs now, by the API server's own dry-runs
  keyforge plan --live --server https://keyforge.example --output json

The commits after the older revision are judged as the daemon judges them: by the signatures that the older keyforge.yaml asks
for, below TRUSTED_SIGNERS if the daemon has such a file.

Ends with 0 if all of it would be rolled out, 1 if something asks for a person (a union that is held, refused or waits for an \
approval; with --live also a finding), 2 if a name stands for no commit or nobody answers.";

/// Prints what changes. Something that is held, or waits for an approval, asks for a person.
///
/// # Errors
/// The repository or the templates cannot be read, or a name stands for no commit.
pub(super) fn run(args: &Args, out: &mut dyn Write) -> anyhow::Result<Verdict> {
    let templates = args.templates.load()?;
    let objects = Objects::open(&args.repo, &args.path)?;
    let to = objects.commit(&args.to)?;
    let from = match &args.from {
        Some(name) => Some(objects.commit(name)?),
        None => objects.departure(to, &args.branch)?,
    };
    let (installation, namespace) = (&args.installation, args.namespace.as_str());
    let trusted_signers = args.signers.load()?;
    let now = chrono::Utc::now();
    let site = Site { installation, namespace, templates: &templates, trusted_signers, now };
    let preview = preview(&objects, from, to, &site)?;
    match args.asking.output {
        Output::Text => out.write_all(text(&preview).as_bytes())?,
        Output::Json => {
            serde_json::to_writer_pretty(&mut *out, &json(&preview))?;
            writeln!(out)?;
        }
    }
    Ok(if preview.asks_for_a_person() { Verdict::Findings } else { Verdict::Fine })
}
