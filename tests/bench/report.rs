//! What was measured, as a table and as JSON.

use std::fmt;
use std::fs;
use std::path::Path;
use std::time::Duration;

use serde::Serialize;

use crate::api::Api;
use crate::meter::{self, Requests};
use crate::offline::Offline;
use crate::turn::{BareTurn, DaemonTurn};
use crate::vault::Vault;
use crate::{LARGE, WINDOW};

/// What `bench.json` holds.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Report {
    unions: usize,
    load_before: String,
    load_after: String,
    /// What needs no cluster, by the size of the fleet.
    offline: Vec<Offline>,
    /// What is inside of a server.
    vault: Vault,
    /// What people wait for.
    api: Api,
    rounds: Vec<Round>,
    /// Of all rounds together.
    bare_objects_per_second: f64,
    daemon_objects_per_second: f64,
    kubectl_objects_per_second: f64,
    ratio: f64,
    peak_memory_mebibytes: u64,
    large: Large,
}

/// One turn of each.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Round {
    objects: usize,
    bare_seconds: f64,
    /// From the push until everything is applied.
    daemon_seconds: f64,
    /// From the push until everything is healthy.
    healthy_seconds: f64,
    /// From the push of one changed union until it is applied.
    change: Changes,
    peak_memory_mebibytes: u64,
}

/// Changes of one union each.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Changes {
    median_seconds: f64,
    slowest_seconds: f64,
}

/// The large fleet, which nobody changes for a while.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Large {
    unions: usize,
    window_seconds: f64,
    /// How often a union was looked at in the window.
    looks: i64,
    /// What the API server answered in the window.
    requests: Requests,
    /// What it answers in as much time without a daemon.
    idle: Requests,
    cpu_seconds: f64,
    change: Changes,
    peak_memory_mebibytes: u64,
}

impl Changes {
    fn of(sorted: &[Duration]) -> Self {
        let seconds = |taken: Option<&Duration>| taken.expect("there were some").as_secs_f64();
        Self {
            median_seconds: seconds(sorted.get(sorted.len() / 2)),
            slowest_seconds: seconds(sorted.last()),
        }
    }
}

impl Round {
    pub(crate) fn new(bare: &BareTurn, daemon: &DaemonTurn) -> Self {
        Self {
            objects: bare.objects,
            bare_seconds: bare.applied.as_secs_f64(),
            daemon_seconds: daemon.applied.as_secs_f64(),
            healthy_seconds: daemon.healthy.as_secs_f64(),
            change: Changes::of(&daemon.changes),
            peak_memory_mebibytes: daemon.memory,
        }
    }
}

impl Large {
    pub(crate) fn new(
        requests: Requests,
        idle: Requests,
        cpu: Duration,
        looks: i64,
        changes: &[Duration],
        memory: u64,
    ) -> Self {
        Self {
            unions: LARGE,
            window_seconds: WINDOW.as_secs_f64(),
            looks,
            requests,
            idle,
            cpu_seconds: cpu.as_secs_f64(),
            change: Changes::of(changes),
            peak_memory_mebibytes: memory,
        }
    }

    fn cpu_of_a_thousand(&self) -> f64 {
        self.cpu_seconds * 1000.0 / self.looks as f64
    }
}

impl Report {
    pub(crate) fn new(
        load_before: String,
        (offline, vault, api): (Vec<Offline>, Vault, Api),
        unions: usize,
        rounds: Vec<Round>,
        by_hand: &BareTurn,
        large: Large,
    ) -> Self {
        let objects = rounds.iter().map(|round| round.objects as f64).sum::<f64>();
        let bare = objects / rounds.iter().map(|round| round.bare_seconds).sum::<f64>();
        let daemon = objects / rounds.iter().map(|round| round.daemon_seconds).sum::<f64>();
        let memory = rounds.iter().map(|round| round.peak_memory_mebibytes).max();
        Self {
            unions,
            load_before,
            load_after: meter::load(),
            offline,
            vault,
            api,
            bare_objects_per_second: bare,
            daemon_objects_per_second: daemon,
            kubectl_objects_per_second: by_hand.objects as f64 / by_hand.applied.as_secs_f64(),
            ratio: daemon / bare,
            peak_memory_mebibytes: memory.unwrap_or_default(),
            rounds,
            large,
        }
    }

    /// Into `target/bench` of the checkout, wherever cargo builds.
    pub(crate) fn write(&self) {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/bench");
        fs::create_dir_all(&folder).expect("a folder");
        let text = serde_json::to_string_pretty(self).expect("it is plain data");
        fs::write(folder.join("bench.json"), text + "\n").expect("written");
    }
}

impl fmt::Display for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.2} s (at most {:.2} s)", self.median_seconds, self.slowest_seconds)
    }
}

impl fmt::Display for Round {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { objects, bare_seconds, daemon_seconds, healthy_seconds, change, peak_memory_mebibytes } =
            self;
        write!(
            f,
            "{objects} objects: bare loop {bare_seconds:.1} s, daemon {daemon_seconds:.1} s (healthy after \
             {healthy_seconds:.1} s, at most {peak_memory_mebibytes} MiB); one changed: {change}"
        )
    }
}

impl fmt::Display for Large {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (requests, idle) = (&self.requests, &self.idle);
        let rows = [
            ("large fleet, one changed, until applied", self.change.to_string(), ""),
            ("  most memory", format!("{} MiB", self.peak_memory_mebibytes), "goal 150 MiB"),
            (
                "  unchanged, writes (without a daemon)",
                format!("{} ({})", requests.writes, idle.writes),
                "goal 0",
            ),
            ("  unchanged, dry-runs", requests.dry_runs.to_string(), "goal 0"),
            ("  unchanged, reads (without a daemon)", format!("{} ({})", requests.reads, idle.reads), ""),
            ("  unchanged, lists (without a daemon)", format!("{} ({})", requests.lists, idle.lists), ""),
            (
                "  processor time of a thousand looks",
                format!("{:.2} s", self.cpu_of_a_thousand()),
                "goal 0.10 s",
            ),
        ];
        write_rows(f, rows)
    }
}

/// What, how it was seen, and the goal.
fn write_rows<const N: usize>(f: &mut fmt::Formatter<'_>, rows: [(&str, String, &str); N]) -> fmt::Result {
    rows.iter().try_for_each(|(what, seen, goal)| writeln!(f, "{what:<50} {seen:>22}  {goal}"))
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&Offline::table(&self.offline))?;
        f.write_str(&self.vault.table())?;
        f.write_str(&self.api.table())?;
        let large = &self.large;
        let slowest = self.rounds.iter().map(|round| round.change.median_seconds).fold(0.0, f64::max);
        let rows = [
            ("first rollout, bare loop of 8 in flight", format!("{:.0}/s", self.bare_objects_per_second), ""),
            (
                "first rollout, kubectl apply --server-side",
                format!("{:.0}/s", self.kubectl_objects_per_second),
                "",
            ),
            ("first rollout, daemon, from the push", format!("{:.0}/s", self.daemon_objects_per_second), ""),
            ("  of the bare loop", format!("{:.2}", self.ratio), "goal 0.80"),
            ("  most memory", format!("{} MiB", self.peak_memory_mebibytes), ""),
            ("  one changed, from the push until applied", format!("{slowest:.2} s"), "goal 1.00 s"),
        ];
        write_rows(f, rows)?;
        large.fmt(f)?;
        write!(
            f,
            "{} unions a turn, {} in the large fleet, unchanged for {:.0} s in {} looks; load of this machine before {}, \
             after {}",
            self.unions, large.unions, large.window_seconds, large.looks, self.load_before, self.load_after
        )
    }
}
