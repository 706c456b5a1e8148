//! What of a vault is lost or in the way, and how people get it back: nothing is taken for new, and a person decides.

use http::Method;
use keyforge::vaultwarden::crypto::{Checked, PublicKey};
use serde_json::json;

use super::approval::{approve, line};
use super::support::daemon::Daemon;
use super::support::gate::Gate;
use super::support::house::{House, kept};
use super::support::person::Person;
use super::support::porter::Manner;
use super::support::site::Site;
use super::vault::{chess, settled};
use super::{KEYFORGE, path, union};

const BO: &str = "bo@federation.example";

fn society(union: &str) -> String {
    format!("unions/{union}/societies/chess.yaml")
}

/// A union whose society has Magnus for a second owner, and goes at once when it is removed.
async fn owned(site: &Site, gate: &Gate, name: &str) -> (House, Daemon, Person, String) {
    let mut house = House::built(site, gate, name).await;
    let name = house.union.clone();
    site.commit(
        "Found a union",
        &[("keyforge.yaml", KEYFORGE), (&path(&name), &union(&name)), (&society(&name), &chess(1))],
    );
    let daemon = Daemon::start_with(&site.told(), &["--reach", "pod", "--resync-interval", "1s"]);
    house.open(site, &daemon, &[]).await;
    settled(&daemon, &name, 1).await;
    let magnus = Person::register(house.server(), "magnus@acme.example").await;
    let confirm = format!("role: owner, confirm: {{fingerprint: {}}}", magnus.phrase().as_str());
    let document = chess(1).replace("role: owner", &confirm) + "  deletion: {policy: delete}\n";
    site.commit("Say who Magnus is", &[(&society(&name), &document)]);
    let is_in = || async {
        let (_, society) = daemon.get(&format!("/api/v1/unions/{name}/societies/chess")).await?;
        let magnus = society["people"].as_array()?.iter().find(|person| person["role"] == "owner")?.clone();
        (magnus["state"] == "confirmed" && society["state"] == "current").then_some(())
    };
    daemon.until("Magnus is let in", is_in).await;
    (house, daemon, magnus, document)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_owner_lets_us_in_again_when_our_credentials_are_lost() {
    let (gate, site) = Site::new("vaultnocred").await.behind_a_gate().await;
    let (mut house, daemon, mut magnus, document) = owned(&site, &gate, "acme").await;
    let name = house.union.clone();
    let before = house.inside(&site).await;
    let former = kept(&site, &name, "account-address");
    assert_eq!(daemon.terminate(), Some(0));
    site.kubectl(&["-n", &site.name, "delete", "secret", &format!("union-{name}-credentials")]);
    let daemon = Daemon::start_with(&site.told(), &["--reach", "pod", "--resync-interval", "1s"]);
    let lost = || async {
        let union = daemon.union(&name).await?;
        let told = union["reason"].as_str()?.starts_with("credentials-lost");
        (union["state"] == "failed" && told).then(|| union["guards"][0]["approve"].clone())
    };
    let line = daemon.until("it is told what is lost", lost).await;

    // The pod restarts with the new token, which in this cluster is for the test to do.
    house.porter.is(Manner::Away);
    let hash = || site.object("secret", &name, "vaultwarden").map(|secret| secret["data"].clone());
    let old = hash();
    approve(&site, BO, line.as_str().expect("a line"));
    daemon.until("another token is drawn", || async { (hash() != old).then_some(()) }).await;
    house.reopen(&site, &[]);
    magnus.follow(house.server());
    house.porter.is(Manner::Open);
    let path = format!("/api/v1/unions/{name}/societies/chess");
    let ours = || async {
        let (_, society) = daemon.get(&path).await?;
        let told = society["findings"][0].as_str()?.to_owned();
        let (_, after) = told.split_once("invite ")?;
        (society["state"] == "blocked").then(|| after.split(' ').next().unwrap_or_default().to_owned())
    };
    let ours = daemon.until("it is told whom to invite", ours).await;
    assert_eq!(ours, kept(&site, &name, "account-address"));
    assert_ne!(ours, former);

    let id = magnus.get("/api/accounts/profile").await["organizations"][0]["id"].clone();
    let users = format!("/api/organizations/{}/users", id.as_str().expect("an id"));
    let invitation =
        json!({ "emails": [ours], "type": 0, "groups": [], "collections": [], "permissions": {} });
    magnus.send(Method::POST, &format!("{users}/invite"), &invitation).await;
    let members = magnus.get(&users).await;
    let member = members["data"].as_array().expect("a list").iter().find(|one| one["email"] == ours.as_str());
    let ids = json!({ "ids": [member.expect("invited")["id"]] });
    let keys = magnus.send(Method::POST, &format!("{users}/public-keys"), &ids).await;
    let key = PublicKey::from_base64(keys["data"][0]["key"].as_str().expect("a key")).expect("sound");
    let wrapped = Checked::wrapped(&key, &magnus.key().await).expect("opens");
    let confirm = json!({ "keys": [{ "id": ids["ids"][0], "key": wrapped }] });
    magnus.send(Method::POST, &format!("{users}/confirm"), &confirm).await;
    site.commit("Rotate", &[(&society(&name), &document.replace("rotation: 1", "rotation: 2"))]);
    let goes_on = || async {
        let (_, society) = daemon.get(&path).await?;
        (society["state"] == "current" && society["items"][0]["rotation"] == 2).then_some(())
    };
    daemon.until("we are in again", goes_on).await;
    assert_eq!(house.inside(&site).await, before, "nothing is there twice");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removed_society_in_which_people_keep_something_goes_once_somebody_approves_that() {
    let (gate, site) = Site::new("vaultheld").await.behind_a_gate().await;
    let (house, daemon, magnus, _) = owned(&site, &gate, "acme").await;
    let name = house.union.clone();
    let id = magnus.get("/api/accounts/profile").await["organizations"][0]["id"].clone();
    let sync = magnus.get("/api/sync").await;
    let title = Checked::text(&magnus.key().await, "the attic's key").expect("opens");
    let cipher = json!({ "type": 1, "organizationId": id, "name": title, "login": {} });
    let theirs = json!({ "cipher": cipher, "collectionIds": [sync["collections"][0]["id"]] });
    magnus.send(Method::POST, "/api/ciphers/create", &theirs).await;

    site.repo.change().remove(&society(&name)).push("Dissolve the society");
    approve(&site, BO, &line(&daemon, &name).await);
    let held = || async {
        let union = daemon.union(&name).await?;
        let guard =
            union["guards"].as_array()?.iter().find(|guard| guard["guard"] == "items-of-people")?.clone();
        (union["state"] == "awaiting-approval").then_some(guard)
    };
    let guard = daemon.until("it waits for who decides about it", held).await;
    assert!(
        guard["why"].as_str().is_some_and(|why| why.contains("holds what people made in it (1)")),
        "{guard:#}"
    );
    assert_eq!(house.inside(&site).await.items, 2, "the password and what Magnus made");
    approve(&site, BO, guard["approve"].as_str().expect("a line"));
    daemon.union_is(&name, "current", None).await;
    let gone = || async { house.inside(&site).await.societies.is_empty().then_some(()) };
    daemon.until("the society is gone", gone).await;
}
