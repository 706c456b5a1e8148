//! A society to look at: founded by our account, with a password and with people.

use std::collections::BTreeMap;

use keyforge::ids::{CollectionId, ItemId, SocietyId};
use keyforge::names::SocietyName;
use keyforge::plan::society::{CollectionMarker, Granted, ObservedItem, Origin, Place, Slot};
use keyforge::redacted::Redacted;
use keyforge::spec::{CollectionRight, Role};
use keyforge::vaultwarden::{Text, Writing};

use crate::bench::{Bench, Person, all};

pub(crate) fn marker(text: &str) -> CollectionMarker {
    let (society, collection) = text.split_once('/').expect("two names");
    CollectionMarker { society: name(society), collection: collection.parse().expect("a name") }
}

pub(crate) fn name(text: &str) -> SocietyName {
    text.parse().expect("a name")
}

pub(crate) fn place(text: &str) -> Place {
    text.parse().expect("a place")
}

fn given(text: &str, origin: Origin) -> Writing {
    Writing { text: Text::Given(Redacted::new(text.to_owned())), origin }
}

pub(crate) fn document(text: &str) -> Writing {
    given(text, Origin::Document)
}

pub(crate) fn sealed(text: &str) -> Writing {
    given(text, Origin::Sealed { at: "2026-11-28T12:00:00Z".parse().expect("a time") })
}

pub(crate) fn bank() -> BTreeMap<Slot, Writing> {
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

pub(crate) async fn founded(bench: &Bench) -> (SocietyId, CollectionId) {
    let id = bench.client.found_society("Chess Society", "founded").await.expect("founded");
    let [first] = bench.society().await.collections.try_into().expect("its first collection");
    assert_eq!((first.title.as_deref(), first.marker), (Some("founded"), None));
    let general = marker("chess/general");
    let marked = bench.client.update_collection(id, first.id, &general, "General", &bench.fingerprints);
    marked.await.expect("marked");
    (id, first.id)
}

pub(crate) async fn item(bench: &Bench, id: ItemId) -> ObservedItem {
    bench.society().await.items.into_iter().find(|item| item.id == id).expect("it is there")
}

/// Invites somebody, who registers, and gives them the key.
pub(crate) async fn confirmed(bench: &Bench, society: SocietyId, address: &str, role: Role) -> Person {
    let general = bench.society().await.collections[0].id;
    let access = if role == Role::Member {
        BTreeMap::from([(general, CollectionRight::Read)])
    } else {
        BTreeMap::new()
    };
    all(bench.client.invite(society, &[address], &Granted { role, access }).await);
    let person = Person::register(&bench.server, address).await;
    let member =
        bench.society().await.members.into_iter().find(|member| member.address == address).expect("listed");
    let key = member.key.expect("they have registered");
    all(bench.client.confirm(society, &[(member.id, key.digest)]).await);
    person
}
