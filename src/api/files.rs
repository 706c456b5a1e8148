//! The files that a revision changed, of those that the caller may see.

use super::query::{Number, Parameter, Query};
use super::{View, problem::Problem, way, wire};
use crate::access::Sight;
use crate::git::{ChangedFile, ChangesQuery};
use crate::revision::ShortId;

/// What can be asked for.
pub(super) const PARAMETERS: &[Parameter] = &[Parameter::AFTER, Number::LIMIT.parameter()];

/// Files by path. Who sees some unions only sees the files of these: `keyforge.yaml` is about all.
pub(super) async fn list(view: View, name: ShortId, query: Query) -> Result<wire::RevisionFiles, Problem> {
    let limit = query.number(Number::LIMIT)?;
    let without: usize = query.place("after", "the `next` of an earlier answer")?.unwrap_or_default();
    let (found, _) = way::named(&view, &name).await?;
    let before = view.store.revision_before(found.revision.commit).await?;
    let folders = match view.store.sight() {
        Sight::All => None,
        Sight::Only(unions) => Some(unions.iter().map(|union| format!("unions/{union}/")).collect()),
    };
    let is_all = folders.is_none();
    let wanted = ChangesQuery { since: before, folders, without, limit: limit as usize + 1 };
    let changes = view.past.changes(&found.revision, wanted).await?;
    let (mut files, limit) = (changes.files, limit as usize);
    // A revision does not change, so a number is a place in it.
    let next = (files.len() > limit).then(|| (without + limit).to_string());
    files.truncate(limit);
    let items = files.into_iter().map(file).collect();
    let since = changes.since.filter(|_| is_all).map(|since| since.to_string());
    Ok(wire::RevisionFiles { items, next, total: changes.total as u64, since })
}

fn file(file: ChangedFile) -> wire::RevisionFile {
    let (added, removed) = file.lines.unzip();
    wire::RevisionFile {
        path: file.path,
        change: file.change,
        added: added.map(|lines| lines as u64),
        removed: removed.map(|lines| lines as u64),
    }
}
