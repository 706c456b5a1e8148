//! `kill -9` at every write inside of a vault: the next start finishes, and nothing is there twice.

use super::support::daemon::Daemon;
use super::support::gate::Side;
use super::support::house::House;
use super::support::porter::Trap;
use super::support::site::Site;
use super::vault::{chess, settled};
use super::{KEYFORGE, path, union};

/// All of them at once: what stops in one vault keeps no other from its turn.
const FLAGS: [&str; 4] = ["--reach", "pod", "--workers", "64"];

fn found(site: &Site, unions: &[&str]) {
    let documents: Vec<(String, String)> = unions
        .iter()
        .flat_map(|name| {
            [(path(name), union(name)), (format!("unions/{name}/societies/chess.yaml"), chess(1))]
        })
        .collect();
    let files: Vec<(&str, &str)> =
        documents.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    site.commit("Found unions", &files);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_at_any_write_inside_of_a_vault_makes_nothing_twice() {
    let (gate, site) = Site::new("vaultkill").await.behind_a_gate().await;
    site.commit("No union yet", &[("keyforge.yaml", KEYFORGE)]);
    let daemon = Daemon::start_with(&site.told(), &FLAGS);
    let mut whole = House::built(&site, &gate, "whole").await;
    found(&site, &[&whole.union]);
    whole.open(&site, &daemon, &[]).await;
    settled(&daemon, &whole.union, 1).await;
    let (writes, inside) = (whole.porter.writes(), whole.inside(&site).await);
    assert!(writes >= 10, "an account, a society, its collections, people and passwords: {writes}");

    // Before a write everything is as after the one before it, but for what the daemon writes down in between.
    let after = (1..=writes).map(|write| (Trap::Write(write), Side::After));
    let noted = ["/api/organizations", "/users/invite", "/api/ciphers/create"];
    let before = noted.map(|end| (Trap::Path(end), Side::Before));
    let mut houses = Vec::new();
    for (number, (trap, side)) in after.chain(before).enumerate() {
        let house = House::built(&site, &gate, &format!("u{number}")).await;
        house.porter.stop_at(trap, side);
        houses.push(house);
    }
    let names: Vec<&str> = houses.iter().map(|house| house.union.as_str()).collect();
    found(&site, &names);
    for house in &mut houses {
        house.open(&site, &daemon, &[]).await;
    }
    for house in &houses {
        let stopped = || async { house.porter.stopped_at() };
        daemon.until(&format!("the write of `{}` is reached", house.union), stopped).await;
    }
    daemon.kill();
    houses.iter().for_each(|house| house.porter.let_go());
    // The leases of the dead worker run out; the test does not wait for it.
    let mut connection = site.database.connection().await;
    let expired =
        sqlx::query("update work set leased_until = clock_timestamp() where lease_holder is not null");
    expired.execute(&mut connection).await.expect("the table of work");

    let daemon = Daemon::start_with(&site.told(), &FLAGS);
    for house in &houses {
        settled(&daemon, &house.union, 1).await;
        assert_eq!(house.inside(&site).await, inside, "{}", house.union);
    }
    let open = "select count(*) from deployment where outcome is null";
    let open: i64 = sqlx::query_scalar(open).fetch_one(&mut connection).await.expect("the deployments");
    assert_eq!(open, 0, "all are closed");
}
