//! What the daemon needs and whether it answers: told by who calls it, read by readiness.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

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
        let back = self.0.send_if_modified(|readiness| readiness.down.remove(&system).is_some());
        match system {
            System::Clock if back => tracing::info!("this machine's clock and the database's agree again"),
            _ if back => tracing::info!("the {system} answers again"),
            _ => {}
        }
    }

    /// It does not answer. The first time is kept, and logged; but for the config repo, of which `source` knows more.
    pub fn down(&self, system: System, why: impl Into<Cow<'static, str>>) {
        let why = why.into();
        let news = self.0.send_if_modified(|readiness| match readiness.down.get_mut(&system) {
            Some(down) => {
                down.why.clone_from(&why);
                false
            }
            None => {
                readiness.down.insert(system, Down { since: Utc::now(), why: why.clone() });
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
