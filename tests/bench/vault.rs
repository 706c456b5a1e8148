//! What is inside of a server: the stand-in, or the real one that `VAULTWARDEN_BIN` names.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use futures::{StreamExt, TryStreamExt, stream};
use keyforge::ids::SocietyId;
use keyforge::plan::society::{Granted, Origin, Place, Slot};
use keyforge::spec::{CollectionRight, Role};
use keyforge::vaultwarden::crypto::{Checked, EncString, Key};
use keyforge::vaultwarden::{Error, Text, Writing};
use serde::Serialize;

use crate::vaultwarden::{Bench, Person};

const ITEMS: usize = 50;
const MEMBERS: usize = 10;
/// The texts of a usual item, its marker among them.
const TEXTS: usize = 6;
/// As many calls as a client has connections.
const AT_ONCE: usize = 4;

/// What was measured.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Vault {
    /// A thousand items encrypted, tried, and opened again.
    crypto_seconds: f64,
    /// A society with its people and passwords, from nothing until everybody is confirmed; without their registrations.
    society_seconds: f64,
    /// The look that finds it as it should be.
    look_seconds: f64,
}

impl Vault {
    /// Rows for people.
    pub(crate) fn table(&self) -> String {
        let rows = [
            ("encryption of 1,000 items, tried and opened", self.crypto_seconds, "goal 0.20 s"),
            ("a society of 10 members and 50 passwords", self.society_seconds, "goal 0.30 s"),
            ("  looked at again", self.look_seconds, ""),
        ];
        rows.map(|(what, seconds, goal)| format!("{what:<50} {seconds:>20.3} s  {goal}\n")).concat()
    }
}

pub(crate) async fn measure() -> Vault {
    let crypto_seconds = crypto().as_secs_f64();
    let generous = [("LOGIN_RATELIMIT_MAX_BURST", "100")];
    let bench = Bench::with(&generous).await;
    let start = Instant::now();
    let society = made(&bench).await.expect("made");
    let mut taken = start.elapsed();
    for number in 0..MEMBERS {
        Person::register(&bench.server, &address(number)).await;
    }
    let start = Instant::now();
    let members = bench.society().await.members;
    let keys = members.iter().map(|member| (member.id, member.key.expect("registered").digest));
    bench.client.confirm(society, &keys.collect::<Vec<_>>()).await.expect("confirmed");
    taken += start.elapsed();
    let start = Instant::now();
    assert_eq!(bench.society().await.items.len(), ITEMS);
    Vault {
        crypto_seconds,
        society_seconds: taken.as_secs_f64(),
        look_seconds: start.elapsed().as_secs_f64(),
    }
}

fn crypto() -> Duration {
    let key = Key::random();
    let start = Instant::now();
    for _ in 0..1_000 * TEXTS {
        let sent = Checked::text(&key, "https://bank.example/login?of=the&treasurer").expect("it fits");
        let kept: EncString = sent.as_str().parse().expect("it was tried");
        key.decrypt(&kept).expect("it opens");
    }
    start.elapsed()
}

async fn made(bench: &Bench) -> Result<SocietyId, Error> {
    let general = "keyforge:chess/general".parse().expect("a marker");
    let society = bench.client.found_society("Chess Society", "General", &general).await?;
    let collection = bench.society().await.collections[0].id;
    let addresses: Vec<String> = (0..MEMBERS).map(address).collect();
    let addresses: Vec<&str> = addresses.iter().map(String::as_str).collect();
    let access = BTreeMap::from([(collection, CollectionRight::Read)]);
    bench.client.invite(society, &addresses, &Granted { role: Role::Member, access }).await?;
    let text = |text: &str| Writing { text: Text::Given(text.to_owned().into()), origin: Origin::Document };
    let make = |number: usize| async move {
        let place: Place = format!("acme/chess/password-{number}").parse().expect("a place");
        let slots = [(Slot::Title, "Bank"), (Slot::Username, "treasurer"), (Slot::Value, "hunter2")];
        let write = slots.into_iter().map(|(slot, value)| (slot, text(value))).collect();
        bench.client.create_item(society, collection, &place, &write, &bench.fingerprints).await.map(drop)
    };
    stream::iter((0..ITEMS).map(make)).buffer_unordered(AT_ONCE).try_collect::<()>().await?;
    Ok(society)
}

fn address(number: usize) -> String {
    format!("member-{number}@acme.example")
}
