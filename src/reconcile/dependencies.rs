//! What the daemon needs and whether it answers: told by who calls it, read by readiness.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use tokio::sync::watch;

pub use crate::telemetry::System;

/// Whether the daemon is up, and what it misses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Readiness {
    /// Whether start-up is complete: database migrated, cluster reached, lease of the installation held.
    pub started: bool,
    /// What does not answer.
    pub down: BTreeMap<System, Down>,
}

/// An outside system that does not answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Down {
    /// Since when.
    pub since: DateTime<Utc>,
    /// In words for everybody.
    pub why: Cow<'static, str>,
    /// Until when it does not count that it answers somebody else.
    counts_from: Option<Instant>,
}

/// The one place where it is told. Clones tell into the same.
#[derive(Debug, Clone)]
pub struct Dependencies(Arc<watch::Sender<Readiness>>);

impl Dependencies {
    /// Nothing is known to be down, and start-up is not complete.
    pub fn new() -> Self {
        Self(Arc::new(watch::Sender::new(Readiness { started: false, down: BTreeMap::new() })))
    }

    /// Start-up is complete.
    pub fn started(&self) {
        self.0.send_if_modified(|readiness| !std::mem::replace(&mut readiness.started, true));
    }

    /// It answers.
    pub fn up(&self, system: System) {
        let back = self.0.send_if_modified(|readiness| {
            let down = readiness.down.get(&system);
            let counts = down.is_some_and(|down| down.counts_from.is_none_or(|from| Instant::now() >= from));
            counts && readiness.down.remove(&system).is_some()
        });
        match system {
            System::Clock if back => tracing::info!("this machine's clock and the database's agree again"),
            System::Audit if back => tracing::info!("the audit is vouched for again"),
            _ if back => tracing::info!("the {system} answers again"),
            _ => {}
        }
    }

    /// It does not answer. The first time is kept, and logged; but for the config repo, of which `source` knows more.
    pub fn down(&self, system: System, why: impl Into<Cow<'static, str>>) {
        self.put_down(system, why.into(), None);
    }

    /// It answers, and not all that is asked of it: that it does something else says nothing for this while.
    pub fn down_awhile(&self, system: System, why: impl Into<Cow<'static, str>>, awhile: Duration) {
        self.put_down(system, why.into(), Some(Instant::now() + awhile));
    }

    fn put_down(&self, system: System, why: Cow<'static, str>, counts_from: Option<Instant>) {
        let news = self.0.send_if_modified(|readiness| match readiness.down.get_mut(&system) {
            Some(down) => {
                down.why.clone_from(&why);
                down.counts_from = counts_from;
                false
            }
            None => {
                let down = Down { since: Utc::now(), why: why.clone(), counts_from };
                readiness.down.insert(system, down);
                true
            }
        });
        if news && system != System::Git {
            tracing::warn!("{why}");
        }
    }

    /// Since when it does not answer, if so.
    pub fn since(&self, system: System) -> Option<DateTime<Utc>> {
        self.0.borrow().down.get(&system).map(|down| down.since)
    }

    /// How it is now.
    pub fn readiness(&self) -> Readiness {
        self.0.borrow().clone()
    }
}

impl Default for Dependencies {
    fn default() -> Self {
        Self::new()
    }
}
