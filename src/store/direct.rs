//! Connections past any pooler, for what belongs to a session: migrations, notifications, advisory locks.
//!
//! Apart from the pool, which bounds its waiting itself. Invariant: a network that swallows everything counts as a
//! database that is away, instead of being waited for until the system gives up.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use sqlx::postgres::PgConnectOptions;

use super::Error;

/// How to connect directly.
#[derive(Clone)]
pub(super) struct Direct {
    /// One for all clones, since they may change while we run.
    options: Arc<RwLock<PgConnectOptions>>,
    /// How long an answer is waited for that takes no time.
    pub(super) patience: Duration,
}

impl Direct {
    pub(super) fn new(options: PgConnectOptions, patience: Duration) -> Self {
        Self { options: Arc::new(RwLock::new(options)), patience }
    }

    pub(super) fn options(&self) -> PgConnectOptions {
        self.options.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// For new connections.
    pub(super) fn follow(&self, other: &Self) {
        *self.options.write().unwrap_or_else(PoisonError::into_inner) = other.options();
    }
}

/// What does not come within `patience` comes from a database that is away.
pub(super) async fn within<T>(
    patience: Duration,
    answer: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, Error> {
    // Boxed: a connection in the making is large.
    match tokio::time::timeout(patience, Box::pin(answer)).await {
        Ok(answered) => Ok(answered?),
        Err(elapsed) => Err(Error::Away { source: sqlx::Error::Io(elapsed.into()) }),
    }
}
