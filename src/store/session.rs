//! Signing in on a page: who has begun to, and in which browsers somebody is signed in.
//!
//! The one thing that the API writes for itself. Invariants: of what browsers are given only digests are kept; who comes back
//! from the identity provider does so once; a session that is over is as good as none.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::{Error, Store, api_key};
use crate::digest::Digest;
use crate::names::Email;
use crate::spec::Access;

/// How long a session counts that nobody uses.
const IDLE: Duration = Duration::from_secs(8 * 60 * 60);

/// How exactly its last use is known: not each request is a write.
const SEEN: Duration = Duration::from_secs(5 * 60);

/// A person for whom the identity provider vouched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// For people: their verified address, else what the provider calls them.
    pub name: String,
    /// Their address, if it was verified.
    pub email: Option<Email>,
    /// Their groups.
    pub groups: Vec<String>,
}

/// A session that counts.
#[derive(Debug, Clone, PartialEq)]
pub struct Session {
    /// Whose.
    pub person: Person,
    /// `access` of the accepted `keyforge.yaml`.
    pub rules: Vec<Access>,
}

/// A session, as it is listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionRecord {
    /// Whose.
    pub name: String,
    /// When they signed in.
    pub created_at: DateTime<Utc>,
    /// When it was used last, about.
    pub seen_at: DateTime<Utc>,
    /// Until when it counts at most.
    pub expires_at: DateTime<Utc>,
}

impl Store {
    /// Remembers that a browser has begun to sign in, and forgets those that never came back.
    ///
    /// # Errors
    /// The database is away.
    pub async fn begin_sign_in(
        &self,
        browser: &Digest,
        return_to: &str,
        lasts: Duration,
    ) -> Result<(), Error> {
        sqlx::query!(
            "with over as (delete from sign_in where expires_at <= now())
            insert into sign_in (digest, return_to, expires_at)
            values ($1, $2, now() + make_interval(secs => $3))",
            browser.as_bytes().as_slice(),
            return_to,
            lasts.as_secs_f64()
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Where a browser goes that has come back; none if it never began, has come back already, or too late.
    ///
    /// # Errors
    /// The database is away.
    pub async fn end_sign_in(&self, browser: &Digest) -> Result<Option<String>, Error> {
        let ended = sqlx::query!(
            r#"delete from sign_in where digest = $1 returning return_to, expires_at > now() as "is_in_time!""#,
            browser.as_bytes().as_slice()
        )
        .fetch_optional(&self.pool)
        .await?;
        Ok(ended.filter(|ended| ended.is_in_time).map(|ended| ended.return_to))
    }

    /// Begins a session, in the place of the one that the browser had, and forgets those that are over.
    ///
    /// # Errors
    /// The database is away.
    pub async fn begin_session(
        &self,
        session: &Digest,
        person: &Person,
        lasts: Duration,
        former: Option<&Digest>,
    ) -> Result<(), Error> {
        sqlx::query!(
            "with over as (
                delete from session where expires_at <= now() or digest = $6
            )
            insert into session (digest, name, email, groups, expires_at)
            values ($1, $2, $3, $4, now() + make_interval(secs => $5))",
            session.as_bytes().as_slice(),
            person.name,
            person.email.as_ref().map(Email::as_str),
            &person.groups,
            lasts.as_secs_f64(),
            former.map(|former| former.as_bytes().as_slice())
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// The session of this digest, if it counts; it is used by that.
    ///
    /// # Errors
    /// The database is away, or a row is a newer program's.
    pub async fn session(&self, session: &Digest) -> Result<Option<Session>, Error> {
        let found = sqlx::query!(
            "with found as (
                select session_id, name, email, groups, seen_at from session
                where digest = $1 and expires_at > now() and seen_at > now() - make_interval(secs => $2)
            ), seen as (
                update session set seen_at = now() from found
                where session.session_id = found.session_id
                    and found.seen_at < now() - make_interval(secs => $3)
            )
            select name, email, groups, (select keyforge #> '{spec,access}' from head) as rules from found",
            session.as_bytes().as_slice(),
            IDLE.as_secs_f64(),
            SEEN.as_secs_f64()
        )
        .fetch_optional(&self.pool)
        .await?;
        let Some(found) = found else { return Ok(None) };
        let email = found.email.and_then(|email| email.parse().ok());
        let person = Person { name: found.name, email, groups: found.groups };
        Ok(Some(Session { person, rules: api_key::rules(found.rules)? }))
    }

    /// Ends a session.
    ///
    /// # Errors
    /// The database is away.
    pub async fn end_session(&self, session: &Digest) -> Result<(), Error> {
        sqlx::query!("delete from session where digest = $1", session.as_bytes().as_slice())
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// The sessions that count, by whose they are, the newest first.
    ///
    /// # Errors
    /// The database is away.
    pub async fn sessions(&self) -> Result<Vec<SessionRecord>, Error> {
        let found = sqlx::query_as!(
            SessionRecord,
            "select name, created_at, seen_at, expires_at from session
            where expires_at > now() and seen_at > now() - make_interval(secs => $1)
            order by name, created_at desc",
            IDLE.as_secs_f64()
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(found)
    }

    /// Ends all sessions of this person, or of everybody, and tells how many.
    ///
    /// # Errors
    /// The database is away.
    pub async fn end_sessions(&self, name: Option<&str>) -> Result<u64, Error> {
        let ended = sqlx::query!("delete from session where $1::text is null or name = $1", name)
            .execute(&self.pool)
            .await?;
        Ok(ended.rows_affected())
    }
}
