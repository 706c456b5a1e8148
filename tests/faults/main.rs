//! Convergence as a property that is proved by breaking things: `make faults SEEDS="3 17"` or `SEEDS=1..50`.
//!
//! ```text
//! seed → schedule (pure) ─┐
//! fleet of 20 unions ─────┼→ scene: three daemons on one database, a real cluster, PostgreSQL, a config repo
//!                         └→ step by step, then: converged? → verdict
//! ```
//!
//! Each seed has a database, a config repo and names of unions of its own, so it can be run again alone. One cluster and
//! one PostgreSQL serve all seeds of a run, one after the other.

#![expect(clippy::print_stderr, reason = "people wait for it")]

mod converged;
mod fleet;
mod history;
mod replica;
mod scene;
mod schedule;
#[path = "../support/mod.rs"]
mod support;
mod verdict;

use std::panic::AssertUnwindSafe;
use std::time::Instant;

use futures::FutureExt as _;

use history::History;
use scene::Scene;
use schedule::Schedule;
use support::devcluster::DevCluster;
use support::postgres::Server;

/// What runs where nobody asks for other seeds.
const SEEDS: &str = "3 4 7";

#[tokio::test(flavor = "multi_thread")]
async fn whatever_breaks_the_fleet_converges_and_nothing_is_lost_doubled_or_told() {
    let (cluster, server) = (DevCluster::welcoming(), Server::start());
    let mut failed = Vec::new();
    for seed in seeds(&wanted()) {
        let started = Instant::now();
        let schedule = Schedule::of(seed);
        eprintln!("seed {seed}");
        let wrong = play(&cluster, &server, &schedule).await;
        let seconds = started.elapsed().as_secs();
        if wrong.is_empty() {
            eprintln!("seed {seed}: nothing is wrong, {seconds} s");
            continue;
        }
        eprintln!(
            "seed {seed}: failed after {seconds} s\n{schedule}{}\nto see it again: make faults SEEDS={seed}",
            wrong.join("\n")
        );
        failed.push(seed.to_string());
    }
    assert!(failed.is_empty(), "to see it again: make faults SEEDS=\"{}\"", failed.join(" "));
}

/// Plays a schedule on a scene of its own: what is wrong in the end.
async fn play(cluster: &DevCluster, server: &Server, schedule: &Schedule) -> Vec<String> {
    let mut scene = Scene::set(cluster, server, schedule.seed).await;
    // A step that cannot be done ends its seed, not the others.
    let wrong = AssertUnwindSafe(act(&mut scene, schedule)).catch_unwind().await;
    let mut wrong = wrong.unwrap_or_else(|_| vec!["a step could not be done; see above".to_owned()]);
    if wrong.is_empty() {
        scene.clear();
    } else {
        wrong.push(format!("logs and database: {}", scene.keep_logs(schedule.seed).display()));
    }
    wrong
}

async fn act(scene: &mut Scene<'_>, schedule: &Schedule) -> Vec<String> {
    let mut phase = Phase::begin();
    if let Err(wrong) = scene.until_right(async || converged::what_is_not(scene).await).await {
        return wrong;
    }
    phase.ended("founded");
    let mut history = History::default();
    for step in &schedule.steps {
        scene.step(step).await;
        let lost = history.look(scene).await;
        if !lost.is_empty() {
            return lost;
        }
    }
    phase.ended("broken and mended");
    if let Err(wrong) = scene.until_right(async || converged::what_is_not(scene).await).await {
        return wrong;
    }
    phase.ended("converged");
    let mut wrong = history.look(scene).await;
    wrong.extend(verdict::what_is_wrong(scene).await);
    phase.ended("judged");
    wrong
}

/// Tells how long each part of a seed takes.
struct Phase(Instant);

impl Phase {
    fn begin() -> Self {
        Self(Instant::now())
    }

    fn ended(&mut self, what: &str) {
        eprintln!("  {what} after {:.1} s", self.0.elapsed().as_secs_f64());
        self.0 = Instant::now();
    }
}

#[expect(clippy::disallowed_methods, reason = "the one setting of the tests themselves")]
fn wanted() -> String {
    std::env::var("KEYFORGE_FAULT_SEEDS").unwrap_or_else(|_| SEEDS.to_owned())
}

/// Numbers and ranges, both ends included.
fn seeds(text: &str) -> Vec<u64> {
    let number = |text: &str| {
        text.parse::<u64>().unwrap_or_else(|_| panic!("`{text}` is no seed, as in `3 17` or `1..50`"))
    };
    let words = text.split_whitespace().flat_map(|word| match word.split_once("..") {
        Some((first, last)) => number(first)..=number(last),
        None => number(word)..=number(word),
    });
    words.collect()
}

#[test]
fn seeds_are_numbers_and_ranges() {
    assert_eq!(seeds("3 17 20..22"), [3, 17, 20, 21, 22]);
}
