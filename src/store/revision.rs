//! Commits of the followed branch, how the config repo was found, and the head that was accepted last.
//!
//! Facts only: what a missing or rewritten branch means for unions is decided by `reconcile`.

use chrono::{DateTime, Utc};

use super::{AcceptedKeyforge, Error, RowError, Store, row};
use crate::revision::{ObjectId, Revision};

/// A commit as it was fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRevision {
    /// Branch and commit.
    pub revision: Revision,
    /// Of the commit's author.
    pub author_name: String,
    /// Of the commit's author.
    pub author_email: String,
    /// The first line of its message.
    pub subject: String,
    /// By the committer's clock.
    pub committed_at: DateTime<Utc>,
}

/// A commit that was fetched, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevisionRecord {
    /// As it was fetched.
    pub revision: NewRevision,
    /// When it was fetched first.
    pub fetched_at: DateTime<Utc>,
}

/// The revision that was accepted last.
#[derive(Debug, Clone, PartialEq)]
pub struct Head {
    /// Which.
    pub revision: Revision,
    /// The last accepted `keyforge.yaml`, which judges the next revision.
    pub keyforge: Option<AcceptedKeyforge>,
    /// The revision that it is of; none: none ever was accepted.
    pub keyforge_revision: Option<ObjectId>,
    /// The newest revision of which all of `keyforge.yaml` was accepted; the commits after it decide about the rest.
    pub settled: Option<ObjectId>,
    /// Of the program that accepted it.
    pub acceptor_version: i32,
    /// Since when.
    pub accepted_at: DateTime<Utc>,
}

/// How the config repo was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SourceState {
    /// The branch is there and goes on from what we knew.
    Followed,
    /// The repository is there, the branch is not.
    Missing,
    /// The branch does not descend from this commit any more, which was its head before.
    Rewritten {
        /// The former head.
        from: ObjectId,
    },
    /// The repository cannot be read; the words are for people and hold no credentials.
    Unreachable {
        /// Why.
        why: String,
    },
}

/// The config repo at the last look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The followed branch.
    pub branch: String,
    /// How it was found.
    pub state: SourceState,
    /// Since when that is so.
    pub since: DateTime<Utc>,
    /// When it was looked at last.
    pub looked_at: DateTime<Utc>,
    /// The revision that goes on whatever the state is, once one was accepted.
    pub accepted: Option<Revision>,
}

impl Store {
    /// Records a fetched commit; a second time changes nothing but the branch that it is followed on.
    ///
    /// # Errors
    /// The database is away.
    pub async fn record_revision(&self, new: &NewRevision) -> Result<(), Error> {
        sqlx::query!(
            "insert into revision (revision_id, branch, author_name, author_email, subject, committed_at)
            values ($1, $2, $3, $4, $5, $6)
            on conflict (revision_id) do update set branch = excluded.branch
            where revision.branch <> excluded.branch",
            new.revision.commit.as_bytes(),
            new.revision.branch,
            new.author_name,
            new.author_email,
            new.subject,
            new.committed_at
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// A commit, if it was fetched.
    ///
    /// # Errors
    /// The database is away.
    pub async fn revision(&self, commit: ObjectId) -> Result<Option<RevisionRecord>, Error> {
        let found = sqlx::query!(
            "select branch, author_name, author_email, subject, committed_at, created_at
            from revision where revision_id = $1",
            commit.as_bytes()
        )
        .fetch_optional(&self.pool)
        .await?;
        Ok(found.map(|row| RevisionRecord {
            revision: NewRevision {
                revision: Revision { branch: row.branch, commit },
                author_name: row.author_name,
                author_email: row.author_email,
                subject: row.subject,
                committed_at: row.committed_at,
            },
            fetched_at: row.created_at,
        }))
    }

    /// Records how the config repo was found just now. `Followed` does not end `Rewritten` before another head of the
    /// same branch was accepted: the next look finds nothing but the new head again, and people would never see it.
    ///
    /// # Errors
    /// The database is away.
    pub async fn record_source(&self, branch: &str, state: &SourceState) -> Result<(), Error> {
        let (word, from, why) = match state {
            SourceState::Followed => ("followed", None, None),
            SourceState::Missing => ("missing", None, None),
            SourceState::Rewritten { from } => ("rewritten", Some(from.as_bytes().as_slice()), None),
            SourceState::Unreachable { why } => ("unreachable", None, Some(why.as_str())),
        };
        sqlx::query!(
            "with kept as (
                select state, rewritten_from from source
                where $2 = 'followed' and state = 'rewritten' and branch = $1
                    and not exists (select from head where head.updated_at > source.since)
            )
            insert into source (branch, state, rewritten_from, why)
            select $1, coalesce(kept.state, $2), coalesce(kept.rewritten_from, $3), $4
            from (select) as now left join kept on true
            on conflict (source_id) do update set
                branch = excluded.branch,
                state = excluded.state,
                rewritten_from = excluded.rewritten_from,
                why = excluded.why,
                since = case
                    when (source.branch, source.state, source.rewritten_from)
                        is not distinct from (excluded.branch, excluded.state, excluded.rewritten_from)
                        then source.since
                    else excluded.since
                end,
                looked_at = excluded.looked_at",
            branch,
            word,
            from,
            why
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// The config repo at the last look, if there was one.
    ///
    /// # Errors
    /// The database is away, or the row is a newer program's.
    pub async fn source(&self) -> Result<Option<Source>, Error> {
        let Some(found) = sqlx::query!(
            r#"select source.branch, state, rewritten_from, why, since, looked_at,
                revision.branch as "accepted_branch?", revision.revision_id as "accepted_id?"
            from source left join (head join revision using (revision_id)) on true"#
        )
        .fetch_optional(&self.pool)
        .await?
        else {
            return Ok(None);
        };
        let state = match (found.state.as_str(), found.rewritten_from, found.why) {
            ("rewritten", Some(from), _) => SourceState::Rewritten { from: row::object_id(&from)? },
            ("unreachable", _, Some(why)) => SourceState::Unreachable { why },
            ("missing", ..) => SourceState::Missing,
            _ => SourceState::Followed,
        };
        let accepted = match found.accepted_branch.zip(found.accepted_id) {
            Some((branch, id)) => Some(Revision { branch, commit: row::object_id(&id)? }),
            None => None,
        };
        let (since, looked_at) = (found.since, found.looked_at);
        Ok(Some(Source { branch: found.branch, state, since, looked_at, accepted }))
    }

    /// The revision that was accepted last, if one ever was.
    ///
    /// # Errors
    /// The database is away, or the row is a newer program's.
    pub async fn head(&self) -> Result<Option<Head>, Error> {
        let Some(found) = sqlx::query!(
            "select branch, revision_id, keyforge, keyforge_blob, keyforge_awaiting, keyforge_revision_id, settled_id,
                acceptor_version, head.updated_at
            from head join revision using (revision_id)"
        )
        .fetch_optional(&self.pool)
        .await?
        else {
            return Ok(None);
        };
        let keyforge = match found.keyforge.zip(found.keyforge_blob) {
            Some((json, blob)) => Some(AcceptedKeyforge {
                keyforge: serde_json::from_value(json).map_err(RowError::from)?,
                blob: row::object_id(&blob)?,
                awaiting: found
                    .keyforge_awaiting
                    .map(serde_json::from_value)
                    .transpose()
                    .map_err(RowError::from)?,
            }),
            None => None,
        };
        let id = |bytes: Option<Vec<u8>>| bytes.as_deref().map(row::object_id).transpose();
        Ok(Some(Head {
            revision: Revision { branch: found.branch, commit: row::object_id(&found.revision_id)? },
            keyforge,
            keyforge_revision: id(found.keyforge_revision_id)?,
            settled: id(found.settled_id)?,
            acceptor_version: found.acceptor_version,
            accepted_at: found.updated_at,
        }))
    }
}
