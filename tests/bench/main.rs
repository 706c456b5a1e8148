//! `make bench`: the rows of design.md §10 that this version can measure, each against its peer on the same API server
//! in the same run. Prints a table and writes `target/bench/bench.json`.
//!
//! The release daemon and the bare loop take turns (bare, daemon, daemon, bare, …), so that a server that grows slower
//! with what it holds, or a noisy neighbour, meets both alike. The ratio is what counts; the absolute figures belong to
//! this machine and its load, which is printed with them. `cargo bench --bench fleet -- offline` measures only what needs
//! no cluster, `-- api` the API at ten thousand unions, `-- vault` what is inside of a server, `-- large` the fleet that nobody
//! changes, `-- 200` takes 200 unions a turn instead of 100.

#![expect(clippy::print_stdout, reason = "a table for people")]

mod api;
mod bare;
mod fleet;
mod meter;
mod offline;
mod report;
mod streams;
#[path = "../support/mod.rs"]
mod support;
mod turn;
mod vault;
#[path = "../vaultwarden/bench.rs"]
#[allow(dead_code, reason = "the tests use all of it")]
mod vaultwarden;

use std::path::Path;
use std::time::Duration;

use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use tokio::time::sleep;

use meter::Requests;
use offline::Offline;
use report::{Large, Report, Round};
use support::devcluster::DevCluster;
use turn::{BareTurn, Turn, bare_turn, daemon_turn, kubectl_turn};

/// Unions per turn, unless another number is given.
const UNIONS: usize = 100;
/// Unions that kubectl applies.
const BY_HAND: usize = 20;
/// Unions of the fleet that nobody changes.
const LARGE: usize = 1_000;
/// Pairs of turns.
const ROUNDS: usize = 3;
/// How long the unchanged fleet is watched.
const WINDOW: Duration = Duration::from_secs(30);
/// How often each unchanged union is looked at meanwhile, up to a quarter longer.
const RESYNC: &str = "10s";

#[tokio::main]
async fn main() {
    let load_before = meter::load();
    let only = |what: &str| std::env::args().any(|argument| argument == what);
    if only("vault") {
        return print!("{}", vault::measure().await.table());
    }
    if only("api") {
        return print!("{}", api::measure().await.table());
    }
    if only("large") {
        return print!("{}", large().await);
    }
    let offline = offline::measure();
    if only("offline") {
        return print!("{}", Offline::table(&offline));
    }
    let unions = std::env::args().find_map(|argument| argument.parse().ok()).unwrap_or(UNIONS);
    let (rounds, by_hand) = rollouts(unions).await;
    let large = large().await;
    let vault = vault::measure().await;
    let api = api::measure().await;
    let report = Report::new(load_before, (offline, vault, api), unions, rounds, &by_hand, large);
    println!("\n{report}");
    report.write();
}

/// Fresh fleets, by turns; and what kubectl takes.
async fn rollouts(unions: usize) -> (Vec<Round>, BareTurn) {
    let cluster = DevCluster::start();
    let client = connect(&cluster.kubeconfig).await;
    let mut rounds = Vec::new();
    for number in 0..ROUNDS {
        let (bare, daemon) = if number % 2 == 0 {
            let bare = bare_turn(&client, number, unions).await;
            (bare, daemon_turn(&cluster, &client, number, unions).await)
        } else {
            let daemon = daemon_turn(&cluster, &client, number, unions).await;
            (bare_turn(&client, number, unions).await, daemon)
        };
        let round = Round::new(&bare, &daemon);
        println!("{round}");
        rounds.push(round);
    }
    (rounds, kubectl_turn(&cluster, &client, BY_HAND).await)
}

/// A large fleet on a server of its own: what it costs while nobody changes it, and what one change takes.
async fn large() -> Large {
    let cluster = DevCluster::start();
    let client = connect(&cluster.kubeconfig).await;
    let turn = Turn::start(&cluster, "large", &["--resync-interval", RESYNC]).await;
    turn.roll_out(LARGE).await;
    turn::quiet(&client).await;
    let process = turn.process();
    let (requests, cpu, looks) = (Requests::of(&client).await, process.cpu(), turn.looks().await);
    sleep(WINDOW).await;
    let (requests, cpu) = (Requests::of(&client).await - requests, process.cpu() - cpu);
    let looks = turn.looks().await - looks;
    let changes = turn.change(LARGE).await;
    let memory = process.peak_memory();
    turn.end();
    let idle = Requests::of(&client).await;
    sleep(WINDOW).await;
    let idle = Requests::of(&client).await - idle;
    Large::new(requests, idle, cpu, looks, &changes, memory)
}

async fn connect(kubeconfig: &Path) -> Client {
    let kubeconfig = Kubeconfig::read_from(kubeconfig).expect("the cluster's kubeconfig");
    let config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await;
    Client::try_from(config.expect("a usable kubeconfig")).expect("a client")
}
