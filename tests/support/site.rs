//! A place where a daemon works: a config repo, a database and a share of the test program's cluster, all its own.
//!
//! Names of unions carry the site's name, so that tests of one program do not meet in the cluster.

use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use super::daemon::{Daemon, Told};
use super::devcluster::{self, DevCluster};
use super::gate::Gate;
use super::part::Part;
use super::postgres::{self, Database};
use super::repo::Repo;

/// One installation's surroundings.
pub struct Site {
    /// Where unions are declared.
    pub repo: Repo,
    /// The database.
    pub database: Database,
    /// The namespace of the daemon and the name of its installation.
    pub name: String,
    kubeconfig: PathBuf,
    path: PathBuf,
    state: PathBuf,
}

impl Site {
    /// A site on the cluster that the test program shares.
    pub async fn new(name: &str) -> Self {
        Self::on(devcluster::shared(), name).await
    }

    /// A site on a cluster of one's own.
    pub async fn on(cluster: &DevCluster, name: &str) -> Self {
        Self::with(cluster, Database::empty().await, name)
    }

    /// A site on a cluster and a database of one's own.
    pub fn with(cluster: &DevCluster, database: Database, name: &str) -> Self {
        let repo = Repo::bare();
        let (path, state) = (repo.path(), repo.state_dir());
        let kubeconfig = cluster.kubeconfig.clone();
        Self { repo, database, name: name.to_owned(), kubeconfig, path, state }
    }

    /// The same site after the loss of its database.
    pub fn with_database(self, database: Database) -> Self {
        Self { database, ..self }
    }

    /// The same site, whose daemon reaches the API server through a gate.
    pub async fn behind_a_gate(self) -> (Gate, Self) {
        let (gate, kubeconfig) = Gate::open(&self.kubeconfig, self.path.parent().expect("a folder")).await;
        (gate, Self { kubeconfig, ..self })
    }

    /// The name of a union of this site.
    pub fn union(&self, name: &str) -> String {
        format!("{}-{name}", self.name)
    }

    /// What its daemon is told.
    pub fn told(&self) -> Told<'_> {
        Told {
            repo: &self.path,
            database: &self.database.url,
            kubeconfig: &self.kubeconfig,
            state: &self.state,
            namespace: &self.name,
            installation: &self.name,
        }
    }

    /// Commits files, and tells the commit.
    pub fn commit(&self, subject: &str, files: &[(&str, &str)]) -> String {
        let change = files.iter().fold(self.repo.change(), |change, (path, text)| change.file(path, text));
        change.push(subject).to_string()
    }

    /// Commits the removal of unions.
    pub fn remove(&self, subject: &str, unions: &[&str]) -> String {
        let directory = |union: &&str| format!("unions/{union}");
        let change =
            unions.iter().map(directory).fold(self.repo.change(), |change, path| change.remove(&path));
        change.push(subject).to_string()
    }

    /// An object in a union's namespace.
    pub fn object(&self, kind: &str, union: &str, name: &str) -> Option<Value> {
        let namespace = format!("union-{union}");
        let found = self.kubectl(&["-n", &namespace, "get", kind, name, "--ignore-not-found", "-o", "json"]);
        (!found.is_empty()).then(|| serde_json::from_str(&found).expect("kubectl prints JSON"))
    }

    /// The uid of an object in a union's namespace.
    pub fn uid(&self, kind: &str, union: &str, name: &str) -> String {
        let object = self.object(kind, union, name).expect("it is there");
        object["metadata"]["uid"].as_str().expect("a uid").to_owned()
    }

    /// What kubectl prints.
    pub fn kubectl(&self, arguments: &[&str]) -> String {
        self.try_kubectl(arguments).unwrap_or_else(|said| panic!("kubectl {arguments:?}: {said}"))
    }

    /// What kubectl prints, or how it complains.
    pub fn try_kubectl(&self, arguments: &[&str]) -> Result<String, String> {
        let mut kubectl = Command::new(devcluster::program());
        kubectl.args(["kubectl", "--kubeconfig"]).arg(&self.kubeconfig).args(arguments);
        let done = kubectl.output().expect("kubectl runs");
        let text = |bytes| String::from_utf8(bytes).expect("text").trim().to_owned();
        if done.status.success() { Ok(text(done.stdout)) } else { Err(text(done.stderr)) }
    }

    /// A way to a union's server, and its URL on this machine; it ends when the part is dropped.
    pub fn forward(&self, union: &str) -> (Part, String) {
        let namespace = format!("union-{union}");
        let mut kubectl = Part::tied(devcluster::program());
        kubectl.args(["kubectl", "--kubeconfig"]).arg(&self.kubeconfig);
        kubectl.args(["-n", &namespace, "port-forward", "service/vaultwarden", ":80"]);
        let (part, said) = Part::start(&mut kubectl, 1).expect("kubectl leads there");
        let port = said[0].strip_prefix("Forwarding from 127.0.0.1:").and_then(|rest| rest.split(' ').next());
        (part, format!("http://127.0.0.1:{}", port.expect("kubectl says where")))
    }

    /// Why the deployments of a union were started, newest first.
    pub async fn reasons(&self, daemon: &Daemon, union: &str) -> Vec<String> {
        let (_, page) = daemon.get(&format!("/api/v1/deployments?union={union}")).await.expect("an answer");
        let items = page["items"].as_array().expect("a list");
        items.iter().filter_map(|item| item["reason"].as_str().map(str::to_owned)).collect()
    }

    /// The secret values of a union, as they are and in the base64 that Kubernetes shows.
    pub fn secret_values(&self, union: &str) -> Vec<String> {
        use base64::Engine as _;
        let credentials = format!("union-{union}-credentials");
        let places = [(self.name.clone(), credentials.as_str()), (format!("union-{union}"), "vaultwarden")];
        let mut values = Vec::new();
        for (namespace, name) in places {
            let secret = self.kubectl(&["-n", &namespace, "get", "secret", name, "-o", "json"]);
            let secret: Value = serde_json::from_str(&secret).expect("kubectl prints JSON");
            for value in
                secret["data"].as_object().into_iter().flatten().filter_map(|(_, value)| value.as_str())
            {
                let plain = base64::engine::general_purpose::STANDARD.decode(value).expect("base64");
                let plain = String::from_utf8(plain).expect("text");
                // Rotation numbers and the like are no secrets.
                if plain.len() >= 16 {
                    values.extend([plain, value.to_owned()]);
                }
            }
        }
        values
    }

    /// Everything in the database, as text.
    pub fn dump(&self) -> String {
        let dump = Command::new(postgres::program("pg_dump")).arg(&self.database.url).output();
        let dump = dump.expect("pg_dump runs");
        assert!(dump.status.success(), "{}", String::from_utf8_lossy(&dump.stderr));
        String::from_utf8(dump.stdout).expect("text")
    }
}
