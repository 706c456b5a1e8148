//! A society from its founding to its end: collections, passwords, members, as they are written and looked at again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use keyforge::digest::Digest;
use keyforge::ids::{CollectionId, ItemId, SocietyId};
use keyforge::names::SocietyName;
use keyforge::plan::society::{
    CollectionMarker, Granted, MemberStatus, ObservedContent, ObservedItem, ObservedKey, Origin, Place, Slot,
};
use keyforge::redacted::Redacted;
use keyforge::spec::{Alphabet, CollectionRight, Role};
use keyforge::vaultwarden::crypto::{Checked, PublicKey};
use keyforge::vaultwarden::{Error, Text, Writing};
use reqwest::Method;
use serde_json::json;

use crate::bench::{Bench, Person, client, client_by, cut, dial, drawn, keep, rubbish};

fn marker(text: &str) -> CollectionMarker {
    let (society, collection) = text.split_once('/').expect("two names");
    CollectionMarker { society: name(society), collection: collection.parse().expect("a name") }
}

fn name(text: &str) -> SocietyName {
    text.parse().expect("a name")
}

fn place(text: &str) -> Place {
    text.parse().expect("a place")
}

fn given(text: &str, origin: Origin) -> Writing {
    Writing { text: Text::Given(Redacted::new(text.to_owned())), origin }
}

fn document(text: &str) -> Writing {
    given(text, Origin::Document)
}

fn sealed(text: &str) -> Writing {
    given(text, Origin::Sealed { at: "2026-11-28T12:00:00Z".parse().expect("a time") })
}

fn bank() -> BTreeMap<Slot, Writing> {
    BTreeMap::from([
        (Slot::Title, document("Bank")),
        (Slot::Username, document("30114287")),
        (Slot::Uris, document("https://bank.example/login\nhttps://bank.example")),
        (Slot::Notes, document("Two signatories.")),
        (Slot::Value, sealed("hunter2")),
        (Slot::Totp, sealed("JBSWY3DPEHPK3PXP")),
        (Slot::Field("sort code".into()), document("12-34-56")),
        (Slot::Field("pin".into()), sealed("0000")),
    ])
}

async fn founded(bench: &Bench) -> (SocietyId, CollectionId) {
    let id = bench.client.found_society("Chess Society", "founded").await.expect("founded");
    let [first] = bench.society().await.collections.try_into().expect("its first collection");
    assert_eq!((first.title.as_deref(), first.marker), (Some("founded"), None));
    let general = marker("chess/general");
    let marked = bench.client.update_collection(id, first.id, &general, "General", &bench.fingerprints);
    marked.await.expect("marked");
    (id, first.id)
}

async fn item(bench: &Bench, id: ItemId) -> ObservedItem {
    bench.society().await.items.into_iter().find(|item| item.id == id).expect("it is there")
}

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
async fn a_password_is_written_whole_and_known_again_by_fingerprints() {
    let bench = Bench::new().await;
    let (id, general) = founded(&bench).await;
    let bank = place("acme/chess/bank");
    let made =
        bench.client.create_item(id, general, &bank, &self::bank(), &bench.fingerprints).await.expect("made");
    let seen = item(&bench, made).await;
    assert_eq!(seen.collections, BTreeSet::from([general]));
    let ObservedContent::Marked { marker, genuine, slots } = seen.content else {
        panic!("{:?}", seen.content)
    };
    assert!(genuine);
    assert_eq!(marker.place, bank);
    let fingerprint = |slot: Slot, text: &str| bench.fingerprints.fingerprint(&bank, &slot, text);
    assert_eq!(slots[&Slot::Value], fingerprint(Slot::Value, "hunter2"));
    assert_eq!(
        slots[&Slot::Uris],
        fingerprint(Slot::Uris, "https://bank.example/login\nhttps://bank.example")
    );
    assert_eq!(slots.len(), 8);
    let written: BTreeMap<_, _> =
        marker.slots.iter().map(|(slot, applied)| (slot.clone(), applied.fingerprint)).collect();
    assert_eq!(written, slots, "the marker tells what is there");
}

#[tokio::test]
async fn an_update_keeps_what_people_added_and_the_value_before() {
    let bench = Bench::new().await;
    let (id, general) = founded(&bench).await;
    let bank = place("acme/chess/bank");
    let made =
        bench.client.create_item(id, general, &bank, &self::bank(), &bench.fingerprints).await.expect("made");
    let owner = confirmed(&bench, id, "owner@acme.example", Role::Owner).await;
    let key = owner.key().await;
    let enc = |text: &str| json!(Checked::text(&key, text).expect("opens"));
    // What a client does when a person adds a field and a passkey, which Keyforge knows nothing of.
    let path = format!("/api/ciphers/{made}");
    let mut theirs = owner.get(&path).await;
    theirs["fields"]
        .as_array_mut()
        .expect("fields")
        .push(json!({ "type": 0, "name": enc("branch"), "value": enc("Oslo") }));
    let passkey = json!([{ "credentialId": enc("credential"), "rpName": enc("bank"), "creationDate": "2026-11-01T00:00:00Z" }]);
    theirs["login"]["fido2Credentials"] = passkey.clone();
    owner.send(Method::PUT, &path, &theirs).await;
    let seen = item(&bench, made).await;
    let ObservedContent::Marked { marker, .. } = &seen.content else { panic!("marked") };
    let mut carry = marker.slots.clone();
    carry.remove(&Slot::Value);
    carry.remove(&Slot::Notes);
    let drawn = Origin::Generated { rotation: 2, at: "2026-11-28T12:00:00Z".parse().expect("a time") };
    let write = BTreeMap::from([(
        Slot::Value,
        Writing { text: Text::Drawn(Alphabet::Safe { length: 20 }), origin: drawn },
    )]);
    let remove = BTreeSet::from([Slot::Notes]);
    let update =
        bench.client.update_item(id, made, &bank, seen.revised, &write, &remove, &carry, &bench.fingerprints);
    update.await.expect("written");
    let after = owner.get(&path).await;
    let open = |value: &serde_json::Value| {
        key.decrypt(&value.as_str().expect("a text").parse().expect("encrypted"))
            .expect("opens")
            .expose()
            .clone()
    };
    assert_eq!(open(&after["login"]["password"]).len(), 20);
    assert_eq!(open(&after["passwordHistory"][0]["password"]), "hunter2");
    assert_eq!(after["login"]["fido2Credentials"], passkey);
    assert!(after["notes"].is_null());
    let fields = after["fields"].as_array().expect("fields");
    assert!(fields.iter().any(|field| open(&field["name"]) == "branch" && open(&field["value"]) == "Oslo"));
    assert_eq!(fields.len(), 4, "two of ours, the marker, theirs");
    let ObservedContent::Marked { marker, slots, .. } = item(&bench, made).await.content else {
        panic!("marked")
    };
    assert_eq!(marker.slots[&Slot::Value].origin, drawn);
    assert_eq!(marker.slots[&Slot::Value].fingerprint, slots[&Slot::Value]);
    assert!(!marker.slots.contains_key(&Slot::Notes));
    // Somebody was faster: what was looked at before is not there any more.
    let late =
        bench.client.update_item(id, made, &bank, seen.revised, &write, &remove, &carry, &bench.fingerprints);
    assert!(matches!(late.await, Err(Error::Changed { .. })));
}

#[tokio::test]
async fn further_fields_of_a_written_name_stay_where_they_are_and_an_equal_value_is_no_former_one() {
    let bench = Bench::new().await;
    let (id, general) = founded(&bench).await;
    let bank = place("acme/chess/bank");
    let made =
        bench.client.create_item(id, general, &bank, &self::bank(), &bench.fingerprints).await.expect("made");
    let owner = confirmed(&bench, id, "owner@acme.example", Role::Owner).await;
    let key = owner.key().await;
    let enc = |text: &str| json!(Checked::text(&key, text).expect("opens"));
    let open = |value: &serde_json::Value| {
        let text = value.as_str().expect("a text").parse().expect("encrypted");
        key.decrypt(&text).expect("opens").expose().clone()
    };
    let path = format!("/api/ciphers/{made}");
    let told = |item: &serde_json::Value| -> Vec<String> {
        let fields = item["fields"].as_array().expect("fields").iter();
        let fields = fields.map(|field| (open(&field["name"]), open(&field["value"]), &field["type"]));
        let fields = fields.filter(|(name, ..)| name != "keyforge-id");
        fields.map(|(name, value, kind)| format!("{name}={value} ({kind})")).collect()
    };
    let mut theirs = owner.get(&path).await;
    let fields = theirs["fields"].as_array_mut().expect("fields");
    fields.push(json!({ "type": 0, "name": enc("pin"), "value": enc("of the door") }));
    owner.send(Method::PUT, &path, &theirs).await;
    let seen = item(&bench, made).await;
    let ObservedContent::Marked { marker, .. } = &seen.content else { panic!("marked") };
    let write =
        BTreeMap::from([(Slot::Value, sealed("hunter2")), (Slot::Field("pin".into()), sealed("1111"))]);
    let remove = BTreeSet::from([Slot::Field("sort code".into())]);
    let mut carry = marker.slots.clone();
    carry.retain(|slot, _| !write.contains_key(slot) && !remove.contains(slot));
    let update =
        bench.client.update_item(id, made, &bank, seen.revised, &write, &remove, &carry, &bench.fingerprints);
    update.await.expect("written");
    let after = owner.get(&path).await;
    assert_eq!(told(&after), ["pin=1111 (1)", "pin=of the door (0)"]);
    assert!(after["passwordHistory"].as_array().is_none_or(Vec::is_empty), "{}", after["passwordHistory"]);
}

#[tokio::test]
async fn a_renamed_password_keeps_its_value_under_its_new_place() {
    let bench = Bench::new().await;
    let (id, general) = founded(&bench).await;
    let (bank, giro) = (place("acme/chess/bank"), place("acme/chess/giro"));
    let made =
        bench.client.create_item(id, general, &bank, &self::bank(), &bench.fingerprints).await.expect("made");
    let seen = item(&bench, made).await;
    let write = BTreeMap::from([(Slot::Value, Writing { text: Text::Kept, origin: Origin::Document })]);
    let (none, empty) = (BTreeSet::new(), BTreeMap::new());
    let update =
        bench.client.update_item(id, made, &giro, seen.revised, &write, &none, &empty, &bench.fingerprints);
    update.await.expect("written");
    let ObservedContent::Marked { marker, slots, .. } = item(&bench, made).await.content else {
        panic!("marked")
    };
    assert_eq!(marker.place, giro);
    assert_eq!(slots[&Slot::Value], bench.fingerprints.fingerprint(&giro, &Slot::Value, "hunter2"));
    assert_eq!(marker.slots[&Slot::Value].fingerprint, slots[&Slot::Value]);
}

#[tokio::test]
async fn passwords_are_moved_binned_restored_and_purged() {
    let bench = Bench::new().await;
    let (id, general) = founded(&bench).await;
    let treasury = bench
        .client
        .create_collection(id, &marker("chess/treasury"), "Treasury", &bench.fingerprints)
        .await
        .expect("made");
    let bank = place("acme/chess/bank");
    let made =
        bench.client.create_item(id, general, &bank, &self::bank(), &bench.fingerprints).await.expect("made");
    let (from, to) = (BTreeSet::from([general]), BTreeSet::from([treasury]));
    bench.client.move_item(made, &from, &to).await.expect("moved");
    assert_eq!(item(&bench, made).await.collections, BTreeSet::from([treasury]));
    bench.client.bin_items(&[made]).await.expect("binned");
    assert!(item(&bench, made).await.deleted.is_some());
    bench.client.restore_items(&[made]).await.expect("restored");
    assert!(item(&bench, made).await.deleted.is_none());
    bench.client.bin_items(&[made]).await.expect("binned");
    let binned = item(&bench, made).await.deleted.expect("it is in the bin");
    bench.client.purge_item(made, binned).await.expect("purged");
    assert!(bench.society().await.items.is_empty());
}

#[tokio::test]
async fn what_somebody_did_to_a_password_since_the_look_is_not_undone() {
    let bench = Bench::new().await;
    let (id, general) = founded(&bench).await;
    let other = bench
        .client
        .create_collection(id, &marker("chess/other"), "Other", &bench.fingerprints)
        .await
        .expect("made");
    let owner = confirmed(&bench, id, "owner@acme.example", Role::Owner).await;
    let bank = place("acme/chess/bank");
    let made =
        bench.client.create_item(id, general, &bank, &self::bank(), &bench.fingerprints).await.expect("made");
    // Moved by a person, and to be moved from where it was.
    let theirs = json!({ "collectionIds": [other] });
    owner.send(Method::PUT, &format!("/api/ciphers/{made}/collections_v2"), &theirs).await;
    let seen = BTreeSet::from([general]);
    let moved = bench.client.move_item(made, &seen, &BTreeSet::from([general])).await;
    assert!(matches!(moved, Err(Error::Changed { .. })), "{moved:?}");
    assert_eq!(item(&bench, made).await.collections, BTreeSet::from([other]));
    // Taken out of the bin, and to be purged.
    bench.client.bin_items(&[made]).await.expect("binned");
    let binned = item(&bench, made).await.deleted.expect("it is in the bin");
    owner.send(Method::PUT, &format!("/api/ciphers/{made}/restore"), &json!({})).await;
    let purged = bench.client.purge_item(made, binned).await;
    assert!(matches!(purged, Err(Error::Changed { .. })), "{purged:?}");
    assert!(item(&bench, made).await.deleted.is_none());
}

/// Invites somebody, who registers, and gives them the key.
async fn confirmed(bench: &Bench, society: SocietyId, address: &str, role: Role) -> Person {
    let general = bench.society().await.collections[0].id;
    let access = if role == Role::Member {
        BTreeMap::from([(general, CollectionRight::Read)])
    } else {
        BTreeMap::new()
    };
    bench.client.invite(society, &[address], &Granted { role, access }).await.expect("invited");
    let person = Person::register(&bench.server, address).await;
    let member =
        bench.society().await.members.into_iter().find(|member| member.address == address).expect("listed");
    let key = member.key.expect("they have registered");
    bench.client.confirm(society, &[(member.id, key.digest)]).await.expect("confirmed");
    person
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
    bench.client.invite(id, &["ana@acme.example", "ben@acme.example"], &granted).await.expect("invited");
    let society = bench.society().await;
    let addresses: BTreeSet<&str> = society.members.iter().map(|member| member.address.as_str()).collect();
    assert_eq!(addresses, BTreeSet::from(["ana@acme.example", "ben@acme.example"]), "without ourselves");
    assert!(
        society.members.iter().all(|member| member.status == MemberStatus::Invited && member.key.is_none())
    );
    let ids: Vec<_> = society.members.iter().map(|member| member.id).collect();
    bench.client.reinvite(id, &ids).await.expect("renewed");
    let ana = Person::register(&bench.server, "ana@acme.example").await;
    let society = bench.society().await;
    let member = society.members.iter().find(|member| member.address == ana.address).expect("listed");
    assert_eq!((member.status, member.role), (MemberStatus::Accepted, Role::Member));
    assert_eq!(member.access, granted.access);
    let key = member.key.expect("a key");
    assert_eq!(key.phrase, Digest::of(ana.phrase().as_str()), "what she reads in her client");
    let other = bench.client.confirm(id, &[(member.id, Digest::of("another key"))]).await;
    assert!(matches!(other, Err(Error::Changed { .. })), "a key that the plan did not see gets nothing");
    bench.client.confirm(id, &[(member.id, key.digest)]).await.expect("confirmed");
    assert_eq!(ana.reads().await, "hunter2");
    let more = Granted { role: Role::Manager, access: BTreeMap::from([(general, CollectionRight::Manage)]) };
    bench.client.grant_member(id, member.id, &more).await.expect("given");
    bench.client.revoke(id, &ids).await.expect("revoked");
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
    bench.client.restore(id, &[member.id]).await.expect("restored");
    let now = now().await;
    assert_eq!((now.status, now.role, &now.access), (MemberStatus::Confirmed, Role::Member, &granted.access));
    assert!(matches!(now.key, Some(ObservedKey { digest, .. }) if digest == key.digest));
    bench.client.delete_members(id, &ids).await.expect("deleted");
    assert!(bench.society().await.members.is_empty());
}

#[tokio::test]
async fn an_item_that_does_not_open_is_told_and_stops_nothing() {
    let bench = Bench::new().await;
    let (id, general) = founded(&bench).await;
    let made =
        bench.client.create_item(id, general, &place("acme/chess/bank"), &bank(), &bench.fingerprints).await;
    let made = made.expect("made");
    let owner = confirmed(&bench, id, "owner@acme.example", Role::Owner).await;
    let key = owner.key().await;
    let name = Checked::text(&key, "theirs").expect("opens");
    let odd = [json!({ "username": 5 }), json!({ "uris": [{ "uri": null, "match": 300 }] })];
    let odd = odd.map(|login| (json!(null), login));
    for (notes, login) in
        [(json!(rubbish()), json!({})), (json!(null), json!({ "uris": null }))].into_iter().chain(odd)
    {
        let cipher = json!({ "type": 1, "organizationId": id, "name": name, "notes": notes, "login": login });
        owner
            .send(
                Method::POST,
                "/api/ciphers/create",
                &json!({ "cipher": cipher, "collectionIds": [general] }),
            )
            .await;
    }
    let items = bench.society().await.items;
    let count = |content: &ObservedContent| items.iter().filter(|item| item.content == *content).count();
    assert_eq!((items.len(), count(&ObservedContent::Broken), count(&ObservedContent::Unmarked)), (5, 3, 1));
    // A slot of ours that somebody broke is left out of the look, so that it is written again.
    let path = format!("/api/ciphers/{made}");
    let mut broken = owner.get(&path).await;
    broken["login"]["password"] = json!(rubbish());
    owner.send(Method::PUT, &path, &broken).await;
    let seen = item(&bench, made).await;
    let ObservedContent::Marked { marker, slots, .. } = &seen.content else { panic!("marked") };
    assert!(!slots.contains_key(&Slot::Value) && marker.slots.contains_key(&Slot::Value));
    let write = BTreeMap::from([(Slot::Value, sealed("hunter2"))]);
    let (none, carry) = (BTreeSet::new(), marker.slots.clone());
    let mend = bench.client.update_item(
        id,
        made,
        &marker.place,
        seen.revised,
        &write,
        &none,
        &carry,
        &bench.fingerprints,
    );
    mend.await.expect("mended");
    let ObservedContent::Marked { slots, .. } = item(&bench, made).await.content else { panic!("marked") };
    assert!(slots.contains_key(&Slot::Value));
}

#[tokio::test]
async fn a_marker_that_somebody_else_wrote_is_none() {
    let bench = Bench::new().await;
    let (id, general) = founded(&bench).await;
    let owner = confirmed(&bench, id, "owner@acme.example", Role::Owner).await;
    let key = owner.key().await;
    let enc = |text: &str| json!(Checked::text(&key, text).expect("opens"));
    let theirs = json!({
        "type": 1, "organizationId": id, "name": enc("mine"), "login": {},
        "fields": [{ "type": 1, "name": enc("keyforge-id"), "value": enc(r#"{"place":"acme/chess/bank","slots":{}}"#) }],
    });
    let body = json!({ "cipher": theirs, "collectionIds": [general] });
    owner.send(Method::POST, "/api/ciphers/create", &body).await;
    let collection =
        json!({ "name": enc("mine"), "externalId": "keyforge:chess/treasury", "users": [], "groups": [] });
    owner.send(Method::POST, &format!("/api/organizations/{id}/collections"), &collection).await;
    let society = bench.society().await;
    assert!(matches!(society.items[0].content, ObservedContent::Marked { genuine: false, .. }));
    let markers = society.collections.iter().filter_map(|collection| collection.marker.clone());
    assert_eq!(markers.collect::<Vec<_>>(), [marker("chess/general")]);
}

#[tokio::test]
async fn a_marker_in_an_item_of_another_type_is_no_password_of_ours() {
    let bench = Bench::new().await;
    let (id, general) = founded(&bench).await;
    let made =
        bench.client.create_item(id, general, &place("acme/chess/bank"), &bank(), &bench.fingerprints).await;
    let owner = confirmed(&bench, id, "owner@acme.example", Role::Owner).await;
    let ours = owner.get(&format!("/api/ciphers/{}", made.expect("made"))).await;
    let note = json!({
        "type": 2, "organizationId": id, "name": ours["name"], "fields": ours["fields"],
        "secureNote": { "type": 0 },
    });
    let body = json!({ "cipher": note, "collectionIds": [general] });
    owner.send(Method::POST, "/api/ciphers/create", &body).await;
    let items = bench.society().await.items;
    let broken = items.iter().filter(|item| item.content == ObservedContent::Broken).count();
    assert_eq!((items.len(), broken), (2, 1));
}

#[tokio::test]
async fn an_answer_that_is_lost_after_the_write_makes_no_second_password() {
    let bench = Bench::new().await;
    let (id, general) = founded(&bench).await;
    let kept = keep(&bench.client).await;
    let lost = Arc::new(AtomicBool::new(false));
    let other = client_by(cut(dial(&bench.server), &lost), &kept);
    assert_eq!(bench.look_by(&other).await.societies.len(), 1);
    lost.store(true, Ordering::SeqCst);
    let bank = place("acme/chess/bank");
    let written = other.create_item(id, general, &bank, &self::bank(), &bench.fingerprints).await;
    assert!(written.is_err_and(|error| error.is_away()));
    let items = bench.society().await.items;
    assert_eq!(items.len(), 1, "the next look finds it by its marker");
    assert!(matches!(&items[0].content, ObservedContent::Marked { marker, .. } if marker.place == bank));
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
