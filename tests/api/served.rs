//! An API that is served on a port of its own, and a history to show.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use keyforge::access::{ApiKey, Role, Sight};
use keyforge::api::{Access, Door, Limits, Past, State, serve};
use keyforge::cluster::Cluster;
use keyforge::desired::Templates;
use keyforge::digest::Digest;
use keyforge::git::Mirror;
use keyforge::health::Health;
use keyforge::messenger::Messenger;
use keyforge::names::InstallationId;
use keyforge::outcome::{Done, Level, Outcome, UnionState};
use keyforge::plan::StageName;
use keyforge::reconcile::dependencies::Dependencies;
use keyforge::reconcile::live::LivePlans;
use keyforge::reconcile::notary::Notary;
use keyforge::reconcile::notifier::Notifier;
use keyforge::reconcile::request::Requests;
use keyforge::reconcile::trouble::Troubles;
use keyforge::reconcile::{self, Parts};
use keyforge::spec::Schemas;
use keyforge::store::{
    Applied, Decision, Event, Failure, LogLine, NewApiKey, Next, Retention, StageDone, Store, UnionFacts,
};
use keyforge::telemetry::{Metrics, Traces};
use reqwest::{Client, Method, Response};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::fixture::{self, accept, claim, decided, name, resource, rollout, with_unions};
use crate::support::postgres::Database;
use crate::support::repo::Repo;

/// Longer than anything here takes, on the slowest machine.
pub(crate) const SOON: Duration = Duration::from_secs(20);

/// An API that is served.
pub(crate) struct Served {
    pub(crate) address: std::net::SocketAddr,
    pub(crate) dependencies: Dependencies,
    pub(crate) metrics: Metrics,
    pub(crate) stopping: CancellationToken,
    pub(crate) end: CancellationToken,
    pub(crate) serving: JoinHandle<()>,
    /// Its folder goes with it.
    _repo: Mutex<Repo>,
}

impl Served {
    pub(crate) async fn start(store: Store) -> Self {
        Self::within(store, Limits::default(), SOON).await
    }

    /// Where everybody has to say who they are.
    pub(crate) async fn closed(store: Store) -> Self {
        let access = Access::closed(store.clone());
        Self::with_access(store, access).await
    }

    pub(crate) async fn with_access(store: Store, access: Access) -> Self {
        Self::with(store, access, Repo::bare(), Limits::default(), SOON).await
    }

    /// With the history of this config repo.
    pub(crate) async fn over(store: Store, repo: Repo) -> Self {
        Self::with(store, Access::open(), repo, Limits::default(), SOON).await
    }

    pub(crate) async fn within(store: Store, limits: Limits, drain: Duration) -> Self {
        Self::with(store, Access::open(), Repo::bare(), limits, drain).await
    }

    pub(crate) async fn with(
        store: Store,
        access: Access,
        repo: Repo,
        limits: Limits,
        drain: Duration,
    ) -> Self {
        Self::at(plain().await, store, access, repo, limits, drain)
    }

    /// Behind a door of another kind.
    pub(crate) fn behind(door: Door, store: Store, limits: Limits) -> Self {
        Self::at(door, store, Access::open(), Repo::bare(), limits, SOON)
    }

    /// Beside a cluster whose server answers by this function.
    pub(crate) async fn beside<F, A>(store: Store, access: Access, answer: F) -> Self
    where
        F: Fn(http::Request<kube::client::Body>) -> A + Send + Sync + 'static,
        A: Future<Output = http::Response<kube::client::Body>> + Send + 'static,
    {
        let client = client(answer);
        Self::of(plain().await, client, store, access, Repo::bare(), Limits::default(), SOON)
    }

    fn at(door: Door, store: Store, access: Access, repo: Repo, limits: Limits, drain: Duration) -> Self {
        let nowhere = client(async |_| {
            let answer = http::Response::builder().status(502).body(kube::client::Body::empty());
            answer.expect("an answer")
        });
        Self::of(door, nowhere, store, access, repo, limits, drain)
    }

    fn of(
        door: Door,
        client: kube::Client,
        store: Store,
        access: Access,
        repo: Repo,
        limits: Limits,
        drain: Duration,
    ) -> Self {
        let address = door.listener.local_addr().expect("an address");
        let (dependencies, stopping, end) =
            (Dependencies::new(), CancellationToken::new(), CancellationToken::new());
        let (mirror, metrics) = (Mirror::open(&repo.options()).expect("a mirror"), Metrics::new());
        let parts = Arc::new(parts(client, store.clone(), mirror.clone(), dependencies.clone()));
        let state = State {
            access,
            plans: LivePlans::new(Arc::clone(&parts)),
            requests: Requests::new(Arc::clone(&parts)),
            troubles: Troubles::new(parts),
            store,
            metrics: metrics.clone(),
            past: Past::new(mirror),
            dependencies: dependencies.clone(),
            looks_inside: false,
            stopping: stopping.clone(),
        };
        let serving = tokio::spawn(serve(door, state, limits, end.clone(), drain));
        Self { address, dependencies, metrics, stopping, end, serving, _repo: Mutex::new(repo) }
    }

    pub(crate) async fn ask(&self, method: Method, path: &str) -> Response {
        let url = format!("http://{}{path}", self.address);
        let client = Client::builder().no_proxy().build().expect("a client");
        client.request(method, url).timeout(SOON).send().await.expect("an answer")
    }

    /// With this in `Authorization`.
    pub(crate) async fn get_as(&self, credential: &str, path: &str) -> Response {
        let url = format!("http://{}{path}", self.address);
        let client = Client::builder().no_proxy().build().expect("a client");
        let asked = client.get(url).header("authorization", credential);
        asked.timeout(SOON).send().await.expect("an answer")
    }

    pub(crate) async fn get(&self, path: &str) -> Response {
        self.ask(Method::GET, path).await
    }

    /// Status and body, with words in the place of what differs from run to run.
    pub(crate) async fn shown(&self, path: &str) -> (u16, Value) {
        let answer = self.get(path).await;
        let status = answer.status().as_u16();
        let mut body: Value = answer.json().await.expect("JSON");
        let next_is_an_id = path.starts_with("/api/v1/deployments?");
        steady(&mut body, next_is_an_id);
        (status, body)
    }

    pub(crate) async fn json(&self, path: &str) -> Value {
        let answer = self.get(path).await;
        assert_eq!(answer.status().as_u16(), 200, "{path}");
        answer.json().await.expect("JSON")
    }
}

/// What somebody who has a new key of this role sends in `Authorization`.
pub(crate) async fn key(store: &Store, name: &str, role: Role) -> String {
    let key = ApiKey::draw();
    let lasts = Duration::from_secs(3600);
    let new = NewApiKey { name: name.into(), digest: key.digest(), role, lasts };
    store.add_api_key(&new).await.expect("the database answers").expect("the name is free");
    format!("Bearer {}", key.expose())
}

/// A viewer of these unions.
pub(crate) fn viewer(unions: &[&str]) -> Role {
    Role::Viewer(Sight::Only(unions.iter().map(|union| name(union)).collect()))
}

/// In plain HTTP, on a port of its own.
pub(crate) async fn plain() -> Door {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    Door { listener, tls: watch::Sender::default().subscribe(), proxies: Vec::new(), origins: Vec::new() }
}

/// A client of a server that answers by this function.
fn client<F, A>(answer: F) -> kube::Client
where
    F: Fn(http::Request<kube::client::Body>) -> A + Send + Sync + 'static,
    A: Future<Output = http::Response<kube::client::Body>> + Send + 'static,
{
    let answer = Arc::new(answer);
    let service = tower::service_fn(move |request| {
        let answer = Arc::clone(&answer);
        async move { Ok::<_, std::convert::Infallible>(answer(request).await) }
    });
    kube::Client::new(service, "default")
}

/// What is looked at for those who ask.
fn parts(client: kube::Client, store: Store, git: Mirror, dependencies: Dependencies) -> Parts {
    let installation: InstallationId = "main".parse().expect("a name");
    let (cluster, metrics) = (Cluster::through(client, "keyforge", installation.clone()), Metrics::new());
    Parts {
        git,
        branch: "main".into(),
        schemas: Arc::new(Schemas::new()),
        templates: watch::Sender::new(Arc::new(Templates::built_in())),
        trusted_signers: watch::Sender::default(),
        opener: watch::Sender::default(),
        notifier: Notifier {
            store: store.clone(),
            cluster: cluster.clone(),
            messenger: Messenger::default(),
            metrics: metrics.clone(),
            dependencies: dependencies.clone(),
            page: None,
        },
        notary: Notary {
            store: store.clone(),
            cluster: cluster.clone(),
            keys: watch::Sender::default().subscribe(),
            dependencies: dependencies.clone(),
        },
        store,
        cluster,
        vaults: None,
        metrics,
        traces: Traces::default(),
        dependencies,
        options: reconcile::Options {
            installation,
            select: reconcile::Selector::default(),
            workers: 1,
            resync_interval: Duration::from_secs(600),
            observe: false,
        },
        retention: Retention {
            keep_logs: Duration::MAX,
            keep_events: Duration::MAX,
            keep_deployments: Duration::MAX,
            keep_last: 1,
            keep_documents: Duration::MAX,
            keep_notices: Duration::MAX,
        },
        due: watch::Sender::default(),
    }
}

/// An expected body, written in the order of its fields, which counts for readers only.
pub(crate) fn expected(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}

/// Puts words in the place of what differs from run to run.
pub(crate) fn steady(value: &mut Value, next_is_an_id: bool) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                let varies = match key.as_str() {
                    "id" | "requestId" | "at" | "openedAt" | "closedAt" | "updatedAt" | "deadline"
                    | "since" => true,
                    "next" => next_is_an_id,
                    _ => false,
                };
                match value {
                    Value::String(text) if varies => *text = format!("<{key}>"),
                    _ => steady(value, next_is_an_id),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| steady(item, next_is_an_id)),
        _ => {}
    }
}

/// Unions `acme` (rolled out, then held) and `birch` (failed), with the deployment of each.
pub(crate) async fn history() -> (Database, Store) {
    let (database, store) = with_unions(&["acme", "birch"]).await;
    for _ in 0..2 {
        let claim = claim(&store).await;
        let id = store.open_deployment(&claim, &rollout(1)).await.expect("opened").id();
        let fails = claim.union == name("birch");
        let event = |kind: &str, done: Done| Event {
            stage: StageName::Workload,
            change: "create",
            resource: resource(kind, "vaultwarden"),
            done,
            message: (done == Done::Failed).then(|| "the quota is used up".into()),
        };
        let line = |level: Level, message: &str| LogLine {
            level,
            message: message.into(),
            fields: json!({ "stage": "workload" }).as_object().cloned().expect("an object"),
        };
        let done = StageDone {
            events: vec![
                event("Service", Done::Created),
                event("Deployment", if fails { Done::Failed } else { Done::Created }),
            ],
            lines: vec![
                line(Level::Info, "Service union-acme/vaultwarden created"),
                line(Level::Warn, "tried again"),
                line(Level::Debug, "2 requests"),
            ],
            ..StageDone::default()
        };
        store.record_stage(&claim, id, &done).await.expect("recorded");
        let failure = Failure {
            stage: Some(StageName::Workload),
            message: "Deployment union-acme/vaultwarden: the quota is used up".into(),
            detail: Some("403 from 10.0.0.1: internal-detail".into()),
        };
        let (outcome, failure) =
            if fails { (Outcome::Failed, Some(&failure)) } else { (Outcome::Succeeded, None) };
        store.close_deployment(&claim, id, outcome, failure).await.expect("closed");
        let (state, health) = if fails {
            (UnionState::Failed, Health::Failed("the pod does not start".into()))
        } else {
            (UnionState::Current, Health::Current)
        };
        let applied =
            Applied { revision: fixture::object(1), input: Digest::of([1]), desired: Digest::of([1, 1]) };
        let facts = UnionFacts {
            findings: None,
            state,
            health: Some(health),
            why: fails.then(|| "the quota is used up".into()),
            applied: (!fails).then_some(applied),
        };
        store.set_status(&claim, &facts).await.expect("the lease holds");
        store.release(&claim, Next::Idle).await.expect("the lease was ours");
    }
    accept(&store, 2, vec![decided("acme", Decision::Held { why: "2 errors in its documents".into() })])
        .await;
    (database, store)
}

/// The id of the newest deployment, which is the one of `birch`.
pub(crate) async fn newest(api: &Served) -> String {
    let page = api.json("/api/v1/deployments?limit=1").await;
    assert_eq!(page["items"][0]["union"], "birch");
    assert_eq!(page["next"], page["items"][0]["id"], "the one of `acme` follows");
    let older =
        api.json(&format!("/api/v1/deployments?after={}", page["next"].as_str().expect("an id"))).await;
    assert_eq!(older["items"][0]["union"], "acme");
    page["items"][0]["id"].as_str().expect("an id").to_owned()
}

/// Sends these bytes and reads until the other side closes.
pub(crate) async fn raw(api: &Served, request: impl AsRef<[u8]>) -> String {
    let mut stream = TcpStream::connect(api.address).await.expect("a connection");
    stream.write_all(request.as_ref()).await.expect("sent");
    let mut answer = Vec::new();
    tokio::time::timeout(SOON, stream.read_to_end(&mut answer)).await.expect("an end").expect("an answer");
    String::from_utf8_lossy(&answer).into_owned()
}
