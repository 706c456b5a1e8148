//! `keyforge schema`: the schemas of the documents, as this release checks them.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::ValueEnum;

use super::Verdict;
use crate::spec::{self, Kind};

/// Where the first line of each document says that its schema is, from the root of a config repo.
pub(super) const FOLDER: &str = ".keyforge/schema";

/// Which schema, and where to.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// Kind of the document
    #[arg(required_unless_present = "write")]
    document: Option<Document>,
    /// Write all three into this folder instead, as `<kind>.schema.json` [DIR: .keyforge/schema]
    #[arg(long, value_name = "DIR", num_args = 0..=1, default_missing_value = FOLDER, conflicts_with = "document")]
    write: Option<PathBuf>,
}

const EXAMPLES: &str = "\
Examples:
  keyforge schema union                     JSON Schema 2020-12 of `union.yaml`, in one piece
  keyforge schema --write                   renew what editors complete from, after an upgrade

An editor with a YAML language server finds the schema by the first line of a document, such as
  # yaml-language-server: $schema=../../.keyforge/schema/union.schema.json";

/// The documents of a config repo.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Document {
    /// keyforge.yaml
    Keyforge,
    /// unions/NAME/union.yaml
    Union,
    /// unions/NAME/societies/NAME.yaml
    Society,
}

/// Prints one schema, or writes all.
///
/// # Errors
/// The folder cannot be written.
pub(super) fn run(args: &Args, out: &mut dyn Write) -> anyhow::Result<Verdict> {
    if let Some(kind) = args.document {
        let kind = match kind {
            Document::Keyforge => Kind::Keyforge,
            Document::Union => Kind::Union,
            Document::Society => Kind::Society,
        };
        out.write_all(text(kind).as_bytes())?;
    }
    if let Some(folder) = &args.write {
        for path in write(folder)? {
            writeln!(out, "wrote {}", path.display())?;
        }
    }
    Ok(Verdict::Fine)
}

/// The schema in one piece, as a file has it.
pub(super) fn text(kind: Kind) -> String {
    format!("{:#}\n", spec::bundled(kind))
}

fn write(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    fs::create_dir_all(folder).with_context(|| format!("failed to make {}", folder.display()))?;
    let write = |kind: Kind| {
        let path = folder.join(kind.file());
        fs::write(&path, text(kind)).with_context(|| format!("failed to write {}", path.display()))?;
        Ok(path)
    };
    [Kind::Keyforge, Kind::Union, Kind::Society].into_iter().map(write).collect()
}
