//! What needs no cluster: the release program on a repository, each time a new process that knows nothing yet.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::fleet::Fleet;

/// How large the fleets are.
const SIZES: [usize; 3] = [100, 1_000, 10_000];

/// How often each is measured; the median counts.
const TIMES: usize = 5;

/// One fleet.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Offline {
    pub(crate) unions: usize,
    pub(crate) files: usize,
    /// All of it.
    pub(crate) validate_seconds: f64,
    /// One union changed.
    pub(crate) plan_seconds: f64,
}

impl Offline {
    /// Rows for people; the goals are those of 1,000 unions.
    pub(crate) fn table(measured: &[Self]) -> String {
        let row = |one: &Self| {
            let Self { unions, files, validate_seconds, plan_seconds } = one;
            let goal = if *unions == 1_000 { "goal 1.00 s" } else { "" };
            format!(
                "{:<50} {validate_seconds:>20.2} s  {goal}\n{:<50} {plan_seconds:>20.2} s  {goal}\n",
                format!("validate of {unions} unions, {files} files"),
                format!("plan of one changed union among {unions}"),
            )
        };
        measured.iter().map(row).collect()
    }
}

/// Measures each size.
pub(crate) fn measure() -> Vec<Offline> {
    SIZES.into_iter().map(one).collect()
}

fn one(unions: usize) -> Offline {
    let folder = tempfile::tempdir().expect("a folder");
    let fleet = Fleet::with("union", unions, 4, 10);
    fleet.import(folder.path());
    Offline {
        unions,
        files: fleet.len(),
        validate_seconds: median(|| run(folder.path(), &["validate", ".", "--revision", "HEAD"]))
            .as_secs_f64(),
        plan_seconds: median(|| run(folder.path(), &["plan"])).as_secs_f64(),
    }
}

fn median(measure: impl Fn() -> Duration) -> Duration {
    let mut taken: Vec<Duration> = (0..TIMES).map(|_| measure()).collect();
    taken.sort();
    taken[TIMES / 2]
}

fn run(folder: &Path, arguments: &[&str]) -> Duration {
    let mut keyforge = Command::new(env!("CARGO_BIN_EXE_keyforge"));
    keyforge.current_dir(folder).args(arguments).stdout(Stdio::null());
    let start = Instant::now();
    let status = keyforge.status().expect("keyforge runs");
    let taken = start.elapsed();
    assert!(status.success(), "{arguments:?}");
    taken
}
