//! Replicas that restart again and again while societies change: what a server counts is not used up, since what one has
//! learnt of it is there for the next.

use http::{Method, StatusCode};
use tempfile::TempDir;

use super::support::daemon::{Daemon, Told};
use super::support::house::House;
use super::support::site::Site;
use super::vault::{chess, settled};
use super::{KEYFORGE, path, union};

/// What each server allows, once and then not again for an hour.
const ONCE: [(&str, &str); 4] = [
    ("LOGIN_RATELIMIT_MAX_BURST", "1"),
    ("LOGIN_RATELIMIT_SECONDS", "3600"),
    ("ADMIN_RATELIMIT_MAX_BURST", "1"),
    ("ADMIN_RATELIMIT_SECONDS", "3600"),
];

fn start(site: &Site) -> (Daemon, TempDir) {
    let folder = tempfile::tempdir().expect("a folder");
    let state = folder.path().join("state");
    let told = Told { state: &state, ..site.told() };
    (Daemon::start_with(&told, &["--reach", "pod", "--workers", "1"]), folder)
}

#[tokio::test(flavor = "multi_thread")]
async fn three_replicas_that_restart_within_a_minute_take_one_log_in_of_each_kind() {
    let (gate, site) = Site::new("vaultreps").await.behind_a_gate().await;
    let mut houses = Vec::new();
    for name in ["one", "two", "three"] {
        houses.push(House::built(&site, &gate, name).await);
    }
    let commit = |rotation: u32, houses: &[House]| {
        let documents: Vec<(String, String)> = houses
            .iter()
            .flat_map(|House { union: name, .. }| {
                [(path(name), union(name)), (format!("unions/{name}/societies/chess.yaml"), chess(rotation))]
            })
            .chain([("keyforge.yaml".to_owned(), KEYFORGE.to_owned())])
            .collect();
        let files: Vec<(&str, &str)> =
            documents.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
        site.commit("Declare unions", &files);
    };
    commit(1, &houses);
    let mut replicas: Vec<(Daemon, TempDir)> = (0..3).map(|_| start(&site)).collect();
    for house in &mut houses {
        house.open(&site, &replicas[0].0, &ONCE).await;
    }
    for rotation in 1..=3 {
        for house in &houses {
            settled(&replicas[0].0, &house.union, rotation).await;
        }
        // One is killed, two end as they are told to; what they had in memory is gone.
        let mut ending = replicas.into_iter();
        ending.next().expect("three").0.kill();
        ending.for_each(|(daemon, _)| assert_eq!(daemon.terminate(), Some(0)));
        let mut connection = site.database.connection().await;
        let expired =
            sqlx::query("update work set leased_until = clock_timestamp() where lease_holder is not null");
        expired.execute(&mut connection).await.expect("the table of work");
        replicas = (0..3).map(|_| start(&site)).collect();
        commit(rotation + 1, &houses);
    }
    for house in &houses {
        settled(&replicas[0].0, &house.union, 4).await;
        let asked = house.porter.asked();
        let limited =
            asked.iter().filter(|asked| asked.status == Some(StatusCode::TOO_MANY_REQUESTS)).count();
        assert_eq!(limited, 0, "{asked:#?}");
        assert_eq!(house.porter.times(&Method::POST, "/admin"), 1, "{}", house.union);
    }
}
