//! What the daemon needs is away, at its start and in the middle: it says so, goes on when it is back, loses nothing.

use super::support::daemon::{Daemon, Told};
use super::support::devcluster::{self, DevCluster};
use super::support::door::Door;
use super::support::postgres::Server;
use super::support::site::Site;
use super::{KEYFORGE, path, union};

/// What readiness says of one dependency.
async fn dependency(daemon: &Daemon, name: &str) -> Option<String> {
    let (_, body) = daemon.get("/health/ready").await?;
    body["dependencies"][name]["status"].as_str().map(str::to_owned)
}

async fn dependency_is(daemon: &Daemon, name: &str, status: &str) {
    let is = || async { (dependency(daemon, name).await? == status).then_some(()) };
    daemon.until(&format!("the {name} is {status}"), is).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_api_server_that_is_away_is_waited_for_and_nothing_is_lost() {
    let cluster = DevCluster::start();
    let site = Site::on(&cluster, "away").await;
    let (first, second) = (site.union("first"), site.union("second"));
    site.commit("Found the union", &[("keyforge.yaml", KEYFORGE), (&path(&first), &union(&first))]);

    cluster.order("stop", "kube-apiserver");
    let daemon = Daemon::start(&site.told());
    dependency_is(&daemon, "cluster", "down").await;
    assert_eq!(daemon.get("/health/ready").await.expect("an answer").0, 503, "start-up is not complete");
    cluster.order("start", "kube-apiserver");
    daemon.union_is(&first, "current", None).await;

    cluster.order("stop", "kube-apiserver");
    let revision = site.commit("Found another", &[(&path(&second), &union(&second))]);
    dependency_is(&daemon, "cluster", "down").await;
    assert_eq!(daemon.get("/health/ready").await.expect("an answer").0, 200, "degraded, and says so");
    cluster.order("start", "kube-apiserver");
    daemon.union_is(&second, "current", Some(&revision)).await;
    dependency_is(&daemon, "cluster", "up").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_away_is_waited_for_and_nothing_is_lost() {
    let site = Site::new("nodb").await;
    let door = Door::to(&site.database.url).await;
    let told = Told { database: &door.url, ..site.told() };
    let (first, second) = (site.union("first"), site.union("second"));
    site.commit("Found the union", &[("keyforge.yaml", KEYFORGE), (&path(&first), &union(&first))]);

    let daemon = Daemon::start(&told);
    dependency_is(&daemon, "database", "down").await;
    assert_eq!(daemon.get("/health/ready").await.expect("an answer").0, 503, "start-up is not complete");
    door.open();
    daemon.union_is(&first, "current", None).await;

    door.shut();
    dependency_is(&daemon, "database", "down").await;
    let revision = site.commit("Found another", &[(&path(&second), &union(&second))]);
    assert_eq!(daemon.get("/health/ready").await.expect("an answer").0, 200, "degraded, and says so");
    door.open();
    daemon.union_is(&second, "current", Some(&revision)).await;
    assert_eq!(daemon.terminate(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_network_that_swallows_what_is_sent_to_the_database_counts_as_a_database_that_is_away() {
    let site = Site::new("swallowed").await;
    let door = Door::to(&site.database.url).await;
    door.open();
    let told = Told { database: &door.url, ..site.told() };
    let (first, second) = (site.union("first"), site.union("second"));
    site.commit("Found the union", &[("keyforge.yaml", KEYFORGE), (&path(&first), &union(&first))]);
    let limits = ["--database-statement-timeout", "1s", "--database-acquire-timeout", "1s"];
    let daemon = Daemon::start_with(&told, &limits);
    daemon.union_is(&first, "current", None).await;

    door.wall_up();
    let revision = site.commit("Found another", &[(&path(&second), &union(&second))]);
    dependency_is(&daemon, "database", "down").await;
    door.shut();
    door.open();
    daemon.union_is(&second, "current", Some(&revision)).await;
    assert_eq!(daemon.terminate(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_without_room_is_told_as_such_and_gone_on_with_once_there_is_some() {
    let server = Server::cramped(16);
    let site = Site::with(devcluster::shared(), server.database().await, "room");
    let unions: Vec<String> = (0..8).map(|n| site.union(&format!("u{n}"))).collect();
    site.commit("Found a union", &[("keyforge.yaml", KEYFORGE), (&path(&unions[0]), &union(&unions[0]))]);
    let daemon = Daemon::start(&site.told());
    daemon.union_is(&unions[0], "current", None).await;

    server.fill().await;
    let documents: Vec<(String, String)> = unions.iter().map(|name| (path(name), union(name))).collect();
    let files: Vec<(&str, &str)> =
        documents.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let revision = site.commit("Found the others", &files);
    let told = || async {
        let (status, body) = daemon.get("/health/ready").await?;
        assert_eq!(status, 200, "degraded, and says so");
        let why = body["dependencies"]["database"]["reason"].as_str()?;
        why.starts_with("the database has no room left").then_some(())
    };
    daemon.until("it says that there is no room", told).await;
    assert_eq!(
        daemon.union(&unions[0]).await.expect("an answer")["state"],
        "current",
        "what is known is shown"
    );

    server.clear().await;
    for name in &unions {
        daemon.union_is(name, "current", Some(&revision)).await;
    }
    dependency_is(&daemon, "database", "up").await;
    let unrecorded = "select count(*) from union_status where not exists (select from deployment \
                      where deployment.union_name = union_status.union_name and outcome = 'succeeded')";
    let mut connection = site.database.connection().await;
    let unrecorded: i64 = sqlx::query_scalar(unrecorded).fetch_one(&mut connection).await.expect("a number");
    assert_eq!(unrecorded, 0, "each rollout is recorded");
    assert_eq!(daemon.terminate(), Some(0));
}
