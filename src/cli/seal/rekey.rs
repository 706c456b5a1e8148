//! `keyforge seal --rekey`: all values of a folder for the recipients of now, in place.
//!
//! A value stays the one it was, with the date at which it was sealed; under a former name it gets its present one. What does
//! not open is told and left as it is. Invariant: a file is replaced as a whole or not at all.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::Path;

use anyhow::Context as _;

use super::rewrite::rewritten;
use super::{Args, opener, recipients};
use crate::cli::Verdict;
use crate::cli::validate::{Told, folder, tell};
use crate::diagnostic::print::Paint;
use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::git::directory;
use crate::seal::{Opener, Recipient, seal};
use crate::spec::{File, SealedField, UnionTree, sealed_fields};

pub(super) fn run(args: &Args, paint: Paint, out: &mut dyn Write) -> anyhow::Result<Verdict> {
    let opener = opener(args)?;
    let snapshot = directory::read(&args.directory)?;
    let mut rekey =
        Rekey { opener: &opener, recipients: &recipients(&snapshot)?, done: Vec::new(), found: Vec::new() };
    for (directory, tree) in &snapshot.unions {
        for file in rekey.union(directory, tree)? {
            replace(&args.directory.join(&file.path), &file.content)?;
        }
    }
    rekey.done.sort_by(|a, b| a.place.cmp(&b.place));
    rekey.found.sort();
    let summary = rekey.summary();
    let Rekey { found, .. } = &rekey;
    let told =
        Told { found: &found.iter().collect::<Vec<_>>(), standings: Default::default(), summary: &summary };
    tell(&told, &snapshot, &folder(&args.directory), args.output, paint, out)
}

struct Rekey<'a> {
    opener: &'a Opener,
    recipients: &'a [Recipient],
    /// What was sealed anew.
    done: Vec<SealedField>,
    /// What was not.
    found: Vec<Diagnostic>,
}

impl Rekey<'_> {
    /// The files of a union that change.
    fn union(&mut self, directory: &str, tree: &UnionTree) -> anyhow::Result<Vec<File>> {
        let files = tree.files.as_deref().unwrap_or_default();
        let mut changed: BTreeMap<String, File> = BTreeMap::new();
        // From the end, so that what is in front stays on its line.
        for field in sealed_fields(directory, tree).into_iter().rev() {
            let opened = match field.open(self.opener) {
                Ok(opened) => opened,
                Err(why) => {
                    self.found.push(*why);
                    continue;
                }
            };
            let sealed = seal(opened.value, &field.place, opened.sealed_at, self.recipients)?;
            let old = changed.get(&field.span.path);
            let Some(old) = old.or_else(|| files.iter().find(|file| file.path == field.span.path)) else {
                continue;
            };
            match rewritten(directory, old, &field, &sealed) {
                Some(new) => {
                    changed.insert(new.path.clone(), new);
                    self.done.push(field);
                }
                None => self.found.push(left(&field)),
            }
        }
        Ok(changed.into_values().collect())
    }

    fn summary(&self) -> String {
        let values = |count: usize| if count == 1 { "1 value".to_owned() } else { format!("{count} values") };
        let mut text = format!("sealed {} anew for ", values(self.done.len()));
        text.push_str(&match self.recipients.len() {
            1 => "1 recipient\n".to_owned(),
            count => format!("{count} recipients\n"),
        });
        if !self.found.is_empty() {
            text.push_str(&format!("left {} as they were\n", values(self.found.len())));
        }
        if !self.done.is_empty() {
            text.push_str(
                "\nThis shuts nobody out: who had a former key can open the former texts, which the history of the repository \
                 keeps.\nIf somebody is to be shut out, change these where they are used, and seal the new ones:\n",
            );
            for field in &self.done {
                let uris = field.uris.join(", ");
                let at = if uris.is_empty() { uris } else { format!("  {uris}") };
                text.push_str(&format!("  {}{}\n", field.place, crate::diagnostic::visible(&at)));
            }
        }
        text
    }
}

/// A value that opens, and that stands where no other text can be put.
fn left(field: &SealedField) -> Diagnostic {
    Diagnostic {
        span: field.span.clone(),
        code: Code::OutdatedSeal,
        severity: Severity::Error,
        message: format!(
            "`{}` cannot be sealed anew in place: its text is not written here in one piece",
            field.place
        ),
        label: "left as it was".into(),
        notes: Vec::new(),
        hint: Some("write the text out as a block, `sealed: |`".into()),
    }
}

/// Replaces a file by one with another content, so that nobody sees half of it. Beside it a file is made that was not there:
/// whatever lies in the folder under a name that one could guess, such as a link to elsewhere, is not written through.
fn replace(path: &Path, content: &[u8]) -> anyhow::Result<()> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let new = path.with_file_name(format!(".{name}.{}", uuid::Uuid::new_v4()));
    let written = || -> std::io::Result<()> {
        let mut file = fs::OpenOptions::new().write(true).create_new(true).open(&new)?;
        file.write_all(content)?;
        file.set_permissions(fs::metadata(path)?.permissions())?;
        file.sync_all()?;
        fs::rename(&new, path)
    };
    written().with_context(|| format!("failed to write {}", path.display())).inspect_err(|_| {
        // What could not be put in its place is of no use to anybody.
        let _ = fs::remove_file(&new);
    })
}
