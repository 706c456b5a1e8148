//! What is measured beside time: a process from the kernel's files, the API server from its own metrics.

use std::fs;
use std::ops::Sub;
use std::time::Duration;

use kube::Client;
use serde::Serialize;

/// Units of `/proc/<pid>/stat`, the same on every Linux.
const TICKS_PER_SECOND: u64 = 100;

/// Kinds of which a union consists; what controllers do with others is not counted.
const RESOURCES: [&str; 12] = [
    "configmaps",
    "deployments",
    "ingresses",
    "limitranges",
    "namespaces",
    "networkpolicies",
    "persistentvolumeclaims",
    "resourcequotas",
    "rolebindings",
    "secrets",
    "serviceaccounts",
    "services",
];

/// How much a process had at a moment, in KiB.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Memory(u64);

/// A running process.
pub(crate) struct Process(pub(crate) u32);

impl Process {
    /// The most memory that it had, in MiB.
    pub(crate) fn peak_memory(&self) -> u64 {
        self.kibibytes("VmHWM:") / 1024
    }

    /// How much more memory it had at most since [`Self::forget_peak`] than it had then, in MiB.
    pub(crate) fn more_memory(&self, before: Memory) -> f64 {
        self.kibibytes("VmHWM:").saturating_sub(before.0) as f64 / 1024.0
    }

    /// What it has; from now on the most is counted anew.
    pub(crate) fn forget_peak(&self) -> Memory {
        fs::write(format!("/proc/{}/clear_refs", self.0), "5").expect("it is ours");
        Memory(self.kibibytes("VmRSS:"))
    }

    fn kibibytes(&self, beginning: &str) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.0)).expect("it runs");
        let line = status.lines().find_map(|line| line.strip_prefix(beginning)).expect("Linux tells it");
        line.trim().trim_end_matches(" kB").parse().expect("a number")
    }

    /// Processor time so far.
    pub(crate) fn cpu(&self) -> Duration {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.0)).expect("it runs");
        // The name in parentheses may hold spaces; user and system time are the 12th and 13th field after it.
        let (_, fields) = stat.rsplit_once(')').expect("a name");
        let ticks: u64 = fields
            .split_whitespace()
            .skip(11)
            .take(2)
            .map(|field| field.parse::<u64>().expect("a number"))
            .sum();
        Duration::from_millis(ticks * 1000 / TICKS_PER_SECOND)
    }
}

/// Requests that the API server has answered, by what they cost it.
#[derive(Debug, Clone, Copy, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Requests {
    pub(crate) reads: u64,
    pub(crate) lists: u64,
    pub(crate) dry_runs: u64,
    pub(crate) writes: u64,
}

impl Requests {
    pub(crate) async fn of(client: &Client) -> Self {
        let request = http::Request::get("/metrics").body(Vec::new()).expect("a request");
        let text = client.request_text(request).await.expect("the server tells its metrics");
        let mut requests = Self::default();
        for line in text.lines().filter_map(|line| line.strip_prefix("apiserver_request_total{")) {
            let Some((labels, count)) = line.rsplit_once("} ") else { continue };
            let label = |name: &str| {
                let rest = labels.split(&format!("{name}=\"")).nth(1)?;
                rest.split('"').next()
            };
            if !label("resource").is_some_and(|resource| RESOURCES.contains(&resource))
                || label("subresource") != Some("")
            {
                continue;
            }
            let count = count.parse::<f64>().expect("a number") as u64;
            match (label("verb").unwrap_or_default(), label("dry_run").unwrap_or_default()) {
                ("GET", _) => requests.reads += count,
                ("LIST", _) => requests.lists += count,
                ("WATCH", _) => {}
                (_, "") => requests.writes += count,
                _ => requests.dry_runs += count,
            }
        }
        requests
    }
}

impl Sub for Requests {
    type Output = Self;

    fn sub(self, before: Self) -> Self {
        Self {
            reads: self.reads - before.reads,
            lists: self.lists - before.lists,
            dry_runs: self.dry_runs - before.dry_runs,
            writes: self.writes - before.writes,
        }
    }
}

/// The machine's load over the last minute.
pub(crate) fn load() -> String {
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    load.split(' ').next().unwrap_or_default().to_owned()
}
