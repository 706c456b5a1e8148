//! Revisions: which commits were fetched, and what became of each.

use super::query::{Number, Parameter, Query};
use super::{State, page, problem::Problem, wire};
use crate::revision::ObjectId;
use crate::store::{RevisionQuery, RevisionRecord};

/// What the list can be asked for.
pub(super) const PARAMETERS: &[Parameter] = &[Parameter::AFTER, Number::LIMIT.parameter()];

/// Revisions, those that were fetched last first.
pub(super) async fn list(state: State, (): (), query: Query) -> Result<wire::Page<wire::Revision>, Problem> {
    let limit = query.number(Number::LIMIT)?;
    let after = query.place("after", "the 40 hexadecimal digits of a commit")?;
    let found = state.store.revisions(&RevisionQuery { after, limit: limit + 1 }).await?;
    Ok(page(found, limit, |record| record.revision.revision.commit.to_string(), revision))
}

/// One revision.
pub(super) async fn one(state: State, commit: ObjectId, _: Query) -> Result<wire::RevisionDetail, Problem> {
    let Some(found) = state.store.revision(commit).await? else {
        return Err(Problem::NotFound { what: format!("revision {commit}") });
    };
    let progress = state.store.revision_progress(commit).await?;
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

fn revision(record: RevisionRecord) -> wire::Revision {
    let RevisionRecord { revision: new, fetched_at } = record;
    wire::Revision {
        commit: new.revision.commit.to_string(),
        revision: new.revision.to_string(),
        subject: new.subject,
        author: new.author_name,
        committed_at: new.committed_at,
        fetched_at,
    }
}
