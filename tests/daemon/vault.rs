//! What becomes of societies inside of a server that runs: founded, filled, changed by Git, and the same after a restart.

use serde_json::{Value, json};

use super::support::daemon::Daemon;
use super::support::devcluster::DevCluster;
use super::support::site::Site;
use super::{KEYFORGE, path, union};

/// A society with somebody and something in it.
pub(super) fn chess(rotation: u32) -> String {
    format!(
        "apiVersion: keyforge.dev/v1\nkind: Society\nmetadata: {{name: chess}}\nspec:\n  displayName: Chess Society\n  \
         collections: [{{name: treasury}}]\n  members:\n    - {{email: magnus@acme.example, role: owner}}\n    - {{email: \
         vera@acme.example, role: member, collections: [{{name: treasury, access: write}}]}}\n  passwords:\n    - {{name: \
         bank, collection: treasury, username: chess, generate: {{rotation: {rotation}}}}}\n"
    )
}

/// The society, once it is as its document says.
pub(super) async fn settled(daemon: &Daemon, union: &str, rotation: u32) -> Value {
    let path = format!("/api/v1/unions/{union}/societies/chess");
    let found = daemon
        .until("the society is as its document says", || async {
            let (_, society) = daemon.get(&path).await?;
            let is_so = society["state"] == "current" && society["items"][0]["rotation"] == rotation;
            is_so.then_some(society)
        })
        .await;
    for member in found["people"].as_array().expect("a list") {
        assert_eq!((&member["state"], &member["actor"]), (&json!("invited"), &json!("member")), "{member}");
    }
    found
}

/// A union with the society in it, and its daemon.
pub(super) async fn founded(cluster: &DevCluster, site: &str) -> (Site, Daemon, String) {
    let site = Site::on(cluster, site).await;
    let name = site.union("acme");
    let (declared, society) = (union(&name), format!("unions/{name}/societies/chess.yaml"));
    site.commit(
        "Found a union and a society",
        &[("keyforge.yaml", KEYFORGE), (&path(&name), &declared), (&society, &chess(1))],
    );
    let daemon = Daemon::start_with(&site.told(), &["--reach", "port-forward"]);
    daemon.union_is(&name, "current", None).await;
    (site, daemon, name)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_society_of_the_documents_comes_to_be_inside_of_its_vault() {
    let cluster = DevCluster::running();
    let (site, daemon, name) = founded(&cluster, "inside").await;
    let society = format!("unions/{name}/societies/chess.yaml");
    let found = settled(&daemon, &name, 1).await;
    assert_eq!(found["collections"], json!(["general", "treasury"]));
    assert_eq!(found["members"], 2);

    let (_, deployments) = daemon.get(&format!("/api/v1/deployments?union={name}")).await.expect("an answer");
    let id = deployments["items"][0]["id"].as_str().expect("an id");
    let (_, events) =
        daemon.get(&format!("/api/v1/deployments/{id}/events?limit=100")).await.expect("an answer");
    let events = events["items"].as_array().expect("a list");
    let steps: Vec<&str> = events.iter().filter_map(|event| event["stage"].as_str()).collect();
    for step in ["applied", "database-ready", "vaultwarden-ready", "account-ready", "society", "verified"] {
        assert!(steps.contains(&step), "{step} is not in {steps:?}");
    }

    // Git draws another value; nothing else moves, also for a daemon that begins anew.
    let second = chess(2);
    site.commit("Rotate", &[(&society, &second)]);
    settled(&daemon, &name, 2).await;
    assert_eq!(daemon.terminate(), Some(0));
    let daemon = Daemon::start_with(&site.told(), &["--reach", "port-forward"]);
    daemon.union_is(&name, "current", None).await;
    let again = settled(&daemon, &name, 2).await;
    assert_eq!(again["members"], 2);
}
