//! `keyforge.toml`: the same settings, from a file.
//!
//! Every setting is declared once, as an argument of `keyforge run`. The file's values become the defaults of those
//! arguments, so the order flag, variable, file, default needs no code, and `--help` shows what is in force.
//! An unknown key is an error with its place, since a misspelt setting that does nothing is worse than none.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::Command;

/// The file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It was named and cannot be read.
    #[error("failed to read settings from {path}")]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is not TOML.
    #[error("{path}: not TOML: {message}", path = path.display())]
    Syntax {
        /// Which file.
        path: PathBuf,
        /// What the parser found, with line and column.
        message: String,
    },
    /// A key that is no setting.
    #[error("{path}:{line}: there is no setting `{key}`{}", hint.as_ref().map(|name| format!("; did you mean `{name}`?")).unwrap_or_default(), path = path.display())]
    UnknownKey {
        /// Which file.
        path: PathBuf,
        /// Which line, from 1.
        line: usize,
        /// The key.
        key: String,
        /// A setting that is spelt nearly so.
        hint: Option<String>,
    },
    /// A value that is neither text, number nor truth value.
    #[error("{path}:{line}: `{key}` takes text, a number, `true` or `false`", path = path.display())]
    Value {
        /// Which file.
        path: PathBuf,
        /// Which line, from 1.
        line: usize,
        /// The key.
        key: String,
    },
}

/// The file that is read when none is named, if it is there.
pub const DEFAULT_FILE: &str = "keyforge.toml";

/// `command` with the values of the settings file as defaults of its subcommands' arguments. The settings are the
/// arguments of the subcommands `declared_by`; another subcommand gets those that it shares.
///
/// # Errors
/// The file was named and is not there, is not TOML, or has a key or value that is no setting.
pub fn with_file(command: Command, declared_by: &[&str], named: Option<&Path>) -> Result<Command, FileError> {
    let path = named.unwrap_or(Path::new(DEFAULT_FILE));
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if named.is_none() && error.kind() == std::io::ErrorKind::NotFound => return Ok(command),
        Err(source) => return Err(FileError::Read { path: path.into(), source }),
    };
    let known: Vec<_> = declared_by.iter().flat_map(|name| names(&command, name)).collect();
    let values = parse(path, &text, &known)?;
    Ok(command.mut_subcommands(|subcommand| {
        subcommand.mut_args(|arg| match values.iter().find(|(key, _)| key == arg.get_id().as_str()) {
            // A value that the environment's may not be shown beside is not shown as a default either.
            Some((_, value)) => {
                let hidden = arg.is_hide_env_values_set();
                arg.default_value(value.clone()).required(false).hide_default_value(hidden)
            }
            None => arg,
        })
    }))
}

/// The names of the settings: the ids of a subcommand's own arguments that have a variable, which is every setting.
pub fn names(command: &Command, name: &str) -> Vec<String> {
    let arguments = command.find_subcommand(name).into_iter().flat_map(Command::get_arguments);
    arguments.filter(|arg| arg.get_env().is_some()).map(|arg| arg.get_id().to_string()).collect()
}

/// The pairs of the file, in its order.
fn parse(path: &Path, text: &str, known: &[String]) -> Result<Vec<(String, OsString)>, FileError> {
    let table = toml::de::DeTable::parse(text)
        .map_err(|error| FileError::Syntax { path: path.into(), message: error.to_string() })?;
    let mut values = Vec::new();
    for (key, value) in table.into_inner() {
        let line = text[..key.span().start].matches('\n').count() + 1;
        let key = key.into_inner().into_owned();
        if !known.contains(&key) {
            let near = known.iter().filter(|name| strsim::damerau_levenshtein(name, &key) <= 2);
            let hint = near.min_by_key(|name| strsim::damerau_levenshtein(name, &key)).cloned();
            return Err(FileError::UnknownKey { path: path.into(), line, key, hint });
        }
        let text = match value.into_inner() {
            toml::de::DeValue::String(text) => text.into_owned(),
            toml::de::DeValue::Integer(number) => number.to_string(),
            toml::de::DeValue::Boolean(truth) => truth.to_string(),
            _ => return Err(FileError::Value { path: path.into(), line, key }),
        };
        values.push((key, text.into()));
    }
    values.sort();
    Ok(values)
}

#[cfg(test)]
mod tests {
    use clap::Arg;

    use super::*;

    fn command() -> Command {
        let repo = || Arg::new("repo").long("repo").env("KEYFORGE_TEST_UNSET_REPO").required(true);
        let workers =
            Arg::new("workers").long("workers").env("KEYFORGE_TEST_UNSET_WORKERS").default_value("8");
        Command::new("keyforge")
            .subcommand(Command::new("run").arg(repo()).arg(workers))
            .subcommand(Command::new("status").arg(repo()))
    }

    fn parsed(file: &str, args: &[&str]) -> Result<String, String> {
        let folder = tempfile::tempdir().map_err(|e| e.to_string())?;
        let path = folder.path().join("keyforge.toml");
        std::fs::write(&path, file).map_err(|e| e.to_string())?;
        let message = |e: FileError| e.to_string().replace(&folder.path().display().to_string(), "");
        let command = with_file(command(), &["run"], Some(&path)).map_err(message)?;
        let matches = command.try_get_matches_from(args).map_err(|e| e.to_string())?;
        let (_, run) = matches.subcommand().ok_or("no subcommand")?;
        let value = |id: &str| run.try_get_one::<String>(id).ok().flatten().cloned().unwrap_or_default();
        Ok(format!("{} {}", value("repo"), value("workers")))
    }

    #[test]
    fn a_flag_wins_over_the_file_and_the_file_over_the_default() {
        let file = "repo = \"/srv/config\"\nworkers = 4\n";
        assert_eq!(parsed(file, &["keyforge", "run"]), Ok("/srv/config 4".into()));
        assert_eq!(parsed(file, &["keyforge", "run", "--workers", "2"]), Ok("/srv/config 2".into()));
        assert_eq!(parsed(file, &["keyforge", "status"]), Ok("/srv/config ".into()));
    }

    #[test]
    fn an_unknown_key_is_an_error_with_its_line_and_the_name_that_was_meant() {
        let error = parsed("repo = \"a\"\n\nworker = 4\n", &["keyforge", "run"]);
        assert_eq!(
            error,
            Err("/keyforge.toml:3: there is no setting `worker`; did you mean `workers`?".into())
        );
        let error = parsed("repo = [1]\n", &["keyforge", "run"]);
        assert_eq!(error, Err("/keyforge.toml:1: `repo` takes text, a number, `true` or `false`".into()));
    }
}
