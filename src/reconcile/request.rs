//! What somebody asks for by hand: a look at the config repo, and at one union, at once.
//!
//! Only written down here: whoever follows the config repo hears of it by the database (`source`), and so does a worker. So it
//! does not matter which replica is asked.

use std::sync::Arc;
use std::time::Duration;

use super::Parts;
use super::failure::Failure;
use crate::names::UnionName;
use crate::store::SyncRequest;

/// How many requests one asker may make within [`WINDOW`]. Those for what is asked for already do not count.
const MOST: u32 = 10;

/// In which time.
const WINDOW: Duration = Duration::from_secs(60);

/// Where to ask.
#[derive(Clone)]
pub struct Requests(Arc<Parts>);

/// What is said to who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// It will be done.
    Taken(SyncRequest),
    /// They have asked too often.
    TooOften {
        /// How long until they may ask again.
        wait: Duration,
    },
}

impl Requests {
    /// Of what is reconciled with these parts.
    pub fn new(parts: Arc<Parts>) -> Self {
        Self(parts)
    }

    /// Asks for a look at the config repo, and makes this union due.
    ///
    /// # Errors
    /// The database is away.
    pub async fn ask(&self, by: &str, union: Option<&UnionName>) -> Result<Answer, Failure> {
        let Self(parts) = self;
        let asked = parts.database(parts.store.ask_to_sync(by, union, MOST, WINDOW)).await?;
        Ok(asked.map_or(Answer::TooOften { wait: WINDOW }, Answer::Taken))
    }
}
