//! A society from its founding to its end: its collections, its policies, its people, and our own account in it.

use std::collections::{BTreeMap, BTreeSet};

use keyforge::digest::Digest;
use keyforge::plan::society::{Granted, MemberStatus, ObservedContent, ObservedKey};
use keyforge::spec::{CollectionRight, Role};
use keyforge::vaultwarden::Error;
use keyforge::vaultwarden::crypto::{Checked, PublicKey};
use reqwest::Method;
use serde_json::json;

use crate::bench::{Bench, Person, all, client, drawn};
use crate::founded::{bank, confirmed, founded, marker, place};

#[tokio::test]
async fn it_is_founded_with_a_marked_collection_and_looks_the_same_twice() {
    let bench = Bench::new().await;
    let (id, general) = founded(&bench).await;
    let society = bench.society().await;
    assert_eq!((society.id, society.title.as_str(), society.our_role), (id, "Chess Society", Role::Owner));
    assert!(society.key.is_some() && society.members.is_empty() && society.items.is_empty());
    assert_eq!(society.collections[0].title.as_deref(), Some("General"));
    assert_eq!(society.collections[0].marker, Some(marker("chess/general")));
    let treasury =
        bench.client.create_collection(id, &marker("chess/treasury"), "Treasury", &bench.fingerprints).await;
    let treasury = treasury.expect("made");
    bench
        .client
        .update_collection(id, treasury, &marker("chess/money"), "Money", &bench.fingerprints)
        .await
        .expect("renamed");
    bench.client.rename_society(id, "Chess").await.expect("renamed");
    bench.client.set_two_factor(id, true).await.expect("set");
    bench.client.set_min_length(id, Some(14)).await.expect("set");
    let society = bench.society().await;
    assert_eq!(society.title, "Chess");
    assert!(society.policies.two_factor);
    assert_eq!(society.policies.min_length, Some(14));
    let money = society.collections.iter().find(|collection| collection.id == treasury).expect("kept its id");
    assert_eq!((money.title.as_deref(), money.marker.clone()), (Some("Money"), Some(marker("chess/money"))));
    assert_eq!(bench.look().await.societies, [society], "nothing moved");
    bench.client.set_min_length(id, None).await.expect("set");
    bench.client.delete_collections(id, &[treasury]).await.expect("deleted");
    let society = bench.society().await;
    assert_eq!(society.policies.min_length, None);
    assert_eq!(society.collections.iter().map(|collection| collection.id).collect::<Vec<_>>(), [general]);
    bench.client.delete_society(id).await.expect("deleted");
    assert!(bench.look().await.societies.is_empty());
}

#[tokio::test]
async fn what_a_person_set_beside_a_policy_of_ours_stays() {
    let bench = Bench::new().await;
    let (id, _) = founded(&bench).await;
    let owner = confirmed(&bench, id, "owner@acme.example", Role::Owner).await;
    let path = format!("/api/organizations/{id}/policies");
    let generator = async || {
        let policies = owner.get(&path).await;
        let found = policies["data"].as_array().expect("a list").iter().find(|policy| policy["type"] == 2);
        let found = found.expect("it is there").clone();
        json!([found["enabled"], found["data"]])
    };
    let theirs = json!({ "policy": { "enabled": true, "data": { "useNumbers": true, "useUpper": null } } });
    owner.send(Method::PUT, &format!("{path}/2"), &theirs).await;
    bench.client.set_min_length(id, Some(14)).await.expect("set");
    let ours = json!({ "useNumbers": true, "useUpper": null, "minLength": 14 });
    assert_eq!(generator().await, json!([true, ours]));
    bench.client.set_min_length(id, None).await.expect("set");
    assert_eq!(generator().await, json!([true, { "useNumbers": true, "useUpper": null }]));
    owner.send(Method::PUT, &format!("{path}/2"), &json!({ "policy": { "enabled": false } })).await;
    bench.client.set_min_length(id, Some(14)).await.expect("set");
    bench.client.set_min_length(id, None).await.expect("set");
    assert_eq!(generator().await[0], json!(false));
}

#[tokio::test]
async fn a_member_is_invited_recognised_confirmed_and_reads_the_password() {
    let bench = Bench::new().await;
    let (id, general) = founded(&bench).await;
    bench
        .client
        .create_item(id, general, &place("acme/chess/bank"), &bank(), &bench.fingerprints)
        .await
        .expect("made");
    let granted =
        Granted { role: Role::Member, access: BTreeMap::from([(general, CollectionRight::ReadHidden)]) };
    all(bench.client.invite(id, &["ana@acme.example", "ben@acme.example"], &granted).await);
    let society = bench.society().await;
    let addresses: BTreeSet<&str> = society.members.iter().map(|member| member.address.as_str()).collect();
    assert_eq!(addresses, BTreeSet::from(["ana@acme.example", "ben@acme.example"]), "without ourselves");
    assert!(
        society.members.iter().all(|member| member.status == MemberStatus::Invited && member.key.is_none())
    );
    let ids: Vec<_> = society.members.iter().map(|member| member.id).collect();
    all(bench.client.reinvite(id, &ids).await);
    let ana = Person::register(&bench.server, "ana@acme.example").await;
    let society = bench.society().await;
    let member = society.members.iter().find(|member| member.address == ana.address).expect("listed");
    assert_eq!((member.status, member.role), (MemberStatus::Accepted, Role::Member));
    assert_eq!(member.access, granted.access);
    let key = member.key.expect("a key");
    assert_eq!(key.phrase, Digest::of(ana.phrase().as_str()), "what she reads in her client");
    let other = bench.client.confirm(id, &[(member.id, Digest::of("another key"))]).await.expect("answered");
    assert!(
        matches!(other[..], [Err(Error::Changed { .. })]),
        "a key that the plan did not see gets nothing"
    );
    all(bench.client.confirm(id, &[(member.id, key.digest)]).await);
    assert_eq!(ana.reads().await, "hunter2");
    let more = Granted { role: Role::Manager, access: BTreeMap::from([(general, CollectionRight::Manage)]) };
    bench.client.grant_member(id, member.id, &more).await.expect("given");
    all(bench.client.revoke(id, &ids).await);
    let society = bench.society().await;
    assert!(society.members.iter().all(|member| member.status == MemberStatus::Revoked));
    // What they are to have is said while they are still out.
    bench.client.grant_member(id, member.id, &granted).await.expect("given");
    let now = async || {
        let mut members = bench.society().await.members.into_iter();
        members.find(|now| now.id == member.id).expect("the same membership")
    };
    let out = now().await;
    assert_eq!((out.status, out.role, &out.access), (MemberStatus::Revoked, Role::Member, &granted.access));
    all(bench.client.restore(id, &[member.id]).await);
    let now = now().await;
    assert_eq!((now.status, now.role, &now.access), (MemberStatus::Confirmed, Role::Member, &granted.access));
    assert!(matches!(now.key, Some(ObservedKey { digest, .. }) if digest == key.digest));
    all(bench.client.delete_members(id, &ids).await);
    assert!(bench.society().await.members.is_empty());
}

#[tokio::test]
async fn who_is_refused_among_many_keeps_nobody_else_from_it() {
    let bench = Bench::new().await;
    let (id, _) = founded(&bench).await;
    let granted = Granted { role: Role::Member, access: BTreeMap::new() };
    let [ana, ben, cleo, dora] =
        ["ana@acme.example", "ben@acme.example", "cleo@acme.example", "dora@acme.example"];
    all(bench.client.invite(id, &[ben], &granted).await);
    // The server ends at Ben, who is there already, after Ana and before Cleo.
    all(bench.client.invite(id, &[ana, ben, cleo], &granted).await);
    let ours = bench.client.address().await;
    let each = bench.client.invite(id, &[&ours, dora], &granted).await.expect("answered");
    assert!(matches!(each[..], [Err(Error::Refused { .. }), Ok(())]), "{each:?}");
    let members = bench.society().await.members;
    let addresses: BTreeSet<&str> = members.iter().map(|member| member.address.as_str()).collect();
    assert_eq!(addresses, BTreeSet::from([ana, ben, cleo, dora]));
    let mut ids: Vec<_> = members.iter().map(|member| member.id).collect();
    all(bench.client.delete_members(id, &ids[..1]).await);
    ids.swap(0, 1);
    let each = bench.client.revoke(id, &ids).await.expect("answered");
    assert!(matches!(each[..], [Ok(()), Err(Error::Refused { .. }), Ok(()), Ok(())]), "{each:?}");
}

#[tokio::test]
async fn our_account_without_the_role_of_an_owner_says_so() {
    let bench = Bench::new().await;
    let (id, _) = founded(&bench).await;
    let owner = confirmed(&bench, id, "owner@acme.example", Role::Owner).await;
    let members = owner.get(&format!("/api/organizations/{id}/users")).await;
    let ours = members["data"]
        .as_array()
        .expect("a list")
        .iter()
        .find(|member| member["email"] != owner.address.as_str());
    let ours = ours.expect("we are listed")["id"].as_str().expect("an id").to_owned();
    let demoted = json!({ "type": 2, "collections": [], "groups": [], "permissions": {} });
    owner.send(Method::PUT, &format!("/api/organizations/{id}/users/{ours}"), &demoted).await;
    assert_eq!(bench.society().await.our_role, Role::Member);
    assert!(matches!(
        bench.client.rename_society(id, "x").await,
        Err(Error::Denied { .. } | Error::Refused { .. })
    ));
    owner.send(Method::DELETE, &format!("/api/organizations/{id}/users/{ours}"), &json!(null)).await;
    assert!(bench.look().await.societies.is_empty());
    assert!(matches!(
        bench.client.set_two_factor(id, true).await,
        Err(Error::Denied { .. } | Error::Refused { .. })
    ));
}

#[tokio::test]
async fn a_second_owner_lets_a_new_account_of_ours_in_when_the_former_one_is_lost() {
    let bench = Bench::new().await;
    let (id, general) = founded(&bench).await;
    bench
        .client
        .create_item(id, general, &place("acme/chess/bank"), &bank(), &bench.fingerprints)
        .await
        .expect("made");
    let owner = confirmed(&bench, id, "owner@acme.example", Role::Owner).await;
    // Its credentials are gone; what is drawn now is a stranger to the society.
    let drawn = drawn();
    let anew = client(&bench.server, &drawn);
    anew.bootstrap().await.expect("made");
    assert!(bench.look_by(&anew).await.societies.is_empty());
    let address = String::from_utf8(drawn["account-address"].expose().clone()).expect("text");
    let invitation =
        json!({ "emails": [address], "type": 0, "groups": [], "collections": [], "permissions": {} });
    owner.send(Method::POST, &format!("/api/organizations/{id}/users/invite"), &invitation).await;
    let members = owner.get(&format!("/api/organizations/{id}/users")).await;
    let member =
        members["data"].as_array().expect("a list").iter().find(|member| member["email"] == address.as_str());
    let member = member.expect("invited")["id"].clone();
    let path = format!("/api/organizations/{id}/users");
    let keys = owner.send(Method::POST, &format!("{path}/public-keys"), &json!({ "ids": [member] })).await;
    let key = PublicKey::from_base64(keys["data"][0]["key"].as_str().expect("a key")).expect("sound");
    let wrapped = Checked::wrapped(&key, &owner.key().await).expect("opens");
    let confirm = json!({ "keys": [{ "id": member, "key": wrapped }] });
    owner.send(Method::POST, &format!("{path}/confirm"), &confirm).await;
    let [society] = bench.look_by(&anew).await.societies.try_into().expect("it is in");
    assert_eq!((society.our_role, society.key.is_some(), society.items.len()), (Role::Owner, true, 1));
    assert!(
        matches!(&society.items[0].content, ObservedContent::Marked { .. }),
        "by the marker it is known again"
    );
}
