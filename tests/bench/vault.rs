//! What is inside of a server: the stand-in, or the real one that `VAULTWARDEN_BIN` names. By our client alone, and by the
//! daemon, whose deployments are timed from their opening to their end.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use futures::{StreamExt, TryStreamExt, stream};
use keyforge::ids::SocietyId;
use keyforge::plan::society::{Granted, Origin, Place, Slot};
use keyforge::spec::{CollectionRight, Role};
use keyforge::vaultwarden::crypto::{Checked, EncString, Key};
use keyforge::vaultwarden::{Error, Text, Writing};
use serde::Serialize;

use crate::support::daemon::Daemon;
use crate::support::devcluster::DevCluster;
use crate::support::site::Site;
use crate::vaultwarden::{Bench, Person};

const ITEMS: usize = 50;
const MEMBERS: usize = 10;
/// Societies that come with one commit.
const MANY: usize = 100;
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
    /// The same society by the daemon: its people are invited, all is read again by a session of its own, each step is
    /// recorded.
    deployment_seconds: f64,
    /// A hundred small societies of one union, by the daemon.
    many_seconds: f64,
}

impl Vault {
    /// Rows for people.
    pub(crate) fn table(&self) -> String {
        let rows = [
            ("encryption of 1,000 items, tried and opened", self.crypto_seconds, "goal 0.20 s"),
            ("a society of 10 members and 50 passwords", self.society_seconds, "goal 0.30 s"),
            ("  looked at again", self.look_seconds, ""),
            ("  by the daemon, invited and verified", self.deployment_seconds, ""),
            ("100 societies of one union, by the daemon", self.many_seconds, "no limiter met"),
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
    for confirmed in bench.client.confirm(society, &keys.collect::<Vec<_>>()).await.expect("answered") {
        confirmed.expect("confirmed");
    }
    taken += start.elapsed();
    let start = Instant::now();
    assert_eq!(bench.society().await.items.len(), ITEMS);
    let look_seconds = start.elapsed().as_secs_f64();
    let [deployment_seconds, many_seconds] = by_the_daemon().await;
    Vault {
        crypto_seconds,
        society_seconds: taken.as_secs_f64(),
        look_seconds,
        deployment_seconds,
        many_seconds,
    }
}

/// One large society, and many small ones, in a vault that our account is in already.
async fn by_the_daemon() -> [f64; 2] {
    let cluster = DevCluster::running();
    let site = Site::on(&cluster, "vaults").await;
    let name = site.union("acme");
    let path = |society: &str| format!("unions/{name}/societies/{society}.yaml");
    let union = format!(
        "apiVersion: keyforge.dev/v1\nkind: Union\nmetadata: {{name: {name}}}\nspec:\n  displayName: Acme\n  contacts: \
         [it@acme.example]\n  domain: https://{name}.localhost\n"
    );
    let keyforge = "apiVersion: keyforge.dev/v1\nkind: Keyforge\nmetadata: {name: federation}\nspec: {defaults: \
                    {vaultwarden: {image: 'vaultwarden/server:1.37.2'}}}\n";
    let file = format!("unions/{name}/union.yaml");
    let first = document("first", 1, 1);
    site.commit("A union", &[("keyforge.yaml", keyforge), (&file, &union), (&path("first"), &first)]);
    let daemon = Daemon::start_with(&site.told(), &["--log", "info", "--reach", "port-forward"]);
    daemon.union_is(&name, "current", None).await;
    let large = site.commit("A large society", &[(&path("large"), &document("large", MEMBERS, ITEMS))]);
    let large = deployed(&daemon, &name, &large).await;
    let many: Vec<(String, String)> = (0..MANY)
        .map(|number| format!("small-{number}"))
        .map(|name| (path(&name), document(&name, 1, 1)))
        .collect();
    let many: Vec<(&str, &str)> = many.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let many = site.commit("Many societies", &many);
    let many = deployed(&daemon, &name, &many).await;
    let log = daemon.log();
    assert!(!log.contains("limits log-ins"), "{log}");
    assert_eq!(daemon.terminate(), Some(0), "the daemon ends when it is told to");
    [large, many]
}

/// The seconds of a commit's deployment.
async fn deployed(daemon: &Daemon, union: &str, commit: &str) -> f64 {
    daemon.union_is(union, "current", Some(commit)).await;
    let path = format!("/api/v1/deployments?union={union}&limit=1");
    let (_, page) = daemon.get(&path).await.expect("an answer");
    let time = |field: &str| page["items"][0][field].as_str().expect("a time").parse::<DateTime<Utc>>();
    let [opened, closed] = ["openedAt", "closedAt"].map(|field| time(field).expect("a time"));
    (closed - opened).as_seconds_f64()
}

fn document(name: &str, members: usize, items: usize) -> String {
    let members = (0..members).map(|number| match number {
        0 => format!("    - {{email: owner@{name}.example, role: owner}}\n"),
        _ => format!("    - {{email: member-{number}@{name}.example, role: member}}\n"),
    });
    let items = (0..items).map(|number| {
        format!("    - {{name: password-{number}, username: treasurer, uris: [https://bank.example], generate: {{}}}}\n")
    });
    format!(
        "apiVersion: keyforge.dev/v1\nkind: Society\nmetadata: {{name: {name}}}\nspec:\n  displayName: {name}\n  \
         members:\n{}  passwords:\n{}",
        members.collect::<String>(),
        items.collect::<String>(),
    )
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

/// In the order in which a plan does it: whoever comes finds everything there.
async fn made(bench: &Bench) -> Result<SocietyId, Error> {
    let society = bench.client.found_society("Chess Society", "General").await?;
    let collection = bench.society().await.collections[0].id;
    let text = |text: &str| Writing { text: Text::Given(text.to_owned().into()), origin: Origin::Document };
    let make = |number: usize| async move {
        let place: Place = format!("acme/chess/password-{number}").parse().expect("a place");
        let slots = [(Slot::Title, "Bank"), (Slot::Username, "treasurer"), (Slot::Value, "hunter2")];
        let write = slots.into_iter().map(|(slot, value)| (slot, text(value))).collect();
        bench.client.create_item(society, collection, &place, &write, &bench.fingerprints).await.map(drop)
    };
    stream::iter((0..ITEMS).map(make)).buffer_unordered(AT_ONCE).try_collect::<()>().await?;
    let addresses: Vec<String> = (0..MEMBERS).map(address).collect();
    let addresses: Vec<&str> = addresses.iter().map(String::as_str).collect();
    let access = BTreeMap::from([(collection, CollectionRight::Read)]);
    let granted = Granted { role: Role::Member, access };
    bench.client.invite(society, &addresses, &granted).await?.into_iter().collect::<Result<(), _>>()?;
    Ok(society)
}

fn address(number: usize) -> String {
    format!("member-{number}@acme.example")
}
