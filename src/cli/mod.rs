//! The command line: one file per command, and how a command ends.
//!
//! Standard output holds the answer, standard error the rest. Exit codes: 0 fine, 1 findings or differences that ask
//! for a person, 2 could not run.

mod apikey;
mod ask;
mod audit;
mod explain;
mod history;
mod init;
mod live;
mod logs;
mod notify;
pub mod plan;
mod pods;
mod readers;
mod reload;
mod render;
mod run;
mod schema;
mod seal;
mod session;
mod status;
mod stop;
mod stream;
mod sync;
mod table;
pub mod validate;
mod verify;
mod wait;

use std::ffi::OsString;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{ArgMatches, CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

use crate::diagnostic::print::Paint;
use crate::diagnostic::visible;
use crate::settings::{self, Settings};
use crate::{git, reconcile};

/// How a command that could run has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing asks for a person.
    Fine,
    /// Findings or differences do.
    Findings,
}

/// Keyforge: unions and their societies, declared in Git, rolled out as VaultWarden instances on Kubernetes.
#[derive(Parser)]
#[command(version, propagate_version = true, max_term_width = 100)]
struct Cli {
    /// Settings file [default: keyforge.toml in the working directory, if it is there]
    #[arg(long, env = "KEYFORGE_CONFIG", value_name = "FILE", global = true)]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Start a config repo: first documents, schemas for editors, CI, CODEOWNERS
    Init(init::Args),
    /// Check the documents of a config repo
    Validate(validate::Args),
    /// Tell what a code of a finding means, or who set the fields of a union and when they were applied
    Explain(explain::Args),
    /// Print the schema of a document, for editors and other programs
    Schema(schema::Args),
    /// Show the manifests of a union
    Render(render::Args),
    /// Show what a revision changes after another one, or what the daemon would do now
    Plan(plan::Args),
    /// Encrypt a password so that it may stand in Git, or look after those that are
    Seal(seal::Args),
    /// Follow a config repo and roll it out
    #[command(after_help = SETTINGS_HELP)]
    Run(Box<Settings>),
    /// Show the unions and their states, as the daemon sees them
    Status(status::Args),
    /// Show the deployments of a union, or of all
    History(history::Args),
    /// Make, list and revoke the keys by which programs ask the API
    Apikey(Box<apikey::Args>),
    /// List who is signed in on a page, and sign somebody out
    Session(Box<session::Args>),
    /// Try whether notifications arrive
    Notify(Box<notify::Args>),
    /// Show what was said in a deployment, once or as it is said
    Logs(logs::Args),
    /// Have the daemon look now, and wait for what comes of it
    Sync(sync::Args),
    /// Wait until a commit is rolled out
    Wait(wait::Args),
    /// Stop all work on unions, on every replica
    Stop(Box<stop::Stop>),
    /// Go on after a stop
    Resume(Box<stop::Resume>),
    /// Verify the record of what was done, or write it for other programs
    Audit(audit::Args),
}

/// The commands whose arguments are settings: the daemon, and one of those that ask it.
const SETTLED: &[&str] = &["run", "status"];

/// How long threads may outlive the daemon's end.
const LINGER: std::time::Duration = std::time::Duration::from_secs(2);

const SETTINGS_HELP: &str = "\
Examples:
  keyforge run --repo /srv/config.git --kubeconfig ~/.kube/config
  keyforge run --repo https://git.example/config.git --config /etc/keyforge/keyforge.toml

Every setting can also be given as the variable shown with it, or as a key of keyforge.toml \
(the flag's name with `_` for `-`). A flag wins over the variable, the variable over the file. \
Secrets are taken from files and variables only.";

/// Runs the command line; the exit code.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments: Vec<_> = arguments.into_iter().collect();
    let ended = match parse(&arguments) {
        Ok(Ok(matches)) => execute(Invocation { arguments, matches }),
        // Help, version and misuse: clap knows where they are written and how they end.
        Ok(Err(misuse)) => {
            let text = misuse.to_string();
            // clap repeats what was typed as it is, which may come from a script with somebody else's words.
            if text.lines().any(|line| visible(line) != line) {
                let mut err = std::io::stderr();
                text.lines().for_each(|line| drop(writeln!(err, "{}", visible(line))));
            } else {
                let _ = misuse.print();
            }
            return ExitCode::from(u8::try_from(misuse.exit_code()).unwrap_or(2));
        }
        Err(error) => Err(error.into()),
    };
    match ended {
        Ok(Verdict::Fine) => ExitCode::SUCCESS,
        Ok(Verdict::Findings) => ExitCode::from(1),
        Err(error) => {
            // A reader that went away (`keyforge status | head`) is no failure of ours.
            let closed = error.downcast_ref::<std::io::Error>().map(std::io::Error::kind);
            if closed != Some(std::io::ErrorKind::BrokenPipe) {
                let mut err = std::io::stderr();
                let _ = writeln!(err, "keyforge: {}", reconcile::chain(error.as_ref()));
                let git = error.downcast_ref::<git::Error>();
                if let Some(hint) = git.and_then(git::Error::hint) {
                    let _ = writeln!(err, "  hint: {hint}");
                }
            }
            ExitCode::from(2)
        }
    }
}

/// What was typed, completed by the settings file; or how it cannot be understood.
fn parse(arguments: &[OsString]) -> Result<Result<ArgMatches, clap::Error>, settings::FileError> {
    let named = Cli::command().ignore_errors(true).try_get_matches_from(arguments).ok();
    let named = named.and_then(|matches| matches.get_one::<PathBuf>("config").cloned());
    let command = settings::with_file(Cli::command(), SETTLED, named.as_deref())?;
    Ok(command.try_get_matches_from(arguments))
}

/// What was typed, and how it was understood.
struct Invocation {
    arguments: Vec<OsString>,
    matches: ArgMatches,
}

impl Invocation {
    /// The settings file, whether it is there or not.
    fn settings_file(&self) -> PathBuf {
        let named = self.matches.get_one::<PathBuf>("config").cloned();
        named.unwrap_or_else(|| settings::DEFAULT_FILE.into())
    }

    /// How the same is understood now that the settings file may be another; or why it cannot be, in one line.
    fn parse_again(&self) -> Result<ArgMatches, String> {
        match parse(&self.arguments) {
            Ok(Ok(matches)) => Ok(matches),
            Ok(Err(misuse)) => {
                let text = misuse.to_string();
                Err(text.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned())
            }
            Err(error) => Err(reconcile::chain(&error)),
        }
    }
}

fn execute(invocation: Invocation) -> anyhow::Result<Verdict> {
    let matches = &invocation.matches;
    let out = &mut std::io::stdout().lock();
    match Cli::from_arg_matches(matches)?.command {
        Command::Init(args) => init::run(&args, paint(), out),
        Command::Validate(args) => validate::run(&args, paint(), out),
        Command::Explain(args) => runtime()?.block_on(explain::run(&args, out)),
        Command::Schema(args) => schema::run(&args, out),
        Command::Seal(args) => seal::run(&args, paint(), out),
        Command::Render(args) => render::run(&args, out),
        Command::Plan(args) if args.live => runtime()?.block_on(live::run(&args, out)),
        Command::Plan(args) => plan::run(&args, out),
        Command::Status(args) => runtime()?.block_on(status::run(&args, out)),
        Command::History(args) => runtime()?.block_on(history::run(&args, out)),
        Command::Logs(args) => runtime()?.block_on(logs::run(&args, out)),
        Command::Sync(args) => runtime()?.block_on(sync::run(&args, out)),
        Command::Wait(args) => runtime()?.block_on(wait::run(&args, out)),
        Command::Stop(args) => {
            let typed = matches.subcommand_matches("stop");
            typed.map_or(Ok(()), |typed| args.store.refuse_password_in_flag(typed))?;
            runtime()?.block_on(stop::stop(&args, out))
        }
        Command::Resume(args) => {
            let typed = matches.subcommand_matches("resume");
            typed.map_or(Ok(()), |typed| args.store.refuse_password_in_flag(typed))?;
            runtime()?.block_on(stop::resume(&args, out))
        }
        Command::Audit(args) => runtime()?.block_on(audit::run(&args, out)),
        Command::Apikey(args) => {
            let typed = matches.subcommand_matches("apikey");
            typed.map_or(Ok(()), |typed| args.store.refuse_password_in_flag(typed))?;
            runtime()?.block_on(apikey::run(&args, out))
        }
        Command::Session(args) => {
            let typed = matches.subcommand_matches("session");
            typed.map_or(Ok(()), |typed| args.store.refuse_password_in_flag(typed))?;
            runtime()?.block_on(session::run(&args, out))
        }
        Command::Notify(args) => {
            let typed = matches.subcommand_matches("notify");
            typed.map_or(Ok(()), |typed| args.store.refuse_password_in_flag(typed))?;
            runtime()?.block_on(notify::run(&args, out))
        }
        Command::Run(settings) => {
            let typed = matches.subcommand_matches("run");
            typed.map_or(Ok(()), |typed| settings.store.refuse_password_in_flag(typed))?;
            let runtime = runtime()?;
            let ended = runtime.block_on(run::run(*settings, invocation));
            // A thread in a dead file system is not waited for.
            runtime.shutdown_timeout(LINGER);
            ended
        }
    }
}

/// Colours where standard output is a terminal that has them, and nobody asked for none (`NO_COLOR`, `CLICOLOR`).
fn paint() -> Paint {
    match anstream::AutoStream::choice(&std::io::stdout()) {
        anstream::ColorChoice::Never => Paint::PLAIN,
        _ => Paint::COLOURED,
    }
}

fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The commands that a help shows: what stands before two blanks or a redirection is typed, the rest explains it.
    fn examples(help: &str) -> Vec<Vec<String>> {
        let help = help.replace("\\\n", " ");
        let lines = help.lines().filter_map(|line| line.trim_start().strip_prefix("keyforge "));
        let typed = |line: &str| {
            let line = line.replace("    --", "--").replace("  --", " --");
            let end = line.find("  ").or(line.find(" >")).unwrap_or(line.len());
            ["keyforge"].into_iter().chain(line[..end].split_whitespace()).map(str::to_owned).collect()
        };
        lines.map(typed).collect()
    }

    #[test]
    fn every_command_ends_its_help_with_examples_that_it_understands() {
        for command in Cli::command().get_subcommands() {
            let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            assert!(help.starts_with("Examples:\n"), "{} has no examples", command.get_name());
            for example in examples(&help) {
                let understood = Cli::command().try_get_matches_from(&example);
                assert!(understood.is_ok(), "{example:?}: {}", understood.expect_err("just seen"));
            }
        }
    }
}
