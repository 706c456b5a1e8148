//! `kill -9` at every write of a rollout, before the server sees it and after it did it: the next start converges,
//! nothing is leaked, nothing stays half-recorded.

use std::collections::BTreeSet;

use futures::StreamExt as _;
use serde_json::json;
use sqlx::Row as _;

use super::support::daemon::Daemon;
use super::support::gate::{Gate, Side, Written};
use super::support::site::Site;
use super::{KEYFORGE, path, union};

/// Crashes at once: enough to fill two cores.
const AT_ONCE: usize = 4;

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_at_any_write_of_a_rollout_leaves_nothing_leaked_and_nothing_half_recorded() {
    let writes = writes_of_a_rollout().await;
    assert!(writes > 10, "a rollout writes each of its objects: {writes}");
    let crashes = (1..=writes).flat_map(|write| [(write, Side::Before), (write, Side::After)]);
    futures::stream::iter(crashes)
        .map(|(write, side)| crash_at(write, side))
        .buffer_unordered(AT_ONCE)
        .collect::<()>()
        .await;
}

/// A site whose daemon runs, and no union yet; the gate between it and the server.
async fn ready(name: &str) -> (Site, Gate, Daemon) {
    let site = Site::new(name).await;
    let (gate, site) = site.behind_a_gate().await;
    site.commit("No union yet", &[("keyforge.yaml", KEYFORGE)]);
    let daemon = Daemon::start(&site.told());
    let started = || async { (daemon.get("/health/ready").await?.0 == 200).then_some(()) };
    daemon.until("it is ready", started).await;
    (site, gate, daemon)
}

async fn writes_of_a_rollout() -> usize {
    let (site, gate, daemon) = ready("whole").await;
    let done = || {
        let writes = gate.written();
        // Who was just let into the namespace may have to knock, sometimes more and sometimes less.
        let counts = |write: &&Written| {
            !write.what.contains("/leases") && write.status.is_some_and(|status| status.is_success())
        };
        writes.iter().filter(counts).count()
    };
    let before = done();
    let name = site.union("acme");
    site.commit("Found the union", &[(&path(&name), &union(&name))]);
    daemon.union_is(&name, "current", None).await;
    done() - before
}

async fn crash_at(write: usize, side: Side) {
    let place = format!("crash{write}{}", if side == Side::Before { "b" } else { "a" });
    let (site, gate, daemon) = ready(&place).await;
    let name = site.union("acme");
    gate.stop_at(write, side);
    let revision = site.commit("Found the union", &[(&path(&name), &union(&name))]);
    daemon
        .until(&format!("write {write} is reached ({side:?})"), || async { gate.is_stopped().then_some(()) })
        .await;
    daemon.kill();
    gate.pass();
    // The lease of the dead worker runs out; the test does not wait for it.
    let mut connection = site.database.connection().await;
    let expired =
        sqlx::query("update work set leased_until = clock_timestamp() where lease_holder is not null");
    expired.execute(&mut connection).await.expect("the table of work");

    let daemon = Daemon::start(&site.told());
    let found = daemon.union_is(&name, "current", Some(&revision)).await;
    assert_eq!(found["health"], "current", "{place}");

    let outcomes = "select outcome from deployment order by created_at";
    let rows = sqlx::query(outcomes).fetch_all(&mut connection).await.expect("the deployments");
    let outcomes: Vec<Option<String>> = rows.iter().map(|row| row.get(0)).collect();
    assert!(outcomes.iter().all(Option::is_some), "{place}: all are closed: {outcomes:?}");
    assert_eq!(outcomes.first().cloned().flatten().as_deref(), Some("interrupted"), "{place}: {outcomes:?}");

    let owned = sqlx::query("select kind, coalesce(namespace, ''), name, uid is not null from inventory");
    let owned = owned.fetch_all(&mut connection).await.expect("the inventory");
    let inventory: BTreeSet<(String, String, String)> =
        owned.iter().map(|row| (row.get(0), row.get(1), row.get(2))).collect();
    assert_eq!(inventory, labelled(&site), "{place}: the inventory is what carries our label");
}

/// What carries the installation's label, of the kinds that a union has.
fn labelled(site: &Site) -> BTreeSet<(String, String, String)> {
    let kinds = "namespace,quota,limitrange,serviceaccount,rolebinding,networkpolicy,configmap,secret,pvc,deployment,service,\
                 ingress";
    let selector = format!("keyforge.dev/installation={},keyforge.dev/union", site.name);
    let list = site.kubectl(&["get", kinds, "--all-namespaces", "-l", &selector, "-o", "json"]);
    let list: serde_json::Value = serde_json::from_str(&list).expect("kubectl prints JSON");
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let items = list["items"].as_array().unwrap_or(&Vec::new()).clone();
    assert_ne!(json!(items), json!([]));
    items
        .iter()
        .map(|item| {
            (text(&item["kind"]), text(&item["metadata"]["namespace"]), text(&item["metadata"]["name"]))
        })
        .collect()
}
