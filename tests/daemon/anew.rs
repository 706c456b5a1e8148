//! What a vault was before says nothing once its union let it go: another one begins under the same name.

use serde_json::Value;

use super::loss::{approve, fails};
use super::support::daemon::Daemon;
use super::support::devcluster::DevCluster;
use super::support::site::Site;
use super::tombstone::is_forgotten;
use super::vault::{chess, founded, settled};
use super::{KEYFORGE, path, union};

/// What is kept of our account: its address, its key, and by what its server knows it.
fn account(site: &Site, union: &str) -> [Value; 3] {
    let credentials = format!("union-{union}-credentials");
    let kept = site.kubectl(&["-n", &site.name, "get", "secret", &credentials, "-o", "json"]);
    let kept: Value = serde_json::from_str(&kept).expect("kubectl prints JSON");
    ["account-address", "account-user-key", "account-user-id"].map(|field| kept["data"][field].clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vault_that_was_lost_and_let_go_is_founded_anew_by_the_same_account() {
    let cluster = DevCluster::running();
    let (site, daemon, name) = founded(&cluster, "anew").await;
    settled(&daemon, &name, 1).await;
    let [address, key, user] = account(&site, &name);

    // With its namespace goes the volume. The credentials stay, and say that the account is registered.
    site.kubectl(&["delete", "namespace", &format!("union-{name}")]);
    let failed = fails(&daemon, &name, "data-missing: Namespace").await;
    approve(&site, &failed);
    daemon.union_is(&name, "current", None).await;
    settled(&daemon, &name, 1).await;
    let [same_address, same_key, another_user] = account(&site, &name);
    assert!(same_address == address && same_key == key, "the account is the same");
    assert!(another_user != user, "another server knows it");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_union_that_is_founded_again_after_its_end_has_a_vault_of_its_own() {
    let cluster = DevCluster::running();
    let site = Site::on(&cluster, "again").await;
    let (name, stays) = (site.union("acme"), site.union("stays"));
    let declared = format!("{}  deletion: {{policy: delete}}\n", union(&name));
    let society = chess(1);
    let (document, member) = (path(&name), format!("unions/{name}/societies/chess.yaml"));
    let files = [(document.as_str(), declared.as_str()), (member.as_str(), society.as_str())];
    site.commit("Found a union that stays", &[("keyforge.yaml", KEYFORGE), (&path(&stays), &union(&stays))]);
    site.commit("Found one with a society", &files);
    let daemon = Daemon::start_with(&site.told(), &["--reach", "port-forward"]);
    daemon.union_is(&name, "current", None).await;
    settled(&daemon, &name, 1).await;
    let [former, ..] = account(&site, &name);

    site.remove("Dissolve it", &[&name]);
    is_forgotten(&site, &daemon, &name).await;
    // Its admin token has the same number, its server the same domain, and this program knew the former one.
    site.commit("Found another one of its name", &files);
    daemon.union_is(&name, "current", None).await;
    settled(&daemon, &name, 1).await;
    let [address, ..] = account(&site, &name);
    assert!(address != former, "another account");
}
