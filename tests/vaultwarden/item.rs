//! Passwords, as they are written and looked at again, and what people do to them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use keyforge::plan::society::{ObservedContent, ObservedItem, Origin, Slot};
use keyforge::spec::{Alphabet, Role};
use keyforge::vaultwarden::crypto::Checked;
use keyforge::vaultwarden::{Error, Text, Writing};
use reqwest::Method;
use serde_json::json;

use crate::bench::{Bench, client_by, cut, dial, keep, rubbish};
use crate::founded::{bank, confirmed, document, founded, item, marker, place, sealed};

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
async fn each_making_of_a_password_is_known_from_the_others_also_after_it_was_written_into() {
    let bench = Bench::new().await;
    let (id, general) = founded(&bench).await;
    let bank = place("acme/chess/bank");
    let mut makings = Vec::new();
    for _ in 0..2 {
        let made = bench.client.create_item(id, general, &bank, &self::bank(), &bench.fingerprints).await;
        let made = made.expect("made");
        let making = |item: ObservedItem| match item.content {
            ObservedContent::Marked { marker, genuine: true, .. } => marker.making.expect("it is told"),
            other => panic!("{other:?}"),
        };
        let there = item(&bench, made).await;
        let (revised, first) = (there.revised, making(there));
        let write = BTreeMap::from([(Slot::Title, document("Our bank"))]);
        let (nothing, carried) = (BTreeSet::new(), BTreeMap::new());
        let update = bench.client.update_item(
            id,
            made,
            &bank,
            revised,
            &write,
            &nothing,
            &carried,
            &bench.fingerprints,
        );
        update.await.expect("written");
        assert_eq!(making(item(&bench, made).await), first);
        makings.push(first);
    }
    assert_ne!(makings[0], makings[1]);
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
