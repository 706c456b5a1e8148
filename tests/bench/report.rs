//! What was measured, as a table and as JSON.

use std::fmt;
use std::fs;
use std::path::Path;
use std::time::Duration;

use serde::Serialize;

use crate::meter::{self, Requests};
use crate::offline::Offline;
use crate::turn::{BareTurn, DaemonTurn};
use crate::{UNIONS, WINDOW};

/// What `bench.json` holds.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Report {
    unions: usize,
    load_before: String,
    load_after: String,
    /// What needs no cluster, by the size of the fleet.
    offline: Vec<Offline>,
    rounds: Vec<Round>,
    /// Of all rounds together.
    bare_objects_per_second: f64,
    daemon_objects_per_second: f64,
    ratio: f64,
    peak_memory_mebibytes: u64,
    resync: Resync,
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
    peak_memory_mebibytes: u64,
}

/// The unchanged fleet.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Resync {
    window_seconds: f64,
    /// What the API server answered in the window.
    requests: Requests,
    /// What it answers in as much time without a daemon.
    idle: Requests,
    cpu_seconds: f64,
}

impl Round {
    pub(crate) fn new(bare: &BareTurn, daemon: &DaemonTurn) -> Self {
        Self {
            objects: bare.objects,
            bare_seconds: bare.applied.as_secs_f64(),
            daemon_seconds: daemon.applied.as_secs_f64(),
            healthy_seconds: daemon.healthy.as_secs_f64(),
            peak_memory_mebibytes: daemon.memory,
        }
    }
}

impl Resync {
    pub(crate) fn new(requests: Requests, idle: Requests, cpu: Duration) -> Self {
        Self { window_seconds: WINDOW.as_secs_f64(), requests, idle, cpu_seconds: cpu.as_secs_f64() }
    }
}

impl Report {
    pub(crate) fn new(
        load_before: String,
        offline: Vec<Offline>,
        rounds: Vec<Round>,
        resync: Resync,
    ) -> Self {
        let objects = rounds.iter().map(|round| round.objects as f64).sum::<f64>();
        let bare = objects / rounds.iter().map(|round| round.bare_seconds).sum::<f64>();
        let daemon = objects / rounds.iter().map(|round| round.daemon_seconds).sum::<f64>();
        Self {
            unions: UNIONS,
            load_before,
            load_after: meter::load(),
            offline,
            bare_objects_per_second: bare,
            daemon_objects_per_second: daemon,
            ratio: daemon / bare,
            peak_memory_mebibytes: rounds
                .iter()
                .map(|round| round.peak_memory_mebibytes)
                .max()
                .unwrap_or_default(),
            rounds,
            resync,
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

impl fmt::Display for Round {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { objects, bare_seconds, daemon_seconds, healthy_seconds, peak_memory_mebibytes } = self;
        write!(
            f,
            "{objects} objects: bare loop {bare_seconds:.1} s, daemon {daemon_seconds:.1} s (healthy after \
             {healthy_seconds:.1} s, at most {peak_memory_mebibytes} MiB)"
        )
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&Offline::table(&self.offline))?;
        let Resync { window_seconds, requests, idle, cpu_seconds } = &self.resync;
        let mut row = |what: &str, seen: String, goal: &str| writeln!(f, "{what:<58} {seen:>14}  {goal}");
        row("first rollout, bare loop of 8 in flight", format!("{:.0}/s", self.bare_objects_per_second), "")?;
        row("first rollout, daemon, from the push", format!("{:.0}/s", self.daemon_objects_per_second), "")?;
        row("  of the bare loop", format!("{:.2}", self.ratio), "goal 0.80")?;
        row("  most memory", format!("{} MiB", self.peak_memory_mebibytes), "")?;
        row(
            &format!("unchanged for {window_seconds:.0} s, writes"),
            format!("{}", requests.writes),
            "goal 0",
        )?;
        row("  as many without a daemon", format!("{}", idle.writes), "")?;
        row("  dry-runs", format!("{}", requests.dry_runs), "goal 0")?;
        row("  reads (without a daemon)", format!("{} ({})", requests.reads, idle.reads), "")?;
        row("  lists (without a daemon)", format!("{} ({})", requests.lists, idle.lists), "")?;
        row("  processor time of the daemon", format!("{cpu_seconds:.2} s"), "")?;
        write!(
            f,
            "{} unions a turn; load of this machine before {}, after {}",
            self.unions, self.load_before, self.load_after
        )
    }
}
