//! Metrics in OpenMetrics' form: how long rollouts take, how outside systems answer, how many unions are how.
//!
//! What is counted where it happens is kept here; what the tables know (unions by state, the queue) is read at the
//! scrape, so that every replica tells the same.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

use crate::outcome::{Outcome, UnionState};

/// An outside system that Keyforge needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum System {
    /// PostgreSQL.
    Database,
    /// The API server.
    Cluster,
    /// The config repo.
    Git,
    /// This machine's clock, as far as the database's agrees with it.
    Clock,
    /// The unions' servers.
    VaultWarden,
    /// Where notifications go.
    Notifications,
    /// The audit, as far as somebody vouches for it.
    Audit,
}

impl System {
    /// Those without which the daemon itself does not work, or nobody hears of it.
    pub const ALL: [Self; 6] =
        [Self::Database, Self::Cluster, Self::Git, Self::Clock, Self::Notifications, Self::Audit];

    /// The word for labels, logs and readiness.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Database => "database",
            Self::Cluster => "cluster",
            Self::Git => "git",
            Self::Clock => "clock",
            Self::VaultWarden => "vaultwarden",
            Self::Notifications => "notifications",
            Self::Audit => "audit",
        }
    }
}

impl std::fmt::Display for System {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StatusLabel {
    status: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StateLabel {
    state: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CallLabels {
    system: &'static str,
    call: &'static str,
    result: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct MessageLabels {
    kind: &'static str,
    result: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct DenialLabel {
    code: &'static str,
}

/// What is counted. Clones count into the same.
#[derive(Clone)]
pub struct Metrics {
    inner: Arc<Inner>,
}

struct Inner {
    registry: Registry,
    provisioning: Family<StatusLabel, Histogram>,
    commit_to_applied: Histogram,
    calls: Family<CallLabels, Histogram>,
    messages: Family<MessageLabels, Counter>,
    denied: Family<DenialLabel, Counter>,
    failed_log_ins: Counter,
    unions: Family<StateLabel, Gauge>,
    queued: Gauge,
    overdue: Gauge<f64, std::sync::atomic::AtomicU64>,
}

/// What the tables say at the moment of a scrape.
#[derive(Debug, Clone, Default)]
pub struct Scrape {
    /// How many unions are in each state.
    pub unions: BTreeMap<UnionState, u64>,
    /// How many unions are due now.
    pub due: u64,
    /// How long the one that waits longest has been due.
    pub oldest: Duration,
}

impl Metrics {
    /// Everything at zero.
    pub fn new() -> Self {
        let mut registry = Registry::with_prefix("keyforge");
        let rollouts = || Histogram::new(exponential_buckets(0.05, 2.0, 15));
        let provisioning = Family::<StatusLabel, Histogram>::new_with_constructor(rollouts);
        let commit_to_applied = rollouts();
        let calls = Family::<CallLabels, Histogram>::new_with_constructor(|| {
            Histogram::new(exponential_buckets(0.001, 2.0, 14))
        });
        let messages = Family::<MessageLabels, Counter>::default();
        let (denied, failed_log_ins) = (Family::<DenialLabel, Counter>::default(), Counter::default());
        let (unions, queued, overdue) =
            (Family::<StateLabel, Gauge>::default(), Gauge::default(), Gauge::default());
        registry.register(
            "build",
            "Version of this program",
            Info::new([("version", env!("CARGO_PKG_VERSION"))]),
        );
        registry.register_with_unit(
            "provisioning_duration",
            "From the opening of a deployment to its end, by outcome",
            Unit::Seconds,
            provisioning.clone(),
        );
        registry.register_with_unit(
            "commit_to_applied",
            "From a commit to its state being applied and healthy",
            Unit::Seconds,
            commit_to_applied.clone(),
        );
        registry.register_with_unit(
            "call_duration",
            "Calls of outside systems, by result",
            Unit::Seconds,
            calls.clone(),
        );
        registry.register(
            "notifications",
            "Attempts to send a message of a notification, by kind of place and result",
            messages.clone(),
        );
        registry.register(
            "denied_requests",
            "Requests to the API that were not let through, by code of the answer",
            denied.clone(),
        );
        registry.register(
            "failed_log_ins",
            "Keys, tokens and ways back from the identity provider that did not count",
            failed_log_ins.clone(),
        );
        registry.register("unions", "Unions by state", unions.clone());
        registry.register("due_unions", "Unions that are due and not worked on", queued.clone());
        registry.register_with_unit(
            "due_oldest",
            "How long the oldest of them is due",
            Unit::Seconds,
            overdue.clone(),
        );
        let inner = Inner {
            registry,
            provisioning,
            commit_to_applied,
            calls,
            messages,
            denied,
            failed_log_ins,
            unions,
            queued,
            overdue,
        };
        Self { inner: Arc::new(inner) }
    }

    /// A call of an outside system has ended.
    pub fn called(&self, system: System, call: &'static str, succeeded: bool, took: Duration) {
        let labels =
            CallLabels { system: system.as_str(), call, result: if succeeded { "ok" } else { "error" } };
        self.inner.calls.get_or_create(&labels).observe(took.as_secs_f64());
    }

    /// A deployment has ended; `since_commit` is told where it succeeded for a push.
    pub fn closed(&self, outcome: Outcome, took: Duration, since_commit: Option<Duration>) {
        self.inner
            .provisioning
            .get_or_create(&StatusLabel { status: outcome.as_str() })
            .observe(took.as_secs_f64());
        if let Some(since) = since_commit {
            self.inner.commit_to_applied.observe(since.as_secs_f64());
        }
    }

    /// It was tried to send a message to such a place: `sent`, `failed`, and `given-up` for the last time.
    pub fn told(&self, kind: &'static str, result: &'static str) {
        self.inner.messages.get_or_create(&MessageLabels { kind, result }).inc();
    }

    /// A request was not let through.
    pub fn denied(&self, code: &'static str) {
        self.inner.denied.get_or_create(&DenialLabel { code }).inc();
    }

    /// Somebody said who they are, and it did not count.
    pub fn log_in_failed(&self) {
        self.inner.failed_log_ins.inc();
    }

    /// The text for a scraper; its content type is [`Metrics::CONTENT_TYPE`].
    pub fn text(&self, scrape: &Scrape) -> String {
        let inner = &self.inner;
        for state in UnionState::ALL {
            let count = scrape.unions.get(state).copied().unwrap_or_default();
            let gauge = inner.unions.get_or_create(&StateLabel { state: state.as_str() });
            gauge.set(i64::try_from(count).unwrap_or(i64::MAX));
        }
        inner.queued.set(i64::try_from(scrape.due).unwrap_or(i64::MAX));
        inner.overdue.set(scrape.oldest.as_secs_f64());
        let mut out = String::new();
        // Writing into a string fails only where a metric's own encoder does, and ours are the library's.
        let _ = text::encode(&mut out, &inner.registry);
        out
    }

    /// What OpenMetrics is called on the wire.
    pub const CONTENT_TYPE: &'static str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_has_the_names_that_dashboards_rely_on() {
        let metrics = Metrics::new();
        metrics.closed(Outcome::Succeeded, Duration::from_secs(2), Some(Duration::from_secs(3)));
        metrics.called(System::Git, "fetch", false, Duration::from_millis(5));
        metrics.told("slack", "sent");
        let scrape = Scrape {
            unions: BTreeMap::from([(UnionState::Held, 2)]),
            due: 1,
            oldest: Duration::from_secs(4),
        };
        let text = metrics.text(&scrape);
        for line in [
            "keyforge_provisioning_duration_seconds_count{status=\"succeeded\"} 1",
            "keyforge_commit_to_applied_seconds_sum 3.0",
            "keyforge_call_duration_seconds_count{system=\"git\",call=\"fetch\",result=\"error\"} 1",
            "keyforge_notifications_total{kind=\"slack\",result=\"sent\"} 1",
            "keyforge_unions{state=\"held\"} 2",
            "keyforge_unions{state=\"current\"} 0",
            "keyforge_due_unions 1",
            "keyforge_due_oldest_seconds 4.0",
            "# EOF",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
        }
    }
}
