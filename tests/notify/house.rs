//! A notifier as the daemon has it: a database with unions, a cluster that has the Secrets, an accepted `keyforge.yaml`.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use keyforge::cluster::{self, Cluster};
use keyforge::messenger::Messenger;
use keyforge::reconcile::dependencies::{Dependencies, System};
use keyforge::reconcile::notifier::Notifier;
use keyforge::settings::MessageOptions;
use keyforge::store::{AcceptedKeyforge, Pace, Store};
use keyforge::telemetry::Metrics;
use serde_json::{Value, json};
use sqlx::Executor as _;
use tempfile::TempDir;
use tokio::task::JoinHandle;
use warp::Filter as _;

use crate::fixture::{acceptance, object, with_unions};
use crate::receiver::Receiver;
use crate::support::postgres::Database;

/// Nothing waits for anything but a message for the answer to the one before.
pub(crate) const AT_ONCE: Pace =
    Pace { gather: Duration::ZERO, rest: Duration::ZERO, most: 500, alone: Duration::from_secs(60) };

/// A key of a webhook as `openssl rand -hex 32` makes it.
pub(crate) const KEY: &str = "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0";

/// One place for each of these Secrets, told everything.
pub(crate) fn hooks(secrets: &[&str]) -> Value {
    let hook = |secret: &&str| {
        json!({"kind": "webhook", "secretRef": {"name": secret},
            "events": ["failed", "recovered", "held", "awaiting-approval"]})
    };
    secrets.iter().map(hook).collect()
}

/// An API server that knows Secrets and nothing else; it ends with this.
pub(crate) struct Secrets {
    pub(crate) kubeconfig: PathBuf,
    _folder: TempDir,
    serving: JoinHandle<()>,
}

impl Secrets {
    /// One that has these Secrets, each with its keys; the labels of `ours` are Keyforge's own.
    pub(crate) async fn serve(secrets: BTreeMap<&'static str, BTreeMap<&'static str, String>>) -> Self {
        let answer = move |path: &str| match path {
            "/api" => Some(groups(&core())),
            "/apis" => Some(groups(&json!([]))),
            _ => {
                let name = path.strip_prefix("/api/v1/namespaces/keyforge/secrets/")?;
                let data = secrets.get(name)?.iter().map(|(key, value)| (*key, STANDARD.encode(value)));
                let ours = if name == "ours" {
                    json!({"app.kubernetes.io/managed-by": "keyforge"})
                } else {
                    json!({})
                };
                let metadata = json!({"name": name, "namespace": "keyforge", "labels": ours});
                let data = data.collect::<BTreeMap<_, _>>();
                Some(json!({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": data}))
            }
        };
        let route = warp::path::full().map(move |path: warp::path::FullPath| {
            let (status, body) = match answer(path.as_str()) {
                Some(body) => (200, body),
                None => (
                    404,
                    json!({"apiVersion": "v1", "kind": "Status", "status": "Failure", "reason": "NotFound",
                    "code": 404, "message": "not found"}),
                ),
            };
            let status = http::StatusCode::from_u16(status).expect("a status");
            warp::reply::with_status(warp::reply::json(&body), status)
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let server = format!("http://{}", listener.local_addr().expect("a bound address"));
        let serving = tokio::spawn(warp::serve(route).incoming(listener).run());
        let folder = tempfile::tempdir().expect("a folder");
        let kubeconfig = folder.path().join("kubeconfig");
        let config = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "here",
            "clusters": [{"name": "here", "cluster": {"server": server}}],
            "users": [{"name": "daemon", "user": {}}],
            "contexts": [{"name": "here", "context": {"cluster": "here", "user": "daemon"}}],
        });
        std::fs::write(&kubeconfig, config.to_string()).expect("written");
        Self { kubeconfig, _folder: folder, serving }
    }
}

impl Drop for Secrets {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// All of it.
pub(crate) struct House {
    pub(crate) database: Database,
    pub(crate) store: Store,
    pub(crate) notifier: Notifier,
    pub(crate) secrets: Secrets,
}

impl House {
    /// These unions, told to these places: `notifications` of `keyforge.yaml`, of Secrets with these values.
    pub(crate) async fn with(
        unions: &[&str],
        notifications: Value,
        secrets: &[(&'static str, &[(&'static str, &str)])],
    ) -> Self {
        let values = |keys: &[(&'static str, &str)]| {
            keys.iter().map(|(key, value)| (*key, (*value).to_owned())).collect()
        };
        let secrets =
            Secrets::serve(secrets.iter().map(|(name, keys)| (*name, values(keys))).collect()).await;
        let (database, store) = with_unions(unions).await;
        let options = cluster::Options {
            kubeconfig: Some(secrets.kubeconfig.clone()),
            context: None,
            namespace: "keyforge".into(),
        };
        let installation = "main".parse().expect("a name");
        let notifier = Notifier {
            store: store.clone(),
            cluster: Cluster::connect(&options, installation).await.expect("a kubeconfig"),
            messenger: Messenger::default(),
            metrics: Metrics::new(),
            dependencies: Dependencies::new(),
            page: Some("https://keyforge.example".parse().expect("a URL")),
        };
        let house = Self { database, store, notifier, secrets };
        house.accept(notifications).await;
        house
    }

    /// These unions, of which one webhook is told everything.
    pub(crate) async fn told_at(receiver: &Receiver, unions: &[&str]) -> Self {
        Self::with(unions, hooks(&["hook"]), &[("hook", &[("url", &receiver.url), ("hmac", KEY)])]).await
    }

    /// The same notifier, with more options.
    pub(crate) fn trusting(&self, authorities: PathBuf) -> Notifier {
        let options = MessageOptions { notify_ca_file: Some(authorities) };
        Notifier { messenger: options.load().expect("a certificate"), ..self.notifier.clone() }
    }

    /// From now on these places are named.
    pub(crate) async fn accept(&self, notifications: Value) {
        let spec =
            json!({"notifications": notifications, "limits": {"egress": ["127.0.0.0/8", "localhost"]}});
        let keyforge =
            serde_json::from_value(json!({"name": "main", "spec": spec})).expect("a keyforge.yaml");
        let mut recorded = acceptance(&self.store, 9, Vec::new()).await;
        recorded.keyforge = Some(AcceptedKeyforge { keyforge, blob: object(9), awaiting: None });
        self.store.record_acceptance(&recorded).await.expect("recorded");
    }

    /// Unions fail.
    pub(crate) async fn fail(&self, unions: &[&str], why: &str) {
        for union in unions {
            self.by_hand(&format!(
                "update union_status set progress = 'failed', progress_why = $${why}$$ where union_name = '{union}'"
            ))
            .await;
        }
    }

    /// One that failed is as declared again.
    pub(crate) async fn recover(&self, union: &str) {
        self.by_hand(&format!(
            "update union_status set progress = 'current', progress_why = null, applied_revision_id = accepted_revision_id,
                applied_input = accepted_input, applied_desired = accepted_input where union_name = '{union}'"
        ))
        .await;
    }

    pub(crate) async fn by_hand(&self, statement: &str) {
        let statement = sqlx::AssertSqlSafe(statement.to_owned());
        self.database.connection().await.execute(statement).await.expect("the database does as told");
    }

    pub(crate) async fn round(&self) {
        self.notifier.round(AT_ONCE).await.expect("the database answers");
    }

    /// What readiness says to everybody, while somebody is not told.
    pub(crate) fn trouble(&self) -> Option<String> {
        let readiness = self.notifier.dependencies.readiness();
        readiness.down.get(&System::Notifications).map(|down| down.why.to_string())
    }

    /// All that was written down to be told, a line each.
    pub(crate) async fn notices(&self) -> Vec<String> {
        let rows: Vec<(String, String, Vec<String>, Option<String>)> =
            sqlx::query_as("select union_name, event, since, why from notice order by notice_id")
                .fetch_all(&mut self.database.connection().await)
                .await
                .expect("read");
        let line = |(union, event, since, why): (String, String, Vec<String>, Option<String>)| {
            let after = if since.is_empty() { String::new() } else { format!(" after {}", since.join(", ")) };
            format!("{union} {event}{after}: {}", why.unwrap_or_default())
        };
        rows.into_iter().map(line).collect()
    }
}

fn groups(items: &Value) -> Value {
    json!({"apiVersion": "apidiscovery.k8s.io/v2", "kind": "APIGroupDiscoveryList", "metadata": {}, "items": items})
}

fn core() -> Value {
    let secrets = json!({
        "resource": "secrets", "scope": "Namespaced", "singularResource": "secret",
        "responseKind": {"group": "", "version": "v1", "kind": "Secret"}, "verbs": ["get", "list"],
    });
    json!([{"metadata": {}, "versions": [{"version": "v1", "resources": [secrets]}]}])
}
