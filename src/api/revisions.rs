//! Revisions: which commits were fetched, and what became of each.

use super::query::{Number, Parameter, Query};
use super::{View, page, problem::Problem, wire};
use crate::store::{FetchedRevision, RevisionQuery, Words};

/// What the list can be asked for.
pub(super) const PARAMETERS: &[Parameter] = &[Parameter::AFTER, Number::LIMIT.parameter()];

/// Revisions, those that were fetched last first.
pub(super) async fn list(view: View, (): (), query: Query) -> Result<wire::Page<wire::Revision>, Problem> {
    let limit = query.number(Number::LIMIT)?;
    let after = query.place("after", "the 40 hexadecimal digits of a commit")?;
    let found = view.store.revisions(&RevisionQuery { after, limit: limit + 1 }).await?;
    Ok(page(found, limit, |record| record.revision.commit.to_string(), revision))
}

/// What became of a revision that was found.
pub(super) async fn detail(view: &View, found: FetchedRevision) -> Result<wire::RevisionDetail, Problem> {
    let progress = view.store.revision_progress(found.revision.commit).await?;
    Ok(wire::RevisionDetail {
        revision: revision(found),
        head: progress.is_head,
        counts_by_state: progress.unions,
        applied: progress.applied,
        deployments: progress.ended,
        open: progress.open,
        opened_at: progress.opened_at,
        closed_at: progress.closed_at,
    })
}

fn revision(found: FetchedRevision) -> wire::Revision {
    let FetchedRevision { revision, words, committed_at, fetched_at } = found;
    let (subject, author) = words.map(|Words { subject, author }| (subject, author)).unzip();
    wire::Revision {
        commit: revision.commit.to_string(),
        revision: revision.to_string(),
        subject,
        author,
        committed_at,
        fetched_at,
    }
}
