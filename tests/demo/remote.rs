//! The config repo of the demo: a bare remote that accepts a plain `git push`, and a clone to work in.
//!
//! Only the `git` program is used here, as a person uses it, and nothing of the machine's own Git settings.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

pub(crate) const BRANCH: &str = "main";

/// Fields of a union's document, by indentation and name.
pub(crate) type Fields = [(usize, &'static str)];

/// What would keep a union waiting while its story is told.
const WAITING: [(usize, &str); 2] = [(2, "updateWindow"), (2, "suspend")];

pub(crate) struct Remote {
    bare: PathBuf,
    clone: PathBuf,
}

impl Remote {
    /// Makes the remote from the example, without fields that the cluster cannot serve and with domains that lead to this
    /// machine.
    pub(crate) fn make(
        folder: &Path,
        example: &Path,
        beyond: &Fields,
        domain: impl Fn(&str) -> String,
    ) -> Result<Self> {
        let remote = Self { bare: folder.join("config.git"), clone: folder.join("config") };
        git(folder, &["init", "--quiet", "--bare", "--initial-branch", BRANCH, "config.git"])?;
        git(folder, &["init", "--quiet", "--initial-branch", BRANCH, "config"])?;
        remote.git(&["config", "user.email", "ana@federation.example"])?;
        remote.git(&["remote", "add", "origin", path(&remote.bare)?])?;
        copy(example, &remote.clone)?;
        for union in remote.unions()? {
            let file = format!("unions/{union}/union.yaml");
            remote.strip(&file, &[&WAITING[..], beyond].concat())?;
            // A load balancer has the usual port of its own.
            if remote.is_balanced(&union)? {
                continue;
            }
            remote.edit(&file, |line| match line.split_once("domain: ") {
                Some((before, _)) => format!("{before}domain: {}", domain(&union)),
                None => line.to_owned(),
            })?;
        }
        remote.push("The first three unions")?;
        remote.git(&["branch", "--quiet", "--set-upstream-to", &format!("origin/{BRANCH}")])?;
        Ok(remote)
    }

    /// Nobody can read it.
    pub(crate) fn hide(&self) -> Result<()> {
        Ok(fs::rename(&self.bare, self.bare.with_extension("away"))?)
    }

    /// It is there again.
    pub(crate) fn show(&self) -> Result<()> {
        Ok(fs::rename(self.bare.with_extension("away"), &self.bare)?)
    }

    pub(crate) fn bare(&self) -> &Path {
        &self.bare
    }

    pub(crate) fn clone(&self) -> &Path {
        &self.clone
    }

    /// Whether a union has an address of its own, past the ingress.
    pub(crate) fn is_balanced(&self, union: &str) -> Result<bool> {
        let path = self.clone.join(format!("unions/{union}/union.yaml"));
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        Ok(text.lines().any(|line| line == "    kind: loadBalancer"))
    }

    /// Leaves out these fields of a file, with what is below them.
    fn strip(&self, file: &str, fields: &Fields) -> Result<()> {
        let path = self.clone.join(file);
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let indent = |line: &str| line.len() - line.trim_start().len();
        let (mut kept, mut left_out) = (String::new(), None);
        for line in text.lines() {
            if left_out.is_some_and(|field| indent(line) > field) {
                continue;
            }
            let name = line.trim_start().split_once(':').map_or("", |(name, _)| name);
            left_out = fields.contains(&(indent(line), name)).then_some(indent(line));
            if left_out.is_none() {
                kept.push_str(line);
                kept.push('\n');
            }
        }
        Ok(fs::write(path, kept)?)
    }

    /// The names of the unions in the clone, sorted.
    pub(crate) fn unions(&self) -> Result<Vec<String>> {
        let folders = fs::read_dir(self.clone.join("unions")).context("the example has no `unions`")?;
        let mut names = folders
            .map(|folder| Ok(folder?.file_name().to_string_lossy().into_owned()))
            .collect::<std::io::Result<Vec<_>>>()?;
        names.sort();
        Ok(names)
    }

    /// Writes a file of the clone.
    pub(crate) fn write(&self, file: &str, text: &str) -> Result<()> {
        let path = self.clone.join(file);
        let folder = path.parent().context("a file lies in a folder")?;
        fs::create_dir_all(folder)?;
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))
    }

    /// Changes a file of the clone line by line.
    pub(crate) fn edit(&self, file: &str, change: impl Fn(&str) -> String) -> Result<()> {
        let path = self.clone.join(file);
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let lines: Vec<String> = text.lines().map(change).collect();
        self.write(file, &(lines.join("\n") + "\n"))
    }

    /// Adds to the end of a file of the clone.
    pub(crate) fn extend(&self, file: &str, text: &str) -> Result<()> {
        let path = self.clone.join(file);
        let before = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        self.write(file, &(before + text))
    }

    /// Removes a folder of the clone.
    pub(crate) fn remove(&self, folder: &str) -> Result<()> {
        fs::remove_dir_all(self.clone.join(folder)).with_context(|| format!("cannot remove {folder}"))
    }

    /// What changed, without what surrounds it.
    pub(crate) fn diff(&self) -> Result<String> {
        let diff = self.git(&["diff", "--unified=0"])?;
        let changes = diff.lines().filter(|line| line.starts_with(['-', '+']));
        Ok(changes.map(|line| format!("{line}\n")).collect())
    }

    /// Commits all that changed and pushes it; the commit's name.
    pub(crate) fn push(&self, subject: &str) -> Result<String> {
        self.push_by(subject, "Ana Officer")
    }

    /// The same, as somebody of this name.
    pub(crate) fn push_by(&self, subject: &str, name: &str) -> Result<String> {
        self.git(&["add", "--all"])?;
        self.git(&["-c", &format!("user.name={name}"), "commit", "--quiet", "--message", subject])?;
        self.git(&["push", "--quiet", "origin", BRANCH])?;
        self.git(&["rev-parse", "HEAD"])
    }

    fn git(&self, arguments: &[&str]) -> Result<String> {
        git(&self.clone, arguments)
    }
}

fn git(folder: &Path, arguments: &[&str]) -> Result<String> {
    let mut command = Command::new("git");
    command.current_dir(folder).args(arguments);
    command.envs([("GIT_CONFIG_GLOBAL", "/dev/null"), ("GIT_CONFIG_NOSYSTEM", "1")]);
    let output = command.output().context("cannot run git")?;
    if !output.status.success() {
        bail!("git {} failed: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from).with_context(|| format!("cannot read {}", from.display()))? {
        let (entry, to) = (entry?, to);
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

fn path(path: &Path) -> Result<&str> {
    path.to_str().context("the path of the demo's folder is not UTF-8")
}
