//! A server, and our client of it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use keyforge::domain::Domain;
use keyforge::plan::society::{FingerprintKey, ObservedSociety, ObservedVault};
use keyforge::redacted::Redacted;
use keyforge::vaultwarden::{Account, Client, Dial, Each, Error, Fields, Pipe, tcp};
use tempfile::TempDir;
use tokio::io::AsyncReadExt;

pub(crate) use crate::support::person::Person;
use crate::support::standin::Server;

pub(crate) const DOMAIN: &str = "https://vault.acme.example";
const ADMIN: &str = "an admin token";

/// A server with our account on it.
pub(crate) struct Bench {
    pub(crate) server: Server,
    pub(crate) client: Client,
    pub(crate) fingerprints: FingerprintKey,
}

/// A call for many that did what it should for each of them.
pub(crate) fn all(made: Result<Each, Error>) {
    for one in made.expect("made") {
        one.expect("made");
    }
}

/// A server as Keyforge sets it up, with further settings.
pub(crate) fn server(folder: Option<TempDir>, settings: &[(&str, &str)]) -> Server {
    let mut all = vec![("DOMAIN", DOMAIN), ("SIGNUPS_ALLOWED", "false"), ("ADMIN_TOKEN", ADMIN)];
    all.extend([("CONFIG_FILE", "/proc/nowhere/config.json"), ("DATABASE_TIMEOUT", "3")]);
    // The later one counts.
    all.retain(|(name, _)| settings.iter().all(|(other, _)| other != name));
    all.extend(settings);
    match folder {
        Some(folder) => Server::start_in(folder, &all),
        None => Server::start(&all),
    }
}

pub(crate) fn dial(server: &Server) -> Dial {
    let port = server.url("").rsplit_once(':').expect("a port").1.parse().expect("a port");
    tcp("127.0.0.1", port)
}

pub(crate) fn client_by(dial: Dial, fields: &Fields) -> Client {
    let domain: Domain = DOMAIN.parse().expect("a domain");
    let account = Account::from_fields(fields).ok().flatten().expect("it was kept whole");
    Client::new(&domain, dial, 4, account, Redacted::new(ADMIN.to_owned()))
}

pub(crate) fn client(server: &Server, fields: &Fields) -> Client {
    client_by(dial(server), fields)
}

pub(crate) fn drawn() -> Fields {
    Account::draw(&Account::reserve("vault.acme.example", None), 1).expect("an address").to_fields()
}

/// What is new of our account, kept.
pub(crate) async fn keep(client: &Client) -> Fields {
    let fields = client.unkept().await.expect("there is something to keep");
    client.is_kept(fields.clone()).await;
    fields
}

impl Bench {
    pub(crate) async fn new() -> Self {
        Self::with(&[]).await
    }

    pub(crate) async fn with(settings: &[(&str, &str)]) -> Self {
        let server = server(None, settings);
        let client = client(&server, &drawn());
        client.bootstrap().await.expect("our account is made");
        Self { server, client, fingerprints: FingerprintKey::new(&Redacted::new(vec![7; 32])) }
    }

    pub(crate) async fn look(&self) -> ObservedVault {
        self.look_by(&self.client).await
    }

    pub(crate) async fn look_by(&self, client: &Client) -> ObservedVault {
        let settings = self.client.effective_settings().await.expect("the settings are read");
        let societies = client.observe(&self.fingerprints).await.expect("it is looked at");
        let (account, overridden) = (client.address().await, BTreeSet::new());
        ObservedVault { account, mail: settings.mail(), overridden, societies }
    }

    /// The only society.
    pub(crate) async fn society(&self) -> ObservedSociety {
        let [society] = self.look().await.societies.try_into().expect("one society");
        society
    }
}

/// A way on which the answers are lost from the moment that the switch is on.
pub(crate) fn cut(through: Dial, switch: &Arc<AtomicBool>) -> Dial {
    let switch = switch.clone();
    Arc::new(move || {
        let (through, switch) = (through.clone(), switch.clone());
        Box::pin(async move {
            let server = through().await?;
            let (ours, theirs) = tokio::io::duplex(1 << 20);
            let (mut from_us, mut to_us) = tokio::io::split(theirs);
            let (mut from_server, mut to_server) = tokio::io::split(server);
            tokio::spawn(async move { tokio::io::copy(&mut from_us, &mut to_server).await });
            tokio::spawn(async move {
                let mut buffer = vec![0; 1 << 16];
                while let Ok(read @ 1..) = from_server.read(&mut buffer).await {
                    if switch.load(Ordering::SeqCst) {
                        break;
                    }
                    if tokio::io::AsyncWriteExt::write_all(&mut to_us, &buffer[..read]).await.is_err() {
                        break;
                    }
                }
            });
            Ok(Box::new(ours) as Box<dyn Pipe>)
        })
    })
}

/// Whatever is no encrypted text.
pub(crate) fn rubbish() -> String {
    STANDARD.encode("no encrypted text")
}
