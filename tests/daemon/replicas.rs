//! Replicas on one database: each of three is killed in the middle of rollouts, in turn. The others take over what it
//! worked on, answer all the time, and no union is ever worked on twice at once: by the API server's own record, to which
//! each replica has a name.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;
use sqlx::{PgConnection, Row as _};
use tempfile::TempDir;

use super::support::clock::Clock;
use super::support::daemon::{Daemon, Told};
use super::support::devcluster;
use super::support::follower::Follower;
use super::support::gate::{Gate, Side, Written};
use super::support::site::Site;
use super::{KEYFORGE, path, union};

/// How many unions they share.
const UNIONS: usize = 8;

/// A daemon with a way to the API server that only it takes.
struct Replica {
    daemon: Daemon,
    gate: Gate,
    name: String,
    _folder: TempDir,
}

impl Replica {
    async fn start(site: &Site, number: usize) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let told = site.told();
        let (gate, kubeconfig) = Gate::open(told.kubeconfig, folder.path()).await;
        let name = format!("replica-{number}");
        gate.name(&name);
        let state = folder.path().join("state");
        let told = Told { kubeconfig: &kubeconfig, state: &state, ..told };
        // Two workers each: one replica alone cannot take all unions at once.
        let daemon = Daemon::start_with(&told, &["--workers=2"]);
        let ready = || async { (daemon.get("/health/ready").await?.0 == 200).then_some(()) };
        daemon.until("it is ready", ready).await;
        Self { daemon, gate, name, _folder: folder }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn three_replicas_that_are_killed_in_turn_lose_nothing_and_do_nothing_twice() {
    let site = Site::on(devcluster::equipped(), "replicas").await;
    let unions: Vec<String> = (0..UNIONS).map(|n| site.union(&format!("u{n}"))).collect();
    site.commit("No union yet", &[("keyforge.yaml", KEYFORGE)]);
    let mut replicas = Vec::new();
    for number in 0..3 {
        replicas.push(Replica::start(&site, number).await);
    }
    let urls = Arc::new(Mutex::new(replicas.iter().map(|r| r.daemon.url.clone()).collect::<Vec<_>>()));
    let client = Client::follow(Arc::clone(&urls));
    let mut connection = site.database.connection().await;

    for (victim, side, write) in [(0, Side::Before, 9), (1, Side::After, 3), (2, Side::Before, 4)] {
        let begin = Utc::now();
        let killed = replicas.remove(victim);
        killed.gate.stop_at(write, side);
        replicas.iter().for_each(|survivor| survivor.gate.hold(true));
        let revision = push(&site, &unions, victim + 1);

        let stopped = || async { killed.gate.is_stopped().then_some(()) };
        killed.daemon.until("its write is reached", stopped).await;
        let interrupted = killed.gate.stopped_at().and_then(|what| union_of(&site, &what)).expect("a union");
        killed.daemon.kill();
        replicas.iter().for_each(|survivor| survivor.gate.hold(false));
        expire_leases_beside(&mut connection, &interrupted).await;

        let survivor = &replicas[0].daemon;
        let done = async {
            for name in &unions {
                survivor.union_is(name, "current", Some(&revision)).await;
            }
        };
        tokio::select! {
            () = done => {}
            () = answers(&replicas) => {}
        }

        let wrote = recorded(&site, begin);
        let gates = replicas.iter().map(|replica| (&replica.gate, &replica.name));
        for (gate, name) in gates.chain([(&killed.gate, &killed.name)]) {
            let written = gate.written();
            let of_unions = |write: &&Written| union_of(&site, &write.what).is_some();
            let sent = written.iter().filter(|write| write.began > begin).filter(of_unions).count();
            let seen = wrote.iter().filter(|write| write.who == *name).count();
            assert_eq!(seen, sent, "the server has recorded all that {name} sent");
        }
        one_after_the_other(&wrote);
        let took_over = |write: &Recorded| write.union == interrupted && write.who != killed.name;
        assert!(wrote.iter().any(took_over), "{interrupted} was taken over");
        let writers: BTreeSet<&str> = wrote.iter().map(|write| write.who.as_str()).collect();
        assert!(writers.len() >= 2, "the work is shared");

        let replica = Replica::start(&site, victim + 3).await;
        urls.lock().expect("whole")[victim].clone_from(&replica.daemon.url);
        replicas.insert(victim, replica);
    }

    every_rollout_is_closed_under_a_later_lease(&mut connection).await;
    client.saw_everything(&mut connection).await;
}

/// The `n`th state of all unions.
fn push(site: &Site, unions: &[String], n: usize) -> String {
    let documents: Vec<(String, String)> = unions
        .iter()
        .map(|name| (path(name), format!("{}  rotation: {{adminToken: {n}}}\n", union(name))))
        .collect();
    let files: Vec<(&str, &str)> =
        documents.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    site.commit("Rotate everything", &files)
}

/// The leases of whoever works on this union run out; the test does not wait for it.
async fn expire_leases_beside(connection: &mut PgConnection, union: &str) {
    let expired = sqlx::query(
        "update work set leased_until = clock_timestamp()
        where lease_holder = (select lease_holder from work where union_name = $1)",
    );
    let expired = expired.bind(union).execute(connection).await.expect("the table of work");
    assert!(expired.rows_affected() >= 1, "the dead one held {union}");
}

/// Asks all of these until somebody else is done.
async fn answers(replicas: &[Replica]) {
    let mut tick = tokio::time::interval(Duration::from_millis(50));
    loop {
        tick.tick().await;
        for replica in replicas {
            for path in ["/health/ready", "/api/v1/unions"] {
                let answer = replica.daemon.get(path).await;
                let status = answer.as_ref().map(|(status, _)| *status);
                assert_eq!(status, Some(200), "{path}: {answer:?}\n{}", replica.daemon.log());
            }
        }
    }
}

/// The union that a write is about.
fn union_of(site: &Site, what: &str) -> Option<String> {
    let (_, rest) = what.split_once(&format!("union-{}", site.union("")))?;
    let name: String = rest.chars().take_while(char::is_ascii_alphanumeric).collect();
    Some(site.union(&name))
}

/// A write for a union, as the API server recorded it.
#[derive(Debug)]
struct Recorded {
    union: String,
    who: String,
    /// When the server received it, and when it had answered.
    began: DateTime<Utc>,
    ended: DateTime<Utc>,
}

/// What replicas wrote for this site's unions since then. A dry-run is none.
fn recorded(site: &Site, since: DateTime<Utc>) -> Vec<Recorded> {
    let log = devcluster::equipped().audit();
    let events = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let of_replicas = events.filter_map(|event| {
        let uri = event["requestURI"].as_str()?;
        let who = event["userAgent"].as_str().filter(|who| who.starts_with("replica-"))?;
        let what = format!("{uri} {}", event["objectRef"]["name"].as_str().unwrap_or_default());
        let time = |field: &str| event[field].as_str().and_then(|text| text.parse::<DateTime<Utc>>().ok());
        (event["stage"] == "ResponseComplete" && !uri.contains("dryRun=")).then_some(())?;
        Some(Recorded {
            union: union_of(site, &what)?,
            who: who.to_owned(),
            began: time("requestReceivedTimestamp")?,
            ended: time("stageTimestamp")?,
        })
    });
    of_replicas.filter(|write| write.began > since).collect()
}

/// Of no union two writes at once; and who lost a union to another one does not come back to it.
fn one_after_the_other(wrote: &[Recorded]) {
    let mut of_unions: BTreeMap<&str, Vec<&Recorded>> = BTreeMap::new();
    for write in wrote {
        of_unions.entry(&write.union).or_default().push(write);
    }
    for (union, mut writes) in of_unions {
        writes.sort_by_key(|write| write.began);
        for pair in writes.windows(2) {
            assert!(pair[0].ended <= pair[1].began, "{union}: two writes at once: {pair:?}");
        }
        let mut writers: Vec<&str> = writes.iter().map(|write| write.who.as_str()).collect();
        writers.dedup();
        let different: BTreeSet<&str> = writers.iter().copied().collect();
        assert_eq!(writers.len(), different.len(), "{union}: {writers:?}");
    }
}

/// By the clock: nothing of the table is changed by hand.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_dead_replica_worked_on_is_taken_over_when_its_lease_ends_and_not_before() {
    let site = Site::new("lease").await;
    let mut clock = Clock::of(&site.database).await;
    site.commit("No union yet", &[("keyforge.yaml", KEYFORGE)]);
    let (first, second) = (site.union("first"), site.union("second"));
    let dies = Replica::start(&site, 0).await;
    dies.gate.stop_at(5, Side::Before);
    site.commit("Found one", &[(&path(&first), &union(&first))]);
    let stopped = || async { dies.gate.is_stopped().then_some(()) };
    dies.daemon.until("its write is reached", stopped).await;
    let survives = Replica::start(&site, 1).await;
    dies.daemon.kill();
    let killed = Utc::now();

    let ends = sqlx::query_scalar::<_, DateTime<Utc>>("select leased_until from work where union_name = $1");
    let mut connection = site.database.connection().await;
    let ends = ends.bind(&first).fetch_one(&mut connection).await.expect("it is leased");
    assert!(ends <= killed + TimeDelta::seconds(60), "a lease is a minute at most");

    clock.set(ends - TimeDelta::seconds(30)).await;
    let revision = site.commit("Found another", &[(&path(&second), &union(&second))]);
    survives.daemon.union_is(&second, "current", Some(&revision)).await;
    let of_first = || {
        let written = survives.gate.written();
        written.iter().filter(|write| write.what.contains(&format!("union-{first}"))).count()
    };
    assert_eq!(of_first(), 0, "the dead one's lease is not over");

    clock.set(ends).await;
    survives.daemon.union_is(&first, "current", Some(&revision)).await;
    assert!(of_first() > 0, "it was taken over");
}

async fn every_rollout_is_closed_under_a_later_lease(connection: &mut PgConnection) {
    let rows = "select union_name, fencing_token, outcome from deployment order by created_at";
    let rows = sqlx::query(rows).fetch_all(connection).await.expect("the deployments");
    let mut of_unions: BTreeMap<String, Vec<(i64, Option<String>)>> = BTreeMap::new();
    for row in &rows {
        of_unions.entry(row.get(0)).or_default().push((row.get(1), row.get(2)));
    }
    assert_eq!(of_unions.len(), UNIONS);
    for (union, deployments) in &of_unions {
        assert!(deployments.is_sorted_by(|one, next| one.0 < next.0), "{union}: {deployments:?}");
        let ended =
            |how: &str| deployments.iter().filter(|(_, outcome)| outcome.as_deref() == Some(how)).count();
        let (succeeded, interrupted) = (ended("succeeded"), ended("interrupted"));
        assert_eq!(succeeded, 3, "each state was rolled out: {union}: {deployments:?}");
        assert_eq!(succeeded + interrupted, deployments.len(), "{union}: {deployments:?}");
    }
    let interrupted = rows.iter().filter(|row| row.get::<Option<&str>, _>(2) == Some("interrupted")).count();
    assert!(interrupted >= 3, "one at least in each turn: {interrupted}");
}

/// Follows the events at one replica, and goes on at the next when that one dies.
struct Client {
    seen: Arc<Mutex<Vec<i64>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Client {
    fn follow(urls: Arc<Mutex<Vec<String>>>) -> Self {
        let seen: Arc<Mutex<Vec<i64>>> = Arc::default();
        let kept = Arc::clone(&seen);
        let task = tokio::spawn(async move {
            let (mut place, mut replica) = ("0-0".to_owned(), 0);
            loop {
                let url = urls.lock().expect("whole")[replica % 3].clone();
                if let Some(mut follower) = Follower::open(&url, Some(&place)).await {
                    while let Some(event) = follower.next().await {
                        assert_ne!(event.event, "reset");
                        kept.lock().expect("whole").push(event.number());
                        place = event.id;
                    }
                }
                replica += 1;
            }
        });
        Self { seen, task }
    }

    /// Everything that happened, once, in order.
    async fn saw_everything(self, connection: &mut PgConnection) {
        let connection = tokio::sync::Mutex::new(connection);
        let look = || async {
            let events = sqlx::query_scalar("select event_id from event order by event_id");
            let events: Vec<i64> =
                events.fetch_all(&mut **connection.lock().await).await.expect("the events");
            (*self.seen.lock().expect("whole") == events).then_some(events.len())
        };
        let events = super::support::daemon::until(look).await;
        assert!(!self.task.is_finished(), "the client goes on");
        self.task.abort();
        assert!(events.is_some_and(|events| events > 3 * UNIONS), "a gap or a double: {:?}", self.seen);
    }
}
