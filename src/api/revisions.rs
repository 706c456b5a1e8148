//! Revisions: which commits were fetched, and what became of each.

use super::query::{Kind, Number, Parameter, Query};
use super::{View, page, problem::Problem, wire};
use crate::outcome::UnionState;
use crate::store::{DocumentPath, FetchedRevision, RevisionQuery, Words};

/// What the list can be asked for.
pub(super) const PARAMETERS: &[Parameter] = &[
    Parameter {
        name: "author",
        about: "Only those whose author's name has this text, in any case, or, for who sees all unions, whose address it is.",
        kind: Kind::Text,
    },
    Parameter {
        name: "path",
        about: "Only those that brought documents of a union, `unions/NAME`, or of which this file was accepted as another \
                one, `unions/NAME/union.yaml`.",
        kind: Kind::Text,
    },
    Parameter {
        name: "state",
        about: "Only those whose documents are accepted, or held, of a union that is in this state.",
        kind: Kind::Word(UnionState::WORDS),
    },
    Parameter {
        name: "since",
        about: "Only those that were fetched at this moment or later.",
        kind: Kind::Moment,
    },
    Parameter::AFTER,
    Number::LIMIT.parameter(),
];

/// Revisions, those that were fetched last first.
pub(super) async fn list(view: View, (): (), query: Query) -> Result<wire::Page<wire::Revision>, Problem> {
    let limit = query.number(Number::LIMIT)?;
    let wanted = RevisionQuery {
        author: query.text("author")?,
        path: path(&query)?,
        state: query.value("state")?,
        since: query.moment("since")?,
        after: query.place("after", "the 40 hexadecimal digits of a commit")?,
        limit: limit + 1,
    };
    let found = view.store.revisions(&wanted).await?;
    Ok(page(found, limit, |record| record.revision.commit.to_string(), revision))
}

/// Documents by where they are: the folder of a union, or a file in it.
fn path(query: &Query) -> Result<Option<DocumentPath>, Problem> {
    let Some(text) = query.text("path")? else { return Ok(None) };
    let read = || {
        let below = text.strip_prefix("unions/")?;
        let (union, file) = below.split_once('/').unwrap_or((below, ""));
        let file = (!file.is_empty()).then(|| text.clone());
        Some(DocumentPath { union: union.parse().ok()?, file })
    };
    let why = || "it is a path such as `unions/acme` or `unions/acme/union.yaml`".to_owned();
    read().map(Some).ok_or_else(|| Problem::InvalidParameter { name: "path", why: why() })
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
