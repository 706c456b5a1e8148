//! `keyforge seal --check`: which values of a folder would not open, and why, without showing any.

use std::io::Write;

use super::{Args, opener, recipients};
use crate::cli::Verdict;
use crate::cli::validate::{Told, folder, tell};
use crate::diagnostic::print::Paint;
use crate::git::directory;
use crate::spec::{check_sealed, sealed_fields, unheld_recipients};

pub(super) fn run(args: &Args, paint: Paint, out: &mut dyn Write) -> anyhow::Result<Verdict> {
    let opener = opener(args)?;
    let snapshot = directory::read(&args.directory)?;
    let recipients = recipients(&snapshot)?;
    let fields: Vec<_> =
        snapshot.unions.iter().flat_map(|(directory, tree)| sealed_fields(directory, tree)).collect();
    let mut found: Vec<_> = unheld_recipients(&recipients, &opener).into_iter().collect();
    found.extend(check_sealed(&fields, &opener, &recipients));
    let errors = found.iter().filter(|found| found.severity == crate::diagnostic::Severity::Error).count();
    let summary = match (fields.len(), errors) {
        (0, _) => "there is no sealed value\n".to_owned(),
        (1, 0) => "the one sealed value opens\n".to_owned(),
        (all, 0) => format!("all {all} sealed values open\n"),
        (all, errors) => format!("{errors} of {all} sealed values do not open\n"),
    };
    let told =
        Told { found: &found.iter().collect::<Vec<_>>(), standings: Default::default(), summary: &summary };
    tell(&told, &snapshot, &folder(&args.directory), args.output, paint, out)
}
