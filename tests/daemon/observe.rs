//! A daemon that only looks.

use super::support::daemon::Daemon;
use super::support::site::Site;
use super::{KEYFORGE, path, union};

#[tokio::test(flavor = "multi_thread")]
async fn who_observes_tells_what_would_be_done_and_leaves_nothing_in_the_cluster() {
    let site = Site::new("observe").await;
    let name = site.union("acme");
    site.commit("Found the union", &[("keyforge.yaml", KEYFORGE), (&path(&name), &union(&name))]);
    let daemon = Daemon::start_with(&site.told(), &["--observe"]);
    let namespace = format!("union-{name}");
    let planned = async || {
        let (status, plan) = daemon.get(&format!("/api/v1/unions/{name}/plan")).await?;
        let changes = plan["changes"].as_array().filter(|_| status == 200)?;
        let mut texts = changes.iter().filter_map(|change| change["text"].as_str().map(str::to_owned));
        texts.find(|text| text.contains(&format!("create Namespace {namespace}")))
    };
    daemon.until("the union is planned", planned).await;
    // Its own namespace, with a lease and a key, is what a daemon that works makes first.
    let made = site.kubectl(&["get", "namespace", &namespace, &site.name, "--ignore-not-found"]);
    assert_eq!(made, "");
    let (_, deployments) = daemon.get("/api/v1/deployments").await.expect("an answer");
    assert_eq!(deployments["items"], serde_json::json!([]));
    assert_eq!(daemon.terminate(), Some(0));
}
