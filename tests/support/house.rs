//! A union's server as a process of the test, where pods only pretend to run: with the settings that its pod would get, and
//! a porter before it.
//!
//! Its daemon reaches pods by their addresses (`--reach pod`), and the gate before the API server tells it that of the porter.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::daemon::{Daemon, until};
use super::gate::Gate;
use super::porter::{Manner, Porter};
use super::site::Site;
use super::standin::{Server, http};

/// The house of one union.
pub struct House {
    /// The union's name.
    pub union: String,
    pub porter: Porter,
    /// Once somebody has moved in.
    server: Option<Server>,
}

/// What is in a vault, as its members see it: nothing has to be opened for that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inside {
    pub societies: Vec<String>,
    pub collections: usize,
    pub members: Vec<String>,
    pub items: usize,
}

impl House {
    /// An empty one, at which nobody answers. The daemon comes through the gate.
    pub async fn built(site: &Site, gate: &Gate, name: &str) -> Self {
        let (union, porter) = (site.union(name), Porter::engage().await);
        gate.lead(&format!("union-{union}"), porter.address);
        Self { union, porter, server: None }
    }

    /// Starts the server with what its pod would get, and with further settings, once that is there.
    pub async fn open(&mut self, site: &Site, daemon: &Daemon, more: &[(&str, &str)]) {
        let secret = || async { site.object("secret", &self.union, "vaultwarden") };
        daemon.until("the server's Secret is there", secret).await;
        self.move_in(site, tempfile::tempdir().expect("a folder"), more);
        self.porter.is(Manner::Open);
    }

    /// Starts the server anew, on its data, with what its pod would get now.
    pub fn reopen(&mut self, site: &Site, more: &[(&str, &str)]) {
        let (_, folder) = self.server.take().expect("somebody is in").stop();
        self.move_in(site, folder, more);
    }

    fn move_in(&mut self, site: &Site, folder: TempDir, more: &[(&str, &str)]) {
        let plain = site.object("configmap", &self.union, "vaultwarden").expect("it is there");
        let secret = site.object("secret", &self.union, "vaultwarden").expect("it is there");
        let all = |object: &Value| object["data"].as_object().expect("settings").clone().into_iter();
        let text = |value: Value| value.as_str().expect("text").to_owned();
        let plain = all(&plain).map(|(name, value)| (name, text(value)));
        let secret = all(&secret).map(|(name, value)| (name, decoded(&value)));
        let mut settings: BTreeMap<String, String> = plain.chain(secret).collect();
        // What is about its place is not the pod's.
        settings.retain(|name, _| !name.starts_with("ROCKET_") && name != "DATA_FOLDER");
        settings.remove("WEB_VAULT_ENABLED");
        settings.extend(more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let settings: Vec<_> = settings.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let server = Server::start_in(folder, &settings);
        self.porter.before(&server.url(""));
        self.server = Some(server);
    }

    pub fn server(&self) -> &Server {
        self.server.as_ref().expect("somebody is in")
    }

    /// What the server has for our own account at this path. Costs no log-in.
    pub async fn get(&self, site: &Site, path: &str) -> Value {
        self.asked(site, path).await.unwrap_or_else(|| panic!("the server has nothing at {path}"))
    }

    /// The same, or `None` where it has nothing there.
    async fn asked(&self, site: &Site, path: &str) -> Option<Value> {
        let form = json!({
            "grant_type": "refresh_token", "client_id": "cli", "refresh_token": kept(site, &self.union, "account-refresh-token"),
        });
        let fields = form
            .as_object()
            .expect("fields")
            .iter()
            .map(|(name, value)| (name, value.as_str().expect("text")));
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = http().post(self.server().url("/identity/connect/token")).body(body);
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        let granted: Value = request.send().await.expect("answers").json().await.expect("JSON");
        let token = granted["access_token"].as_str().unwrap_or_else(|| panic!("a log-in: {granted}"));
        let asked = http().get(self.server().url(path)).bearer_auth(token).send().await.expect("answers");
        Some(asked.error_for_status().ok()?.json().await.expect("JSON"))
    }

    /// What our account sees.
    pub async fn inside(&self, site: &Site) -> Inside {
        until(|| self.seen_at_once(site)).await.expect("nothing goes on between two questions for ever")
    }

    /// What our account sees, unless a society went between the questions.
    async fn seen_at_once(&self, site: &Site) -> Option<Inside> {
        let sync = self.get(site, "/api/sync?excludeDomains=true").await;
        let list = |name: &str| sync[name].as_array().expect("a list").len();
        let societies = sync["profile"]["organizations"].as_array().expect("a list");
        let mut members = Vec::new();
        for society in societies {
            let path = format!("/api/organizations/{}/users", society["id"].as_str().expect("an id"));
            let found = self.asked(site, &path).await?;
            let addresses = found["data"].as_array().expect("a list").iter();
            members.extend(addresses.map(|member| member["email"].as_str().expect("an address").to_owned()));
        }
        // Ours is drawn.
        members.retain(|address| !address.starts_with("keyforge-"));
        members.sort();
        let titles = societies.iter().map(|society| society["name"].as_str().expect("a title").to_owned());
        Some(Inside {
            societies: titles.collect(),
            collections: list("collections"),
            members,
            items: list("ciphers"),
        })
    }
}

/// What the daemon keeps of a union in its own namespace.
pub fn kept(site: &Site, union: &str, field: &str) -> String {
    let name = format!("union-{union}-credentials");
    let secret = site.kubectl(&["-n", &site.name, "get", "secret", &name, "-o", "json"]);
    let secret: Value = serde_json::from_str(&secret).expect("kubectl prints JSON");
    decoded(&secret["data"][field])
}

fn decoded(value: &Value) -> String {
    let bytes = STANDARD.decode(value.as_str().expect("base64")).expect("base64");
    String::from_utf8(bytes).expect("text")
}
