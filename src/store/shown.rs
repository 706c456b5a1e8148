//! What somebody sees of the database.
//!
//! Whoever serves people holds this and no [`Store`], so that no answer can forget whom it is for. Invariant: each query that
//! is made through it names the unions that are seen, in SQL, so that pages, places and counts are of these alone.

use sqlx::PgPool;

use super::{AcceptedUnion, Error, SocietyRecord, Source, Stopped, Store, others};
use crate::access::Sight;
use crate::names::UnionName;
use crate::plan::guards::Guard;

/// The database as somebody sees it.
#[derive(Clone)]
pub struct Shown {
    store: Store,
    sight: Sight,
    /// The same as queries take it; none: all.
    names: Option<Vec<String>>,
}

impl Store {
    /// As somebody sees it who sees these unions.
    pub fn shown_to(&self, sight: Sight) -> Shown {
        Shown { store: self.clone(), names: sight.names(), sight }
    }
}

impl Shown {
    pub(super) fn pool(&self) -> &PgPool {
        &self.store.pool
    }

    /// The names of what is seen, as queries take them; none: all.
    pub(super) fn names(&self) -> Option<&[String]> {
        self.names.as_deref()
    }

    /// Which unions are seen.
    pub fn sight(&self) -> &Sight {
        &self.sight
    }

    /// As [`Store::in_time`].
    ///
    /// # Errors
    /// As there.
    pub async fn in_time<T>(&self, operation: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        self.store.in_time(operation).await
    }

    /// The config repo at the last look; for those who see all unions.
    ///
    /// # Errors
    /// As [`Store::source`].
    pub async fn source(&self) -> Result<Option<Source>, Error> {
        if self.sight.is_all() { self.store.source().await } else { Ok(None) }
    }

    /// Whether everything is stopped; the words of who stopped it are for those who see all unions.
    ///
    /// # Errors
    /// As [`Store::stopped`].
    pub async fn stopped(&self) -> Result<Option<Stopped>, Error> {
        let stopped = self.store.stopped().await?;
        if self.sight.is_all() {
            return Ok(stopped);
        }
        Ok(stopped.map(|stopped| Stopped { why: "an operator wants it so".to_owned(), ..stopped }))
    }

    /// What is accepted of a union, if it is seen.
    ///
    /// # Errors
    /// As [`Store::accepted`].
    pub async fn accepted(&self, union: &UnionName) -> Result<Option<AcceptedUnion>, Error> {
        if self.sight.sees(union) { self.store.accepted(union).await } else { Ok(None) }
    }

    /// What waits for a person in a union, if it is seen.
    ///
    /// # Errors
    /// As [`Store::awaiting`].
    pub async fn awaiting(&self, union: &UnionName) -> Result<Vec<Guard>, Error> {
        if !self.sight.sees(union) {
            return Ok(Vec::new());
        }
        let guards = self.store.awaiting(union).await?.into_iter();
        Ok(if self.sight.is_all() { guards.collect() } else { guards.map(others::guard).collect() })
    }

    /// The societies of a union, by name, if it is seen.
    ///
    /// # Errors
    /// As [`Store::societies`].
    pub async fn societies(&self, union: &UnionName) -> Result<Vec<SocietyRecord>, Error> {
        if self.sight.sees(union) { self.store.societies(union).await } else { Ok(Vec::new()) }
    }

    /// What is found of a union's vault as a whole, if it is seen.
    ///
    /// # Errors
    /// As [`Store::vault_findings`].
    pub async fn vault_findings(&self, union: &UnionName) -> Result<Vec<String>, Error> {
        if self.sight.sees(union) { self.store.vault_findings(union).await } else { Ok(Vec::new()) }
    }
}
