//! Reading the revisions that were fetched, in pages, and what became of each.
//!
//! Apart from `revision`, which the poller writes: this serves people who ask where their commit is.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::fleet::{AT_A_NEWER_ONE, pattern};
use super::{Error, RowError, Shown, row};
use crate::names::UnionName;
use crate::outcome::{Outcome, UnionState};
use crate::revision::{ObjectId, Revision};

/// So many names of revisions are told at once.
const MOST_NAMES: i64 = 10_000;

/// Which revisions.
#[derive(Debug, Clone, Default)]
pub struct RevisionQuery {
    /// Only those whose author's name has this text, in any case, or, for who sees all unions, whose address it is.
    pub author: Option<String>,
    /// Only those that changed something here.
    pub path: Option<DocumentPath>,
    /// Only those whose documents are accepted, or held, of a union that is in this state.
    pub state: Option<UnionState>,
    /// Only those that were fetched at this moment or later.
    pub since: Option<DateTime<Utc>>,
    /// Only those that were fetched before this one.
    pub after: Option<ObjectId>,
    /// How many at most.
    pub limit: u32,
}

/// A folder of documents, or one of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentPath {
    /// Of which union.
    pub union: UnionName,
    /// Which, as a path of the config; none: all of the union's folder.
    pub file: Option<String>,
}

/// A revision as somebody sees it: one that touched a union that they see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchedRevision {
    /// Which.
    pub revision: Revision,
    /// Its words, unless it also touched what is not seen: they may be about that.
    pub words: Option<Words>,
    /// By the committer's clock.
    pub committed_at: DateTime<Utc>,
    /// When it was fetched first.
    pub fetched_at: DateTime<Utc>,
}

/// The revisions of a branch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BranchRevisions {
    /// Their names.
    pub oldest_first: Vec<ObjectId>,
    /// Whether these are all.
    pub is_whole: bool,
}

/// What its author wrote of a revision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    /// The first line of its message.
    pub subject: String,
    /// The author's name.
    pub author: String,
}

/// What became of a revision.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RevisionProgress {
    /// Whether it is the one that was accepted last.
    pub is_head: bool,
    /// The unions whose own documents were accepted with it and not changed since, by their state.
    pub unions: BTreeMap<UnionState, u64>,
    /// The unions of which its state, or one that is equal to it, is applied in full.
    pub applied: u64,
    /// Its deployments by how they ended.
    pub ended: BTreeMap<Outcome, u64>,
    /// Its deployments that go on.
    pub open: u64,
    /// When the first of them was opened.
    pub opened_at: Option<DateTime<Utc>>,
    /// When the last of them was closed.
    pub closed_at: Option<DateTime<Utc>>,
}

impl Shown {
    /// Revisions, those that were fetched last first.
    ///
    /// # Errors
    /// The database is away, or a row is a newer program's.
    pub async fn revisions(&self, query: &RevisionQuery) -> Result<Vec<FetchedRevision>, Error> {
        self.fetched(None, query).await
    }

    /// One revision.
    ///
    /// # Errors
    /// The database is away, or the row is a newer program's.
    pub async fn revision(&self, commit: ObjectId) -> Result<Option<FetchedRevision>, Error> {
        let one = RevisionQuery { limit: 1, ..RevisionQuery::default() };
        Ok(self.fetched(Some((commit, commit)), &one).await?.pop())
    }

    /// The revision before this one on its branch, whatever it touches: for who sees all unions.
    ///
    /// # Errors
    /// The database is away, or the row is a newer program's.
    pub async fn revision_before(&self, commit: ObjectId) -> Result<Option<ObjectId>, Error> {
        let before = sqlx::query_scalar!(
            "select before.revision_id from revision join revision as before using (branch)
            where revision.revision_id = $1 and before.created_at < revision.created_at
            order by before.created_at desc, before.revision_id limit 1",
            commit.as_bytes()
        )
        .fetch_optional(self.pool())
        .await?;
        Ok(before.as_deref().map(row::object_id).transpose()?)
    }

    /// The names of the newest revisions of a branch, whatever they touch.
    ///
    /// # Errors
    /// The database is away.
    pub async fn revisions_of(&self, branch: &str) -> Result<BranchRevisions, Error> {
        let names = sqlx::query_scalar!(
            "select revision_id from revision where branch = $1 order by created_at desc, revision_id limit $2",
            branch,
            MOST_NAMES + 1
        )
        .fetch_all(self.pool())
        .await?;
        let most = usize::try_from(MOST_NAMES).unwrap_or_default();
        let newest = names.iter().take(most).map(|name| row::object_id(name));
        let mut oldest_first = newest.collect::<Result<Vec<_>, RowError>>()?;
        oldest_first.reverse();
        Ok(BranchRevisions { oldest_first, is_whole: names.len() <= most })
    }

    /// Revisions whose names lie between these two, those that were fetched last first.
    ///
    /// # Errors
    /// The database is away, or a row is a newer program's.
    pub async fn search_revisions(
        &self,
        names: (ObjectId, ObjectId),
        limit: u32,
    ) -> Result<Vec<FetchedRevision>, Error> {
        self.fetched(Some(names), &RevisionQuery { limit, ..RevisionQuery::default() }).await
    }

    async fn fetched(
        &self,
        within: Option<(ObjectId, ObjectId)>,
        query: &RevisionQuery,
    ) -> Result<Vec<FetchedRevision>, Error> {
        let (first, last) = within.unzip();
        let rows = sqlx::query!(
            r#"select revision_id, branch, author_name, subject, committed_at, created_at,
                is_of_these_alone(revision_id, $3) as "is_of_these_alone!"
            from revision
            where ($4::bytea is null or revision_id between $4 and $5)
                -- The first condition for the index, the second for those that were fetched at the same moment.
                and ($1::bytea is null
                    or (created_at <= (select created_at from revision where revision_id = $1)
                        and (created_at < (select created_at from revision where revision_id = $1)
                            or revision_id > $1)))
                and ($3::text[] is null
                    or revision_id in (
                        select revision_id from audit where union_name = any($3)
                        union all select revision_id from hold where union_name = any($3)
                    ))
                and ($6::timestamptz is null or created_at >= $6)
                -- Who may not read who wrote it does not find it by that either.
                and ($7::text is null
                    or (lower(author_name) like $7 and is_of_these_alone(revision_id, $3))
                    or ($3::text[] is null and lower(author_email) = $11))
                and ($8::text is null
                    or revision_id in (
                        select revision_id from audit
                        where union_name = $8 and ($3::text[] is null or union_name = any($3))
                            and what in ('union-accepted', 'union-removed', 'change-held-back')
                            and ($9::text is null or detail -> 'files' @> jsonb_build_array(jsonb_build_object('path', $9)))
                        union all
                        select revision_id from hold
                        where $9 is null and union_name = $8 and ($3::text[] is null or union_name = any($3))
                    ))
                and ($10::text is null
                    or revision_id in (
                        select accepted_revision_id from union_status
                        where state = $10 and ($3::text[] is null or union_name = any($3))
                        union all
                        select newest.revision_id from union_status
                        cross join lateral (
                            select revision_id from hold where hold.union_name = union_status.union_name
                            order by hold_id desc limit 1
                        ) as newest
                        where state = $10 and held_why is not null and ($3::text[] is null or union_name = any($3))
                    ))
            order by created_at desc, revision_id
            limit $2"#,
            query.after.as_ref().map(|commit| commit.as_bytes().as_slice()),
            i64::from(query.limit),
            self.names(),
            first.as_ref().map(|commit| commit.as_bytes().as_slice()),
            last.as_ref().map(|commit| commit.as_bytes().as_slice()),
            query.since,
            query.author.as_deref().map(pattern),
            query.path.as_ref().map(|path| path.union.as_str()),
            query.path.as_ref().and_then(|path| path.file.as_deref()),
            query.state.map(UnionState::as_str),
            query.author.as_deref().map(str::to_lowercase)
        )
        .fetch_all(self.pool())
        .await?;
        let revisions = rows.into_iter().map(|row| {
            let words = Words { subject: row.subject, author: row.author_name };
            Ok(FetchedRevision {
                revision: Revision { branch: row.branch, commit: row::object_id(&row.revision_id)? },
                words: row.is_of_these_alone.then_some(words),
                committed_at: row.committed_at,
                fetched_at: row.created_at,
            })
        });
        Ok(revisions.collect::<Result<_, RowError>>()?)
    }

    /// The revision that was accepted last, if one ever was.
    ///
    /// # Errors
    /// The database is away, or the row is a newer program's.
    pub async fn accepted_revision(&self) -> Result<Option<Revision>, Error> {
        let found = sqlx::query!("select branch, revision_id from head join revision using (revision_id)")
            .fetch_optional(self.pool())
            .await?;
        let revision =
            |commit: &[u8], branch| Ok::<_, RowError>(Revision { branch, commit: row::object_id(commit)? });
        Ok(found.map(|row| revision(&row.revision_id, row.branch)).transpose()?)
    }

    /// What became of a revision.
    ///
    /// # Errors
    /// The database is away, or a row is a newer program's.
    pub async fn revision_progress(&self, commit: ObjectId) -> Result<RevisionProgress, Error> {
        let (bytes, names) = (commit.as_bytes().as_slice(), self.names());

        let unions = sqlx::query!(
            r#"select state, count(*) as "unions!", count(*) filter (where applied_input = accepted_input) as "applied!"
            from union_status
            where accepted_revision_id = $1 and ($2::text[] is null or union_name = any($2))
            group by state"#,
            bytes,
            names
        )
        .fetch_all(self.pool())
        .await?;
        let deployments = sqlx::query!(
            r#"select outcome, count(*) as "deployments!", min(created_at) as opened_at, max(closed_at) as closed_at
            from deployment
            where revision_id = $1 and ($2::text[] is null or union_name = any($2))
            group by outcome"#,
            bytes,
            names
        )
        .fetch_all(self.pool())
        .await?;
        let is_head = sqlx::query_scalar!(
            r#"select exists(select from head where revision_id = $1) as "is_head!""#,
            bytes
        )
        .fetch_one(self.pool())
        .await?;
        let number = |count: i64| u64::try_from(count).unwrap_or_default();
        let mut progress = RevisionProgress { is_head, ..RevisionProgress::default() };
        for row in unions {
            let state = row::word(&row.state).unwrap_or(AT_A_NEWER_ONE);
            *progress.unions.entry(state).or_default() += number(row.unions);
            progress.applied += number(row.applied);
        }
        for row in deployments {
            // How it ended that only a newer program knows is not told; nor is it one that goes on.
            let Ok(outcome) = row.outcome.as_deref().map(row::word).transpose() else { continue };
            match outcome {
                Some(outcome) => drop(progress.ended.insert(outcome, number(row.deployments))),
                None => progress.open = number(row.deployments),
            }
            progress.opened_at = [progress.opened_at, row.opened_at].into_iter().flatten().min();
            progress.closed_at = progress.closed_at.max(row.closed_at);
        }
        Ok(progress)
    }
}
