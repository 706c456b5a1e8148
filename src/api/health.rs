//! Is the process alive, and is it of use?
//!
//! Ready means: start-up is complete and nobody asked for the end. What is missing beyond that is told in the body, since
//! a daemon without its database still shows that its database is away (decisions.md 1.15).

use super::{State, wire};
use crate::reconcile::dependencies::System;

/// Whether a probe succeeds, and what it is told.
pub(super) fn readiness(state: &State) -> (bool, wire::Readiness) {
    let now = state.dependencies.readiness();
    let status = if state.stopping.is_cancelled() {
        wire::ReadinessStatus::Stopping
    } else if !now.started {
        wire::ReadinessStatus::Starting
    } else if now.down.is_empty() {
        wire::ReadinessStatus::Ready
    } else {
        wire::ReadinessStatus::Degraded
    };
    let dependencies = System::ALL.into_iter().map(|system| {
        let down = now.down.get(&system);
        let dependency = wire::Dependency {
            status: if down.is_some() { wire::DependencyStatus::Down } else { wire::DependencyStatus::Up },
            since: down.map(|down| down.since),
            reason: down.map(|down| down.why.to_owned()),
        };
        (system.as_str().to_owned(), dependency)
    });
    let ready = matches!(status, wire::ReadinessStatus::Ready | wire::ReadinessStatus::Degraded);
    let version = env!("CARGO_PKG_VERSION").to_owned();
    (ready, wire::Readiness { status, version, dependencies: dependencies.collect() })
}
